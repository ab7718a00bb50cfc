//! Protocol TOML to [`Protocol`], with errors that name the line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::check::{Checker, nearest};
use super::{
    Allocation, Apart, Assignment, Back, Design, Finding, Frame, Gold, Panel, PerPatient, Polarity,
    Protocol, Reading, Reference, Release, Rule, Sampling, Share, StratumKey, Tag,
};
use crate::answer::Level;
use crate::dataset::MAX_FINDINGS;

/// More than any study is drawn from.
const MOST_STUDIES: u32 = 1_000_000;
/// Longer than any protocol.
const MOST_BYTES: usize = 1 << 20;

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
    levels: Option<Spanned<Vec<Spanned<String>>>>,
    rule: Spanned<Vec<RuleRow>>,
    finding: Spanned<Vec<FindingRow>>,
    #[serde(default)]
    tag: Vec<TagRow>,
    sampling: SamplingRow,
    #[serde(default)]
    panel: PanelRow,
    #[serde(default)]
    blinding: BlindingRow,
    #[serde(default)]
    reading: ReadingRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: Spanned<String>,
    version: Spanned<u32>,
    title: Spanned<String>,
    design: DesignWord,
    #[serde(default)]
    publish_ids: bool,
    #[serde(default)]
    keep_patient_ids: bool,
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
    short: Spanned<String>,
    text: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingRow {
    id: Spanned<String>,
    name: Option<Spanned<String>>,
    question: Option<Spanned<String>>,
    label: Option<Spanned<String>>,
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
    name: Spanned<String>,
    key: Spanned<String>,
    #[serde(default)]
    findings: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplingRow {
    size: Spanned<u32>,
    controls: Option<Spanned<u32>>,
    explore: Option<Spanned<u32>>,
    practice: Option<Spanned<u32>>,
    explore_apart: Option<ApartWord>,
    stratify: Option<Vec<Spanned<String>>>,
    allocation: Option<Spanned<AllocationWord>>,
    expected: Option<Spanned<BTreeMap<String, Spanned<f64>>>>,
    repeats: Option<Spanned<u32>>,
    repeat_gap: Option<Spanned<u32>>,
    per_patient: Option<Spanned<PerPatientWord>>,
    gap: Option<Spanned<u32>>,
    frame: Option<FrameWord>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ApartWord {
    Study,
    Patient,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AllocationWord {
    Proportional,
    Equal,
    Neyman,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
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
struct PanelRow {
    assignment: Option<AssignmentWord>,
    overlap: Option<Spanned<f64>>,
    gold: Option<Spanned<toml::Value>>,
    reference: Option<ReferenceWord>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AssignmentWord {
    All,
    Split,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReferenceWord {
    Majority,
    Adjudicated,
    LatentClass,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlindingRow {
    release: Option<ReleaseWord>,
    block: Option<Spanned<u32>>,
    #[serde(default)]
    show_sex_age: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
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
    dwell_ms: Option<Spanned<u32>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BackWord {
    Never,
    Last,
    Any,
}

pub(super) fn parse(text: &str) -> Result<Protocol, ProtocolError> {
    let checker = Checker { text };
    if MOST_BYTES < text.len() {
        return Err(checker.error(0, "the file is longer than 1 MiB; no protocol is"));
    }
    let file: File = toml::from_str(text).map_err(|error| checker.reader_error(&error))?;
    let design = match file.protocol.design {
        DesignWord::Verify => Design::Verify,
        DesignWord::Relabel => Design::Relabel,
        DesignWord::Panel => Design::Panel,
    };
    let rules = rules(&checker, &file.rule)?;
    let levels = levels(&checker, file.levels.as_ref(), &rules)?;
    let mut taken = BTreeMap::new();
    let findings = findings(&checker, &file.finding, design, &mut taken)?;
    let tags = tags(&checker, &file.tag, &findings, &taken)?;
    Ok(Protocol {
        name: checker.id(&file.protocol.name)?,
        version: checker.within(&file.protocol.version, "the version", 1, u32::MAX)?,
        title: checker.line(&file.protocol.title, "the title")?,
        design,
        levels,
        rules,
        findings,
        tags,
        sampling: sampling(&checker, &file.sampling, design)?,
        panel: panel(&checker, &file.panel)?,
        release: release(&checker, &file.blinding, design)?,
        reading: reading(&checker, &file.reading, file.blinding.show_sex_age, design)?,
        publish_ids: file.protocol.publish_ids,
        keep_patient_ids: file.protocol.keep_patient_ids,
        source: text.to_owned(),
    })
}

fn reading(
    checker: &Checker<'_>,
    row: &ReadingRow,
    show_sex_age: bool,
    design: Design,
) -> Result<Reading, ProtocolError> {
    const LONGEST_DWELL: u32 = 10_000;
    let dwell = row.dwell_ms.as_ref();
    let dwell = dwell.map(|ms| checker.within(ms, "dwell_ms", 0, LONGEST_DWELL)).transpose()?;
    Ok(Reading {
        back: match row.back {
            Some(BackWord::Never) => Back::Never,
            Some(BackWord::Any) => Back::Any,
            Some(BackWord::Last) | None => Back::Last,
        },
        auto_advance: row.auto_advance.unwrap_or(design == Design::Verify),
        dwell_ms: dwell.unwrap_or(150),
        show_sex_age,
    })
}

fn rules(checker: &Checker<'_>, rows: &Spanned<Vec<RuleRow>>) -> Result<Vec<Rule>, ProtocolError> {
    if rows.get_ref().is_empty() || 3 < rows.get_ref().len() {
        return Err(checker.at(rows, "a protocol has one, two or three [[rule]] tables"));
    }
    let mut names = BTreeSet::new();
    rows.get_ref()
        .iter()
        .zip(1_u8..)
        .map(|(row, threshold)| {
            if !names.insert(row.name.get_ref().clone()) {
                let message = format!("two rules have the name `{}`", row.name.get_ref());
                return Err(checker.at(&row.name, message));
            }
            Ok(Rule {
                name: checker.id(&row.name)?,
                threshold: Level(threshold),
                short: checker.line(&row.short, "`short`")?,
                text: checker.wording(&row.text)?,
            })
        })
        .collect()
}

fn levels(
    checker: &Checker<'_>,
    stated: Option<&Spanned<Vec<Spanned<String>>>>,
    rules: &[Rule],
) -> Result<Vec<String>, ProtocolError> {
    let Some(stated) = stated else {
        let defaults: &[&str] = match rules.len() {
            1 => &["absent", "reportable"],
            2 => &["absent", "plausible", "reportable"],
            _ => &["absent", "plausible", "probable", "reportable"],
        };
        return Ok(defaults.iter().map(|&level| level.to_owned()).collect());
    };
    if stated.get_ref().len() != rules.len() + 1 {
        let message = format!(
            "{} rules need {} levels, lowest first; {} stand here",
            rules.len(),
            rules.len() + 1,
            stated.get_ref().len()
        );
        return Err(checker.at(stated, message));
    }
    let mut seen = BTreeSet::new();
    stated
        .get_ref()
        .iter()
        .map(|level| {
            let name = checker.line(level, "a level")?;
            if !seen.insert(name.clone()) {
                return Err(checker.at(level, format!("two levels have the name `{name}`")));
            }
            Ok(name)
        })
        .collect()
}

fn findings(
    checker: &Checker<'_>,
    spanned: &Spanned<Vec<FindingRow>>,
    design: Design,
    taken: &mut BTreeMap<char, String>,
) -> Result<Vec<Finding>, ProtocolError> {
    let rows = spanned.get_ref();
    if rows.is_empty() || MAX_FINDINGS < rows.len() {
        return Err(checker.at(spanned, format!("a protocol has 1 to {MAX_FINDINGS} findings")));
    }
    let mut ids = BTreeSet::new();
    for row in rows {
        if !ids.insert(checker.id(&row.id)?) {
            let message = format!("two findings have the id `{}`", row.id.get_ref());
            return Err(checker.at(&row.id, message));
        }
    }
    for row in rows {
        check_parts(checker, row, rows)?;
    }
    let list: Vec<Finding> =
        rows.iter().map(|row| finding(checker, row, design, taken)).collect::<Result<_, _>>()?;
    if list.iter().all(|finding| !finding.asked || finding.practice) {
        let message = "no finding is asked: each of them follows from others or is for practice";
        return Err(checker.at(spanned, message));
    }
    Ok(list)
}

/// Parts of a composite are plain findings of the same protocol.
fn check_parts(
    checker: &Checker<'_>,
    row: &FindingRow,
    rows: &[FindingRow],
) -> Result<(), ProtocolError> {
    let mut seen = BTreeSet::new();
    for part in &row.any_of {
        let id = part.get_ref();
        let Some(found) = rows.iter().find(|other| other.id.get_ref() == id) else {
            let known = rows.iter().map(|other| other.id.get_ref().as_str());
            return Err(checker.unknown_finding(part, known));
        };
        if !seen.insert(id) {
            return Err(checker.at(part, format!("`{id}` stands here twice")));
        }
        if !found.any_of.is_empty() {
            let message = format!("`{id}` is made of others itself; name its parts instead");
            return Err(checker.at(part, message));
        }
        if found.practice != row.practice || matches!(found.polarity, PolarityWord::Absence) {
            let message = format!(
                "`{id}` cannot be a part: parts have the polarity `presence` and are for practice only where the whole is"
            );
            return Err(checker.at(part, message));
        }
    }
    if !row.any_of.is_empty() && matches!(row.polarity, PolarityWord::Absence) {
        return Err(checker.at(&row.id, "a finding made of others has the polarity `presence`"));
    }
    Ok(())
}

fn finding(
    checker: &Checker<'_>,
    row: &FindingRow,
    design: Design,
    taken: &mut BTreeMap<char, String>,
) -> Result<Finding, ProtocolError> {
    let id = checker.id(&row.id)?;
    let name = match &row.name {
        Some(name) => checker.line(name, "a name")?,
        None => id.replace('_', " "),
    };
    let key = match &row.key {
        Some(key) => Some(checker.key(key, &name, taken, &BTreeSet::new())?),
        None => None,
    };
    let question =
        row.question.as_ref().map(|text| checker.line(text, "a question")).transpose()?;
    let label = row.label.as_ref().map(|text| checker.line(text, "a label")).transpose()?;
    let asked = row.any_of.is_empty() || (design == Design::Verify && question.is_some());
    Ok(Finding {
        question: question.unwrap_or_else(|| format!("{name}?")),
        label,
        polarity: match row.polarity {
            PolarityWord::Presence => Polarity::Presence,
            PolarityWord::Absence => Polarity::Absence,
        },
        any_of: row.any_of.iter().map(|part| part.get_ref().clone()).collect(),
        asked,
        key,
        practice: row.practice,
        id,
        name,
    })
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
        let id = checker.id(&row.id)?;
        let name = checker.line(&row.name, "a name")?;
        if !ids.insert(id.clone()) {
            return Err(checker.at(&row.id, format!("two tags have the id `{id}`")));
        }
        if let Some(unknown) = row.findings.iter().find(|id| !known.contains(id.get_ref().as_str()))
        {
            return Err(checker.unknown_finding(unknown, known.iter().copied()));
        }
        let mut key = ' ';
        for (finding, taken) in &mut taken_by_finding {
            if row.findings.is_empty() || row.findings.iter().any(|id| id.get_ref() == finding) {
                key = checker.key(&row.key, &name, taken, &used)?;
            }
        }
        let findings = row.findings.iter().map(|id| id.get_ref().clone()).collect();
        tags.push(Tag { id, name, key, findings });
    }
    Ok(tags)
}

fn sampling(
    checker: &Checker<'_>,
    row: &SamplingRow,
    design: Design,
) -> Result<Sampling, ProtocolError> {
    let count = |value: &Option<Spanned<u32>>, what: &str, usual: u32| match value {
        Some(value) => checker.within(value, what, 0, MOST_STUDIES),
        None => Ok(usual),
    };
    let size = checker.within(&row.size, "size", 1, MOST_STUDIES)?;
    let controls = count(&row.controls, "controls", 0)?;
    let repeats = count(&row.repeats, "repeats", 0)?;
    let practice = count(&row.practice, "practice", 0)?;
    if let Some(value) = row.practice.as_ref().filter(|_| 0 < practice && design == Design::Verify)
    {
        let message = "in `verify` a deck is for practice as a whole: give its finding `practice = true`; the number of studies belongs to `relabel` and `panel`";
        return Err(checker.at(value, message));
    }
    let gap = count(&row.gap, "gap", 20)?;
    if let Some(value) = row.controls.as_ref().filter(|_| 0 < controls && design != Design::Verify)
    {
        let message =
            "controls belong to the design `verify`: other designs draw without looking at labels";
        return Err(checker.at(value, message));
    }
    if let Some(value) = row.repeats.as_ref().filter(|_| size.saturating_add(controls) < repeats) {
        return Err(checker.at(value, "no more studies can be repeated than a deck holds"));
    }
    let stratify = stratify(checker, row, design)?;
    let allocation = match row.allocation.as_ref().map(Spanned::get_ref) {
        Some(AllocationWord::Equal) => Allocation::Equal,
        Some(AllocationWord::Neyman) => Allocation::Neyman,
        Some(AllocationWord::Proportional) | None => Allocation::Proportional,
    };
    let expected = expected(checker, row, design, allocation)?;
    if let Some(word) = &row.allocation {
        check_allocation(checker, word, row, design, allocation, controls)?;
    }
    Ok(Sampling {
        size,
        controls,
        explore: count(&row.explore, "explore", 0)?,
        practice,
        explore_apart: match row.explore_apart {
            Some(ApartWord::Patient) => Apart::Patient,
            Some(ApartWord::Study) | None => Apart::Study,
        },
        stratify,
        allocation,
        expected,
        repeats,
        repeat_gap: count(&row.repeat_gap, "repeat_gap", gap)?,
        per_patient: match row.per_patient.as_ref().map(Spanned::get_ref) {
            Some(PerPatientWord::One) => PerPatient::One,
            Some(PerPatientWord::Spaced) => PerPatient::Spaced,
            Some(PerPatientWord::Any) | None => PerPatient::Any,
        },
        gap,
        frame: match row.frame {
            Some(FrameWord::All) => Frame::All,
            Some(FrameWord::Available) | None => Frame::Available,
        },
    })
}

fn stratify(
    checker: &Checker<'_>,
    row: &SamplingRow,
    design: Design,
) -> Result<Vec<StratumKey>, ProtocolError> {
    const WORDS: [&str; 7] = ["region", "view", "sex", "age", "split", "grey_levels", "label:NAME"];
    let Some(words) = &row.stratify else { return Ok(Vec::new()) };
    let mut keys = Vec::new();
    for word in words {
        let key = match word.get_ref().as_str() {
            "region" => StratumKey::Region,
            "view" => StratumKey::View,
            "sex" => StratumKey::Sex,
            "age" => StratumKey::Age,
            "split" => StratumKey::Split,
            "grey_levels" => StratumKey::GreyLevels,
            other => match other.strip_prefix("label:").map(str::trim) {
                Some(label) if !label.is_empty() => StratumKey::Label(label.to_owned()),
                _ => {
                    let hint = nearest(other, WORDS.into_iter())
                        .map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
                    let allowed = WORDS.join("`, `");
                    let message =
                        format!("unknown word `{other}`, expected one of `{allowed}`{hint}");
                    return Err(checker.at(word, message));
                }
            },
        };
        if keys.contains(&key) {
            return Err(checker.at(word, format!("`{}` stands here twice", word.get_ref())));
        }
        if design == Design::Verify {
            let message = "the decks of `verify` are drawn by label; `stratify` belongs to `relabel` and `panel`";
            return Err(checker.at(word, message));
        }
        keys.push(key);
    }
    if let (Some(value), false) = (&row.per_patient, keys.is_empty())
        && *value.get_ref() == PerPatientWord::One
    {
        let message = "a patient may stand in several strata: `per_patient = \"one\"` and `stratify` exclude each other";
        return Err(checker.at(value, message));
    }
    Ok(keys)
}

fn expected(
    checker: &Checker<'_>,
    row: &SamplingRow,
    design: Design,
    allocation: Allocation,
) -> Result<BTreeMap<String, Share>, ProtocolError> {
    let Some(table) = &row.expected else { return Ok(BTreeMap::new()) };
    if allocation != Allocation::Neyman {
        let message = "`expected` is for `allocation = \"neyman\"` only";
        return Err(checker.at(table, message));
    }
    let mut shares = BTreeMap::new();
    for (name, value) in table.get_ref() {
        if design == Design::Verify && !["positive", "negative"].contains(&name.as_str()) {
            let message = format!(
                "`{name}` is no arm of a deck; expected `positive` or `negative`, the label of the studies"
            );
            return Err(checker.at(value, message));
        }
        shares.insert(name.clone(), checker.share(value, "an expected share")?);
    }
    Ok(shares)
}

fn check_allocation(
    checker: &Checker<'_>,
    word: &Spanned<AllocationWord>,
    row: &SamplingRow,
    design: Design,
    allocation: Allocation,
    controls: u32,
) -> Result<(), ProtocolError> {
    if design == Design::Verify {
        if allocation != Allocation::Neyman {
            let message = "in `verify` only `neyman` can be asked for: `size` then is the whole deck, divided among label-positives and controls";
            return Err(checker.at(word, message));
        }
        if 0 < controls {
            let message = "`controls` and `allocation = \"neyman\"` exclude each other: the number of controls follows from `expected`";
            return Err(checker.at(word, message));
        }
        let named = |name: &str| {
            row.expected.as_ref().is_some_and(|table| table.get_ref().contains_key(name))
        };
        if !named("positive") || !named("negative") {
            let message = "`neyman` in `verify` needs `expected = { positive = P, negative = Q }`: the shares of label-positives and of label-negatives in which the finding is expected";
            return Err(checker.at(word, message));
        }
    } else if row.stratify.as_ref().is_none_or(Vec::is_empty) {
        return Err(checker.at(word, "an allocation needs strata: name them with `stratify`"));
    }
    Ok(())
}

fn panel(checker: &Checker<'_>, row: &PanelRow) -> Result<Panel, ProtocolError> {
    let split = row.assignment == Some(AssignmentWord::Split);
    if let Some(overlap) = row.overlap.as_ref().filter(|_| !split) {
        return Err(checker.at(overlap, "`overlap` belongs to `assignment = \"split\"`"));
    }
    let overlap = row.overlap.as_ref().map(|share| checker.share(share, "overlap")).transpose()?;
    Ok(Panel {
        assignment: if split {
            Assignment::Split { overlap: overlap.unwrap_or(Share(0)) }
        } else {
            Assignment::All
        },
        gold: match &row.gold {
            Some(value) => gold(checker, value)?,
            None => Gold::All,
        },
        reference: match row.reference {
            Some(ReferenceWord::Majority) => Reference::Majority,
            Some(ReferenceWord::LatentClass) => Reference::LatentClass,
            Some(ReferenceWord::Adjudicated) | None => Reference::Adjudicated,
        },
    })
}

/// Names of readers, or how many are to be drawn. Their number is odd, so that they have a majority.
fn gold(checker: &Checker<'_>, value: &Spanned<toml::Value>) -> Result<Gold, ProtocolError> {
    const SHAPE: &str =
        "expected an odd number of readers, `[\"R1\", \"R2\", \"R3\"]`, or `{ draw = 3 }`";
    let wrong = |why: &str| Err(checker.at(value, format!("{why}; {SHAPE}")));
    match value.get_ref() {
        toml::Value::Array(names) => {
            let mut readers = Vec::new();
            for name in names {
                let Some(name) = name.as_str() else { return wrong("a gold panel names readers") };
                if readers.iter().any(|other| other == name) {
                    return wrong(&format!("`{name}` stands here twice"));
                }
                readers.push(name.to_owned());
            }
            if readers.len() % 2 == 0 {
                return wrong("an even number of readers can tie");
            }
            Ok(Gold::Named(readers))
        }
        toml::Value::Table(table) => {
            if let Some(other) = table.keys().find(|key| *key != "draw") {
                return wrong(&format!("unknown key `{other}`"));
            }
            let drawn = table.get("draw").and_then(toml::Value::as_integer);
            match drawn.and_then(|n| u32::try_from(n).ok()) {
                Some(n) if n % 2 == 1 && n < 100 => Ok(Gold::Draw(n)),
                _ => wrong("`draw` is an odd number below 100"),
            }
        }
        _ => wrong("this is no gold panel"),
    }
}

fn release(
    checker: &Checker<'_>,
    row: &BlindingRow,
    design: Design,
) -> Result<Release, ProtocolError> {
    const LEAST_BLOCK: u32 = 10;
    if let Some(block) = &row.block {
        if *block.get_ref() < LEAST_BLOCK {
            let message =
                format!("a block has at least {LEAST_BLOCK} reads: fewer give labels away");
            return Err(checker.at(block, message));
        }
        let blocks = match row.release {
            Some(word) => word == ReleaseWord::Blocks,
            None => design != Design::Panel,
        };
        if !blocks {
            return Err(checker.at(block, "`block` belongs to `release = \"blocks\"`"));
        }
    }
    let block = row.block.as_ref().map_or(LEAST_BLOCK, |block| *block.get_ref());
    Ok(match row.release {
        Some(ReleaseWord::Sealed) => Release::Sealed,
        Some(ReleaseWord::Open) => Release::Open,
        None if design == Design::Panel => Release::Sealed,
        Some(ReleaseWord::Blocks) | None => Release::Blocks(block),
    })
}
