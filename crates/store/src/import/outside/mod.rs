//! Reads and scores that were made elsewhere. Either the whole of a file is taken in, or nothing and
//! every bad row is named.

mod map;
mod reads;
mod scores;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use overread_core::event::InputFile;
use overread_core::{Answer, ItemId, Protocol, StudyId};
use sha2::{Digest as _, Sha256};

use super::rows::Rows;
use super::source::{Source, read};
use super::{Fault, ImportError};
use crate::hex::hex;

pub use reads::read_reads;
pub use scores::read_scores;

/// SHA-256 of a table's bytes, in lower-case hexadecimal: by it a table is known again.
pub fn table_sha256(path: &Path) -> Result<String, ImportError> {
    read(path).map(|source| source.sha256)
}

/// What rows may refer to.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Studies by the dataset's own key.
    pub keys: HashMap<String, StudyId>,
    /// Ids of all studies.
    pub ids: BTreeSet<StudyId>,
    /// Studies by the items of worklists.
    pub items: HashMap<ItemId, StudyId>,
}

impl Known {
    /// The study that a cell means: by the project's id, the dataset's key, or an item.
    fn study(&self, cell: &str, item: bool) -> Result<StudyId, String> {
        if item {
            let found = cell.parse().ok().and_then(|id: ItemId| self.items.get(&id)).copied();
            return found.ok_or_else(|| format!("no worklist has the item `{cell}`"));
        }
        let by_id = cell.parse().ok().filter(|id| self.ids.contains(id));
        let by_key = self.keys.get(cell).copied();
        match (by_id, by_key) {
            (Some(a), Some(b)) if a != b => Err(format!(
                "`{cell}` is the id of one study and the dataset's key of another; use ids only"
            )),
            (Some(study), _) | (None, Some(study)) => Ok(study),
            (None, None) => Err(format!(
                "the project has no study `{cell}`, neither by its own id nor by the dataset's key"
            )),
        }
    }
}

/// An answer that was given elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideRead {
    /// Pseudonym of the reader.
    pub reader: String,
    /// The study.
    pub study: StudyId,
    /// Id of the finding in the protocol.
    pub finding: String,
    /// 1 for the first reading, 2 for a repeat.
    pub read_no: u32,
    /// Place in the order of reading.
    pub place: u32,
    /// The answer.
    pub answer: Answer,
}

/// A table of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideReads {
    /// The file.
    pub file: InputFile,
    /// The answers, by reader, study, finding and reading.
    pub reads: Vec<OutsideRead>,
    /// Tags by reader and study.
    pub tags: BTreeSet<(String, StudyId, String)>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
    /// Values that were left out.
    pub notes: Vec<Fault>,
}

impl OutsideReads {
    /// The readers, by name.
    pub fn readers(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.reads.iter().map(|read| read.reader.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// How many studies were read.
    pub fn studies(&self) -> usize {
        self.reads.iter().map(|read| read.study).collect::<BTreeSet<_>>().len()
    }
}

/// A score of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct OutsideScore {
    /// The model; `model` where the file names none.
    pub model: String,
    /// Id of the finding; empty where the score is about the study as a whole.
    pub finding: String,
    /// The study.
    pub study: StudyId,
    /// The view; empty where the score is about all images.
    pub view: String,
    /// The score; `None` where the cell is blank.
    pub score: Option<f64>,
}

/// A table of scores.
#[derive(Clone, Debug, PartialEq)]
pub struct OutsideScores {
    /// The file.
    pub file: InputFile,
    /// The scores, by model, finding, study and view.
    pub scores: Vec<OutsideScore>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
}

/// SHA-256 over the rows as the project stores them: one line each, fields divided by tabs.
pub(crate) fn hash_lines(lines: impl Iterator<Item = String>) -> String {
    let mut hasher = Sha256::new();
    for line in lines {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hex(&hasher.finalize())
}

fn input_file(source: &Source) -> InputFile {
    InputFile { name: source.name.clone(), bytes: source.bytes, sha256: source.sha256.clone() }
}

fn open(path: &Path) -> Result<Source, ImportError> {
    read(path)
}

/// Columns by name, and names that are not among the known ones.
struct Header {
    columns: HashMap<String, usize>,
    ignored: Vec<String>,
    width: usize,
}

impl Header {
    fn read(source: &Source, rows: &mut Rows<'_>, known: &[&str]) -> Result<Self, ImportError> {
        if !rows.advance() {
            return Err(ImportError::Rows(vec![source.fault(1, 1, "the file is empty")]));
        }
        let mut header = Self { columns: HashMap::new(), ignored: Vec::new(), width: 0 };
        let names: Vec<String> = rows.row().iter().map(|name| name.trim().to_owned()).collect();
        header.width = names.len();
        for (i, name) in names.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                header.ignored.push(name.clone());
            } else if header.columns.insert(name.clone(), i).is_some() {
                let fault = rows.at(i, format!("the column `{name}` stands here again"));
                return Err(ImportError::Rows(vec![fault]));
            }
        }
        Ok(header)
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.get(name).copied()
    }

    fn ignores(&self, name: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored == name)
    }

    /// A required column.
    fn need(&self, source: &Source, names: &[&str]) -> Result<(), ImportError> {
        let missing: Vec<String> = names
            .iter()
            .filter(|name| self.column(name).is_none())
            .map(|name| format!("`{name}`"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (column, is) = if missing.len() == 1 { ("column", "is") } else { ("columns", "are") };
        let text = format!("the {column} {} {is} missing", missing.join(" and "));
        Err(ImportError::Rows(vec![source.fault(1, 1, text)]))
    }

    /// The cell of a column that may be missing, trimmed; `None` where it is blank.
    fn cell(&self, rows: &Rows<'_>, name: &str) -> Option<String> {
        let text = rows.cell(self.column(name)?).trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A row that is as wide as the header.
    fn fits(&self, rows: &mut Rows<'_>) -> bool {
        let fits = rows.row().len() == self.width;
        if !fits {
            rows.reject_width(self.width);
        }
        fits
    }
}

/// The id of the finding that a cell means: by id, by name on screen or by the dataset's label.
fn finding_id(protocol: &Protocol, cell: &str) -> Result<String, String> {
    let by_id = protocol.findings.iter().find(|finding| finding.id == cell);
    let found = by_id.or_else(|| {
        let mut named =
            protocol.findings.iter().filter(|f| f.name == cell || f.label.as_deref() == Some(cell));
        let first = named.next();
        first.filter(|_| named.next().is_none())
    });
    found.map(|finding| finding.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = protocol.findings.iter().map(|f| f.id.as_str()).collect();
        format!("`{cell}` is no finding of the protocol; it has {}", known.join(", "))
    })
}
