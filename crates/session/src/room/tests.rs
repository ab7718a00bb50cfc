use std::collections::HashMap;

use super::*;
use crate::command::{Keymap, canonical_chord};
use overread_core::event::NO_HASH;
use overread_core::protocol::builtin;
use overread_core::{DatasetLabel, Labels, NoAnswer, ReadingState, Study, StudyId, sampling};

fn material(protocol: &str) -> Arc<Material> {
    let protocol = Protocol::from_toml(protocol).unwrap();
    let findings: Vec<String> = protocol.findings.iter().filter_map(|f| f.label.clone()).collect();
    let mut studies: Vec<Study> = (0..40_u32)
        .map(|n| {
            let mut labels = Labels::default();
            for column in 0..findings.len() {
                labels.set(column, DatasetLabel::Positive);
            }
            Study {
                id: StudyId::derive(&[&n.to_string()]),
                patient: n,
                labels,
                images: Vec::new(),
                available: true,
                sex: None,
                age_years: None,
                region: None,
                split: None,
            }
        })
        .collect();
    studies.sort_by_key(|study| study.id);
    let dataset =
        Dataset { identity: "t".to_owned(), findings, studies, patients: 40, ..Dataset::default() };
    let sample = sampling::draw(&dataset, &protocol, 14).unwrap();
    let study_numbers = sample.numbers();
    let tallies = HashMap::default();
    Arc::new(Material {
        dataset,
        protocol,
        sample,
        study_numbers,
        packet: false,
        tallies,
        boxes: crate::later_view::Boxes::new(),
    })
}

/// A room whose writes succeed at once, driven by key names.
struct Desk {
    room: Room,
    log: Vec<EventBody>,
    now: Instant,
}

impl Desk {
    fn new(protocol: &str) -> Self {
        Self::with(&material(protocol))
    }

    fn with(material: &Arc<Material>) -> Self {
        let worklist =
            sampling::worklist(&material.dataset, &material.protocol, &material.sample, "R1");
        let state = ReadingState::new(&material.sample, &worklist);
        let reader = ReaderRecord { name: "R1".into(), worklist, state, ..ReaderRecord::default() };
        let room = Room::open(Arc::clone(material), reader, None).unwrap();
        Self { room, log: Vec::new(), now: Instant::now() }
    }

    fn write(&mut self, outcome: Outcome) -> Outcome {
        if let Outcome::Write(bodies) = &outcome {
            let events: Vec<Event> = bodies.iter().map(event).collect();
            self.log.extend(bodies.iter().cloned());
            self.room.acknowledged(&events, self.now);
            self.counts_are_those_of_the_worklist();
        }
        outcome
    }

    /// What is kept up with every event is what going through the worklist gives.
    fn counts_are_those_of_the_worklist(&self) {
        let room = &self.room;
        let those = |what: fn(&ItemState) -> bool| -> Vec<usize> {
            (0..room.count()).filter(|&i| room.state_at(i).is_some_and(what)).collect()
        };
        assert_eq!(room.locked(), those(ItemState::is_locked).len());
        assert_eq!(room.flagged().collect::<Vec<_>>(), those(|state| state.flagged));
        assert_eq!(*room.progress(), crate::release::progress(room.reader(), room.deck_index()));
        let reading = |item: &&Item| item.stage() == Stage::Reading;
        let items = room.reader().worklist.items.iter().filter(reading);
        let decks: std::collections::BTreeSet<u32> = items.clone().map(|item| item.deck).collect();
        let mut all = Progress { items: 0, settled: 0, locked: 0 };
        for deck in &decks {
            let one = crate::release::progress(room.reader(), *deck);
            all.items += one.items;
            all.settled += one.settled;
            all.locked += one.locked;
        }
        assert_eq!(room.progress_of_all(), (&all, decks.len()));
        for (place, item) in room.items().enumerate() {
            assert_eq!(room.index_of(item.id), Some(place));
        }
    }

    fn key(&mut self, name: &str) -> Outcome {
        let blinded = self.room.blinded();
        let tags: Vec<char> = blinded.iter().flat_map(|b| b.tags.iter().map(|t| t.key)).collect();
        let letters: Vec<Option<char>> =
            blinded.iter().flat_map(|b| b.asked.iter().map(|f| f.key)).collect();
        let keymap = Keymap::for_item(&self.room.material().protocol, &tags, &letters);
        let command = keymap.get(&canonical_chord(name)).unwrap_or_else(|| panic!("no key {name}"));
        self.now += Duration::from_secs(1);
        let moment = Moment::ready(self.now, Duration::from_secs(1));
        let outcome = self.room.apply(command, &moment);
        self.write(outcome)
    }

    fn keys(&mut self, names: &str) -> &mut Self {
        for name in names.split(' ') {
            let outcome = self.key(name);
            assert!(!matches!(outcome, Outcome::Refused(_)), "{name}: {outcome:?}");
        }
        self
    }

    /// Settled levels of the deck, `-` where none has settled.
    fn settled(&self) -> String {
        let level = |state: Option<&ItemState>| {
            let lock = state.and_then(ItemState::settled_lock)?;
            match lock.answers.first()?.answer {
                Answer::Level(level) => Some(level.0.to_string()),
                Answer::NoAnswer(reason) => Some(reason.word()[..1].to_owned()),
            }
        };
        (0..self.room.count())
            .map(|i| level(self.room.state_at(i)).unwrap_or_else(|| "-".to_owned()))
            .collect()
    }
}

fn event(body: &EventBody) -> Event {
    let (kind, body) = body.to_parts();
    Event {
        id: String::new(),
        chain: String::new(),
        chain_seq: 1,
        at: "2026-01-01T00:00:00Z".to_owned(),
        actor: "R1".to_owned(),
        device: String::new(),
        kind,
        body,
        prev_hash: NO_HASH.to_owned(),
        hash: String::new(),
    }
}

fn verify() -> String {
    builtin("demo").unwrap().replace("size = 10", "size = 4")
}

#[test]
fn one_key_answers_locks_and_advances() {
    let mut desk = Desk::new(&verify());
    desk.keys("1 2");
    assert_eq!(desk.settled(), "0---", "the last answer may still be a slip");
    desk.keys("U X");
    assert_eq!(desk.settled(), "01ui", "the end of the deck settles it");
    assert_eq!(desk.room.position(), None);
    assert!(matches!(desk.log[0], EventBody::SittingBegan { .. }));
    assert_eq!(desk.log.len(), 5);
}

#[test]
fn letters_answer_as_digits_do() {
    let mut desk = Desk::new(&verify());
    desk.keys("A P C 1");
    assert_eq!(desk.settled(), "0120");
}

#[test]
fn backspace_corrects_the_answer_before() {
    let mut desk = Desk::new(&verify());
    desk.keys("3 Backspace");
    assert_eq!(desk.room.position(), Some(0));
    assert!(desk.room.state().unwrap().reopened);
    desk.keys("1 3");
    assert_eq!(desk.settled(), "0---");
    assert_eq!(desk.room.state_at(0).unwrap().locks.len(), 2, "both answers are kept");
}

#[test]
fn undo_returns_to_the_item_and_redo_answers_it_again() {
    let mut desk = Desk::new(&verify());
    desk.keys("2 Ctrl+Z");
    assert_eq!(desk.room.position(), Some(0));
    desk.keys("Ctrl+Shift+Z");
    assert_eq!(desk.room.position(), Some(1));
    desk.keys("1");
    assert_eq!(desk.settled(), "1---");
}

#[test]
fn only_the_item_locked_last_can_be_opened_again() {
    let mut desk = Desk::new(&verify());
    desk.keys("2 3 Backspace");
    assert_eq!(desk.room.position(), Some(1));
    let again = desk.key("Backspace");
    assert!(matches!(again, Outcome::Refused(Refusal::Unavailable(_))), "{again:?}");
    let undo = desk.key("Ctrl+Z");
    assert!(matches!(undo, Outcome::Refused(_)), "{undo:?}");
}

#[test]
fn space_keeps_the_answer_of_a_reopened_item() {
    let mut desk = Desk::new(&verify());
    assert!(matches!(desk.key("Space"), Outcome::Refused(_)), "nothing to lock yet");
    desk.keys("3 Backspace Space");
    assert_eq!(desk.room.position(), Some(1));
    desk.keys("1");
    assert_eq!(desk.settled(), "2---");
}

#[test]
fn a_tag_belongs_to_the_item_on_screen_and_can_be_taken_back() {
    let mut desk = Desk::new(&verify());
    desk.keys("Q E Q 3 W");
    let tags = |desk: &Desk, i| desk.room.state_at(i).unwrap().tags.clone();
    assert_eq!(tags(&desk, 0).into_iter().collect::<Vec<_>>(), ["rotated_film"]);
    assert_eq!(tags(&desk, 1).into_iter().collect::<Vec<_>>(), ["subcutaneous_emphysema"]);
    desk.keys("Ctrl+Z");
    assert!(tags(&desk, 1).is_empty());
    desk.keys("Ctrl+Y");
    assert_eq!(tags(&desk, 1).len(), 1);
}

#[test]
fn what_is_also_there_belongs_to_the_item_on_screen_and_can_be_taken_back() {
    let mut desk = Desk::new(&verify());
    let ids = |desk: &Desk| -> Vec<String> {
        desk.room.blinded().unwrap().beside.into_iter().map(|f| f.id).collect()
    };
    // Neither what is asked, nor a normal film, nor a finding for practice.
    assert_eq!(ids(&desk), ["Emphysema", "Effusion", "Cardiomegaly"]);
    let mark = |desk: &mut Desk, index| {
        let moment = Moment::ready(desk.now, Duration::from_secs(1));
        let outcome = desk.room.apply(Command::AlsoPresent(index), &moment);
        desk.write(outcome)
    };
    let also = |desk: &Desk, i| -> Vec<String> {
        let state = desk.room.state_at(i);
        state.map(|state| state.also.iter().cloned().collect()).unwrap_or_default()
    };
    desk.keys("1 Q");
    mark(&mut desk, 1);
    mark(&mut desk, 2);
    assert_eq!(
        (also(&desk, 0), also(&desk, 1)),
        (vec![], vec!["Cardiomegaly".to_owned(), "Effusion".to_owned()])
    );
    desk.keys("Ctrl+Z");
    assert_eq!(also(&desk, 1), ["Effusion"]);
    desk.keys("Ctrl+Z");
    assert_eq!(also(&desk, 1), [""; 0]);
    desk.keys("Ctrl+Y");
    assert_eq!(also(&desk, 1), ["Effusion"]);
    desk.keys("Ctrl+Y");
    assert_eq!(also(&desk, 1).len(), 2);
    // By hand: taken away is taken back, and the tag before it is next.
    mark(&mut desk, 2);
    desk.keys("Ctrl+Z Ctrl+Z");
    assert_eq!(also(&desk, 1), [""; 0]);
    assert!(desk.room.state_at(1).unwrap().tags.is_empty());
    // What is known after a restart is what was known before.
    let mut again = History::default();
    for body in &desk.log {
        again.record(body);
    }
    assert_eq!(format!("{again:?}"), format!("{:?}", desk.room.history));
    let none = mark(&mut desk, 3);
    assert!(matches!(none, Outcome::Refused(Refusal::Unavailable(_))), "{none:?}");
    desk.keys("3 1 1");
    assert!(desk.room.availability(Command::Beside).is_err(), "the deck is finished");
}

#[test]
fn where_every_finding_is_asked_none_can_be_marked_beside() {
    let desk = Desk::new(builtin("mura-relabel").unwrap());
    assert_eq!(desk.room.blinded().unwrap().beside, []);
    assert!(desk.room.availability(Command::Beside).is_err());
}

#[test]
fn keys_wait_for_the_film_the_dwell_the_focus_and_the_disk() {
    let mut desk = Desk::new(&verify());
    let now = desk.now + Duration::from_secs(5);
    let answer = Command::Answer(Level(2));
    let ready = Moment::ready(now, Duration::from_secs(1));
    let refused = |desk: &mut Desk, moment: Moment| match desk.room.apply(answer, &moment) {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    let waiting = Moment { film: FilmStatus::Waiting, ..ready };
    assert_eq!(refused(&mut desk, waiting), Refusal::NotPainted);
    let just = now.checked_sub(Duration::from_millis(60)).unwrap();
    let early = Moment { film: FilmStatus::Painted(just), ..ready };
    assert_eq!(refused(&mut desk, early), Refusal::TooEarly(Duration::from_millis(60)));
    assert_eq!(refused(&mut desk, Moment { repeat: true, ..ready }), Refusal::Repeat);
    let focused = Moment { focused_at: Some(just), ..ready };
    assert_eq!(refused(&mut desk, focused), Refusal::JustFocused);
    assert!(matches!(desk.room.apply(answer, &ready), Outcome::Write(_)));
    assert_eq!(refused(&mut desk, ready), Refusal::Saving);
    assert_eq!(desk.room.position(), Some(0), "not acknowledged, not advanced");
    desk.room.write_failed("disk full");
    assert_eq!(desk.room.pending().unwrap().failure.as_deref(), Some("disk full"));
}

#[test]
fn a_film_that_cannot_be_shown_is_answered_inadequate_or_skipped() {
    let mut desk = Desk::new(&verify());
    let moment = Moment { film: FilmStatus::Failed, ..Moment::ready(desk.now, Duration::ZERO) };
    let refused = desk.room.apply(Command::Answer(Level(1)), &moment);
    assert_eq!(refused, Outcome::Refused(Refusal::Undecodable));
    let missing = Moment { film: FilmStatus::Missing, ..moment };
    let refused = desk.room.apply(Command::Answer(Level(1)), &missing);
    assert_eq!(refused, Outcome::Refused(Refusal::Missing));
    let skip = desk.room.apply(Command::Skip, &missing);
    desk.write(skip);
    assert_eq!(desk.room.position(), Some(1));
    desk.keys("1 1 1");
    assert_eq!(desk.room.position(), Some(0), "skipped items come back at the end");
    let inadequate = desk.room.apply(Command::NoAnswer(NoAnswer::Inadequate), &moment);
    desk.write(inadequate);
    assert_eq!(desk.settled(), "i000");
}

#[test]
fn relabelling_steps_findings_and_refuses_normal_while_one_is_set() {
    let protocol = builtin("mura-relabel").unwrap().replace("size = 714", "size = 3");
    let mut desk = Desk::new(&protocol);
    desk.keys("F");
    let refused = desk.key("N");
    assert_eq!(refused, Outcome::Refused(Refusal::Unavailable("Not while a finding is set.")));
    desk.keys("F N F H 2 Space");
    let answers = |desk: &Desk, i| {
        let lock = desk.room.state_at(i).unwrap().current().unwrap().clone();
        lock.answers.iter().map(|a| a.answer.level().unwrap().0).collect::<Vec<_>>()
    };
    assert_eq!(answers(&desk, 0), [0, 0, 0, 0, 0], "normal");
    assert_eq!(answers(&desk, 1), [1, 1, 0, 0, 0], "fracture and hardware; the rest is absent");
    desk.keys("Backspace");
    assert_eq!(desk.room.draft().len(), 5, "the old answers are shown again");
}

#[test]
fn reading_goes_on_where_it_stopped_and_history_survives() {
    let shared = material(&verify());
    let mut first = Desk::with(&shared);
    first.keys("3 2 Q");
    let mut second = Desk::with(&shared);
    let events: Vec<Event> = first.log.iter().map(event).collect();
    let mut reader = second.room.reader.clone();
    for e in &events {
        reader.state.apply(&e.at, &e.decode().unwrap());
    }
    second.room = Room::open(shared, reader, None).unwrap();
    second.room.rebuild_history(&first.log);
    assert_eq!(second.room.position(), Some(2));
    second.keys("Ctrl+Z");
    assert!(second.room.state().unwrap().tags.is_empty());
    second.keys("Ctrl+Z");
    assert_eq!(second.room.position(), Some(1), "undo goes back to the lock before");
}

#[test]
fn a_tag_on_its_way_to_disk_lets_keys_wait_and_a_lock_does_not() {
    let mut desk = Desk::new(&verify());
    desk.now += Duration::from_secs(5);
    let ready = Moment::ready(desk.now, Duration::from_secs(1));
    assert!(!desk.room.saves_a_mark(), "nothing is on its way");
    let Outcome::Write(tag) = desk.room.apply(Command::Tag(0), &ready) else { panic!("no write") };
    assert!(desk.room.saves_a_mark());
    desk.room.write_failed("disk full");
    assert!(!desk.room.saves_a_mark(), "a tag that is not on disk holds everything back");
    let events: Vec<Event> = tag.iter().map(event).collect();
    desk.room.acknowledged(&events, desk.now);
    let answer = desk.room.apply(Command::Answer(Level(1)), &ready);
    assert!(matches!(answer, Outcome::Write(_)));
    assert!(!desk.room.saves_a_mark(), "the next film must be seen before a key is for it");
}

#[test]
fn a_lock_says_how_many_films_were_seen_at_full_size_and_only_of_its_own_item() {
    let mut desk = Desk::new(builtin("cxr14-verify").unwrap());
    let seen = |log: &[EventBody]| -> Vec<(u64, u64)> {
        let found = log.iter().filter_map(|event| match event {
            EventBody::FilmSeen { films, full_size, .. } => Some((*films, *full_size)),
            _ => None,
        });
        found.collect()
    };
    desk.keys("1");
    assert_eq!(seen(&desk.log), [], "a script has no films");
    desk.room.note_sizes(&[false, true]);
    desk.room.note_sizes(&[false, false]);
    desk.keys("1");
    assert_eq!(seen(&desk.log), [(2, 1)], "once seen is seen");
    desk.keys("1");
    assert_eq!(seen(&desk.log), [(2, 1)], "nothing was noted of the next item");
    desk.room.note_sizes(&[false]);
    desk.keys("1");
    assert_eq!(seen(&desk.log), [(2, 1), (1, 0)]);
    let states = desk.room.reader().state.clone();
    let items: Vec<_> = desk.room.items().map(|item| item.id).collect();
    let of = |at: usize| states.item(items[at]).unwrap().seen;
    assert_eq!((of(0), of(1), of(2), of(3)), (None, Some((2, 1)), None, Some((1, 0))));
}
