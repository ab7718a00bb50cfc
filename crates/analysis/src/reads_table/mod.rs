//! The statistics of a plain reads table, without a project.
//!
//! One row is one read: study, reader, rule, finding, value. [`analyse_reads`] gives the same figures for it that a
//! project gives, keyed by `rule|finding`.

mod agreement;
mod cells;
mod columns;
mod course;
mod options;
mod parse;
mod quality;
mod rules;
mod scores;
mod statistics;
mod typed;

use serde_json::{Value, json};

use crate::long::ReadRow;

pub use options::{OptionsError, PopulationStratum, ReadsOptions, ReferencePolicy};
pub use parse::ReadsTable;
pub use scores::ScoresTable;
pub use typed::ScoreRow;

/// Name and version of the serialised form.
pub const READS_SCHEMA: &str = "overread.reads/1";

/// Why a table could not be analysed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadsTableError {
    /// A table that cannot be read.
    #[error("{table}: line {line}, column {column}: {reason}")]
    Table {
        /// Which table: `reads` or `scores`.
        table: &'static str,
        /// Line in the file, the header being 1.
        line: u64,
        /// Column name.
        column: String,
        /// What is wrong.
        reason: String,
    },
    /// Options that cannot be used.
    #[error("config: {0}")]
    Options(#[from] OptionsError),
    /// A reader named in the options who is not in the table.
    #[error("config: {option} names `{reader}`, who is not in the table")]
    UnknownReader {
        /// The option.
        option: &'static str,
        /// The reader.
        reader: String,
    },
}

/// Analyses a reads table with optional options (JSON) and scores (CSV): `{"schema": …, "statistics": {…}}`.
pub fn analyse_reads(
    reads: &str,
    config: Option<&str>,
    scores: Option<&str>,
) -> Result<Value, ReadsTableError> {
    analyse_tables(reads.as_bytes(), config, scores.map(str::as_bytes))
}

/// The same from the bytes of the tables, which need not be text.
pub fn analyse_tables(
    reads: &[u8],
    config: Option<&str>,
    scores: Option<&[u8]>,
) -> Result<Value, ReadsTableError> {
    let options = config.map_or_else(|| Ok(ReadsOptions::default()), ReadsOptions::from_json)?;
    let table = ReadsTable::parse(reads, &options)?;
    let scores = scores.map(ScoresTable::parse).transpose()?;
    let statistics = statistics::statistics(&table, scores.as_ref(), &options)?;
    Ok(json!({ "schema": READS_SCHEMA, "statistics": statistics }))
}

/// The same from the reads and scores of a project.
pub fn analyse_rows(
    reads: &[ReadRow],
    config: Option<&str>,
    scores: &[ScoreRow<'_>],
) -> Result<Value, ReadsTableError> {
    let options = config.map_or_else(|| Ok(ReadsOptions::default()), ReadsOptions::from_json)?;
    let table = ReadsTable::of_rows(reads, &options)?;
    let scores = (!scores.is_empty()).then(|| ScoresTable::of_rows(scores));
    let statistics = statistics::statistics(&table, scores.as_ref(), &options)?;
    Ok(json!({ "schema": READS_SCHEMA, "statistics": statistics }))
}

/// A statistic as JSON; numbers that are not finite become `null`.
fn printed(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests;
