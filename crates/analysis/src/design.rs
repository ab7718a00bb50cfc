//! What was asked, of whom, of which studies, and what the readers could know.

use overread_core::ReaderRecord;
use overread_core::protocol::{Gold, PerPatient, Polarity, Reference, Release};
use overread_core::sampling::Shortfall;
use serde::Serialize;

use crate::gather::Gathered;
use crate::ground::Ground;
use crate::input::Options;
use crate::latent::LEAST_READERS;

/// A rule as worded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleText {
    /// Its name.
    pub name: String,
    /// Name of the least level that is positive.
    pub at_least: String,
    /// In a few words.
    pub short: String,
    /// The full wording.
    pub text: String,
}

/// A finding as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskedFinding {
    /// Stable id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The question.
    pub question: String,
    /// The dataset's label.
    pub label: Option<String>,
    /// Whether `positive` means normal.
    pub absence: bool,
    /// Parts of a composite.
    pub any_of: Vec<String>,
}

/// A tag on offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagText {
    /// Stable id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// One deck.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeckDesign {
    /// Its opaque id.
    pub id: String,
    /// The finding that is asked; `None` asks all.
    pub finding: Option<String>,
    /// Name of the finding.
    pub name: Option<String>,
    /// How many the protocol asks for.
    pub planned: u64,
    /// Studies in it.
    pub studies: u64,
    /// Label-positive studies.
    pub label_positive: u64,
    /// Label-negative studies mixed in.
    pub controls: u64,
    /// Frame of the label-positive arm, or of the whole deck where labels were not looked at.
    pub frame: u64,
    /// Frame of the controls.
    pub control_frame: u64,
    /// Whether the reader can tell each study's label from the question.
    pub label_known: bool,
}

/// Who read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReaderRow {
    /// Pseudonym.
    pub name: String,
    /// Role.
    pub role: String,
    /// Years of experience, if stated.
    pub experience_years: Option<u32>,
    /// Items on the worklist.
    pub items: u64,
    /// Settled reads.
    pub read: u64,
    /// Where the reads come from, where they were not made with this program.
    pub elsewhere: Option<Elsewhere>,
}

/// A table of reads that were made elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// File name without folders.
    pub file: String,
    /// Lower-case hexadecimal SHA-256 of its bytes.
    pub sha256: String,
    /// Whether the lead declared that the reader did not know the labels; that is all that is known of it.
    pub declared_blinded: bool,
}

/// How the studies were drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SamplingDesign {
    /// Whether nothing was drawn here: the studies are those that were read elsewhere.
    pub elsewhere: bool,
    /// The seed, as text; `None` where nothing was drawn.
    pub seed: Option<String>,
    /// Whether only studies with images could be drawn.
    pub limited_to_available: bool,
    /// Studies in the frame.
    pub frame_studies: u64,
    /// `any`, `one` or `spaced`.
    pub per_patient: &'static str,
    /// Least distance of two items of one study (or patient).
    pub gap: u32,
    /// Studies per class for exploration.
    pub explore: u32,
    /// Why studies stand for different numbers of the dataset, where they do; `None` where probabilities are equal.
    pub unequal: Option<String>,
    /// What could not be drawn as planned.
    pub shortfall: Vec<Shortfall>,
}

/// The design section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DesignSection {
    /// `verify`, `relabel` or `panel`.
    pub design: &'static str,
    /// Short name of the protocol.
    pub protocol: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its text.
    pub hash: String,
    /// Its title.
    pub title: String,
    /// Names of the levels, lowest first.
    pub levels: Vec<String>,
    /// The rules.
    pub rules: Vec<RuleText>,
    /// The findings.
    pub findings: Vec<AskedFinding>,
    /// The tags.
    pub tags: Vec<TagText>,
    /// The sampling.
    pub sampling: SamplingDesign,
    /// The decks.
    pub decks: Vec<DeckDesign>,
    /// The readers.
    pub readers: Vec<ReaderRow>,
    /// Those who decide where readers differ, with the items given to them for that.
    pub adjudicators: Vec<ReaderRow>,
    /// What counts as truth: `reader R1`, `majority of 3 readers`.
    pub reference: String,
    /// Whether latent classes of the answers are taken for the truth, in place of majority and adjudication.
    pub latent_reference: bool,
    /// The readers of the declared gold panel, whose majority that is; empty where all have a vote.
    pub gold: Vec<String>,
    /// Whether the reader saw sex and age.
    pub sex_and_age_shown: bool,
}

/// A release of figures to a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Released {
    /// Pseudonym.
    pub reader: String,
    /// Index of the deck.
    pub deck: u32,
    /// After so many settled reads of it.
    pub reads: u64,
}

/// What the readers could know of the labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseSection {
    /// `sealed`, `blocks` or `open`.
    pub policy: &'static str,
    /// Reads per block, where the policy is blocks.
    pub block: Option<u32>,
    /// Decks in which the question gives the label away.
    pub label_known_decks: u64,
    /// Decks in all.
    pub decks: u64,
    /// What was released to whom, last release of each deck.
    pub released: Vec<Released>,
    /// Reads made after label-dependent figures of their deck had been shown.
    pub reads_after_release: u64,
}

/// Describes the design.
pub(crate) fn design(
    input: &Ground<'_>,
    gathered: &Gathered<'_>,
    (adjudicated, unequal): (usize, Option<&str>),
) -> DesignSection {
    let protocol = input.protocol;
    let count = |n: usize| n as u64;
    DesignSection {
        design: protocol.design.word(),
        protocol: protocol.name.clone(),
        version: protocol.version,
        hash: protocol.hash(),
        title: protocol.title.clone(),
        levels: protocol.levels.clone(),
        rules: protocol
            .rules
            .iter()
            .map(|rule| RuleText {
                name: rule.name.clone(),
                at_least: protocol.level_name(rule.threshold),
                short: rule.short.clone(),
                text: rule.text.clone(),
            })
            .collect(),
        findings: protocol
            .findings
            .iter()
            .map(|f| AskedFinding {
                id: f.id.clone(),
                name: f.name.clone(),
                question: f.question.clone(),
                label: f.label.clone(),
                absence: f.polarity == Polarity::Absence,
                any_of: f.any_of.clone(),
            })
            .collect(),
        tags: protocol
            .tags
            .iter()
            .map(|tag| TagText { id: tag.id.clone(), name: tag.name.clone() })
            .collect(),
        sampling: sampling(input, unequal),
        decks: input
            .sample
            .map_or_else(Vec::new, |s| s.decks.iter().map(|d| deck(input, d)).collect()),
        readers: gathered
            .readers
            .iter()
            .zip(&gathered.read)
            .enumerate()
            .map(|(index, (reader, read))| ReaderRow {
                name: reader.name.clone(),
                role: reader.role.clone(),
                experience_years: reader.experience_years,
                items: count(gathered.items().filter(|i| i.reader == index).count()),
                read: count(read.len()),
                elsewhere: reader.source.as_ref().map(|source| Elsewhere {
                    file: source.name.clone(),
                    sha256: source.sha256.clone(),
                    declared_blinded: source.declared_blinded,
                }),
            })
            .collect(),
        adjudicators: gathered.adjudicators.clone(),
        reference: reference(input, &gathered.readers, adjudicated),
        latent_reference: latent(input, &gathered.readers),
        gold: gold(&gathered.readers, input.gold),
        sex_and_age_shown: protocol.reading.show_sex_age,
    }
}

/// Who decides, and how often readers of one study did not.
fn reference(ground: &Ground<'_>, readers: &[&ReaderRecord], adjudicated: usize) -> String {
    let panel = gold(readers, ground.gold);
    if latent(ground, readers) {
        let who = if panel.is_empty() {
            format!("the {} readers", readers.len())
        } else {
            format!("the gold panel {}", panel.join(", "))
        };
        return format!(
            "the latent classes of Dawid and Skene from the answers of {who}, in each deck that at least {LEAST_READERS} of them read, else their majority; studies on which both classes are equally probable are left out"
        );
    }
    let all = readers.len();
    let readers = match readers {
        [_, _, ..] if !panel.is_empty() => of_panel(&panel, readers.len()),
        [] => return "no reader yet".to_owned(),
        [one] => format!("reader {}", one.name),
        [_, _] => {
            "the answer on which the 2 readers agree, or the only one where the other was unsure, \
             found the pixels inadequate or did not read; where they differ the study is left out"
                .to_owned()
        }
        many => format!(
            "majority of the {} readers, of those who gave an answer; ties are left out",
            many.len()
        ),
    };
    let decided = match adjudicated {
        0 => readers,
        1 => format!("the adjudicator in 1 question on a study, else {readers}"),
        n => format!("the adjudicator in {n} questions on studies, else {readers}"),
    };
    format!("{decided}{}", not_as_asked(ground, &panel, all))
}

/// What the protocol asks of the reference and these readers cannot give.
fn not_as_asked(ground: &Ground<'_>, panel: &[String], readers: usize) -> String {
    if readers < 2 {
        return String::new();
    }
    if ground.protocol.panel.reference == Reference::LatentClass {
        return format!(
            "; the protocol asks for latent classes, which need at least {LEAST_READERS} readers with a vote"
        );
    }
    match ground.protocol.panel.gold {
        Gold::Draw(count) if panel.is_empty() => format!(
            "; the protocol asks for a gold panel of {count} readers drawn with the sample, and nothing was drawn here: all have a vote"
        ),
        _ => String::new(),
    }
}

/// Whether latent classes are the reference: the protocol asks for them and enough readers have a vote.
fn latent(ground: &Ground<'_>, readers: &[&ReaderRecord]) -> bool {
    let panel = gold(readers, ground.gold);
    let voting = readers.iter().filter(|r| panel.is_empty() || panel.contains(&r.name)).count();
    ground.protocol.panel.reference == Reference::LatentClass && LEAST_READERS <= voting
}

/// The gold panel; nobody where one reader reads alone, who then is the reference.
fn gold(readers: &[&ReaderRecord], declared: &[String]) -> Vec<String> {
    if readers.len() < 2 { Vec::new() } else { declared.to_vec() }
}

fn of_panel(panel: &[String], readers: usize) -> String {
    match panel {
        [one] => format!(
            "reader {one}, who is the gold panel; the other {} have no vote in it",
            readers - 1
        ),
        many => format!(
            "majority of the gold panel {} ({} of {readers} readers), of those of them who gave an answer; ties are left out",
            many.join(", "),
            many.len()
        ),
    }
}

fn sampling(input: &Ground<'_>, unequal: Option<&str>) -> SamplingDesign {
    let plan = &input.protocol.sampling;
    SamplingDesign {
        elsewhere: input.sample.is_some_and(|s| s.elsewhere),
        seed: input.sample.filter(|s| !s.elsewhere).map(|s| s.seed.to_string()),
        limited_to_available: input.sample.is_some_and(|s| s.limited_to_available),
        frame_studies: input.sample.map_or(0, |s| u64::from(s.frame_studies)),
        per_patient: match plan.per_patient {
            PerPatient::Any => "any",
            PerPatient::One => "one",
            PerPatient::Spaced => "spaced",
        },
        gap: plan.gap,
        explore: plan.explore,
        unequal: unequal.map(str::to_owned),
        shortfall: input.sample.map_or_else(Vec::new, |s| s.shortfall.clone()),
    }
}

fn deck(input: &Ground<'_>, deck: &overread_core::Deck) -> DeckDesign {
    let finding = deck.finding.as_ref();
    let by_label = finding.is_some();
    let frame = |positive: bool| {
        let mut members = deck.members.iter().filter(move |m| m.label_positive == positive);
        members.next().map_or(0, |m| u64::from(m.frame))
    };
    let positive = deck.label_positive() as u64;
    let studies = deck.members.len() as u64;
    DeckDesign {
        id: deck.id.to_string(),
        finding: deck.finding.clone(),
        name: finding.and_then(|id| {
            let index = input.protocol.finding_index(id)?;
            input.protocol.findings.get(index).map(|f| f.name.clone())
        }),
        planned: u64::from(deck.planned),
        studies,
        label_positive: positive,
        controls: if by_label { studies - positive } else { 0 },
        frame: frame(by_label),
        control_frame: if by_label { frame(false) } else { 0 },
        label_known: deck.label_known(),
    }
}

/// Describes blinding and releases.
pub(crate) fn release(
    input: &Ground<'_>,
    options: &Options,
    gathered: &Gathered<'_>,
) -> ReleaseSection {
    let decks = input.sample.map_or(&[][..], |s| &s.decks);
    let mut released = Vec::new();
    for reader in &gathered.readers {
        for deck in (0..).zip(decks).map(|(i, _)| i).filter(|&i| options.takes_deck(i)) {
            if let Some(reads) = reader.state.released(deck) {
                released.push(Released { reader: reader.name.clone(), deck, reads });
            }
        }
    }
    ReleaseSection {
        policy: input.protocol.release.word(),
        block: match input.protocol.release {
            Release::Blocks(block) => Some(block),
            Release::Sealed | Release::Open => None,
        },
        label_known_decks: decks.iter().filter(|d| d.label_known()).count() as u64,
        decks: decks.len() as u64,
        released,
        reads_after_release: gathered
            .items()
            .filter(|i| i.is_read() && i.lock.is_some_and(|lock| lock.after_release))
            .count() as u64,
    }
}
