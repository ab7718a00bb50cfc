//! Protocol TOML to [`Protocol`], with errors that name the line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Back, Design, Finding, Frame, PerPatient, Polarity, Protocol, Reading, Release, Rule, Sampling,
    Tag,
};
use crate::answer::Level;
use crate::dataset::MAX_FINDINGS;

/// Letters that no action of the reading room uses and that a protocol may therefore bind.
const FREE_KEYS: &str = "QWERTYSDFHJBV";

/// What is wrong with a protocol, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol line {line}, column {column}: {message}")]
pub struct ProtocolError {
    /// 1-based line.
    pub line: usize,
    /// 1-based column.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

const BUILTIN: &[(&str, &str)] = &[
    ("cxr14-verify", include_str!("../../../../assets/protocols/cxr14-verify.toml")),
    ("cxr14-controls", include_str!("../../../../assets/protocols/cxr14-controls.toml")),
    ("mura-relabel", include_str!("../../../../assets/protocols/mura-relabel.toml")),
    ("panel", include_str!("../../../../assets/protocols/panel.toml")),
    ("demo", include_str!("../../../../assets/protocols/demo.toml")),
];

/// The document of a built-in protocol.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Names of the built-in protocols.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    protocol: Head,
    levels: Option<Vec<String>>,
    rule: Vec<RuleRow>,
    finding: Vec<FindingRow>,
    #[serde(default)]
    tag: Vec<TagRow>,
    sampling: SamplingRow,
    #[serde(default)]
    blinding: BlindingRow,
    #[serde(default)]
    reading: ReadingRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    version: u32,
    title: String,
    design: DesignWord,
    #[serde(default)]
    publish_ids: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DesignWord {
    Verify,
    Relabel,
    Panel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleRow {
    name: Spanned<String>,
    short: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingRow {
    id: Spanned<String>,
    name: Option<String>,
    question: Option<String>,
    label: Option<String>,
    #[serde(default)]
    polarity: PolarityWord,
    #[serde(default)]
    any_of: Vec<Spanned<String>>,
    key: Option<Spanned<String>>,
    #[serde(default)]
    practice: bool,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PolarityWord {
    #[default]
    Presence,
    Absence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagRow {
    id: Spanned<String>,
    name: String,
    key: Spanned<String>,
    #[serde(default)]
    findings: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplingRow {
    size: Spanned<u32>,
    #[serde(default)]
    controls: u32,
    #[serde(default)]
    explore: u32,
    #[serde(default = "any")]
    per_patient: PerPatientWord,
    #[serde(default = "twenty")]
    gap: u32,
    #[serde(default = "available")]
    frame: FrameWord,
}

fn any() -> PerPatientWord {
    PerPatientWord::Any
}

fn twenty() -> u32 {
    20
}

fn available() -> FrameWord {
    FrameWord::Available
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PerPatientWord {
    Any,
    One,
    Spaced,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FrameWord {
    Available,
    All,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlindingRow {
    release: Option<ReleaseWord>,
    block: Option<Spanned<u32>>,
    #[serde(default)]
    show_sex_age: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ReleaseWord {
    Sealed,
    Blocks,
    Open,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingRow {
    back: Option<BackWord>,
    auto_advance: Option<bool>,
    dwell_ms: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BackWord {
    Never,
    Last,
    Any,
}

struct Checker<'a> {
    text: &'a str,
}

impl Checker<'_> {
    fn error(&self, offset: usize, message: impl Into<String>) -> ProtocolError {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        ProtocolError { line, column, message: message.into() }
    }

    fn at<T>(&self, value: &Spanned<T>, message: impl Into<String>) -> ProtocolError {
        self.error(value.span().start, message)
    }

    /// A key is one free letter, bound once.
    fn key(
        &self,
        value: &Spanned<String>,
        owner: &str,
        taken: &mut BTreeMap<char, String>,
        everywhere: &BTreeSet<char>,
    ) -> Result<char, ProtocolError> {
        let mut letters = value.get_ref().chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            return Err(self.at(value, format!("a key is one letter of {FREE_KEYS}")));
        };
        let key = letter.to_ascii_uppercase();
        let free = FREE_KEYS.chars().find(|k| !taken.contains_key(k) && !everywhere.contains(k));
        let hint = free.map_or_else(String::new, |k| format!("; `{k}` is free"));
        if !FREE_KEYS.contains(key) {
            return Err(self.at(value, format!("key `{key}` belongs to the reading room{hint}")));
        }
        if let Some(other) = taken.insert(key, owner.to_owned()) {
            return Err(self.at(value, format!("key `{key}` is already taken by {other}{hint}")));
        }
        Ok(key)
    }
}

pub(super) fn parse(text: &str) -> Result<Protocol, ProtocolError> {
    let checker = Checker { text };
    let file: File = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        checker.error(offset, error.message().to_owned())
    })?;
    let rules = rules(&checker, &file.rule)?;
    let levels = levels(&checker, file.levels, &rules)?;
    let mut taken = BTreeMap::new();
    let findings = findings(&checker, &file.finding, &mut taken)?;
    let tags = tags(&checker, &file.tag, &findings, &taken)?;
    let design = match file.protocol.design {
        DesignWord::Verify => Design::Verify,
        DesignWord::Relabel => Design::Relabel,
        DesignWord::Panel => Design::Panel,
    };
    if *file.sampling.size.get_ref() == 0 {
        return Err(checker.at(&file.sampling.size, "size must be at least 1"));
    }
    Ok(Protocol {
        name: file.protocol.name,
        version: file.protocol.version,
        title: file.protocol.title,
        design,
        levels,
        rules,
        findings,
        tags,
        sampling: sampling(&file.sampling),
        release: release(&checker, &file.blinding, design)?,
        reading: Reading {
            back: match file.reading.back {
                Some(BackWord::Never) => Back::Never,
                Some(BackWord::Any) => Back::Any,
                Some(BackWord::Last) | None => Back::Last,
            },
            auto_advance: file.reading.auto_advance.unwrap_or(design == Design::Verify),
            dwell_ms: file.reading.dwell_ms.unwrap_or(150),
            show_sex_age: file.blinding.show_sex_age,
        },
        publish_ids: file.protocol.publish_ids,
        source: text.to_owned(),
    })
}

fn rules(checker: &Checker<'_>, rows: &[RuleRow]) -> Result<Vec<Rule>, ProtocolError> {
    if rows.is_empty() || 3 < rows.len() {
        return Err(checker.error(0, "a protocol has one, two or three [[rule]] tables"));
    }
    let mut names = BTreeSet::new();
    rows.iter()
        .zip(1_u8..)
        .map(|(row, threshold)| {
            if !names.insert(row.name.get_ref().clone()) {
                return Err(checker.at(&row.name, "two rules have one name"));
            }
            Ok(Rule {
                name: row.name.get_ref().clone(),
                threshold: Level(threshold),
                short: row.short.clone(),
                text: row.text.clone(),
            })
        })
        .collect()
}

fn levels(
    checker: &Checker<'_>,
    stated: Option<Vec<String>>,
    rules: &[Rule],
) -> Result<Vec<String>, ProtocolError> {
    let defaults: &[&str] = match rules.len() {
        1 => &["absent", "reportable"],
        2 => &["absent", "plausible", "reportable"],
        _ => &["absent", "plausible", "probable", "reportable"],
    };
    let levels = stated.unwrap_or_else(|| defaults.iter().map(|&l| l.to_owned()).collect());
    if levels.len() != rules.len() + 1 {
        let message = format!("{} rules need {} levels", rules.len(), rules.len() + 1);
        return Err(checker.error(0, message));
    }
    Ok(levels)
}

fn findings(
    checker: &Checker<'_>,
    rows: &[FindingRow],
    taken: &mut BTreeMap<char, String>,
) -> Result<Vec<Finding>, ProtocolError> {
    if rows.is_empty() || MAX_FINDINGS < rows.len() {
        return Err(checker.error(0, format!("a protocol has 1 to {MAX_FINDINGS} findings")));
    }
    let mut ids = BTreeSet::new();
    for row in rows {
        if !ids.insert(row.id.get_ref().as_str()) {
            return Err(checker.at(&row.id, "two findings have one id"));
        }
    }
    rows.iter()
        .map(|row| {
            if let Some(part) =
                row.any_of.iter().find(|part| !ids.contains(part.get_ref().as_str()))
            {
                return Err(checker.at(part, "no finding has this id"));
            }
            let id = row.id.get_ref().clone();
            let name = row.name.clone().unwrap_or_else(|| id.replace('_', " "));
            let key = match &row.key {
                Some(key) => Some(checker.key(key, &name, taken, &BTreeSet::new())?),
                None => None,
            };
            Ok(Finding {
                question: row.question.clone().unwrap_or_else(|| format!("{name}?")),
                label: row.label.clone(),
                polarity: match row.polarity {
                    PolarityWord::Presence => Polarity::Presence,
                    PolarityWord::Absence => Polarity::Absence,
                },
                any_of: row.any_of.iter().map(|part| part.get_ref().clone()).collect(),
                key,
                practice: row.practice,
                id,
                name,
            })
        })
        .collect()
}

fn tags(
    checker: &Checker<'_>,
    rows: &[TagRow],
    findings: &[Finding],
    finding_keys: &BTreeMap<char, String>,
) -> Result<Vec<Tag>, ProtocolError> {
    let mut ids = BTreeSet::new();
    let known: BTreeSet<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    // A key may serve two tags that are never on screen together.
    let mut taken_by_finding: BTreeMap<&str, BTreeMap<char, String>> =
        known.iter().map(|id| (*id, finding_keys.clone())).collect();
    // A letter that is offered as free must be free wherever the tag is.
    let used: BTreeSet<char> = rows
        .iter()
        .filter_map(|row| row.key.get_ref().chars().next())
        .map(|key| key.to_ascii_uppercase())
        .collect();
    let mut tags = Vec::new();
    for row in rows {
        if !ids.insert(row.id.get_ref().as_str()) {
            return Err(checker.at(&row.id, "two tags have one id"));
        }
        if let Some(unknown) = row.findings.iter().find(|id| !known.contains(id.get_ref().as_str()))
        {
            return Err(checker.at(unknown, "no finding has this id"));
        }
        let mut key = ' ';
        for (finding, taken) in &mut taken_by_finding {
            if row.findings.is_empty() || row.findings.iter().any(|id| id.get_ref() == finding) {
                key = checker.key(&row.key, &row.name, taken, &used)?;
            }
        }
        tags.push(Tag {
            id: row.id.get_ref().clone(),
            name: row.name.clone(),
            key,
            findings: row.findings.iter().map(|id| id.get_ref().clone()).collect(),
        });
    }
    Ok(tags)
}

fn sampling(row: &SamplingRow) -> Sampling {
    Sampling {
        size: *row.size.get_ref(),
        controls: row.controls,
        explore: row.explore,
        per_patient: match row.per_patient {
            PerPatientWord::Any => PerPatient::Any,
            PerPatientWord::One => PerPatient::One,
            PerPatientWord::Spaced => PerPatient::Spaced,
        },
        gap: row.gap,
        frame: match row.frame {
            FrameWord::Available => Frame::Available,
            FrameWord::All => Frame::All,
        },
    }
}

fn release(
    checker: &Checker<'_>,
    row: &BlindingRow,
    design: Design,
) -> Result<Release, ProtocolError> {
    const LEAST_BLOCK: u32 = 10;
    if let Some(block) = &row.block
        && *block.get_ref() < LEAST_BLOCK
    {
        let message = format!("a block has at least {LEAST_BLOCK} reads: fewer give labels away");
        return Err(checker.at(block, message));
    }
    let block = row.block.as_ref().map_or(LEAST_BLOCK, |block| *block.get_ref());
    Ok(match row.release {
        Some(ReleaseWord::Sealed) => Release::Sealed,
        Some(ReleaseWord::Open) => Release::Open,
        None if design == Design::Panel => Release::Sealed,
        Some(ReleaseWord::Blocks) | None => Release::Blocks(block),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_protocol_loads() {
        for name in builtin_names() {
            let protocol = parse(builtin(name).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(protocol.name, name);
        }
    }

    fn with_tag(key: &str) -> Result<Protocol, ProtocolError> {
        let text = builtin("cxr14-verify").unwrap();
        parse(&format!("{text}\n[[tag]]\nid = \"extra\"\nname = \"Extra\"\nkey = \"{key}\"\n"))
    }

    #[test]
    fn a_clashing_key_is_an_error_that_names_a_free_one() {
        let reserved = with_tag("U").unwrap_err();
        assert!(reserved.message.contains("reading room"), "{reserved}");
        let twice = with_tag("Q").unwrap_err();
        assert!(twice.message.contains("already taken"), "{twice}");
        assert!(twice.message.contains("is free"), "{twice}");
        assert!(twice.line > 10, "the line is that of the key: {twice}");
        assert!(with_tag("V").is_ok());
    }

    #[test]
    fn an_unknown_word_is_refused_with_its_line() {
        let text =
            builtin("cxr14-verify").unwrap().replace("design = \"verify\"", "design = \"guess\"");
        let error = parse(&text).unwrap_err();
        assert!(error.message.contains("verify"), "allowed words are listed: {error}");
        assert!(1 < error.line);
    }
}
