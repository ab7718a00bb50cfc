//! A project opened for one reader.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use overread_core::{Deck, EventBody, ImageId, sampling};
use overread_store::{ImageShelf, OpenMode, Project, StoreError};

use crate::films::ImageSource;
use crate::room::{Material, Room};

/// Why a reader cannot sit down.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The project file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing was drawn.
    #[error("Nothing has been drawn in {} yet, so there is nothing to read. Run `overread sample` first.", .0.display())]
    NotSampled(PathBuf),
    /// Nobody was added.
    #[error("Nobody reads in {} yet. Add a reader with `overread readers {} add NAME`.", .0.display(), .0.display())]
    NoReaders(PathBuf),
    /// Several could be meant.
    #[error("Several people read in {}: {}. Say who you are with `--reader NAME`.", path.display(), people(known))]
    WhichReader {
        /// The project.
        path: PathBuf,
        /// Who reads in it.
        known: Vec<Person>,
    },
    /// Nobody of that name reads here.
    #[error("No {reader} reads in {}, only {}. Check the spelling, or add a reader with `overread readers {} add NAME`.", path.display(), people(known), path.display())]
    UnknownReader {
        /// The project.
        path: PathBuf,
        /// Who was named.
        reader: String,
        /// Who reads in it.
        known: Vec<Person>,
    },
    /// A packet is one reader's.
    #[error("{} is {owner}'s packet; {reader} cannot read in it. Leave `--reader` out, or ask the lead for a packet of your own.", path.display())]
    NotYours {
        /// The packet.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who was named.
        reader: String,
    },
    /// The reader's worklist is empty, or has no such deck.
    #[error("{reader} has nothing to read in {}: {why}.", path.display())]
    NothingToRead {
        /// The project.
        path: PathBuf,
        /// Pseudonym.
        reader: String,
        /// What is missing.
        why: String,
    },
}

/// Somebody who answers in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Pseudonym.
    pub name: String,
    /// Decides what readers disagree on.
    pub adjudicator: bool,
}

/// "R1, R2 and ADJ (adjudicator)".
fn people(known: &[Person]) -> String {
    let word = |p: &Person| {
        if p.adjudicator { format!("{} (adjudicator)", p.name) } else { p.name.clone() }
    };
    match known {
        [] => "nobody".to_owned(),
        [one] => word(one),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(word).collect();
            format!("{} and {}", most.join(", "), word(last))
        }
    }
}

/// A project opened for one reader.
#[derive(Debug)]
pub struct Desk {
    /// The project file.
    pub project: Project,
    /// What every reader shares.
    pub material: Arc<Material>,
    /// Pseudonym of the reader.
    pub reader: String,
    /// The device that this reader's answers in this file are chained under.
    pub device: String,
    /// Things worth telling about how it opened.
    pub notices: Vec<String>,
}

impl Desk {
    /// Opens a project for a reader; without a name, for the only one there is.
    pub fn open(path: &Path, reader: Option<&str>, mode: OpenMode) -> Result<Self, DeskError> {
        let opened = Project::open(path, mode)?;
        let notices = opened.notices.iter().map(ToString::to_string).collect();
        let mut project = opened.project;
        let packet = project.packet()?;
        let reader = match (reader, &packet) {
            (Some(name), Some(packet)) if name != packet.reader => {
                let (path, owner) = (path.to_owned(), packet.reader.clone());
                return Err(DeskError::NotYours { path, owner, reader: name.to_owned() });
            }
            (_, Some(packet)) => packet.reader.clone(),
            (name, None) => reader_of(&project, path, name)?,
        };
        let sample = project.sample()?.ok_or_else(|| DeskError::NotSampled(path.to_owned()))?;
        let dataset = project.dataset()?;
        let protocol = project.protocol()?;
        let device = crate::chains::device_for(&mut project, &reader)?;
        let role = project.readers()?.into_iter().find(|r| r.name == reader).map(|r| r.role);
        if project.read_only().is_none()
            && role.as_deref() != Some("adjudicator")
            && project.worklist(&reader)?.is_none()
        {
            // Someone who joined after the draw gets an order of their own.
            let lists = project.worklists()?;
            let list = sampling::late_worklist(&dataset, &protocol, &sample, &lists, &reader)
                .map_err(|error| DeskError::NothingToRead {
                    path: path.to_owned(),
                    reader: reader.clone(),
                    why: error.to_string(),
                })?;
            project.save_worklist(&list, &reader, &device)?;
        }
        let study_numbers = project.study_numbers(&sample)?;
        let tallies = if role.as_deref() == Some("adjudicator") {
            let mut records = project.outside_records(&sample)?;
            records.retain(|r| r.source.as_ref().is_some_and(|s| s.declared_blinded));
            for row in project.readers()?.iter().filter(|row| row.role != "adjudicator") {
                records.push(project.reader_record(&row.name)?);
            }
            crate::later_view::tallies(&protocol, &sample, &records)
        } else {
            crate::later_view::Tallies::new()
        };
        let list = project.worklist(&reader)?.unwrap_or_default();
        let boxes = crate::later_view::boxes_to_review(&project, &dataset, &protocol, &list)?;
        let packet = packet.is_some();
        let material =
            Arc::new(Material { dataset, protocol, sample, study_numbers, packet, tallies, boxes });
        Ok(Self { project, material, reader, device, notices })
    }

    /// The reading room of a deck, by the finding it asks; without one, the first with unread items.
    pub fn room(&self, finding: Option<&str>) -> Result<Room, DeskError> {
        let nothing = |why: String| DeskError::NothingToRead {
            path: self.project.path().to_owned(),
            reader: self.reader.clone(),
            why,
        };
        let decks = &self.material.sample.decks;
        let deck = match finding {
            None => None,
            Some(id) => Some(
                decks
                    .iter()
                    .position(|deck| deck.finding.as_deref() == Some(id))
                    .and_then(|i| u32::try_from(i).ok())
                    .ok_or_else(|| nothing(no_deck(id, decks)))?,
            ),
        };
        let record = self.project.reader_record(&self.reader)?;
        let events = self.project.events(Some(&self.reader))?;
        let mut room = Room::open(Arc::clone(&self.material), record, deck)
            .ok_or_else(|| {
                nothing(match deck {
                    Some(_) => "that deck is not in the worklist".to_owned(),
                    None => "the worklist is empty; an adjudicator's is drawn by `overread adjudicate`, once readers have locked their answers".to_owned(),
                })
            })?;
        let bodies: Vec<EventBody> = events.iter().filter_map(|e| e.decode().ok()).collect();
        room.rebuild_history(&bodies);
        Ok(room)
    }

    /// Bytes of the images of all decks, for the film workers.
    pub fn image_source(&self) -> Result<ImageSource, DeskError> {
        let shelf = self.image_shelf()?;
        Ok(Arc::new(move |id| shelf.bytes(id).map_err(|error| error.to_string())))
    }

    /// The images of all decks.
    pub(crate) fn image_shelf(&self) -> Result<ImageShelf, DeskError> {
        let dataset = &self.material.dataset;
        let drawn = self.material.sample.studies();
        let ids: Vec<ImageId> = drawn
            .into_iter()
            .filter_map(|id| dataset.study_index(id).and_then(|i| dataset.studies.get(i)))
            .flat_map(|study| study.images.iter().map(|image| image.id))
            .collect();
        Ok(self.project.image_shelf(&ids)?)
    }
}

/// That no deck asks for a finding: which one was meant, and which there are.
fn no_deck(id: &str, decks: &[Deck]) -> String {
    let known: Vec<&str> = decks.iter().filter_map(|deck| deck.finding.as_deref()).collect();
    if known.is_empty() {
        return format!(
            "there is no deck for `{id}`: one deck asks for all findings, and needs no name"
        );
    }
    let meant = overread_core::protocol::nearest(id, known.iter().copied())
        .map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
    format!("there is no deck for `{id}`{meant}; there are {}", known.join(", "))
}

/// The one who is named, or the only one there is.
fn reader_of(project: &Project, path: &Path, name: Option<&str>) -> Result<String, DeskError> {
    let path = path.to_owned();
    let rows = project.readers()?;
    // A lead who is asked for by name may read as well.
    if let Some(name) = name.filter(|name| rows.iter().any(|row| row.name == *name)) {
        return Ok(name.to_owned());
    }
    let known: Vec<Person> = rows
        .into_iter()
        .filter(|row| row.role != "lead")
        .map(|row| Person { adjudicator: row.role == "adjudicator", name: row.name })
        .collect();
    match (name, known.as_slice()) {
        (_, []) => Err(DeskError::NoReaders(path)),
        (Some(name), _) => Err(DeskError::UnknownReader { path, reader: name.to_owned(), known }),
        (None, [one]) => Ok(one.name.clone()),
        (None, _) => Err(DeskError::WhichReader { path, known }),
    }
}
