//! Measures whole frames in a real window: window drag, pan, zoom, and the next item.
//!
//! ```sh
//! cargo run --release -p overread-app --example frames
//! ```
//!
//! prints one line of JSON for each figure, in milliseconds. The films are 3000 × 2500 at 12 bits;
//! at 1920 × 1232 points the viewport has 1600 × 1200.

use overread_app::{Options, run};
use overread_session::bench::{BenchFigure, frames};
use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (folder, project, reader) = frames::project()?;
    let print = |figure: &BenchFigure| {
        let BenchFigure { name, p50_ms, p95_ms, max_ms, n, .. } = figure;
        writeln!(
            std::io::stdout(),
            "{{\"name\": \"{name}\", \"p50_ms\": {p50_ms:.1}, \"p95_ms\": {p95_ms:.1}, \"max_ms\": {max_ms:.1}, \"n\": {n}}}"
        )
        .ok();
    };
    let options = Options { size: [1920.0, 1232.0], maximized: false, vsync: false };
    let measured = run(&options, frames::backend(project, reader, print));
    folder.close()?;
    Ok(measured?)
}
