//! Tidy tables about readers, models, regions and the shape of the dataset.

use overread_analysis::{Analysis, Count, Figure, Interval, PairAgreement};

use crate::tables::{DataTable, ends, figure, number};

/// The tables that have rows.
pub(crate) fn tables(analysis: &Analysis) -> Vec<DataTable> {
    let all = vec![
        by_reader(analysis),
        without_reference(analysis),
        by_stratum(analysis),
        by_pathology(analysis),
        against_label(analysis),
        panel(analysis),
        splits(analysis),
        leave_one_out(analysis),
        gold(analysis),
        consensus(analysis),
        latent(analysis),
        repeatability(analysis),
        drift(analysis),
        scores(analysis),
        roc(analysis),
        paired(analysis),
        region_split_label(analysis),
        co_occurrence(analysis),
    ];
    all.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

fn counts(cells: &mut Vec<String>, count: Count) {
    cells.push(count.x.to_string());
    cells.push(count.n.to_string());
}

fn limits(cells: &mut Vec<String>, interval: Option<Interval>) {
    cells.extend(ends(interval));
}

fn words(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

const FIGURE: [&str; 8] = ["x", "n", "patients", "value", "low", "high", "method", "reason"];

fn figure_rows(rows: &mut Vec<Vec<String>>, keys: &[&str], figures: [(&str, &Figure); 4]) {
    for (estimand, value) in figures {
        let mut cells: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        cells.push(estimand.to_owned());
        cells.extend(figure(value));
        rows.push(cells);
    }
}

fn by_reader(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for finding in &analysis.statistics.label_quality {
        for rule in &finding.rules {
            for own in &rule.by_reader {
                let mut cells =
                    vec![finding.finding.clone(), rule.rule.clone(), own.reader.clone()];
                cells.push("ppv".to_owned());
                cells.extend(figure(&own.ppv));
                rows.push(cells);
            }
        }
    }
    let head = ["finding", "rule", "reader", "estimand"].into_iter().chain(FIGURE);
    DataTable { name: "label_quality_by_reader", head: head.collect(), rows }
}

/// Only where several read: what one reader cannot answer is counted in the flow.
fn without_reference(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    let several = 1 < analysis.design.readers.len();
    for finding in analysis.statistics.label_quality.iter().filter(|_| several) {
        for rule in &finding.rules {
            let left = &rule.without_reference;
            if left.label_positive() + left.label_negative == 0 {
                continue;
            }
            rows.push(vec![
                finding.finding.clone(),
                rule.rule.clone(),
                left.divided.to_string(),
                left.unanswered.to_string(),
                left.label_negative.to_string(),
                number(rule.ppv.value),
                number(left.ppv_if_none),
                number(left.ppv_if_all),
                words(left.assumption.as_ref()),
            ]);
        }
    }
    DataTable {
        name: "without_reference",
        head: vec![
            "finding",
            "rule",
            "label_positive_divided",
            "label_positive_unanswered",
            "label_negative",
            "ppv",
            "ppv_if_none",
            "ppv_if_all",
            "assumption",
        ],
        rows,
    }
}

fn by_stratum(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for r in &analysis.statistics.by_stratum {
        let keys = [r.finding.as_str(), &r.rule.name, r.attribute, &r.value];
        let figures = [
            ("ppv", &r.ppv),
            ("npv", &r.npv),
            ("sensitivity", &r.sensitivity),
            ("specificity", &r.specificity),
        ];
        figure_rows(&mut rows, &keys, figures);
    }
    let mut head = vec!["finding", "rule", "attribute", "attribute_value", "estimand"];
    head.extend(FIGURE);
    DataTable { name: "label_quality_by_stratum", head, rows }
}

fn by_pathology(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for r in &analysis.statistics.by_pathology {
        let keys = [r.composite.as_str(), &r.finding, &r.rule.name];
        let figures = [
            ("sensitivity", &r.sensitivity),
            ("specificity_pathology_absent", &r.specificity_pathology_absent),
            ("specificity_no_pathology", &r.specificity_no_pathology),
            ("share_among_label_positives", &r.among_label_positives),
        ];
        figure_rows(&mut rows, &keys, figures);
        let mut cells: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        cells.push("share_among_label_negatives".to_owned());
        cells.extend(figure(&r.among_label_negatives));
        rows.push(cells);
    }
    let mut head = vec!["label", "pathology", "rule", "estimand"];
    head.extend(FIGURE);
    DataTable { name: "label_quality_by_pathology", head, rows }
}

fn against_label(analysis: &Analysis) -> DataTable {
    let line = |p: &PairAgreement| {
        let mut cells = vec![p.finding.clone(), p.rule.name.clone(), p.first.clone()];
        counts(&mut cells, p.agreed);
        cells.push(p.patients.to_string());
        cells.push(number(p.kappa));
        limits(&mut cells, p.interval);
        limits(&mut cells, p.patient_bootstrap);
        for value in [p.ac1, p.pabak, p.positive_agreement, p.negative_agreement] {
            cells.push(number(value));
        }
        cells.push(p.sample_value.to_string());
        cells.push(words(p.reason.as_ref()));
        cells
    };
    DataTable {
        name: "readers_against_label",
        head: vec![
            "finding",
            "rule",
            "reader",
            "agreed",
            "n",
            "patients",
            "kappa",
            "low",
            "high",
            "bootstrap_low",
            "bootstrap_high",
            "ac1",
            "pabak",
            "positive_agreement",
            "negative_agreement",
            "sample_value",
            "reason",
        ],
        rows: analysis.statistics.against_label.iter().map(line).collect(),
    }
}

fn panel(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for p in &analysis.statistics.panel {
        for c in &p.coefficients {
            let rule = p.rule.as_ref().map_or("levels", |rule| rule.name.as_str());
            let mut cells = vec![
                p.finding.clone(),
                rule.to_owned(),
                c.name.to_owned(),
                p.readers.to_string(),
                p.studies.to_string(),
                p.patients.to_string(),
            ];
            counts(&mut cells, p.unanimous);
            cells.push(number(c.value));
            limits(&mut cells, c.interval);
            limits(&mut cells, c.patient_bootstrap);
            cells.push(p.sample_value.to_string());
            cells.push(words(c.reason.as_ref()));
            rows.push(cells);
        }
    }
    DataTable {
        name: "panel",
        head: vec![
            "finding",
            "rule",
            "coefficient",
            "readers",
            "studies",
            "patients",
            "unanimous",
            "complete",
            "value",
            "low",
            "high",
            "bootstrap_low",
            "bootstrap_high",
            "sample_value",
            "reason",
        ],
        rows,
    }
}

fn splits(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for s in &analysis.statistics.splits {
        for p in &s.panels {
            let declared = s.declared.as_ref().is_some_and(|d| d.gold == p.gold);
            rows.push(vec![
                s.finding.clone(),
                s.rule.name.clone(),
                s.rater.clone(),
                s.kind.to_owned(),
                p.gold.join(";"),
                declared.to_string(),
                p.n.to_string(),
                number(p.kappa),
                s.sample_value.to_string(),
            ]);
        }
    }
    DataTable {
        name: "splits",
        head: vec![
            "finding",
            "rule",
            "rater",
            "kind",
            "gold",
            "declared",
            "n",
            "kappa",
            "sample_value",
        ],
        rows,
    }
}

fn leave_one_out(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.leave_one_out.iter().map(|r| {
        let mut cells = vec![r.finding.clone(), r.rule.name.clone(), r.rater.clone()];
        for count in [r.agreed, r.sensitivity, r.specificity] {
            counts(&mut cells, count);
        }
        cells.push(r.tied.to_string());
        cells.push(number(r.kappa));
        limits(&mut cells, r.interval);
        cells.push(r.sample_value.to_string());
        cells.push(words(r.reason.as_ref()));
        cells
    });
    DataTable {
        name: "against_the_rest",
        head: vec![
            "finding",
            "rule",
            "rater",
            "agreed",
            "n",
            "positive_agreed",
            "positive_n",
            "negative_agreed",
            "negative_n",
            "tied",
            "kappa",
            "low",
            "high",
            "sample_value",
            "reason",
        ],
        rows: rows.collect(),
    }
}

fn gold(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.gold.iter().map(|r| {
        let mut cells = vec![
            r.finding.clone(),
            r.rule.name.clone(),
            r.attribute.to_owned(),
            r.value.clone(),
            r.rater.clone(),
            r.kind.to_owned(),
            r.gold.join(";"),
        ];
        counts(&mut cells, r.agreed);
        cells.push(number(r.kappa));
        limits(&mut cells, r.interval);
        limits(&mut cells, r.mchugh);
        cells.push(r.sample_value.to_string());
        cells.push(words(r.reason.as_ref()));
        cells
    });
    DataTable {
        name: "against_gold",
        head: vec![
            "finding",
            "rule",
            "attribute",
            "attribute_value",
            "rater",
            "kind",
            "gold",
            "agreed",
            "n",
            "kappa",
            "low",
            "high",
            "mchugh_low",
            "mchugh_high",
            "sample_value",
            "reason",
        ],
        rows: rows.collect(),
    }
}

fn consensus(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.consensus.iter().map(|c| {
        let mut cells = vec![c.finding.clone(), c.rule.name.clone(), c.read.to_string()];
        counts(&mut cells, c.positive);
        for n in [c.tied, c.alone, c.disagreed, c.adjudicated, c.overturned] {
            cells.push(n.to_string());
        }
        cells.push(c.sample_value.to_string());
        cells
    });
    DataTable {
        name: "reference",
        head: vec![
            "finding",
            "rule",
            "read",
            "positive",
            "decided",
            "tied",
            "by_one_reader",
            "disagreed",
            "adjudicated",
            "overturned",
            "sample_value",
        ],
        rows: rows.collect(),
    }
}

fn latent(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for c in &analysis.statistics.consensus {
        for (fit, reader) in
            c.latent.iter().flat_map(|fit| fit.readers.iter().map(move |r| (fit, r)))
        {
            rows.push(vec![
                c.finding.clone(),
                c.rule.name.clone(),
                reader.reader.clone(),
                reader.studies.to_string(),
                number(Some(reader.sensitivity)),
                number(Some(reader.specificity)),
                number(Some(fit.prevalence)),
                fit.converged.to_string(),
                c.sample_value.to_string(),
            ]);
        }
    }
    DataTable {
        name: "latent_classes",
        head: vec![
            "finding",
            "rule",
            "reader",
            "studies",
            "sensitivity",
            "specificity",
            "prevalence",
            "converged",
            "sample_value",
        ],
        rows,
    }
}

fn repeatability(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.repeatability.iter().map(|r| {
        let mut cells = vec![r.reader.clone(), r.finding.clone(), r.rule.name.clone()];
        counts(&mut cells, r.agreed);
        cells.push(r.first_only.to_string());
        cells.push(r.second_only.to_string());
        cells.push(number(r.kappa));
        limits(&mut cells, r.interval);
        cells.push(number(r.ac1));
        cells.push(number(Some(r.direction_p)));
        cells.push(words(r.reason.as_ref()));
        cells
    });
    DataTable {
        name: "repeatability",
        head: vec![
            "reader",
            "finding",
            "rule",
            "agreed",
            "n",
            "first_only",
            "second_only",
            "kappa",
            "low",
            "high",
            "ac1",
            "direction_p",
            "reason",
        ],
        rows: rows.collect(),
    }
}

fn drift(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for d in &analysis.statistics.drift {
        for (block, count) in (1..).zip(&d.blocks) {
            rows.push(vec![
                d.reader.clone(),
                d.deck.to_string(),
                d.name.clone(),
                d.series.to_owned(),
                block.to_string(),
                count.x.to_string(),
                count.n.to_string(),
                number(d.trend_z),
                number(d.trend_p),
                number(d.slope),
                number(d.slope_p),
                number(d.hours_p),
                d.sample_value.to_string(),
            ]);
        }
    }
    DataTable {
        name: "drift",
        head: vec![
            "reader",
            "deck",
            "finding",
            "series",
            "block",
            "x",
            "n",
            "trend_z",
            "trend_p",
            "slope",
            "slope_p",
            "hours_p",
            "sample_value",
        ],
        rows,
    }
}

fn scores(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.scores.models.iter().map(|m| {
        let mut cells = vec![
            m.finding.clone(),
            m.rule.name.clone(),
            m.model.clone(),
            m.n.to_string(),
            m.positives.to_string(),
            number(m.auroc),
        ];
        limits(&mut cells, m.interval);
        cells.push(number(Some(m.threshold)));
        counts(&mut cells, m.sensitivity);
        counts(&mut cells, m.specificity);
        cells.push(number(m.kappa));
        limits(&mut cells, m.kappa_interval);
        cells.push(m.sample_value.to_string());
        cells.push(words(m.reason.as_ref()));
        cells
    });
    DataTable {
        name: "scores",
        head: vec![
            "finding",
            "rule",
            "model",
            "n",
            "positives",
            "auroc",
            "low",
            "high",
            "threshold",
            "true_positives",
            "reference_positives",
            "true_negatives",
            "reference_negatives",
            "kappa",
            "kappa_low",
            "kappa_high",
            "sample_value",
            "reason",
        ],
        rows: rows.collect(),
    }
}

fn roc(analysis: &Analysis) -> DataTable {
    let mut rows = Vec::new();
    for m in &analysis.statistics.scores.models {
        for p in &m.curve {
            rows.push(vec![
                m.finding.clone(),
                m.rule.name.clone(),
                m.model.clone(),
                number(p.threshold),
                number(Some(p.false_positive)),
                number(Some(p.true_positive)),
            ]);
        }
    }
    DataTable {
        name: "roc",
        head: vec!["finding", "rule", "model", "threshold", "false_positive", "true_positive"],
        rows,
    }
}

fn paired(analysis: &Analysis) -> DataTable {
    let rows = analysis.statistics.scores.paired.iter().map(|p| {
        let mut cells = vec![
            p.finding.clone(),
            p.rule.clone(),
            p.first.clone(),
            p.second.clone(),
            p.against.to_owned(),
            p.n.to_string(),
            number(p.auroc_difference),
        ];
        limits(&mut cells, p.auroc_interval);
        cells.push(number(p.auroc_p));
        for ((first, second), p_value) in [
            (p.sensitivity_discordant, p.sensitivity_p),
            (p.specificity_discordant, p.specificity_p),
        ] {
            cells.extend([first.to_string(), second.to_string(), number(Some(p_value))]);
        }
        cells.push(number(p.kappa_difference));
        limits(&mut cells, p.kappa_interval);
        cells
    });
    DataTable {
        name: "paired_comparisons",
        head: vec![
            "finding",
            "rule",
            "first",
            "second",
            "against",
            "n",
            "auroc_difference",
            "low",
            "high",
            "auroc_p",
            "positives_first_only",
            "positives_second_only",
            "sensitivity_p",
            "negatives_first_only",
            "negatives_second_only",
            "specificity_p",
            "kappa_difference",
            "kappa_low",
            "kappa_high",
        ],
        rows: rows.collect(),
    }
}

fn region_split_label(analysis: &Analysis) -> DataTable {
    let rows = analysis.dataset.summary.composition.region_split_label.iter().map(|r| {
        vec![
            r.finding.clone(),
            r.region.clone(),
            r.split.clone(),
            r.negative.to_string(),
            r.positive.to_string(),
            r.not_stated.to_string(),
        ]
    });
    DataTable {
        name: "region_split_label",
        head: vec!["finding", "region", "split", "negative", "positive", "not_stated"],
        rows: rows.collect(),
    }
}

fn co_occurrence(analysis: &Analysis) -> DataTable {
    let rows = analysis.dataset.summary.composition.co_occurrence.iter().map(|c| {
        vec![
            c.first.clone(),
            c.second.clone(),
            c.both.to_string(),
            c.of_first.to_string(),
            c.of_second.to_string(),
            number(c.ratio),
        ]
    });
    DataTable {
        name: "co_occurrence",
        head: vec!["first", "second", "both", "of_first", "of_second", "ratio"],
        rows: rows.collect(),
    }
}
