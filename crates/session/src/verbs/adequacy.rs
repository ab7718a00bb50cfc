//! Measuring the grey levels of a project's images, once each.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use overread_core::ImageId;
use overread_imaging::{DecodeLimits, decode};
use overread_store::{ImageAdequacy, ImageShelf, Project};
use parking_lot::Mutex;
use serde_json::json;

use super::project::open_writable;
use super::{Said, VerbError};

/// Films between two commits: what is measured is not lost when the work is broken off.
const BATCH: usize = 64;

/// What came of measuring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Measured {
    /// Films measured now.
    pub(crate) measured: usize,
    /// Films that could not be read or decoded.
    pub(crate) failed: usize,
}

/// Measures the images of drawn studies, or of the whole dataset, that have no measure yet.
pub fn adequacy(path: &Path, whole_dataset: bool) -> Result<Said, VerbError> {
    let mut project = open_writable(path)?;
    let now = measure(&mut project, whole_dataset)?;
    let all = project.adequacies()?;
    project.close()?;
    let classes = overread_core::AdequacyClass::ALL
        .map(|class| (class, all.iter().filter(|measured| measured.class == class).count()));
    let mut text = format!("{} measured now, {} in all.", films(now.measured), all.len());
    if 0 < now.failed {
        write!(
            text,
            " {} could not be read or decoded and {} left out; `overread inspect` says why of a file.",
            films(now.failed),
            if now.failed == 1 { "is" } else { "are" }
        )
        .ok();
    }
    for (class, images) in classes.iter().filter(|(_, images)| 0 < *images) {
        write!(text, "\n{images:>7}  {}", class.words()).ok();
    }
    let counts: serde_json::Map<String, serde_json::Value> =
        classes.iter().map(|(class, images)| (class.word().to_owned(), json!(images))).collect();
    let json = json!({
        "measured": now.measured,
        "failed": now.failed,
        "images": all.len(),
        "classes": counts,
    });
    Ok(Said::new(json, text))
}

fn films(n: usize) -> String {
    format!("{n} {}", if n == 1 { "film" } else { "films" })
}

/// The same for a project that is open.
pub(crate) fn measure(project: &mut Project, whole_dataset: bool) -> Result<Measured, VerbError> {
    let ids = project.unmeasured_images(whole_dataset)?;
    if ids.is_empty() {
        return Ok(Measured::default());
    }
    let shelf = project.image_shelf(&ids)?;
    let mut out = Measured::default();
    for batch in ids.chunks(BATCH) {
        crate::progress::tell("measuring grey levels", out.measured + out.failed, ids.len());
        let measured = measure_each(batch, &shelf);
        out.failed += batch.len() - measured.len();
        out.measured += measured.len();
        project.keep_adequacy(&measured)?;
    }
    crate::progress::tell("measuring grey levels", ids.len(), ids.len());
    Ok(out)
}

/// On every core; a film that fails is left out.
fn measure_each(ids: &[ImageId], shelf: &ImageShelf) -> Vec<ImageAdequacy> {
    let next = AtomicUsize::new(0);
    let measured = Mutex::new(Vec::with_capacity(ids.len()));
    let work = || {
        while let Some(&id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(one) = measure_one(id, shelf) {
                measured.lock().push(one);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for n in 1..cores.min(ids.len()) {
            let named = std::thread::Builder::new().name(format!("grey-levels-{n}"));
            if let Err(error) = named.spawn_scoped(scope, work) {
                tracing::warn!(%error, "a worker could not start: measuring takes longer");
            }
        }
        work();
    });
    let mut measured = measured.into_inner();
    measured.sort_unstable_by_key(|one| one.image);
    measured
}

fn measure_one(id: ImageId, shelf: &ImageShelf) -> Option<ImageAdequacy> {
    let bytes = shelf.bytes(id).ok()?;
    let found = std::panic::catch_unwind(|| {
        let image = decode(&bytes, &DecodeLimits::default()).ok()?;
        Some(image.adequacy().clone())
    });
    let adequacy = found.ok().flatten()?;
    let measures = serde_json::to_string(&adequacy).ok()?;
    Some(ImageAdequacy { image: id, class: adequacy.class, measures })
}
