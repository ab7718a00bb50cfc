//! Packets out and back: what they hold, and that merging is a union.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{
    DEVICE, clock, import_text, labels_csv, lock, packet_for, path_in, project_in, protocol,
};
use overread_core::event::{EventBody, Via};
use overread_core::sampling;
use overread_store::{OpenMode, Project, StoreError};
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::tempdir;

fn open(path: &Path) -> Project {
    Project::open_with(path, OpenMode::ReadWrite, clock()).unwrap().project
}

/// Answers items of a packet under a device; gives the packet.
fn read(path: &Path, device: &str, answers: &[(usize, u8)]) -> PathBuf {
    let mut packet = open(path);
    let reader = packet.packet().unwrap().unwrap().reader;
    let items = packet.worklist(&reader).unwrap().unwrap().items;
    let decks = packet.sample().unwrap().unwrap().decks;
    for (at, level) in answers {
        let id = items[*at].id;
        let asked = decks[items[*at].deck as usize].finding.clone().unwrap();
        let tag =
            EventBody::TagSet { item: id, tag: "rotated_film".to_owned(), on: true, via: Via::Key };
        packet.append(&reader, device, &[tag, lock(id, &asked, *level)]).unwrap();
    }
    packet.close().unwrap();
    path.to_owned()
}

/// A project with readers ann, bea and cyd, and a packet for each.
fn team(folder: &Path) -> (Project, Vec<PathBuf>) {
    let mut project = project_in(folder);
    let (dataset, sample) = (project.dataset().unwrap(), project.sample().unwrap().unwrap());
    for name in ["bea", "cyd"] {
        project.add_reader(name, "reader", None, "lead", DEVICE).unwrap();
        let list = sampling::worklist(&dataset, &protocol(), &sample, name);
        project.save_worklist(&list, "lead", DEVICE).unwrap();
    }
    let packets = ["ann", "bea", "cyd"].map(|name| {
        let path = folder.join(format!("{name}.overread"));
        packet_for(&mut project, name, &path);
        path
    });
    (project, packets.to_vec())
}

fn copy(from: &Path, name: &str) -> PathBuf {
    let to = from.with_file_name(name);
    std::fs::copy(from, &to).unwrap();
    to
}

/// All events but those of the lead, and everything that the views say.
fn state(project: &Project) -> (Vec<String>, Vec<String>) {
    let conn = Connection::open(project.path()).unwrap();
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        let columns = statement.column_count();
        statement
            .query_map([], |row| {
                let cells = (0..columns).map(|i| format!("{:?}", row.get_ref(i).unwrap()));
                Ok(cells.collect::<Vec<_>>().join("|"))
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let events = rows(
        "SELECT id, chain, chain_seq, at, body, hash FROM event WHERE actor <> 'lead' ORDER BY id",
    );
    let mut views = Vec::new();
    for view in ["v_reads", "v_read_rules", "v_tags", "v_worklist", "v_progress", "v_conflicts"] {
        let mut of_view = rows(&format!("SELECT * FROM {view}"));
        of_view.sort();
        views.extend(of_view);
    }
    (events, views)
}

#[test]
fn a_packet_comes_back_and_counts_as_if_read_in_the_project() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    read(&packets[0], "home", &[(0, 2), (1, 0), (2, 1)]);
    let report = project.merge(&packets[..1], "lead", DEVICE).unwrap();
    let [file] = report.files.as_slice() else { panic!("{report:?}") };
    assert_eq!((file.refused.as_deref(), file.reader.as_deref()), (None, Some("ann")));
    assert_eq!((file.came_in, file.reads, file.was_there), (6, 3, 1), "{file:?}");
    assert_eq!(report.conflicts, []);
    let record = project.reader_record("ann").unwrap();
    assert_eq!(record.state.locked_count(), 3);
    assert!(project.verify().unwrap().ok, "{:?}", project.verify());
    let merged = project.events(None).unwrap().into_iter().filter(|e| e.kind == "packet.merged");
    assert_eq!(merged.count(), 1);
    // Once more: nothing new, and no word about it.
    let before = project.events(None).unwrap();
    let again = project.merge(&packets[..1], "lead", DEVICE).unwrap();
    assert_eq!((again.files[0].came_in, again.files[0].was_there), (0, 7));
    assert_eq!(project.events(None).unwrap(), before);
    // The reader goes on, and sends the longer file.
    read(&packets[0], "home", &[(3, 1)]);
    let more = project.merge(&packets[..1], "lead", DEVICE).unwrap();
    assert_eq!((more.files[0].came_in, more.files[0].reads), (2, 1));
}

#[test]
fn a_project_is_not_merged_into_itself_under_any_of_its_names() {
    let folder = tempdir().unwrap();
    let (mut project, _packets) = team(folder.path());
    let path = project.path().to_owned();
    let (there, back) = (path.parent().unwrap(), path.file_name().unwrap());
    let roundabout = there.join(".").join("..").join(there.file_name().unwrap()).join(back);
    let mut names = vec![path.clone(), roundabout];
    #[cfg(unix)]
    for (name, link) in [("soft.overread", true), ("hard.overread", false)] {
        let other = path.with_file_name(name);
        if link {
            std::os::unix::fs::symlink(&path, &other).unwrap();
        } else {
            std::fs::hard_link(&path, &other).unwrap();
        }
        names.push(other);
    }
    let before = project.events(None).unwrap();
    let report = project.merge(&names, "lead", DEVICE).unwrap();
    for file in &report.files {
        assert!(file.refused.as_deref().is_some_and(|why| why.contains("itself")), "{file:?}");
    }
    assert_eq!(project.events(None).unwrap(), before);
}

#[test]
fn an_answer_that_was_corrected_is_one_read() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    read(&packets[0], "home", &[(0, 2), (0, 1), (1, 0)]);
    let report = project.merge(&packets[..1], "lead", DEVICE).unwrap();
    let file = &report.files[0];
    assert_eq!((file.came_in, file.reads), (6, 2), "three lockings of two items: {file:?}");
    assert_eq!(project.reader_record("ann").unwrap().state.locked_count(), 2);
}

/// Events that come to a reader who has some already are folded with those, whichever chain comes first by name.
#[test]
fn later_packets_of_a_reader_are_folded_with_what_is_there() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    let first = copy(&packets[0], "first.overread");
    read(&packets[0], "m", &[(0, 2), (1, 0)]);
    read(&first, "a", &[(1, 2), (2, 2)]);
    for file in [&packets[0], &first] {
        project.merge(std::slice::from_ref(file), "lead", DEVICE).unwrap();
        assert!(project.verify().unwrap().ok, "{:?}", project.verify());
    }
    let apart = state(&project);
    let other = tempdir().unwrap();
    let again = other.path().join("again.overread");
    std::fs::copy(&packets[0], other.path().join("m.overread")).unwrap();
    project.close().unwrap();
    // All at once gives the same.
    std::fs::copy(path_in(folder.path()), &again).unwrap();
    let mut rebuilt = open(&again);
    let both = rebuilt.merge(&[packets[0].clone(), first], "lead", DEVICE).unwrap();
    assert!(both.files.iter().all(|file| file.came_in == 0), "{both:?}");
    assert_eq!(state(&rebuilt), apart);
}

#[test]
fn a_packet_is_sound_and_its_design_is_the_leads() {
    let folder = tempdir().unwrap();
    let (_project, packets) = team(folder.path());
    read(&packets[1], "home", &[(0, 2)]);
    let mut packet = open(&packets[1]);
    assert!(packet.verify().unwrap().ok, "{:?}", packet.verify());
    assert_eq!(packet.readers().unwrap().len(), 1);
    assert!(matches!(
        packet.add_reader("eve", "reader", None, "lead", DEVICE),
        Err(StoreError::Packet { .. })
    ));
    drop(packet);
    let conn = Connection::open(&packets[1]).unwrap();
    let one = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(one("SELECT count(*) FROM sqlite_schema WHERE name = 'v_dataset_labels'"), 0);
    assert_eq!(one("SELECT count(*) FROM dataset_finding"), 0);
    assert_eq!(one("SELECT sum(positive | negative | uncertain) FROM study"), 0);
    assert_eq!(one("SELECT sum(drawn + frame) FROM deck_member"), 0);
    assert_eq!(one("SELECT count(*) FROM event WHERE actor = 'lead'"), 1);
    conn.execute("UPDATE protocol SET text = replace(text, 'entire', 'whole') || ' '", []).unwrap();
    drop(conn);
    assert!(!open(&packets[1]).verify().unwrap().ok, "a changed protocol is found");
}

#[test]
fn two_devices_that_answered_one_item_are_both_kept_and_shown() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    let other = copy(&packets[0], "ann-clinic.overread");
    read(&packets[0], "home", &[(0, 2), (1, 0)]);
    read(&other, "ward", &[(1, 2), (2, 2)]);
    let report = project.merge(&[packets[0].clone(), other], "lead", DEVICE).unwrap();
    let [conflict] = report.conflicts.as_slice() else { panic!("{report:?}") };
    let chains: Vec<&str> = conflict.answers.iter().map(|a| a.chain.as_str()).collect();
    assert_eq!(chains, ["ann/home", "ann/ward"]);
    assert!(!conflict.same);
    assert_eq!(conflict.answers.iter().filter(|answer| answer.used).count(), 1);
    let conn = Connection::open(path_in(folder.path())).unwrap();
    let rows: i64 = conn.query_row("SELECT count(*) FROM v_conflicts", [], |r| r.get(0)).unwrap();
    assert_eq!(rows, 2);
    assert_eq!(project.reader_record("ann").unwrap().state.locked_count(), 3);
    assert!(project.verify().unwrap().ok);
}

#[test]
fn files_that_do_not_fit_are_refused_with_the_reason_and_change_nothing() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    let elsewhere = tempdir().unwrap();
    let (other, foreign) = team(elsewhere.path());
    read(&foreign[0], "home", &[(0, 1)]);
    read(&packets[0], "home", &[(0, 2), (1, 1)]);
    let forked = copy(&packets[0], "forked.overread");
    read(&packets[0], "home", &[(2, 2)]);
    read(&forked, "home", &[(2, 0)]);
    let bent = copy(&packets[1], "bent.overread");
    read(&bent, "home", &[(0, 2)]);
    let conn = Connection::open(&bent).unwrap();
    conn.execute_batch("DROP TRIGGER event_never_changes").unwrap();
    conn.execute(
        "UPDATE event SET body = replace(body, '\"level\":2', '\"level\":0') WHERE kind = 'read.locked'",
        [],
    )
    .unwrap();
    drop(conn);
    let torn = copy(&packets[2], "torn.overread");
    let bytes = std::fs::read(&torn).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let nothing = folder.path().join("nothing.overread");
    std::fs::write(&nothing, "not a packet").unwrap();
    project.merge(&packets[..1], "lead", DEVICE).unwrap();
    let before = project.events(None).unwrap();
    let (_, views) = state(&project);
    for (file, says) in [
        (&foreign[0], "not made from this project"),
        (&other.path().to_owned(), "another project"),
        (&bent, "does not fit"),
        (&torn, "damaged"),
        (&nothing, "not an Overread project"),
        (&forked, "both copies were written on one device"),
    ] {
        let report = project.merge(std::slice::from_ref(file), "lead", DEVICE).unwrap();
        let why = report.files[0].refused.clone().unwrap_or_default();
        assert!(why.contains(says), "{file:?}: {why}");
        assert_eq!(report.files[0].came_in, 0);
        assert_eq!(project.events(None).unwrap(), before, "{file:?}");
    }
    assert_eq!(state(&project).1, views);
    // One bad file does not keep the good ones out.
    read(&packets[2], "home", &[(5, 1)]);
    let report = project.merge(&[bent, packets[2].clone()], "lead", DEVICE).unwrap();
    assert!(report.files[0].refused.is_some());
    assert_eq!(report.files[1].reads, 1);
    // A rescue of what was torn has nothing to say yet, and is no danger.
    assert!(project.verify().unwrap().ok);
}

#[test]
fn a_packet_with_spoilt_bytes_comes_in_whole_or_not_at_all_and_harms_nothing() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    let answers: Vec<(usize, u8)> = (0..12).map(|n| (n, 2)).collect();
    read(&packets[0], "home", &answers);
    let whole = std::fs::read(&packets[0]).unwrap();
    let before = project.events(None).unwrap();
    let spoilt = folder.path().join("spoilt.overread");
    let mut refused = 0;
    for round in 0..40_usize {
        let mut bytes = whole.clone();
        let at = 100 + round * 7_919 % (bytes.len() - 200);
        for byte in &mut bytes[at..at + 24] {
            *byte ^= 0x5a;
        }
        std::fs::write(&spoilt, &bytes).unwrap();
        // Looked into, not merged: what comes in of a sound log is the same each time.
        let plan = project.plan_merge(std::slice::from_ref(&spoilt)).unwrap();
        let changes = plan.changes();
        let file = plan.into_report().files.remove(0);
        assert_eq!(changes, file.refused.is_none(), "{file:?}");
        refused += usize::from(file.refused.is_some());
        if changes {
            assert_eq!((file.came_in, file.reads), (24, 12), "the log is whole where it is taken");
        }
        assert_eq!(project.events(None).unwrap(), before);
    }
    assert!(4 < refused, "{refused} refused: nothing was tested");
    assert_eq!(project.merge(&packets[..1], "lead", DEVICE).unwrap().files[0].reads, 12);
    assert!(project.verify().unwrap().ok);
}

#[test]
fn reads_by_others_or_of_other_items_do_not_come_in() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    let foreign = project.worklist("bea").unwrap().unwrap().items[0].id;
    let by_other = copy(&packets[0], "by-other.overread");
    let mut packet = open(&by_other);
    packet.append("bea", "home", &[lock(foreign, "Pneumothorax", 1)]).unwrap();
    drop(packet);
    let of_other = copy(&packets[0], "of-other.overread");
    let mut packet = open(&of_other);
    packet.append("ann", "home", &[lock(foreign, "Pneumothorax", 1)]).unwrap();
    drop(packet);
    let design = copy(&packets[0], "design.overread");
    let mut packet = open(&design);
    let body = EventBody::ReaderAdded {
        reader: "eve".to_owned(),
        role: "reader".to_owned(),
        experience_years: None,
    };
    packet.append("ann", "home", &[body]).unwrap();
    drop(packet);
    for (file, says) in [
        (by_other, "holds answers of bea"),
        (of_other, "was not given"),
        (design, "change of the design"),
    ] {
        let report = project.merge(&[file], "lead", DEVICE).unwrap();
        let why = report.files[0].refused.clone().unwrap_or_default();
        assert!(why.contains(says), "{why}");
    }
}

/// What a packet says of itself outside its chains decides nothing.
#[test]
fn a_packet_is_whose_the_project_says_it_is() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    let of_bea = project.worklist("bea").unwrap().unwrap().items[0].id;
    let before = project.events(None).unwrap();
    for (name, value, says) in [
        ("reader", "bea", "somebody changed whose it is"),
        ("reader", "lead", "somebody changed whose it is"),
        ("packet", "p-0", "somebody changed whose it is"),
        ("kind", "project", "does not say where it comes from"),
    ] {
        let forged = copy(&packets[0], &format!("{name}-{value}.overread"));
        let conn = Connection::open(&forged).unwrap();
        conn.execute("UPDATE meta SET value = ?2 WHERE name = ?1", [name, value]).unwrap();
        drop(conn);
        let mut packet = open(&forged);
        packet.append("bea", "home", &[lock(of_bea, "Pneumothorax", 1)]).unwrap();
        packet.close().unwrap();
        let report = project.merge(&[forged], "lead", DEVICE).unwrap();
        let why = report.files[0].refused.clone().unwrap_or_default();
        assert!(why.contains(says), "{name} {value}: {why}");
        assert_eq!(project.events(None).unwrap(), before);
    }
}

#[test]
fn one_event_that_cannot_be_keeps_a_whole_packet_out() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    read(&packets[0], "home", &[(0, 2), (1, 1)]);
    let item = project.worklist("ann").unwrap().unwrap().items[2].id;
    let mut packet = open(&packets[0]);
    let EventBody::ReadLocked { item, phase, protocol_version, via, .. } =
        lock(item, "Pneumothorax", 1)
    else {
        panic!("a lock")
    };
    let empty = EventBody::ReadLocked {
        item,
        answers: vec![],
        phase,
        active_ms: 1,
        protocol_version,
        via,
        last: false,
    };
    packet.append("ann", "home", &[empty]).unwrap();
    assert!(packet.verify().unwrap().ok, "what was written stands, also where it says nothing");
    packet.close().unwrap();
    let before = project.events(None).unwrap();
    let report = project.merge(&packets[..1], "lead", DEVICE).unwrap();
    let why = report.files[0].refused.clone().unwrap_or_default();
    assert!(why.starts_with("Event 5 of chain ann/home locks an item without"), "{why}");
    assert_eq!((report.files[0].came_in, report.files[0].reads), (0, 0));
    assert_eq!(project.events(None).unwrap(), before);
}

/// A reader's copy of the project that comes back brings what is allowed to a reader there.
#[test]
fn a_copy_of_the_project_brings_its_readers_work() {
    let folder = tempdir().unwrap();
    let (project, _packets) = team(folder.path());
    let path = project.path().to_owned();
    project.close().unwrap();
    let away = copy(&path, "away.overread");
    let mut reading = open(&away);
    let item = reading.worklist("ann").unwrap().unwrap().items[0].id;
    let deck = reading.sample().unwrap().unwrap().decks[0].id;
    let released = EventBody::FiguresReleased { deck, reads: 1 };
    reading.append("ann", "away", &[lock(item, "Pneumothorax", 1), released]).unwrap();
    reading.close().unwrap();
    let mut project = open(&path);
    let report = project.merge(&[away], "lead", DEVICE).unwrap();
    assert_eq!((report.files[0].refused.as_deref(), report.files[0].reads), (None, 1));
    assert!(project.verify().unwrap().ok);
}

#[test]
fn a_read_under_an_older_protocol_comes_in_and_says_so() {
    let folder = tempdir().unwrap();
    let (mut project, packets) = team(folder.path());
    read(&packets[0], "home", &[(0, 2), (1, 0)]);
    let text = protocol().source.replace("version = 1", "version = 2");
    let newer = overread_core::Protocol::from_toml(&text).unwrap();
    project.set_protocol(&newer, "lead", DEVICE).unwrap();
    let report = project.merge(&packets[..1], "lead", DEVICE).unwrap();
    assert_eq!((report.files[0].reads, report.files[0].other_protocol), (2, 2));
    let record = project.reader_record("ann").unwrap();
    let id = record.worklist.items[0].id;
    assert_eq!(record.state.item(id).unwrap().settled_lock().unwrap().protocol_version, 1);
}

#[test]
fn two_projects_that_differ_only_in_labels_give_the_same_packet() {
    let mut dumps = Vec::new();
    for turn in [0, 1] {
        let folder = tempdir().unwrap();
        // Twenty films, ten of each label; every one is drawn either way.
        let mut text = labels_csv(20);
        for finding in ["Emphysema", "Effusion", "Cardiomegaly"] {
            text = text.replace(finding, "No Finding");
        }
        let rows: Vec<&str> = text.lines().collect();
        let mut table = vec![rows[0].to_owned()];
        for (n, row) in rows[1..].iter().enumerate() {
            let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
            cells[1] =
                if (n % 2 == 0) == (turn == 0) { "Pneumothorax" } else { "No Finding" }.to_owned();
            table.push(cells.join(","));
        }
        let import = import_text(folder.path(), table.join("\n") + "\n").unwrap();
        let source = protocol().source.replace("controls = 0", "controls = 10");
        let (head, rest) = source.split_once("[[finding]]\nid = \"Emphysema\"").unwrap();
        let (_, tags) = rest.split_once("[[tag]]").unwrap();
        let source = format!("{head}[[tag]]{tags}")
            .replace("\"Effusion\", \"Emphysema\", ", "")
            .replace("\"Emphysema\", ", "");
        let protocol = overread_core::Protocol::from_toml(&source).unwrap();
        let path = path_in(folder.path());
        let mut project =
            Project::create(&path, &import, &protocol, "lead", DEVICE, clock()).unwrap();
        project.add_reader("ann", "reader", Some(7), "lead", DEVICE).unwrap();
        let dataset = project.dataset().unwrap();
        let sample = sampling::draw(&dataset, &protocol, 14).unwrap();
        assert_eq!(sample.decks[0].members.len(), 20, "every study is drawn");
        let list = sampling::worklist(&dataset, &protocol, &sample, "ann");
        project.save_sample(&sample, &[list], "lead", DEVICE).unwrap();
        let packet = folder.path().join("ann-packet.overread");
        packet_for(&mut project, "ann", &packet);
        dumps.push(dump(&packet));
    }
    assert_eq!(dumps[0], dumps[1]);
    assert!(dumps[0].len() > 15, "{:?}", dumps[0].keys());
}

/// Every table, its rows in order, with random ids and what follows from them left out.
fn dump(path: &Path) -> BTreeMap<String, Vec<String>> {
    let conn = Connection::open(path).unwrap();
    let tables: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut dump = BTreeMap::new();
    for table in tables {
        // Keys are random: of a study only its number is told, through which all its rows are joined.
        let sql = match table.as_str() {
            "study" => "SELECT key, patient, positive, negative, uncertain, sex, age_years, region, split FROM study ORDER BY CAST(key AS INTEGER)".to_owned(),
            "image" => "SELECT s.key, i.place, i.view, i.key, i.path, i.bytes, i.sha256 FROM image AS i JOIN study AS s ON s.no = i.study ORDER BY CAST(s.key AS INTEGER)".to_owned(),
            "item" => "SELECT i.reader, i.place, i.id, s.key, i.deck, i.phase, i.pass, i.batch, i.finding FROM item AS i JOIN study AS s ON s.no = i.study ORDER BY i.place".to_owned(),
            "deck_member" => "SELECT m.deck, s.key, m.label_positive, m.drawn, m.frame, m.of_studies, m.stratum, m.repeated FROM deck_member AS m JOIN study AS s ON s.no = m.study ORDER BY m.deck, CAST(s.key AS INTEGER)".to_owned(),
            "sample" => "SELECT only, seed, limited_to_available, frame_studies, protocol_version, drawn_at FROM sample".to_owned(),
            "meta" => "SELECT name, value FROM meta WHERE name <> 'packet'".to_owned(),
            "event" => "SELECT chain_seq, at, actor, kind, json_remove(body, '$.packet', '$.hash') FROM event".to_owned(),
            other => format!("SELECT * FROM {other}"),
        };
        let mut statement = conn.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let rows: Vec<String> = statement
            .query_map([], |row| {
                let cells = (0..columns).map(|i| format!("{:?}", row.get_ref(i).unwrap()));
                Ok(cells.collect::<Vec<_>>().join("|"))
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        dump.insert(table, rows);
    }
    dump
}

#[derive(Clone, Debug)]
struct Piece {
    reader: usize,
    device: usize,
    answers: Vec<(usize, u8)>,
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = (0..3_usize, 0..2_usize, prop::collection::vec((0..6_usize, 0..3_u8), 1..5))
        .prop_map(|(reader, device, answers)| Piece { reader, device, answers });
    prop::collection::vec(piece, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_idempotent_commutative_and_associative(
        pieces in pieces(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 8),
        cut in any::<prop::sample::Index>(),
    ) {
        let folder = tempdir().unwrap();
        let (project, packets) = team(folder.path());
        project.close().unwrap();
        // One copy of the packet for each device; what is sent is the copy as it is then.
        let mut files = Vec::new();
        for (n, piece) in pieces.iter().enumerate() {
            let name = format!("{}-{}.overread", piece.reader, piece.device);
            let own = folder.path().join(name);
            if !own.exists() {
                std::fs::copy(&packets[piece.reader], &own).unwrap();
            }
            read(&own, &format!("device-{}", piece.device), &piece.answers);
            files.push(copy(&own, &format!("sent-{n}.overread")));
        }
        let merged = |name: &str, gos: &[Vec<PathBuf>]| {
            let path = copy(&path_in(folder.path()), name);
            let mut project = open(&path);
            for go in gos {
                let report = project.merge(go, "lead", DEVICE).unwrap();
                assert!(report.files.iter().all(|f| f.refused.is_none()), "{report:?}");
            }
            assert!(project.verify().unwrap().ok);
            state(&project)
        };
        let once = merged("once.overread", std::slice::from_ref(&files));
        let mut shuffled = files.clone();
        shuffled.extend(order.iter().map(|index| index.get(&files).clone()));
        shuffled.reverse();
        let one_by_one: Vec<Vec<PathBuf>> = shuffled.iter().map(|file| vec![file.clone()]).collect();
        prop_assert_eq!(&merged("any-order.overread", &one_by_one), &once);
        let (front, back) = files.split_at(cut.index(files.len()));
        let gos = [back.to_vec(), front.to_vec(), files.clone()];
        prop_assert_eq!(&merged("in-two.overread", &gos), &once);
    }
}
