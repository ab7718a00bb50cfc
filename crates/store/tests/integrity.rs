//! The log cannot be changed through SQL, and a change made past SQL is found.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use std::process::Command;

use common::{DEVICE, items, lock, open, path_in, project_in};
use overread_core::event::EventBody;
use overread_store::{OpenMode, Project, ReadOnlyReason};
use rusqlite::Connection;
use tempfile::tempdir;

/// A closed project with three reads by ann.
fn closed_in(folder: &std::path::Path) -> std::path::PathBuf {
    let mut project = project_in(folder);
    let ids = items(&project);
    for (id, level) in ids.iter().zip([2, 0, 1]) {
        let comment =
            EventBody::CommentSet { item: *id, text: "line one\nline \"two\" é".to_owned() };
        project.append("ann", DEVICE, &[comment, lock(*id, "Pneumothorax", level)]).unwrap();
    }
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

#[test]
fn tables_that_do_not_say_what_the_events_say_are_a_problem() {
    let folder = tempdir().unwrap();
    let path = closed_in(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for (change, word) in [
        ("UPDATE protocol SET text = text || ' '", "protocol"),
        ("UPDATE reader SET role = 'lead'", "reader"),
        ("UPDATE deck_member SET label_positive = 0 WHERE place = 1", "sample"),
        ("UPDATE item SET pass = 2 WHERE place = 1", "sample"),
        ("UPDATE dataset SET sha256 = 'x'", "dataset"),
        ("UPDATE item_state SET reopened = 1", "reads of reader ann"),
        ("UPDATE answer SET level = 2", "reads of reader ann"),
    ] {
        std::fs::write(&path, &whole).unwrap();
        Connection::open(&path).unwrap().execute(change, []).unwrap();
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
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recompute_chains.py");
    let Ok(run) = Command::new("python3").arg(script).arg(path).output() else {
        // The rule itself is proved by the tests above; this is a second opinion.
        return;
    };
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    let chains = open(path).project.verify().unwrap().chains;
    let ours: Vec<String> =
        chains.iter().map(|c| format!("{} {} {}", c.chain, c.events, c.head)).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), ours);
}
