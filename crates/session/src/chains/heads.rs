//! How far this computer wrote each chain, kept outside of any project: in a file that was put back from an
//! older copy the chain ends before that.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use overread_core::event::Event;
use overread_store::{Project, StoreError};

/// Notes the last event of a chain. What cannot be noted is no reason to stop.
pub(super) fn remember(event: &Event) {
    let Some(file) = file_of(&event.chain) else { return };
    // Always as long, and over what was there: a file that is cut first is written to the disk at once by some
    // systems, which is not worth a reader's time.
    let text = format!("{:020} {}", event.chain_seq, event.hash);
    let write = || {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&file);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
    };
    let written = write().or_else(|_no_folder| {
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        write()
    });
    if let Err(error) = written {
        tracing::debug!(%error, "the end of the chain was not noted");
    }
}

/// Whether everything that this computer wrote under a device stands in the file.
pub(super) fn are_here(project: &Project, device: &str) -> Result<bool, StoreError> {
    for actor in project.actors()? {
        let chain = format!("{actor}/{device}");
        let Some((seq, hash)) = remembered(&chain) else { continue };
        if project.hash_at(&chain, seq)?.as_deref() != Some(&hash) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remembered(chain: &str) -> Option<(u64, String)> {
    let text = std::fs::read_to_string(file_of(chain)?).ok()?;
    let (seq, hash) = text.split_once(' ')?;
    // Half of a note says nothing.
    (hash.len() == 64).then_some((seq.parse().ok()?, hash.to_owned()))
}

/// Named by a hash: a chain's name holds that of a reader.
fn file_of(chain: &str) -> Option<PathBuf> {
    let name = overread_store::sha256(chain.as_bytes());
    Some(crate::recent::settings_folder()?.join("heads").join(name.get(..24)?))
}
