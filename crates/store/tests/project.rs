//! Making, opening, reading back, writing, closing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use common::{
    DEVICE, clock, import_text, items, labels_csv, lock, open, path_in, project_in, protocol,
};
use overread_core::sampling;
use overread_store::{OpenMode, Project, ReadOnlyReason, StoreError};
use tempfile::tempdir;

#[test]
fn what_was_imported_and_drawn_comes_back_the_same() {
    let folder = tempdir().unwrap();
    let import = import_text(folder.path(), labels_csv(60)).unwrap();
    let project = project_in(folder.path());
    let dataset = project.dataset().unwrap();
    assert_eq!(dataset, import.dataset);
    assert!(dataset.studies.is_sorted_by_key(|study| study.id));
    assert_eq!(project.protocol().unwrap(), protocol());
    let sample = sampling::draw(&dataset, &protocol(), 20_260_301).unwrap();
    assert_eq!(project.sample().unwrap(), Some(sample.clone()));
    let list = sampling::worklist(&dataset, &protocol(), &sample, "ann");
    assert_eq!(project.worklist("ann").unwrap(), Some(list));
    assert_eq!(project.worklist("bob").unwrap(), None);
    let facts = project.dataset_facts().unwrap();
    assert_eq!((facts.studies, facts.images, facts.patients), (60, 60, 30));
    assert_eq!(facts.sha256, import.files[0].sha256);
    let readers = project.readers().unwrap();
    assert_eq!((readers[0].name.as_str(), readers[0].experience_years), ("ann", Some(7)));
}

#[test]
fn a_read_is_there_for_another_connection_as_soon_as_it_is_acknowledged() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let item = items(&project)[0];
    let events = project.append("ann", DEVICE, &[lock(item, "Pneumothorax", 2)]).unwrap();
    let other = rusqlite::Connection::open(path_in(folder.path())).unwrap();
    let level: String = other
        .query_row("SELECT level FROM v_reads WHERE item = ?1", [item.to_string()], |r| r.get(0))
        .unwrap();
    assert_eq!(level, "reportable");
    let hash: String = other
        .query_row("SELECT hash FROM event WHERE id = ?1", [&events[0].id], |r| r.get(0))
        .unwrap();
    assert_eq!(hash, events[0].expected_hash());
    assert_eq!(project.reader_record("ann").unwrap().state.locked_count(), 1);
}

#[test]
fn closing_leaves_one_plain_file_and_reopening_goes_on() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let ids = items(&project);
    project.append("ann", DEVICE, &[lock(ids[0], "Pneumothorax", 2)]).unwrap();
    assert!(project.close().unwrap().one_file);
    let names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("audit"))
        .collect();
    assert_eq!(names, ["audit.overread"]);
    let bytes = std::fs::read(path_in(folder.path())).unwrap();
    assert_eq!(bytes[18], 1, "no write-ahead log in the header");
    let opened = open(&path_in(folder.path()));
    assert_eq!(opened.notices, []);
    let mut project = opened.project;
    let events = project.append("ann", DEVICE, &[lock(ids[1], "Pneumothorax", 0)]).unwrap();
    assert_eq!(events[0].chain_seq, 2);
    assert!(project.verify().unwrap().ok);
}

#[test]
fn a_second_window_only_looks_and_says_who_holds_the_project() {
    let folder = tempdir().unwrap();
    let mut first = project_in(folder.path());
    let item = items(&first)[0];
    let mut second = open(&path_in(folder.path())).project;
    let Some(ReadOnlyReason::Held(holder)) = second.read_only() else {
        panic!("{:?}", second.read_only())
    };
    assert_eq!(holder.process, std::process::id());
    let refused = second.append("ann", DEVICE, &[lock(item, "Pneumothorax", 1)]).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused}");
    assert!(refused.to_string().contains("another window"), "{refused}");
    first.append("ann", DEVICE, &[lock(item, "Pneumothorax", 1)]).unwrap();
    assert_eq!(second.reader_record("ann").unwrap().state.locked_count(), 1, "it sees new reads");
    drop(second);
    first.close().unwrap();
    assert_eq!(open(&path_in(folder.path())).project.read_only(), None, "now it is free");
}

#[test]
fn a_project_is_never_overwritten_and_a_failed_one_leaves_nothing() {
    let folder = tempdir().unwrap();
    let import = import_text(folder.path(), labels_csv(10)).unwrap();
    let path = path_in(folder.path());
    std::fs::write(&path, "mine").unwrap();
    let made = Project::create(&path, &import, &protocol(), "lead", DEVICE, clock());
    assert!(matches!(made, Err(StoreError::Exists { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    let nowhere = folder.path().join("none/audit.overread");
    assert!(Project::create(&nowhere, &import, &protocol(), "lead", DEVICE, clock()).is_err());
    let mut twice = import.clone();
    // An image that cannot be stored twice fails the whole.
    twice.dataset.studies[1].images[0].id = twice.dataset.studies[0].images[0].id;
    let other = folder.path().join("other.overread");
    assert!(Project::create(&other, &twice, &protocol(), "lead", DEVICE, clock()).is_err());
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "labels.csv and the file that was there: {left:?}");
}

#[test]
fn drawing_twice_and_unknown_readers_are_refused() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let sample = project.sample().unwrap().unwrap();
    let again = project.save_sample(&sample, &[], "lead", DEVICE);
    assert!(matches!(again, Err(StoreError::AlreadySampled { .. })));
    let twice = project.add_reader("ann", "lead", None, "lead", DEVICE);
    assert!(matches!(twice, Err(StoreError::ReaderExists { .. })));
    assert!(matches!(project.reader_record("bob"), Err(StoreError::NoReader { .. })));
    for bad in ["", " x", "a/b", "a\nb"] {
        let refused = project.add_reader(bad, "reader", None, "lead", DEVICE);
        assert!(matches!(refused, Err(StoreError::BadName { .. })), "{bad:?}");
    }
    let odd = project.add_reader("bob", "king", None, "lead", DEVICE);
    assert!(matches!(odd, Err(StoreError::BadName { .. })));
}

#[test]
fn a_clock_that_goes_back_breaks_no_chain() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let ids = items(&project);
    project.append("ann", DEVICE, &[lock(ids[0], "Pneumothorax", 2)]).unwrap();
    project.set_clock(overread_store::Clock::fixed("1999-01-01T00:00:00Z").unwrap());
    project.append("ann", DEVICE, &[lock(ids[1], "Pneumothorax", 1)]).unwrap();
    let events = project.events(Some("ann")).unwrap();
    assert!(events[1].at < events[0].at);
    assert!(project.verify().unwrap().ok);
    let state = project.reader_record("ann").unwrap().state;
    assert!(state.item(ids[0]).unwrap().settled.is_some(), "order is that of the chain");
}

#[test]
fn opening_for_looking_takes_no_lock_and_changes_no_byte() {
    let folder = tempdir().unwrap();
    project_in(folder.path()).close().unwrap();
    let before = std::fs::read(path_in(folder.path())).unwrap();
    let looking = Project::open(&path_in(folder.path()), OpenMode::ReadOnly).unwrap().project;
    assert_eq!(looking.read_only(), Some(&ReadOnlyReason::Asked));
    assert_eq!(looking.dataset().unwrap().studies.len(), 60);
    looking.close().unwrap();
    assert_eq!(std::fs::read(path_in(folder.path())).unwrap(), before);
}

#[test]
fn the_access_log_stands_outside_the_chains() {
    let folder = tempdir().unwrap();
    let project = project_in(folder.path());
    let heads = project.heads().unwrap();
    project.log_access("lead", DEVICE, "report", "html").unwrap();
    assert_eq!(project.access_log().unwrap()[0].what, "report");
    assert_eq!(project.heads().unwrap(), heads);
    let path = path_in(folder.path());
    let note = || Project::note_access(&path, "lead", DEVICE, "backup", "copy.overread");
    assert!(!note().unwrap(), "another one holds it");
    project.close().unwrap();
    assert!(note().unwrap());
    let project = open(&path).project;
    let whats: Vec<String> =
        project.access_log().unwrap().into_iter().map(|entry| entry.what).collect();
    assert_eq!(whats, ["report", "backup"]);
    assert_eq!(project.heads().unwrap(), heads);
}
