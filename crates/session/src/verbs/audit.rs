//! Audits of published tables in words.

use std::fmt::Write as _;
use std::path::Path;

use overread_analysis::audit::{Audit, BUILTIN, Finding, Verdict, audit_table, builtin};

use super::{Said, VerbError};

/// Audits a built-in table by name, or a CSV file.
pub fn audit(table: &str) -> Result<Said, VerbError> {
    let found = match builtin(table) {
        Some(found) => found,
        None => of_file(table)?,
    };
    let json = serde_json::to_value(&found)
        .map_err(|error| VerbError::Other(format!("The audit could not be written: {error}.")))?;
    Ok(Said { found: !found.findings.is_empty(), ..Said::new(json, words(&found)) })
}

fn of_file(table: &str) -> Result<Audit, VerbError> {
    let path = Path::new(table);
    if !path.exists() {
        return Err(VerbError::Other(format!(
            "There is no table `{table}`: it is neither a file nor built in.{} Built in are {}.",
            super::meant(table, &BUILTIN),
            BUILTIN.join(", ")
        )));
    }
    let bytes = std::fs::read(path).map_err(VerbError::io("read", path))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().split_at(good).0;
        let line = before.split(|b| *b == b'\n').count();
        VerbError::Other(format!(
            "{table}: line {line}, column all: the file is not in UTF-8. Save it as UTF-8 and try again."
        ))
    })?;
    let name = path.file_name().map_or_else(|| table.to_owned(), |n| n.to_string_lossy().into());
    audit_table(&name, &text).map_err(|error| {
        VerbError::Other(format!(
            "{table}: {error}. Columns are row, n, metric, estimate, low, high, decimals, total and optionally x."
        ))
    })
}

/// What an audit found, as text of plain lines.
pub(crate) fn words(audit: &Audit) -> String {
    let mut out = String::new();
    let title = audit.title.as_ref().unwrap_or(&audit.table);
    writeln!(out, "{title}").ok();
    for note in [&audit.citation, &audit.source].into_iter().flatten() {
        writeln!(out, "{note}").ok();
    }
    let proved = audit.findings.iter().filter(|f| f.verdict == Verdict::CannotBe).count();
    writeln!(
        out,
        "{} numbers. Findings: {proved} that cannot be, {} that look like something else. {} checks hold.",
        audit.cells,
        audit.findings.len() - proved,
        audit.holds.len()
    )
    .ok();
    section(
        &mut out,
        "Cannot be (proved by trying every table, or by a count)",
        audit,
        Verdict::CannotBe,
    );
    section(&mut out, "Looks like", audit, Verdict::LooksLike);
    if !audit.inferred.is_empty() {
        out.push_str("\nNumbers of studies that the table does not print\n");
        for row in &audit.inferred {
            let n: Vec<String> = row.n.iter().map(u64::to_string).collect();
            let fitting = row.fitting.map_or_else(String::new, |n| {
                format!("; {n} is the one that adds up to the total")
            });
            writeln!(out, "  {}: n = {}{fitting}", row.row, n.join(" or ")).ok();
        }
        if let Some(first) = audit.inferred.first() {
            writeln!(out, "  at which all cells of the row come out as {}.", first.recipe).ok();
        }
    }
    if !audit.holds.is_empty() {
        out.push_str("\nHolds\n");
        for finding in &audit.holds {
            lines(&mut out, finding);
        }
    }
    if !audit.not_checked.is_empty() {
        out.push_str("\nNot checked\n");
        for row in &audit.not_checked {
            writeln!(out, "  {}, {}: {}.", row.row, row.metric, row.reason).ok();
        }
    }
    if !audit.ignored_columns.is_empty() {
        writeln!(out, "\nIgnored columns: {}", audit.ignored_columns.join(", ")).ok();
    }
    out.trim_end().to_owned()
}

fn section(out: &mut String, head: &str, audit: &Audit, verdict: Verdict) {
    let mut findings = audit.findings.iter().filter(|f| f.verdict == verdict).peekable();
    if findings.peek().is_some() {
        writeln!(out, "\n{head}").ok();
    }
    for finding in findings {
        lines(out, finding);
    }
}

fn lines(out: &mut String, finding: &Finding) {
    writeln!(out, "  {}, {}: {}", finding.row, finding.metric, finding.printed).ok();
    writeln!(out, "    {}", finding.explanation).ok();
    if let Some(cause) = &finding.looks_like {
        writeln!(out, "    Looks like {cause}.").ok();
    }
}

/// The audits of all built-in tables as one document.
pub(crate) fn document() -> String {
    let mut out = String::from(
        "# The papers, audited\n\nWritten by `cargo xtask docs` from the commands shown; do not edit. What each check does and when it calls a\nthing proved is on the [page of the method](methods/audit.md). The tables are in `assets/published/`.\n",
    );
    for name in BUILTIN {
        if let Some(found) = builtin(name) {
            write!(out, "\n## `overread audit {name}`\n\n```text\n{}\n```\n", words(&found)).ok();
        }
    }
    out
}
