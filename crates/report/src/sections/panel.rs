//! Panels: every reader at once, the label as one more rater, every split, the reference.

use overread_analysis::{Analysis, Count, GoldRow, Interval, PairAgreement, SplitAgreement};

use super::{ci, column, grouped, row, section};
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Width};
use crate::numbers;
use crate::panel_figures;

fn optional(value: Option<f64>) -> Cell {
    value.map_or(Cell::Refused(None), |v| Cell::text(numbers::coefficient(v)))
}

pub(super) fn with_interval(value: Option<f64>, interval: Option<Interval>) -> Cell {
    match (value, interval) {
        (None, _) => Cell::Refused(None),
        (Some(v), None) => Cell::Estimate(numbers::coefficient(v), String::new()),
        (Some(v), Some(i)) => Cell::Estimate(
            numbers::coefficient(v),
            format!("({})", numbers::coefficient_interval(i)),
        ),
    }
}

/// `45/50 (90%)`.
pub(super) fn of(count: Count) -> Cell {
    if count.n == 0 {
        return Cell::text(numbers::NONE);
    }
    Cell::text(format!("{} ({})", numbers::ratio(count), numbers::percent(count)))
}

/// All readers of a study at once.
pub(super) fn panel(analysis: &Analysis) -> Option<Section> {
    // Of two readers the pair says it all.
    let panels = || analysis.statistics.panel.iter().filter(|panel| 2 < panel.readers);
    let label = against_label(analysis);
    if panels().next().is_none() {
        // One reader beside the label is in the sections on label quality.
        if analysis.design.readers.len() < 2 {
            return None;
        }
        let mut out = section("s-panel", "The dataset label as one more rater");
        out.blocks.push(Block::Table(label?));
        return Some(out);
    }
    let mut out = section("s-panel", "Agreement of the whole panel");
    out.prose.push(Prose::Paragraph(
        "All readers at once. Fleiss’ κ and AC1 take readers as interchangeable, Conger’s κ as named persons. Every coefficient stands beside the observed counts; none is a verdict.".into(),
    ));
    let mut rows = Vec::new();
    for panel in panels() {
        for coefficient in &panel.coefficients {
            rows.push(row(vec![
                Cell::text(&panel.name),
                Cell::text(panel.rule.as_ref().map_or("levels", |rule| rule.name.as_str())),
                Cell::text(coefficient_name(coefficient.name)),
                Cell::text(numbers::count(panel.readers)),
                Cell::text(numbers::count(panel.studies)),
                Cell::text(numbers::ratio(panel.unanimous)),
                optional(panel.positive_agreement),
                optional(panel.negative_agreement),
                with_interval(coefficient.value, coefficient.interval),
                Cell::text(
                    coefficient
                        .patient_bootstrap
                        .map_or_else(|| numbers::NONE.to_owned(), numbers::coefficient_interval),
                ),
            ]));
        }
    }
    out.blocks.push(Block::Table(Table {
        id: "t-panel".to_owned(),
        caption: "Agreement of all readers by finding and rule.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Coefficient", Kind::Words),
            column("Readers", Kind::Number),
            column("Studies", Kind::Number),
            column("Unanimous", Kind::Number),
            grouped("Agreement on", "positives", Kind::Number),
            grouped("Agreement on", "negatives", Kind::Number),
            column(format!("Value ({})", ci(analysis)), Kind::Estimate),
            column("Patient bootstrap", Kind::Number),
        ],
        rows,
        notes: vec![format!(
            "{}n.e. = not estimable: all answers lie in one category, so that chance agreement is 1. No interval stands where all agree, since its standard error would be 0; Conger’s κ and α have the bootstrap alone. Unanimous: of the studies that every reader decided. CI: Gwet, t over studies. Patient bootstrap: {} resamples of patients, percentiles. Levels: on the ordered scale itself, with quadratic weights where weighted. α: Krippendorff’s.",
            super::sample_note(analysis, panels().any(|panel| panel.sample_value)),
            numbers::count(analysis.options.bootstrap_reps)
        )],
        width: Width::Full,
    }));
    out.blocks.extend(label.map(Block::Table));
    Some(out)
}

fn coefficient_name(name: &str) -> &str {
    match name {
        "fleiss" => "Fleiss’ κ",
        "fleiss_quadratic" => "Fleiss’ κ, weighted",
        "gwet_ac1" => "Gwet’s AC1",
        "gwet_ac2_quadratic" => "Gwet’s AC2, weighted",
        "brennan_prediger" => "Brennan–Prediger",
        "conger" => "Conger’s κ",
        "krippendorff_alpha" => "α, nominal",
        "krippendorff_alpha_ordinal" => "α, ordinal",
        other => other,
    }
}

fn against_label(analysis: &Analysis) -> Option<Table> {
    let pairs = &analysis.statistics.against_label;
    if pairs.is_empty() {
        return None;
    }
    let line = |p: &PairAgreement| {
        row(vec![
            Cell::text(&p.name),
            Cell::text(&p.rule.name),
            Cell::text(&p.first),
            of(p.agreed),
            with_interval(p.kappa, p.interval),
            optional(p.ac1),
            optional(p.positive_agreement),
            optional(p.negative_agreement),
        ])
    };
    let note = if pairs.iter().any(|pair| pair.sample_value) {
        super::sample_note(analysis, true)
    } else {
        "The studies were drawn without looking at labels. ".to_owned()
    };
    Some(Table {
        id: "t-label-rater".to_owned(),
        caption: "The dataset label as one more rater, beside each reader.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Reader", Kind::Words),
            column("Agreed", Kind::Number),
            column(format!("κ ({})", ci(analysis)), Kind::Estimate),
            column("AC1", Kind::Number),
            grouped("Agreement on", "positives", Kind::Number),
            grouped("Agreement on", "negatives", Kind::Number),
        ],
        rows: pairs.iter().map(line).collect(),
        notes: vec![format!(
            "{}{note}{}n.e. = not estimable. No interval stands where the standard error would be 0. CI: Fleiss–Cohen–Everitt.",
            super::known_note(analysis),
            super::one_look(analysis)
        )],
        width: Width::Full,
    })
}

/// Every split, and each against the rest.
pub(super) fn splits(analysis: &Analysis) -> Option<Section> {
    let (splits, rest) = (&analysis.statistics.splits, &analysis.statistics.leave_one_out);
    if rest.is_empty() {
        return None;
    }
    let mut out = section(
        "s-splits",
        if splits.is_empty() {
            "Each rater against the rest"
        } else {
            "Every split, and each against the rest"
        },
    );
    if !splits.is_empty() {
        out.prose.push(Prose::Paragraph(
            "Who is compared with a gold panel depends on who is in it. Each rater stands against the majority of every panel that does not contain it; the range over panels is a spread, not an interval.".into(),
        ));
        let rows = splits.iter().map(|s| {
            let kappas = s.panels.iter().filter(|p| p.kappa.is_some()).count() as u64;
            let range = s.range.map_or_else(
                || numbers::NONE.to_owned(),
                |r| numbers::range(&numbers::coefficient(r.low), &numbers::coefficient(r.high)),
            );
            let n: Vec<u64> = s.panels.iter().map(|p| p.n).collect();
            let least = n.iter().min().copied().unwrap_or(0);
            let most = n.iter().max().copied().unwrap_or(0);
            let studies = if least == most {
                numbers::count(least)
            } else {
                numbers::range(&numbers::count(least), &numbers::count(most))
            };
            row(vec![
                Cell::text(&s.name),
                Cell::text(&s.rule.name),
                Cell::text(&s.rater),
                Cell::text(numbers::ratio(Count { x: kappas, n: s.panels.len() as u64 })),
                Cell::text(studies),
                optional(s.median),
                Cell::text(range),
                s.declared
                    .as_ref()
                    .map_or_else(|| Cell::text(numbers::NONE), |d| optional(d.kappa)),
            ])
        });
        out.blocks.push(Block::Table(Table {
            id: "t-splits".to_owned(),
            caption: format!(
                "κ of each rater against every gold panel of {} readers.",
                splits.first().map_or(0, |s| s.gold_size)
            ),
            columns: vec![
                column("Finding", Kind::Words),
                column("Rule", Kind::Words),
                column("Rater", Kind::Words),
                column("Panels with κ", Kind::Number),
                column("Studies", Kind::Number),
                column("Median κ", Kind::Number),
                column("Range", Kind::Number),
                column("Declared panel", Kind::Number),
            ],
            rows: rows.collect(),
            notes: vec![format!(
                "{}Studies: those on which the rater gave a level and the members of the panel who gave one are not evenly divided. – in the last column: no panel is declared, or the rater is in it. n.e. = not estimable. “dataset” is the dataset label.",
                super::sample_note(analysis, splits.iter().any(|s| s.sample_value))
            )],
            width: Width::Full,
        }));
    }
    out.blocks.extend(split_figures(analysis));
    let rows = rest.iter().map(|r| {
        row(vec![
            Cell::text(&r.name),
            Cell::text(&r.rule.name),
            Cell::text(&r.rater),
            of(r.agreed),
            of(r.sensitivity),
            of(r.specificity),
            with_interval(r.kappa, r.interval),
            Cell::text(numbers::count(r.tied)),
        ])
    });
    out.blocks.push(Block::Table(Table {
        id: "t-rest".to_owned(),
        caption: "Each rater against the majority of the other readers.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Rater", Kind::Words),
            column("Agreed", Kind::Number),
            grouped("As the majority, of its", "positives", Kind::Number),
            grouped("As the majority, of its", "negatives", Kind::Number),
            column(format!("κ ({})", ci(analysis)), Kind::Estimate),
            column("Tied", Kind::Number),
        ],
        rows: rows.collect(),
        notes: vec![format!(
            "{}Tied: studies on which the others are evenly divided; left out. n.e. = not estimable. CI: Fleiss–Cohen–Everitt.",
            super::sample_note(analysis, rest.iter().any(|r| r.sample_value))
        )],
        width: Width::Full,
    }));
    Some(out)
}

fn split_figures(analysis: &Analysis) -> Vec<Block> {
    let key = |s: &SplitAgreement| (s.finding.clone(), s.rule.name.clone());
    let groups = analysis.statistics.splits.chunk_by(|a, b| key(a) == key(b));
    let figures = groups.filter_map(|group| {
        let first = group.first()?;
        let rows: Vec<&SplitAgreement> = group.iter().collect();
        Some(Block::Figure {
            id: format!("f-splits-{}-{}", first.finding, first.rule.name),
            caption: format!("{}, {}: each rater against every gold panel of {} readers.", first.name, first.rule.name, first.gold_size),
            notes: format!(
                "{}A hollow circle for each panel, a stroke at the median, a filled diamond for the panel that the protocol declares. The line is a range over panels, not an interval. The rest: κ against the majority of all other readers.",
                super::sample_note(analysis, first.sample_value)
            ),
            drawing: panel_figures::splits(&rows, &analysis.statistics.leave_one_out)?,
        })
    });
    figures.take(super::MOST_FIGURES).collect()
}

/// Raters against the gold panel by region and view, one table a finding and rule; where none is declared, against the
/// majority of the other readers in one table.
pub(super) fn gold(analysis: &Analysis) -> Option<Section> {
    let rows = &analysis.statistics.gold;
    let panel = &rows.first()?.gold;
    if panel.is_empty() {
        return by_value(analysis);
    }
    let mut out = section("s-gold", "Raters against the gold panel");
    out.prose.push(Prose::Paragraph(
        format!("The gold panel’s answer is the majority of {}, of those of them who gave an answer, without adjudication; studies on which they are evenly divided are left out. They are part of it and have no column.", super::list(panel)).into(),
    ));
    let mut done: Vec<(&str, &str)> = Vec::new();
    for r in rows {
        let key = (r.finding.as_str(), r.rule.name.as_str());
        if !done.contains(&key) {
            done.push(key);
            let own: Vec<&GoldRow> =
                rows.iter().filter(|o| (o.finding.as_str(), o.rule.name.as_str()) == key).collect();
            for (part, raters) in (1..).zip(raters(&own).chunks(RATERS)) {
                let of = (own.as_slice(), raters);
                let id = format!("t-gold-{}-{}-{part}", r.finding, r.rule.name);
                let caption = format!(
                    "{}, {}: κ of {} against the gold panel.",
                    r.name,
                    r.rule.name,
                    words(raters)
                );
                out.blocks.push(Block::Table(gold_table(analysis, id, caption, of)));
            }
        }
    }
    Some(out)
}

/// No panel is declared: what stands overall in the table of each against the rest, by region and view.
fn by_value(analysis: &Analysis) -> Option<Section> {
    let several = |r: &&GoldRow| r.value != "overall";
    let own: Vec<&GoldRow> = analysis.statistics.gold.iter().filter(several).collect();
    let mut all = raters(&own);
    if let [_, second] = analysis.design.readers.as_slice() {
        // Each of two readers stands against the other: the same figure twice.
        all.retain(|rater| *rater != second.name);
    }
    if all.is_empty() {
        return None;
    }
    let mut out = section("s-gold", "Agreement by region and view");
    out.prose.push(Prose::Paragraph(
        if analysis.design.readers.len() == 2 {
            "The two readers beside each other, and the dataset label and models against the answers on which they do not differ."
        } else {
            "No gold panel is declared: each reader stands against the majority of the other readers, the dataset label and models against that of all."
        }
        .into(),
    ));
    for (part, raters) in (1..).zip(all.chunks(RATERS)) {
        let caption = format!(
            "κ of {} against the majority of the other readers, by region or view.",
            words(raters)
        );
        let of = (own.as_slice(), raters);
        out.blocks.push(Block::Table(gold_table(
            analysis,
            format!("t-majority-{part}"),
            caption,
            of,
        )));
    }
    Some(out)
}

/// Raters that fit beside each other on a page.
const RATERS: usize = 4;

/// Who is in the rows, in order.
fn raters<'a>(rows: &[&'a GoldRow]) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for row in rows {
        if !out.contains(&row.rater.as_str()) {
            out.push(&row.rater);
        }
    }
    out
}

fn words(raters: &[&str]) -> String {
    super::list(&raters.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>())
}

/// Rows of several findings and rules are named by them.
fn gold_table(
    analysis: &Analysis,
    id: String,
    caption: String,
    (rows, raters): (&[&GoldRow], &[&str]),
) -> Table {
    let key = |r: &GoldRow| (r.finding.clone(), r.rule.name.clone(), r.value.clone());
    let mut keys: Vec<(String, String, String)> = Vec::new();
    for r in rows {
        if !keys.contains(&key(r)) {
            keys.push(key(r));
        }
    }
    let one = rows.iter().all(|r| {
        rows.first().is_some_and(|first| key(r).0 == key(first).0 && key(r).1 == key(first).1)
    });
    let mut columns = Vec::new();
    if !one {
        columns.extend([column("Finding", Kind::Words), column("Rule", Kind::Words)]);
    }
    columns.extend([column("Studies of", Kind::Words), column("n", Kind::Number)]);
    columns.extend(
        raters.iter().map(|r| column(format!("{r}: κ ({})", ci(analysis)), Kind::Estimate)),
    );
    let lines = keys.iter().filter_map(|of| {
        let own: Vec<&&GoldRow> =
            rows.iter().filter(|r| key(r) == *of && raters.contains(&r.rater.as_str())).collect();
        let n: Vec<u64> = own.iter().map(|r| r.agreed.n).collect();
        let (least, most) =
            (n.iter().min().copied().unwrap_or(0), n.iter().max().copied().unwrap_or(0));
        let shown = if least == most {
            numbers::count(least)
        } else {
            numbers::range(&numbers::count(least), &numbers::count(most))
        };
        let first = own.first()?;
        let mut cells = Vec::new();
        if !one {
            cells.extend([Cell::text(&first.name), Cell::text(&first.rule.name)]);
        }
        cells.extend([Cell::text(&first.value), Cell::text(shown)]);
        cells.extend(raters.iter().map(|rater| {
            own.iter()
                .find(|r| r.rater == *rater)
                .map_or_else(|| Cell::text(numbers::NONE), |r| with_interval(r.kappa, r.interval))
        }));
        let mut line = row(cells);
        line.total = first.value == "overall";
        Some(line)
    });
    Table {
        id,
        caption,
        columns,
        rows: lines.collect(),
        notes: vec![format!(
            "{}{}CI: Fleiss–Cohen–Everitt; McHugh’s, observed agreement and counts stand in the data file. No interval stands where the standard error would be 0. n.e. = not estimable: both gave one and the same answer throughout.",
            super::known_note(analysis),
            super::sample_note(analysis, rows.iter().any(|r| r.sample_value))
        )],
        width: Width::Full,
    }
}

/// What the reference is, and the latent classes beside it.
pub(super) fn consensus(analysis: &Analysis) -> Option<Section> {
    let rows: Vec<_> = analysis.statistics.consensus.iter().filter(|c| 0 < c.read).collect();
    if rows.is_empty() {
        return None;
    }
    let mut out = section("s-consensus", "Reference");
    let marked = rows.iter().any(|c| c.sample_value);
    let note: Vec<String> = marked
        .then(|| super::sample_note(analysis, true).trim_end().to_owned())
        .into_iter()
        .collect();
    let first = rows.first().map(|c| &c.rule.name);
    let (alone, read) = rows
        .iter()
        .filter(|c| Some(&c.rule.name) == first)
        .fold((0, 0), |(alone, read), c| (alone + c.alone, read + c.read));
    let rests = match alone {
        0 => "No reference rests on one reader alone.".to_owned(),
        n => format!(
            "{} of {} references rest on one reader alone, because no other gave an answer.",
            numbers::count(n),
            numbers::count(read)
        ),
    };
    let gold = &analysis.design.gold;
    let decided = if analysis.design.adjudicators.is_empty() {
        ""
    } else {
        ", and where an adjudicator decided, the adjudicator"
    };
    let (who, nobody) = match gold.as_slice() {
        [] => ("the readers".to_owned(), ""),
        panel => (
            format!("the gold panel, {}; the other readers have no vote in it", super::list(panel)),
            ", or that none of them answered,",
        ),
    };
    let latent = analysis.design.latent_reference;
    out.prose.push(Prose::Paragraph(
        if latent { format!("The reference is {}. Beside it stands what the majority and its disagreements look like.", analysis.design.reference) } else { format!("The reference is the majority of {who}{decided}. Studies on which they are evenly divided{nobody} are left out of every figure that rests on it. {rests}") }.into(),
    ));
    out.blocks.push(Block::Table(Table {
        id: "t-consensus".to_owned(),
        caption: "The reference by finding and rule.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Read", Kind::Number),
            column("Positive", Kind::Number),
            column("By one reader", Kind::Number),
            column(if gold.is_empty() { "Evenly divided" } else { "No majority" }, Kind::Number),
            column("Readers differ", Kind::Number),
            column("Adjudicated", Kind::Number),
            column("Against the majority", Kind::Number),
        ],
        rows: rows
            .iter()
            .map(|c| {
                row(vec![
                    Cell::text(&c.name),
                    Cell::text(&c.rule.name),
                    Cell::text(numbers::count(c.read)),
                    of(c.positive),
                    Cell::text(numbers::count(c.alone)),
                    Cell::text(numbers::count(c.tied)),
                    Cell::text(numbers::count(c.disagreed)),
                    Cell::text(numbers::count(c.adjudicated)),
                    Cell::text(numbers::count(c.overturned)),
                ])
            })
            .collect(),
        notes: note.clone(),
        width: Width::Full,
    }));
    let mut latent = Vec::new();
    for c in &rows {
        let Some(fit) = &c.latent else { continue };
        for reader in &fit.readers {
            latent.push(row(vec![
                Cell::text(&c.name),
                Cell::text(&c.rule.name),
                Cell::text(&reader.reader),
                Cell::text(numbers::count(reader.studies)),
                Cell::text(numbers::coefficient(reader.sensitivity)),
                Cell::text(numbers::coefficient(reader.specificity)),
                Cell::text(numbers::coefficient(fit.prevalence)),
            ]));
        }
    }
    if !latent.is_empty() {
        out.blocks.push(Block::Table(Table {
            id: "t-latent".to_owned(),
            caption: "Readers under the latent-class model of Dawid and Skene.".to_owned(),
            columns: vec![
                column("Finding", Kind::Words),
                column("Rule", Kind::Words),
                column("Reader", Kind::Words),
                column("Studies", Kind::Number),
                column("Sensitivity", Kind::Number),
                column("Specificity", Kind::Number),
                column("Prevalence", Kind::Number),
            ],
            rows: latent,
            notes: vec![format!(
                "{}Estimated without a truth, on the assumption that readers err independently given the truth; {}. Values 0 to 1, no interval.",
                super::sample_note(analysis, marked),
                if analysis.design.latent_reference { "the more probable class is the reference" } else { "not used as reference" }
            )],
            width: Width::Full,
        }));
    }
    Some(out)
}
