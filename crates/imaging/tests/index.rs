//! Headers without pixels.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::type_complexity,
    clippy::trivially_copy_pass_by_ref,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking and make their data by casts"
)]

mod common;

use std::path::{Path, PathBuf};

use common::Dicom;
use overread_imaging::index::{self, Header, IndexError};
use overread_imaging::{DecodeLimits, decode};

fn data(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|p| p.extension().is_some_and(|e| e == "dcm"));
    all.sort();
    all
}

fn film() -> Dicom {
    Dicom::grey16(3, 4, 12, false, &[0; 12])
        .text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.1.1")
        .text(0x0008_0018, b"UI", "1.2.3.4.5")
        .text(0x0008_0020, b"DA", "20000615")
        .text(0x0008_0033, b"TM", "101112")
        .text(0x0008_0060, b"CS", "dx ")
        .text(0x0008_0068, b"CS", "FOR PROCESSING")
        .text(0x0008_0070, b"LO", "Maker")
        .text(0x0008_1090, b"LO", "Model")
        .text(0x0010_0010, b"PN", "Nobody")
        .text(0x0010_0020, b"LO", "P-007")
        .text(0x0010_0030, b"DA", "19500615")
        .text(0x0010_0040, b"CS", "f")
        .text(0x0018_0015, b"CS", "Chest")
        .text(0x0018_5101, b"CS", "PA")
        .text(0x0020_000D, b"UI", "1.2.3")
        .text(0x0020_000E, b"UI", "1.2.3.4")
        .text(0x0020_0011, b"IS", "2")
        .text(0x0020_0012, b"IS", " 3")
        .text(0x0020_0013, b"IS", "4 ")
        .text(0x0020_0060, b"CS", "R")
        .text(0x0020_0062, b"CS", "L")
        .text(0x0028_0008, b"IS", "1")
}

fn read(dicom: &Dicom) -> Header {
    index::read_bytes(&dicom.build()).expect("a lawful file")
}

#[test]
fn a_header_tells_study_patient_view_and_order() {
    let h = read(&film());
    let text = |t: &str| Some(t.to_owned());
    let wanted = Header {
        transfer_syntax: text("1.2.840.10008.1.2.1"),
        sop_class_uid: text("1.2.840.10008.5.1.4.1.1.1.1"),
        sop_uid: text("1.2.3.4.5"),
        study_uid: text("1.2.3"),
        series_uid: text("1.2.3.4"),
        patient_id: text("P-007"),
        sex: text("F"),
        age_years: Some(50.0),
        modality: text("DX"),
        manufacturer: text("Maker"),
        model: text("Model"),
        body_part: text("CHEST"),
        view_position: text("PA"),
        laterality: text("L"),
        study_date: text("20000615"),
        acquisition_time: text("101112"),
        series_number: Some(2),
        acquisition_number: Some(3),
        instance_number: Some(4),
        for_processing: true,
        rows: Some(3),
        cols: Some(4),
        frames: 1,
    };
    assert_eq!(h, wanted);
    assert!(h.is_image());
}

#[test]
fn a_stated_age_goes_before_one_counted_from_dates() {
    assert_eq!(read(&film().text(0x0010_1010, b"AS", "018M")).age_years, Some(1.5));
    // An age that cannot be one is no reason not to count.
    assert_eq!(read(&film().text(0x0010_1010, b"AS", "411Y")).age_years, Some(50.0));
}

#[test]
fn what_stands_in_sequences_is_not_the_images_own() {
    let inner = Dicom::item().text(0x0008_0018, b"UI", "9.9.9").text(0x0020_000D, b"UI", "8.8.8");
    let h = read(&film().sequence(0x0008_1140, &[inner.clone(), inner]));
    assert_eq!(h.sop_uid.as_deref(), Some("1.2.3.4.5"));
    assert_eq!(h.study_uid.as_deref(), Some("1.2.3"));
}

#[test]
fn sequences_of_undefined_length_are_walked_to_their_end() {
    let mut bytes = film().build();
    let mut sequence = vec![0x08, 0x00, 0x40, 0x11];
    sequence.extend(b"SQ\0\0\xFF\xFF\xFF\xFF");
    sequence.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    sequence.extend([0x08, 0x00, 0x18, 0x00]);
    sequence.extend(b"UI\x04\x009.9\0");
    sequence.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    // In front of the patient, where (0008,1140) belongs.
    let at = bytes.windows(8).position(|w| w == b"\x10\0\x10\0PN\x06\0").unwrap();
    bytes.splice(at..at, sequence);
    let h = index::read_bytes(&bytes).unwrap();
    assert_eq!(h.sop_uid.as_deref(), Some("1.2.3.4.5"));
    assert_eq!(h.patient_id.as_deref(), Some("P-007"));
    assert_eq!(h.rows, Some(3));
}

#[test]
fn identifiers_in_any_character_set_stay_distinct() {
    let a = read(&film().raw(0x0010_0020, b"LO", b"M\xFCller".to_vec())).patient_id;
    let b = read(&film().raw(0x0010_0020, b"LO", b"M\xF6ller".to_vec())).patient_id;
    assert!(a.is_some() && b.is_some() && a != b);
}

#[test]
fn the_index_and_the_decoder_agree_on_every_good_file() {
    let files = data("pydicom");
    assert!(files.len() >= 11);
    for path in files {
        let h = index::read_path(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let image = decode(&std::fs::read(&path).unwrap(), &DecodeLimits::default()).unwrap();
        assert_eq!((h.cols, h.rows), (Some(image.width), Some(image.height)), "{}", path.display());
        assert_eq!((h.frames, &h.modality), (image.meta.frames, &image.meta.modality));
        assert_eq!(h.transfer_syntax.unwrap_or_default(), image.meta.transfer_syntax);
        assert!(h.study_uid.is_some() && h.sop_uid.is_some(), "{}", path.display());
    }
}

#[test]
fn no_broken_header_ends_in_anything_but_a_message_or_a_header() {
    let mut broken: Vec<Vec<u8>> =
        data("malformed/dicom").iter().map(|p| std::fs::read(p).unwrap()).collect();
    let good = film().build();
    broken.extend((0..good.len()).map(|n| good[..n].to_vec()));
    for at in 132..good.len() {
        for value in [0x00, 0x7F, 0xFF] {
            let mut bent = good.clone();
            bent[at] = value;
            broken.push(bent);
        }
    }
    for bytes in broken {
        match index::read_bytes(&bytes) {
            Ok(header) => assert!(header.frames >= 1),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn a_file_that_is_not_dicom_is_told_from_a_damaged_one() {
    assert_eq!(index::read_bytes(b""), Err(IndexError::NotDicom));
    assert_eq!(index::read_bytes(b"\x89PNG\r\n\x1A\n........"), Err(IndexError::NotDicom));
    let good = film().build();
    assert!(matches!(index::read_bytes(&good[..300]), Err(IndexError::Damaged(_))));
    assert!(matches!(
        index::read_path(Path::new("/nowhere/at/all")),
        Err(IndexError::Unreadable(std::io::ErrorKind::NotFound))
    ));
}

#[test]
fn nesting_without_end_is_given_up() {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM\x08\0\x05\0CS\x02\0A ");
    for _ in 0..1000 {
        bytes.extend([0x08, 0x00, 0x40, 0x11]);
        bytes.extend(b"SQ\0\0\xFF\xFF\xFF\xFF");
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    assert!(matches!(index::read_bytes(&bytes), Err(IndexError::Damaged(_))));
}

#[test]
fn many_files_come_back_in_order_with_their_errors() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..20).map(|i| folder.path().join(i.to_string())).collect();
    for (i, path) in paths.iter().enumerate() {
        let bytes = if i == 7 {
            b"no DICOM".to_vec()
        } else {
            film().text(0x0020_0013, b"IS", &i.to_string()).build()
        };
        std::fs::write(path, bytes).unwrap();
    }
    let most = std::sync::atomic::AtomicUsize::new(0);
    let all = index::read_all(&paths, |done| {
        most.fetch_max(done, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(most.into_inner(), 20);
    for (i, header) in all.iter().enumerate() {
        match header {
            Ok(h) => assert_eq!(h.instance_number, Some(i as i64)),
            Err(error) => assert_eq!((i, error), (7, &IndexError::NotDicom)),
        }
    }
}
