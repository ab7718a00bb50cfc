//! Under which device a reader's answers are chained, so that copies of one file never say different
//! things at one place of a chain.

use overread_store::{Project, StoreError};

/// The device for this reader in this file.
///
/// Files are copied and sent about, also in the middle of reading: every copy that is read begins a chain of
/// its own, behind those of the copies before it, and goes on with it.
pub(crate) fn device_for(project: &Project, reader: &str) -> Result<String, StoreError> {
    let computer = crate::recent::device_id();
    let seat = project.seat(&computer)?;
    if let Some(seat) = seat.as_ref().filter(|seat| seat.here || project.read_only().is_some()) {
        return Ok(seat.device.clone());
    }
    let count = seat.as_ref().map_or(1, |seat| seat.count.saturating_add(1));
    let device = match (&seat, begun(project, reader, &computer)?) {
        // Read by a program that took no seats: it may be the original, and goes on.
        (None, Some(device)) => device,
        // The number comes first, so that chains stand in the order in which they began.
        _ => format!("{computer}-{count:03}{}", crate::recent::random_tail()),
    };
    if project.read_only().is_none() {
        project.take_seat(&computer, &device, count)?;
    }
    Ok(device)
}

/// The device of the reader's last chain that this computer began.
fn begun(project: &Project, reader: &str, computer: &str) -> Result<Option<String>, StoreError> {
    let heads = project.heads()?;
    let devices = heads.iter().rev().filter_map(|head| {
        let device = head.chain.strip_prefix(reader)?.strip_prefix('/')?;
        let of = device.strip_prefix(computer)?;
        (of.is_empty() || of.starts_with('-')).then(|| device.to_owned())
    });
    Ok(devices.into_iter().next())
}
