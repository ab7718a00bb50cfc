use std::collections::BTreeMap;
use std::rc::Rc;

use overread_core::event::Via;
use overread_core::{Answer, NoAnswer, ReviewOutcome};

use super::*;

const PROTOCOL: &str = include_str!("../../../../tests/common/protocol.toml");

/// Ann reads item 1 of the deck Pneumothorax and its hidden repeat 2, item 3 of Emphysema, adjudicates item 4
/// and looks again at item 5; bea reads item 6.
fn known() -> Known {
    let given = |reader: &str, deck, phase, finding: Option<&str>| Given {
        reader: Rc::from(reader),
        deck,
        phase,
        finding: finding.map(Rc::from),
    };
    Known {
        readers: ["ann", "bea"].map(str::to_owned).into(),
        items: [
            (ItemId(1), given("ann", 0, Phase::Read, None)),
            (ItemId(2), given("ann", 0, Phase::Repeat, None)),
            (ItemId(3), given("ann", 1, Phase::Read, None)),
            (ItemId(4), given("ann", 0, Phase::Adjudicate, Some("Effusion"))),
            (ItemId(5), given("ann", 0, Phase::Review, None)),
            (ItemId(6), given("bea", 0, Phase::Read, None)),
        ]
        .into(),
        decks: vec![
            (DeckId(10), Some("Pneumothorax".to_owned())),
            (DeckId(11), Some("Emphysema".to_owned())),
            (DeckId(12), None),
        ],
        protocols: [(1, Protocol::from_toml(PROTOCOL).unwrap())].into(),
        version: 1,
        ..Known::default()
    }
}

fn packet() -> Origin {
    Origin::Packet { id: "p-1".to_owned(), reader: "ann".to_owned() }
}

fn by(actor: &str, body: &EventBody, origin: &Origin) -> Result<(), String> {
    let (kind, text) = body.to_parts();
    let event = Event {
        id: String::new(),
        chain: format!("{actor}/home"),
        chain_seq: 7,
        at: String::new(),
        actor: actor.to_owned(),
        device: "home".to_owned(),
        kind,
        body: text,
        prev_hash: String::new(),
        hash: String::new(),
    };
    admit(&event, body, &known(), origin)
}

fn in_packet(body: &EventBody) -> Result<(), String> {
    by("ann", body, &packet())
}

/// Refused from a packet, with that reason; the whole sentence names the event.
fn refused(body: &EventBody, says: &str) {
    let said = in_packet(body).expect_err(says);
    assert!(said.contains(says), "{said}");
    assert!(said.contains("Nothing of it was taken in"), "{said}");
}

fn answer(finding: &str, level: u8) -> FindingAnswer {
    FindingAnswer { finding: finding.to_owned(), answer: Answer::Level(Level(level)) }
}

struct Lock {
    item: u64,
    answers: Vec<FindingAnswer>,
    phase: Phase,
    active_ms: u64,
    version: u32,
}

impl Default for Lock {
    fn default() -> Self {
        let answers = vec![answer("Pneumothorax", 2)];
        Self { item: 1, answers, phase: Phase::Read, active_ms: 900, version: 1 }
    }
}

fn lock(lock: Lock) -> EventBody {
    EventBody::ReadLocked {
        item: ItemId(lock.item),
        answers: lock.answers,
        phase: lock.phase,
        active_ms: lock.active_ms,
        protocol_version: lock.version,
        via: Via::Key,
        last: false,
    }
}

#[test]
fn what_a_reader_does_with_an_item_of_its_own_comes_in() {
    let item = ItemId(1);
    let conditions = BTreeMap::from([("display".to_owned(), "script".to_owned())]);
    for body in [
        lock(Lock::default()),
        lock(Lock {
            answers: vec![FindingAnswer {
                finding: "Pneumothorax".to_owned(),
                answer: Answer::NoAnswer(NoAnswer::Unsure),
            }],
            ..Lock::default()
        }),
        EventBody::SittingBegan { conditions },
        EventBody::SittingEnded {},
        EventBody::ReadReopened { item, via: Via::Undo },
        EventBody::ReadSkipped { item, reason: "film cannot be shown".to_owned() },
        EventBody::TagSet { item, tag: "chest_drain".to_owned(), on: true, via: Via::Key },
        EventBody::AlsoSet { item, finding: "Effusion".to_owned(), on: true },
        EventBody::CommentSet { item, text: "<b>\n\u{1b} äß".to_owned() },
        EventBody::FlagSet { item, on: true },
        EventBody::FilmSeen { item, films: 2, full_size: 2 },
    ] {
        assert_eq!(in_packet(&body), Ok(()), "{body:?}");
        assert_eq!(by("ann", &body, &Origin::Copy), Ok(()), "{body:?}");
    }
}

#[test]
fn a_packet_brings_its_own_reader_only() {
    let body = EventBody::SittingEnded {};
    assert!(by("bea", &body, &packet()).unwrap_err().contains("holds answers of bea"));
    assert_eq!(by("bea", &body, &Origin::Copy), Ok(()));
    for nobody in ["lead", "eve"] {
        let said = by(nobody, &body, &Origin::Copy).unwrap_err();
        assert!(said.contains("no reader here"), "{said}");
    }
}

#[test]
fn only_items_that_were_given_out_come_in() {
    for item in [6, 99] {
        refused(&EventBody::FlagSet { item: ItemId(item), on: true }, "was not given");
    }
}

#[test]
fn no_change_of_the_design_comes_in() {
    let (packet, reader) = ("p-2".to_owned(), "ann".to_owned());
    let added = EventBody::ReaderAdded {
        reader: "eve".to_owned(),
        role: "reader".to_owned(),
        experience_years: None,
    };
    let merged = EventBody::PacketMerged { packet, reader, events: 1, reads: 1, conflicts: 0 };
    for body in [added, merged] {
        refused(&body, "change of the design");
        assert!(by("ann", &body, &Origin::Copy).is_err());
    }
}

#[test]
fn an_item_is_locked_with_answers_to_what_is_asked_of_it() {
    let answers = |answers| lock(Lock { answers, ..Lock::default() });
    refused(&answers(vec![]), "without an answer");
    for finding in ["Emphysema", "Hernia", "", "<b>x", "pneumothorax"] {
        refused(&answers(vec![answer("Pneumothorax", 1), answer(finding, 1)]), "is not asked");
    }
    let twice = vec![answer("Pneumothorax", 0), answer("Pneumothorax", 2)];
    refused(&answers(twice), "`Pneumothorax` twice");
    // An adjudicator's question stands in place of the deck's.
    let judged = |finding| {
        let (phase, answers) = (Phase::Adjudicate, vec![answer(finding, 1)]);
        lock(Lock { item: 4, phase, answers, ..Lock::default() })
    };
    assert_eq!(in_packet(&judged("Effusion")), Ok(()));
    refused(&judged("Pneumothorax"), "is not asked");
}

#[test]
fn where_every_finding_is_asked_each_may_be_answered_once() {
    let mut known = known();
    known.decks.swap(0, 2);
    let body = lock(Lock {
        answers: vec![answer("Pneumothorax", 1), answer("Cardiomegaly", 0)],
        ..Lock::default()
    });
    let rules = Rules { known: &known, origin: &packet(), actor: "ann" };
    assert_eq!(rules.body(&body, known.items.get(&ItemId(1))), Ok(()));
}

#[test]
fn a_level_is_on_the_scale_of_its_protocol() {
    for level in [3, 9, 255] {
        let answers = vec![answer("Pneumothorax", level)];
        refused(&lock(Lock { answers, ..Lock::default() }), "the scale ends at 2");
    }
    refused(&lock(Lock { version: 2, ..Lock::default() }), "never had");
}

#[test]
fn an_answer_is_for_what_its_item_is_for() {
    for phase in [Phase::Practice, Phase::Repeat, Phase::Adjudicate, Phase::Review] {
        refused(&lock(Lock { phase, ..Lock::default() }), "to an item that is for `read`");
    }
    refused(&lock(Lock { item: 5, phase: Phase::Review, ..Lock::default() }), "looked at again");
}

/// A packet does not say which items are repeats, the project does.
#[test]
fn a_hidden_repeat_comes_back_as_a_reading() {
    let repeat = |phase| lock(Lock { item: 2, phase, ..Lock::default() });
    assert_eq!(in_packet(&repeat(Phase::Read)), Ok(()));
    refused(&repeat(Phase::Repeat), "for `repeat`");
    for phase in [Phase::Read, Phase::Repeat] {
        assert_eq!(by("ann", &repeat(phase), &Origin::Copy), Ok(()));
    }
}

#[test]
fn times_and_counts_are_such_as_occur() {
    let active = |active_ms| lock(Lock { active_ms, ..Lock::default() });
    assert_eq!(in_packet(&active(MOST_ACTIVE_MS)), Ok(()));
    for ms in [MOST_ACTIVE_MS + 1, u64::MAX >> 1, u64::MAX] {
        refused(&active(ms), "that an item took");
    }
    let seen = |films, full_size| EventBody::FilmSeen { item: ItemId(1), films, full_size };
    refused(&seen(1, 2), "2 of 1 films");
    refused(&seen(1 << 40, 1), "films were seen");
}

#[test]
fn tags_and_findings_are_those_of_a_protocol() {
    let item = ItemId(1);
    for name in ["evil", "", "<b>"] {
        let tag = EventBody::TagSet { item, tag: name.to_owned(), on: true, via: Via::Key };
        refused(&tag, "sets the tag");
        let also = EventBody::AlsoSet { item, finding: name.to_owned(), on: true };
        refused(&also, "names the finding");
    }
}

#[test]
fn texts_are_no_longer_than_anybody_writes() {
    let item = ItemId(1);
    let comment = |text: &str| EventBody::CommentSet { item, text: text.to_owned() };
    assert_eq!(in_packet(&comment(&"ä".repeat(MOST_COMMENT))), Ok(()));
    refused(&comment(&"ä".repeat(MOST_COMMENT + 1)), "20001 characters");
    refused(&comment("a\0b"), "NUL");
    let reason = EventBody::ReadSkipped { item, reason: "x".repeat(MOST_WORDS + 1) };
    refused(&reason, "the reason");
    for (name, value) in [("a\nb", "x"), ("x", "\u{1b}")] {
        let conditions = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        refused(&EventBody::SittingBegan { conditions }, "a reading condition");
    }
    let conditions = (0..=MOST_CONDITIONS).map(|n| (n.to_string(), String::new())).collect();
    refused(&EventBody::SittingBegan { conditions }, "reading conditions");
}

#[test]
fn a_sealed_packet_releases_no_figures_and_a_copy_only_what_was_read() {
    let released = |deck, reads| EventBody::FiguresReleased { deck: DeckId(deck), reads };
    refused(&released(10, 2), "a packet does not have");
    let in_copy = |deck, reads| by("ann", &released(deck, reads), &Origin::Copy);
    assert_eq!(in_copy(10, 4), Ok(()));
    assert_eq!(in_copy(11, 1), Ok(()));
    // None, more than there are, a deck without an item of the reader, and none at all.
    for (deck, reads) in [(10, 0), (10, 5), (11, 2), (12, 1), (99, 1), (99, 0)] {
        assert!(in_copy(deck, reads).unwrap_err().contains("releases figures"), "{deck} {reads}");
    }
}

#[test]
fn a_second_look_is_not_taken_in_a_packet() {
    let decided = |item| EventBody::ReviewDecided {
        item: ItemId(item),
        outcome: ReviewOutcome::LabelRight,
        via: Via::Key,
    };
    refused(&decided(5), "was not shown");
    assert_eq!(by("ann", &decided(5), &Origin::Copy), Ok(()));
    assert!(by("ann", &decided(1), &Origin::Copy).is_err());
}
