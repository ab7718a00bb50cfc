//! More of the same random order.

use std::collections::{BTreeMap, HashSet};

use super::draw::{Drawing, patients_of, to_u32};
use super::{Deck, Member, Sample, SampleError};
use crate::dataset::{Dataset, Study};
use crate::ids::StudyId;
use crate::protocol::{Apart, Protocol};

/// What a later drawing added to a deck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The sample with the larger deck; members drawn before keep their places in front.
    pub sample: Sample,
    /// Index of the deck.
    pub deck: u32,
    /// The studies that were added, in drawing order.
    pub added: Vec<StudyId>,
}

/// Continues the random order of a deck by `more` label-positives (or studies), with as many
/// controls as keep the planned proportion.
///
/// The frame is that of the first drawing; studies set aside for exploration are passed over. The
/// probabilities of all members become those of the larger draw.
pub fn extend(
    dataset: &Dataset,
    protocol: &Protocol,
    sample: &Sample,
    name: &str,
    more: u32,
) -> Result<Extension, SampleError> {
    let names = sample.decks.iter().map(|deck| deck.finding.as_deref().unwrap_or("all"));
    // The first of `all` is read for figures; what comes behind it is for practice.
    let index = names.clone().position(|deck| deck == name).ok_or_else(|| {
        let mut known: Vec<&str> = names.collect();
        known.dedup();
        let meant = crate::protocol::nearest(name, known.iter().copied())
            .map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
        SampleError::NoDeck { name: name.to_owned(), meant, known: known.join(", ") }
    })?;
    let Some(deck) = sample.decks.get(index) else { return Err(not_continued(name)) };
    let drawing = Drawing::new(dataset, protocol, sample.seed, sample.frame.as_ref());
    if to_u32(drawing.frame.len()) != sample.frame_studies {
        return Err(not_continued(name));
    }
    let arms = match &deck.finding {
        None => {
            let size = deck.members.len() + more as usize;
            let drawn = deck.members.iter().fold(BTreeMap::new(), |mut drawn, member| {
                *drawn.entry(member.stratum.clone().unwrap_or_default()).or_insert(0) += 1;
                drawn
            });
            drawing.whole_arms(size, Some(&drawn))?
        }
        Some(id) => {
            let finding = protocol
                .finding_index(id)
                .and_then(|i| protocol.findings.get(i))
                .ok_or_else(|| not_continued(name))?;
            let positives = deck.label_positive();
            let controls = deck.members.len() - positives;
            // In the proportion that stands, rounded to the nearest.
            let further = (controls * more as usize + positives / 2).checked_div(positives);
            let size = (positives + more as usize, controls + further.unwrap_or(0));
            drawing.arms_of(finding, Some(size))?
        }
    };
    let explored: HashSet<StudyId> = sample.explore.values().flatten().copied().collect();
    let patients = match protocol.sampling.explore_apart {
        Apart::Study => HashSet::new(),
        Apart::Patient => patients_of(dataset, explored.iter().copied()),
    };
    let practised: HashSet<StudyId> = (0..)
        .zip(&sample.decks)
        .filter(|(place, _)| *place != to_u32(index) && sample.is_practice(protocol, *place))
        .flat_map(|(_, deck)| deck.members.iter().map(|member| member.study))
        .collect();
    let before: HashSet<StudyId> = deck.members.iter().map(|member| member.study).collect();
    let may = |study: &Study| {
        before.contains(&study.id)
            || (!explored.contains(&study.id)
                && !practised.contains(&study.id)
                && !patients.contains(&study.patient))
    };
    let mut drawn: Vec<Member> = Vec::new();
    for arm in arms {
        drawn.extend(drawing.draw_arm(arm, may));
    }
    let extended = continued(deck, drawn, more).ok_or_else(|| not_continued(name))?;
    let added = extended.members.iter().skip(deck.members.len()).map(|m| m.study).collect();
    let mut sample = sample.clone();
    if let Some(place) = sample.decks.get_mut(index) {
        *place = extended;
    }
    Ok(Extension { sample, deck: to_u32(index), added })
}

fn not_continued(name: &str) -> SampleError {
    SampleError::NotContinued(name.to_owned())
}

/// The old members with their new probabilities, then the new ones; `None` where an old one is
/// missing from the new draw.
fn continued(deck: &Deck, drawn: Vec<Member>, more: u32) -> Option<Deck> {
    let mut fresh: BTreeMap<StudyId, Member> =
        drawn.iter().map(|member| (member.study, member.clone())).collect();
    let mut members = Vec::with_capacity(drawn.len());
    for old in &deck.members {
        let new = fresh.remove(&old.study)?;
        if (new.label_positive, new.frame, new.of) != (old.label_positive, old.frame, old.of) {
            return None;
        }
        members.push(Member { repeated: old.repeated, ..new });
    }
    members.extend(drawn.into_iter().filter(|member| fresh.contains_key(&member.study)));
    let planned = deck.planned.saturating_add(more);
    Some(Deck { id: deck.id, finding: deck.finding.clone(), planned, members })
}
