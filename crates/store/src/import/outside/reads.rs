//! The long table of reads, and wide ones through a mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use overread_core::{Answer, Level, NoAnswer, Protocol, StudyId};

use super::map::{Map, read_wide};
use super::{Header, Known, OutsideRead, OutsideReads, finding_id, input_file, open};
use crate::import::rows::{Rows, detect_delimiter};
use crate::import::source::Source;
use crate::import::{Fault, ImportError};

/// Columns that mean something, here or in `analyse --reads`.
const COLUMNS: [&str; 15] = [
    "study_id",
    "item",
    "reader_id",
    "rule",
    "finding",
    "value",
    "level",
    "no_answer",
    "tag",
    "read_no",
    "seq",
    // The project has its own.
    "patient_id",
    "dataset_label",
    "stratum",
    "score",
];

/// Reads a table of answers: the long form, or any other through a mapping.
pub fn read_reads(
    path: &Path,
    map: Option<&Path>,
    known: &Known,
    protocol: &Protocol,
) -> Result<OutsideReads, ImportError> {
    let source = open(path)?;
    let (text, _latin1) = source.text();
    let mut reads = match map {
        Some(map) => read_wide(&source, text, &Map::read(map)?, known, protocol)?,
        None => read_long(&source, text, known, protocol)?,
    };
    if reads.reads.is_empty() {
        return Err(ImportError::Files(format!(
            "{} holds no answer. Nothing was imported.",
            source.name
        )));
    }
    reads.reads.sort_by(|a, b| {
        (&a.reader, a.study, &a.finding, a.read_no)
            .cmp(&(&b.reader, b.study, &b.finding, b.read_no))
    });
    Ok(reads)
}

/// A reader's answer on its way together from rows of several rules.
#[derive(Default)]
struct Gathered {
    line: u64,
    place: u64,
    level: Option<Level>,
    no_answer: Option<NoAnswer>,
    /// Value by index of the rule; `None` for a blank cell.
    rules: BTreeMap<usize, Option<bool>>,
}

type Key = (String, StudyId, String, u32);

fn read_long(
    source: &Source,
    text: &str,
    known: &Known,
    protocol: &Protocol,
) -> Result<OutsideReads, ImportError> {
    let mut rows = Rows::new(source, text, detect_delimiter(text))?;
    let header = Header::read(source, &mut rows, &COLUMNS)?;
    // No table made elsewhere has these.
    if ["level_name", "protocol_version", "after_release"].iter().all(|own| header.ignores(own)) {
        return Err(ImportError::Files(format!(
            "{} is the table of reads that a report writes: it numbers the studies anew, and a project has those reads already. Give it to `overread analyse --reads`, or merge the other project's packets. Nothing was imported.",
            source.name
        )));
    }
    let by_item = header.column("study_id").is_none() && header.column("item").is_some();
    header.need(source, &[if by_item { "item" } else { "study_id" }, "reader_id", "finding"])?;
    if header.column("level").is_none() {
        header.need(source, &["rule", "value"])?;
    }
    let mut gathered: BTreeMap<Key, Gathered> = BTreeMap::new();
    let mut tags = BTreeSet::new();
    while rows.advance() {
        if header.fits(&mut rows) {
            take_row(&mut rows, &header, known, protocol, by_item, &mut gathered, &mut tags);
        }
    }
    let mut notes = Vec::new();
    let mut reads = Vec::with_capacity(gathered.len());
    let mut places: Vec<(u64, u64)> = gathered.values().map(|g| (g.place, g.line)).collect();
    places.sort_unstable();
    places.dedup();
    let mut faults = Vec::new();
    for ((reader, study, finding, read_no), answer) in gathered {
        let place = places.binary_search(&(answer.place, answer.line)).unwrap_or(0);
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        match answer_of(&answer, protocol) {
            Ok(Some(answer)) => {
                reads.push(OutsideRead { reader, study, finding, read_no, place, answer });
            }
            Ok(None) => notes.push(source.fault(
                answer.line,
                1,
                "every cell of the answer is blank; it was left out",
            )),
            Err(text) => faults.push(source.fault(answer.line, 1, text)),
        }
    }
    rows.faults.extend(faults);
    rows.faults.sort_by_key(|fault: &Fault| (fault.line, fault.column));
    rows.finish()?;
    Ok(OutsideReads { file: input_file(source), reads, tags, ignored: header.ignored, notes })
}

fn take_row(
    rows: &mut Rows<'_>,
    header: &Header,
    known: &Known,
    protocol: &Protocol,
    by_item: bool,
    gathered: &mut BTreeMap<Key, Gathered>,
    tags: &mut BTreeSet<(String, StudyId, String)>,
) {
    let at = |name: &str| header.column(name).unwrap_or(0);
    let before = rows.faults.len();
    let named = if by_item { "item" } else { "study_id" };
    let cell = header.cell(rows, named).unwrap_or_default();
    let study = known.study(&cell, by_item).map_err(|why| rows.reject(at(named), why)).ok();
    let reader = reader_name(header.cell(rows, "reader_id"))
        .map_err(|why| rows.reject(at("reader_id"), why))
        .ok();
    let finding = finding_id(protocol, &header.cell(rows, "finding").unwrap_or_default())
        .map_err(|why| rows.reject(at("finding"), why))
        .ok();
    let read_no = number(rows, header, "read_no", 1);
    let seq = number(rows, header, "seq", rows.line());
    let tag = tags_of(rows, header, protocol);
    let (Some(study), Some(reader), Some(finding)) = (study, reader, finding) else { return };
    if before < rows.faults.len() {
        return;
    }
    tags.extend(tag.into_iter().map(|tag| (reader.clone(), study, tag)));
    let read_no = u32::try_from(read_no).unwrap_or(u32::MAX);
    let line = rows.line();
    let entry = gathered.entry((reader, study, finding, read_no)).or_insert_with(|| Gathered {
        line,
        place: seq,
        ..Gathered::default()
    });
    take_answer(rows, header, protocol, entry);
}

/// The answer in a row: a level, a rule with its value, or why there is none.
fn take_answer(rows: &mut Rows<'_>, header: &Header, protocol: &Protocol, entry: &mut Gathered) {
    let at = |name: &str| header.column(name).unwrap_or(0);
    let again = format!("the answer of line {} stands here again", entry.line);
    match header.cell(rows, "no_answer").as_deref() {
        None => {}
        Some("unsure") => entry.no_answer = Some(NoAnswer::Unsure),
        Some("inadequate") => entry.no_answer = Some(NoAnswer::Inadequate),
        Some(other) => {
            let text =
                format!("`{other}` is not known; expected `unsure`, `inadequate` or nothing");
            rows.reject(at("no_answer"), text);
        }
    }
    if header.column("level").is_some() {
        let Some(cell) = header.cell(rows, "level") else {
            if entry.line != rows.line() {
                rows.reject(at("level"), again);
            }
            return;
        };
        let named = protocol.levels.iter().position(|name| *name == cell);
        let level = cell.parse::<usize>().ok().or(named).filter(|&n| n < protocol.levels.len());
        match level.and_then(|n| u8::try_from(n).ok()) {
            Some(_) if entry.level.is_some() || entry.line != rows.line() => {
                rows.reject(at("level"), again);
            }
            Some(level) => entry.level = Some(Level(level)),
            None => {
                let text = format!(
                    "`{cell}` is no level; expected 0 to {} or one of {}",
                    protocol.levels.len() - 1,
                    protocol.levels.join(", ")
                );
                rows.reject(at("level"), text);
            }
        }
        return;
    }
    let rule = header.cell(rows, "rule").unwrap_or_default();
    let Some(index) = protocol.rules.iter().position(|known| known.name == rule) else {
        let names: Vec<&str> = protocol.rules.iter().map(|rule| rule.name.as_str()).collect();
        let text = format!("`{rule}` is no rule of the protocol; it has {}", names.join(", "));
        rows.reject(at("rule"), text);
        return;
    };
    let value = match header.cell(rows, "value").as_deref() {
        None => None,
        Some("0") => Some(false),
        Some("1") => Some(true),
        Some(other) => {
            let text = format!("`{other}` is no value; expected 0, 1 or nothing");
            rows.reject(at("value"), text);
            return;
        }
    };
    if entry.rules.insert(index, value).is_some() {
        rows.reject(at("rule"), again);
    }
}

fn answer_of(answer: &Gathered, protocol: &Protocol) -> Result<Option<Answer>, String> {
    let decided = answer.level.is_some() || answer.rules.values().any(Option::is_some);
    if let Some(reason) = answer.no_answer {
        return if decided {
            Err("an answer has a value or a reason why there is none, not both".to_owned())
        } else {
            Ok(Some(Answer::NoAnswer(reason)))
        };
    }
    if let Some(level) = answer.level {
        return Ok(Some(Answer::Level(level)));
    }
    if !decided {
        return Ok(None);
    }
    let mut level = 0;
    for (index, rule) in protocol.rules.iter().enumerate() {
        match answer.rules.get(&index).copied().flatten() {
            None => {
                return Err(format!(
                    "the value under the rule `{}` is missing: an answer needs one under every rule of the protocol, or a `level`",
                    rule.name
                ));
            }
            Some(true) if level < index => {
                return Err(format!(
                    "positive under `{}` and negative under a looser rule: no level is both",
                    rule.name
                ));
            }
            Some(positive) => level += usize::from(positive),
        }
    }
    Ok(Some(Answer::Level(Level(u8::try_from(level).unwrap_or(u8::MAX)))))
}

/// A whole number from 1 in a column that may be missing or blank.
fn number(rows: &mut Rows<'_>, header: &Header, name: &str, usual: u64) -> u64 {
    let Some(cell) = header.cell(rows, name) else { return usual };
    match cell.parse::<u64>() {
        Ok(number) if 0 < number || name == "seq" => number,
        _ => {
            let column = header.column(name).unwrap_or(0);
            rows.reject(column, format!("`{cell}` is no whole number"));
            usual
        }
    }
}

fn tags_of(rows: &mut Rows<'_>, header: &Header, protocol: &Protocol) -> Vec<String> {
    let Some(cell) = header.cell(rows, "tag") else { return Vec::new() };
    let mut tags = Vec::new();
    for word in cell.split(';').map(str::trim).filter(|word| !word.is_empty()) {
        if let Some(tag) = protocol.tags.iter().find(|tag| tag.id == word || tag.name == word) {
            tags.push(tag.id.clone());
        } else {
            let known: Vec<&str> = protocol.tags.iter().map(|tag| tag.id.as_str()).collect();
            let text = format!("`{word}` is no tag of the protocol; it has {}", known.join(", "));
            rows.reject(header.column("tag").unwrap_or(0), text);
        }
    }
    tags
}

/// A pseudonym as the project takes it.
pub(super) fn reader_name(cell: Option<String>) -> Result<String, String> {
    let name = cell.unwrap_or_default();
    let bad = name.chars().any(|c| c.is_control() || c == '/') || 64 < name.chars().count();
    if name.is_empty() || bad {
        return Err(
            "a reader has a name of 1 to 64 characters without `/` and line ends".to_owned()
        );
    }
    Ok(name)
}
