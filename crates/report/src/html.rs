//! The report as one self-contained HTML file.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::align::{Ratio, Widest};
use crate::draw::escape;
use crate::model::{
    Block, Cell, Column, Document, Kind, Prose, Row, Run, Section, Table, Text, Width,
};
use crate::numbers;

/// Family, weight, style and bytes of an embedded font.
type Font = (&'static str, u32, &'static str, &'static [u8]);

const FONTS: [Font; 7] = [
    ("OR Sans", 400, "normal", include_bytes!("../../../assets/fonts/report/sans-400.woff2")),
    ("OR Sans", 600, "normal", include_bytes!("../../../assets/fonts/report/sans-600.woff2")),
    (
        "OR Sans",
        400,
        "italic",
        include_bytes!("../../../assets/fonts/report/sans-400-italic.woff2"),
    ),
    ("OR Serif", 400, "normal", include_bytes!("../../../assets/fonts/report/serif-400.woff2")),
    ("OR Serif", 600, "normal", include_bytes!("../../../assets/fonts/report/serif-600.woff2")),
    (
        "OR Serif",
        400,
        "italic",
        include_bytes!("../../../assets/fonts/report/serif-400-italic.woff2"),
    ),
    ("OR Mono", 400, "normal", include_bytes!("../../../assets/fonts/report/mono-400.woff2")),
];
const STYLE: &str = include_str!("report.css");
/// Rows above which a table may break between pages.
const LONG: usize = 26;
/// Rows above which every fifth stands apart.
const GROUPED: usize = 8;

/// Characters up to which words of a cell stay on one line.
const SHORT: usize = 14;

/// Writes the document.
pub fn html(document: &Document) -> String {
    let names = numbered(document);
    let writer = Writer { names };
    let mut out = String::with_capacity(400_000);
    out.push_str("<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    push(&mut out, &format!("<title>Agreement report: {}</title>", escape(&document.title)));
    out.push_str("<!-- Embedded fonts: subsets of Source Sans 3, Source Serif 4 and JetBrains Mono; SIL Open Font License 1.1 --><style>");
    fonts(&mut out);
    out.push_str(STYLE);
    page_rules(&mut out, document);
    out.push_str("</style></head><body><main>\n");
    writer.front(&mut out, document);
    let mut number = 0;
    for part in &document.parts {
        push(
            &mut out,
            &format!(
                "<h2 class=\"part\" id=\"{}\"><span>{}</span> {}</h2>\n",
                part.id,
                escape(part.kicker),
                escape(&part.title)
            ),
        );
        for section in &part.sections {
            number += 1;
            writer.section(&mut out, section, number);
        }
    }
    references(&mut out, document);
    out.push_str("</main></body></html>\n");
    out
}

fn push(out: &mut String, text: &str) {
    out.push_str(text);
}

fn fonts(out: &mut String) {
    for (family, weight, style, bytes) in FONTS {
        // Writing to a String cannot fail.
        writeln!(
            out,
            "@font-face{{font-family:'{family}';font-weight:{weight};font-style:{style};src:url(data:font/woff2;base64,{}) format('woff2')}}",
            base64(bytes)
        )
        .ok();
    }
}

/// Running head and foot; texts inside CSS strings hold no quote, backslash or line feed.
fn page_rules(out: &mut String, document: &Document) {
    let plain = |text: &str| -> String {
        text.chars()
            .map(|c| if matches!(c, '"' | '\\' | '<' | '>') || c.is_control() { ' ' } else { c })
            .collect()
    };
    let id: String = document.id.chars().take(12).collect();
    writeln!(
        out,
        "@page{{size:A4;margin:20mm 18mm 18mm;@top-left{{content:\"Overread agreement report\";font:600 7pt 'OR Sans';color:#4a5159;vertical-align:bottom;padding-bottom:4mm}}@top-right{{content:\"{}\";font:7pt 'OR Sans';color:#4a5159;vertical-align:bottom;padding-bottom:4mm}}@bottom-left{{content:\"Report {id}\";font:7pt 'OR Sans';color:#4a5159;vertical-align:top;padding-top:4mm}}@bottom-right{{content:\"Page \" counter(page) \" of \" counter(pages);font:7pt 'OR Sans';color:#4a5159;vertical-align:top;padding-top:4mm}}}}\n@page:first{{margin-top:16mm;@top-left{{content:\"\"}}@top-right{{content:\"\"}}}}",
        plain(&document.running_head)
    )
    .ok();
}

/// Numbers of tables and figures by anchor.
pub(crate) fn numbered(document: &Document) -> HashMap<String, String> {
    let (mut tables, mut figures) = (0, 0);
    let mut names = HashMap::new();
    for block in document.parts.iter().flat_map(|p| &p.sections).flat_map(|s| &s.blocks) {
        match block {
            Block::Table(table) => {
                tables += 1;
                names.insert(table.id.clone(), format!("Table {tables}"));
            }
            Block::Figure { id, .. } => {
                figures += 1;
                names.insert(id.clone(), format!("Figure {figures}"));
            }
        }
    }
    names
}

struct Writer {
    names: HashMap<String, String>,
}

impl Writer {
    fn front(&self, out: &mut String, document: &Document) {
        out.push_str("<header class=\"front\"><p class=\"kick\">Agreement report</p>\n");
        push(
            out,
            &format!(
                "<h1>{}</h1>\n<p class=\"sub\">{}</p>\n<dl class=\"facts\">\n",
                escape(&document.title),
                escape(&document.subtitle)
            ),
        );
        for (term, text) in &document.facts {
            push(out, &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(term), escape(text)));
        }
        out.push_str("</dl></header>\n<section class=\"key\" aria-labelledby=\"key\"><h2 id=\"key\" class=\"kh\">Key results</h2><ol>\n");
        for text in &document.key_results {
            push(out, &format!("<li>{}</li>\n", self.text(text)));
        }
        out.push_str("</ol></section>\n<nav class=\"toc\" aria-label=\"Contents\"><h2 class=\"kh\">Contents</h2><div>");
        let mut number = 0;
        for part in &document.parts {
            push(
                out,
                &format!("<div><p><b>{}</b> {}</p><ol>", escape(part.kicker), escape(&part.title)),
            );
            for section in &part.sections {
                number += 1;
                push(
                    out,
                    &format!(
                        "<li><a href=\"#{}\"><span>{number}</span>{}</a></li>",
                        section.id,
                        escape(&section.title)
                    ),
                );
            }
            out.push_str("</ol></div>");
        }
        out.push_str("</div></nav>\n");
    }

    fn text(&self, text: &Text) -> String {
        let mut out = String::new();
        for run in &text.0 {
            match run {
                Run::Plain(text) => out.push_str(&escape(text)),
                Run::Bold(text) => push(&mut out, &format!("<b>{}</b>", escape(text))),
                Run::Italic(text) => push(&mut out, &format!("<i>{}</i>", escape(text))),
                Run::Link(id) => {
                    if let Some(name) = self.names.get(id) {
                        push(&mut out, &format!("<a href=\"#{id}\">{name}</a>"));
                    }
                }
            }
        }
        out
    }

    fn section(&self, out: &mut String, section: &Section, number: usize) {
        push(
            out,
            &format!(
                "<section class=\"sec\" aria-labelledby=\"{0}\"><h3 id=\"{0}\"><span class=\"sn\">{number}</span>{1}</h3><div class=\"pr\">",
                section.id,
                escape(&section.title)
            ),
        );
        for prose in &section.prose {
            match prose {
                Prose::Paragraph(text) => push(out, &format!("<p>{}</p>", self.text(text))),
                Prose::Small(text) => {
                    push(out, &format!("<p class=\"small\">{}</p>", self.text(text)));
                }
                Prose::Terms(terms) => terms_list(out, terms),
                Prose::List(items) => {
                    out.push_str("<ul>");
                    for item in items {
                        push(out, &format!("<li>{}</li>", escape(item)));
                    }
                    out.push_str("</ul>");
                }
            }
        }
        out.push_str("</div></section>\n");
        for block in &section.blocks {
            match block {
                Block::Table(table) => self.table(out, table),
                Block::Figure { id, caption, notes, drawing } => {
                    let name = self.names.get(id).map_or("Figure", String::as_str);
                    push(out, &format!("<figure id=\"{id}\">{}", drawing.svg(id)));
                    push(
                        out,
                        &format!(
                            "<figcaption><b>{name}.</b> {} <span class=\"fn\">{}</span></figcaption></figure>\n",
                            escape(caption),
                            escape(notes)
                        ),
                    );
                }
            }
        }
    }

    fn table(&self, out: &mut String, table: &Table) {
        let name = self.names.get(&table.id).map_or("Table", String::as_str);
        let long = if LONG < table.rows.len() { " long" } else { "" };
        let words =
            table.columns.iter().skip(1).all(|c| matches!(c.kind, Kind::Words | Kind::Mono));
        let class = match (words, table.width) {
            (true, Width::Full) => "txt",
            (true, Width::Half) => "txt half",
            (false, Width::Full) => "num",
            (false, Width::Half) => "num half",
        };
        push(
            out,
            &format!(
                "<div class=\"tbl{long}\"><table id=\"{}\" class=\"{class}\"><caption><b>{name}.</b> {}</caption>",
                table.id,
                escape(&table.caption)
            ),
        );
        head(out, &table.columns);
        out.push_str("<tbody>");
        if table.rows.is_empty() {
            let wide: usize = table.columns.iter().map(span).sum();
            push(out, &format!("<tr><td colspan=\"{wide}\">{} none</td></tr>", numbers::NONE));
        }
        let places = 0..table.columns.len();
        let widest: Vec<Widest> = places.map(|place| Widest::of(&table.rows, place)).collect();
        for (place, row) in table.rows.iter().enumerate() {
            let apart = GROUPED < table.rows.len() && place > 0 && place % 5 == 0;
            body_row(out, (&table.columns, &widest), row, apart);
        }
        out.push_str("</tbody></table>");
        if !table.notes.is_empty() {
            push(out, &format!("<p class=\"notes\">{}</p>", note_text(&table.notes)));
        }
        out.push_str("</div>\n");
    }
}

/// Lettered notes carry their letter raised.
fn note_text(notes: &[String]) -> String {
    let lettered = |note: &String| {
        let mut characters = note.chars();
        match (characters.next(), characters.next()) {
            (Some(letter @ 'a'..='c'), Some(':')) => {
                format!("<sup>{letter}</sup> {}", escape(characters.as_str().trim_start()))
            }
            _ => escape(note),
        }
    };
    notes.iter().map(lettered).collect::<Vec<_>>().join(" ")
}

fn terms_list(out: &mut String, terms: &[(String, String, String)]) {
    out.push_str("<dl class=\"rules\">");
    for (term, qualification, text) in terms {
        let small = if qualification.is_empty() {
            String::new()
        } else {
            format!("<span>{}</span>", escape(qualification))
        };
        push(out, &format!("<dt>{}{small}</dt><dd>{}</dd>", escape(term), escape(text)));
    }
    out.push_str("</dl>");
}

fn span(column: &Column) -> usize {
    if column.kind == Kind::Estimate { 2 } else { 1 }
}

fn head_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Words | Kind::Mono => "",
        Kind::Number => " class=\"r\"",
        Kind::Estimate => " class=\"c\"",
    }
}

/// The head of one column; a test's letter is italic.
fn head_cell(column: &Column, rows: usize) -> String {
    let wide = span(column);
    let scope = if wide == 2 { "colgroup" } else { "col" };
    let rowspan = if rows == 2 { " rowspan=\"2\"" } else { "" };
    let colspan = if wide == 2 { " colspan=\"2\"" } else { "" };
    let mut text = escape(&column.head);
    for letter in ["p", "q"] {
        if let Some(stem) = text.strip_suffix(&format!(" {letter}")) {
            text = format!("{stem} <i>{letter}</i>");
        }
    }
    format!("<th scope=\"{scope}\"{}{rowspan}{colspan}>{text}</th>", head_class(column.kind))
}

fn head(out: &mut String, columns: &[Column]) {
    let grouped = columns.iter().any(|c| c.group.is_some());
    out.push_str("<thead><tr>");
    if !grouped {
        for column in columns {
            out.push_str(&head_cell(column, 1));
        }
        out.push_str("</tr></thead>");
        return;
    }
    let mut second = String::new();
    let mut place = 0;
    while let Some(column) = columns.get(place) {
        let Some(group) = &column.group else {
            out.push_str(&head_cell(column, 2));
            place += 1;
            continue;
        };
        let members: Vec<&Column> =
            columns.iter().skip(place).take_while(|c| c.group.as_ref() == Some(group)).collect();
        let wide: usize = members.iter().map(|c| span(c)).sum();
        push(
            out,
            &format!(
                "<th scope=\"colgroup\" class=\"c sp\" colspan=\"{wide}\">{}</th>",
                escape(group)
            ),
        );
        for member in &members {
            second.push_str(&head_cell(member, 1));
        }
        place += members.len();
    }
    push(out, &format!("</tr><tr>{second}</tr></thead>"));
}

fn body_row(out: &mut String, (columns, widest): (&[Column], &[Widest]), row: &Row, apart: bool) {
    let class = match (row.total, apart) {
        (true, _) => " class=\"tot\"",
        (false, true) => " class=\"gap\"",
        (false, false) => "",
    };
    push(out, &format!("<tr{class}>"));
    for (place, ((column, cell), widest)) in columns.iter().zip(&row.cells).zip(widest).enumerate()
    {
        if let (0, Cell::Text(text)) = (place, cell) {
            push(out, &format!("<th scope=\"row\">{}</th>", escape(text)));
        } else {
            out.push_str(&body_cell(column.kind, cell, *widest));
        }
    }
    out.push_str("</tr>");
}

/// Text of a cell; x/n with the space that brings its slash below that of the others.
fn lined_up(text: &str, widest: Widest) -> String {
    let Some(ratio) = Ratio::of(text) else { return escape(text) };
    let space = |halves: usize| {
        if halves == 0 {
            return String::new();
        }
        let half = if halves.is_multiple_of(2) { "" } else { ".5" };
        format!("<span class=\"z\" style=\"width:{}{half}ch\"></span>", halves / 2)
    };
    let (behind, before) = widest.lacks(&ratio);
    [ratio.counts, &space(behind), ratio.between, &space(before), ratio.percent].concat()
}

fn body_cell(kind: Kind, cell: &Cell, widest: Widest) -> String {
    match (kind, cell) {
        (Kind::Mono, Cell::Text(text)) => {
            // A hash may break in its middle.
            let (first, second) = text.split_at_checked(32).unwrap_or((text, ""));
            format!(
                "<td><span class=\"mono hash\">{}<wbr>{}</span></td>",
                escape(first),
                escape(second)
            )
        }
        (Kind::Estimate, Cell::Text(text)) => {
            format!("<td class=\"c\" colspan=\"2\">{}</td>", escape(text))
        }
        (Kind::Number, Cell::Text(text)) => {
            format!("<td class=\"r\">{}</td>", lined_up(text, widest))
        }
        (_, Cell::Text(text)) => {
            let class = if text.chars().count() <= SHORT { "w nw" } else { "w" };
            format!("<td class=\"{class}\">{}</td>", escape(text))
        }
        (_, Cell::Estimate(value, interval)) => {
            let interval = match interval.as_str() {
                "b" => "<sup>b</sup>".to_owned(),
                other => escape(other),
            };
            format!(
                "<td class=\"e\">{}</td><td class=\"ci\">{interval}</td>",
                lined_up(value, widest)
            )
        }
        (kind, Cell::Refused(letter)) => {
            let letter = letter.map_or(String::new(), |l| format!("<sup>{l}</sup>"));
            let class = if kind == Kind::Estimate { "ne ne2\" colspan=\"2" } else { "ne r" };
            format!("<td class=\"{class}\">{}{letter}</td>", numbers::NOT_ESTIMABLE)
        }
    }
}

fn references(out: &mut String, document: &Document) {
    if document.references.is_empty() {
        return;
    }
    out.push_str(
        "<section class=\"refs\" aria-labelledby=\"refs\"><h3 id=\"refs\">References</h3><ol>",
    );
    for reference in &document.references {
        push(out, &format!("<li>{}</li>", escape(reference)));
    }
    out.push_str("</ol></section>\n");
}

/// Standard base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (word >> (18 - 6 * place)) & 63;
            let symbol = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            out.push(if chunk.len() < place { '=' } else { char::from(symbol) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads_as_the_standard_says() {
        let of = |text: &str| base64(text.as_bytes());
        assert_eq!(
            [of("f"), of("fo"), of("foo"), of("foob")],
            ["Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
    }
}
