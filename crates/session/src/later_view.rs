//! What the reading room says of items that are looked at again: to an adjudicator how many answered
//! what, without names or order; to a reader the label and the own answer.

use std::collections::HashMap;

use overread_core::later::{self, Open};
use overread_core::{
    Answer, Item, Level, Phase, Protocol, ReaderRecord, ReviewOutcome, Sample, StudyId,
};

use crate::command::{Command, Keymap};
use crate::read_view::{answer_words, cap, capital};
use crate::room::Room;
use crate::view::{AnswerView, Mark, RowState};

/// How many locked reads have each level, by deck, study and finding.
pub(crate) type Tallies = HashMap<(u32, StudyId, String), Vec<usize>>;

/// Counts what was answered where readers disagree.
pub(crate) fn tallies(protocol: &Protocol, sample: &Sample, readers: &[ReaderRecord]) -> Tallies {
    let open = later::disagreements(protocol, sample, readers);
    let mut tallies = Tallies::new();
    for Open { deck, study, finding, .. } in open {
        let mut counts = vec![0; protocol.levels.len()];
        for reader in readers {
            let items = reader.worklist.items.iter();
            let mine = |i: &&Item| i.deck == deck && i.study == study && i.phase == Phase::Read;
            for item in items.filter(mine) {
                let state = reader.state.item(item.id);
                let lock = state.and_then(|s| s.settled_lock().or_else(|| s.current()));
                let level = lock.and_then(|lock| lock.answer(&finding)).and_then(Answer::level);
                if let Some(count) = level.and_then(|l| counts.get_mut(usize::from(l.0))) {
                    *count += 1;
                }
            }
        }
        tallies.insert((deck, study, finding), counts);
    }
    tallies
}

/// "2 absent, 1 reportable. Names and order are hidden."
pub(crate) fn tally_words(room: &Room, item: &Item) -> Option<String> {
    let material = room.material();
    let key = (item.deck, item.study, item.finding.clone()?);
    let counts = material.tallies.get(&key)?;
    let parts: Vec<String> = material
        .protocol
        .levels
        .iter()
        .zip(counts)
        .filter(|(_, n)| 0 < **n)
        .map(|(level, n)| format!("{n} {level}"))
        .collect();
    Some(format!("Locked reads: {}. Names and order are hidden.", parts.join(", ")))
}

/// "The label says yes. You answered absent."
pub(crate) fn review_words(room: &Room, item: &Item) -> Option<String> {
    let material = room.material();
    let protocol = &material.protocol;
    let finding = item.finding.as_deref()?;
    let finding = protocol.findings.get(protocol.finding_index(finding)?)?;
    let label = match later::label_of(&material.dataset, protocol, finding, item.study) {
        Some(true) => "The label says yes",
        Some(false) => "The label says no",
        None => "The label says neither",
    };
    let reader = room.reader();
    let own = reader
        .worklist
        .items
        .iter()
        .filter(|i| i.deck == item.deck && i.study == item.study && i.phase == Phase::Read)
        .find_map(|i| reader.state.item(i.id)?.settled_lock()?.answer(&finding.id));
    let own = own.map_or_else(String::new, |answer| {
        format!(" You answered {}.", answer_words(protocol, answer).1.to_lowercase())
    });
    Some(format!("{label}.{own}"))
}

/// The three outcomes on the keys of the levels.
pub(crate) fn outcomes(room: &Room, keymap: &Keymap, waiting: bool) -> Vec<AnswerView> {
    let chosen = room.state().and_then(|state| state.outcome.as_ref()).map(|(outcome, _)| *outcome);
    (0_u8..)
        .zip(ReviewOutcome::ALL)
        .map(|(level, outcome)| AnswerView {
            key: cap(keymap, Command::Answer(Level(level))),
            mark: outcome_mark(outcome),
            name: outcome.words().to_owned(),
            rules: String::new(),
            spoken: String::new(),
            meets: String::new(),
            state: match chosen {
                Some(chosen) if chosen == outcome => RowState::Chosen,
                _ if waiting => RowState::Waiting,
                _ => RowState::Ready,
            },
        })
        .collect()
}

fn outcome_mark(outcome: ReviewOutcome) -> Mark {
    match outcome {
        ReviewOutcome::LabelRight => Mark::Reportable,
        ReviewOutcome::MineStands => Mark::Absent,
        ReviewOutcome::CannotTell => Mark::Unsure,
    }
}

/// The outcome that an item was closed with, in words.
pub(crate) fn outcome_words(room: &Room, number: usize) -> Option<(Mark, String)> {
    let state = room.state_at(number.checked_sub(1)?)?;
    let (outcome, _) = state.outcome.as_ref()?;
    Some((outcome_mark(*outcome), capital(outcome.words())))
}
