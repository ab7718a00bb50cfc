//! The report as plain text, for a terminal: every section, every table, no drawing.

use std::fmt::Write as _;

use overread_analysis::Analysis;

use crate::model::{Block, Cell, Document, Kind, Prose, Run, Section, Table, Text};
use crate::numbers;
use crate::sections;

/// Everything an analysis says, as lines of text.
pub fn text(analysis: &Analysis) -> String {
    write(&sections::document(analysis))
}

fn write(document: &Document) -> String {
    let mut out = format!("{}\n{}\n", document.title, document.subtitle);
    for (name, fact) in &document.facts {
        writeln!(out, "{name}: {fact}").ok();
    }
    if !document.key_results.is_empty() {
        out.push_str("\nKey results\n");
        for result in &document.key_results {
            writeln!(out, "* {}", plain(result)).ok();
        }
    }
    let mut tables = 0;
    for part in &document.parts {
        for section in &part.sections {
            write_section(&mut out, section, &mut tables);
        }
    }
    if !document.references.is_empty() {
        out.push_str("\nReferences\n");
        for (number, reference) in (1..).zip(&document.references) {
            writeln!(out, "{number}. {reference}").ok();
        }
    }
    out.trim_end().to_owned()
}

fn plain(text: &Text) -> String {
    let words = text.0.iter().map(|run| match run {
        Run::Plain(words) | Run::Bold(words) | Run::Italic(words) | Run::Link(_, words) => {
            words.as_str()
        }
    });
    words.collect()
}

fn write_section(out: &mut String, section: &Section, tables: &mut u32) {
    let line = "-".repeat(section.title.chars().count());
    write!(out, "\n{}\n{line}\n", section.title).ok();
    for prose in &section.prose {
        match prose {
            Prose::Paragraph(text) | Prose::Small(text) => {
                writeln!(out, "{}", plain(text)).ok();
            }
            Prose::Terms(terms) => {
                for (term, more, text) in terms {
                    let more = if more.is_empty() { String::new() } else { format!(" ({more})") };
                    writeln!(out, "* {term}{more}: {text}").ok();
                }
            }
            Prose::List(items) => {
                for item in items {
                    writeln!(out, "* {item}").ok();
                }
            }
        }
    }
    for block in &section.blocks {
        match block {
            Block::Table(table) => {
                *tables += 1;
                write_table(out, table, *tables);
            }
            // What a figure shows stands in a table as well.
            Block::Figure { .. } => {}
        }
    }
}

fn write_table(out: &mut String, table: &Table, number: u32) {
    write!(out, "\nTable {number}. {}\n\n", table.caption).ok();
    let head: Vec<String> = table
        .columns
        .iter()
        .map(|column| match &column.group {
            Some(group) => format!("{group}: {}", column.head),
            None => column.head.clone(),
        })
        .collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.cells.iter().map(cell).collect()).collect();
    let wide = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|text| text.chars().count());
        cells.chain(head.get(at).map(|text| text.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(wide).collect();
    let left = |at: usize| {
        table.columns.get(at).is_none_or(|c| matches!(c.kind, Kind::Words | Kind::Mono))
    };
    let mut line = |cells: &[String]| {
        let mut text = String::from(" ");
        for (at, cell) in cells.iter().enumerate() {
            let width = widths.get(at).copied().unwrap_or(0);
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            if left(at) {
                write!(text, " {cell}{padding} ").ok();
            } else {
                write!(text, " {padding}{cell} ").ok();
            }
        }
        writeln!(out, "{}", text.trim_end()).ok();
    };
    line(&head);
    for row in &rows {
        line(row);
    }
    for note in &table.notes {
        writeln!(out, "  {note}").ok();
    }
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Estimate(value, interval) if interval.is_empty() => value.clone(),
        Cell::Estimate(value, interval) => format!("{value} {interval}"),
        Cell::Refused(None) => numbers::NOT_ESTIMABLE.to_owned(),
        Cell::Refused(Some(note)) => format!("{} [{note}]", numbers::NOT_ESTIMABLE),
    }
}
