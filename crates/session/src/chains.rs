//! Under which device a reader's answers are chained, so that copies of one file never say different
//! things at one place of a chain.

use overread_store::{Project, StoreError};

/// The device for this reader in this file.
///
/// A project is written on one place, so the computer's own id serves. A packet is sent about and copied:
/// every fresh copy that is read begins a chain of its own, and goes on with it.
pub(crate) fn device_for(project: &Project, reader: &str) -> Result<String, StoreError> {
    let own = crate::recent::device_id();
    if project.packet()?.is_none() {
        return Ok(own);
    }
    let begun = format!("{reader}/{own}-");
    let heads = project.heads()?;
    let known = heads.iter().rev().find(|head| head.chain.starts_with(&begun));
    Ok(match known.and_then(|head| head.chain.strip_prefix(&format!("{reader}/"))) {
        Some(device) => device.to_owned(),
        None => format!("{own}-{}", crate::recent::random_tail()),
    })
}
