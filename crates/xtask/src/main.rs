//! What a newcomer and CI type: `cargo xtask demo`, `cargo xtask test` and their helpers.

mod phantoms;

use anyhow::{Context as _, Result};
use std::path::PathBuf;

/// Prints one line to standard output; a reader that went away is no error.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($part)*).ok();
    }};
}
pub(crate) use say;

/// The repository's root.
pub(crate) fn root() -> Result<PathBuf> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).context("xtask is not where it was built")?;
    Ok(root.to_path_buf())
}

fn main() -> Result<()> {
    phantoms::write(&root()?)
}
