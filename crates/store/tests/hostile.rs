//! The corpora of the fuzz targets, whole, cut short and bent: nothing panics, and what is sound is taken.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use std::path::{Path, PathBuf};

use overread_core::random::SplitMix64;
use overread_store::import::outside::{read_reads, read_scores};
use tempfile::tempdir;

fn corpus(below: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "a corpus has files");
    files.into_iter().map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
}

/// The bytes, cut short, and with bytes that are none, doubled, quoted or beyond ASCII.
fn bent(bytes: &[u8], tries: usize) -> Vec<Vec<u8>> {
    let mut random = SplitMix64::new(5);
    let mut all = vec![bytes.to_vec()];
    let any = |random: &mut SplitMix64| random.index(bytes.len());
    for n in 0..tries {
        let mut other = bytes.to_vec();
        for _ in 0..=n % 3 {
            let (at, odd) = (any(&mut random), b"\0\"\n\r,;\xff\xe9-9"[n % 10]);
            match n % 4 {
                0 => other.truncate(at.max(1)),
                1 => other[at.min(bytes.len() - 1)] = odd,
                2 => other.insert(at.min(other.len()), odd),
                _ => other.extend_from_within(at.min(other.len())..),
            }
            if other.len() < bytes.len() {
                break;
            }
        }
        all.push(other);
    }
    all
}

#[test]
fn no_label_file_of_any_layout_panics_however_it_is_bent() {
    let folder = tempdir().unwrap();
    for (_, bytes) in corpus("tests/corpus/labels") {
        for bytes in bent(&bytes, 120) {
            hostile::labels(folder.path(), &bytes);
        }
    }
}

#[test]
fn no_protocol_panics_however_it_is_bent() {
    for (_, bytes) in corpus("../../assets/protocols") {
        for bytes in bent(&bytes, 40) {
            hostile::protocol(&bytes);
        }
    }
}

#[test]
fn no_table_of_reads_or_scores_panics_however_it_is_bent() {
    let folder = tempdir().unwrap();
    let project = common::project_in(folder.path());
    let (known, protocol) = (project.known_studies().unwrap(), common::protocol());
    for (below, scores) in [("reads", false), ("scores", true)] {
        for (file, bytes) in corpus(&format!("tests/corpus/{below}")) {
            if scores {
                read_scores(&file, &known, &protocol).unwrap();
            } else {
                read_reads(&file, None, &known, &protocol).unwrap();
            }
            for bytes in bent(&bytes, 200) {
                hostile::outside(folder.path(), &bytes, &known, &protocol, scores);
            }
        }
    }
}

#[test]
fn no_packet_panics_however_it_is_bent() {
    let folder = tempdir().unwrap();
    let mut project = common::project_in(folder.path());
    let sound = folder.path().join("sound.overread");
    common::packet_for(&mut project, "ann", &sound);
    for bytes in bent(&std::fs::read(&sound).unwrap(), 60) {
        hostile::packet(folder.path(), &bytes, &project);
    }
    assert!(project.verify().unwrap().ok);
}

/// What a file holds may be made to have no end, or no measure.
#[test]
fn a_file_with_a_view_for_a_table_or_a_giant_value_is_refused_at_once() {
    let folder = tempdir().unwrap();
    let mut project = common::project_in(folder.path());
    let sound = folder.path().join("sound.overread");
    common::packet_for(&mut project, "ann", &sound);
    let endless = "ALTER TABLE event RENAME TO other; CREATE VIEW event AS
        SELECT o.* FROM other AS o, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)
        SELECT i FROM n)";
    let giant = |bytes: usize| {
        format!(
            "INSERT INTO event (id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash)
             VALUES ('x', 'ann/x', 1, '', 'ann', 'x', 'comment.set', printf('%.*c', {bytes}, 'a'), '', '')"
        )
    };
    for (name, sql, says) in [
        ("endless", endless, "`event`"),
        ("older", "PRAGMA user_version = 3", "its schema version does not have"),
        ("large", &giant(2 << 20), "larger than any event"),
        ("giant", &giant(20 << 20), "larger than any"),
    ] {
        let hostile = folder.path().join(format!("{name}.overread"));
        std::fs::copy(&sound, &hostile).unwrap();
        rusqlite::Connection::open(&hostile).unwrap().execute_batch(sql).unwrap();
        let plan = project.plan_merge(std::slice::from_ref(&hostile)).unwrap();
        assert!(!plan.changes(), "{name}");
        let why = plan.into_report().files.remove(0).refused.unwrap_or_default();
        assert!(why.contains(says), "{name}: {why}");
        assert!(!why.contains("CREATE"), "{name}: {why}");
        if let Ok(opened) =
            overread_store::Project::open(&hostile, overread_store::OpenMode::ReadOnly)
        {
            assert!(opened.project.verify().map_or(true, |report| !report.ok), "{name}");
        }
        let rescued = folder.path().join(format!("{name}-rescued.overread"));
        let saved = overread_store::recover(&hostile, &rescued);
        assert!(saved.is_ok(), "{name}: {saved:?}");
    }
    assert!(project.verify().unwrap().ok);
}
