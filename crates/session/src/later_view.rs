//! What the reading room says of items that are looked at again: to an adjudicator how many answered
//! what, without names or order; to a reader the label and the own answer.

use std::collections::HashMap;

use overread_core::later::{self, Open};
use overread_core::{
    Dataset, ImageId, Item, Level, Phase, Protocol, ReaderRecord, ReviewOutcome, Sample, StudyId,
    Worklist,
};
use overread_store::{Project, StoreError};

use crate::command::{Command, Keymap};
use crate::read_view::{answer_words, cap, capital};
use crate::room::Room;
use crate::view::{AnswerView, Mark, RowState};

/// How many locked reads have each level, and in the last place how many have none, by deck, study and finding.
pub(crate) type Tallies = HashMap<(u32, StudyId, String), Vec<usize>>;

/// Counts what was answered where readers disagree.
pub(crate) fn tallies(protocol: &Protocol, sample: &Sample, readers: &[ReaderRecord]) -> Tallies {
    let open = later::disagreements(protocol, sample, readers);
    let mut tallies = Tallies::new();
    for Open { deck, study, finding, .. } in open {
        let none = protocol.levels.len();
        let mut counts = vec![0; none + 1];
        for reader in readers {
            let items = reader.worklist.items.iter();
            let mine = |i: &&Item| i.deck == deck && i.study == study && i.phase == Phase::Read;
            for item in items.filter(mine) {
                let state = reader.state.item(item.id);
                let lock = state.and_then(|s| s.settled_lock().or_else(|| s.current()));
                let Some(answer) = lock.and_then(|lock| lock.answer(&finding)) else { continue };
                let place = answer.level().map_or(none, |level| usize::from(level.0));
                if let Some(count) = counts.get_mut(place) {
                    *count += 1;
                }
            }
        }
        tallies.insert((deck, study, finding), counts);
    }
    tallies
}

/// "Reads: 2 absent, 1 reportable." Names and order stay hidden.
pub(crate) fn tally_words(room: &Room, item: &Item) -> Option<String> {
    let material = room.material();
    let key = (item.deck, item.study, item.finding.clone()?);
    let counts = material.tallies.get(&key)?;
    let parts: Vec<String> = material
        .protocol
        .levels
        .iter()
        .map(String::as_str)
        .chain(["without an answer"])
        .zip(counts)
        .filter(|(_, n)| 0 < **n)
        .map(|(level, n)| format!("{n} {level}"))
        .collect();
    Some(format!("Reads: {}.", parts.join(", ")))
}

/// "The label says yes. You answered absent."
pub(crate) fn review_words(room: &Room, item: &Item) -> Option<String> {
    let material = room.material();
    let protocol = &material.protocol;
    let finding = item.finding.as_deref()?;
    let finding = protocol.findings.get(protocol.finding_index(finding)?)?;
    let label = match later::label_of(&material.dataset, protocol, finding, item.study) {
        Some(true) => "The label says yes",
        Some(false) => "The label says no",
        None => "The label says neither",
    };
    let reader = room.reader();
    let own = reader
        .worklist
        .items
        .iter()
        .filter(|i| i.deck == item.deck && i.study == item.study && i.phase == Phase::Read)
        .find_map(|i| reader.state.item(i.id)?.settled_lock()?.answer(&finding.id));
    let own = own.map_or_else(String::new, |answer| {
        format!(" You answered {}.", answer_words(protocol, answer).1.to_lowercase())
    });
    Some(format!("{label}.{own}"))
}

/// A box that the dataset draws on an image, in its pixels: left, top, width, height.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FilmBox {
    /// What it is drawn around.
    pub name: String,
    /// Left, top, width and height.
    pub edges: [f64; 4],
}

/// The boxes of what is looked at again, by image and finding. A box tells the label, so that there are none for
/// anything else.
pub(crate) type Boxes = HashMap<(ImageId, String), Vec<FilmBox>>;

/// Reads the boxes of the items that a reader looks at again.
pub(crate) fn boxes_to_review(
    project: &Project,
    dataset: &Dataset,
    protocol: &Protocol,
    list: &Worklist,
) -> Result<Boxes, StoreError> {
    let mut out = Boxes::new();
    for item in list.items.iter().filter(|item| item.phase == Phase::Review) {
        let finding = item.finding.as_deref().and_then(|id| protocol.finding_index(id));
        let Some(finding) = finding.and_then(|at| protocol.findings.get(at)) else { continue };
        let labels: Vec<usize> = protocol
            .labels_of(finding)
            .into_iter()
            .filter_map(|name| dataset.finding_index(name))
            .collect();
        let study = dataset.study_index(item.study).and_then(|at| dataset.studies.get(at));
        for image in study.into_iter().flat_map(|study| &study.images) {
            let mut drawn = project.boxes(image.id)?;
            drawn.retain(|one| labels.contains(&one.finding));
            let named = |edges| FilmBox { name: finding.name.clone(), edges };
            let boxes: Vec<FilmBox> = drawn.into_iter().map(|one| named(one.edges)).collect();
            if !boxes.is_empty() {
                out.insert((image.id, finding.id.clone()), boxes);
            }
        }
    }
    Ok(out)
}

/// The boxes to draw over an image of the item on screen: none unless it is looked at again.
pub(crate) fn boxes(room: &Room, image: Option<ImageId>) -> &[FilmBox] {
    let known = || {
        let item = room.item().filter(|item| item.phase == Phase::Review)?;
        room.material().boxes.get(&(image?, item.finding.clone()?))
    };
    known().map_or(&[], Vec::as_slice)
}

/// The three outcomes on the keys of the levels.
pub(crate) fn outcomes(room: &Room, keymap: &Keymap, waiting: bool) -> Vec<AnswerView> {
    let chosen = room.state().and_then(|state| state.outcome.as_ref()).map(|(outcome, _)| *outcome);
    (0_u8..)
        .zip(ReviewOutcome::ALL)
        .map(|(level, outcome)| AnswerView {
            key: cap(keymap, Command::Answer(Level(level))),
            mark: outcome_mark(outcome),
            name: outcome.words().to_owned(),
            rules: String::new(),
            spoken: String::new(),
            meets: String::new(),
            state: match chosen {
                Some(chosen) if chosen == outcome => RowState::Chosen,
                _ if waiting => RowState::Waiting,
                _ => RowState::Ready,
            },
        })
        .collect()
}

fn outcome_mark(outcome: ReviewOutcome) -> Mark {
    match outcome {
        ReviewOutcome::LabelRight => Mark::Reportable,
        ReviewOutcome::MineStands => Mark::Absent,
        ReviewOutcome::CannotTell => Mark::Unsure,
    }
}

/// The outcome that an item was closed with, in words.
pub(crate) fn outcome_words(room: &Room, number: usize) -> Option<(Mark, String)> {
    let state = room.state_at(number.checked_sub(1)?)?;
    let (outcome, _) = state.outcome.as_ref()?;
    Some((outcome_mark(*outcome), capital(outcome.words())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    use crate::desk::Desk;
    use crate::verbs::{self, NewProject, SampleOptions};
    use overread_store::OpenMode;

    /// Two studies labelled Mass and Nodule, each with a box for both.
    fn project(folder: &std::path::Path) -> std::path::PathBuf {
        let (labels, boxes) = (folder.join("labels.csv"), folder.join("boxes.csv"));
        let mut table = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n".to_owned();
        let mut drawn = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n".to_owned();
        for n in 1..=2 {
            writeln!(table, "{n:08}_000.png,Mass|Nodule,0,{n},58,M,PA,2500,2048,0.1,0.1").unwrap();
            writeln!(drawn, "{n:08}_000.png,Mass,10.5,20,30,40,,,").unwrap();
            writeln!(drawn, "{n:08}_000.png,Nodule,100,200,30,40,,,").unwrap();
        }
        std::fs::write(&labels, table).unwrap();
        std::fs::write(&boxes, drawn).unwrap();
        let protocol = overread_core::protocol::builtin("cxr14-verify").unwrap();
        let protocol = protocol.replace("frame = \"available\"", "frame = \"all\"");
        let kept = folder.join("protocol.toml");
        std::fs::write(&kept, protocol.replace("explore = 100", "explore = 0")).unwrap();
        let path = folder.join("p.overread");
        verbs::new(&NewProject {
            path: path.clone(),
            labels: vec![labels, boxes],
            format: "cxr14".to_owned(),
            map: None,
            images: None,
            protocol: kept.display().to_string(),
            dry_run: false,
        })
        .unwrap();
        verbs::add_reader(&path, "R1", "reader", None).unwrap();
        verbs::sample(&path, SampleOptions { seed: 14, dry_run: false }).unwrap();
        path
    }

    fn image_on_screen(room: &Room) -> Option<ImageId> {
        Some(room.blinded()?.images.first()?.id)
    }

    #[test]
    fn boxes_are_drawn_when_a_label_is_looked_at_again_and_never_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = project(folder.path());
        let desk = Desk::open(&path, Some("R1"), OpenMode::ReadWrite).unwrap();
        let room = desk.room(Some("Mass")).unwrap();
        let image = image_on_screen(&room);
        assert!(image.is_some() && desk.material.boxes.is_empty());
        assert_eq!(boxes(&room, image), []);
        desk.project.close().unwrap();
        // Both studies of the deck are read otherwise than labelled.
        crate::script::run(&path, Some("R1"), Some("Mass"), "1\n1\n", &mut |_step| {}).unwrap();
        verbs::review(&path, "R1", Some("Mass"), false).unwrap();
        let desk = Desk::open(&path, Some("R1"), OpenMode::ReadWrite).unwrap();
        let room = desk.room(Some("Mass")).unwrap();
        assert_eq!(room.stage(), overread_core::Stage::Reviewing);
        let seen = boxes(&room, image_on_screen(&room));
        let mass = FilmBox { name: "Mass".to_owned(), edges: [10.5, 20.0, 30.0, 40.0] };
        assert_eq!(seen, [mass], "its own box, and not the one of a deck that is still read");
        let other = desk.room(Some("Nodule")).unwrap();
        assert_eq!(boxes(&other, image_on_screen(&other)), []);
        desk.project.close().unwrap();
    }
}
