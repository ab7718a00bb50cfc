//! A second look at disagreements with the label, with the label shown: its own table, never in a primary figure.

use std::collections::BTreeMap;

use overread_core::{Phase, ReviewOutcome};
use serde::Serialize;

use crate::collect::Collected;
use crate::input::Input;

/// Outcomes of one reader's review of one finding and one kind of disagreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// Pseudonym.
    pub reader: String,
    /// What the label says: `positive` or `negative`.
    pub label: &'static str,
    /// Studies put before the reader again.
    pub discordant: u64,
    /// Of these, decided.
    pub reviewed: u64,
    /// The label is right.
    pub label_right: u64,
    /// The reader's answer stands.
    pub mine_stands: u64,
    /// The film does not tell.
    pub cannot_tell: u64,
}

/// Counts outcomes by reader, finding and label.
pub(crate) fn review(input: &Input<'_>, collected: &Collected<'_>) -> Vec<Review> {
    let mut out: BTreeMap<(usize, usize, bool), Review> = BTreeMap::new();
    for (reader_index, reader) in collected.readers.iter().enumerate() {
        for item in reader.worklist.items.iter().filter(|i| i.phase == Phase::Review) {
            let deck = input.sample.and_then(|s| s.decks.get(item.deck as usize));
            let asked = item.finding.as_ref().or_else(|| deck?.finding.as_ref());
            let at = collected.questions.iter().position(|q| {
                q.deck_index == item.deck && asked.is_none_or(|id| *id == q.finding.id)
            });
            let Some((at, question)) = at.and_then(|at| Some((at, collected.questions.get(at)?)))
            else {
                continue;
            };
            let unit = question.units.iter().find(|u| u.study.id == item.study);
            let Some(positive) = unit.and_then(crate::collect::Unit::stated_label) else {
                continue;
            };
            let row = out.entry((reader_index, at, positive)).or_insert_with(|| Review {
                finding: question.finding.id.clone(),
                name: question.finding.name.clone(),
                reader: reader.name.clone(),
                label: if positive { "positive" } else { "negative" },
                discordant: 0,
                reviewed: 0,
                label_right: 0,
                mine_stands: 0,
                cannot_tell: 0,
            });
            row.discordant += 1;
            let outcome = reader.state.item(item.id).and_then(|s| s.outcome.as_ref());
            let Some((outcome, _)) = outcome else { continue };
            row.reviewed += 1;
            match outcome {
                ReviewOutcome::LabelRight => row.label_right += 1,
                ReviewOutcome::MineStands => row.mine_stands += 1,
                ReviewOutcome::CannotTell => row.cannot_tell += 1,
            }
        }
    }
    out.into_values().collect()
}
