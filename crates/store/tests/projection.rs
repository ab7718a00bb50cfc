//! The views say what the fold of the log says, whatever is done in whatever order.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use std::collections::BTreeMap;

use common::{DEVICE, items, open, path_in, project_in};
use overread_core::event::{EventBody, FindingAnswer, Via};
use overread_core::{Answer, ItemId, Level, NoAnswer, Phase};
use overread_store::Project;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::tempdir;

#[derive(Clone, Debug)]
enum Act {
    Lock(usize, Answer),
    Reopen(usize),
    Skip(usize),
    Tag(usize, bool),
    Also(usize, bool),
    Flag(usize, bool),
    Comment(usize),
    Began,
    Ended,
    Release(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let item = 0..12_usize;
    let answer = prop_oneof![
        (0..3_u8).prop_map(|level| Answer::Level(Level(level))),
        Just(Answer::NoAnswer(NoAnswer::Unsure)),
        Just(Answer::NoAnswer(NoAnswer::Inadequate)),
    ];
    prop_oneof![
        6 => (item.clone(), answer).prop_map(|(i, a)| Act::Lock(i, a)),
        2 => item.clone().prop_map(Act::Reopen),
        1 => item.clone().prop_map(Act::Skip),
        1 => (item.clone(), any::<bool>()).prop_map(|(i, on)| Act::Tag(i, on)),
        1 => (item.clone(), any::<bool>()).prop_map(|(i, on)| Act::Also(i, on)),
        1 => (item.clone(), any::<bool>()).prop_map(|(i, on)| Act::Flag(i, on)),
        1 => item.prop_map(Act::Comment),
        1 => Just(Act::Began),
        1 => Just(Act::Ended),
        1 => (0..2_usize).prop_map(Act::Release),
    ]
}

fn body(project: &Project, ids: &[ItemId], act: &Act) -> EventBody {
    match act {
        Act::Lock(i, answer) => EventBody::ReadLocked {
            item: ids[*i],
            answers: vec![FindingAnswer { finding: "Pneumothorax".to_owned(), answer: *answer }],
            phase: Phase::Read,
            active_ms: 900,
            protocol_version: 1,
            via: Via::Key,
            last: false,
        },
        Act::Reopen(i) => EventBody::ReadReopened { item: ids[*i], via: Via::Back },
        Act::Skip(i) => EventBody::ReadSkipped { item: ids[*i], reason: "broken".to_owned() },
        Act::Tag(i, on) => EventBody::TagSet {
            item: ids[*i],
            tag: "chest_drain".to_owned(),
            on: *on,
            via: Via::Key,
        },
        Act::Also(i, on) => {
            EventBody::AlsoSet { item: ids[*i], finding: "Effusion".to_owned(), on: *on }
        }
        Act::Flag(i, on) => EventBody::FlagSet { item: ids[*i], on: *on },
        Act::Comment(i) => EventBody::CommentSet { item: ids[*i], text: "look again".to_owned() },
        Act::Began => EventBody::SittingBegan { conditions: BTreeMap::new() },
        Act::Ended => EventBody::SittingEnded {},
        Act::Release(deck) => EventBody::FiguresReleased {
            deck: project.sample().unwrap().unwrap().decks[*deck].id,
            reads: 1,
        },
    }
}

type ReadRow = (String, Option<u8>, Option<String>, Option<u8>, Option<String>, bool);

/// What the views say, by item.
fn viewed(path: &std::path::Path) -> (Vec<ReadRow>, Vec<String>, Vec<(String, String)>) {
    let conn = Connection::open(path).unwrap();
    let level = |name: Option<String>| {
        name.map(|name| match name.as_str() {
            "absent" => 0,
            "plausible" => 1,
            "reportable" => 2,
            other => panic!("{other}"),
        })
    };
    let reads = conn
        .prepare(
            "SELECT item, level, level_no, no_answer, settled_level, settled_no_answer,
                 after_release FROM v_reads WHERE reader = 'ann' ORDER BY item",
        )
        .unwrap()
        .query_map([], |row| {
            let now = level(row.get(1)?);
            assert_eq!(now, row.get(2)?);
            Ok((row.get(0)?, now, row.get(3)?, level(row.get(4)?), row.get(5)?, row.get(6)?))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let tags = conn
        .prepare("SELECT item FROM v_tags WHERE reader = 'ann' ORDER BY item")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let states = conn
        .prepare("SELECT item, status || flagged || comment FROM v_worklist ORDER BY item")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    (reads, tags, states)
}

/// What the fold of the log says, in the same words.
fn folded(project: &Project) -> (Vec<ReadRow>, Vec<String>, Vec<(String, String)>) {
    let record = project.reader_record("ann").unwrap();
    let mut ids: Vec<ItemId> = record.worklist.items.iter().map(|item| item.id).collect();
    ids.sort_unstable();
    let (mut reads, mut tags, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let Some(state) = record.state.item(id) else {
            states.push((id.to_string(), "open0".to_owned()));
            continue;
        };
        if let Some(now) = state.current() {
            let now_says = now.answer("Pneumothorax").unwrap();
            let first = state.settled_lock().and_then(|lock| lock.answer("Pneumothorax"));
            let word = |answer: Answer| answer.no_answer().map(|why| why.word().to_owned());
            reads.push((
                id.to_string(),
                now_says.level().map(|level| level.0),
                word(now_says),
                first.and_then(Answer::level).map(|level| level.0),
                first.and_then(word),
                now.after_release,
            ));
        }
        if state.tags.contains("chest_drain") {
            tags.push(id.to_string());
        }
        let status = match (state.reopened, state.locks.is_empty(), state.skipped) {
            (true, ..) => "reopened",
            (_, false, _) => "locked",
            (_, _, true) => "skipped",
            _ => "open",
        };
        states.push((
            id.to_string(),
            format!("{status}{}{}", u8::from(state.flagged), state.comment),
        ));
    }
    (reads, tags, states)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn views_are_the_fold_of_the_log(acts in prop::collection::vec((act(), 0..3_u8), 1..60)) {
        let folder = tempdir().unwrap();
        let mut project = project_in(folder.path());
        let ids = items(&project);
        let mut batch = Vec::new();
        for (act, ends) in &acts {
            batch.push(body(&project, &ids, act));
            // Some go in one by one, some together, and some from another device.
            if *ends > 0 {
                let device = if *ends == 2 { "device-0" } else { DEVICE };
                project.append("ann", device, &batch).unwrap();
                batch.clear();
            }
        }
        project.append("ann", DEVICE, &batch).unwrap();
        prop_assert_eq!(viewed(&path_in(folder.path())), folded(&project));
        prop_assert!(project.verify().unwrap().ok);
        // Folded from nothing by another opening, it is the same.
        project.close().unwrap();
        let mut again = open(&path_in(folder.path())).project;
        let before = viewed(&path_in(folder.path()));
        prop_assert_eq!(&before, &folded(&again));
        again.rebuild_views().unwrap();
        prop_assert_eq!(&before, &viewed(&path_in(folder.path())));
        // So it is for a program that knows no more than the description of the file.
        again.close().unwrap();
        if acts.len() % 3 == 0 {
            common::recomputed(&path_in(folder.path()));
        }
    }
}

/// First what settled and then what stands, in words of the levels.
fn answers(path: &std::path::Path, item: ItemId) -> (Option<String>, Option<String>) {
    let sql = "SELECT settled_level, level FROM v_reads WHERE item = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Connection::open(path).unwrap().query_row(sql, [item.to_string()], row).unwrap()
}

#[test]
fn a_release_and_the_end_of_a_chain_settle_what_came_before() {
    let folder = tempdir().unwrap();
    let path = path_in(folder.path());
    let mut project = project_in(folder.path());
    let ids = items(&project);
    let deck = project.sample().unwrap().unwrap().decks[1].id;
    let lock = |id, level| common::lock(id, "Pneumothorax", level);
    // Another device, whose chain comes first by name; nothing of it settles but by its end.
    project.append("ann", "device-0", &[lock(ids[0], 2)]).unwrap();
    assert_eq!(answers(&path, ids[0]), (None, Some("reportable".to_owned())));
    project.append("ann", DEVICE, &[lock(ids[0], 0), lock(ids[1], 1)]).unwrap();
    let both = |first: &str, now: &str| (Some(first.to_owned()), Some(now.to_owned()));
    assert_eq!(answers(&path, ids[0]), both("reportable", "absent"));
    // Figures of another deck come out, and the change of mind after them is no slip.
    let release = EventBody::FiguresReleased { deck, reads: 1 };
    project.append("ann", DEVICE, &[release, lock(ids[1], 2)]).unwrap();
    assert_eq!(answers(&path, ids[1]), both("plausible", "reportable"));
    assert!(project.verify().unwrap().ok);
    project.close().unwrap();
    common::recomputed(&path);
}

#[test]
fn rules_and_progress_follow_the_levels() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let ids = items(&project);
    for (id, level) in ids.iter().zip([0, 1, 2]) {
        project.append("ann", DEVICE, &[common::lock(*id, "Pneumothorax", level)]).unwrap();
    }
    let conn = Connection::open(path_in(folder.path())).unwrap();
    let rule = |id: ItemId, rule: &str| -> i64 {
        conn.query_row(
            "SELECT value FROM v_read_rules WHERE item = ?1 AND rule = ?2",
            [id.to_string(), rule.to_owned()],
            |row| row.get(0),
        )
        .unwrap()
    };
    let values: Vec<(i64, i64)> =
        ids.iter().take(3).map(|&id| (rule(id, "permissive"), rule(id, "clinical"))).collect();
    assert_eq!(values, [(0, 0), (1, 0), (1, 1)]);
    let (locked, settled): (i64, i64) = conn
        .query_row("SELECT sum(locked), sum(settled) FROM v_progress", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((locked, settled), (3, 2), "the last answer is not settled yet");
}
