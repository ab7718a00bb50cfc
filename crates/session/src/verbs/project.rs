//! Making, drawing, describing and checking projects.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use overread_core::protocol::{builtin, builtin_names, nearest};
use overread_core::{Protocol, sampling};
use overread_store::import::{self, Format, Request};
use overread_store::{Clock, OpenMode, OutsideFile, Project, ReadOnlyReason};
use serde_json::{Value, json};

use super::{Said, VerbError};

/// Who acts where no reader does.
pub(crate) const LEAD: &str = "lead";

/// What a new project is made of.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// Where the project file goes.
    pub path: PathBuf,
    /// The label files.
    pub labels: Vec<PathBuf>,
    /// Their layout: `cxr14`, `mura`, `chexpert` or `table`.
    pub format: String,
    /// For tables: which column is what.
    pub map: Option<PathBuf>,
    /// The folder below which images are looked for.
    pub images: Option<PathBuf>,
    /// A built-in protocol or a file.
    pub protocol: String,
    /// Say what would be made, and make nothing.
    pub dry_run: bool,
}

pub(super) fn load_protocol(name: &str) -> Result<Protocol, VerbError> {
    let text = match builtin(name) {
        Some(text) => text.to_owned(),
        None if Path::new(name).is_file() => {
            std::fs::read_to_string(name).map_err(VerbError::io("read", Path::new(name)))?
        }
        None => {
            let known: Vec<&str> = builtin_names().collect();
            let meant = nearest(name, known.iter().copied())
                .map_or_else(String::new, |meant| format!(" Did you mean `{meant}`?"));
            let known = known.join(", ");
            return Err(VerbError::NoProtocol { name: name.to_owned(), meant, known });
        }
    };
    Protocol::from_toml(&text)
        .map_err(|source| VerbError::Protocol { name: name.to_owned(), source })
}

/// Opens for a lead's work, or says why nothing can be written.
pub(super) fn open_writable(path: &Path) -> Result<Project, VerbError> {
    let mut project = Project::open(path, OpenMode::ReadWrite)?.project;
    if project.read_only().is_none() {
        project.check_chains()?;
    }
    match project.read_only() {
        None => Ok(project),
        Some(why) => {
            let path = path.to_owned();
            Err(overread_store::StoreError::ReadOnly { path, why: why.clone() }.into())
        }
    }
}

/// Opens for looking, and learns whether the pages can be read and the chains fit: of a large file and a long log,
/// whether the ends of the chains do. Where not, [`Project::read_only`] says what is wrong.
pub(super) fn open_to_look(path: &Path) -> Result<Project, VerbError> {
    let mut project = Project::open(path, OpenMode::ReadOnly)?.project;
    project.check_to_look()?;
    Ok(project)
}

/// Notes printed before the rest is only counted.
const SHOWN: usize = 20;

/// Makes a project from label files, a folder of images and a protocol.
pub fn new(what: &NewProject) -> Result<Said, VerbError> {
    let format: Format = what.format.parse()?;
    if !what.dry_run {
        super::check_target(&what.path)?;
    }
    let protocol = load_protocol(&what.protocol)?;
    let request = Request {
        format,
        labels: &what.labels,
        map: what.map.as_deref(),
        images: what.images.as_deref(),
    };
    let imported = match format {
        Format::Dicom => super::dicom::read(&request, protocol.keep_patient_ids),
        _ => import::read(&request).map_err(VerbError::from),
    };
    if what.dry_run {
        return super::labels::preview(what, imported);
    }
    let import = imported.map_err(|error| match error {
        VerbError::Import(import::ImportError::Rows(rows)) if 1 < rows.len() => {
            let all = import::ImportError::Rows(rows);
            VerbError::Other(format!("{all} With `--dry-run` every row is listed."))
        }
        other => other,
    })?;
    check_labels(&protocol, &import.dataset.findings)?;
    let device = crate::chains::first_device();
    Project::make(&what.path, &import, &protocol, (LEAD, &device), &Clock::system())?;
    let available = import.images_available();
    let dataset = &import.dataset;
    let images = dataset.image_count();
    let notes: Vec<String> = import.notes.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "Made {}: {} studies of {} patients, {} images{}.\n",
        what.path.display(),
        dataset.studies.len(),
        dataset.patients,
        images,
        found_words(what.images.is_some(), available),
    );
    for file in &import.files {
        writeln!(text, "{}: {} bytes, SHA-256 {}", file.name, file.bytes, file.sha256).ok();
    }
    note_lines(&mut text, &import.notes);
    let place = what.path.display();
    write!(
        text,
        "Next: `overread readers {place} add NAME`, then `overread sample {place} --seed 14`."
    )
    .ok();
    let json = json!({
        "project": what.path.display().to_string(),
        "studies": dataset.studies.len(),
        "patients": dataset.patients,
        "images": images,
        "images_available": available,
        "sha256": dataset.sha256,
        "notes": notes,
    });
    // Giving back the memory of a hundred thousand studies takes as long as reading them: nobody waits for it.
    let letting_go = std::thread::Builder::new().name("import-free".to_owned());
    if let Err(error) = letting_go.spawn(move || drop(import)) {
        tracing::debug!(%error, "no thread to free an import on");
    }
    Ok(Said::new(json, text))
}

/// How many images were found, where any were looked for.
pub(super) fn found_words(looked: bool, found: usize) -> String {
    if looked {
        format!(", {found} of them found")
    } else {
        "; no folder of images was named (`--images DIR`), so none was looked for".to_owned()
    }
}

/// What is worth knowing of an import, a line for all that is the same.
pub(super) fn note_lines(text: &mut String, notes: &[import::Fault]) {
    let lines = import::alike(notes);
    for note in lines.iter().take(SHOWN) {
        writeln!(text, "Note: {note}.").ok();
    }
    if SHOWN < lines.len() {
        writeln!(text, "and {} more notes", lines.len() - SHOWN).ok();
    }
}

/// A protocol that audits labels the dataset does not have is refused before anything is made.
pub(super) fn check_labels(protocol: &Protocol, known: &[String]) -> Result<(), VerbError> {
    if known.is_empty() && protocol.design != overread_core::protocol::Design::Verify {
        // A folder without labels can be read, if not compared.
        return Ok(());
    }
    let missing = protocol.findings.iter().find_map(|finding| {
        let label = finding.label.as_deref()?;
        (!known.iter().any(|k| k == label)).then_some(label)
    });
    match missing {
        None => Ok(()),
        Some(label) if known.is_empty() => Err(VerbError::Other(format!(
            "The protocol `{}` audits the label `{label}`, and there are no labels here: DICOM headers hold none. Name a table of labels with --labels and --map, or choose a protocol of the design `relabel` or `panel`, which is read without labels.",
            protocol.name
        ))),
        Some(label) => Err(VerbError::Other(format!(
            "The protocol `{}` audits the label `{label}`, which these label files do not have; they have {}. Choose another protocol.",
            protocol.name,
            known.join(", ")
        ))),
    }
}

/// Adds a reader.
pub fn add_reader(
    path: &Path,
    name: &str,
    role: &str,
    experience_years: Option<u32>,
) -> Result<Said, VerbError> {
    let mut project = open_writable(path)?;
    let device = crate::chains::device_for(&mut project, LEAD)?;
    let event = project.add_reader(name, role, experience_years, LEAD, &device)?;
    project.close()?;
    let text = format!("Added {name} as {role}.");
    Ok(Said::new(json!({ "reader": name, "role": role, "event": event.id }), text))
}

/// What is wrong with the chains of a project that was opened for looking.
pub(super) fn damage(project: &Project) -> Option<&str> {
    match project.read_only() {
        Some(ReadOnlyReason::Damaged(what)) => Some(what),
        _ => None,
    }
}

fn reader_rows(project: &Project) -> Result<Vec<Value>, VerbError> {
    let mut rows = Vec::new();
    for reader in project.readers()? {
        let record = project.reader_record(&reader.name)?;
        rows.push(json!({
            "name": reader.name,
            "role": reader.role,
            "experience_years": reader.experience_years,
            "items": record.worklist.items.len(),
            "locked": record.state.locked_count(),
        }));
    }
    Ok(rows)
}

/// Lists the readers.
pub fn readers(path: &Path) -> Result<Said, VerbError> {
    let project = open_to_look(path)?;
    let rows = reader_rows(&project)?;
    let mut text = String::new();
    for row in &rows {
        let name = row["name"].as_str().unwrap_or_default();
        let role = row["role"].as_str().unwrap_or_default();
        writeln!(text, "{name}  {role}  {} of {} locked", row["locked"], row["items"]).ok();
    }
    let outside = project.outside_files()?;
    for file in outside.iter().filter(|file| file.kind == "reads") {
        for name in &file.who {
            writeln!(text, "{name}  read elsewhere  {}", whence(file)).ok();
        }
    }
    if text.is_empty() {
        text.push_str("Nobody yet. Add a reader with `overread readers PROJECT add NAME`.");
    }
    let json = json!({ "readers": rows, "outside": outside });
    Ok(Said::new(json, text.trim_end().to_owned()).of(&project))
}

/// From which table answers or scores came, and whether figures rest on them.
fn whence(file: &OutsideFile) -> String {
    let studies = match file.studies {
        1 => "1 study".to_owned(),
        n => format!("{n} studies"),
    };
    let blinded = match (file.kind.as_str(), file.declared_blinded) {
        ("reads", true) => "; declared blinded",
        ("reads", false) => "; not declared blinded, in no figure",
        _ => "",
    };
    format!("{studies} from {}{blinded}", file.name)
}

/// Dataset, protocol, decks, readers, release.
pub fn info(path: &Path) -> Result<Said, VerbError> {
    let project = open_to_look(path)?;
    let facts = project.dataset_facts()?;
    let dataset = project.dataset()?;
    let protocol = project.protocol()?;
    let sample = project.sample()?;
    let packet = project.packet()?;
    let available = |deck: &sampling::Deck| {
        let present = |m: &&sampling::Member| {
            let study = dataset.study_index(m.study).and_then(|i| dataset.studies.get(i));
            study.is_some_and(|study| study.available)
        };
        deck.members.iter().filter(present).count()
    };
    let decks: Vec<Value> = sample
        .iter()
        .flat_map(|sample| (0..).zip(&sample.decks))
        .map(|(no, deck)| {
            // A packet tells of a deck with controls neither arm.
            let told = packet.is_none() || deck.label_known();
            let positive = told.then(|| deck.label_positive());
            let controls = positive.map(|positive| match deck.finding {
                Some(_) => deck.members.len() - positive,
                None => 0,
            });
            json!({
                "finding": deck.finding,
                "label_positive": positive,
                "controls": controls,
                "items": deck.members.len(),
                "available": available(deck),
                "repeats": deck.members.iter().filter(|member| member.repeated).count(),
                "label_known": deck.label_known(),
                "practice": sample.as_ref().is_some_and(|s| s.is_practice(&protocol, no)),
            })
        })
        .collect();
    let mut released = Vec::new();
    for reader in project.readers()? {
        let record = project.reader_record(&reader.name)?;
        for deck in 0..u32::try_from(decks.len()).unwrap_or(0) {
            if let Some(reads) = record.state.released(deck) {
                released.push(json!({ "reader": reader.name, "deck": deck, "reads": reads }));
            }
        }
    }
    let readers = reader_rows(&project)?;
    let outside = project.outside_files()?;
    let conflicts = project.conflicts()?.len();
    let unblinded = protocol.release == overread_core::protocol::Release::Open;
    let json = json!({
        "dataset": {
            "format": facts.format,
            "studies": facts.studies,
            "images": facts.images,
            "patients": facts.patients,
            "images_available": facts.images_available,
            "labels": dataset.positives(),
            "sha256": facts.sha256,
            "files": facts.files,
        },
        "protocol": {
            "name": protocol.name,
            "version": protocol.version,
            "hash": protocol.hash(),
            "title": protocol.title,
            "design": protocol.design.word(),
            "versions": project.protocol_versions()?,
        },
        "gold": sample.as_ref().map(|sample| &sample.gold),
        "outside": outside,
        "decks": decks,
        "readers": readers,
        "release": { "policy": protocol.release.word(), "released": released },
        "unblinded": unblinded,
        "packet": packet.map(|packet| json!({ "id": packet.id, "reader": packet.reader, "images": packet.images })),
        "conflicts": conflicts,
        "read_only": project.read_only().map(ToString::to_string),
        "damage": damage(&project),
    });
    Ok(Said::new(json.clone(), info_text(&json, &outside)).of(&project))
}

fn info_text(json: &Value, outside: &[OutsideFile]) -> String {
    let mut text = String::new();
    let (dataset, protocol) = (&json["dataset"], &json["protocol"]);
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    writeln!(
        text,
        "{}, {} {} (version {})",
        word(&protocol["title"]),
        word(&protocol["design"]),
        word(&protocol["name"]),
        protocol["version"]
    )
    .ok();
    writeln!(
        text,
        "Dataset {}: {} studies, {} patients, {} images, {} found",
        word(&dataset["format"]),
        dataset["studies"],
        dataset["patients"],
        dataset["images"],
        dataset["images_available"]
    )
    .ok();
    for deck in json["decks"].as_array().into_iter().flatten() {
        let all = if deck["practice"] == true { "practice" } else { "all findings" };
        let name = deck["finding"].as_str().unwrap_or(all);
        writeln!(
            text,
            "Deck {name}: {} items{}, {} with images{}",
            deck["items"],
            deck["controls"].as_u64().map(|n| format!(", {n} controls")).unwrap_or_default(),
            deck["available"],
            if deck["label_known"] == true {
                "; label known to the reader (deck without controls)"
            } else {
                ""
            }
        )
        .ok();
    }
    for reader in json["readers"].as_array().into_iter().flatten() {
        let (name, role) = (word(&reader["name"]), word(&reader["role"]));
        writeln!(text, "{name} ({role}): {} of {} locked", reader["locked"], reader["items"]).ok();
    }
    for file in outside {
        let what = if file.kind == "reads" { "Reads" } else { "Scores" };
        writeln!(text, "{what} of {}, made elsewhere: {}", file.who.join(", "), whence(file)).ok();
    }
    if json["conflicts"].as_u64().is_some_and(|n| 0 < n) {
        writeln!(
            text,
            "{} items were answered on more than one device; every answer is kept (view v_conflicts)",
            json["conflicts"]
        )
        .ok();
    }
    if let Some(reader) = json["packet"]["reader"].as_str() {
        let id = word(&json["packet"]["id"]);
        writeln!(text, "Packet {id} for {reader}: it holds no labels").ok();
    }
    write!(text, "Release policy: {}", word(&json["release"]["policy"])).ok();
    text
}

/// Looks for the dataset's images below another folder.
pub fn images(path: &Path, folder: &Path) -> Result<Said, VerbError> {
    let mut project = open_writable(path)?;
    let report = project.set_image_root(folder)?;
    super::adequacy::measure(&mut project, false)?;
    project.close()?;
    let mut text = format!("{} of {} images found.", report.found, report.images);
    if 0 < report.changed {
        write!(text, " {} are not the files that were drawn and are not used.", report.changed)
            .ok();
    }
    let json = serde_json::to_value(report).unwrap_or_default();
    Ok(Said::new(json, text))
}

/// Walks the hash chains and compares the tables with them.
pub fn verify(path: &Path) -> Result<Said, VerbError> {
    let project = Project::open(path, OpenMode::ReadOnly)?.project;
    let report = project.verify()?;
    let mut text = String::new();
    for chain in &report.chains {
        writeln!(text, "{}: {} events, head {}", chain.chain, chain.events, chain.head).ok();
    }
    match &report.first_bad {
        None => {}
        Some(bad) => {
            writeln!(
                text,
                "Event {} of chain {} does not fit: {}",
                bad.chain_seq, bad.chain, bad.what
            )
            .ok();
        }
    }
    for problem in &report.problems {
        writeln!(text, "{problem}").ok();
    }
    text.push_str(if report.ok {
        "Everything fits."
    } else {
        "The project is not as it was written."
    });
    let json = json!({
        "ok": report.ok,
        "chains": report.chains,
        "first_bad": report.first_bad,
        "problems": report.problems,
    });
    Ok(Said { found: !report.ok, ..Said::new(json, text) })
}

/// Copies a project, also while it is open.
pub fn backup(path: &Path, to: &Path) -> Result<Said, VerbError> {
    super::check_target(to)?;
    let project = Project::open(path, OpenMode::ReadOnly)?.project;
    project.backup(to)?;
    drop(project);
    crate::access::note_in(path, "backup", &crate::access::name_of(to));
    let text = format!("Copied to {}.", to.display());
    Ok(Said::new(json!({ "backup": to.display().to_string() }), text))
}

/// Saves what can be read of a damaged project.
pub fn recover(from: &Path, to: &Path) -> Result<Said, VerbError> {
    super::check_target(to)?;
    let report = overread_store::recover(from, to)?;
    let text = if report.complete {
        format!("Everything was saved to {}.", to.display())
    } else {
        format!(
            "What could be read was saved to {}. Not all of it is there, or fits: {}.",
            to.display(),
            what_is_wrong(&report)
        )
    };
    let json = json!({
        "project": to.display().to_string(),
        "complete": report.complete,
        "verify": report.verify,
    });
    Ok(Said { found: !report.complete, ..Said::new(json, text) })
}

fn what_is_wrong(report: &overread_store::RecoverReport) -> String {
    let cut = report.tables.iter().filter(|table| table.cut_short);
    let cut = cut.map(|table| format!("rows of the table `{}` could not be read", table.table));
    let bad = report.verify.first_bad.iter().map(|bad| {
        format!("event {} of chain {} does not fit: {}", bad.chain_seq, bad.chain, bad.what)
    });
    let all: Vec<String> = cut.chain(bad).chain(report.verify.problems.iter().cloned()).collect();
    if all.is_empty() { "pages of it are damaged".to_owned() } else { all.join("; ") }
}
