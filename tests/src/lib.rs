//! Helpers shared by the journeys over the whole program.

mod desk;
mod picture;
mod place;
pub mod secret;
mod tables;
mod window;

pub use desk::Desk;
pub use picture::Picture;
pub use place::{Place, Said, ack_lines, as_nobody, program};
pub use tables::{CHEST, CHEST_HEADER, Mura, Release, chest, chest_of, mura};
pub use window::{Screen, Window};

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Asks again and again until there is an answer; an error names what was waited for.
pub fn poll<T>(
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if within < start.elapsed() {
            bail!("waited {} s in vain: {what}", within.as_secs());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}
