//! The reads of one (rule, finding), one row per study.

use std::collections::{BTreeMap, BTreeSet};

use overread_stats::consensus::plurality;
use overread_stats::dawid_skene::dawid_skene;

use super::parse::{Read, ReadsTable};
use super::{ReadsOptions, ReadsTableError, ReferencePolicy};

/// The study-level facts and answers of one study.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Study {
    pub(super) id: String,
    /// First read of each reader of the cell; `None` when missing.
    pub(super) first: Vec<Option<usize>>,
    /// Second read of each reader.
    pub(super) second: Vec<Option<usize>>,
    /// Position of each reader's first read: sequence number and place in the file.
    pub(super) seq: Vec<Option<(f64, usize)>>,
    pub(super) label: Option<usize>,
    pub(super) patient: Option<String>,
    pub(super) stratum: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) score: Option<f64>,
    /// The reference's category.
    pub(super) reference: Option<usize>,
}

impl Study {
    /// The patient, or the study itself where the patient is not known.
    pub(super) fn cluster(&self) -> String {
        self.patient.clone().unwrap_or_else(|| format!("study:{}", self.id))
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

    pub(super) fn has_labels(&self) -> bool {
        self.studies.iter().any(|s| s.label.is_some())
    }

    /// Counts per study and category over all readers.
    pub(super) fn counts(&self, q: usize) -> Vec<Vec<u64>> {
        self.studies
            .iter()
            .map(|study| {
                let mut counts = vec![0; q];
                for &value in study.first.iter().flatten() {
                    counts[value] += 1;
                }
                counts
            })
            .collect()
    }
}

/// All cells in the order of rule, then finding.
pub(super) fn cells(
    table: &ReadsTable,
    options: &ReadsOptions,
) -> Result<Vec<Cell>, ReadsTableError> {
    let known: BTreeSet<&str> = table.reads.iter().map(|r| r.reader.as_str()).collect();
    if !table.reads.is_empty() {
        check_readers("gold_readers", options.gold_readers.as_deref(), &known)?;
        check_readers("test_readers", options.test_readers.as_deref(), &known)?;
    }
    let mut groups: BTreeMap<(&str, &str), Vec<(usize, &Read)>> = BTreeMap::new();
    for (place, read) in table.reads.iter().enumerate() {
        groups.entry((&read.rule, &read.finding)).or_default().push((place, read));
    }
    Ok(groups
        .into_iter()
        .map(|((rule, finding), reads)| cell(rule, finding, &reads, options))
        .collect())
}

fn check_readers(
    option: &'static str,
    names: Option<&[String]>,
    known: &BTreeSet<&str>,
) -> Result<(), ReadsTableError> {
    match names.into_iter().flatten().find(|name| !known.contains(name.as_str())) {
        Some(reader) => Err(ReadsTableError::UnknownReader { option, reader: reader.clone() }),
        None => Ok(()),
    }
}

fn cell(rule: &str, finding: &str, reads: &[(usize, &Read)], options: &ReadsOptions) -> Cell {
    let readers: Vec<&str> =
        reads.iter().map(|(_, r)| r.reader.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let mut by_study: BTreeMap<&str, Vec<(usize, &Read)>> = BTreeMap::new();
    for (place, read) in reads {
        by_study.entry(&read.study).or_default().push((*place, read));
    }
    let studies = by_study.into_iter().map(|(id, rows)| study(id, &rows, &readers)).collect();
    let mut cell = Cell {
        rule: rule.to_owned(),
        finding: finding.to_owned(),
        readers: readers.into_iter().map(str::to_owned).collect(),
        studies,
        reference: Reference::default(),
    };
    decide(&mut cell, options);
    cell
}

fn study(id: &str, rows: &[(usize, &Read)], readers: &[&str]) -> Study {
    let count = readers.len();
    let mut out = Study {
        id: id.to_owned(),
        first: vec![None; count],
        second: vec![None; count],
        seq: vec![None; count],
        ..Study::default()
    };
    for (_, read) in rows {
        out.label = out.label.or(read.label);
        out.score = out.score.or(read.score);
        keep_first(&mut out.patient, read.patient.as_ref());
        keep_first(&mut out.stratum, read.stratum.as_ref());
        keep_first(&mut out.tags, read.tags.as_ref());
    }
    for (at, reader) in readers.iter().enumerate() {
        let mut own: Vec<&(usize, &Read)> =
            rows.iter().filter(|(_, r)| r.reader == *reader).collect();
        own.sort_by_key(|(_, r)| r.number);
        if let Some((place, first)) = own.first() {
            out.first[at] = first.value;
            out.seq[at] = first.seq.map(|seq| (seq, *place));
        }
        out.second[at] = own.get(1).and_then(|(_, r)| r.value);
    }
    out
}

fn keep_first<T: Clone>(kept: &mut Option<T>, next: Option<&T>) {
    if kept.is_none() {
        *kept = next.cloned();
    }
}

/// Sets every study's reference and counts how it went.
fn decide(cell: &mut Cell, options: &ReadsOptions) {
    let gold =
        |reader: &String| options.gold_readers.as_ref().is_none_or(|gold| gold.contains(reader));
    let panel: Vec<usize> = (0..cell.readers.len()).filter(|i| gold(&cell.readers[*i])).collect();
    let q = options.categories.len();
    let answers: Vec<Vec<Option<usize>>> =
        cell.studies.iter().map(|study| panel.iter().map(|i| study.first[*i]).collect()).collect();
    let mut out = Reference {
        readers: panel.iter().map(|i| cell.readers[*i].clone()).collect(),
        ..Reference::default()
    };
    let latent = match options.reference {
        ReferencePolicy::Majority => None,
        ReferencePolicy::DawidSkene => Some(latent_answers(&answers, q)),
    };
    for (at, study) in cell.studies.iter_mut().enumerate() {
        let vote = plurality(&answers[at], q, options.tie_rule(), options.quorum);
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
