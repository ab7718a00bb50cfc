//! Dresses an [`Analysis`]: tables and figures as values first, then one writer per format.
//!
//! Identical figures in every dress, byte-identical files for the same analysis. Readers by pseudonym,
//! studies by opaque number, no paths.

mod align;
pub mod draw;
pub mod figures;
pub mod html;
pub mod model;
pub mod numbers;
pub mod panel_figures;
pub mod plain;
mod readers_tables;
pub mod reads;
pub mod sections;
pub mod tables;
pub mod text;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use overread_analysis::{Analysis, ReadRow};

/// A dress of the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// One self-contained file.
    Html,
    /// Tidy tables, one file each, with the reads in long form.
    Csv,
    /// The analysis itself.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Html, Self::Csv, Self::Json];

    /// The format by its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays, and nothing is written.
    #[default]
    Never,
    /// It was asked for.
    Asked,
}

/// Why no report was written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file is in the way.
    #[error("the report was not written because this file is there already; choose another folder, or ask for it to be replaced: {}", .0.display())]
    Exists(PathBuf),
    /// The disk refused.
    #[error("the report could not be written at {}: {source}", .path.display())]
    Write {
        /// What the system said.
        source: std::io::Error,
        /// Which file.
        path: PathBuf,
    },
    /// A table could not be written as CSV.
    #[error("a table could not be written as CSV: {0}")]
    Csv(#[from] csv::Error),
    /// The analysis could not be serialised.
    #[error("the analysis could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// The report as one HTML document.
pub fn html(analysis: &Analysis) -> String {
    html::html(&sections::document(analysis))
}

/// The report as plain text for a terminal.
pub fn text(analysis: &Analysis) -> String {
    text::text(analysis)
}

/// The files that the formats make: name and bytes.
pub fn files(
    analysis: &Analysis,
    reads: &[ReadRow],
    formats: &[Format],
) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let mut out = Vec::new();
    for format in Format::ALL {
        if !formats.contains(&format) {
            continue;
        }
        match format {
            Format::Html => out.push(("report.html".to_owned(), html(analysis).into_bytes())),
            Format::Json => {
                out.push(("analysis.json".to_owned(), analysis.to_json()?.into_bytes()));
            }
            Format::Csv => {
                for table in tables::tables(analysis, reads) {
                    out.push((format!("{}.csv", table.name), tables::csv(&table)?));
                }
            }
        }
    }
    Ok(out)
}

/// A file of an earlier report in that folder, without making one: what [`write()`] would find out after all the work.
pub fn in_the_way(out: &Path, formats: &[Format]) -> Option<PathBuf> {
    let names = formats.iter().flat_map(|format| match format {
        Format::Html => &["report.html"][..],
        Format::Json => &["analysis.json"],
        Format::Csv => &["label_quality.csv", "flow.csv", "reads.csv"],
    });
    names.map(|name| out.join(name)).find(|path| path.exists())
}

/// Writes the formats into a folder, each file whole or not at all, and returns their paths.
///
/// No file is touched when one of them exists and `overwrite` does not allow it.
pub fn write(
    analysis: &Analysis,
    reads: &[ReadRow],
    out: &Path,
    formats: &[Format],
    overwrite: Overwrite,
) -> Result<Vec<PathBuf>, ReportError> {
    let files = files(analysis, reads, formats)?;
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Write { source, path }
    };
    fs::create_dir_all(out).map_err(fail(out))?;
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| out.join(name)).collect();
    if overwrite == Overwrite::Never
        && let Some(path) = paths.iter().find(|path| path.exists())
    {
        return Err(ReportError::Exists(path.clone()));
    }
    for (path, (name, bytes)) in paths.iter().zip(&files) {
        let part = out.join(format!(".{name}.part"));
        let written = write_whole(&part, path, bytes);
        if written.is_err() {
            // The half-written part is of no use to anyone.
            fs::remove_file(&part).ok();
        }
        written.map_err(fail(path))?;
    }
    Ok(paths)
}

fn write_whole(part: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(part, path)
}
