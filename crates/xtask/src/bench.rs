//! `cargo xtask bench`: whole-program figures of the release build.

use crate::run;
use anyhow::Result;

/// Runs `overread bench --json` with the names given, all of them without any.
pub(crate) fn bench(names: &[String]) -> Result<()> {
    let words = ["run", "--release", "--locked", "--package", "overread", "--", "bench", "--json"];
    run::visibly(run::cargo(&words)?.args(names))
}
