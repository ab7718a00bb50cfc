//! Label quality by region and other attributes, by pathology, and the shape of the dataset.

use std::collections::BTreeMap;

use overread_analysis::{Analysis, Count, Figure, IntervalKind, Multiplicity, StratumQuality};

use super::{ci, column, counted, grouped, row, section};
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Width};
use crate::numbers;

fn figure(figure: &Figure) -> Cell {
    if figure.value.is_none() {
        return Cell::Refused(None);
    }
    let decimals = numbers::percent_decimals([figure.n]);
    let text = numbers::figure(figure, decimals);
    let interval =
        if text.interval.is_empty() { String::new() } else { format!("({})", text.interval) };
    Cell::Estimate(format!("{} {}%", text.count, text.value), interval)
}

/// By region, view, sex, age and number of studies.
pub(super) fn by_stratum(analysis: &Analysis) -> Option<Section> {
    let rows = &analysis.statistics.by_stratum;
    if rows.is_empty() {
        return None;
    }
    let mut out = section("s-regions", "Label quality by attribute");
    let weighted = rows.iter().any(|r| r.sensitivity.kind == IntervalKind::Weighted);
    let about = match weighted {
        true => format!(
            " Sensitivity and specificity are weighted by the number of studies, among {}, that have the value with and without the label; x/n beside them are counts of the sample and do not give the weighted value by division.",
            super::frame(analysis)
        ),
        false if analysis.design.sampling.elsewhere => {
            " They describe the studies that were read; how these were chosen is not recorded here."
                .to_owned()
        }
        false => String::new(),
    };
    out.prose.push(Prose::Paragraph(
        format!("The same figures within each value of an attribute that is known from data.{about} Many rows were looked at: the test for differences is in the section on strata.").into(),
    ));
    let mut attributes: Vec<&str> = rows.iter().map(|r| r.attribute).collect();
    attributes.sort_unstable();
    attributes.dedup();
    for attribute in attributes {
        let own = || rows.iter().filter(|r| r.attribute == attribute && 0 < studies(r));
        if own().next().is_none() {
            continue;
        }
        let years = attribute == "age";
        let lines = own().map(|r| {
            row(vec![
                Cell::text(&r.name),
                Cell::text(&r.rule.name),
                Cell::text(if years { r.value.replacen(" years", "", 1) } else { r.value.clone() }),
                Cell::text(numbers::count(studies(r))),
                figure(&r.ppv),
                figure(&r.npv),
                figure(&r.sensitivity),
                figure(&r.specificity),
            ])
        });
        out.blocks.push(Block::Table(Table {
            id: format!("t-by-{}", attribute.replace(' ', "-")),
            caption: format!("Label quality by {attribute}: x/n, percentage, {}.", ci(analysis)),
            columns: vec![
                column("Finding", Kind::Words),
                column("Rule", Kind::Words),
                column(super::capital(if years { "age, years" } else { attribute }), Kind::Words),
                column("Studies", Kind::Number),
                column("PPV", Kind::Estimate),
                column("NPV", Kind::Estimate),
                column(
                    format!("Sensitivity{}", if weighted { ", weighted" } else { "" }),
                    Kind::Estimate,
                ),
                column(
                    format!("Specificity{}", if weighted { ", weighted" } else { "" }),
                    Kind::Estimate,
                ),
            ],
            rows: lines.collect(),
            notes: notes(analysis, &own().collect::<Vec<_>>()),
            width: Width::Full,
        }));
    }
    Some(out)
}

/// Studies of a row with a label and a reference.
fn studies(row: &StratumQuality) -> u64 {
    row.table.tp + row.table.fp + row.table.fn_ + row.table.tn
}

/// What is missing and how intervals were made.
fn about<'a>(figures: impl Iterator<Item = &'a Figure> + Clone) -> Vec<String> {
    let all = [
        super::quality::refused(figures.clone()),
        super::quality::no_interval(figures.clone()),
        super::quality::methods(figures),
    ];
    all.into_iter().flatten().collect()
}

/// What reader and statistician have to know of a table by attribute.
fn notes(analysis: &Analysis, rows: &[&StratumQuality]) -> Vec<String> {
    let figures = || rows.iter().flat_map(|r| [&r.ppv, &r.npv, &r.sensitivity, &r.specificity]);
    let mut out: Vec<String> = super::label_known(analysis).into_iter().collect();
    out.extend(about(figures()));
    out
}

/// A composite label against its parts, and the composition on both sides of the label.
pub(super) fn by_pathology(analysis: &Analysis) -> Option<Section> {
    let rows = &analysis.statistics.by_pathology;
    if rows.is_empty() {
        return None;
    }
    let mut out = section("s-pathology", "The label by pathology");
    out.prose.push(Prose::Paragraph(
        "A study is abnormal when any of several pathologies is there. Two specificities are in use and differ: P(label normal | this pathology absent), in which other pathologies may be there, and P(label normal | no pathology at all), which is one number for all rows.".into(),
    ));
    let lines = rows.iter().map(|r| {
        row(vec![
            Cell::text(&r.name),
            Cell::text(&r.rule.name),
            figure(&r.sensitivity),
            figure(&r.specificity_pathology_absent),
            figure(&r.specificity_no_pathology),
        ])
    });
    out.blocks.push(Block::Table(Table {
        id: "t-pathology".to_owned(),
        caption: format!(
            "Sensitivity and specificity of the label by pathology: x/n, percentage, {}.",
            ci(analysis)
        ),
        columns: vec![
            column("Pathology", Kind::Words),
            column("Rule", Kind::Words),
            grouped("P(label positive", "| present)", Kind::Estimate),
            grouped("P(label normal", "| this one absent)", Kind::Estimate),
            grouped("P(label normal", "| none at all)", Kind::Estimate),
        ],
        rows: lines.collect(),
        notes: about(rows.iter().flat_map(|r| {
            [&r.sensitivity, &r.specificity_pathology_absent, &r.specificity_no_pathology]
        })),
        width: Width::Full,
    }));
    let lines = rows.iter().map(|r| {
        row(vec![
            Cell::text(&r.name),
            Cell::text(&r.rule.name),
            figure(&r.among_label_positives),
            figure(&r.among_label_negatives),
        ])
    });
    out.blocks.push(Block::Table(Table {
        id: "t-composition".to_owned(),
        caption: format!("Composition of label-positives beside label-negatives: x/n, percentage, {}.", ci(analysis)),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Among label-positives", Kind::Estimate),
            column("Among label-negatives", Kind::Estimate),
        ],
        rows: lines.collect(),
        notes: ["A look at label-positives alone cannot show what the label misses. A study may have several findings.".to_owned()]
            .into_iter()
            .chain(about(rows.iter().flat_map(|r| {
                [&r.among_label_positives, &r.among_label_negatives]
            })))
            .collect(),
        width: Width::Full,
    }));
    Some(out)
}

/// Published sensitivities and specificities beside ours.
pub(super) fn published(analysis: &Analysis) -> Option<Section> {
    let rows = &analysis.statistics.published;
    let source = rows.first()?.source_name.clone();
    let mut out =
        section("s-published-quality", "Against published sensitivities and specificities");
    out.prose.push(Prose::Paragraph(
        format!("The {source} read another sample under a rule in its own words, and printed no denominators: the difference has no interval, and says nothing about its cause.").into(),
    ));
    let lines = rows.iter().map(|r| {
        row(vec![
            Cell::text(super::capital(&r.attribute)),
            Cell::text(our_name(analysis, &r.value)),
            Cell::text(&r.rule),
            Cell::text(&r.estimand),
            figure(&r.ours),
            Cell::text(numbers::decimal(100.0 * r.published, 0)),
            r.difference.map_or(Cell::Refused(None), |d| {
                Cell::Estimate(numbers::points(d, None).0, "(n.e.)".to_owned())
            }),
        ])
    });
    out.blocks.push(Block::Table(Table {
        id: "t-published-quality".to_owned(),
        caption: format!("The label here and in the {source}: x/n, percentage, {}.", ci(analysis)),
        columns: vec![
            column("By", Kind::Words),
            column("Value", Kind::Words),
            column("Rule", Kind::Words),
            column("Quantity", Kind::Words),
            column("Here", Kind::Estimate),
            column("Published, %", Kind::Number),
            column("Difference, points", Kind::Estimate),
        ],
        rows: lines.collect(),
        notes: [
            "n.e. = not estimable: the source prints no denominators, or nothing was read here."
                .to_owned(),
        ]
        .into_iter()
        .chain(super::quality::methods(rows.iter().map(|r| &r.ours)))
        .collect(),
        width: Width::Full,
    }));
    Some(out)
}

/// A region as the dataset writes it, which may be `XR_ELBOW` for a published `ELBOW`; a pathology by its name.
fn our_name(analysis: &Analysis, value: &str) -> String {
    let mut regions = analysis.statistics.by_stratum.iter().filter(|r| r.attribute == "region");
    let same = |own: &str| own == value || own.strip_prefix("XR_").is_some_and(|own| own == value);
    let finding = analysis.design.findings.iter().find(|f| f.id == value);
    match (regions.find(|r| same(&r.value)), finding) {
        (Some(region), _) => region.value.clone(),
        (None, Some(finding)) => finding.name.clone(),
        (None, None) => value.to_owned(),
    }
}

/// Region, split and label; images of a study; labels that occur together.
pub(super) fn composition(analysis: &Analysis) -> Option<Section> {
    let shape = &analysis.dataset.summary.composition;
    let tables: Vec<Table> =
        [labels(analysis), regions(analysis), images(analysis), together(analysis), grey(analysis)]
            .into_iter()
            .flatten()
            .collect();
    if tables.is_empty() || shape.images_per_study.is_empty() {
        return None;
    }
    let mut out = section("s-composition", "Shape of the dataset");
    out.blocks.extend(tables.into_iter().map(Block::Table));
    Some(out)
}

/// What the images' grey levels are fit for.
fn grey(analysis: &Analysis) -> Option<Table> {
    let grey = &analysis.dataset.summary.grey_levels;
    if grey.measured == 0 {
        return None;
    }
    let rows = grey.classes.iter().map(|c| {
        row(vec![
            Cell::text(super::capital(c.class.words())),
            super::panel::of(Count { x: c.images, n: grey.measured }),
        ])
    });
    let left = grey.images.saturating_sub(grey.measured);
    let rest = if left == 0 {
        "Every image was measured.".to_owned()
    } else {
        format!(
            "{} not measured: measured are the images of drawn studies that were found.",
            counted(left, "image was", "images were")
        )
    };
    Some(Table {
        id: "t-grey".to_owned(),
        caption: "Grey levels of the images.".to_owned(),
        columns: vec![
            column("Grey levels", Kind::Words),
            column("Images, of those measured", Kind::Number),
        ],
        rows: rows.collect(),
        notes: vec![format!(
            "Clipped: an area at an end of the scale, which no window can bring back. Stretched, merged, few: levels lost before the file was made. {rest}"
        )],
        width: Width::Half,
    })
}

/// How often each label is claimed.
fn labels(analysis: &Analysis) -> Option<Table> {
    let summary = &analysis.dataset.summary;
    if summary.labels.is_empty() {
        return None;
    }
    let rows = summary.labels.iter().map(|l| {
        row(vec![
            Cell::text(&l.finding),
            super::panel::of(Count { x: l.positive, n: summary.studies }),
            Cell::text(numbers::count(l.negative)),
            Cell::text(numbers::count(l.uncertain)),
            Cell::text(numbers::count(l.blank)),
        ])
    });
    Some(Table {
        id: "t-labels".to_owned(),
        caption: "How often each label is claimed.".to_owned(),
        columns: vec![
            column("Label", Kind::Words),
            column("Positive, of all studies", Kind::Number),
            column("Negative", Kind::Number),
            column("Uncertain", Kind::Number),
            column("Not stated", Kind::Number),
        ],
        rows: rows.collect(),
        notes: vec!["Counted from the label file. A study may carry several labels.".to_owned()],
        width: Width::Full,
    })
}

/// Negative, positive and not stated studies.
type Labels = [u64; 3];

fn regions(analysis: &Analysis) -> Option<Table> {
    let rows = &analysis.dataset.summary.composition.region_split_label;
    let finding = &rows.first()?.finding;
    let own: Vec<_> = rows.iter().filter(|r| r.finding == *finding).collect();
    let mut splits: Vec<&str> = own.iter().map(|r| r.split.as_str()).collect();
    splits.sort_unstable();
    splits.dedup();
    // Training comes first, as everybody prints it.
    splits.sort_by_key(|split| *split != "train");
    let mut table: BTreeMap<&str, BTreeMap<&str, Labels>> = BTreeMap::new();
    for r in &own {
        table
            .entry(&r.region)
            .or_default()
            .insert(&r.split, [r.negative, r.positive, r.not_stated]);
    }
    if own.len() < 2 {
        return None;
    }
    let stated = own.iter().any(|r| 0 < r.not_stated);
    let mut columns = vec![column("Region", Kind::Words)];
    for split in &splits {
        let name = super::capital(split);
        columns.push(grouped(&name, "negative", Kind::Number));
        columns.push(grouped(&name, "positive", Kind::Number));
    }
    if stated {
        columns.push(column("Not stated", Kind::Number));
    }
    columns.push(column("Total", Kind::Number));
    let mut lines = Vec::new();
    let mut sums: BTreeMap<&str, Labels> = BTreeMap::new();
    for (region, counts) in &table {
        lines.push(line(region, &splits, counts, stated));
        for (split, labels) in counts {
            let sum = sums.entry(split).or_default();
            for (total, n) in sum.iter_mut().zip(labels) {
                *total += n;
            }
        }
    }
    let mut total = line("Total", &splits, &sums, stated);
    total.total = true;
    lines.push(total);
    let more = if analysis.dataset.summary.labels.len() > 1 {
        format!(" The label {finding} is shown; the data file has all.")
    } else {
        String::new()
    };
    Some(Table {
        id: "t-regions".to_owned(),
        caption: format!("Studies by region, split and label ({finding})."),
        columns,
        rows: lines,
        notes: vec![format!("Counted over the whole dataset.{more}")],
        width: Width::Full,
    })
}

fn line(
    name: &str,
    splits: &[&str],
    counts: &BTreeMap<&str, Labels>,
    stated: bool,
) -> crate::model::Row {
    let mut cells = vec![Cell::text(name)];
    let (mut all, mut neither) = (0, 0);
    for split in splits {
        let [negative, positive, other] = counts.get(split).copied().unwrap_or_default();
        cells.push(Cell::text(numbers::count(negative)));
        cells.push(Cell::text(numbers::count(positive)));
        neither += other;
        all += negative + positive + other;
    }
    if stated {
        cells.push(Cell::text(numbers::count(neither)));
    }
    cells.push(Cell::text(numbers::count(all)));
    row(cells)
}

fn images(analysis: &Analysis) -> Option<Table> {
    let summary = &analysis.dataset.summary;
    let shape = &summary.composition;
    let several = |rows: &[Multiplicity]| rows.iter().any(|m| 1 < m.number);
    if !several(&shape.images_per_study) && !several(&shape.studies_per_patient) {
        return None;
    }
    let mut rows = Vec::new();
    let mut add = |what: &str, list: &[Multiplicity], of: u64, most: Option<u32>| {
        for m in list {
            let number = match most {
                Some(most) if m.number > most => format!("more than {most}"),
                _ => m.number.to_string(),
            };
            rows.push(row(vec![
                Cell::text(what),
                Cell::text(number),
                super::panel::of(Count { x: m.count, n: of }),
            ]));
        }
    };
    if several(&shape.images_per_study) {
        add("images of a study", &shape.images_per_study, summary.studies, None);
    }
    add("studies of a patient", &shape.studies_per_patient, summary.patients, Some(MANY));
    Some(Table {
        id: "t-multiplicity".to_owned(),
        caption: format!(
            "Images of a study and studies of a patient: {}, {}, {}.",
            counted(summary.images, "image", "images"),
            counted(summary.studies, "study", "studies"),
            counted(summary.patients, "patient", "patients")
        ),
        columns: vec![
            column("Number of", Kind::Words),
            column("is", Kind::Number),
            column("in studies, or patients", Kind::Number),
        ],
        rows,
        notes: Vec::new(),
        width: Width::Half,
    })
}

/// Patients with more studies are counted together.
const MANY: u32 = 10;

/// Pairs of labels shown in print; the data file has all.
const PAIRS: usize = 20;

fn together(analysis: &Analysis) -> Option<Table> {
    let mut pairs: Vec<_> = analysis.dataset.summary.composition.co_occurrence.iter().collect();
    if pairs.is_empty() {
        return None;
    }
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.both));
    let all = pairs.len();
    let rows = pairs.iter().take(PAIRS).map(|pair| {
        row(vec![
            Cell::text(&pair.first),
            Cell::text(&pair.second),
            super::panel::of(Count { x: pair.both, n: pair.of_first }),
            super::panel::of(Count { x: pair.both, n: pair.of_second }),
            pair.ratio.map_or(Cell::Refused(None), |r| Cell::text(numbers::decimal(r, 2))),
        ])
    });
    Some(Table {
        id: "t-together".to_owned(),
        caption: "Labels that occur together, the most frequent pairs first.".to_owned(),
        columns: vec![
            column("First", Kind::Words),
            column("Second", Kind::Words),
            grouped("Studies with both", "of the first", Kind::Number),
            grouped("Studies with both", "of the second", Kind::Number),
            column("Ratio", Kind::Number),
        ],
        rows: rows.collect(),
        notes: vec![format!(
            "Ratio: to what independent labels would give. {} of {} shown; the data file has all.",
            numbers::count(all.min(PAIRS) as u64),
            counted(all as u64, "pair", "pairs")
        )],
        width: Width::Full,
    })
}
