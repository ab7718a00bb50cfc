//! Lists the headers of DICOM files, for comparison with other readers
//! (`tests/peers/index.py`).
//!
//! ```text
//! index FOLDER [print]    reads every file below FOLDER; says how many and how long it took
//! ```
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use overread_imaging::index;

fn files(folder: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files(&entry.path(), out)?;
        } else {
            out.push(entry.path());
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first() else {
        println!("index FOLDER [print]");
        return Ok(());
    };
    let clock = Instant::now();
    let mut paths = Vec::new();
    files(Path::new(folder), &mut paths)?;
    paths.sort();
    let headers = index::read_all(&paths, |_| {});
    let seconds = clock.elapsed().as_secs_f64();
    if arguments.get(1).is_some_and(|a| a == "print") {
        for (path, header) in paths.iter().zip(&headers) {
            match header {
                Ok(h) => println!("{} {h:?}", path.display()),
                Err(error) => println!("{} {error}", path.display()),
            }
        }
    }
    let good = headers.iter().filter(|h| h.is_ok()).count();
    println!("{{\"files\":{},\"headers\":{good},\"seconds\":{seconds:.6}}}", paths.len());
    Ok(())
}
