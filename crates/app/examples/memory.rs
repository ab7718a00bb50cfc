//! Measures a whole window from its start over many items: time to the first film, time from key to
//! next film, and resident memory as items go by.
//!
//! ```sh
//! cargo run --release -p overread-app --example memory            # 200 films of 1024²
//! cargo run --release -p overread-app --example memory -- 60
//! ```
//!
//! prints one line of JSON for each figure.

use overread_app::{Options, run};
use overread_session::bench::memory::{Found, backend, project};
use std::io::Write as _;

/// Films that nobody answers, so that the last item has films ahead of it like every other.
const SPARE: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let items = std::env::args().nth(1).map_or(Ok(200), |word| word.parse())?;
    let (folder, project, reader) = project(items + SPARE)?;
    let print = |found: &Found| {
        let line = match found {
            Found::Times(f) => format!(
                "{{\"name\": \"{}\", \"p50_ms\": {:.1}, \"p95_ms\": {:.1}, \"max_ms\": {:.1}, \"n\": {}}}",
                f.name, f.p50_ms, f.p95_ms, f.max_ms, f.n
            ),
            Found::Memory(items, mb) => {
                format!("{{\"name\": \"resident memory\", \"items\": {items}, \"mb\": {mb:.0}}}")
            }
        };
        writeln!(std::io::stdout(), "{line}").ok();
    };
    let options = Options { size: [1920.0, 1080.0], maximized: false, vsync: false };
    let measured = run(&options, backend(project, reader, items, print));
    folder.close()?;
    Ok(measured?)
}
