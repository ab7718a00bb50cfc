//! The program with a made-up hand on it, and a project for it to read.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::shell::{Shell, Start};
use crate::verbs::{self, NewProject, SampleOptions, VerbError};
use crate::view::{
    Backend, Effect, FilmState, FrameInput, FrameView, ScreenShape, ScreenView, UiAction,
};

/// What is done with the program from frame to frame.
pub(super) trait Hand {
    /// The longest time between two frames.
    const REST: Duration;

    /// Does what comes next; `false` when all is done.
    fn work(&mut self, shell: &mut Shell, frame: &FrameInput) -> bool;
}

/// The program itself, with a hand instead of keyboard and mouse.
pub(super) struct Driven<H> {
    shell: Shell,
    hand: H,
}

impl<H: Hand> Driven<H> {
    /// Opens a project for a reader.
    pub(super) fn new(project: PathBuf, reader: String, hand: H) -> Self {
        let start = Start { project: Some(project), reader: Some(reader) };
        Self { shell: Shell::new(start), hand }
    }
}

impl<H: Hand> Backend for Driven<H> {
    fn set_waker(&mut self, waker: Arc<dyn Fn() + Send + Sync>) {
        self.shell.set_waker(waker);
    }

    fn shape(&self) -> ScreenShape {
        self.shell.shape()
    }

    fn view(&mut self, frame: &FrameInput) -> FrameView {
        let goes_on = self.hand.work(&mut self.shell, frame);
        let mut view = self.shell.view(frame);
        let failed = match &view.screen {
            ScreenView::Read(read) => read.films.first().and_then(|film| match &film.state {
                FilmState::Failed { reason, .. } => Some(reason),
                _ => None,
            }),
            _ => None,
        };
        if let Some(reason) = failed {
            tracing::error!(reason, "the film to measure cannot be shown");
        }
        if failed.is_some() || !goes_on {
            view.effects.push(Effect::Close);
        }
        view.repaint_after = Some(H::REST);
        view
    }

    fn act(&mut self, _action: UiAction) {
        // The mouse of whoever watches does nothing.
    }

    fn closing(&mut self) {
        self.shell.closing();
    }
}

/// A project of so many films of this size with one reader: the folder, which goes away with its
/// value, the path and the reader. `film` gives the bytes of one, counted from 1.
pub(super) fn project(
    films: usize,
    [width, height]: [u32; 2],
    protocol: &str,
    mut film: impl FnMut(usize) -> Result<Vec<u8>, VerbError>,
) -> Result<(tempfile::TempDir, PathBuf, String), VerbError> {
    let place = tempfile::tempdir()
        .map_err(VerbError::io("make a folder in", Path::new("temporary files")))?;
    let folder = place.path();
    let images = folder.join("films");
    std::fs::create_dir_all(&images).map_err(VerbError::io("make the folder", &images))?;
    let mut table = String::from(
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n",
    );
    for n in 1..=films {
        // What a file holds decides, not what it is called.
        let name = format!("{n:08}_000.png");
        write_through(&images.join(&name), &film(n)?)?;
        writeln!(table, "{name},Pneumothorax,0,{n},58,M,PA,{width},{height},0.143,0.143").ok();
    }
    let write = |name: &str, text: &str| -> Result<PathBuf, VerbError> {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(VerbError::io("write", &path))?;
        Ok(path)
    };
    let labels = write("labels.csv", &table)?;
    let protocol = write("protocol.toml", protocol)?;
    let path = folder.join("bench.overread");
    verbs::new(&NewProject {
        path: path.clone(),
        labels: vec![labels],
        format: "cxr14".to_owned(),
        map: None,
        images: Some(images),
        protocol: protocol.display().to_string(),
        dry_run: false,
    })?;
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    Ok((place, path, "R1".to_owned()))
}

/// Writes a film to the disk at once: what the system would write back half a minute later holds
/// up the sync of an answer meanwhile, and that would be counted as ours.
fn write_through(path: &Path, bytes: &[u8]) -> Result<(), VerbError> {
    let mut file = std::fs::File::create(path).map_err(VerbError::io("make", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(VerbError::io("write", path))
}
