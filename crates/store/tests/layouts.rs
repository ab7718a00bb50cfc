//! Layouts beside ChestX-ray14's own table: its boxes, MIMIC-CXR, DICOM folders; and two files compared.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::path::{Path, PathBuf};

use common::{DEVICE, HEADER, clock, labels_csv, path_in, protocol};
use overread_core::{DatasetLabel, Sex};
use overread_store::Project;
use overread_store::import::dicom::{DicomFile, DicomFolder, LeftOut};
use overread_store::import::{
    Format, Import, ImportError, Request, drift, preview, read, read_dicom,
};
use tempfile::tempdir;

fn write(folder: &Path, files: &[(&str, &str)]) -> Vec<PathBuf> {
    files
        .iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect()
}

fn import(format: Format, files: &[(&str, &str)]) -> Result<Import, ImportError> {
    let folder = tempdir().unwrap();
    let labels = write(folder.path(), files);
    read(&Request { format, labels: &labels, map: None, images: None })
}

fn faults(result: Result<Import, ImportError>) -> Vec<(String, u64, u64)> {
    match result {
        Err(ImportError::Rows(faults)) => {
            faults.into_iter().map(|f| (f.file, f.line, f.column)).collect()
        }
        other => panic!("{other:?}"),
    }
}

const BOXES: &str = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n";

#[test]
fn boxes_are_stored_by_image_and_read_back() {
    let table = labels_csv(10);
    let list = format!(
        "{BOXES}00000001_000.png,Infiltrate,10.5,20,30,40.25,,,\n00000001_000.png,Mass,0,0,5,5\n"
    );
    let import = import(Format::Cxr14, &[("labels.csv", &table), ("boxes.csv", &list)]).unwrap();
    assert_eq!(import.boxes.len(), 2);
    let folder = tempdir().unwrap();
    let path = path_in(folder.path());
    let project = Project::create(&path, &import, &protocol(), "lead", DEVICE, clock()).unwrap();
    let boxes = project.boxes(import.boxes[0].image).unwrap();
    assert_eq!(boxes.len(), 2);
    assert_eq!(boxes[0].edges, [10.5, 20.0, 30.0, 40.25]);
    assert_eq!(import.dataset.findings[boxes[0].finding], "Infiltration");
    let study = import.dataset.studies.iter().position(|s| s.images[0].id == boxes[0].image);
    assert_eq!(import.sources[study.unwrap()].key, "00000001_000.png");
}

#[test]
fn a_bad_box_is_named_and_nothing_is_imported() {
    let table = labels_csv(3);
    for (row, at) in [
        ("nobody.png,Mass,1,1,1,1", (2, 1)),
        ("00000001_000.png,Lump,1,1,1,1", (2, 18)),
        ("00000001_000.png,Mass,1,1,0,1", (2, 27)),
        ("00000001_000.png,Mass,1,1,1,NaN", (2, 29)),
        ("00000001_000.png,Mass,1,1,1", (2, 27)),
    ] {
        let list = format!("{BOXES}{row}\n");
        let result = import(Format::Cxr14, &[("labels.csv", &table), ("boxes.csv", &list)]);
        assert_eq!(faults(result), [("boxes.csv".to_owned(), at.0, at.1)], "{row}");
    }
}

const CHEXPERT: &str = "subject_id,study_id,Atelectasis,Edema,No Finding\n";
const METADATA: &str = "dicom_id,subject_id,study_id,ViewPosition,Rows\n";
const SPLIT: &str = "dicom_id,study_id,subject_id,split\n";

#[test]
fn mimic_studies_have_labels_views_and_splits_from_three_tables() {
    let labels = format!("{CHEXPERT}10000032,50414267,1.0,-1.0,\n10000032,53189527,0.0,,1.0\n");
    let metadata = format!(
        "{METADATA}aa,10000032,50414267,PA,3056\nbb,10000032,50414267,LATERAL,3056\ncc,10000032,53189527,AP,1\nzz,9,9,AP,1\n"
    );
    let split = format!(
        "{SPLIT}aa,50414267,10000032,train\nbb,50414267,10000032,train\ncc,53189527,10000032,test\n"
    );
    let files =
        [("metadata.csv", metadata.as_str()), ("chexpert.csv", &labels), ("split.csv", &split)];
    let import = import(Format::Mimic, &files).unwrap();
    assert_eq!(import.dataset.format, "mimic-cxr");
    assert_eq!((import.dataset.studies.len(), import.dataset.patients), (2, 1));
    let at = import.sources.iter().position(|source| source.key == "50414267").unwrap();
    let study = &import.dataset.studies[at];
    assert_eq!(study.labels.get(0), DatasetLabel::Positive);
    assert_eq!(study.labels.get(1), DatasetLabel::Uncertain);
    assert_eq!(study.labels.get(2), DatasetLabel::Blank);
    let views: Vec<_> = study.images.iter().map(|image| image.view.as_deref()).collect();
    assert_eq!(views, [Some("PA"), Some("LATERAL")]);
    assert_eq!(study.split.as_deref(), Some("train"));
    let key = &import.sources[at].images[0].key;
    assert_eq!(key, "files/p10/p10000032/s50414267/aa.jpg");
    assert!(import.notes.iter().any(|note| note.text.contains("1 images")), "{:?}", import.notes);
}

#[test]
fn bad_rows_of_mimic_are_named() {
    let good = format!("{CHEXPERT}1,2,,,\n");
    let at = |result| faults(result).into_iter().map(|(_, l, c)| (l, c)).collect::<Vec<_>>();
    let labels = |row: &str| at(import(Format::Mimic, &[("l.csv", &format!("{CHEXPERT}{row}\n"))]));
    assert_eq!(labels("1,2,2.0,,"), [(2, 5)]);
    assert_eq!(labels("1,2,,"), [(2, 6)]);
    assert_eq!(labels("x,2,,,"), [(2, 1)]);
    assert_eq!(labels("1,2,,,\n1,2,,,"), [(3, 3)]);
    let metadata = format!("{METADATA}aa,9,2,PA,1\n");
    let result = import(Format::Mimic, &[("l.csv", &good), ("m.csv", &metadata)]);
    assert_eq!(faults(result), [("m.csv".to_owned(), 2, 4)], "another subject");
    let split = format!("{SPLIT}a,2,1,train\nb,2,1,test\n");
    let result = import(Format::Mimic, &[("l.csv", &good), ("s.csv", &split)]);
    assert_eq!(faults(result), [("s.csv".to_owned(), 3, 7)], "two splits");
}

fn film(path: &str, study: &str, image: &str, patient: &str, no: i64) -> DicomFile {
    DicomFile {
        path: path.to_owned(),
        bytes: 100,
        study: study.to_owned(),
        image: image.to_owned(),
        patient: Some(patient.to_owned()),
        region: Some("CHEST".to_owned()),
        view: Some("PA".to_owned()),
        sex: Some(Sex::Female),
        age_years: Some(40),
        order: (1, 1, no),
    }
}

fn dicom(
    root: &Path,
    files: Vec<DicomFile>,
    labels: &[PathBuf],
    map: Option<&Path>,
    keep_patient_ids: bool,
) -> Result<Import, ImportError> {
    let left_out = vec![LeftOut { path: "sr.dcm".to_owned(), why: "no image".to_owned() }];
    let request = Request { format: Format::Dicom, labels, map, images: Some(root) };
    read_dicom(&request, &DicomFolder { root, files, left_out, keep_patient_ids })
}

#[test]
fn a_dicom_folder_is_one_study_for_each_uid_and_keeps_no_patient_id() {
    let folder = tempdir().unwrap();
    let films = || {
        vec![
            film("b.dcm", "1.2", "1.2.2", "DOE-4711", 2),
            film("a.dcm", "1.2", "1.2.1", "DOE-4711", 1),
            film("c.dcm", "1.3", "1.3.1", "DOE-4711", 1),
            film("d.dcm", "1.4", "1.4.1", "ROE-1", 1),
        ]
    };
    let import = dicom(folder.path(), films(), &[], None, false).unwrap();
    assert_eq!((import.dataset.studies.len(), import.dataset.patients), (3, 2));
    let at = import.sources.iter().position(|source| source.key == "1.2").unwrap();
    let order: Vec<_> = import.sources[at].images.iter().map(|i| i.path.as_deref()).collect();
    assert_eq!(order, [Some("a.dcm"), Some("b.dcm")], "by series, acquisition and instance");
    assert!(import.dataset.studies[at].available);
    assert!(import.patient_keys.iter().all(|key| key.starts_with("p-")));
    let path = path_in(folder.path());
    let relabel = overread_core::protocol::builtin("mura-relabel").unwrap();
    let relabel = overread_core::Protocol::from_toml(relabel).unwrap();
    Project::create(&path, &import, &relabel, "lead", DEVICE, clock()).unwrap().close().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"DOE-4711"), "the id entered the project");
    assert!(import.notes.iter().any(|note| note.text == "no image"));
    // Of an image that lies there twice the first file is used, and the other is the one that is said to be left out.
    let twice = || [films(), vec![film("z.dcm", "1.2", "1.2.1", "DOE-4711", 1)]].concat();
    let doubled = dicom(folder.path(), twice(), &[], None, false).unwrap();
    let used: Vec<_> = doubled.sources[at].images.iter().map(|i| i.path.as_deref()).collect();
    assert_eq!(used, order);
    let notes: Vec<String> = doubled.notes.iter().map(ToString::to_string).collect();
    let said = "z.dcm: the image of a.dcm stands here again; it was left out".to_owned();
    assert!(notes.contains(&said), "{notes:?}");
    let none = dicom(folder.path(), Vec::new(), &[], None, false).unwrap_err().to_string();
    assert!(none.contains("No DICOM image") && none.contains("sr.dcm: no image"), "{none}");
    let again = dicom(folder.path(), films(), &[], None, false).unwrap();
    assert_eq!(again.patient_keys, import.patient_keys, "the same on any machine");
    let kept = dicom(folder.path(), films(), &[], None, true).unwrap();
    assert!(kept.patient_keys.contains(&"DOE-4711".to_owned()), "where the protocol asks");
}

#[test]
fn labels_join_a_dicom_folder_by_study_image_or_patient() {
    let folder = tempdir().unwrap();
    let map = "study = \"id\"\n[findings]\nMass = \"mass\"\n";
    let files = write(
        folder.path(),
        &[
            ("map.toml", map),
            ("study.csv", "id,mass\n1.2,1\n1.3,0\n9.9,1\n"),
            ("image.csv", "id,mass\n1.2.1,1\n1.3.1,0\n"),
            ("patient.csv", "id,mass\nA,1\nB,0\n"),
            ("nobody.csv", "id,mass\nX,1\n"),
            ("split.csv", "id,mass\n1.2.1,1\n1.2.2,0\n"),
        ],
    );
    let films = || {
        vec![
            film("a.dcm", "1.2", "1.2.1", "A", 1),
            film("b.dcm", "1.2", "1.2.2", "A", 2),
            film("c.dcm", "1.3", "1.3.1", "B", 1),
        ]
    };
    for table in &files[1..4] {
        let labels = std::slice::from_ref(table);
        let import = dicom(folder.path(), films(), labels, Some(&files[0]), false).unwrap();
        let label = |key: &str| {
            let at = import.sources.iter().position(|source| source.key == key).unwrap();
            import.dataset.studies[at].labels.get(0)
        };
        assert_eq!(label("1.2"), DatasetLabel::Positive, "{}", table.display());
        assert_eq!(label("1.3"), DatasetLabel::Negative);
    }
    let nobody = dicom(folder.path(), films(), &files[4..5], Some(&files[0]), false);
    assert!(matches!(nobody, Err(ImportError::Files(_))));
    let split = dicom(folder.path(), films(), &files[5..6], Some(&files[0]), false);
    assert!(matches!(split, Err(ImportError::Rows(_))), "two rows label one study differently");
    let two = vec![film("a.dcm", "1.2", "1.2.1", "A", 1), film("b.dcm", "1.2", "1.2.2", "B", 2)];
    assert!(dicom(folder.path(), two, &[], None, false).is_err(), "one study of two patients");
}

#[test]
fn two_files_are_compared_by_study_and_finding() {
    let first = labels_csv(10);
    let second = first
        .replacen("00000001_000.png,Pneumothorax", "00000001_000.png,Pneumothorax|Mass", 1)
        .replacen("00000002_000.png,Emphysema", "00000002_000.png,No Finding", 1)
        .replacen("00000010_000.png", "00000011_000.png", 1);
    let [a, b] = [&first, &second].map(|text| import(Format::Cxr14, &[("t.csv", text)]).unwrap());
    let found = drift(&a, &b);
    assert_eq!((found.common, found.changed), (9, 2));
    assert_eq!(found.only_first, ["00000010_000.png"]);
    assert_eq!(found.only_second, ["00000011_000.png"]);
    let mass = found.findings.iter().find(|row| row.finding == "Mass").unwrap();
    assert_eq!((mass.added, mass.removed), (1, 0));
    let emphysema = found.findings.iter().find(|row| row.finding == "Emphysema").unwrap();
    assert_eq!((emphysema.added, emphysema.removed), (0, 1));
    assert_eq!(drift(&a, &a).changed, 0);
}

#[test]
fn a_preview_says_how_a_file_is_written() {
    let folder = tempdir().unwrap();
    let text = format!("\u{feff}{}", labels_csv(3).replace('\n', "\r\n"));
    let files = write(folder.path(), &[("a.csv", &text), ("b.csv", "x;y\n1;2\n")]);
    let look = preview(&files[0], 2).unwrap();
    assert_eq!(look.encoding, "UTF-8 with byte order mark");
    assert_eq!((look.line_ends.as_str(), look.delimiter, look.rows), ("CRLF", ',', 4));
    assert_eq!(look.columns.join(","), HEADER);
    assert_eq!(look.first_rows.len(), 2);
    assert_eq!(preview(&files[1], 2).unwrap().delimiter, ';');
    let latin = folder.path().join("c.csv");
    std::fs::write(&latin, b"a,b\n\xe4,1\n").unwrap();
    assert_eq!(preview(&latin, 2).unwrap().encoding, "Latin-1");
}
