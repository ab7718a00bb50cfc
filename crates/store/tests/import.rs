//! Label files: what is read, and how each bad row is named.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use std::io::Write as _;
use std::path::Path;

use common::{HEADER, import_text, labels_csv};
use overread_core::{DatasetLabel, Sex, StudyId};
use overread_store::import::{Format, Import, ImportError, Request, alike, read};
use proptest::prelude::*;
use tempfile::tempdir;

const ROW: &str =
    "00000001_000.png,Cardiomegaly|Emphysema,001,00000001,058Y,M,PA,2682,2749,0.143,0.143";

fn cxr14(text: impl AsRef<[u8]>) -> Result<Import, ImportError> {
    import_text(tempdir().unwrap().path(), text)
}

/// The places of all faults.
fn faults(text: impl AsRef<[u8]>) -> Vec<(u64, u64)> {
    match cxr14(text) {
        Err(ImportError::Rows(faults)) => faults.iter().map(|f| (f.line, f.column)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_releases_read_the_same_but_for_their_labels() {
    let old = cxr14(format!(
        "{HEADER},\r\n{ROW}\r\n00000002_000.png,No Finding,000,00000002,412Y,F,AP,1,1,0.1,0.1\r\n"
    ))
    .unwrap();
    let new = cxr14(format!("{HEADER}\n00000002_000.png,Hernia,0,2,81,F,AP,1,1,0.1,0.1\n00000001_000.png,Cardiomegaly,1,1,58,M,PA,2682,2749,0.14300000000000002,0.143\n")).unwrap();
    assert_eq!(old.dataset.identity, new.dataset.identity, "one collection, two label versions");
    assert_ne!(old.dataset.sha256, new.dataset.sha256);
    assert_eq!(old.patient_keys, ["1", "2"]);
    assert_eq!(new.patient_keys, ["1", "2"]);
    let ids = |import: &Import| import.dataset.studies.iter().map(|s| s.id).collect::<Vec<_>>();
    assert_eq!(ids(&old), ids(&new));
    let key = "00000001_000.png";
    let id = StudyId::derive(&[&old.dataset.identity, key]);
    let study = &old.dataset.studies[old.dataset.study_index(id).unwrap()];
    assert_eq!((study.age_years, study.sex), (Some(58), Some(Sex::Male)));
    assert_eq!(study.images[0].view.as_deref(), Some("PA"));
    let label = |name| study.labels.get(old.dataset.finding_index(name).unwrap());
    assert_eq!(label("Emphysema"), DatasetLabel::Positive);
    assert_eq!(label("Hernia"), DatasetLabel::Negative, "what is not named is absent");
    assert_eq!(label("No Finding"), DatasetLabel::Negative);
    assert_eq!(old.dataset.findings.len(), 15);
    assert_eq!(old.notes.len(), 1);
    assert!(
        old.notes[0].to_string().contains("line 3, column 42: the age 412"),
        "{}",
        old.notes[0]
    );
}

#[test]
fn a_gzipped_table_is_the_same_dataset() {
    let folder = tempdir().unwrap();
    let text = labels_csv(20);
    let plain = import_text(folder.path(), &text).unwrap();
    let path = folder.path().join("labels.csv.gz");
    let mut gz = flate2::write::GzEncoder::new(
        std::fs::File::create(&path).unwrap(),
        flate2::Compression::default(),
    );
    gz.write_all(text.as_bytes()).unwrap();
    gz.finish().unwrap();
    let request = Request { format: Format::Cxr14, labels: &[path], map: None, images: None };
    let packed = read(&request).unwrap();
    assert_eq!(packed.dataset.studies, plain.dataset.studies);
    assert_eq!(packed.dataset.identity, plain.dataset.identity);
}

#[test]
fn a_byte_order_mark_and_mixed_line_ends_do_no_harm() {
    let text = format!("\u{feff}{HEADER}\r\n{ROW}\n{}\r\n", ROW.replace("_000", "_001"));
    assert_eq!(cxr14(text).unwrap().dataset.studies.len(), 2);
    let mut latin1 = format!("{HEADER}\n").into_bytes();
    latin1.extend_from_slice(b"r\xf6ntgen.png,Hernia,0,1,58,M,PA,1,1,0.1,0.1\n");
    let import = cxr14(latin1).unwrap();
    assert_eq!(import.sources[0].key, "r\u{f6}ntgen.png");
    assert!(import.notes[0].text.contains("Latin-1"));
}

#[test]
fn every_bad_row_is_named_with_line_and_column() {
    let bad = |from: &str, to: &str| ROW.replacen(from, to, 1);
    let column = |line: &str, cell: &str| line.find(cell).unwrap() as u64 + 1;
    assert_eq!(faults(""), [(1, 1)]);
    assert_eq!(faults("Image,Label\na,b\n"), [(1, 1)], "another header");
    let header = HEADER.replace("Patient ID", "Patient");
    assert_eq!(faults(&header), [(1, column(HEADER, "Patient ID"))]);
    assert_eq!(faults(HEADER.replace(',', ":")), [(1, 1)], "another delimiter");
    assert_eq!(faults(format!("{HEADER}\n{ROW},x\n")), [(2, ROW.len() as u64 + 2)], "ragged");
    assert_eq!(faults(format!("{HEADER}\na.png,Hernia\n")), [(2, 7)], "ragged");
    assert_eq!(faults(format!("{HEADER}\n{ROW}\n{ROW}\n")), [(3, 1)], "twice");
    for (good, spoilt, cell) in [
        ("Emphysema", "Emphasis", "Cardiomegaly"),
        ("Emphysema", "No Finding", "Cardiomegaly"),
        ("058Y", "old", "058Y"),
        ("M,PA", "X,PA", "M,PA"),
        ("0.143", "=1+1", "0.143"),
        ("2749", "NaN", "2749"),
        ("001,", "1st,", "001,"),
    ] {
        let text = format!("{HEADER}\r\n{}\r\n", bad(good, spoilt));
        assert_eq!(faults(&text), [(2, column(ROW, cell))], "{spoilt}");
    }
    assert_eq!(faults(format!("{HEADER}\n{ROW}\n\0")), [(3, 1)], "a NUL byte");
    let several =
        format!("{HEADER}\r\n{}\r\n{ROW}\r\n{}\r\n", bad("058Y", "?"), bad("00000001_000", "b/c"));
    assert_eq!(faults(&several), [(2, column(ROW, "058Y")), (4, 1)]);
    let text = cxr14(&several).unwrap_err().to_string();
    assert!(text.contains("line 2") && text.contains("line 4"), "every bad row: {text}");
}

#[test]
fn images_are_found_by_name_in_any_folder_and_by_path() {
    let folder = tempdir().unwrap();
    let deep = folder.path().join("images/images_001/images");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("00000002_000.png"), "pixels").unwrap();
    let import = import_text(folder.path(), labels_csv(4)).unwrap();
    assert_eq!(import.images_available(), 1);
    let (study, source) = import
        .dataset
        .studies
        .iter()
        .zip(&import.sources)
        .find(|(study, _)| study.available)
        .unwrap();
    assert_eq!(source.key, "00000002_000.png");
    assert_eq!(source.images[0].bytes, Some(6));
    assert_eq!(source.images[0].path.as_deref(), Some("images_001/images/00000002_000.png"));
    assert_eq!(study.images.len(), 1);
}

fn files(folder: &Path, list: &[(&str, &str)]) -> Vec<std::path::PathBuf> {
    list.iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect()
}

#[test]
fn split_lists_go_with_the_table() {
    let folder = tempdir().unwrap();
    let table = labels_csv(3);
    let request = |labels: &[std::path::PathBuf]| {
        read(&Request { format: Format::Cxr14, labels, map: None, images: None })
    };
    let good = files(
        folder.path(),
        &[
            ("t.csv", &table),
            ("test_list.txt", "00000001_000.png\r\n"),
            ("train_val_list.txt", "00000002_000.png\n00000003_000.png"),
        ],
    );
    let import = request(&good).unwrap();
    let mut splits: Vec<_> =
        import.dataset.studies.iter().filter_map(|s| s.split.as_deref()).collect();
    splits.sort_unstable();
    assert_eq!(splits, ["test", "train", "train"]);
    assert_eq!(import.notes, []);
    // Named in both: in neither, and said with both places. Named in none: said with their number.
    let odd = files(
        folder.path(),
        &[
            ("t.csv", &table),
            ("test_list.txt", "00000001_000.png\n"),
            ("train_val_list.txt", "00000002_000.png\n00000001_000.png\n"),
        ],
    );
    for order in [[0, 1, 2], [0, 2, 1]] {
        let import = request(&order.map(|i| odd[i].clone())).unwrap();
        let splits: Vec<_> =
            import.dataset.studies.iter().filter_map(|s| s.split.as_deref()).collect();
        assert_eq!(splits, ["train"]);
        let notes: Vec<String> = import.notes.iter().map(ToString::to_string).collect();
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(
            notes[0].contains("`00000001_000.png` stands in the list of another split"),
            "{notes:?}"
        );
        assert!(notes[0].contains("line 1") && notes[0].contains("line 2"), "{notes:?}");
        assert!(
            notes[1].contains("1 image stands in no list")
                && notes[1].contains("`00000003_000.png`"),
            "{notes:?}"
        );
    }
    let bad = files(folder.path(), &[("t.csv", &table), ("test_list.txt", "9.png\n")]);
    assert!(request(&bad).is_err());
    assert!(request(&[good[0].clone(), good[0].clone()]).is_err(), "two tables");
}

#[test]
fn mura_studies_hold_their_images_in_order() {
    let folder = tempdir().unwrap();
    let root = "MURA-v1.1/train/XR_WRIST/patient00001";
    let list = files(
        folder.path(),
        &[
            (
                "train_labeled_studies.csv",
                &format!("{root}/study1_positive/,1\n{root}/study2_negative/,0\n"),
            ),
            (
                "train_image_paths.csv",
                &format!(
                    "{root}/study1_positive/image10.png\n{root}/study1_positive/image2.png\n{root}/study2_negative/image1.png\n"
                ),
            ),
            ("data/train/XR_WRIST/patient00001/study2_negative/image1.png", "x"),
            ("data/elsewhere/image1.png", "y"),
        ],
    );
    let images = folder.path().join("data");
    let import = read(&Request {
        format: Format::Mura,
        labels: &list[..2],
        map: None,
        images: Some(&images),
    })
    .unwrap();
    assert_eq!((import.dataset.studies.len(), import.dataset.patients), (2, 1));
    let at = import.sources.iter().position(|s| s.images.len() == 2).unwrap();
    assert!(import.sources[at].images[0].key.ends_with("image2.png"), "2 before 10");
    let study = &import.dataset.studies[at];
    assert_eq!(study.labels.get(0), DatasetLabel::Positive);
    assert_eq!(study.region.as_deref(), Some("XR_WRIST"));
    assert_eq!(study.split.as_deref(), Some("train"));
    assert_eq!(import.images_available(), 1, "only where the path fits");
    let alone =
        read(&Request { format: Format::Mura, labels: &list[..1], map: None, images: None });
    assert!(matches!(alone, Err(ImportError::Files(_))));
}

#[test]
fn rows_with_one_fault_are_said_in_one_line_with_the_next_places_and_their_number() {
    let folder = tempdir().unwrap();
    let mut text = String::from("Path,Sex,Age,Frontal/Lateral,AP/PA,Edema\n");
    for n in 0..60 {
        text += &format!("p/train/patient{n:05}/study1/v.jpg,Female,68,Frontal,AP,wrong{n}\n");
    }
    let list = files(folder.path(), &[("train.csv", &text)]);
    let request = Request { format: Format::Chexpert, labels: &list, map: None, images: None };
    let said = read(&request).unwrap_err().to_string();
    assert!(said.contains("line 2, column"), "{said}");
    assert!(said.contains("the same in lines 3, 4, 5 and 56 more"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("counted in characters"), "{said}");
}

#[test]
fn a_table_that_a_spreadsheet_saved_with_semicolons_is_the_same_table() {
    let folder = tempdir().unwrap();
    let text = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n00000001_000.png,Effusion|Mass,0,1,58,M,PA,2682,2749,0.143,0.143\n";
    let list = files(folder.path(), &[("a.csv", text), ("b.csv", &text.replace(',', ";"))]);
    let one = |path: &std::path::PathBuf| {
        let labels = std::slice::from_ref(path);
        read(&Request { format: Format::Cxr14, labels, map: None, images: None }).unwrap()
    };
    let (commas, semicolons) = (one(&list[0]), one(&list[1]));
    assert_eq!(commas.dataset.studies[0].labels, semicolons.dataset.studies[0].labels);
    assert_eq!(commas.sources, semicolons.sources);
}

#[test]
fn chexpert_rows_of_one_study_come_together() {
    let folder = tempdir().unwrap();
    let header = "Path,Sex,Age,Frontal/Lateral,AP/PA,Pneumothorax,Edema,Fracture";
    let study = "CheXpert-v1.0/train/patient00002/study1";
    let text = format!(
        "{header}\n{study}/view1_frontal.jpg,Female,68,Frontal,AP,1.0,-1.0,\n{study}/view2_lateral.jpg,Female,68,Lateral,,1.0,-1.0,\n"
    );
    let list = files(folder.path(), &[("train.csv", &text)]);
    let request = Request { format: Format::Chexpert, labels: &list, map: None, images: None };
    let import = read(&request).unwrap();
    let study_read = &import.dataset.studies[0];
    assert_eq!(study_read.images.len(), 2);
    let got: Vec<_> = (0..3).map(|i| study_read.labels.get(i)).collect();
    assert_eq!(got, [DatasetLabel::Positive, DatasetLabel::Uncertain, DatasetLabel::Blank]);
    files(folder.path(), &[("train.csv", &text.replacen("Lateral,,1.0", "Lateral,,0.0", 1))]);
    assert!(read(&request).unwrap_err().to_string().contains("line 3"), "labels contradict");
    for (from, to, said) in [
        (",1.0,", ",2,", "line 2, column 80: `2` in the column `Pneumothorax` is no label"),
        (",68,", ",old,", "line 2, column 66: column `Age`: `old` is no age in years"),
        (",Lateral,", ",Side,", "`Side` in the column `Frontal/Lateral`"),
    ] {
        files(folder.path(), &[("train.csv", &text.replacen(from, to, 1))]);
        let error = read(&request).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    files(folder.path(), &[("train.csv", &text.replace(",Female,", ",Divers,"))]);
    let import = read(&request).unwrap();
    assert_eq!(import.dataset.studies[0].sex, None);
    let notes = alike(&import.notes);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("line 2, column 59: column `Sex`: `divers` is neither"), "{notes:?}");
    assert!(notes[0].ends_with("the same in line 3"), "{notes:?}");
}

#[test]
fn lines_are_counted_alike_whatever_ends_them() {
    let folder = tempdir().unwrap();
    let map = "study = \"id\"\n[findings]\nPneumothorax = \"ptx\"\n";
    for end in ["\n", "\r\n", "\r"] {
        let table = ["id,ptx", "A,1", "B,0", "A,1", ""].join(end);
        let list = files(folder.path(), &[("t.csv", &table), ("map.toml", map)]);
        let request = Request {
            format: Format::Table,
            labels: &list[..1],
            map: Some(&list[1]),
            images: None,
        };
        let error = read(&request).unwrap_err().to_string();
        let said = "line 4, column 1: the study of line 2 stands here again";
        assert!(error.contains(said), "{end:?}: {error}");
    }
}

#[test]
fn words_for_sex_are_mapped_and_others_are_counted_and_not_stated() {
    let folder = tempdir().unwrap();
    let table = "id,sex,ptx\nA,M,1\nB,female,0\nC,w,1\nD,Mann,0\nE,divers,1\nF,,0\nG,d,1\n";
    let map = "study = \"id\"\nsex = \"sex\"\nfemale = [\"W\"]\nmale = [\"mann\"]\n[findings]\nPneumothorax = \"ptx\"\n";
    let list = files(folder.path(), &[("t.csv", table), ("map.toml", map)]);
    let request =
        Request { format: Format::Table, labels: &list[..1], map: Some(&list[1]), images: None };
    let import = read(&request).unwrap();
    let sex = |key: &str| {
        let at = import.sources.iter().position(|source| source.key == key).unwrap();
        import.dataset.studies[at].sex.map(Sex::letter)
    };
    let got = ["A", "B", "C", "D", "E", "F", "G"].map(sex);
    assert_eq!(got, [Some("M"), Some("F"), Some("F"), Some("M"), None, None, None]);
    let notes = alike(&import.notes);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("line 6, column 3") && notes[0].ends_with("line 8"), "{notes:?}");
    files(folder.path(), &[("map.toml", &map.replace("[\"mann\"]", "[\"mann\", \"w\"]"))]);
    let error = read(&request).unwrap_err().to_string();
    assert!(error.contains("`W` stands in `female` and in `male`"), "{error}");
}

#[test]
fn any_table_is_read_through_a_mapping() {
    let folder = tempdir().unwrap();
    let list = files(
        folder.path(),
        &[
            (
                "t.tsv",
                "id\tpid\tfile\tage\tptx\teff\nA\tp1\ta.png\t58.0\tyes\t\nB\tp1\tb.png\t\t0\t-1\n",
            ),
            (
                "map.toml",
                "study = \"id\"\npatient = \"pid\"\nimage = \"file\"\nage = \"age\"\n[findings]\nPneumothorax = \"ptx\"\nEffusion = \"eff\"\n",
            ),
            ("l.csv", "id;labels\nA;\"ptx, eff\"\nB;none\n"),
            (
                "list.toml",
                "study = \"id\"\n[listed]\ncolumn = \"labels\"\nseparator = \",\"\nfindings = [\"ptx\", \"eff\"]\nnone = \"none\"\n",
            ),
        ],
    );
    let table = |labels: usize, map: usize| {
        read(&Request {
            format: Format::Table,
            labels: &list[labels..=labels],
            map: Some(&list[map]),
            images: None,
        })
    };
    let import = table(0, 1).unwrap();
    assert_eq!(import.dataset.findings, ["Effusion", "Pneumothorax"]);
    assert_eq!((import.dataset.studies.len(), import.dataset.patients), (2, 1));
    let at = import.sources.iter().position(|s| s.key == "A").unwrap();
    assert_eq!(import.dataset.studies[at].labels.get(1), DatasetLabel::Positive);
    assert_eq!(import.dataset.studies[at].labels.get(0), DatasetLabel::Blank);
    assert_eq!(import.dataset.studies[at].age_years, Some(58));
    let listed = table(2, 3).unwrap();
    let at = listed.sources.iter().position(|s| s.key == "B").unwrap();
    assert_eq!(listed.dataset.studies[at].labels.negative, 3);
    assert!(table(0, 3).unwrap_err().to_string().contains("`labels`"));
    std::fs::write(&list[1], "study = \"id\"\nnonsense = 1\n[findings]\n").unwrap();
    assert!(table(0, 1).unwrap_err().to_string().contains("line 2"));
    let without = Request { format: Format::Table, labels: &list[..1], map: None, images: None };
    assert!(matches!(read(&without), Err(ImportError::Files(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_an_importer_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let map = folder.path().join("m.toml");
        std::fs::write(&path, &bytes).unwrap();
        std::fs::write(&map, &bytes).unwrap();
        for (format, map) in [
            (Format::Cxr14, None),
            (Format::Chexpert, None),
            (Format::Mura, None),
            (Format::Table, Some(map.as_path())),
        ] {
            let labels = [path.clone(), path.clone()];
            let request = Request { format, labels: &labels[..1], map, images: None };
            prop_assert!(read(&request).is_err());
            let twice = Request { labels: &labels, ..request };
            prop_assert!(read(&twice).is_err());
        }
    }

    #[test]
    fn a_spoilt_table_is_read_whole_or_not_at_all(
        at in 0..2_000_usize,
        put in prop::collection::vec(any::<u8>(), 0..4),
        rows in 1..12_usize,
    ) {
        let mut bytes = labels_csv(rows).into_bytes();
        let at = at % bytes.len();
        let end = (at + put.len()).min(bytes.len());
        bytes.splice(at..end, put);
        match cxr14(&bytes) {
            Ok(import) => prop_assert!(import.dataset.studies.len() <= rows),
            Err(ImportError::Rows(faults)) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(0 < fault.line && fault.line <= rows as u64 + 3, "{}", fault);
                    prop_assert!(0 < fault.column);
                }
            }
            Err(other) => prop_assert!(matches!(other, ImportError::Files(_)), "{:?}", other),
        }
    }
}
