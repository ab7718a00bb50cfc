//! Under which device a reader's answers are chained, so that copies of one file never say different
//! things at one place of a chain, and so that chains count in the order in which they began.

use overread_store::{Project, StoreError};

mod heads;

/// The device for this actor in this file.
///
/// Files are copied and sent about, also in the middle of reading: every copy that is read begins a chain of
/// its own, and goes on with it. It begins another where an older copy was put back in the file's place, and where
/// answers of another device came in since, behind which new ones belong.
pub(crate) fn device_for(project: &mut Project, actor: &str) -> Result<String, StoreError> {
    let computer = crate::recent::device_id();
    let seat = project.seat(&computer)?;
    if project.read_only().is_some() {
        return Ok(seat.map_or(computer, |seat| seat.device));
    }
    let device = match seat {
        Some(seat) if seat.here && goes_on(project, actor, &seat.device)? => seat.device,
        _ => {
            // A name begins with the turn, and chains are folded in the order of their names.
            let device = named(project.next_turn()?, &computer);
            project.take_seat(&computer, &device)?;
            device
        }
    };
    project.on_append(heads::remember);
    Ok(device)
}

/// The device that makes a project.
pub(crate) fn first_device() -> String {
    named(1, &crate::recent::device_id())
}

fn named(turn: u32, computer: &str) -> String {
    format!("t{turn:05}-{computer}-{}", crate::recent::random_tail())
}

/// Whether the actor's chain under this device may be continued.
fn goes_on(project: &Project, actor: &str, device: &str) -> Result<bool, StoreError> {
    Ok(project.is_last_chain(actor, device)? && heads::are_here(project, device)?)
}
