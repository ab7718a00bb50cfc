//! What the command line does, as functions: JSON for programs, text for people.

mod adequacy;
mod audit;
mod config;
mod demo;
mod dicom;
mod figures;
mod labels;
mod later;
mod outside;
mod packets;
mod project;
mod protocol;
mod sample;

pub use adequacy::adequacy;
pub use audit::audit;
pub(crate) use audit::document as audit_document;
pub(crate) use demo::phantom as demo_phantom;
pub use demo::{DemoProject, unpack as unpack_demo};
pub use figures::{analyse, analyse_reads, report};
pub use labels::drift;
pub use later::{adjudicate, review};
pub use outside::{import_reads, import_scores};
pub use packets::{NewPacket, merge, packet};
pub(crate) use project::LEAD;
pub use project::{NewProject, add_reader, backup, images, info, new, readers, recover, verify};
pub use protocol::{check_protocol, list_protocols, set_protocol, show_protocol};
pub use sample::{SampleOptions, extend_sample, parse_extension, sample};

use std::path::PathBuf;

use overread_core::protocol::ProtocolError;
use overread_core::sampling::SampleError;
use overread_store::import::ImportError;
use overread_store::{Project, ReadOnlyReason, StoreError};

use crate::desk::DeskError;
use crate::script::ScriptError;

/// What a verb has to say.
#[derive(Clone, Debug)]
pub struct Said {
    /// For programs.
    pub json: serde_json::Value,
    /// For people.
    pub text: String,
    /// A check found something: exit status 3.
    pub found: bool,
    /// A part of the work failed, and why: exit status 1, once the rest is said.
    pub failed: Option<String>,
    /// What is wrong with the project that was looked at, in whole sentences.
    pub warnings: Vec<String>,
}

impl Said {
    /// Done, with nothing found.
    pub fn new(json: serde_json::Value, text: String) -> Self {
        Self { json, text, found: false, failed: None, warnings: Vec::new() }
    }

    /// With what is wrong with a project that was opened for looking.
    fn of(mut self, project: &Project) -> Self {
        if let Some(ReadOnlyReason::Damaged(what)) = project.read_only() {
            let path = project.path().display();
            self.warnings.push(format!(
                "{path} is damaged: {what}. It was opened for looking only, and what is said of it rests on the file as it stands; `overread verify` lists all that does not fit. {}",
                project.rescue_words()
            ));
        }
        self
    }
}

/// Why a verb failed: one paragraph that says what, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    /// The project file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The label files.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Opening for a reader.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// A script.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The protocol.
    #[error("{name}: {}", sentence(source))]
    Protocol {
        /// Name or file.
        name: String,
        /// What is wrong, and where.
        source: ProtocolError,
    },
    /// No such protocol.
    #[error(
        "There is no protocol `{name}`: it is neither a file nor built in.{meant} Built in are {known}."
    )]
    NoProtocol {
        /// As asked for.
        name: String,
        /// The one that was probably meant, as a question; empty where none is near.
        meant: String,
        /// Names of the built-in ones.
        known: String,
    },
    /// Drawing.
    #[error("Nothing was drawn: {0}.")]
    Sample(#[from] SampleError),
    /// A file of ours.
    #[error("Could not {doing} {}: {}. Check the path and its permissions.", path.display(), overread_store::words_of(source))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Anything a room below says in a whole sentence.
    #[error("{0}")]
    Other(String),
}

/// Whether a file of this name can be made: its folder is there, and the name leaves room for what stands beside it
/// while it is written.
fn check_target(path: &std::path::Path) -> Result<(), VerbError> {
    /// File systems take 255 bytes; temporary files and logs have up to 48 more than the name.
    const MOST: usize = 200;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let why = if folder.exists() { "is no folder" } else { "does not exist" };
        return Err(VerbError::Other(format!(
            "{} cannot be made: {} {why}. Make that folder, or choose another.",
            path.display(),
            folder.display()
        )));
    }
    let length = path.file_name().map_or(0, std::ffi::OsStr::len);
    if MOST < length {
        return Err(VerbError::Other(format!(
            "{} cannot be made: its name has {length} bytes, and at most {MOST} leave room for the files that stand beside it while it is written. Choose a shorter name.",
            path.display()
        )));
    }
    Ok(())
}

/// What is wrong with a protocol, ended as a sentence: it may close with a question.
fn sentence(error: &ProtocolError) -> String {
    let mut text = error.to_string();
    if !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}

/// The word that was probably meant, as a question behind a sentence; empty where none is near.
pub(crate) fn meant(word: &str, known: &[&str]) -> String {
    overread_core::protocol::nearest(word, known.iter().copied())
        .map_or_else(String::new, |meant| format!(" Did you mean `{meant}`?"))
}

/// Nobody of that name reads here: who was meant, who is known, and how one joins.
fn no_reader(project: &Project, name: &str) -> VerbError {
    let path = project.path();
    let known = match project.readers() {
        Ok(rows) => rows.into_iter().map(|row| row.name).collect::<Vec<String>>(),
        Err(error) => return error.into(),
    };
    if known.is_empty() {
        return StoreError::NoReader { path: path.to_owned(), name: name.to_owned() }.into();
    }
    let meant = overread_core::protocol::nearest(name, known.iter().map(String::as_str))
        .map_or_else(String::new, |meant| format!("Did you mean `{meant}`? "));
    VerbError::Other(format!(
        "There is no reader `{name}` in {}. {meant}Known are {}; `overread readers {} add NAME` adds another.",
        path.display(),
        known.join(", "),
        path.display()
    ))
}

impl VerbError {
    pub(crate) fn io(
        doing: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
