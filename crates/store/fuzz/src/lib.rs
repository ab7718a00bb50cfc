//! What the targets share: a project to hold files against, made once, and everything that is done with a file.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use overread_core::{Protocol, sampling};
use overread_store::import::outside::Known;
use overread_store::import::{Format, Request, read};
use overread_store::{Clock, PacketImages, PacketKey, PacketOrder, PacketStudy, Project};

#[path = "../../tests/common/hostile.rs"]
pub mod hostile;

/// A folder of this process.
pub fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("overread-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// What reads, scores and packets are held against.
pub struct Desk {
    pub folder: PathBuf,
    pub project: Project,
    pub protocol: Protocol,
    pub known: Known,
}

thread_local! {
    static DESK: OnceCell<Desk> = const { OnceCell::new() };
}

/// Does something with the project.
pub fn with_desk(work: impl FnOnce(&Desk)) {
    DESK.with(|desk| work(desk.get_or_init(|| make(&folder()))));
}

fn make(folder: &Path) -> Desk {
    let mut text = String::from(
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n",
    );
    for n in 1..=60 {
        let findings = ["Pneumothorax", "Emphysema", "Effusion", "Cardiomegaly", "No Finding"];
        text +=
            &format!("{n:08}_000.png,{},0,{n},50,F,PA,2500,2048,0.168,0.168\n", findings[n % 5]);
    }
    let labels = [folder.join("labels.csv")];
    std::fs::write(&labels[0], text).expect("labels");
    let request = Request { format: Format::Cxr14, labels: &labels, map: None, images: None };
    let import = read(&request).expect("an import");
    let protocol =
        Protocol::from_toml(include_str!("../../tests/common/protocol.toml")).expect("a protocol");
    let path = folder.join("audit.overread");
    let clock = Clock::system();
    let mut project =
        Project::create(&path, &import, &protocol, "lead", "device-a", clock).expect("a project");
    project.add_reader("ann", "reader", None, "lead", "device-a").expect("a reader");
    let sample = sampling::draw(&import.dataset, &protocol, 14).expect("a sample");
    let list = sampling::worklist(&import.dataset, &protocol, &sample, "ann");
    project.save_sample(&sample, &[list], "lead", "device-a").expect("a worklist");
    let items = project.worklist("ann").ok().flatten().map_or(0, |list| list.items.len());
    let studies = vec![PacketStudy::default(); items];
    let key = PacketKey::random();
    let order = PacketOrder {
        reader: "ann",
        images: PacketImages::Match,
        folder: "",
        key: &key,
        all: true,
        studies: &studies,
    };
    // The packet as it leaves, not yet read.
    let seed = folder.join("seed-packet.overread");
    project.make_packet(&seed, &order, "lead").expect("a packet");
    let known = project.known_studies().expect("studies");
    Desk { folder: folder.to_owned(), project, protocol, known }
}

/// The bytes of a sound packet of this process's project with some of them replaced, as the input says: a place
/// of three bytes, a length, and what stands there.
pub fn bent_packet(desk: &Desk, input: &[u8]) -> Vec<u8> {
    let mut bytes = std::fs::read(desk.folder.join("seed-packet.overread")).unwrap_or_default();
    let mut rest = input;
    while let [a, b, c, length, tail @ ..] = rest {
        let at = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let length = usize::from(*length % 64).min(tail.len());
        let at = at % bytes.len().max(1);
        for (into, byte) in bytes.iter_mut().skip(at).zip(&tail[..length]) {
            *into = *byte;
        }
        rest = &tail[length..];
    }
    bytes
}
