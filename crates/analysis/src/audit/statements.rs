//! What a paper says about its table outside the table: claims, counts of files, definitions.

use overread_stats::printed::Printed;
use serde::Deserialize;

use super::table::{Cell, Kind, Table};
use super::{Audit, Finding, Range, Verdict, count, percent, similar};

/// What stands beside a built-in table.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notes {
    pub(super) title: Option<String>,
    pub(super) citation: Option<String>,
    pub(super) source: Option<String>,
    /// Metrics that come from another table and are only used.
    #[serde(default)]
    pub(super) given: Vec<String>,
    /// Whether all kappas of a row are against one and the same reference.
    #[serde(default)]
    pub(super) same_reference: bool,
    /// Metrics whose every cell is expected to be a whole count.
    #[serde(default)]
    pub(super) whole: Vec<String>,
    #[serde(default)]
    pub(super) statement: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Statement {
    /// A number of the table that the text repeats.
    Text { row: String, metric: String, cell: Place, printed: String, r#where: String },
    /// A number of the text against a count of a file.
    Counted {
        row: String,
        metric: String,
        printed: String,
        low: f64,
        high: f64,
        counted: Vec<Counted>,
    },
    /// A number that the text's own factors give.
    Product {
        row: String,
        metric: String,
        printed: u64,
        factors: Vec<u64>,
        factor_names: String,
        r#where: String,
    },
    /// `first` lies below `second` in every row that has both.
    Below { first: String, second: String, claim: String },
    /// A row split by a stratum of a printed share, with a printed value inside or outside.
    Split {
        row: String,
        metric: String,
        share: String,
        inside: Option<String>,
        outside: Option<String>,
        name: String,
    },
    /// A sample is like its dataset.
    Similar { first: String, second: String, claim: String },
    /// A `specificity` per pathology: of what?
    Specificity { studies: u64, label_positive: (u64, u64), abnormal_at_most: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    Estimate,
    Low,
    High,
}

/// A count of a file; a share where n is given.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counted {
    file: String,
    x: u64,
    n: Option<u64>,
}

pub(super) fn check(table: &Table, notes: &Notes, out: &mut Audit) {
    whole_counts(table, &notes.whole, out);
    for statement in &notes.statement {
        match statement {
            Statement::Text { row, metric, cell, printed, r#where } => {
                if let Some(found) = table.cell(row, metric) {
                    repeated(found, *cell, printed, r#where, out);
                }
            }
            Statement::Counted { row, metric, printed, low, high, counted } => {
                out.findings.push(against_files(row, metric, printed, (*low, *high), counted));
            }
            Statement::Product { row, metric, printed, factors, factor_names, r#where } => {
                let product: u64 = factors.iter().product();
                let factors: Vec<String> = factors.iter().map(u64::to_string).collect();
                let holds = product == *printed;
                let text = format!(
                    "{} {factor_names} are {}; {} is printed in {where}.",
                    factors.join(" × "),
                    count(product),
                    count(*printed),
                    where = r#where
                );
                let verdict = if holds { Verdict::Holds } else { Verdict::CannotBe };
                let mut finding = said(row, metric, "product", verdict, &count(*printed), text);
                finding.possible = Some(Range { low: product as f64, high: product as f64 });
                finding.possible_text = Some(count(product));
                out.findings.push(finding);
            }
            Statement::Below { first, second, claim } => below(table, first, second, claim, out),
            Statement::Split { row, metric, share, inside, outside, name } => {
                if let Some(cell) = table.cell(row, metric) {
                    let parts = [
                        share,
                        inside.as_ref().unwrap_or(share),
                        outside.as_ref().unwrap_or(share),
                    ];
                    if parts.iter().all(|text| printed_share(text).is_some()) {
                        split(cell, share, inside.as_deref(), outside.as_deref(), name, out);
                    }
                }
            }
            Statement::Similar { first, second, claim } => {
                similar::check(table, first, second, claim, out);
            }
            Statement::Specificity { studies, label_positive, abnormal_at_most } => {
                for cell in table.cells.iter().filter(|c| c.kind == Kind::Specificity) {
                    let same = |c: &&Cell| c.row == cell.row && c.kind == Kind::Sensitivity;
                    if let Some(sensitivity) = table.cells.iter().find(same) {
                        let arms = Arms {
                            n: *studies,
                            label_positive: *label_positive,
                            abnormal: *abnormal_at_most,
                        };
                        out.findings.push(arms.judge(sensitivity, cell));
                    }
                }
            }
        }
    }
}

fn said(
    row: &str,
    metric: &str,
    kind: &'static str,
    verdict: Verdict,
    printed: &str,
    explanation: String,
) -> Finding {
    Finding {
        row: row.to_owned(),
        metric: metric.to_owned(),
        kind,
        verdict,
        printed: printed.to_owned(),
        possible: None,
        possible_text: None,
        looks_like: None,
        explanation,
    }
}

/// A percentage as a proportion.
fn printed_share(text: &str) -> Option<Printed> {
    Printed::parse(text.strip_suffix('%')?)?.of_percent()
}

fn whole_counts(table: &Table, metrics: &[String], out: &mut Audit) {
    let cells = || table.cells.iter().filter(|c| metrics.contains(&c.metric));
    let exact = cells()
        .filter(|c| {
            c.n.and_then(|n| c.estimate.counts(n).map(|k| (*k.start(), n)))
                .is_some_and(|(k, n)| (k as f64 / n as f64 - c.estimate.value()).abs() < 1e-12)
        })
        .count();
    let all = cells().count();
    if all == 0 || exact < all {
        return;
    }
    let text = format!("All {all} values are exactly k/n; none was rounded.");
    let metric = metrics.join(" and ");
    out.findings.push(said(
        "all rows",
        &metric,
        "exact_counts",
        Verdict::Holds,
        &format!("{all} values"),
        text,
    ));
}

fn repeated(cell: &Cell, place: Place, printed: &str, at: &str, out: &mut Audit) {
    let (name, value) = match (place, cell.interval) {
        (Place::Estimate, _) => ("estimate", cell.estimate),
        (Place::Low, Some((low, _))) => ("lower limit", low),
        (Place::High, Some((_, high))) => ("upper limit", high),
        (_, None) => return,
    };
    let Some(other) = Printed::parse(printed) else { return };
    let same = other.with_decimals(value.decimals()) == Some(value);
    let shown = format!("{:.*}", value.decimals() as usize, value.value());
    let text = format!(
        "The {name} is {shown} in the table and {printed} in the text ({at}): one of them is wrong."
    );
    let verdict = if same { Verdict::Holds } else { Verdict::CannotBe };
    let mut finding = Finding::new(cell, "differs_from_text", verdict, text);
    finding.printed = format!("{shown} and {printed}");
    out.findings.push(finding);
}

fn against_files(
    row: &str,
    metric: &str,
    printed: &str,
    (low, high): (f64, f64),
    counted: &[Counted],
) -> Finding {
    let value = |c: &Counted| c.n.map_or(c.x as f64, |n| c.x as f64 / n as f64);
    let fits = counted.iter().any(|c| low <= value(c) && value(c) <= high);
    let each: Vec<String> = counted
        .iter()
        .map(|c| match c.n {
            Some(n) => {
                format!("{}/{} = {} ({})", count(c.x), count(n), percent(value(c)), c.file)
            }
            None => format!("{} ({})", count(c.x), c.file),
        })
        .collect();
    let each = each.join(", ");
    let allowed = if counted.iter().any(|c| c.n.is_some()) {
        format!("{}–{}", percent(low), percent(high))
    } else {
        format!("{low:.0}–{high:.0}")
    };
    let text = format!("Counted: {each}. The wording was read as {allowed}.");
    let verdict = if fits { Verdict::Holds } else { Verdict::CannotBe };
    let mut finding = said(row, metric, "differs_from_file", verdict, printed, text);
    let least = counted.iter().map(value).fold(f64::INFINITY, f64::min);
    let most = counted.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
    finding.possible = Some(Range { low: least, high: most });
    finding.possible_text = Some(each);
    finding
}

/// Rows in which one value is not below the other as printed.
fn below(table: &Table, first: &str, second: &str, claim: &str, out: &mut Audit) {
    let (mut rows, mut shown) = (0_u64, 0_u64);
    let mut last = None;
    for a in table.cells.iter().filter(|c| c.metric == first) {
        let Some(b) = table.cell(&a.row, second) else { continue };
        rows += 1;
        last = Some(a);
        let exact = a.n.and_then(|n| a.estimate.counts(n).map(|k| *k.end() as f64 / n as f64));
        let most = exact.unwrap_or(a.estimate.bounds().high);
        let least = b.estimate.bounds().low;
        if most < least {
            shown += 1;
            continue;
        }
        let verdict = if b.estimate.bounds().high <= a.estimate.bounds().low {
            Verdict::CannotBe
        } else {
            Verdict::LooksLike
        };
        let text = format!(
            "Claim: {claim}. {} against a rounded {}, which stands for {} to {}: not shown as printed.",
            a.shown(),
            b.shown(),
            percent(least),
            percent(b.estimate.bounds().high)
        );
        let mut finding = Finding::new(a, "not_shown", verdict, text);
        finding.printed = format!("{} against {}", a.shown(), b.shown());
        finding.looks_like = Some("equal values called lower".to_owned());
        out.findings.push(finding);
    }
    if let Some(cell) = last {
        let text = format!("Claim: {claim}. Shown as printed in {shown} of {rows} rows.");
        let mut finding = Finding::new(cell, "claim", Verdict::Holds, text);
        "all rows".clone_into(&mut finding.row);
        finding.printed = format!("{rows} rows");
        out.findings.push(finding);
    }
}

/// Every whole table of a row with a stratum of a printed share and a printed value inside or outside.
fn split(
    cell: &Cell,
    share: &str,
    inside: Option<&str>,
    outside: Option<&str>,
    name: &str,
    out: &mut Audit,
) {
    let Some((n, wanted)) = cell.n.zip(printed_share(share)) else { return };
    let side = |text: Option<&str>| text.and_then(printed_share);
    let (inner, outer) = (side(inside), side(outside));
    let mut found = Vec::new();
    for positive in cell.estimate.counts(n).into_iter().flatten() {
        for members in 0..=n {
            for hits in 0..=positive.min(members) {
                let others = n - members;
                let misses = positive - hits;
                let fits = misses <= others
                    && inner.is_none_or(|p| 0 < members && p.prints(hits as f64 / members as f64))
                    && outer.is_none_or(|p| 0 < others && p.prints(misses as f64 / others as f64));
                if !fits {
                    continue;
                }
                if wanted.prints(members as f64 / n as f64) {
                    found.push((members, hits, others, misses, "studies"));
                }
                if 0 < positive && wanted.prints(hits as f64 / positive as f64) {
                    found.push((members, hits, others, misses, "positive studies"));
                }
            }
        }
    }
    let printed = format!("{} with {share} {name}", cell.shown());
    let words: Vec<String> = found
        .iter()
        .map(|(members, hits, others, misses, of)| {
            format!(
                "{hits}/{members} with and {misses}/{others} without ({share} taken of the {of})"
            )
        })
        .collect();
    let (verdict, text) = if found.is_empty() {
        (Verdict::CannotBe, format!("No split of {n} studies by {name} prints these shares."))
    } else {
        (Verdict::Holds, format!("Split by {name}: {}.", words.join(" or ")))
    };
    let mut finding = Finding::new(cell, "split", verdict, text);
    finding.printed = printed;
    out.findings.push(finding);
}

/// The arms that a table's sample leaves.
struct Arms {
    n: u64,
    label_positive: (u64, u64),
    abnormal: u64,
}

impl Arms {
    /// Least and greatest number of studies with the pathology for which some whole table prints both values.
    fn pathology(
        &self,
        sensitivity: &Cell,
        printed: Printed,
        most: u64,
        value: impl Fn(u64, u64, u64) -> Option<f64>,
    ) -> Option<(u64, u64)> {
        let mut out: Option<(u64, u64)> = None;
        for present in 1..=most {
            let Some(found) = sensitivity.estimate.counts(present) else { continue };
            let fits = found.into_iter().any(|tp| {
                (self.label_positive.0..=self.label_positive.1).any(|called| {
                    tp <= called
                        && present - tp <= self.n - called
                        && value(present, tp, called).is_some_and(|v| printed.prints(v))
                })
            });
            if fits {
                out = Some(out.map_or((present, present), |(low, _)| (low, present)));
            }
        }
        out
    }

    fn judge(&self, sensitivity: &Cell, cell: &Cell) -> Finding {
        let n = self.n;
        let share = |x: u64, of: u64| (0 < of).then(|| x as f64 / of as f64);
        // Label normal among those without this pathology.
        let specificity = |present: u64, tp: u64, called: u64| {
            share((n - called).checked_sub(present - tp)?, n - present)
        };
        // Without this pathology among those the label calls normal.
        let predictive = |present: u64, tp: u64, called: u64| {
            share((n - called).checked_sub(present - tp)?, n - called)
        };
        let printed = cell.estimate;
        let possible = self.pathology(sensitivity, printed, self.abnormal, specificity);
        let any = self.pathology(sensitivity, printed, n - 1, specificity);
        let npv = self.pathology(sensitivity, printed, self.abnormal, predictive);
        let (low, high) = self.label_positive;
        let frame = format!(
            "Of {n} studies {low} to {high} are labelled abnormal and at most {} are abnormal.",
            self.abnormal
        );
        let needs = any.map_or_else(
            || "no number of studies with the pathology prints it".to_owned(),
            |(least, _)| format!("it would take at least {least} studies with this one pathology"),
        );
        let as_npv = npv.map(|(least, most)| {
            format!(
                "a negative predictive value, P(pathology absent | label normal), with {least} to {most} studies with the pathology"
            )
        });
        let (verdict, text) = match possible {
            None => (
                Verdict::CannotBe,
                format!(
                    "{frame} As P(label normal | pathology absent) {needs}. P(label normal | no pathology at all) would be one number for all rows."
                ),
            ),
            Some((least, most)) => (
                Verdict::LooksLike,
                format!(
                    "{frame} As P(label normal | pathology absent) {needs}: possible only if {least} to {most} of at most {} abnormal studies have it.",
                    self.abnormal
                ),
            ),
        };
        let mut finding = Finding::new(cell, "not_a_specificity", verdict, text);
        finding.looks_like = as_npv;
        finding
    }
}
