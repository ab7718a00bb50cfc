//! Image bytes are checked, and no error says where a file lies.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use std::path::Path;

use common::{DEVICE, clock, import_text, labels_csv, open, path_in, protocol};
use overread_core::{ImageId, sampling};
use overread_store::{ImageError, Project, RootReport};
use tempfile::tempdir;

const NAME: &str = "00000001_000.png";

/// A project of ten studies, two of which have their image.
fn project_with_images(folder: &Path) -> (Project, ImageId) {
    let images = folder.join("images");
    std::fs::create_dir(&images).unwrap();
    std::fs::write(images.join(NAME), "pixels").unwrap();
    std::fs::write(images.join("00000002_000.png"), "others").unwrap();
    let import = import_text(folder, labels_csv(10)).unwrap();
    let id = ImageId::derive(&[&import.dataset.identity, NAME]);
    let path = path_in(folder);
    (Project::create(&path, &import, &protocol(), "lead", DEVICE, clock()).unwrap(), id)
}

#[test]
fn the_first_reading_leaves_a_hash_and_later_ones_are_held_to_it() {
    let folder = tempdir().unwrap();
    let (project, id) = project_with_images(folder.path());
    assert_eq!(project.image_sha(id).unwrap(), None);
    assert_eq!(project.image_bytes(id).unwrap(), b"pixels");
    let sha = project.image_sha(id).unwrap().unwrap();
    assert!(sha.starts_with("6ec9c2b0"), "SHA-256 of `pixels`: {sha}");
    let shelf = project.image_shelf(&[id]).unwrap();
    assert_eq!(shelf.bytes(id).unwrap(), b"pixels");
    std::fs::write(folder.path().join("images").join(NAME), "pixelz").unwrap();
    assert!(matches!(project.image_bytes(id), Err(ImageError::Changed)));
    assert!(matches!(shelf.bytes(id), Err(ImageError::Changed)));
}

#[test]
fn drawing_hashes_the_images_of_what_is_drawn() {
    let folder = tempdir().unwrap();
    let (mut project, id) = project_with_images(folder.path());
    let dataset = project.dataset().unwrap();
    assert_eq!(dataset.studies.iter().filter(|study| study.available).count(), 2);
    let sample = sampling::draw(&dataset, &protocol(), 1).unwrap();
    assert!(sample.limited_to_available);
    project.save_sample(&sample, &[], "lead", DEVICE).unwrap();
    assert!(project.image_sha(id).unwrap().is_some());
}

#[test]
fn no_error_names_a_path_and_each_says_what_to_do() {
    let folder = tempdir().unwrap();
    let (project, id) = project_with_images(folder.path());
    let shelf = project.image_shelf(&[id]).unwrap();
    let image = folder.path().join("images").join(NAME);
    std::fs::remove_file(&image).unwrap();
    let missing = project.image_bytes(id).unwrap_err();
    assert!(matches!(missing, ImageError::Missing), "{missing}");
    std::fs::create_dir(&image).unwrap();
    let odd = project.image_bytes(id).unwrap_err();
    std::fs::remove_dir_all(folder.path().join("images")).unwrap();
    let unplugged = shelf.bytes(id).unwrap_err();
    assert!(matches!(unplugged, ImageError::NoRoot), "{unplugged}");
    let unknown = project.image_bytes(ImageId(1)).unwrap_err();
    assert!(matches!(unknown, ImageError::Unknown));
    for error in [missing, odd, unplugged, unknown] {
        let said = format!("{error} {error:?} {shelf:?}");
        assert!(!said.contains("00000001") && !said.contains("images/"), "{said}");
    }
}

#[test]
fn a_stored_path_that_leaves_the_image_folder_is_not_opened() {
    let folder = tempdir().unwrap();
    let (project, id) = project_with_images(folder.path());
    project.close().unwrap();
    let conn = rusqlite::Connection::open(path_in(folder.path())).unwrap();
    for path in ["../labels.csv", "/etc/hostname", "./x"] {
        conn.execute("UPDATE image SET path = ?1", [path]).unwrap();
        let project = open(&path_in(folder.path())).project;
        assert!(matches!(project.image_bytes(id), Err(ImageError::Outside)), "{path}");
    }
}

#[test]
fn another_image_folder_is_looked_through_and_held_to_the_hashes() {
    let folder = tempdir().unwrap();
    let (mut project, id) = project_with_images(folder.path());
    project.image_bytes(id).unwrap();
    let moved = folder.path().join("moved/deep");
    std::fs::create_dir_all(&moved).unwrap();
    std::fs::write(moved.join(NAME), "pixels").unwrap();
    std::fs::write(moved.join("00000003_000.png"), "third").unwrap();
    let report = project.set_image_root(&folder.path().join("moved")).unwrap();
    assert_eq!(report, RootReport { images: 10, found: 2, changed: 0 });
    assert_eq!(project.image_bytes(id).unwrap(), b"pixels");
    std::fs::write(moved.join(NAME), "swapped").unwrap();
    let report = project.set_image_root(&folder.path().join("moved")).unwrap();
    assert_eq!(report, RootReport { images: 10, found: 1, changed: 1 });
    assert!(matches!(project.image_bytes(id), Err(ImageError::Missing)));
    assert!(project.set_image_root(&folder.path().join("nowhere")).is_err());
    std::fs::write(moved.join(NAME), "pixels").unwrap();
    let wrong = folder.path().join("wrong");
    std::fs::create_dir_all(&wrong).unwrap();
    let refused = project.set_image_root(&wrong).unwrap_err().to_string();
    assert!(refused.contains("none of the project's 10 images"), "{refused}");
    let before = project.image_root().unwrap().unwrap();
    assert!(before.ends_with("moved"), "the folder before is kept: {before:?}");
}
