//! Drawing the sample, and more of it.

use std::fmt::Write as _;
use std::path::Path;

use overread_core::protocol::Assignment;
use overread_core::sampling;
use overread_core::{Deck, Member, Sample, Worklist};
use overread_store::{OpenMode, Project};
use serde_json::{Value, json};

use super::project::{LEAD, open_writable};
use super::{Said, VerbError};

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub struct SampleOptions {
    /// The seed.
    pub seed: u64,
    /// Say what would be drawn, and store nothing.
    pub dry_run: bool,
}

/// Draws decks, exploration set and worklists.
pub fn sample(path: &Path, options: SampleOptions) -> Result<Said, VerbError> {
    let mut project = if options.dry_run {
        Project::open(path, OpenMode::ReadOnly)?.project
    } else {
        open_writable(path)?
    };
    if project.sample()?.is_some() {
        return Err(overread_store::StoreError::AlreadySampled { path: path.to_owned() }.into());
    }
    let dataset = project.dataset()?;
    let protocol = project.protocol()?;
    let mut drawn = sampling::draw(&dataset, &protocol, options.seed)?;
    let readers = project.readers()?;
    let readers: Vec<&str> =
        readers.iter().filter(|r| r.role == "reader").map(|r| r.name.as_str()).collect();
    if let Assignment::Split { .. } = protocol.panel.assignment
        && readers.is_empty()
        && !options.dry_run
    {
        let text = "The protocol divides the studies among the readers, and there is nobody yet. Add the readers with `overread readers PROJECT add NAME` first.";
        return Err(VerbError::Other(text.to_owned()));
    }
    drawn.gold = sampling::gold_panel(&protocol, &readers, options.seed)?;
    let lists = sampling::worklists(&dataset, &protocol, &drawn, &readers);
    if !options.dry_run {
        let device = crate::chains::device_for(&mut project, LEAD)?;
        project.save_sample(&drawn, &lists, LEAD, &device)?;
        super::adequacy::measure(&mut project, false)?;
    }
    project.close()?;
    let available = dataset.studies.iter().any(|study| study.available);
    Ok(describe_sample(&drawn, &lists, options, available))
}

/// Continues the random order of a deck: so many further label-positives of it, with controls in
/// proportion; of `all`, so many further studies where every finding is asked.
pub fn extend_sample(path: &Path, name: &str, more: u32, dry_run: bool) -> Result<Said, VerbError> {
    let mut project = if dry_run {
        Project::open(path, OpenMode::ReadOnly)?.project
    } else {
        open_writable(path)?
    };
    let Some(sample) = project.sample()? else {
        let text = format!(
            "Nothing has been drawn in {} yet, so nothing can be extended. Run `overread sample` first.",
            path.display()
        );
        return Err(VerbError::Other(text));
    };
    let (dataset, protocol) = (project.dataset()?, project.protocol()?);
    let extension = sampling::extend(&dataset, &protocol, &sample, name, more)?;
    let mut lists = project.worklists()?;
    sampling::append_to_worklists(&dataset, &protocol, &extension, &mut lists);
    if extension.added.is_empty() {
        let which = match sample.decks.get(extension.deck as usize).map(|deck| &deck.finding) {
            Some(Some(_)) => "label-positive study",
            _ => "study",
        };
        let text = format!(
            "Nothing was drawn: every {which} of the frame that may be read for `{name}` is in its deck already, or was set aside for exploration or practice."
        );
        return Err(VerbError::Other(text));
    }
    if !dry_run {
        let device = crate::chains::device_for(&mut project, LEAD)?;
        project.save_extension(&extension, more, &lists, LEAD, &device)?;
        super::adequacy::measure(&mut project, false)?;
    }
    project.close()?;
    let before = sample.decks.get(extension.deck as usize).map_or(0, |deck| deck.members.len());
    let options = SampleOptions { seed: sample.seed, dry_run };
    let available = dataset.studies.iter().any(|study| study.available);
    let mut said = describe_sample(&extension.sample, &lists, options, available);
    let added = extension.added.len();
    said.json["extended"] = json!({
        "finding": name,
        "more": more,
        "added": added,
        "from": before,
        "to": before + added,
        "short": extension.short,
    });
    let mut short = String::new();
    for lack in &extension.short {
        write!(
            short,
            " The frame holds no more: of {} further {} {} came.",
            lack.planned,
            arm_words(&lack.arm),
            lack.drawn
        )
        .ok();
    }
    if extension.short.iter().any(|lack| lack.arm == "label-positive")
        && extension.sample.decks.get(extension.deck as usize).is_some_and(|d| !d.label_known())
    {
        short.push_str(" Controls were added in proportion to those.");
    }
    said.text = format!(
        "{} {name}: {added} {} added, {before} before, {} now.{short}\n{}",
        if dry_run { "Would extend" } else { "Extended" },
        if added == 1 { "study" } else { "studies" },
        before + added,
        said.text
    );
    Ok(said)
}

/// Members of an arm, as a sentence has them.
fn arm_words(arm: &str) -> &str {
    match arm {
        "label-positive" => "label-positive studies",
        "control" => "controls",
        _ => "studies",
    }
}

/// What to extend, and by how many: `Hernia=20`. The error says what is needed.
pub fn parse_extension(what: &str) -> Result<(String, u32), String> {
    let parts = what.split_once('=').map(|(name, more)| (name.trim(), more.trim().parse()));
    match parts {
        Some((name, Ok(more))) if !name.is_empty() && (1..=1_000_000).contains(&more) => {
            Ok((name.to_owned(), more))
        }
        _ => Err("FINDING=N is needed, N from 1 to 1000000, such as `Hernia=20`; `all=20` where every finding is asked".to_owned()),
    }
}

/// Members of one arm of a deck.
fn arm(deck: &Deck, positive: bool) -> impl Iterator<Item = &Member> {
    let asked = deck.finding.is_some();
    deck.members.iter().filter(move |m| !asked || m.label_positive == positive)
}

fn deck_json(deck: &Deck) -> Value {
    let frame = |positive| arm(deck, positive).next().map(|member| member.frame);
    let probability = |positive| {
        let first = arm(deck, positive).next()?;
        let drawn = f64::from(first.drawn) / f64::from(first.frame.max(1));
        let same = |m: &Member| (m.drawn, m.frame) == (first.drawn, first.frame);
        arm(deck, positive).all(same).then_some(drawn)
    };
    let asked = deck.finding.is_some();
    let mut json = json!({
        "id": deck.id,
        "finding": deck.finding,
        "items": deck.members.len(),
        "label_positive": deck.label_positive(),
        "frame": frame(true).unwrap_or(0),
        "probability": probability(true),
        "control_frame": frame(false).filter(|_| asked),
        "control_probability": probability(false).filter(|_| asked),
        "repeats": deck.members.iter().filter(|member| member.repeated).count(),
    });
    let strata = strata_json(deck);
    if !strata.is_empty() {
        let frame: u64 = strata.iter().filter_map(|s| s["frame"].as_u64()).sum();
        json["frame"] = json!(frame);
        json["strata"] = json!(strata);
    }
    json
}

/// What could not be drawn as planned: in the order of the decks, those without one by name behind them.
fn shortfall_in_order(drawn: &Sample) -> Vec<&sampling::Shortfall> {
    let place = |short: &sampling::Shortfall| {
        drawn.decks.iter().position(|deck| deck.finding == short.finding).unwrap_or(usize::MAX)
    };
    let mut rows: Vec<&sampling::Shortfall> = drawn.shortfall.iter().collect();
    rows.sort_by(|a, b| (place(a), &a.finding, &a.arm).cmp(&(place(b), &b.finding, &b.arm)));
    rows
}

fn strata_json(deck: &Deck) -> Vec<Value> {
    let mut strata: Vec<Value> = Vec::new();
    for member in &deck.members {
        let Some(name) = &member.stratum else { continue };
        if !strata.iter().any(|known| known["stratum"] == name.as_str()) {
            strata.push(json!({
                "stratum": name,
                "items": member.drawn,
                "frame": member.frame,
                "probability": member.probability(),
            }));
        }
    }
    strata
}

fn describe_sample(
    drawn: &Sample,
    lists: &[Worklist],
    options: SampleOptions,
    available: bool,
) -> Said {
    let mut decks: Vec<Value> = drawn.decks.iter().map(deck_json).collect();
    for deck in decks.iter_mut().skip(1).filter(|deck| deck["finding"].is_null()) {
        deck["practice"] = json!(true);
    }
    let mut text = String::new();
    writeln!(
        text,
        "{} with seed {}: {} deck{}, {} studies in the frame{}.",
        if options.dry_run { "Would draw" } else { "Drew" },
        drawn.seed,
        drawn.decks.len(),
        if drawn.decks.len() == 1 { "" } else { "s" },
        drawn.frame_studies,
        if drawn.limited_to_available { " (only studies whose images were found)" } else { "" },
    )
    .ok();
    if !available {
        text.push_str("No image was found: every study counts as drawable and none can be shown. Name the folder with `overread images PROJECT DIR`.\n");
    }
    for (no, deck) in drawn.decks.iter().enumerate() {
        // Where every finding is asked, the decks behind the first are for practice.
        let all = if no == 0 { "all findings" } else { "practice" };
        let name = deck.finding.as_deref().unwrap_or(all);
        let frame = deck_json(deck)["frame"].as_u64().unwrap_or(0);
        let asked = deck.finding.is_some();
        let positive = if asked { deck.label_positive() } else { deck.members.len() };
        let kind = if asked { "label-positive" } else { "studies" };
        write!(text, "{name}: {positive} of {frame} {kind}").ok();
        if positive < deck.members.len() {
            write!(text, ", {} controls", deck.members.len() - positive).ok();
        }
        text.push('\n');
        for stratum in strata_json(deck) {
            let name = stratum["stratum"].as_str().unwrap_or_default();
            writeln!(text, "  {name}: {} of {}", stratum["items"], stratum["frame"]).ok();
        }
    }
    if !drawn.gold.is_empty() {
        writeln!(text, "Gold panel: {}.", drawn.gold.join(", ")).ok();
    }
    let explored: usize = drawn.explore.values().map(Vec::len).sum();
    if !drawn.explore.is_empty() {
        writeln!(text, "Exploration: {explored} studies, none of them in a deck.").ok();
    }
    let shortfall = shortfall_in_order(drawn);
    for short in shortfall.iter().filter(|short| short.arm != "exploration") {
        let name = short.finding.as_deref().unwrap_or("all findings");
        writeln!(
            text,
            "Short: {name}, {}: {} planned, {} available.",
            short.arm, short.planned, short.drawn
        )
        .ok();
    }
    let unexplored: Vec<String> = shortfall
        .iter()
        .filter(|short| short.arm == "exploration")
        .map(|short| {
            let name = short.finding.as_deref().unwrap_or_default();
            format!("{name} {} of {}", short.drawn, short.planned)
        })
        .collect();
    if !unexplored.is_empty() {
        writeln!(text, "Short, exploration: {}.", unexplored.join(", ")).ok();
    }
    if lists.is_empty() {
        text.push_str("Nobody reads yet: add a reader with `overread readers PROJECT add NAME`; the worklist is laid out at the first reading.");
    }
    let explore: serde_json::Map<String, Value> =
        drawn.explore.iter().map(|(id, ids)| (id.clone(), json!(ids.len()))).collect();
    let worklists: Vec<Value> = lists
        .iter()
        .map(|list| {
            json!({ "reader": list.reader, "items": list.items.len(), "gap_violations": list.gap_violations })
        })
        .collect();
    let json = json!({
        "seed": drawn.seed,
        "dry_run": options.dry_run,
        "limited_to_available": drawn.limited_to_available,
        "frame_studies": drawn.frame_studies,
        "decks": decks,
        "explore": explore,
        "gold": drawn.gold,
        "worklists": worklists,
        "shortfall": shortfall,
    });
    Said::new(json, text.trim_end().to_owned())
}
