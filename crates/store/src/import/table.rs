//! Any table, with a mapping that says which column is what.

use std::collections::BTreeMap;
use std::path::Path;

use overread_core::Sex;
use overread_core::dataset::{DatasetLabel, Labels, MAX_FINDINGS, Words};
use serde::Deserialize;

use super::assemble::{ImageRow, Table};
use super::merge::{Blame, Gather, Part, sex_of, years_of};
use super::rows::{Rows, detect_delimiter};
use super::source::Source;
use super::{Fault, ImportError};

/// The mapping file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    /// Column that names the study.
    study: String,
    patient: Option<String>,
    image: Option<String>,
    view: Option<String>,
    sex: Option<String>,
    age: Option<String>,
    region: Option<String>,
    split: Option<String>,
    /// One column per finding: finding name to column name.
    findings: Option<BTreeMap<String, String>>,
    /// One column that lists the findings that are there.
    listed: Option<Listed>,
    #[serde(default = "positive")]
    positive: Vec<String>,
    #[serde(default = "negative")]
    negative: Vec<String>,
    #[serde(default = "uncertain")]
    uncertain: Vec<String>,
    #[serde(default)]
    female: Vec<String>,
    #[serde(default)]
    male: Vec<String>,
}

impl Map {
    /// A word that would mean two things.
    fn contradiction(&self) -> Option<String> {
        let pairs = [
            [("female", &self.female), ("male", &self.male)],
            [("positive", &self.positive), ("negative", &self.negative)],
            [("positive", &self.positive), ("uncertain", &self.uncertain)],
            [("negative", &self.negative), ("uncertain", &self.uncertain)],
        ];
        pairs.into_iter().find_map(|[(one, words), (other, others)]| {
            let twice = |word: &&String| others.iter().any(|o| o.eq_ignore_ascii_case(word));
            let word = words.iter().find(twice)?;
            Some(format!("`{word}` stands in `{one}` and in `{other}`"))
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    column: String,
    separator: String,
    /// Every finding that may stand there; one that does not stand in a row is negative.
    findings: Vec<String>,
    /// A word for "nothing is there".
    none: Option<String>,
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

fn positive() -> Vec<String> {
    words(&["1", "1.0", "yes", "true", "positive"])
}

fn negative() -> Vec<String> {
    words(&["0", "0.0", "no", "false", "negative"])
}

fn uncertain() -> Vec<String> {
    words(&["-1", "-1.0", "uncertain"])
}

/// Column numbers of one file.
#[derive(Default)]
struct Columns {
    study: usize,
    patient: Option<usize>,
    image: Option<usize>,
    view: Option<usize>,
    sex: Option<usize>,
    age: Option<usize>,
    region: Option<usize>,
    split: Option<usize>,
    findings: Vec<usize>,
    listed: Option<usize>,
    width: usize,
}

pub(super) fn read(files: &[Source], map: &Path) -> Result<Table, ImportError> {
    let wrong = |text: String| ImportError::Map { path: map.to_owned(), text };
    let text = std::fs::read_to_string(map)
        .map_err(|source| ImportError::Io { path: map.to_owned(), source })?;
    let map: Map = toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = super::rows::place(&text, at);
        wrong(format!("line {line}, column {column}: {}", error.message()))
    })?;
    let findings: Vec<String> = match (&map.findings, &map.listed) {
        (Some(columns), None) => columns.keys().cloned().collect(),
        (None, Some(listed)) => listed.findings.clone(),
        _ => return Err(wrong("it needs either [findings] or [listed]".to_owned())),
    };
    if findings.is_empty() || MAX_FINDINGS < findings.len() {
        return Err(wrong(format!(
            "it names {} findings; 1 to {MAX_FINDINGS} are possible",
            findings.len()
        )));
    }
    if let Some(why) = map.contradiction() {
        return Err(wrong(why));
    }
    if map.listed.as_ref().is_some_and(|listed| listed.separator.is_empty()) {
        return Err(wrong("the separator of [listed] is empty".to_owned()));
    }
    let mut sorted = findings.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(wrong("[listed] names a finding twice".to_owned()));
    }
    let mut gather = Gather::default();
    let mut notes = Vec::new();
    let mut shared = Words::default();
    for source in files {
        let (text, latin1) = source.text();
        if latin1 {
            notes.push(source.fault(1, 1, "the file is not UTF-8 and was read as Latin-1"));
        }
        let mut rows = Rows::new(source, text, detect_delimiter(text))?;
        let columns = columns_of(source, &mut rows, &map)?;
        let blame = Blame {
            key: columns.study,
            patient: columns.patient.unwrap_or(columns.study),
            image: columns.image.unwrap_or(columns.study),
        };
        while rows.advance() {
            if let Some(part) =
                part_of(&mut rows, &mut shared, &map, (&columns, &findings), &mut notes)
            {
                gather.add(&mut rows, part, blame);
            }
        }
        rows.finish()?;
    }
    Ok(Table { findings, studies: gather.studies, notes, ..Table::default() })
}

fn columns_of(source: &Source, rows: &mut Rows<'_>, map: &Map) -> Result<Columns, ImportError> {
    if !rows.advance() {
        return Err(ImportError::Rows(vec![source.fault(1, 1, "the file is empty")]));
    }
    let names: Vec<String> = rows.row().iter().map(|name| name.trim().to_owned()).collect();
    let mut missing = Vec::new();
    let mut find = |name: &str| {
        let at = names.iter().position(|other| other == name);
        if at.is_none() {
            missing.push(format!("`{name}`"));
        }
        at
    };
    let mut optional = |name: &Option<String>| name.as_deref().and_then(&mut find);
    let mut columns = Columns {
        patient: optional(&map.patient),
        image: optional(&map.image),
        view: optional(&map.view),
        sex: optional(&map.sex),
        age: optional(&map.age),
        region: optional(&map.region),
        split: optional(&map.split),
        listed: map.listed.as_ref().and_then(|listed| find(&listed.column)),
        width: names.len(),
        ..Columns::default()
    };
    columns.study = find(&map.study).unwrap_or(0);
    for column in map.findings.iter().flat_map(BTreeMap::values) {
        columns.findings.push(find(column).unwrap_or(0));
    }
    if missing.is_empty() {
        return Ok(columns);
    }
    let text = format!(
        "the mapping names columns that the header does not have: {}; it has: {}",
        missing.join(", "),
        names.join(", ")
    );
    Err(ImportError::Rows(vec![source.fault(1, 1, text)]))
}

fn part_of(
    rows: &mut Rows<'_>,
    shared: &mut Words,
    map: &Map,
    (columns, findings): (&Columns, &[String]),
    notes: &mut Vec<Fault>,
) -> Option<Part> {
    if rows.row().len() != columns.width {
        rows.reject_width(columns.width);
        return None;
    }
    let before = rows.faults.len();
    let key = rows.cell(columns.study).trim().to_owned();
    if key.is_empty() || key.contains('\n') {
        rows.reject(columns.study, "every row names its study, in one line");
    }
    let patient = match columns.patient {
        None => shared.share(&key),
        Some(i) => shared.share(rows.cell(i).trim()),
    };
    if patient.is_empty() {
        rows.reject(columns.patient.unwrap_or(0), "every row names its patient");
    }
    let image = stated(rows, columns.image).map(str::to_owned);
    if let (Some(i), None) = (columns.image, &image) {
        rows.reject(i, "every row names its image");
    }
    let sex = columns.sex.and_then(|i| {
        let cell = rows.cell(i).trim();
        let is = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(cell));
        match (is(&map.female), is(&map.male)) {
            (true, _) => Some(Sex::Female),
            (_, true) => Some(Sex::Male),
            _ => sex_of(cell).unwrap_or_else(|why| {
                notes.push(rows.at(i, why));
                None
            }),
        }
    });
    let age_years = years_of(columns.age.map_or("", |i| rows.cell(i))).unwrap_or_else(|why| {
        rows.reject(columns.age.unwrap_or(0), why);
        None
    });
    let labels = match columns.listed {
        Some(column) => listed(rows, map, column, findings),
        None => one_each(rows, map, &columns.findings),
    };
    let mut word = |column| stated(rows, column).map(|text| shared.share(text));
    let view = word(columns.view);
    let image = image.map(|key| ImageRow { key: Some(key), view });
    let region = word(columns.region);
    let split = word(columns.split);
    (rows.faults.len() == before).then_some(Part {
        key,
        patient,
        labels,
        image,
        sex,
        age_years,
        region,
        split,
    })
}

/// What stands in a column, if there is one and something stands there.
fn stated<'r>(rows: &'r Rows<'_>, column: Option<usize>) -> Option<&'r str> {
    column.map(|i| rows.cell(i).trim()).filter(|text| !text.is_empty())
}

fn one_each(rows: &mut Rows<'_>, map: &Map, columns: &[usize]) -> Labels {
    let mut labels = Labels::default();
    for (i, &column) in columns.iter().enumerate() {
        let cell = rows.cell(column).trim();
        let is = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(cell));
        if is(&map.positive) {
            labels.set(i, DatasetLabel::Positive);
        } else if is(&map.negative) {
            labels.set(i, DatasetLabel::Negative);
        } else if is(&map.uncertain) {
            labels.set(i, DatasetLabel::Uncertain);
        } else if !cell.is_empty() {
            let text = format!(
                "`{cell}` is no label; positive: {}; negative: {}; uncertain: {}; blank: not stated",
                map.positive.join(", "),
                map.negative.join(", "),
                map.uncertain.join(", ")
            );
            rows.reject(column, text);
        }
    }
    labels
}

fn listed(rows: &mut Rows<'_>, map: &Map, column: usize, findings: &[String]) -> Labels {
    let mut labels = Labels::default();
    let Some(listed) = &map.listed else { return labels };
    let cell = rows.cell(column).trim().to_owned();
    for i in 0..findings.len() {
        labels.set(i, DatasetLabel::Negative);
    }
    for name in cell.split(listed.separator.as_str()).map(str::trim).filter(|n| !n.is_empty()) {
        match findings.iter().position(|finding| finding == name) {
            Some(i) => labels.set(i, DatasetLabel::Positive),
            None if listed.none.as_deref() == Some(name) => {}
            None => rows.reject(column, format!("`{name}` is not a finding of the mapping")),
        }
    }
    labels
}
