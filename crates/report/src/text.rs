//! The report as plain text, for a terminal: every section, every table, no drawing.

use std::collections::HashMap;

use overread_analysis::Analysis;

use crate::align::{Ratio, Widest};
use crate::html::numbered;
use crate::model::{Block, Cell, Document, Kind, Prose, Run, Section, Table, Text};
use crate::numbers;
use crate::plain::{Plain, Side};
use crate::sections;

/// Everything an analysis says, as lines of text.
pub fn text(analysis: &Analysis) -> String {
    write(&sections::document(analysis))
}

fn write(document: &Document) -> String {
    let mut out = Plain::new();
    out.line(&document.title);
    out.line(&document.subtitle);
    for (name, fact) in &document.facts {
        out.line(&format!("{name}: {fact}"));
    }
    let names = numbered(document);
    if !document.key_results.is_empty() {
        out.part("Key results");
        for result in &document.key_results {
            out.item(plain(result, &names).trim_end());
        }
    }
    for part in &document.parts {
        for section in &part.sections {
            write_section(&mut out, section, &names);
        }
    }
    if !document.references.is_empty() {
        out.part("References");
        for (number, reference) in (1..).zip(&document.references) {
            out.line(&format!("{number}. {reference}"));
        }
    }
    out.finish()
}

/// Numbers of tables and figures by anchor.
type Names = HashMap<String, String>;

/// A link becomes the number of what it leads to; figures are drawn in the report alone.
fn plain(text: &Text, names: &Names) -> String {
    let words = text.0.iter().map(|run| match run {
        Run::Plain(words) | Run::Bold(words) | Run::Italic(words) => words.clone(),
        Run::Link(id) => match names.get(id) {
            Some(name) if name.starts_with("Figure") => format!("{name} of the report"),
            Some(name) => name.clone(),
            None => String::new(),
        },
    });
    words.collect()
}

fn write_section(out: &mut Plain, section: &Section, names: &Names) {
    out.heading(&section.title);
    for prose in &section.prose {
        match prose {
            Prose::Paragraph(text) | Prose::Small(text) => out.line(&plain(text, names)),
            Prose::Terms(terms) => {
                for (term, more, text) in terms {
                    let more = if more.is_empty() { String::new() } else { format!(" ({more})") };
                    out.item(&format!("{term}{more}: {text}"));
                }
            }
            Prose::List(items) => items.iter().for_each(|item| out.item(item)),
        }
    }
    for block in &section.blocks {
        match block {
            Block::Table(table) => {
                write_table(out, table, names.get(&table.id).map_or("Table", String::as_str));
            }
            // What a figure shows stands in a table as well.
            Block::Figure { .. } => {}
        }
    }
}

fn write_table(out: &mut Plain, table: &Table, name: &str) {
    out.part(&format!("{name}. {}\n", table.caption));
    let head: Vec<String> = table
        .columns
        .iter()
        .map(|column| match &column.group {
            Some(group) => format!("{group}: {}", column.head),
            None => column.head.clone(),
        })
        .collect();
    let sides: Vec<Side> = table
        .columns
        .iter()
        .map(|column| match column.kind {
            Kind::Words | Kind::Mono => Side::Left,
            Kind::Number | Kind::Estimate => Side::Right,
        })
        .collect();
    let places = 0..table.columns.len();
    let widest: Vec<Widest> = places.map(|place| Widest::of(&table.rows, place)).collect();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.cells.iter().zip(&widest).map(|(c, widest)| cell(c, *widest)).collect())
        .collect();
    out.columns(&head, &sides, &rows);
    for note in &table.notes {
        out.line(&format!("  {note}"));
    }
}

/// x/n with the spaces that bring its slash below that of the others; a comma is as wide as a digit here.
fn lined_up(text: &str, widest: Widest) -> String {
    let Some(ratio) = Ratio::of(text) else { return text.to_owned() };
    let space = |halves: usize| " ".repeat(halves.div_ceil(2));
    let (behind, before) = widest.lacks(&ratio);
    [ratio.counts, &space(behind), ratio.between, &space(before), ratio.percent].concat()
}

fn cell(cell: &Cell, widest: Widest) -> String {
    match cell {
        Cell::Text(text) => lined_up(text, widest),
        Cell::Estimate(value, interval) if interval.is_empty() => lined_up(value, widest),
        Cell::Estimate(value, interval) => format!("{} {interval}", lined_up(value, widest)),
        Cell::Refused(None) => numbers::NOT_ESTIMABLE.to_owned(),
        Cell::Refused(Some(note)) => format!("{} [{note}]", numbers::NOT_ESTIMABLE),
    }
}
