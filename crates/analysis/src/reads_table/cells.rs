//! The reads of one (rule, finding), one row per study.

use std::collections::BTreeMap;
use std::sync::Arc;

use overread_stats::consensus::plurality;
use overread_stats::dawid_skene::dawid_skene;

use super::parse::{Place, Read, ReadsTable, tags};
use super::{ReadsOptions, ReadsTableError, ReferencePolicy};

/// The study-level facts and answers of one study.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Study {
    pub(super) id: String,
    /// First read of each reader of the cell; `None` when missing.
    pub(super) first: Vec<Option<usize>>,
    /// Second read of each reader; empty when nobody has one.
    second: Vec<Option<usize>>,
    /// Position of each reader's first read: sequence number and place in the file; empty when no read has one.
    seq: Vec<Option<(f64, usize)>>,
    pub(super) label: Option<usize>,
    pub(super) patient: Option<Arc<str>>,
    pub(super) stratum: Option<Arc<str>>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) score: Option<f64>,
    /// The reference's category.
    pub(super) reference: Option<usize>,
}

impl Study {
    /// The patient, or the study itself where the patient is not known.
    pub(super) fn cluster(&self) -> String {
        self.patient.as_ref().map_or_else(|| format!("study:{}", self.id), ToString::to_string)
    }

    /// The second read of reader number `i`.
    pub(super) fn second(&self, i: usize) -> Option<usize> {
        self.second.get(i).copied().flatten()
    }

    /// Where the first read of reader number `i` stands in the order of reading.
    pub(super) fn seq(&self, i: usize) -> Option<(f64, usize)> {
        self.seq.get(i).copied().flatten()
    }

    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().flatten().any(|t| t == tag)
    }
}

/// How the reference came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reference {
    pub(super) readers: Vec<String>,
    pub(super) decided: u64,
    pub(super) tied: u64,
    pub(super) insufficient: u64,
}

/// The reads of one (rule, finding).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) rule: String,
    pub(super) finding: String,
    /// Readers with a row here, in id order.
    pub(super) readers: Vec<String>,
    /// Studies in id order.
    pub(super) studies: Vec<Study>,
    pub(super) reference: Reference,
}

impl Cell {
    pub(super) fn key(&self) -> String {
        format!("{}|{}", self.rule, self.finding)
    }
}

/// All cells in the order of rule, then finding.
pub(super) fn cells(
    table: &ReadsTable,
    options: &ReadsOptions,
) -> Result<Vec<Cell>, ReadsTableError> {
    if !table.reads.is_empty() {
        check_readers("gold_readers", options.gold_readers.as_deref(), &table.readers)?;
        check_readers("test_readers", options.test_readers.as_deref(), &table.readers)?;
    }
    let mut groups: BTreeMap<(Place, Place), Vec<Placed<'_>>> = BTreeMap::new();
    for (place, read) in table.reads.iter().enumerate() {
        groups.entry((read.rule, read.finding)).or_default().push((place, read));
    }
    Ok(groups.into_values().map(|reads| cell(table, reads, options)).collect())
}

/// A read with its place in the file.
type Placed<'t> = (usize, &'t Read);

fn check_readers(
    option: &'static str,
    names: Option<&[String]>,
    known: &[String],
) -> Result<(), ReadsTableError> {
    match names.into_iter().flatten().find(|name| known.binary_search(name).is_err()) {
        Some(reader) => Err(ReadsTableError::UnknownReader { option, reader: reader.clone() }),
        None => Ok(()),
    }
}

/// The reads of one rule and finding, at least one.
fn cell(table: &ReadsTable, mut reads: Vec<Placed<'_>>, options: &ReadsOptions) -> Cell {
    let name = |list: &[String], place: Option<Place>| {
        place.and_then(|place| list.get(place as usize)).cloned().unwrap_or_default()
    };
    let mut readers: Vec<Place> = reads.iter().map(|(_, r)| r.reader).collect();
    readers.sort_unstable();
    readers.dedup();
    let first = reads.first().map(|(_, read)| *read);
    let (rule, finding) = (first.map(|r| r.rule), first.map(|r| r.finding));
    // Stable: the rows of one study keep the order of the file.
    reads.sort_by_key(|(_, read)| read.study);
    let studies = reads
        .chunk_by(|a, b| a.1.study == b.1.study)
        .map(|rows| {
            let id = name(&table.studies, rows.first().map(|(_, read)| read.study));
            study(table, id, rows, &readers)
        })
        .collect();
    let mut cell = Cell {
        rule: name(&table.rules, rule),
        finding: name(&table.findings, finding),
        readers: readers.into_iter().map(|r| name(&table.readers, Some(r))).collect(),
        studies,
        reference: Reference::default(),
    };
    decide(&mut cell, options);
    cell
}

fn study(table: &ReadsTable, id: String, rows: &[Placed<'_>], readers: &[Place]) -> Study {
    let count = readers.len();
    let mut out = Study { id, first: vec![None; count], ..Study::default() };
    let first_of = |of: fn(&Read) -> Option<Place>| {
        let place = rows.iter().find_map(|(_, read)| of(read))?;
        table.texts.get(place as usize)
    };
    out.label = rows.iter().find_map(|(_, read)| read.label).map(usize::from);
    out.score = rows.iter().find_map(|(_, read)| read.score);
    out.patient = first_of(|read| read.patient).cloned();
    out.stratum = first_of(|read| read.stratum).cloned();
    out.tags = first_of(|read| read.tags).map(|cell| tags(cell));
    let mut own: Vec<&Placed<'_>> = rows.iter().collect();
    own.sort_by_key(|(_, read)| (read.reader, read.number));
    for reads in own.chunk_by(|a, b| a.1.reader == b.1.reader) {
        let [(place, first), later @ ..] = reads else { continue };
        let Ok(at) = readers.binary_search(&first.reader) else { continue };
        out.first[at] = first.value.map(usize::from);
        if let Some(seq) = first.seq {
            out.seq.resize(count, None);
            out.seq[at] = Some((seq, *place));
        }
        if let Some(value) = later.first().and_then(|(_, read)| read.value) {
            out.second.resize(count, None);
            out.second[at] = Some(usize::from(value));
        }
    }
    out
}

/// Sets every study's reference and counts how it went.
fn decide(cell: &mut Cell, options: &ReadsOptions) {
    let gold =
        |reader: &String| options.gold_readers.as_ref().is_none_or(|gold| gold.contains(reader));
    let panel: Vec<usize> = (0..cell.readers.len()).filter(|i| gold(&cell.readers[*i])).collect();
    let q = options.categories.len();
    let answers_of =
        |study: &Study| panel.iter().map(|i| study.first[*i]).collect::<Vec<Option<usize>>>();
    let mut out = Reference {
        readers: panel.iter().map(|i| cell.readers[*i].clone()).collect(),
        ..Reference::default()
    };
    let latent = match options.reference {
        ReferencePolicy::Majority => None,
        ReferencePolicy::DawidSkene => {
            let answers: Vec<_> = cell.studies.iter().map(answers_of).collect();
            Some(latent_answers(&answers, q))
        }
    };
    for (at, study) in cell.studies.iter_mut().enumerate() {
        let vote = plurality(&answers_of(study), q, options.tie_rule(), options.quorum);
        let (value, tied) = match &latent {
            None => (vote.value, vote.tied),
            Some(_) if vote.insufficient => (None, false),
            Some(latent) => (latent[at], latent[at].is_none()),
        };
        study.reference = value;
        out.decided += u64::from(value.is_some());
        out.tied += u64::from(tied);
        out.insufficient += u64::from(vote.insufficient);
    }
    cell.reference = out;
}

/// The most probable class of each study; `None` when two are equally probable.
fn latent_answers(answers: &[Vec<Option<usize>>], q: usize) -> Vec<Option<usize>> {
    let ratings: Vec<Vec<Vec<usize>>> = answers
        .iter()
        .map(|row| row.iter().map(|v| v.iter().copied().collect()).collect())
        .collect();
    let Some(fit) = dawid_skene(&ratings, q) else { return vec![None; answers.len()] };
    let most_probable = |p: &Vec<f64>| {
        let top = p.iter().copied().fold(0.0, f64::max);
        let mut leaders = (0..p.len()).filter(|k| top - p[*k] < 1e-9);
        let leader = leaders.next();
        leaders.next().map_or(leader, |_| None)
    };
    fit.posterior.iter().map(|p| p.as_ref().and_then(most_probable)).collect()
}
