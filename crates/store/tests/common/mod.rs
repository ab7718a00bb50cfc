//! A small project to test on.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};

use overread_core::event::{EventBody, FindingAnswer, Via};
use overread_core::protocol::Protocol;
use overread_core::{Answer, ItemId, Level, Phase, sampling};
use overread_store::import::{Format, Import, ImportError, Request, read};
use overread_store::{
    Clock, OpenMode, Opened, PacketImage, PacketImages, PacketKey, PacketOrder, PacketStudy,
    Project,
};

pub(crate) const HEADER: &str = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]";
pub(crate) const NOW: &str = "2026-03-01T10:00:00Z";
pub(crate) const DEVICE: &str = "device-a";

pub(crate) fn protocol() -> Protocol {
    Protocol::from_toml(include_str!("protocol.toml")).unwrap()
}

/// Rows of a label table in which every finding of the protocol is positive in turn.
pub(crate) fn labels_csv(rows: usize) -> String {
    let mut text = format!("{HEADER}\n");
    for n in 0..rows {
        let findings = ["Pneumothorax", "Emphysema", "Effusion", "Cardiomegaly", "No Finding"];
        text.push_str(&format!(
            "{:08}_000.png,{},0,{},{},{},PA,2500,2048,0.168,0.168\n",
            n + 1,
            findings[n % 5],
            n / 2 + 1,
            20 + n % 60,
            if n % 2 == 0 { "F" } else { "M" },
        ));
    }
    text
}

pub(crate) fn import_text(folder: &Path, text: impl AsRef<[u8]>) -> Result<Import, ImportError> {
    let labels = folder.join("labels.csv");
    std::fs::write(&labels, text).unwrap();
    let images = folder.join("images");
    read(&Request {
        format: Format::Cxr14,
        labels: &[labels],
        map: None,
        images: images.is_dir().then_some(images.as_path()),
    })
}

/// A clock that stands still.
pub(crate) fn clock() -> Clock {
    Clock::fixed(NOW).unwrap()
}

pub(crate) fn path_in(folder: &Path) -> PathBuf {
    folder.join("audit.overread")
}

/// A project with reader `ann` and a drawn worklist, open for writing.
pub(crate) fn project_in(folder: &Path) -> Project {
    let import = import_text(folder, labels_csv(60)).unwrap();
    let path = path_in(folder);
    let mut project =
        Project::create(&path, &import, &protocol(), "lead", DEVICE, clock()).unwrap();
    project.add_reader("ann", "reader", Some(7), "lead", DEVICE).unwrap();
    let dataset = project.dataset().unwrap();
    let sample = sampling::draw(&dataset, &protocol(), 20_260_301).unwrap();
    let list = sampling::worklist(&dataset, &protocol(), &sample, "ann");
    project.save_sample(&sample, &[list], "lead", DEVICE).unwrap();
    project
}

pub(crate) fn open(path: &Path) -> Opened {
    Project::open_with(path, OpenMode::ReadWrite, clock()).unwrap()
}

pub(crate) fn items(project: &Project) -> Vec<ItemId> {
    project.worklist("ann").unwrap().unwrap().items.iter().map(|item| item.id).collect()
}

pub(crate) fn lock(item: ItemId, finding: &str, level: u8) -> EventBody {
    EventBody::ReadLocked {
        item,
        answers: vec![FindingAnswer {
            finding: finding.to_owned(),
            answer: Answer::Level(Level(level)),
        }],
        phase: Phase::Read,
        active_ms: 1_200,
        protocol_version: 1,
        via: Via::Key,
        last: false,
    }
}

/// What a program in Python, written from the description of the file alone, says of a closed project: the heads of its
/// chains. Fails where it does not find every id, hash and view as they are. `None` where there is no Python to ask,
/// which is no excuse on a machine for tests.
pub(crate) fn recomputed(path: &Path) -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recompute.py");
    let run = match std::process::Command::new("python3").arg(script).arg(path).output() {
        Ok(run) => run,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "python3 does not start: {error}");
            return None;
        }
    };
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    Some(said)
}

/// A packet without images.
pub(crate) fn packet_for(project: &mut Project, reader: &str, to: &Path) {
    let items = project.worklist(reader).unwrap().unwrap().items.len();
    let image =
        PacketImage { view: Some("PA".into()), name: None, file: Some((12, "00".repeat(32))) };
    let studies = vec![PacketStudy { images: vec![image], ..PacketStudy::default() }; items];
    let key = PacketKey::random();
    let order = PacketOrder {
        reader,
        images: PacketImages::Match,
        folder: "",
        key: &key,
        all: true,
        studies: &studies,
    };
    project.make_packet(to, &order, "lead").unwrap();
}
