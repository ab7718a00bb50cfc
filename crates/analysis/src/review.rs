//! A second look at disagreements with the label, with the label shown: its own table, never in a primary figure.

use std::collections::BTreeMap;

use overread_core::{Deck, ReviewOutcome};
use serde::Serialize;

use crate::collect::{Collected, Unit};
use crate::gather::SecondLook;

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

/// Counts the outcomes of one deck by reader, question and label, in this order.
pub(crate) fn review(
    collected: &Collected<'_>,
    deck: &Deck,
    looks: &[SecondLook<'_>],
) -> Vec<(usize, Review)> {
    let mut out: BTreeMap<(usize, usize, bool), Review> = BTreeMap::new();
    for look in looks {
        let asked = look.finding.or(deck.finding.as_deref());
        let at =
            collected.questions.iter().position(|q| asked.is_none_or(|id| *id == q.finding.id));
        let Some((at, question)) = at.and_then(|at| Some((at, collected.questions.get(at)?)))
        else {
            continue;
        };
        let unit = question.units.iter().find(|u| u.study.id == look.study);
        let Some(positive) = unit.and_then(Unit::stated_label) else { continue };
        let Some(reader) = collected.readers.get(look.reader) else { continue };
        let row = out.entry((look.reader, at, positive)).or_insert_with(|| Review {
            finding: question.finding.id.clone(),
            name: question.finding.name.clone(),
            reader: (*reader).to_owned(),
            label: if positive { "positive" } else { "negative" },
            discordant: 0,
            reviewed: 0,
            label_right: 0,
            mine_stands: 0,
            cannot_tell: 0,
        });
        row.discordant += 1;
        let Some(outcome) = look.outcome else { continue };
        row.reviewed += 1;
        match outcome {
            ReviewOutcome::LabelRight => row.label_right += 1,
            ReviewOutcome::MineStands => row.mine_stands += 1,
            ReviewOutcome::CannotTell => row.cannot_tell += 1,
        }
    }
    out.into_iter().map(|((reader, ..), row)| (reader, row)).collect()
}
