//! Words of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use overread_imaging::VoiChoice;
use overread_session::verbs::parse_extension;

/// How good are a dataset's labels? A workstation for reading studies a second time.
#[derive(Debug, Parser)]
#[command(name = "overread", version, about, max_term_width = 100)]
#[command(override_usage = "overread [PROJECT] [--reader NAME]\n       overread <COMMAND>")]
#[command(
    after_help = "Without a subcommand the window opens: `overread`, or `overread PROJECT --reader NAME`.\nExit status: 0 done, 1 the work failed, 2 wrong usage, 3 a check found something."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Unpack the built-in demo study; the window then opens it
    #[command(after_help = "Example: overread demo --dir ~/overread-demo")]
    Demo(DemoArgs),
    /// Make a project from label files, a folder of images and a protocol
    #[command(
        after_help = "Example: overread new audit.overread --labels Data_Entry_2017_v2020.csv --format cxr14 --images ./images --protocol cxr14-verify"
    )]
    New(NewArgs),
    /// Compare two label files of one dataset, study by study
    #[command(
        after_help = "Example: overread drift Data_Entry_2017.csv Data_Entry_2017_v2020.csv --format cxr14"
    )]
    Drift(DriftArgs),
    /// Add readers, or list them
    #[command(after_help = "Example: overread readers audit.overread add R1 --experience 12")]
    Readers(ReadersArgs),
    /// Dataset, protocol, decks, readers and release of a project
    #[command(after_help = "Example: overread info audit.overread --json")]
    Info(ProjectArgs),
    /// Look for the images of a project below another folder
    #[command(after_help = "Example: overread images audit.overread /mnt/films")]
    Images(ImagesArgs),
    /// Measure the grey levels of the drawn images that were not measured yet
    #[command(
        after_help = "Example: overread adequacy audit.overread --all\n\n`sample` and `images` measure the images of drawn studies by themselves. With `--all` every image of the dataset is measured: needed before a draw that is stratified by `grey_levels`, and for the dataset's whole distribution."
    )]
    Adequacy(AdequacyArgs),
    /// Draw decks, exploration set and worklists as the protocol says
    #[command(after_help = "Example: overread sample audit.overread --seed 14 --dry-run")]
    Sample(SampleArgs),
    /// Read by script: key names, one a line, through the same session as the window
    #[command(
        after_help = "Example: overread read audit.overread --reader R1 --script keys.txt\n\nA script holds keys (1 2 3 U X, tag letters, BACKSPACE, CTRL+Z …), WAIT milliseconds, COMMENT text, ALSO FINDING (marks a further finding as present, or takes that away), and # remarks. Each commit prints `ack ITEM EVENT_ID`."
    )]
    Read(ReadArgs),
    /// Make a reader's blinded packet: a file, and a folder of images, to read elsewhere
    #[command(
        after_help = "Example: overread packet audit.overread --reader R1 -o r1.overread\n\nThe packet holds no label, no other reader, no path and no file name. With `--images match` the images stay here; the reader has them, and names their folder."
    )]
    Packet(PacketArgs),
    /// Take in the reads of packets
    #[command(
        after_help = "Example: overread merge audit.overread r1.overread r2.overread\n\nA file twice, older ones of the same reader, any order: the result is the same. A file that does not fit is refused with the reason and changes nothing."
    )]
    Merge(MergeArgs),
    /// Show, check or change a protocol
    #[command(
        after_help = "Example: overread protocol list\n         overread protocol show cxr14-controls > my.toml\n         overread protocol check my.toml\n         overread protocol set audit.overread my.toml"
    )]
    Protocol(ProtocolArgs),
    /// Put studies on which locked reads disagree before an adjudicator
    #[command(
        after_help = "Example: overread readers audit.overread add J1 --role adjudicator\n         overread adjudicate audit.overread\n         overread read audit.overread --reader J1 --script keys.txt\n\nA question differs where locked reads fall on two sides of a rule, and where some readers gave a level and others answered unsure or inadequate. What was put before the adjudicator once is not put there again."
    )]
    Adjudicate(AdjudicateArgs),
    /// Put studies on which a reader and the label differ before that reader again, with the label
    #[command(
        after_help = "Example: overread review audit.overread --reader R1\n         overread read audit.overread --reader R1 --script keys.txt\n\nKeys then are 1 (label right), 2 (mine stands) and 3 (cannot tell)."
    )]
    Review(ReviewArgs),
    /// Take in reads that were made elsewhere
    #[command(
        after_help = "Example: overread import-reads audit.overread reads.csv --declared-blinded\n         overread import-reads audit.overread five-readers.csv --map map.toml --declared-blinded\n\nA table is taken in once. Imported without --declared-blinded, the same table with it makes the declaration, and nothing else."
    )]
    ImportReads(ImportReadsArgs),
    /// Take in scores of models
    #[command(after_help = "Example: overread import-scores audit.overread scores.csv")]
    ImportScores(ImportScoresArgs),
    /// Compute every figure of a project, or of a table of reads
    #[command(
        after_help = "Example: overread analyse audit.overread --json\n         overread analyse --reads reads.csv --json"
    )]
    Analyse(AnalyseArgs),
    /// Write the agreement report and its tables
    #[command(
        after_help = "Example: overread report audit.overread --out report --format html,csv,json"
    )]
    Report(ReportArgs),
    /// One statistic from numbers
    #[command(after_help = crate::calc::help())]
    Calc(CalcArgs),
    /// How many studies to read, in words and as a table
    #[command(
        after_help = "Example: overread plan proportion 0.9 0.05 --deff 1.2 --population 5302\n         overread plan kappa 0.6 0.3 0.1\n         overread plan kappa 0.6 0.3 --against 0.4 --power 0.9\n         overread plan stratum 0.1 5 --probability 0.95\n         overread plan sensitivity 0.8 0.02 5302 106818 --half-width 0.05"
    )]
    Plan(PlanArgs),
    /// Check a published table: can its numbers be, and do they fit each other?
    #[command(
        after_help = "Example: overread audit mura-table2\n         overread audit table.csv --json\n\nBuilt in are mura-table2, cxr14-table1, cxr14-table2, mura-audit-table3, mura-audit-table4, mura-audit-table5.\nColumns of a table: row, n, metric, estimate, low, high, decimals, total, and optionally x. Exit status 3 when something is found."
    )]
    Audit(AuditArgs),
    /// Run the display pipeline without a display
    #[command(
        after_help = "Example: overread render film.dcm -o film.png --window 2048 4096 --depth 16"
    )]
    Render(RenderArgs),
    /// Header facts, windows, spacing, grey-level adequacy and warnings of an image
    #[command(after_help = "Example: overread inspect film.dcm --json")]
    Inspect(InspectArgs),
    /// Walk the hash chains of a project and name the first event that does not fit
    #[command(after_help = "Example: overread verify audit.overread")]
    Verify(ProjectArgs),
    /// Copy a project, also while it is open
    #[command(after_help = "Example: overread backup audit.overread -o copy.overread")]
    Backup(CopyArgs),
    /// Save what can be read of a damaged project into a new one
    #[command(after_help = "Example: overread recover damaged.overread -o rescued.overread")]
    Recover(CopyArgs),
    /// Whole-program speed figures
    #[command(after_help = "Example: overread bench --json")]
    Bench(BenchArgs),
    /// What support would ask: program, display, graphics, file dialogs, settings, disk
    #[command(
        after_help = "Example: overread doctor /srv/audits --json\n\nWorks without a display. The disk is that of the folder named, else of the current one; a probe file is written there and removed."
    )]
    Doctor(DoctorArgs),
    /// Write generated pages of the manual
    #[command(name = "__docs", hide = true)]
    Docs {
        /// The folder.
        folder: PathBuf,
    },
}

/// Which protocol.
#[derive(Debug, Args)]
pub struct ProtocolArgs {
    /// What to do
    #[command(subcommand)]
    pub verb: ProtocolVerb,
}

/// What to do about protocols.
#[derive(Debug, Subcommand)]
pub enum ProtocolVerb {
    /// List the built-in protocols
    List {
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
    /// Print the text of a protocol
    Show {
        /// A project, a built-in protocol or a TOML file
        what: String,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
    /// Say whether a file is a protocol, and what it asks
    Check {
        /// A TOML file or a built-in protocol
        what: String,
        /// Also whether it could become the next version in this project
        #[arg(long)]
        project: Option<PathBuf>,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
    /// Put a changed protocol in force, with a higher version
    Set {
        /// The project file
        project: PathBuf,
        /// The TOML file
        file: PathBuf,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
}

/// Who settles disagreements.
#[derive(Debug, Args)]
pub struct AdjudicateArgs {
    /// The project file
    pub project: PathBuf,
    /// The adjudicator; may be left out where there is only one
    #[arg(long)]
    pub reader: Option<String>,
    /// Say what would be put before them and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Who looks again.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// The project file
    pub project: PathBuf,
    /// The reader
    #[arg(long)]
    pub reader: String,
    /// Only this finding
    #[arg(long)]
    pub deck: Option<String>,
    /// Say what would be put before them and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Which reads.
#[derive(Debug, Args)]
pub struct ImportReadsArgs {
    /// The project file
    pub project: PathBuf,
    /// The table: one row per study, reader, finding and rule
    pub reads: PathBuf,
    /// For any other table: which column is what
    #[arg(long)]
    pub map: Option<PathBuf>,
    /// The readers did not know the dataset's labels; without it the reads enter no primary figure
    #[arg(long)]
    pub declared_blinded: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Which scores.
#[derive(Debug, Args)]
pub struct ImportScoresArgs {
    /// The project file
    pub project: PathBuf,
    /// The table: `study_id`, `score`; perhaps `view_id`, `model`, `finding`
    pub scores: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// A project and the output.
#[derive(Debug, Args)]
pub struct ProjectArgs {
    /// The project file
    pub project: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Only the output.
#[derive(Debug, Args)]
pub struct JsonArgs {
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Where the demo goes.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder to unpack into
    #[arg(long, default_value = "overread-demo")]
    pub dir: PathBuf,
    /// Unpack only and print the project's path
    #[arg(long)]
    pub no_window: bool,
    /// Machine-readable output (with --no-window)
    #[arg(long)]
    pub json: bool,
}

/// What a project is made of.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The project file to make
    pub project: PathBuf,
    /// Label files, plain or .gz
    #[arg(long, required_unless_present = "images", num_args = 1..)]
    pub labels: Vec<PathBuf>,
    /// Their layout: cxr14, mura, chexpert, mimic-cxr or table; dicom reads headers below --images
    #[arg(long, value_parser = FORMATS)]
    pub format: String,
    /// For --format table, and for labels of dicom: which column is what
    #[arg(long)]
    pub map: Option<PathBuf>,
    /// Folder below which images are looked for
    #[arg(long)]
    pub images: Option<PathBuf>,
    /// A TOML file or a built-in protocol: `overread protocol list`
    #[arg(long, default_value = "cxr14-verify")]
    pub protocol: String,
    /// With cxr14-verify: as many label-negative studies in each deck, so that its question does not
    /// give the label away (the protocol cxr14-controls)
    #[arg(long)]
    pub controls: bool,
    /// Show the files, their columns and first rows, counts and every rejected row; make nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Layouts of label files.
const FORMATS: [&str; 6] = ["cxr14", "mura", "chexpert", "mimic-cxr", "dicom", "table"];

/// Which files to compare.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// The earlier file
    pub first: PathBuf,
    /// The later file
    pub second: PathBuf,
    /// Their layout
    #[arg(long, value_parser = ["cxr14", "mura", "chexpert", "mimic-cxr", "table"])]
    pub format: String,
    /// For --format table: which column is what
    #[arg(long)]
    pub map: Option<PathBuf>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Whose project.
#[derive(Debug, Args)]
pub struct ReadersArgs {
    /// The project file
    pub project: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub verb: ReadersVerb,
}

/// What to do about readers.
#[derive(Debug, Subcommand)]
pub enum ReadersVerb {
    /// Add a reader
    Add {
        /// Pseudonym
        name: String,
        /// What they do
        #[arg(long, default_value = "reader", value_parser = ["reader", "lead", "adjudicator"])]
        role: String,
        /// Years of experience
        #[arg(long, value_parser = clap::value_parser!(u32).range(..=80))]
        experience: Option<u32>,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
    /// List the readers
    List {
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
}

/// Where the images are.
#[derive(Debug, Args)]
pub struct ImagesArgs {
    /// The project file
    pub project: PathBuf,
    /// Folder below which images are looked for
    pub folder: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Which images to measure.
#[derive(Debug, Args)]
pub struct AdequacyArgs {
    /// The project file
    pub project: PathBuf,
    /// All images of the dataset, not only those of drawn studies
    #[arg(long)]
    pub all: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// How to draw.
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// The project file
    pub project: PathBuf,
    /// Seed of the draw
    #[arg(long, default_value_t = 14)]
    pub seed: u64,
    /// Say what would be drawn and store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Draw N further studies of a deck in the same random order; `all=N` where all is asked
    #[arg(long, value_name = "FINDING=N", conflicts_with = "seed", value_parser = parse_extension)]
    pub extend: Option<(String, u32)>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// Who reads what.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// The project file
    pub project: PathBuf,
    /// Pseudonym; may be left out where only one person reads
    #[arg(long)]
    pub reader: Option<String>,
    /// Only the deck of this finding
    #[arg(long, visible_alias = "finding")]
    pub deck: Option<String>,
    /// File of keys, `-` for standard input
    #[arg(long)]
    pub script: PathBuf,
    /// Machine-readable output: one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Whose packet, and where.
#[derive(Debug, Args)]
pub struct PacketArgs {
    /// The project file
    pub project: PathBuf,
    /// Pseudonym of the reader
    #[arg(long)]
    pub reader: String,
    /// Whether the images go along, or are found again by size and hash
    #[arg(long, default_value = "copy", value_parser = ["copy", "match"])]
    pub images: String,
    /// Take items along that are locked in the project already
    #[arg(long)]
    pub all: bool,
    /// The packet to make
    #[arg(short, long)]
    pub output: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// What to merge.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The project file
    pub project: PathBuf,
    /// Packets that came back
    #[arg(required = true, num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// What to analyse.
#[derive(Debug, Args)]
pub struct AnalyseArgs {
    /// The project file
    #[arg(required_unless_present = "reads", conflicts_with = "reads")]
    pub project: Option<PathBuf>,
    /// A long table of reads instead of a project
    #[arg(long)]
    pub reads: Option<PathBuf>,
    /// Scores of models (with --reads)
    #[arg(long, requires = "reads")]
    pub scores: Option<PathBuf>,
    /// Options as JSON
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// What to write, and where.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The project file
    pub project: PathBuf,
    /// Folder to write into
    #[arg(long)]
    pub out: PathBuf,
    /// Formats, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "html,csv,json")]
    pub format: Vec<String>,
    /// Replace files of an earlier report
    #[arg(long)]
    pub overwrite: bool,
    /// Options as JSON
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// One statistic.
#[derive(Debug, Args)]
pub struct CalcArgs {
    /// Name of the statistic
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    pub name: Option<String>,
    /// Its arguments in order
    #[arg(allow_negative_numbers = true)]
    pub args: Vec<String>,
    /// A table with the columns id, fn, args
    #[arg(long)]
    pub batch: Option<PathBuf>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// What to plan.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What to plan
    #[command(subcommand)]
    pub verb: PlanVerb,
}

/// What to plan.
#[derive(Debug, Subcommand)]
pub enum PlanVerb {
    /// Studies for a share (such as a predictive value) known to a half-width
    Proportion {
        /// Expected share
        #[arg(value_name = "P")]
        p: f64,
        /// Half-width of the interval that is wanted
        half_width: f64,
        /// Design effect of several studies per patient
        #[arg(long, default_value_t = 1.0)]
        deff: f64,
        /// Studies in the class, for the finite population correction
        #[arg(long)]
        population: Option<u64>,
        /// Confidence level
        #[arg(long, default_value_t = 0.95)]
        level: f64,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
    /// Studies for a kappa known to a half-width, or told from another kappa
    Kappa {
        /// Expected kappa
        kappa: f64,
        /// Share of positive studies
        prevalence: f64,
        /// Half-width of the interval that is wanted
        #[arg(required_unless_present = "against")]
        half_width: Option<f64>,
        /// Kappa to be told from the expected one
        #[arg(long)]
        against: Option<f64>,
        /// Power of that test
        #[arg(long, default_value_t = 0.8)]
        power: f64,
        /// Confidence level
        #[arg(long, default_value_t = 0.95)]
        level: f64,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
    /// Studies of a class to meet a stratum at least so many times
    Stratum {
        /// Share of the stratum in the class
        prevalence: f64,
        /// Times it is to be met
        #[arg(default_value_t = 5)]
        times: u64,
        /// Probability of that
        #[arg(long, default_value_t = 0.95)]
        probability: f64,
        /// Studies in the class, when drawn without replacement
        #[arg(long)]
        population: Option<u64>,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
    /// How to share reads between label-positives and label-negatives for the sensitivity of a label (Neyman)
    Sensitivity {
        /// Share of the label-positives that is truly positive
        ppv: f64,
        /// Share of the label-negatives that is truly positive
        missed: f64,
        /// Label-positive studies in the dataset
        positives: u64,
        /// Label-negative studies in the dataset
        negatives: u64,
        /// Half-width that is wanted
        #[arg(long, required_unless_present = "reads", conflicts_with = "reads")]
        half_width: Option<f64>,
        /// Reads that can be made
        #[arg(long)]
        reads: Option<u64>,
        /// Confidence level
        #[arg(long, default_value_t = 0.95)]
        level: f64,
        /// Machine-readable output
        #[arg(long)]
        json: bool,
    },
}

/// What to audit.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// A CSV file, or the name of a built-in table
    #[arg(value_name = "TABLE.csv|NAME")]
    pub table: String,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// What to render.
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// DICOM, PNG, JPEG, TIFF or BMP
    pub image: PathBuf,
    /// PNG to write
    #[arg(short, long)]
    pub output: PathBuf,
    /// Window centre and width
    #[arg(long, num_args = 2, value_names = ["C", "W"], allow_negative_numbers = true)]
    pub window: Option<Vec<f64>>,
    /// `default`, `auto`, `linear`, `linear_exact`, `sigmoid`, `window:N` or `lut:N`
    #[arg(long, default_value = "default", value_name = "VOI")]
    pub voi: VoiChoice,
    /// Frame, counted from 1
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub frame: u32,
    /// Bits per sample of the PNG
    #[arg(long, default_value = "8", value_parser = ["8", "16"])]
    pub depth: String,
    /// Fit inside this box
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub size: Option<(u32, u32)>,
    /// Swap black and white
    #[arg(long)]
    pub invert: bool,
    /// Stored values as a 16-bit PNG
    #[arg(long)]
    pub raw: bool,
    /// Take bits above those declared as stored for part of the value
    #[arg(long)]
    pub allocated_bits: bool,
    /// Replace the PNG where there is one
    #[arg(long)]
    pub overwrite: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// `1024x768`, each from 1 to 32,768.
fn size(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once(['x', 'X', '×']);
    let both = parts.and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    let sides = 1..=32_768;
    both.filter(|(w, h)| sides.contains(w) && sides.contains(h))
        .ok_or_else(|| "a size is WxH, each from 1 to 32768, such as 1024x1024".to_owned())
}

/// Where to look.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Folder whose disk is tried
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// What to look at.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// DICOM, PNG, JPEG, TIFF or BMP
    pub image: PathBuf,
    /// Take bits above those declared as stored for part of the value
    #[arg(long)]
    pub allocated_bits: bool,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// From one file to another.
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// The project file
    pub project: PathBuf,
    /// The file to make
    #[arg(short, long)]
    pub output: PathBuf,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}

/// What to measure.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Names of benchmarks; all without
    pub names: Vec<String>,
    /// Machine-readable output
    #[arg(long)]
    pub json: bool,
}
