//! Tables with one column per finding, through a mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use overread_core::{Answer, Level, NoAnswer, Protocol};
use serde::Deserialize;

use super::reads::reader_name;
use super::{Header, Known, OutsideRead, OutsideReads, finding_id, input_file};
use crate::import::ImportError;
use crate::import::rows::{Rows, detect_delimiter, place};
use crate::import::source::Source;

/// The mapping file: which column is what, and which words mean which level.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Map {
    /// Column that names the study.
    study: String,
    /// Column that names the reader.
    reader: String,
    /// Finding of the protocol to column of the table.
    findings: BTreeMap<String, String>,
    #[serde(default = "positive")]
    positive: Vec<String>,
    #[serde(default = "negative")]
    negative: Vec<String>,
    #[serde(default)]
    unsure: Vec<String>,
    #[serde(default)]
    inadequate: Vec<String>,
    /// Name of the level that a positive word stands for; the highest if left out.
    positive_level: Option<String>,
    /// Name of the level that a negative word stands for; the lowest if left out.
    negative_level: Option<String>,
    /// Whether rows about studies that the project does not have are left out.
    #[serde(default)]
    skip_unknown: bool,
    #[serde(skip)]
    name: String,
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

impl Map {
    pub(super) fn read(path: &Path) -> Result<Self, ImportError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ImportError::Io { path: path.to_owned(), source })?;
        let map: Self = toml::from_str(&text).map_err(|error| {
            let (line, column) = place(&text, error.span().map_or(0, |span| span.start));
            let text = format!("line {line}, column {column}: {}", error.message());
            ImportError::Map { path: path.to_owned(), text }
        })?;
        Ok(Self { name: path.display().to_string(), ..map })
    }

    fn wrong(&self, text: String) -> ImportError {
        ImportError::Map { path: self.name.clone().into(), text }
    }

    fn level(
        &self,
        protocol: &Protocol,
        name: Option<&String>,
        usual: Level,
    ) -> Result<Level, ImportError> {
        let Some(name) = name else { return Ok(usual) };
        let found = protocol.levels.iter().position(|level| level == name);
        found.and_then(|n| u8::try_from(n).ok()).map(Level).ok_or_else(|| {
            let known = protocol.levels.join(", ");
            self.wrong(format!("`{name}` is no level of the protocol; it has {known}"))
        })
    }
}

pub(super) fn read_wide(
    source: &Source,
    text: &str,
    map: &Map,
    known: &Known,
    protocol: &Protocol,
) -> Result<OutsideReads, ImportError> {
    let yes = map.level(protocol, map.positive_level.as_ref(), protocol.top_level())?;
    let no = map.level(protocol, map.negative_level.as_ref(), Level::ABSENT)?;
    let mut findings: Vec<(String, &str)> = Vec::new();
    for (finding, column) in &map.findings {
        let id = finding_id(protocol, finding).map_err(|why| map.wrong(why))?;
        if findings.iter().any(|(other, _)| *other == id) {
            return Err(map.wrong(format!("the finding `{id}` is named twice")));
        }
        findings.push((id, column));
    }
    if findings.is_empty() {
        return Err(map.wrong("[findings] names no finding".to_owned()));
    }
    let mut names: Vec<&str> = vec![&map.study, &map.reader];
    names.extend(findings.iter().map(|(_, column)| *column));
    let mut rows = Rows::new(source, text, detect_delimiter(text))?;
    let header = Header::read(source, &mut rows, &names)?;
    header.need(source, &names)?;
    let mut out = OutsideReads {
        file: input_file(source),
        reads: Vec::new(),
        tags: BTreeSet::new(),
        ignored: Vec::new(),
        notes: Vec::new(),
    };
    let mut seen = BTreeMap::new();
    let mut place = 0;
    while rows.advance() {
        if !header.fits(&mut rows) {
            continue;
        }
        let cell = header.cell(&rows, &map.study).unwrap_or_default();
        let study = match known.study(&cell, false) {
            Ok(study) => study,
            Err(why) if map.skip_unknown => {
                out.notes.push(rows.at(header.column(&map.study).unwrap_or(0), why));
                continue;
            }
            Err(why) => {
                rows.reject(header.column(&map.study).unwrap_or(0), why);
                continue;
            }
        };
        let column = header.column(&map.reader).unwrap_or(0);
        let reader = match reader_name(header.cell(&rows, &map.reader)) {
            Ok(reader) => reader,
            Err(why) => {
                rows.reject(column, why);
                continue;
            }
        };
        if let Some(first) = seen.insert((reader.clone(), study), rows.line()) {
            rows.reject(column, format!("the reader and study of line {first} stand here again"));
            continue;
        }
        place += 1;
        for (finding, column) in &findings {
            let column = header.column(column).unwrap_or(0);
            if let Some(answer) = answer(&mut rows, column, map, yes, no) {
                out.reads.push(OutsideRead {
                    reader: reader.clone(),
                    study,
                    finding: finding.clone(),
                    read_no: 1,
                    place,
                    answer,
                });
            }
        }
    }
    rows.finish()?;
    Ok(out)
}

/// The answer of a cell; blank is none.
fn answer(rows: &mut Rows<'_>, column: usize, map: &Map, yes: Level, no: Level) -> Option<Answer> {
    let cell = rows.cell(column).trim().to_owned();
    let is = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(&cell));
    if cell.is_empty() {
        return None;
    }
    if is(&map.positive) {
        return Some(Answer::Level(yes));
    }
    if is(&map.negative) {
        return Some(Answer::Level(no));
    }
    if is(&map.unsure) {
        return Some(Answer::NoAnswer(NoAnswer::Unsure));
    }
    if is(&map.inadequate) {
        return Some(Answer::NoAnswer(NoAnswer::Inadequate));
    }
    let text = format!(
        "`{cell}` is no answer; positive: {}; negative: {}; blank: not asked",
        map.positive.join(", "),
        map.negative.join(", ")
    );
    rows.reject(column, text);
    None
}
