//! Tidy tables with twelve significant digits, for other programs.

use overread_analysis::{Analysis, Figure, Interval, ReadRow};

/// A table of a data file: name, head, rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataTable {
    /// File name without ending.
    pub name: &'static str,
    /// Column names.
    pub head: Vec<&'static str>,
    /// Cells as text; empty where there is no value.
    pub rows: Vec<Vec<String>>,
}

/// Twelve significant digits: more than any figure means, fewer than show the dust of binary fractions.
pub(crate) fn number(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return String::new() };
    let rounded: f64 = format!("{value:.11e}").parse().unwrap_or(value);
    // Zero has no sign.
    (rounded + 0.0).to_string()
}

pub(crate) fn ends(interval: Option<Interval>) -> [String; 2] {
    [number(interval.map(|i| i.low)), number(interval.map(|i| i.high))]
}

/// x, n, patients, value, low, high, method, reason.
pub(crate) fn figure(f: &Figure) -> Vec<String> {
    let [low, high] = ends(f.interval);
    let reason = f.reason.clone().unwrap_or_default();
    vec![
        f.x.to_string(),
        f.n.to_string(),
        f.patients.to_string(),
        number(f.value),
        low,
        high,
        f.method.to_owned(),
        reason,
    ]
}

/// Every data table of the analysis, and the reads.
pub fn tables(analysis: &Analysis, reads: &[ReadRow]) -> Vec<DataTable> {
    let mut out = vec![
        label_quality(analysis),
        published(analysis),
        rules(analysis),
        strata(analysis),
        running(analysis),
        agreement(analysis),
        flow(analysis),
        repeat_studies(analysis),
        labels(analysis),
        not_estimable(analysis),
        self::reads(reads),
    ];
    out.extend(Some(grey_levels(analysis)).filter(|table| !table.rows.is_empty()));
    out.extend(Some(also_present(analysis)).filter(|table| !table.rows.is_empty()));
    out.extend(crate::readers_tables::tables(analysis));
    out
}

/// Findings marked beside the question: observed, no rate.
fn also_present(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.also_present.iter().map(|a| {
        let counts =
            [a.studies, a.label_positive, a.label_negative, a.label_uncertain, a.label_blank];
        std::iter::once(a.finding.clone()).chain(counts.map(|n| n.to_string())).collect()
    });
    DataTable {
        name: "also_present",
        head: vec![
            "finding",
            "studies",
            "label_positive",
            "label_negative",
            "label_uncertain",
            "label_blank",
        ],
        rows: rows.collect(),
    }
}

fn label_quality(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for finding in &analysis.statistics.label_quality {
        for rule in &finding.rules {
            let figures = [
                &rule.ppv,
                &rule.npv,
                &rule.sensitivity,
                &rule.specificity,
                &rule.prevalence,
                &rule.accuracy,
            ];
            for f in figures {
                let mut cells = vec![
                    finding.finding.clone(),
                    rule.rule.clone(),
                    analysis.design.version.to_string(),
                    f.estimand.to_owned(),
                ];
                cells.extend(figure(f));
                rows.push(cells);
            }
        }
    }
    DataTable {
        name: "label_quality",
        head: vec![
            "finding",
            "rule",
            "protocol_version",
            "estimand",
            "x",
            "n",
            "patients",
            "value",
            "low",
            "high",
            "method",
            "reason",
        ],
        rows,
    }
}

fn published(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for finding in &analysis.statistics.label_quality {
        for rule in &finding.rules {
            for p in &rule.published {
                let [low, high] = ends(p.interval);
                rows.push(vec![
                    finding.finding.clone(),
                    rule.rule.clone(),
                    p.source.clone(),
                    number(Some(p.value)),
                    p.count.map_or(String::new(), |c| c.x.to_string()),
                    p.count.map_or(String::new(), |c| c.n.to_string()),
                    number(p.difference),
                    low,
                    high,
                    p.reason.clone().unwrap_or_default(),
                ]);
            }
        }
    }
    DataTable {
        name: "published",
        head: vec![
            "finding",
            "rule",
            "source",
            "value",
            "x",
            "n",
            "difference",
            "low",
            "high",
            "reason",
        ],
        rows,
    }
}

fn rules(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.rules.rows.iter().map(|r| {
        let [low, high] = ends(r.interval);
        vec![
            r.finding.clone(),
            r.first.clone(),
            r.second.clone(),
            r.first_count.x.to_string(),
            r.second_count.x.to_string(),
            r.first_count.n.to_string(),
            r.first_only.to_string(),
            r.second_only.to_string(),
            number(r.difference),
            low,
            high,
            number(r.p),
            number(r.holm_p),
            r.reason.clone().unwrap_or_default(),
        ]
    });
    DataTable {
        name: "rules",
        head: vec![
            "finding",
            "first_rule",
            "second_rule",
            "first_x",
            "second_x",
            "n",
            "first_only",
            "second_only",
            "difference",
            "low",
            "high",
            "mcnemar_p",
            "holm_p",
            "reason",
        ],
        rows: rows.collect(),
    }
}

fn strata(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.strata.rows.iter().map(|r| {
        let [low, high] = ends(r.interval);
        let mut cells = vec![r.finding.clone(), r.rule.clone(), r.key.clone(), r.stratum.clone()];
        for f in [&r.share, &r.inside, &r.outside] {
            let [low, high] = ends(f.interval);
            cells.extend([f.x.to_string(), f.n.to_string(), number(f.value), low, high]);
        }
        cells.extend([number(r.difference), low, high, number(r.shrunken)]);
        cells.extend([number(r.fisher_p), number(r.bh_q), r.supported.to_string()]);
        let alarms: Vec<String> = r.alarms.iter().map(|a| format!("{a:?}")).collect();
        cells.extend([alarms.join(";"), r.reason.clone().unwrap_or_default()]);
        cells
    });
    DataTable {
        name: "strata",
        head: vec![
            "finding",
            "rule",
            "key",
            "stratum",
            "share_x",
            "share_n",
            "share",
            "share_low",
            "share_high",
            "inside_x",
            "inside_n",
            "inside",
            "inside_low",
            "inside_high",
            "outside_x",
            "outside_n",
            "outside",
            "outside_low",
            "outside_high",
            "difference",
            "low",
            "high",
            "shrunken",
            "fisher_p",
            "bh_q",
            "supported",
            "alarms",
            "reason",
        ],
        rows: rows.collect(),
    }
}

fn running(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for run in &analysis.statistics.running {
        for point in &run.points {
            let mut cells = vec![run.finding.clone(), run.rule.clone(), point.reads.to_string()];
            cells.extend(figure(&point.ppv));
            rows.push(cells);
        }
    }
    DataTable {
        name: "running",
        head: vec![
            "finding", "rule", "reads", "x", "n", "patients", "value", "low", "high", "method",
            "reason",
        ],
        rows,
    }
}

fn agreement(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.agreement.iter().map(|p| {
        let [low, high] = ends(p.interval);
        let [observed_low, observed_high] = ends(p.observed_interval);
        let [bootstrap_low, bootstrap_high] = ends(p.patient_bootstrap);
        vec![
            p.finding.clone(),
            p.rule.name.clone(),
            p.first.clone(),
            p.second.clone(),
            p.both_positive.to_string(),
            p.first_only.to_string(),
            p.second_only.to_string(),
            p.both_negative.to_string(),
            number(p.observed),
            observed_low,
            observed_high,
            number(p.kappa),
            low,
            high,
            bootstrap_low,
            bootstrap_high,
            number(p.ac1),
            number(p.pabak),
            number(p.linear_kappa),
            number(p.quadratic_kappa),
            number(p.positive_agreement),
            number(p.negative_agreement),
            p.sample_value.to_string(),
            p.reason.clone().unwrap_or_default(),
        ]
    });
    DataTable {
        name: "agreement",
        head: vec![
            "finding",
            "rule",
            "first",
            "second",
            "both_positive",
            "first_only",
            "second_only",
            "both_negative",
            "observed",
            "observed_low",
            "observed_high",
            "kappa",
            "low",
            "high",
            "bootstrap_low",
            "bootstrap_high",
            "ac1",
            "pabak",
            "linear_kappa",
            "quadratic_kappa",
            "positive_agreement",
            "negative_agreement",
            "sample_value",
            "reason",
        ],
        rows: rows.collect(),
    }
}

fn flow(analysis: &Analysis) -> DataTable {
    let e = &analysis.exclusions;
    let mut rows = Vec::new();
    let mut add = |scope: &str, what: &str, n: u64| {
        rows.push(vec![scope.to_owned(), what.to_owned(), n.to_string()]);
    };
    add("studies", "dataset", e.dataset_studies);
    add("studies", "without_images", e.without_images);
    add("studies", "frame", e.frame_studies);
    add("studies", "not_drawn", e.not_drawn);
    add("studies", "drawn", e.drawn_studies);
    let mut items = |scope: &str, f: &overread_analysis::ItemFlow| {
        for (what, n) in [
            ("items", f.items),
            ("unread", f.unread),
            ("skipped", f.skipped),
            ("unsettled", f.unsettled),
            ("read", f.read),
            ("held_back", f.held_back),
            ("other_phase", f.other_phase),
            ("other_protocol", f.other_protocol),
            ("after_unblinding", f.after_unblinding),
            ("unsure", f.unsure),
            ("inadequate", f.inadequate),
            ("analysed", f.analysed),
            ("answered_on_several_devices", f.conflicts),
        ] {
            add(scope, what, n);
        }
    };
    items("all", &e.total);
    for deck in &e.decks {
        items(deck.finding.as_deref().unwrap_or("all findings"), &deck.flow);
    }
    for rule in analysis.design.rules.iter().map(|rule| rule.name.as_str()) {
        let (read, undecided) = questions(analysis, rule);
        if 0 < read {
            let scope = format!("questions on studies, {rule}");
            for (what, n) in
                [("read", read), ("no_majority", undecided), ("decided", read - undecided)]
            {
                rows.push(vec![scope.clone(), what.to_owned(), n.to_string()]);
            }
        }
    }
    DataTable { name: "flow", head: vec!["scope", "what", "n"], rows }
}

/// Where several read: questions on studies that any reader answered with a level, and those of them without a majority.
pub(crate) fn questions(analysis: &Analysis, rule: &str) -> (u64, u64) {
    let of_rule = analysis.statistics.consensus.iter().filter(|c| c.rule.name == rule);
    of_rule.fold((0, 0), |(read, tied), c| (read + c.read, tied + c.tied))
}

fn repeat_studies(analysis: &Analysis) -> DataTable {
    let rows = analysis
        .dataset
        .summary
        .repeat_studies
        .iter()
        .map(|r| vec![r.more_than.to_string(), r.patients.to_string(), r.studies.to_string()]);
    DataTable {
        name: "repeat_studies",
        head: vec!["more_than", "patients", "studies"],
        rows: rows.collect(),
    }
}

fn labels(analysis: &Analysis) -> DataTable {
    let rows = analysis.dataset.summary.labels.iter().map(|l| {
        let counts = [l.positive, l.negative, l.uncertain, l.blank].map(|n| n.to_string());
        [l.finding.clone()].into_iter().chain(counts).collect()
    });
    DataTable {
        name: "dataset_labels",
        head: vec!["label", "positive", "negative", "uncertain", "blank"],
        rows: rows.collect(),
    }
}

fn grey_levels(analysis: &Analysis) -> DataTable {
    let grey = &analysis.dataset.summary.grey_levels;
    let rows = grey.classes.iter().map(|c| {
        let of = [grey.measured, grey.images].map(|n| n.to_string());
        [c.class.word().to_owned(), c.images.to_string()].into_iter().chain(of).collect()
    });
    DataTable {
        name: "grey_levels",
        head: vec!["grey_levels", "images", "of_measured", "of_images"],
        rows: rows.collect(),
    }
}

fn not_estimable(analysis: &Analysis) -> DataTable {
    let rows = analysis
        .not_estimable
        .iter()
        .map(|r| vec![r.figure.clone(), r.findings.join(";"), r.reason.clone(), r.remedy.clone()]);
    DataTable {
        name: "not_estimable",
        head: vec!["figure", "findings", "reason", "remedy"],
        rows: rows.collect(),
    }
}

/// The long table, with the column names that a reads table is read back by.
fn reads(reads: &[ReadRow]) -> DataTable {
    let bit = |on: bool| if on { "1" } else { "0" }.to_owned();
    let rows = reads.iter().map(|r| {
        vec![
            r.study_key.clone().unwrap_or_else(|| r.study.to_string()),
            r.reader.clone(),
            r.rule.clone(),
            r.finding.clone(),
            r.value.map_or(String::new(), bit),
            r.patient.to_string(),
            match r.dataset_label {
                overread_core::DatasetLabel::Positive => "1".to_owned(),
                overread_core::DatasetLabel::Negative => "0".to_owned(),
                _ => String::new(),
            },
            r.tags.join(";"),
            r.seq.to_string(),
            r.no_answer.unwrap_or_default().to_owned(),
            r.level_name.clone().unwrap_or_default(),
            r.active_ms.to_string(),
            r.protocol_version.to_string(),
            bit(r.after_release),
            r.grey_levels.map_or("", overread_core::AdequacyClass::word).to_owned(),
            r.standing.to_owned(),
        ]
    });
    DataTable {
        name: "reads",
        head: vec![
            "study_id",
            "reader_id",
            "rule",
            "finding",
            "value",
            "patient_id",
            "dataset_label",
            "tag",
            "seq",
            "no_answer",
            "level_name",
            "active_ms",
            "protocol_version",
            "after_release",
            "grey_levels",
            "standing",
        ],
        rows: rows.collect(),
    }
}

/// A cell that a spreadsheet would run as a formula gets an apostrophe; a number stays a number.
pub fn harmless(cell: &str) -> String {
    let dangerous = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if dangerous && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell.to_owned() }
}

/// The table as CSV.
pub fn csv(table: &DataTable) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&table.head)?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_starts_a_formula_and_negative_numbers_stay_numbers() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("@x"), "'@x");
        assert_eq!(harmless("\t=1"), "'\t=1");
        assert_eq!(harmless("-1+2"), "'-1+2");
        assert_eq!(harmless("-0.25"), "-0.25");
        assert_eq!(harmless("Mass"), "Mass");
    }
}
