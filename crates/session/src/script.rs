//! Reading by script: key names, one a line, through the same room as the window.

use std::path::Path;
use std::time::{Duration, Instant};

use overread_core::protocol::nearest;
use overread_core::{EventBody, ItemId, ReviewOutcome, Stage};
use overread_store::{ImageShelf, OpenMode};
use serde::Serialize;

use crate::command::{Command, Keymap, canonical_chord};
use crate::desk::{Desk, DeskError};
use crate::room::{Moment, Outcome, Refusal, Room};

/// Why a script stopped.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The project could not be opened or written.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// A line means nothing.
    #[error("line {line}: `{text}` is no key of this item. Keys that answer or mark it: {known}.")]
    UnknownKey {
        /// 1-based.
        line: usize,
        /// The line.
        text: String,
        /// Keys that would answer or mark the item.
        known: String,
    },
    /// The script goes on where there is nothing left to read.
    #[error(
        "line {line}: nothing is left to read, so `{text}` and what follows it were not used. What was acknowledged is saved."
    )]
    NothingLeft {
        /// 1-based.
        line: usize,
        /// The line.
        text: String,
    },
    /// A finding that the protocol does not have.
    #[error("line {line}: there is no finding `{name}`.{meant} Here can be marked: {known}.")]
    UnknownFinding {
        /// 1-based.
        line: usize,
        /// As written.
        name: String,
        /// The one that was probably meant, as a question; empty where none is near.
        meant: String,
        /// What can be marked beside this question.
        known: String,
    },
    /// A key that opens a list.
    #[error("line {line}: `{text}` opens a list in the window; in a script write `ALSO FINDING`.")]
    OpensList {
        /// 1-based.
        line: usize,
        /// The line.
        text: String,
    },
    /// A wait without a number.
    #[error("line {line}: WAIT needs milliseconds, such as `WAIT 200`, not `{text}`.")]
    BadWait {
        /// 1-based.
        line: usize,
        /// The line.
        text: String,
    },
    /// The project is not as it was written.
    #[error(
        "{path} is not as it was written: {problem}. Nothing was read. Run `overread verify`; the backups stand beside the project."
    )]
    Damaged {
        /// The project.
        path: String,
        /// What does not fit.
        problem: String,
    },
    /// The project is read-only.
    #[error("{path} cannot be read by script, because nothing can be written to it: {why}.")]
    ReadOnly {
        /// The project.
        path: String,
        /// Why.
        why: String,
    },
}

/// What happened at one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum Step {
    /// An event is on disk.
    Ack {
        /// The item.
        item: ItemId,
        /// The event's id.
        event: String,
        /// The event's kind.
        kind: String,
        /// A level was given, and not all films of the item are here: the window would have taken `X` only.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unseen: bool,
    },
    /// A key did nothing.
    Refused {
        /// 1-based.
        line: usize,
        /// The key.
        key: String,
        /// Why.
        reason: String,
    },
    /// Every item of every deck is locked.
    Finished,
    /// How many answers of this script are levels of items whose films are not all here; last, and only where there are any.
    Unseen {
        /// Answers.
        answers: u64,
    },
}

/// Runs a script. `told` is called right after each commit.
pub fn run(
    path: &Path,
    reader: Option<&str>,
    finding: Option<&str>,
    script: &str,
    told: &mut dyn FnMut(&Step),
) -> Result<(), ScriptError> {
    let mut desk = Desk::open(path, reader, OpenMode::ReadWrite)?;
    if let Some(why) = desk.project.read_only() {
        return Err(ScriptError::ReadOnly {
            path: path.display().to_string(),
            why: why.to_string(),
        });
    }
    let check = desk.project.check_after_open().map_err(DeskError::from)?;
    if let Some(problem) = check.problems.first() {
        return Err(ScriptError::Damaged {
            path: path.display().to_string(),
            problem: problem.clone(),
        });
    }
    if let Some(why) = &check.not_kept {
        tracing::warn!("{why}");
    }
    let device = desk.device.clone();
    crate::access::note(&desk.project, (&desk.reader, &device), "open", "script");
    let mut room = desk.room(finding)?;
    let shelf = desk.image_shelf()?;
    let mut levels_unseen = 0;
    room.set_conditions(std::iter::once(("display".to_owned(), "script".to_owned())).collect());
    for (line, text) in (1..).zip(script.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(wait) = text.to_uppercase().strip_prefix("WAIT") {
            let wait = wait
                .trim()
                .parse()
                .map_err(|_bad| ScriptError::BadWait { line, text: text.to_owned() })?;
            std::thread::sleep(Duration::from_millis(wait));
            continue;
        }
        let outcome = match (text.strip_prefix("COMMENT "), text.strip_prefix("ALSO ")) {
            (Some(comment), _) => room.comment(comment),
            (None, Some(name)) => also(&desk, &mut room, finding, (line, text, name.trim()))?,
            (None, None) => key(&desk, &mut room, finding, line, text)?,
        };
        match outcome {
            Outcome::Write(bodies) => {
                let events =
                    desk.project.append(&desk.reader, &device, &bodies).map_err(DeskError::from)?;
                room.acknowledged(&events, Instant::now());
                for event in &events {
                    let Ok(body) = event.decode() else { continue };
                    if let Some(item) = body.item() {
                        let unseen = gives_level(&body) && !all_films_there(&shelf, &room, item);
                        levels_unseen += u64::from(unseen);
                        let (event, kind) = (event.id.clone(), event.kind.clone());
                        told(&Step::Ack { item, event, kind, unseen });
                    }
                }
            }
            Outcome::Refused(refusal) => {
                told(&Step::Refused { line, key: text.to_owned(), reason: refusal.line(text) });
            }
            Outcome::Done | Outcome::NotMine => {}
        }
    }
    if let Some(ending) = room.ending() {
        desk.project.append(&desk.reader, &device, &[ending]).map_err(DeskError::from)?;
    }
    if room.position().is_none() && finding.is_none() {
        told(&Step::Finished);
    }
    if 0 < levels_unseen {
        told(&Step::Unseen { answers: levels_unseen });
    }
    desk.project.close().map_err(DeskError::from)?;
    Ok(())
}

fn gives_level(body: &EventBody) -> bool {
    matches!(body, EventBody::ReadLocked { answers, .. }
        if answers.iter().any(|given| given.answer.level().is_some()))
}

/// Whether every film of an item lies where it is looked for; an item without films has none that does not, and
/// cannot be seen either.
fn all_films_there(shelf: &ImageShelf, room: &Room, item: ItemId) -> bool {
    let dataset = &room.material().dataset;
    let study = room
        .index_of(item)
        .and_then(|place| room.item_at(place))
        .and_then(|known| dataset.study_index(known.study).and_then(|i| dataset.studies.get(i)));
    study.is_some_and(|study| {
        !study.images.is_empty() && study.images.iter().all(|image| shelf.is_there(image.id))
    })
}

fn key(
    desk: &Desk,
    room: &mut Room,
    finding: Option<&str>,
    line: usize,
    text: &str,
) -> Result<Outcome, ScriptError> {
    let chord = canonical_chord(text);
    let corrects = |command| matches!(command, Command::Back | Command::Undo | Command::Redo);
    let command = keymap(room).get(&chord);
    // An answer after the last item of a deck belongs to the next deck.
    if room.position().is_none() && finding.is_none() && !command.is_some_and(corrects) {
        continue_in_next_deck(desk, room)?;
    }
    let keymap = keymap(room);
    let Some(command) = keymap.get(&chord) else {
        let text = text.to_owned();
        if room.position().is_none() {
            return Err(ScriptError::NothingLeft { line, text });
        }
        let marks = |chord: &String| keymap.get(chord).is_some_and(Command::changes_reads);
        let known = keymap.chords().into_iter().filter(marks).collect::<Vec<_>>().join(" ");
        return Err(ScriptError::UnknownKey { line, text, known });
    };
    if command == Command::Beside {
        return Err(ScriptError::OpensList { line, text: text.to_owned() });
    }
    Ok(apply(room, command))
}

fn apply(room: &mut Room, command: Command) -> Outcome {
    let dwell = Duration::from_millis(room.material().protocol.reading.dwell_ms.into());
    room.apply(command, &Moment::ready(Instant::now(), dwell))
}

/// Marks a finding beside the question as present, by id or name; the same line again takes it away, as a tag's key
/// does.
fn also(
    desk: &Desk,
    room: &mut Room,
    finding: Option<&str>,
    (line, text, name): (usize, &str, &str),
) -> Result<Outcome, ScriptError> {
    if room.position().is_none() && finding.is_none() {
        continue_in_next_deck(desk, room)?;
    }
    let Some(item) = room.blinded() else {
        return Err(ScriptError::NothingLeft { line, text: text.to_owned() });
    };
    let is = |id: &str, on_screen: &str| {
        id.eq_ignore_ascii_case(name) || on_screen.eq_ignore_ascii_case(name)
    };
    if let Some(index) = item.beside.iter().position(|f| is(&f.id, &f.name)) {
        return Ok(apply(room, Command::AlsoPresent(u8::try_from(index).unwrap_or(u8::MAX))));
    }
    let protocol = &room.material().protocol;
    if protocol.findings.iter().any(|f| is(&f.id, &f.name)) {
        return Ok(Outcome::Refused(Refusal::Unavailable(
            "It is what is asked here, a part of it, or no finding that is seen by itself.",
        )));
    }
    let known: Vec<&str> = item.beside.iter().map(|f| f.id.as_str()).collect();
    let meant = nearest(name, known.iter().copied())
        .map_or_else(String::new, |meant| format!(" Did you mean `{meant}`?"));
    let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    Err(ScriptError::UnknownFinding { line, name: name.to_owned(), meant, known })
}

fn continue_in_next_deck(desk: &Desk, room: &mut Room) -> Result<(), ScriptError> {
    let next = desk.room(None)?;
    if next.position().is_some() {
        *room = next;
    }
    Ok(())
}

/// The keys of the item on screen.
pub(crate) fn keymap(room: &Room) -> Keymap {
    let Some(item) = room.blinded() else { return Keymap::without_item() };
    if room.stage() == Stage::Reviewing {
        return Keymap::for_outcomes(ReviewOutcome::ALL.len().try_into().unwrap_or(u8::MAX));
    }
    let tags: Vec<char> = item.tags.iter().map(|tag| tag.key).collect();
    let findings: Vec<Option<char>> = item.asked.iter().map(|finding| finding.key).collect();
    Keymap::for_item(&room.material().protocol, &tags, &findings)
}
