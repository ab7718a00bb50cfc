//! Bad files and bad days: what is not ours, what is broken, what is full, what is write-protected.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use std::path::Path;

use common::{
    DEVICE, clock, import_text, items, labels_csv, lock, open, path_in, project_in, protocol,
};
use overread_core::event::EventBody;
use overread_store::{
    Notice, OpenMode, Project, ReadOnlyReason, SCHEMA_VERSION, StoreError, recover,
};
use rusqlite::Connection;
use tempfile::tempdir;

fn open_error(path: &Path) -> StoreError {
    Project::open(path, OpenMode::ReadWrite).unwrap_err()
}

#[test]
fn what_is_not_a_project_is_named_and_left_alone() {
    let folder = tempdir().unwrap();
    let path = path_in(folder.path());
    assert!(matches!(open_error(&path), StoreError::NotFound { .. }));
    assert!(matches!(open_error(folder.path()), StoreError::NotAProject { .. }));
    for bytes in [&b""[..], b"Image Index,Finding Labels", &[0x7f; 5_000]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(open_error(&path), StoreError::NotAProject { .. }));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE event (seq)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = open_error(&path);
    assert!(error.to_string().contains("another program"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_project_opens_for_looking_only_and_keeps_every_byte() {
    let folder = tempdir().unwrap();
    project_in(folder.path()).close().unwrap();
    let path = path_in(folder.path());
    let newer = SCHEMA_VERSION + 1;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", newer).unwrap();
    let before = std::fs::read(&path).unwrap();
    let mut project = open(&path).project;
    let expected = ReadOnlyReason::Newer { found: newer, known: SCHEMA_VERSION };
    assert_eq!(project.read_only(), Some(&expected));
    assert_eq!(project.dataset().unwrap().studies.len(), 60);
    let refused = project.append("ann", DEVICE, &[EventBody::SittingEnded {}]).unwrap_err();
    assert!(refused.to_string().contains("newer Overread"), "{refused}");
    drop(project);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("DROP TABLE dataset").unwrap();
    drop(conn);
    assert!(matches!(open_error(&path), StoreError::Newer { .. }));
}

#[test]
fn a_truncated_file_is_refused_at_any_length_and_recover_saves_what_is_there() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let ids = items(&project);
    for id in &ids {
        project.append("ann", DEVICE, &[lock(*id, "Pneumothorax", 1)]).unwrap();
    }
    project.close().unwrap();
    let whole = std::fs::read(path_in(folder.path())).unwrap();
    let cut = folder.path().join("cut.overread");
    for length in [16, 99, 100, 512, 4_096, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let error = open_error(&cut);
        assert!(matches!(error, StoreError::Damaged { .. }), "{length}: {error}");
        assert_eq!(std::fs::read(&cut).unwrap(), &whole[..length], "nothing is repaired");
    }
    std::fs::write(&cut, &whole[..whole.len() - 4_096]).unwrap();
    let saved = folder.path().join("saved.overread");
    let report = recover(&cut, &saved).unwrap();
    assert!(!report.complete);
    assert!(open(&saved).project.events(None).unwrap().len() > 3);
    let whole_copy = folder.path().join("whole.overread");
    let report = recover(&path_in(folder.path()), &whole_copy).unwrap();
    assert!(report.complete, "{report:?}");
    let copy = open(&whole_copy).project;
    assert_eq!(copy.reader_record("ann").unwrap().state.locked_count(), ids.len());
    assert!(matches!(recover(&cut, &saved), Err(StoreError::Exists { .. })));
}

#[test]
fn a_file_with_spoilt_bytes_never_panics_and_is_never_changed_by_looking() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let id = items(&project)[0];
    project.append("ann", DEVICE, &[lock(id, "Pneumothorax", 1)]).unwrap();
    project.close().unwrap();
    let whole = std::fs::read(path_in(folder.path())).unwrap();
    let spoilt = folder.path().join("spoilt.overread");
    for round in 0..60_usize {
        let mut bytes = whole.clone();
        let at = 100 + round * 7_919 % (bytes.len() - 400);
        for byte in &mut bytes[at..at + 200] {
            *byte ^= 0xa5;
        }
        std::fs::write(&spoilt, &bytes).unwrap();
        if let Ok(opened) = Project::open(&spoilt, OpenMode::ReadOnly) {
            let project = opened.project;
            // Each may fail; none may panic.
            drop((project.dataset(), project.sample(), project.reader_record("ann")));
            drop((project.verify(), project.events(None), project.study_names()));
        }
        assert_eq!(std::fs::read(&spoilt).unwrap(), bytes);
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_next_try_works() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let ids = items(&project);
    project.append("ann", DEVICE, &[lock(ids[0], "Pneumothorax", 2)]).unwrap();
    // SQLite never limits below what is there, so this leaves no page to grow into.
    project.limit_pages(1).unwrap();
    let long = "x".repeat(100_000);
    // There is room for the first of these, and none of them may stay without the others.
    let answer = [
        EventBody::FlagSet { item: ids[1], on: true },
        EventBody::CommentSet { item: ids[1], text: long },
        lock(ids[1], "Pneumothorax", 1),
    ];
    let error = project.append("ann", DEVICE, &answer).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert!(error.worth_retrying());
    assert_eq!(project.events(Some("ann")).unwrap().len(), 1, "nothing is half written");
    let record = project.reader_record("ann").unwrap();
    assert_eq!(record.state.locked_count(), 1);
    assert!(record.state.item(ids[1]).is_none());
    let other = Connection::open(path_in(folder.path())).unwrap();
    let rows: i64 = other.query_row("SELECT count(*) FROM item_state", [], |r| r.get(0)).unwrap();
    assert_eq!(rows, 1);
    drop(other);
    project.limit_pages(1_000_000).unwrap();
    project.append("ann", DEVICE, &answer).unwrap();
    assert!(project.verify().unwrap().ok);
    assert_eq!(project.reader_record("ann").unwrap().state.locked_count(), 2);
}

#[test]
fn a_log_left_over_by_a_killed_writer_is_named_and_taken_in() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let id = items(&project)[0];
    project.append("ann", DEVICE, &[lock(id, "Pneumothorax", 2)]).unwrap();
    // What a kill leaves: the file and its log as they are on disk now.
    let dead = folder.path().join("dead.overread");
    for end in ["", "-wal"] {
        let from = format!("{}{end}", path_in(folder.path()).display());
        std::fs::copy(from, format!("{}{end}", dead.display())).unwrap();
    }
    let opened = open(&dead);
    assert!(
        matches!(opened.notices.as_slice(), [Notice::LeftOverWal { .. }]),
        "{:?}",
        opened.notices
    );
    assert_eq!(opened.project.reader_record("ann").unwrap().state.locked_count(), 1);
    assert!(opened.project.close().unwrap().one_file);
    assert_eq!(open(&dead).notices, []);
}

#[test]
fn backups_are_kept_when_events_changed_and_the_oldest_go() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let ids = items(&project);
    assert!(project.check_after_open().unwrap().backup.is_some());
    assert_eq!(project.check_after_open().unwrap().backup, None, "nothing changed since");
    let mut newest = None;
    for id in ids.iter().take(6) {
        project.append("ann", DEVICE, &[lock(*id, "Pneumothorax", 1)]).unwrap();
        newest = project.check_after_open().unwrap().backup;
    }
    let kept = std::fs::read_dir(folder.path().join(".audit.overread.backups")).unwrap().count();
    assert_eq!(kept, 4);
    let newest = newest.unwrap();
    assert_eq!(std::fs::read(&newest).unwrap()[18], 1, "a backup is one plain file");
    let heads = project.heads().unwrap();
    assert_eq!(Project::open(&newest, OpenMode::ReadOnly).unwrap().project.heads().unwrap(), heads);
    let copy = folder.path().join("copy.overread");
    project.backup(&copy).unwrap();
    assert_eq!(open(&copy).project.heads().unwrap(), heads);
    assert!(matches!(project.backup(&copy), Err(StoreError::Exists { .. })));
}

/// Runs one test of this file as nobody, for whom write protection holds.
#[cfg(unix)]
fn as_nobody(test: &str, folder: &Path) -> std::process::Output {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("OVERREAD_TEST_FOLDER", folder);
    // Write protection holds for anybody but the administrator, who alone can become nobody.
    if std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        command.uid(65_534);
    }
    command.output().unwrap()
}

#[cfg(unix)]
fn protect(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_write_protected_folder_or_file_opens_for_looking_and_takes_no_new_project() {
    const NAME: &str =
        "a_write_protected_folder_or_file_opens_for_looking_and_takes_no_new_project";
    let prepared = std::env::var_os("OVERREAD_TEST_FOLDER");
    let kept = tempdir().unwrap();
    let folder = prepared.as_ref().map_or(kept.path(), Path::new);
    if prepared.is_none() {
        project_in(folder).close().unwrap();
        protect(&path_in(folder), 0o666);
        protect(folder, 0o555);
        if std::fs::write(folder.join("probe"), "").is_ok() {
            // The system's administrator is never refused: another user looks.
            std::fs::remove_file(folder.join("probe")).unwrap();
            let run = as_nobody(NAME, folder);
            let said = String::from_utf8_lossy(&run.stdout).into_owned();
            assert!(run.status.success() && said.contains("1 passed"), "{said}");
            protect(folder, 0o755);
            return;
        }
    }
    let project = open(&path_in(folder)).project;
    assert_eq!(project.read_only(), Some(&ReadOnlyReason::Folder));
    assert_eq!(project.dataset().unwrap().studies.len(), 60);
    drop(project);
    let labels = tempdir().unwrap();
    let import = import_text(labels.path(), labels_csv(10)).unwrap();
    let new = folder.join("new.overread");
    let made = Project::create(&new, &import, &protocol(), "lead", DEVICE, clock());
    assert!(matches!(made, Err(StoreError::Folder { .. })), "{made:?}");
    if prepared.is_none() {
        protect(folder, 0o755);
        protect(&path_in(folder), 0o444);
        assert_eq!(open(&path_in(folder)).project.read_only(), Some(&ReadOnlyReason::File));
    }
}

#[cfg(unix)]
#[test]
fn rights_that_are_lost_in_the_middle_lose_no_answer() {
    const NAME: &str = "rights_that_are_lost_in_the_middle_lose_no_answer";
    let prepared = std::env::var_os("OVERREAD_TEST_FOLDER");
    if prepared.is_none() {
        let kept = tempdir().unwrap();
        protect(kept.path(), 0o777);
        let run = as_nobody(NAME, kept.path());
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        let errors = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(run.status.success() && said.contains("1 passed"), "{said}{errors}");
        return;
    }
    // One's own, so that rights can be taken from it and given back.
    let folder = &Path::new(prepared.as_ref().unwrap()).join("own");
    std::fs::create_dir(folder).unwrap();
    let mut project = project_in(folder);
    let ids = items(&project);
    project.append("ann", DEVICE, &[lock(ids[0], "Pneumothorax", 2)]).unwrap();
    protect(&path_in(folder), 0o444);
    protect(folder, 0o555);
    assert!(std::fs::write(folder.join("probe"), "").is_err(), "nothing is protected");
    // Whatever is said of the answer is true: on disk, or not taken.
    let said = project.append("ann", DEVICE, &[lock(ids[1], "Pneumothorax", 1)]);
    let there = || {
        let other = Project::open(&path_in(folder), OpenMode::ReadOnly).unwrap().project;
        other.events(Some("ann")).unwrap().len()
    };
    match said {
        Ok(events) => assert_eq!((events.len(), there()), (1, 2)),
        Err(error) => {
            assert!(error.to_string().contains("audit.overread"), "{error}");
            assert_eq!(there(), 1);
            project.append("ann", DEVICE, &[lock(ids[1], "Pneumothorax", 1)]).unwrap_err();
        }
    }
    // Closing cannot tidy up, says so, and loses nothing.
    drop(project);
    assert!(1 <= there());
    protect(folder, 0o755);
    protect(&path_in(folder), 0o644);
    let mut project = open(&path_in(folder)).project;
    assert_eq!(project.read_only(), None);
    project.append("ann", DEVICE, &[lock(ids[2], "Pneumothorax", 0)]).unwrap();
    assert!(project.verify().unwrap().ok);
    assert_eq!(project.reader_record("ann").unwrap().state.item(ids[0]).unwrap().locks.len(), 1);
    assert!(project.close().unwrap().one_file);
}

/// A project as a writer that was stopped in the middle of a transaction leaves it: its file is half written, and the
/// journal beside it says how it was.
fn half_written_in(folder: &Path) -> std::path::PathBuf {
    let mut project = project_in(folder);
    let ids = items(&project);
    for id in &ids {
        project.append("ann", DEVICE, &[lock(*id, "Pneumothorax", 1)]).unwrap();
    }
    project.close().unwrap();
    let path = path_in(folder);
    let before = std::fs::read(&path).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN;
         PRAGMA user_version = 1; UPDATE study SET positive = 0, key = key || hex(zeroblob(400));
         DELETE FROM item_state;",
    )
    .unwrap();
    let stopped = folder.join("stopped");
    std::fs::create_dir(&stopped).unwrap();
    let copy = stopped.join("copy.overread");
    std::fs::copy(&path, &copy).unwrap();
    let journal = |path: &Path| path.with_extension("overread-journal");
    std::fs::copy(journal(&path), journal(&copy)).unwrap();
    drop(conn);
    let mut half = std::fs::read(&copy).unwrap();
    assert_ne!(half, before, "the file is half written");
    // The first page is written last; the journal has it as it was.
    half[60..64].copy_from_slice(&1_u32.to_be_bytes());
    half[28..32].copy_from_slice(&u32::MAX.to_be_bytes());
    std::fs::write(&copy, half).unwrap();
    copy
}

#[test]
fn what_was_left_half_written_is_undone_before_anything_is_judged() {
    for mode in [OpenMode::ReadWrite, OpenMode::ReadOnly] {
        let folder = tempdir().unwrap();
        let copy = half_written_in(folder.path());
        let project = Project::open(&copy, mode).unwrap().project;
        assert!(project.verify().unwrap().ok);
        assert!(project.dataset().unwrap().studies.iter().any(|study| study.labels.positive != 0));
    }
}

#[test]
fn a_rescue_undoes_what_was_half_written_and_changes_nothing_of_the_original() {
    let folder = tempdir().unwrap();
    let copy = half_written_in(folder.path());
    let before = std::fs::read(&copy).unwrap();
    let saved = folder.path().join("saved.overread");
    let report = recover(&copy, &saved).unwrap();
    assert!(report.complete, "{report:?}");
    assert_eq!(std::fs::read(&copy).unwrap(), before);
    let project = open(&saved).project;
    assert!(project.dataset().unwrap().studies.iter().any(|study| study.labels.positive != 0));
}

#[test]
fn a_file_without_a_version_is_given_none() {
    let folder = tempdir().unwrap();
    project_in(folder.path()).close().unwrap();
    let path = path_in(folder.path());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 0).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(open_error(&path), StoreError::Damaged { .. }));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_project_that_is_moved_or_replaced_under_its_writer_takes_no_answer() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let ids = items(&project);
    let (path, aside) = (path_in(folder.path()), folder.path().join("aside.overread"));
    project.append("ann", DEVICE, &[lock(ids[0], "Pneumothorax", 1)]).unwrap();
    std::fs::rename(&path, &aside).unwrap();
    let gone = project.append("ann", DEVICE, &[lock(ids[1], "Pneumothorax", 1)]).unwrap_err();
    assert!(matches!(gone, StoreError::Moved { .. }), "{gone}");
    assert!(gone.worth_retrying());
    std::fs::copy(&aside, &path).unwrap();
    let other = project.append("ann", DEVICE, &[lock(ids[1], "Pneumothorax", 1)]).unwrap_err();
    assert!(matches!(other, StoreError::Moved { .. }), "{other}");
    // A copy elsewhere has every answer that was acknowledged, and no other.
    let saved = folder.path().join("saved.overread");
    project.backup(&saved).unwrap();
    let count = |path: &Path| {
        let sql = "SELECT count(*) FROM event WHERE kind = 'read.locked'";
        Connection::open(path).unwrap().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(count(&saved), 1);
    std::fs::rename(&aside, &path).unwrap();
    project.append("ann", DEVICE, &[lock(ids[1], "Pneumothorax", 1)]).unwrap();
    project.close().unwrap();
    assert_eq!(count(&path), 2);
}

#[test]
fn where_no_backup_can_be_made_reading_goes_on_and_it_is_said() {
    let folder = tempdir().unwrap();
    let mut project = project_in(folder.path());
    let id = items(&project)[0];
    let path = path_in(folder.path());
    let name = format!(".{}.backups", path.file_name().unwrap().to_str().unwrap());
    std::fs::write(path.with_file_name(name), "no folder").unwrap();
    let report = project.check_after_open().unwrap();
    let why = report.not_kept.unwrap();
    assert!(why.contains("goes on") && !why.contains(".overread"), "{why}");
    assert_eq!(report.problems, Vec::<String>::new());
    project.append("ann", DEVICE, &[lock(id, "Pneumothorax", 1)]).unwrap();
}

#[test]
fn what_stopped_programs_left_under_temporary_names_goes_after_an_hour() {
    let folder = tempdir().unwrap();
    let project = project_in(folder.path());
    let saved = folder.path().join("saved.overread");
    let tag = "0123456789abcdef0123456789abcdef";
    let left = |name: &str| folder.path().join(name);
    let (old, new) = (
        left(&format!(".saved.overread.{tag}.part")),
        left(&format!(".saved.overread.{}.part", tag.replace('0', "f"))),
    );
    let other = left(".saved.overread.notes.part");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(2);
    for (path, aged) in [(&old, true), (&new, false), (&other, true)] {
        let file = std::fs::File::create(path).unwrap();
        if aged {
            file.set_modified(long_ago).unwrap();
        }
    }
    project.backup(&saved).unwrap();
    assert!(!old.exists() && new.exists() && other.exists());
}
