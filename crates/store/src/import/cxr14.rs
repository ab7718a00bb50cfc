//! ChestX-ray14: one row per image, and an image is a study.

use std::collections::HashMap;

use overread_core::dataset::{Labels, Words};
use overread_core::{Sex, Word};

use super::assemble::{BoxRow, ImageRow, StudyRow, Table, order_of_keys};
use super::rows::Rows;
use super::source::Source;
use super::{Fault, ImportError};

/// The header's brackets hold unquoted commas, so a CSV reader sees eleven columns.
const HEADER: [&str; 11] = [
    "Image Index",
    "Finding Labels",
    "Follow-up #",
    "Patient ID",
    "Patient Age",
    "Patient Gender",
    "View Position",
    "OriginalImage[Width",
    "Height]",
    "OriginalImagePixelSpacing[x",
    "y]",
];

const NO_FINDING: &str = "No Finding";

/// The fourteen classes, then the one that stands for none of them.
const FINDINGS: [&str; 15] = [
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Effusion",
    "Emphysema",
    "Fibrosis",
    "Hernia",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pleural_Thickening",
    "Pneumonia",
    "Pneumothorax",
    NO_FINDING,
];

/// Nobody is known to have been older than 122.
const OLDEST: u16 = 122;

pub(super) fn read(files: &[Source]) -> Result<Table, ImportError> {
    let (boxes, others): (Vec<&Source>, Vec<&Source>) =
        files.iter().partition(|file| is_box_list(file));
    let (lists, tables): (Vec<&Source>, Vec<&Source>) =
        others.into_iter().partition(|file| is_list(file));
    let [table] = tables.as_slice() else {
        return Err(ImportError::Files(format!(
            "ChestX-ray14 has one table of labels (Data_Entry_2017.csv or its 2020 version), perhaps with lists of file names and a list of boxes; {} tables were given. Nothing was imported.",
            tables.len()
        )));
    };
    let mut table = read_table(table)?;
    if !lists.is_empty() || !boxes.is_empty() {
        let number: HashMap<String, usize> =
            table.studies.iter().enumerate().map(|(i, study)| (study.key.clone(), i)).collect();
        if !lists.is_empty() {
            let notes = read_lists(&lists, &number, &mut table.studies)?;
            table.notes.extend(notes);
        }
        for list in boxes {
            table.boxes.extend(read_boxes(list, &number)?);
        }
    }
    Ok(table)
}

/// A list of file names has nothing but one name a line.
fn is_list(source: &Source) -> bool {
    let (text, _) = source.text();
    let first = text.lines().next().unwrap_or("").trim();
    let png = first.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("png"));
    png && !first.contains([',', ';', '\t'])
}

/// `Image Index,Finding Label,Bbox [x,y,w,h]`: as in the header of the labels, brackets hold commas.
fn is_box_list(source: &Source) -> bool {
    let (text, _) = source.text();
    text.lines().next().is_some_and(|line| line.starts_with("Image Index,Finding Label,Bbox [x,"))
}

fn read_boxes(
    source: &Source,
    number: &HashMap<String, usize>,
) -> Result<Vec<BoxRow>, ImportError> {
    const CELLS: usize = 6;
    let (text, _) = source.text();
    let mut rows = Rows::new(source, text, b',')?;
    let mut boxes = Vec::new();
    rows.advance();
    while rows.advance() {
        let cells = rows.row().len();
        if cells < CELLS || rows.row().iter().skip(CELLS).any(|cell| !cell.is_empty()) {
            rows.reject_width(CELLS);
            continue;
        }
        let before = rows.faults.len();
        let image = rows.cell(0).trim().to_owned();
        if !number.contains_key(&image) {
            rows.reject(0, "the table of labels has no such image");
        }
        // The list has a spelling of its own for one class.
        let name = match rows.cell(1).trim() {
            "Infiltrate" => "Infiltration",
            name => name,
        };
        let finding = FINDINGS.iter().position(|finding| *finding == name);
        if finding.is_none() {
            let text = format!("`{name}` is not a label of ChestX-ray14");
            rows.reject(1, text);
        }
        let mut edges = [0.0; 4];
        for (i, edge) in edges.iter_mut().enumerate() {
            match rows.cell(2 + i).trim().parse::<f64>() {
                Ok(n) if n.is_finite() && (0.0 < n || (i < 2 && n == 0.0)) => *edge = n,
                _ => rows.reject(2 + i, "a position or size in pixels is needed"),
            }
        }
        if let (Some(finding), true) = (finding, before == rows.faults.len()) {
            boxes.push(BoxRow { image, finding, edges });
        }
    }
    rows.finish()?;
    Ok(boxes)
}

/// Gives every image the split of the list that names it. One that two splits name belongs to none of them; what is
/// named twice so, and what no list names, is noted.
fn read_lists(
    lists: &[&Source],
    number: &HashMap<String, usize>,
    studies: &mut [StudyRow],
) -> Result<Vec<Fault>, ImportError> {
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    // Where each image was named first: its list, the split of that, and the line.
    let mut named: Vec<Option<(&Source, Word, u64)>> = vec![None; studies.len()];
    for &source in lists {
        let (text, _) = source.text();
        let split = Word::from(if source.name.contains("test") { "test" } else { "train" });
        for (line, name) in text.lines().zip(1..).map(|(name, line)| (line, name.trim())) {
            let at = number.get(name).copied();
            let both = at.and_then(|i| Some((studies.get_mut(i)?, named.get_mut(i)?)));
            let Some((study, first)) = both else {
                if !name.is_empty() {
                    faults.push(source.fault(line, 1, "the table of labels has no such image"));
                }
                continue;
            };
            match first {
                Some((other, of, there)) if *of != split => {
                    study.split = None;
                    let text = format!(
                        "`{name}` stands in the list of another split as well (line {there} of {}); its split counts as not stated",
                        other.name
                    );
                    notes.push(source.fault(line, 1, text));
                }
                Some(_) => {}
                None => {
                    study.split = Some(Word::clone(&split));
                    *first = Some((source, Word::clone(&split), line));
                }
            }
        }
    }
    if !faults.is_empty() {
        return Err(ImportError::Rows(faults));
    }
    notes.extend(in_no_list(
        lists,
        studies,
        &named.iter().map(Option::is_some).collect::<Vec<_>>(),
    ));
    Ok(notes)
}

/// One note on all images that no list names.
fn in_no_list(lists: &[&Source], studies: &[StudyRow], named: &[bool]) -> Option<Fault> {
    const SHOWN: usize = 3;
    let without =
        || studies.iter().zip(named).filter(|(_, named)| !**named).map(|(study, _)| study);
    let count = without().count();
    let first: Vec<String> =
        without().take(SHOWN).map(|study| format!("`{}`", study.key)).collect();
    let more = match count.saturating_sub(first.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let files: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
    let s = if count == 1 { "image stands" } else { "images stand" };
    (0 < count).then(|| Fault {
        file: files.join(", "),
        line: 0,
        column: 0,
        text: format!(
            "{count} {s} in no list of a split ({}{more}); their split counts as not stated",
            first.join(", ")
        ),
    })
}

fn read_table(source: &Source) -> Result<Table, ImportError> {
    let (text, latin1) = source.text();
    let mut rows = Rows::new(source, text, delimiter_of(text))?;
    check_header(source, &mut rows)?;
    let (front, back) = rows.halves();
    let (front, back) = rayon::join(|| Part::read(front), || Part::read(back));
    let (front_faults, back_faults) = (front.rows.faults, back.rows.faults);
    let mut notes = Vec::new();
    if latin1 {
        notes.push(source.fault(1, 1, "the file is not UTF-8 and was read as Latin-1"));
    }
    let mut studies = front.studies;
    studies.extend(back.studies);
    let mut lines = front.lines;
    lines.extend(back.lines);
    notes.extend(front.notes.into_iter().chain(back.notes));
    let mut faults: Vec<Fault> = front_faults.into_iter().chain(back_faults).collect();
    let by_key = order_of_keys(&studies);
    reject_twins(source, (&studies, &lines, &by_key), &mut faults);
    if !faults.is_empty() {
        return Err(ImportError::Rows(faults));
    }
    let findings = FINDINGS.map(str::to_owned).to_vec();
    Ok(Table { findings, studies, by_key, notes, ..Table::default() })
}

/// Some of the rows, read.
struct Part<'a> {
    rows: Rows<'a>,
    studies: Vec<StudyRow>,
    lines: Vec<u64>,
    notes: Vec<Fault>,
    words: Words,
    /// The labels of the row before, and the cell they stood in.
    labels: Option<(String, Labels)>,
    patient: Word,
    region: Word,
}

impl<'a> Part<'a> {
    fn read(rows: Rows<'a>) -> Self {
        let (studies, lines) = (Vec::new(), Vec::new());
        let mut part = Self {
            rows,
            studies,
            lines,
            notes: Vec::new(),
            words: Words::default(),
            labels: None,
            patient: Word::from(""),
            region: Word::from("CHEST"),
        };
        while part.rows.advance() {
            if let Some(study) = part.study() {
                part.studies.push(study);
                part.lines.push(part.rows.line());
            }
        }
        part
    }

    /// The study of a row, or a fault noted.
    fn study(&mut self) -> Option<StudyRow> {
        let Self { rows, words, .. } = self;
        let cells = rows.row().len();
        if cells < HEADER.len() || HEADER.len() + 1 < cells || !rows.cell(11).is_empty() {
            rows.reject_width(HEADER.len());
            return None;
        }
        let key = rows.cell(0).trim().to_owned();
        let before = rows.faults.len();
        let labels = match &self.labels {
            Some((cell, labels)) if cell == rows.cell(1) => *labels,
            _ => {
                let labels = labels_of(rows);
                let right = rows.faults.len() == before;
                self.labels = right.then(|| (rows.cell(1).to_owned(), labels));
                labels
            }
        };
        if key.is_empty() || key.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
            rows.reject(0, "a plain file name is needed");
        }
        let whole = |cell: &str| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
        if !whole(rows.cell(2)) {
            rows.reject(2, "the follow-up number is a whole number");
        }
        let patient = match rows.cell(3).trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        // The images of one patient stand together.
        if *self.patient != *patient {
            self.patient = Word::from(patient);
        }
        if !whole(rows.cell(3)) {
            rows.reject(3, "the patient id is a whole number");
        }
        let age_years = age_of(rows, &mut self.notes);
        let sex = match rows.cell(5) {
            "F" => Some(Sex::Female),
            "M" => Some(Sex::Male),
            "" => None,
            _ => {
                rows.reject(5, "the patient's gender is M or F");
                None
            }
        };
        let view = rows.cell(6);
        if !view.bytes().all(|b| b.is_ascii_uppercase()) {
            rows.reject(6, "a view position such as PA or AP is needed");
        }
        for i in 7..HEADER.len() {
            if !is_positive(rows.cell(i)) {
                rows.reject(i, "a positive number is needed");
            }
        }
        let view = rows.cell(6);
        let view = (!view.is_empty()).then(|| words.share(view));
        (rows.faults.len() == before).then(|| StudyRow {
            patient: Word::clone(&self.patient),
            labels,
            images: vec![ImageRow { key: None, view }],
            key,
            sex,
            age_years,
            region: Some(Word::clone(&self.region)),
            split: None,
        })
    }
}

/// Whether a cell is a number above 0. Nearly all are a few digits, which need no reading.
fn is_positive(cell: &str) -> bool {
    let digits = cell.bytes().all(|byte| byte.is_ascii_digit()) && cell.len() < 19;
    let plain = digits && cell.bytes().any(|byte| byte != b'0');
    plain || cell.parse::<f64>().is_ok_and(|n| n.is_finite() && 0.0 < n)
}

/// What stands behind the first column's name: a spreadsheet may have put something else for the commas.
fn delimiter_of(text: &str) -> u8 {
    let first = text.strip_prefix(HEADER[0]).and_then(|rest| rest.bytes().next());
    first.filter(|byte| b";\t|".contains(byte)).unwrap_or(b',')
}

fn check_header(source: &Source, rows: &mut Rows<'_>) -> Result<(), ImportError> {
    let one = |fault| Err(ImportError::Rows(vec![fault]));
    if !rows.advance() {
        return one(source.fault(1, 1, "the file is empty"));
    }
    let found = rows.row();
    for (i, name) in HEADER.iter().enumerate() {
        if rows.cell(i).trim() != *name {
            let text = format!(
                "the header has `{}` where ChestX-ray14 has `{name}`; any other table comes in with `--format table` and a mapping",
                rows.cell(i)
            );
            return one(rows.at(i, text));
        }
    }
    // The 2017 release ends its header with a comma.
    match found.iter().enumerate().skip(HEADER.len()).find(|(i, cell)| 11 < *i || !cell.is_empty())
    {
        Some((i, cell)) => one(rows.at(i, format!("the header has a further column `{cell}`"))),
        None => Ok(()),
    }
}

/// Names the rows whose key stands before.
fn reject_twins(
    source: &Source,
    (studies, lines, by_key): (&[StudyRow], &[u64], &[usize]),
    faults: &mut Vec<Fault>,
) {
    let key = |i: usize| studies.get(i).map_or("", |study| study.key.as_str());
    let line = |i: usize| lines.get(i).copied().unwrap_or(0);
    for pair in by_key.windows(2) {
        if let &[a, b] = pair
            && key(a) == key(b)
        {
            let text = format!("the image of line {} stands here again", line(a));
            faults.push(source.fault(line(b), 1, text));
        }
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
}

/// What is not named is labelled negative.
fn labels_of(rows: &mut Rows<'_>) -> Labels {
    let cell = rows.cell(1);
    let mut positive = 0_u64;
    let mut wrong = None;
    for name in cell.split('|') {
        match FINDINGS.iter().position(|finding| *finding == name.trim()) {
            Some(i) => positive |= 1 << i,
            None if wrong.is_none() => {
                wrong = Some(format!("`{name}` is not a label of ChestX-ray14"));
            }
            None => {}
        }
    }
    let none = 1_u64 << (FINDINGS.len() - 1);
    if wrong.is_none() && positive & none != 0 && positive != none {
        wrong = Some(format!("`{NO_FINDING}` stands beside a finding"));
    }
    if let Some(text) = wrong {
        rows.reject(1, text);
    }
    Labels { positive, negative: ((1 << FINDINGS.len()) - 1) & !positive, uncertain: 0 }
}

/// Years, from `58`, `058Y`, `011M` or `006D`. An impossible age is left out and noted.
fn age_of(rows: &mut Rows<'_>, notes: &mut Vec<Fault>) -> Option<u16> {
    let cell = rows.cell(4).trim();
    if cell.is_empty() {
        return None;
    }
    let digits = cell.trim_end_matches(['Y', 'M', 'W', 'D']);
    let unit = cell.get(digits.len()..).unwrap_or("");
    let number = digits.parse::<u16>().ok().filter(|_| unit.len() <= 1);
    let Some(number) = number else {
        rows.reject(4, "an age such as 58 or 058Y is needed");
        return None;
    };
    let years = match unit {
        "M" => number / 12,
        "W" => number / 52,
        "D" => number / 365,
        _ => number,
    };
    if OLDEST < years {
        notes.push(rows.at(4, format!("the age {years} is impossible and was left out")));
        return None;
    }
    Some(years)
}
