//! The log cannot be changed through SQL, and a change made past SQL is found.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use common::{DEVICE, items, lock, open, path_in, project_in};
use overread_core::event::{Event, EventBody};
use overread_store::{OpenMode, Project, ReadOnlyReason};
use rusqlite::Connection;
use tempfile::tempdir;

/// A closed project with three reads by ann.
fn closed_in(folder: &std::path::Path) -> std::path::PathBuf {
    let mut project = project_in(folder);
    project.add_reader("bea", "reader", None, "lead", DEVICE).unwrap();
    let ids = items(&project);
    for (id, level) in ids.iter().zip([2, 0, 1]) {
        let comment =
            EventBody::CommentSet { item: *id, text: "line one\nline \"two\" é".to_owned() };
        project.append("ann", DEVICE, &[comment, lock(*id, "Pneumothorax", level)]).unwrap();
    }
    let tag = EventBody::TagSet {
        item: ids[0],
        tag: "chest_drain".to_owned(),
        on: true,
        via: overread_core::event::Via::Key,
    };
    let also = EventBody::AlsoSet { item: ids[0], finding: "Effusion".to_owned(), on: true };
    project.append("ann", DEVICE, &[tag, also]).unwrap();
    project.close().unwrap();
    path_in(folder)
}

#[test]
fn triggers_refuse_every_way_of_changing_the_log() {
    let folder = tempdir().unwrap();
    let conn = Connection::open(closed_in(folder.path())).unwrap();
    let before: String =
        conn.query_row("SELECT group_concat(hash) FROM event", [], |row| row.get(0)).unwrap();
    let columns = "id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash";
    let tricks = [
        "UPDATE event SET body = '{}' WHERE seq = 2".to_owned(),
        "UPDATE event SET seq = 99 WHERE seq = 2".to_owned(),
        "DELETE FROM event WHERE seq = 2".to_owned(),
        "DELETE FROM event".to_owned(),
        // The same row number, the same id, the same place in a chain.
        format!(
            "INSERT OR REPLACE INTO event (seq, {columns}) SELECT seq, 'x', 'x', 1, at, actor, device, kind, '{{}}', prev_hash, hash FROM event WHERE seq = 2"
        ),
        format!(
            "INSERT OR REPLACE INTO event ({columns}) SELECT id, 'x', 1, at, actor, device, kind, '{{}}', prev_hash, hash FROM event WHERE seq = 2"
        ),
        format!(
            "INSERT OR REPLACE INTO event ({columns}) SELECT 'x', chain, chain_seq, at, actor, device, kind, '{{}}', prev_hash, hash FROM event WHERE seq = 2"
        ),
        format!(
            "INSERT INTO event (seq, {columns}) SELECT -1, 'x', 'x', 1, at, actor, device, kind, body, prev_hash, hash FROM event WHERE seq = 2"
        ),
        "REPLACE INTO event SELECT * FROM event".to_owned(),
        format!(
            "INSERT INTO event (seq, {columns}) SELECT seq, {columns} FROM event WHERE true ON CONFLICT DO UPDATE SET body = '{{}}'"
        ),
    ];
    for trick in tricks {
        let refused = conn.execute(&trick, []).expect_err(&trick).to_string();
        assert!(refused.contains("events are n"), "{trick}: {refused}");
    }
    let after: String =
        conn.query_row("SELECT group_concat(hash) FROM event", [], |row| row.get(0)).unwrap();
    assert_eq!(after, before);
}

#[test]
fn a_change_in_any_field_of_any_event_is_found_and_named() {
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let whole = std::fs::read(&path).unwrap();
    let seqs: Vec<i64> = Connection::open(&path)
        .unwrap()
        .prepare("SELECT seq FROM event ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for seq in seqs {
        for field in ["id", "at", "actor", "device", "kind", "body", "prev_hash", "hash"] {
            std::fs::write(&path, &whole).unwrap();
            let conn = Connection::open(&path).unwrap();
            conn.execute_batch("DROP TRIGGER event_never_changes").unwrap();
            // One character becomes another of the same length.
            let sql = format!(
                "UPDATE event SET {field} = substr({field}, 1, length({field}) - 1)
                     || CASE substr({field}, -1) WHEN '0' THEN '1' ELSE '0' END WHERE seq = ?1"
            );
            assert_eq!(conn.execute(&sql, [seq]).unwrap(), 1);
            let (chain, chain_seq): (String, i64) = conn
                .query_row("SELECT chain, chain_seq FROM event WHERE seq = ?1", [seq], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .unwrap();
            drop(conn);
            let project = Project::open(&path, OpenMode::ReadOnly).unwrap().project;
            let report = project.verify().unwrap();
            assert!(!report.ok, "{field} of event {seq}");
            let bad = report.first_bad.unwrap_or_else(|| panic!("{field} of event {seq}"));
            assert_eq!((bad.chain, bad.chain_seq), (chain, chain_seq.unsigned_abs()), "{field}");
        }
    }
}

#[test]
fn a_taken_away_or_slipped_in_event_and_a_renumbered_chain_are_found() {
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for (change, named) in [
        ("DELETE FROM event WHERE chain LIKE 'ann/%' AND chain_seq = 2", 3),
        ("UPDATE event SET chain_seq = 99 WHERE chain LIKE 'ann/%' AND chain_seq = 2", 3),
        ("UPDATE event SET body = NULL WHERE chain LIKE 'ann/%' AND chain_seq = 4", 4),
    ] {
        std::fs::write(&path, &whole).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("DROP TRIGGER event_never_changes; DROP TRIGGER event_never_goes")
            .unwrap();
        conn.execute(change, []).unwrap();
        drop(conn);
        let project = Project::open(&path, OpenMode::ReadOnly).unwrap().project;
        let report = project.verify().unwrap();
        assert_eq!(report.first_bad.unwrap().chain_seq, named, "{change}");
    }
}

/// An event with a hash that is right for what it says.
fn forge(conn: &Connection, seq: i64, change: impl FnOnce(&mut Event)) {
    let sql = "SELECT id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash FROM event WHERE seq = ?1";
    let mut event = conn
        .query_row(sql, [seq], |row| {
            Ok(Event {
                id: row.get(0)?,
                chain: row.get(1)?,
                chain_seq: row.get::<_, i64>(2)?.unsigned_abs(),
                at: row.get(3)?,
                actor: row.get(4)?,
                device: row.get(5)?,
                kind: row.get(6)?,
                body: row.get(7)?,
                prev_hash: row.get(8)?,
                hash: row.get(9)?,
            })
        })
        .unwrap();
    assert_eq!(event.hash, event.expected_hash());
    change(&mut event);
    let done = conn.execute(
        "UPDATE event SET chain_seq = ?2, device = ?3, body = ?4, prev_hash = ?5, hash = ?6 WHERE seq = ?1",
        rusqlite::params![
            seq,
            event.chain_seq.cast_signed(),
            event.device,
            event.body,
            event.prev_hash,
            event.expected_hash()
        ],
    );
    assert_eq!(done.unwrap(), 1);
}

#[test]
fn an_event_that_is_forged_with_a_right_hash_of_its_own_is_found_by_its_place() {
    type Change = fn(&mut Event);
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let whole = std::fs::read(&path).unwrap();
    // Of the eight events of ann's chain: which is forged, how, and which does not fit.
    let forged: [(i64, Change, u64); 4] = [
        (4, |event| event.body = event.body.replace("\"level\":0", "\"level\":2"), 5),
        (8, |event| event.chain_seq += 1, 9),
        (8, |event| event.prev_hash = "0".repeat(64), 8),
        (8, |event| event.device = "device-b".to_owned(), 8),
    ];
    for (n, (place, change, named)) in forged.into_iter().enumerate() {
        std::fs::write(&path, &whole).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("DROP TRIGGER event_never_changes").unwrap();
        let of_ann = "SELECT seq FROM event WHERE chain LIKE 'ann/%' AND chain_seq = ?1";
        forge(&conn, conn.query_row(of_ann, [place], |row| row.get(0)).unwrap(), change);
        let forged: Vec<u8> = std::fs::read(&path).unwrap();
        assert!(forged != whole, "{n}: nothing was forged");
        drop(conn);
        let report = Project::open(&path, OpenMode::ReadOnly).unwrap().project.verify().unwrap();
        let bad = report.first_bad.unwrap_or_else(|| panic!("{n}: not found"));
        assert_eq!(
            (bad.chain.as_str(), bad.chain_seq),
            ("ann/device-a", named),
            "{n}: {}",
            bad.what
        );
    }
}

#[test]
fn tables_that_do_not_say_what_the_events_say_are_a_problem() {
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for (change, word) in [
        ("UPDATE protocol SET text = text || ' '", "protocol"),
        ("UPDATE protocol SET name = 'x'", "protocol"),
        ("UPDATE protocol_level SET name = 'x' WHERE no = 1", "levels and rules"),
        ("UPDATE protocol_rule SET threshold = 0 WHERE threshold = 1", "levels and rules"),
        ("DELETE FROM protocol_rule WHERE threshold = 1", "levels and rules"),
        ("UPDATE reader SET role = 'lead'", "reader"),
        ("UPDATE reader SET experience_years = 30", "reader"),
        ("DELETE FROM reader WHERE name NOT IN (SELECT reader FROM worklist)", "reader"),
        ("UPDATE deck_member SET label_positive = 0 WHERE place = 1", "sample"),
        ("UPDATE item SET pass = 2 WHERE place = 1", "sample"),
        ("UPDATE dataset SET sha256 = 'x'", "dataset"),
        ("UPDATE dataset SET patients = 1", "dataset"),
        ("UPDATE dataset SET images = 1", "dataset"),
        ("DELETE FROM sample", "sample"),
        (
            "DELETE FROM item; DELETE FROM worklist; DELETE FROM deck_member; DELETE FROM deck; DELETE FROM sample",
            "sample",
        ),
        ("INSERT INTO outside_file SELECT 1, 'scores', 'x', 1, 'x', 0, 1, '' WHERE 1", "elsewhere"),
        ("UPDATE input_file SET sha256 = 'x'", "label files"),
        ("DELETE FROM input_file", "label files"),
        ("UPDATE study SET positive = 1 - positive WHERE no = 0", "labels"),
        ("UPDATE study SET negative = 1 - negative WHERE no = 1", "labels"),
        ("UPDATE study SET uncertain = 1 WHERE no = 1", "labels"),
        ("UPDATE study SET patient = 1 WHERE no = 0", "labels"),
        ("UPDATE study SET key = key || 'x' WHERE no = 0", "labels"),
        ("UPDATE study SET sex = NULL", "labels"),
        ("UPDATE study SET age_years = 1 + coalesce(age_years, 0) WHERE no = 1", "labels"),
        ("UPDATE study SET region = 'WRIST' WHERE no = 0", "labels"),
        ("UPDATE study SET split = 'x' WHERE no = 0", "labels"),
        ("UPDATE patient SET key = 'x' WHERE no = 0", "labels"),
        ("UPDATE image SET view = 'LL' WHERE study = 0", "labels"),
        ("UPDATE image SET key = 'x' WHERE study = 0", "labels"),
        ("UPDATE dataset_finding SET name = 'x' WHERE no = 0", "labels"),
        ("INSERT INTO image_box SELECT id, 0, 0, 1.5, 2, 3, 4 FROM image LIMIT 1", "labels"),
        ("UPDATE deck_member SET stratum = 'x' WHERE place = 1", "sample"),
        ("UPDATE deck SET planned = 9", "sample"),
        ("UPDATE item SET finding = 'Mass' WHERE place = 1", "sample"),
        ("UPDATE sample SET seed = '15'", "sample"),
        ("INSERT INTO gold SELECT reader FROM worklist", "sample"),
        ("UPDATE item_state SET reopened = 1", "reads of reader ann"),
        ("UPDATE item_state SET locks = 2", "reads of reader ann"),
        ("UPDATE item_state SET revisions = 1", "reads of reader ann"),
        ("UPDATE item_state SET settled = 1 - settled", "reads of reader ann"),
        ("UPDATE item_state SET skipped = 1", "reads of reader ann"),
        ("UPDATE item_state SET flagged = 1", "reads of reader ann"),
        ("UPDATE item_state SET comment = 'x'", "reads of reader ann"),
        ("UPDATE item_state SET phase = 'repeat'", "reads of reader ann"),
        ("UPDATE item_state SET locked_at = 'x'", "reads of reader ann"),
        ("UPDATE item_state SET active_ms = 1 + active_ms", "reads of reader ann"),
        ("UPDATE item_state SET after_release = 1", "reads of reader ann"),
        ("UPDATE item_state SET outcome = 'label_right'", "reads of reader ann"),
        (
            "DELETE FROM item_state WHERE item = (SELECT min(item) FROM item_state)",
            "reads of reader ann",
        ),
        ("UPDATE answer SET level = 2", "reads of reader ann"),
        ("UPDATE answer SET settled_level = 2", "reads of reader ann"),
        ("UPDATE answer SET finding = 'Mass'", "reads of reader ann"),
        ("DELETE FROM answer WHERE item = (SELECT min(item) FROM answer)", "reads of reader ann"),
        ("UPDATE item_tag SET tag = 'x'", "reads of reader ann"),
        ("DELETE FROM item_tag", "reads of reader ann"),
        ("UPDATE item_also SET finding = 'x'", "reads of reader ann"),
        ("INSERT INTO item_tag SELECT 'nobody', item, tag FROM item_tag", "reads of reader nobody"),
        (
            "INSERT INTO answer SELECT 'nobody', item, finding, 1, NULL, 1, NULL, 1 FROM answer",
            "reads of reader nobody",
        ),
    ] {
        std::fs::write(&path, &whole).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "foreign_keys", false).unwrap();
        conn.execute_batch(change).unwrap();
        drop(conn);
        let project = Project::open(&path, OpenMode::ReadOnly).unwrap().project;
        let report = project.verify().unwrap();
        assert!(!report.ok && report.first_bad.is_none(), "{change}: {report:?}");
        assert!(report.problems.iter().any(|problem| problem.contains(word)), "{report:?}");
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(open(&path).project.verify().unwrap().ok);
}

#[test]
fn a_broken_tail_makes_the_project_one_to_look_at() {
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("DROP TRIGGER event_never_changes").unwrap();
    conn.execute("UPDATE event SET at = 'x' WHERE seq = (SELECT max(seq) FROM event)", []).unwrap();
    drop(conn);
    let mut project = open(&path).project;
    let report = project.check_after_open().unwrap();
    assert!(report.problems[0].contains("ann/device-a"), "{report:?}");
    assert_eq!(report.backup, None, "a damaged file replaces no good backup");
    assert!(matches!(project.read_only(), Some(ReadOnlyReason::Damaged(_))));
    assert!(project.append("ann", DEVICE, &[EventBody::SittingEnded {}]).is_err());
}

#[test]
fn the_chains_can_be_recomputed_by_python_from_the_documented_rule() {
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let packet = folder.path().join("ann.overread");
    let mut project = open(&path).project;
    common::packet_for(&mut project, "ann", &packet);
    let mut reading = open(&packet).project;
    let id = items(&reading)[0];
    reading.append("ann", "home", &[lock(id, "Pneumothorax", 1)]).unwrap();
    reading.close().unwrap();
    project.merge(std::slice::from_ref(&packet), "lead", DEVICE).unwrap();
    project.close().unwrap();
    for path in [path, packet] {
        python_says_the_same(&path);
    }
}

fn python_says_the_same(path: &std::path::Path) {
    let Some(said) = common::recomputed(path) else { return };
    let chains = open(path).project.verify().unwrap().chains;
    let ours: Vec<String> =
        chains.iter().map(|c| format!("{} {} {}", c.chain, c.events, c.head)).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), ours);
}

#[test]
fn a_chain_that_differs_in_a_row_or_in_its_index_is_found() {
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let whole = std::fs::read(&path).unwrap();
    let chain = format!("ann/{DEVICE}");
    let places: Vec<usize> =
        (0..whole.len()).filter(|&at| whole[at..].starts_with(chain.as_bytes())).collect();
    // Row and index hold it for each of ann's six events.
    assert!(12 <= places.len(), "{places:?}");
    let changed = folder.path().join("changed.overread");
    for at in places {
        for within in [0, chain.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at + within] ^= 1;
            std::fs::write(&changed, &bytes).unwrap();
            let sound = Project::open(&changed, OpenMode::ReadOnly)
                .and_then(|opened| opened.project.verify())
                .is_ok_and(|report| report.ok);
            assert!(!sound, "byte {}", at + within);
        }
    }
}
