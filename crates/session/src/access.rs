//! What is noted of openings, reports and copies. Where it cannot be noted, the work goes on without.

use std::path::Path;

use overread_store::Project;

use crate::verbs::LEAD;

/// Notes it in an open project; the pair is actor and device.
pub(crate) fn note(project: &Project, (actor, device): (&str, &str), what: &str, detail: &str) {
    if project.read_only().is_none()
        && let Err(error) = project.log_access(actor, device, what, detail)
    {
        tracing::info!(%error, "the access log was not written");
    }
}

/// Notes it in a project that is not open: as done by its lead, in a packet by its reader.
pub(crate) fn note_in(path: &Path, what: &str, detail: &str) {
    let device = crate::recent::device_id();
    if let Err(error) = Project::note_access(path, LEAD, &device, what, detail) {
        tracing::info!(%error, "the access log was not written");
    }
}

/// A file's name without its folders.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
