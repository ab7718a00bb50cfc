//! More of the same random order.

use std::collections::{BTreeMap, HashSet};

use super::draw::{Drawing, patients_of, to_u32};
use super::{Deck, Member, Sample, SampleError, Shortfall};
use crate::dataset::{Dataset, Study};
use crate::ids::StudyId;
use crate::protocol::{Apart, Finding, Protocol};

/// What a later drawing added to a deck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The sample with the larger deck; members drawn before keep their places in front.
    pub sample: Sample,
    /// Index of the deck.
    pub deck: u32,
    /// The studies that were added, in drawing order.
    pub added: Vec<StudyId>,
    /// What of this extension could not be drawn, by arm.
    pub short: Vec<Shortfall>,
}

/// Continues the random order of a deck by `more` label-positives (or studies), with as many
/// controls as keep the proportion that stands to the label-positives that came.
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
    let further = Further { drawing: &drawing, deck, more: more as usize };
    let (drawn, short) = match &deck.finding {
        None => further.of_all(may)?,
        Some(id) => {
            let finding = protocol
                .finding_index(id)
                .and_then(|i| protocol.findings.get(i))
                .ok_or_else(|| not_continued(name))?;
            further.of_finding(finding, may)?
        }
    };
    let extended = continued(deck, drawn, more).ok_or_else(|| not_continued(name))?;
    let added = extended.members.iter().skip(deck.members.len()).map(|m| m.study).collect();
    let mut sample = sample.clone();
    note_short(&mut sample.shortfall, deck, &short);
    if let Some(place) = sample.decks.get_mut(index) {
        *place = extended;
    }
    Ok(Extension { sample, deck: to_u32(index), added, short })
}

/// A deck and how much more of it is asked for.
struct Further<'a> {
    drawing: &'a Drawing<'a>,
    deck: &'a Deck,
    more: usize,
}

/// All members of the larger draw, and what of the addition could not be drawn.
type Drawn = (Vec<Member>, Vec<Shortfall>);

impl Further<'_> {
    /// Further studies of the one deck, in its strata.
    fn of_all(&self, may: impl Fn(&Study) -> bool) -> Result<Drawn, SampleError> {
        let before = self.deck.members.len();
        let mut held = BTreeMap::new();
        for member in &self.deck.members {
            *held.entry(member.stratum.clone().unwrap_or_default()).or_insert(0) += 1;
        }
        let mut drawn = Vec::new();
        for arm in self.drawing.whole_arms(before + self.more, Some(&held))? {
            drawn.extend(self.drawing.draw_arm(arm, &may));
        }
        let short = self.short("study", self.more, drawn.len().saturating_sub(before));
        Ok((drawn, short.into_iter().collect()))
    }

    /// Further label-positives, then as many controls as those that came ask for.
    fn of_finding(
        &self,
        finding: &Finding,
        may: impl Fn(&Study) -> bool,
    ) -> Result<Drawn, SampleError> {
        let positives = self.deck.label_positive();
        let controls = self.deck.members.len() - positives;
        let draw = |size, positive: bool| -> Result<Vec<Member>, SampleError> {
            let arms = self.drawing.arms_of(finding, Some(size))?;
            let arm = arms.into_iter().find(|arm| arm.label_positive == positive);
            Ok(arm.map(|arm| self.drawing.draw_arm(arm, &may)).unwrap_or_default())
        };
        let mut drawn = draw((positives + self.more, 0), true)?;
        let came = drawn.len().saturating_sub(positives);
        // In the proportion that stands, rounded to the nearest.
        let further = (controls * came + positives / 2).checked_div(positives).unwrap_or(0);
        let against = draw((positives + came, controls + further), false)?;
        let short = [
            self.short("label-positive", self.more, came),
            self.short("control", further, against.len().saturating_sub(controls)),
        ];
        drawn.extend(against);
        Ok((drawn, short.into_iter().flatten().collect()))
    }

    fn short(&self, arm: &str, asked: usize, came: usize) -> Option<Shortfall> {
        (came < asked).then(|| Shortfall {
            finding: self.deck.finding.clone(),
            arm: arm.to_owned(),
            planned: to_u32(asked),
            drawn: to_u32(came),
        })
    }
}

/// Puts what an extension lacks beside what the deck lacked before: planned and drawn over all drawings, and of all
/// strata together.
fn note_short(known: &mut Vec<Shortfall>, deck: &Deck, short: &[Shortfall]) {
    for lack in short {
        let same = |s: &Shortfall| s.finding == deck.finding && s.arm == lack.arm;
        let controls = lack.arm == "control";
        let arm = deck.members.iter().filter(|member| match &deck.finding {
            Some(_) => member.label_positive != controls,
            None => true,
        });
        let drawn = to_u32(arm.count());
        // How many controls were asked for before is known where they were short, and else is how many there are.
        let planned = match known.iter().find(|s| same(s)) {
            Some(before) if controls => before.planned,
            None if controls => drawn,
            _ => deck.planned,
        };
        known.retain(|s| !same(s));
        known.push(Shortfall {
            planned: planned.saturating_add(lack.planned),
            drawn: drawn.saturating_add(lack.drawn),
            ..lack.clone()
        });
    }
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
