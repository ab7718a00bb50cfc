//! Label files into a dataset. Either the whole of a table is read, or nothing and every bad row is named.

mod assemble;
mod chexpert;
mod cxr14;
pub mod dicom;
mod drift;
mod merge;
mod mimic;
mod mura;
pub mod outside;
mod preview;
mod rows;
pub(crate) mod scan;
mod source;
mod table;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use overread_core::event::InputFile;
use overread_core::{Dataset, ImageId};

pub use drift::{Drift, DriftedStudy, FindingDrift, drift};
pub use preview::{FilePreview, preview};
pub use source::MOST_BYTES;

/// A layout of label files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ChestX-ray14: `Data_Entry_2017.csv`, `Data_Entry_2017_v2020.csv`, with or without split lists.
    Cxr14,
    /// MURA: image paths and labelled studies.
    Mura,
    /// `CheXpert`: 1, 0, -1 and blank.
    Chexpert,
    /// MIMIC-CXR: labels by study, perhaps with metadata and split.
    Mimic,
    /// A folder of DICOM files, perhaps with a mapped table of labels.
    Dicom,
    /// Any table, with a mapping of its columns.
    Table,
}

impl Format {
    /// The word on the command line and in the project file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cxr14 => "cxr14",
            Self::Mura => "mura",
            Self::Chexpert => "chexpert",
            Self::Mimic => "mimic-cxr",
            Self::Dicom => "dicom",
            Self::Table => "table",
        }
    }
}

impl FromStr for Format {
    type Err = ImportError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Cxr14, Self::Mura, Self::Chexpert, Self::Mimic, Self::Dicom, Self::Table]
            .into_iter()
            .find(|format| format.word() == word)
            .ok_or_else(|| ImportError::Format(word.to_owned()))
    }
}

/// A place in a label file and what is wrong or remarkable there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// File name without folders.
    pub file: String,
    /// 1-based line; 0 where the file as a whole is meant.
    pub line: u64,
    /// 1-based column, in characters.
    pub column: u64,
    /// What is there.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.text);
        }
        write!(f, "{} line {}, column {}: {}", self.file, self.line, self.column, self.text)
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A format nobody knows.
    #[error("`{0}` is not a known format. Use cxr14, mura, chexpert, mimic-cxr, dicom or table.")]
    Format(String),
    /// A file that cannot be read.
    #[error("{} cannot be read: {}. Check the path and its permissions.", path.display(), crate::error::words_of(source))]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that is larger than a label file may be.
    #[error("The file {} holds more than {} MiB; a label table is far smaller. Check that it is the right file.", path.display(), MOST_BYTES >> 20)]
    TooLarge {
        /// Where.
        path: PathBuf,
    },
    /// Files that are missing, too many, or do not go together.
    #[error("{0}")]
    Files(String),
    /// A mapping that cannot be used.
    #[error("The mapping {} cannot be used: {}", path.display(), ended(text))]
    Map {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// Rows that cannot be read. All of them are here.
    #[error("{}", list(.0))]
    Rows(Vec<Fault>),
}

/// A sentence that ends as one, whatever it ends in already.
fn ended(text: &str) -> String {
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{text}{end}")
}

/// Lines that are shown of many.
const PAGE: usize = 40;

/// Every kind of bad row, up to a page of them; a preview lists all rows.
fn list(faults: &[Fault]) -> String {
    let lines = alike(faults);
    let shown = lines.iter().take(PAGE).map(String::as_str).collect::<Vec<_>>().join(";\n");
    let more = match lines.len().saturating_sub(PAGE) {
        0 => String::new(),
        1 => " (and one more)".to_owned(),
        n => format!(" (and {n} more)"),
    };
    let columns = if faults.iter().any(|fault| 0 < fault.line) {
        " Columns are counted in characters."
    } else {
        ""
    };
    format!("{shown}{more}. Nothing was imported; correct the file and try again.{columns}")
}

/// One line for all faults that say the same but for what stands in the cell: the first of them, where the
/// next ones are, and how many more there are.
pub fn alike(faults: &[Fault]) -> Vec<String> {
    const NAMED: usize = 3;
    let mut groups: Vec<Vec<&Fault>> = Vec::new();
    let mut known: HashMap<(&str, String), usize> = HashMap::new();
    for fault in faults {
        let place = *known.entry((&fault.file, without_cells(&fault.text))).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(fault),
            None => groups.push(vec![fault]),
        }
    }
    let words = |group: &Vec<&Fault>| {
        let Some((first, others)) = group.split_first() else { return String::new() };
        if others.is_empty() {
            return first.to_string();
        }
        let lines: Vec<String> =
            others.iter().take(NAMED).map(|fault| fault.line.to_string()).collect();
        let more = match others.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let s = if others.len() == 1 { "" } else { "s" };
        format!("{first}; the same in line{s} {}{more}", lines.join(", "))
    };
    groups.iter().map(words).collect()
}

/// A message without what it quotes and without numbers.
fn without_cells(text: &str) -> String {
    let outside = text.split('`').step_by(2);
    outside.flat_map(|part| part.chars().filter(|c| !c.is_ascii_digit())).collect()
}

/// Where an image lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFile {
    /// File name or path as the label file has it; empty where that is the study's own key.
    pub key: String,
    /// Path below the image folder, where the file was found.
    pub path: Option<String>,
    /// Its size, where it was found.
    pub bytes: Option<u64>,
}

/// How a study is named outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudySource {
    /// The dataset's own key.
    pub key: String,
    /// Its images, in the order of the study's; empty where all of them go by the study's key and none was found.
    pub images: Vec<ImageFile>,
}

/// A box that the dataset draws on an image.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageBox {
    /// The image.
    pub image: ImageId,
    /// Index of the finding.
    pub finding: usize,
    /// Left, top, width and height in pixels.
    pub edges: [f64; 4],
}

/// A dataset as read, ready for a new project.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The dataset, studies sorted by id.
    pub dataset: Dataset,
    /// Names of the studies, in the same order.
    pub sources: Vec<StudySource>,
    /// The dataset's own patient ids, by patient number.
    pub patient_keys: Vec<String>,
    /// The label files.
    pub files: Vec<InputFile>,
    /// The folder below which images were looked for.
    pub image_root: Option<PathBuf>,
    /// Boxes that the dataset draws.
    pub boxes: Vec<ImageBox>,
    /// Values that were left out, such as an impossible age.
    pub notes: Vec<Fault>,
}

impl Import {
    /// How many images were found.
    pub fn images_available(&self) -> usize {
        if self.image_root.is_none() {
            return 0;
        }
        self.sources.iter().flat_map(|s| &s.images).filter(|image| image.path.is_some()).count()
    }
}

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Layout of the label files.
    pub format: Format,
    /// The label files, plain or gzipped.
    pub labels: &'a [PathBuf],
    /// For tables: which column is what.
    pub map: Option<&'a Path>,
    /// The folder below which images are looked for.
    pub images: Option<&'a Path>,
}

/// Reads label files and looks for the images.
pub fn read(request: &Request<'_>) -> Result<Import, ImportError> {
    if request.labels.is_empty() {
        return Err(ImportError::Files(
            "No label file was given. Name one with --labels.".to_owned(),
        ));
    }
    check_map(request)?;
    let files = read_files(request)?;
    let table = match (request.format, request.map) {
        (Format::Table | Format::Dicom, Some(map)) => table::read(&files, map)?,
        (Format::Mura, _) => mura::read(&files)?,
        (Format::Chexpert, _) => chexpert::read(&files)?,
        (Format::Mimic, _) => mimic::read(&files)?,
        (Format::Cxr14 | Format::Table | Format::Dicom, _) => cxr14::read(&files)?,
    };
    let folder = match request.images {
        None => None,
        Some(root) => {
            let fail = |source| ImportError::Io { path: root.to_owned(), source };
            let full = std::fs::canonicalize(root).map_err(fail)?;
            Some((scan::ImageFolder::scan(&full).map_err(fail)?, full))
        }
    };
    assemble::assemble(request.format.word(), table, &files, folder)
}

/// Makes a dataset of the headers of a folder's DICOM files, with labels from a mapped table where
/// the request names one.
pub fn read_dicom(
    request: &Request<'_>,
    folder: &dicom::DicomFolder<'_>,
) -> Result<Import, ImportError> {
    if request.labels.is_empty() {
        return dicom::assemble(folder, None);
    }
    check_map(request)?;
    let files = read_files(request)?;
    let Some(map) = request.map else { return Err(no_map()) };
    let table = table::read(&files, map)?;
    dicom::assemble(folder, Some((table, &files)))
}

fn read_files(request: &Request<'_>) -> Result<Vec<source::Source>, ImportError> {
    request.labels.iter().map(|path| source::read(path)).collect()
}

fn check_map(request: &Request<'_>) -> Result<(), ImportError> {
    let wants = matches!(request.format, Format::Table | Format::Dicom);
    match (request.map, wants) {
        (Some(_), false) => Err(ImportError::Files(
            "A mapping (--map) goes with the formats `table` and `dicom` only.".to_owned(),
        )),
        (None, true) => Err(no_map()),
        _ => Ok(()),
    }
}

fn no_map() -> ImportError {
    ImportError::Files(
        "A table of labels needs a mapping of its columns here: --map MAP.toml.".to_owned(),
    )
}
