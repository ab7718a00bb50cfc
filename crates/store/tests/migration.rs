//! Files of older programs, kept as those programs wrote them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use common::{DEVICE, lock, open};
use overread_core::AdequacyClass;
use overread_store::{ImageAdequacy, OpenMode, Project, SCHEMA_VERSION};
use rusqlite::Connection;
use tempfile::tempdir;

/// A project of schema 1 with five reads, a tag, a flag, a comment and a correction.
const SCHEMA_1: &[u8] = include_bytes!("files/schema-1.overread.gz");

/// The demo study of schema 3 with ten events of reading.
const SCHEMA_3: &[u8] = include_bytes!("files/schema-3.overread.gz");

fn unpack(folder: &Path) -> PathBuf {
    unpack_file(folder, SCHEMA_1)
}

fn unpack_file(folder: &Path, packed: &[u8]) -> PathBuf {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    let path = folder.join("old.overread");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn version_of(path: &Path) -> u32 {
    Connection::open(path).unwrap().pragma_query_value(None, "user_version", |r| r.get(0)).unwrap()
}

fn reads_of(path: &Path) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    let sql = "SELECT item || finding || coalesce(level, no_answer) || coalesce(settled_level, settled_no_answer, '')
               || phase || pass || protocol_version || locked_at || active_ms || after_release
               FROM v_reads ORDER BY item";
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_file_of_schema_1_migrates_after_a_backup_and_says_the_same() {
    let folder = tempdir().unwrap();
    let path = unpack(folder.path());
    assert_eq!(version_of(&path), 1);
    let before = reads_of(&path);
    assert_eq!(before.len(), 5);
    let mut project = open(&path).project;
    assert!(project.verify().unwrap().ok, "{:?}", project.verify());
    let heads = project.heads().unwrap();
    let next = project.worklist("ann").unwrap().unwrap().items[20].id;
    project.append("ann", DEVICE, &[lock(next, "Effusion", 1)]).unwrap();
    project.close().unwrap();
    common::recomputed(&path);
    assert_eq!(version_of(&path), SCHEMA_VERSION);
    let after = reads_of(&path);
    assert!(before.iter().all(|row| after.contains(row)), "{before:?} {after:?}");
    assert_eq!(after.len(), 6);
    let kept = std::fs::read_dir(folder.path().join(".old.overread.backups")).unwrap();
    let kept: Vec<PathBuf> = kept.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(version_of(&kept[0]), 1, "the backup is what was there before");
    assert_eq!(
        Project::open(&kept[0], OpenMode::ReadOnly).unwrap().project.heads().unwrap(),
        heads
    );
}

#[test]
fn what_is_saved_of_an_older_file_holds_all_of_it() {
    for packed in [SCHEMA_1, SCHEMA_3] {
        let folder = tempdir().unwrap();
        let path = unpack_file(folder.path(), packed);
        let saved = folder.path().join("saved.overread");
        let report = overread_store::recover(&path, &saved).unwrap();
        assert!(report.complete, "{report:?}");
        assert_eq!(version_of(&saved), SCHEMA_VERSION);
        assert_eq!(reads_of(&saved), reads_of(&path));
        open(&path).project.close().unwrap();
        for table in ["study", "item", "deck_member", "sample", "item_state", "event", "image"] {
            let count = |file: &Path| -> i64 {
                let sql = format!("SELECT count(*) FROM {table}");
                Connection::open(file).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
            };
            assert_eq!(count(&saved), count(&path), "{table}");
        }
    }
}

#[test]
fn a_file_of_schema_1_can_be_looked_at_without_changing_a_byte() {
    let folder = tempdir().unwrap();
    let path = unpack(folder.path());
    let before = std::fs::read(&path).unwrap();
    let project = Project::open(&path, OpenMode::ReadOnly).unwrap().project;
    assert!(project.verify().unwrap().ok);
    assert_eq!(project.reader_record("ann").unwrap().state.locked_count(), 5);
    assert_eq!(project.conflicts().unwrap(), []);
    assert_eq!(project.packet().unwrap(), None);
    drop(project);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_schema_3_takes_measures_of_grey_levels_and_keeps_the_first() {
    let folder = tempdir().unwrap();
    let path = unpack_file(folder.path(), SCHEMA_3);
    assert_eq!(version_of(&path), 3);
    let before = reads_of(&path);
    assert_eq!(before.len(), 6);
    let mut project = open(&path).project;
    assert!(project.verify().unwrap().ok, "{:?}", project.verify());
    let missing = project.unmeasured_images(false).unwrap();
    assert!(!missing.is_empty() && missing.len() <= project.unmeasured_images(true).unwrap().len());
    let measure = |class| ImageAdequacy { image: missing[0], class, measures: "{}".to_owned() };
    project.keep_adequacy(&[measure(AdequacyClass::Clipped)]).unwrap();
    project.keep_adequacy(&[measure(AdequacyClass::Adequate)]).unwrap();
    assert_eq!(project.adequacies().unwrap(), [measure(AdequacyClass::Clipped)]);
    assert!(!project.unmeasured_images(false).unwrap().contains(&missing[0]));
    let dataset = project.dataset().unwrap();
    let images = dataset.studies.iter().flat_map(|study| &study.images);
    let known: Vec<_> = images.filter(|image| image.grey_levels.is_some()).collect();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].id, known[0].grey_levels), (missing[0], Some(AdequacyClass::Clipped)));
    project.close().unwrap();
    common::recomputed(&path);
    assert_eq!(version_of(&path), SCHEMA_VERSION);
    assert_eq!(reads_of(&path), before);
}
