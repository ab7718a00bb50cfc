//! Many calculations from one table.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::{CalcError, calc_one};

/// Computes every row of a CSV table with the columns `id`, `fn` and `args` (a JSON object); the results by id.
pub fn calc_batch(text: &str) -> Result<Value, CalcError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| malformed(1, "", &e))?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|h| h.trim().trim_start_matches('\u{feff}') == name)
            .ok_or_else(|| malformed(1, name, &"this column is missing"))
    };
    let (id, function, args) = (column("id")?, column("fn")?, column("args")?);
    let mut out = Map::new();
    for record in reader.records() {
        let record =
            record.map_err(|e| malformed(e.position().map_or(0, csv::Position::line), "", &e))?;
        let line = record.position().map_or(0, |at| {
            overread_core::lines::line_of_row(text.as_bytes(), at.byte(), at.line())
        });
        let cell = |at: usize, name: &str| {
            record.get(at).ok_or_else(|| malformed(line, name, &"this row is too short"))
        };
        let key = cell(id, "id")?;
        if out.contains_key(key) {
            return Err(malformed(line, "id", &format!("`{key}` occurs twice")));
        }
        let of_row =
            |column: &str, e: &dyn Display| malformed(line, column, &format!("`{key}`: {e}"));
        let values: Value =
            serde_json::from_str(cell(args, "args")?).map_err(|e| of_row("args", &e))?;
        let result = calc_one(cell(function, "fn")?.trim(), &values)
            .map_err(|e| of_row(if e.is_about_the_name() { "fn" } else { "args" }, &e))?;
        out.insert(key.to_owned(), result);
    }
    Ok(Value::Object(out))
}

fn malformed(line: u64, column: &str, reason: &dyn Display) -> CalcError {
    CalcError::Table { line, column: column.to_owned(), reason: reason.to_string() }
}
