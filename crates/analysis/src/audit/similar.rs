//! Is a sample like the dataset it was drawn from, as a table claims?

use overread_stats::compare::fisher_exact;
use overread_stats::dist::chi_square_sf;
use overread_stats::multiplicity::holm;

use super::table::{Cell, Role, Table};
use super::{Audit, Finding, Verdict, count};

/// Below this p-value a claim of likeness is not borne out.
const LIMIT: f64 = 0.05;

/// A stratum of the sample beside the same one of the dataset.
struct Pair<'a> {
    sample: &'a Cell,
    dataset: &'a Cell,
    n: u64,
    size: u64,
}

/// Tests the distribution over strata, and within each stratum the share that is printed.
pub(super) fn check(table: &Table, first: &str, second: &str, claim: &str, out: &mut Audit) {
    let mut pairs = Vec::new();
    for sample in table.cells.iter().filter(|c| c.metric == first && c.role != Role::Total) {
        let Some(dataset) = table.cell(&sample.row, second) else { continue };
        if let (Some(n), Some(size)) = (sample.n, dataset.n) {
            pairs.push(Pair { sample, dataset, n, size });
        }
    }
    if pairs.len() < 2 {
        return;
    }
    let total = table
        .cells
        .iter()
        .find(|c| c.metric == first && c.role == Role::Total)
        .or_else(|| pairs.first().map(|p| p.sample));
    let Some(total) = total else { return };
    out.findings.push(distribution(total, &pairs, claim));
    shares(&pairs, claim, out);
}

/// Goodness of fit of the sample's strata to the dataset's.
fn distribution(total: &Cell, pairs: &[Pair<'_>], claim: &str) -> Finding {
    let sampled: u64 = pairs.iter().map(|p| p.n).sum();
    let all: u64 = pairs.iter().map(|p| p.size).sum();
    let mut statistic = 0.0;
    for pair in pairs {
        let expected = sampled as f64 * pair.size as f64 / all as f64;
        statistic += (pair.n as f64 - expected).powi(2) / expected;
    }
    let df = pairs.len() - 1;
    let p = chi_square_sf(statistic, df as f64);
    let verdict = if p < LIMIT { Verdict::LooksLike } else { Verdict::Holds };
    let end = if p < LIMIT {
        "a random sample of the dataset would differ so much that rarely"
    } else {
        "the test does not speak against it"
    };
    let text = format!(
        "Claim: {claim}. Studies by row against the dataset: χ² = {statistic:.1} on {df} df, p = {p:.2}{}: {end}.",
        if p < 0.005 { format!(" ({p:.1e})") } else { String::new() }
    )
    .replace("p = 0.00 (", "p < 0.005 (");
    let mut finding = Finding::new(total, "similarity", verdict, text);
    "studies by row".clone_into(&mut finding.metric);
    finding.printed = format!("{} of {} studies", count(sampled), count(all));
    if p < LIMIT {
        finding.looks_like = Some("strata drawn with unequal probabilities".to_owned());
    }
    finding
}

/// Fisher's test of each stratum's share against the rest of the dataset, for the count most favourable to the claim.
fn shares(pairs: &[Pair<'_>], claim: &str, out: &mut Audit) {
    let p: Vec<Option<f64>> = pairs.iter().map(most_favourable).collect();
    let tests = p.iter().flatten().count();
    for ((pair, raw), adjusted) in pairs.iter().zip(&p).zip(holm(&p)) {
        let (Some(raw), Some(adjusted)) = (raw, adjusted) else { continue };
        if LIMIT <= adjusted {
            continue;
        }
        let text = format!(
            "Claim: {claim}. {} of the {} sampled against {} of the {} in the dataset: Fisher p = {raw:.1e}, Holm over {tests} rows {adjusted:.1e}, for the count that favours the claim most.",
            pair.sample.shown(),
            count(pair.n),
            pair.dataset.shown(),
            count(pair.size),
        );
        let mut finding = Finding::new(pair.sample, "similarity", Verdict::LooksLike, text);
        finding.printed = format!("{} against {}", pair.sample.shown(), pair.dataset.shown());
        finding.looks_like = Some("a sample that differs from the dataset".to_owned());
        out.findings.push(finding);
    }
}

fn most_favourable(pair: &Pair<'_>) -> Option<f64> {
    let counts = pair.sample.estimate.counts(pair.n)?;
    let all = match pair.dataset.x {
        Some(x) => x..=x,
        None => pair.dataset.estimate.counts(pair.size)?,
    };
    let rest = pair.size.checked_sub(pair.n)?;
    let mut best: Option<f64> = None;
    for k in counts {
        for whole in all.clone() {
            // The sample is part of the dataset: it is held against the rest.
            let Some(others) = whole.checked_sub(k).filter(|o| *o <= rest) else { continue };
            let p = fisher_exact(k, pair.n - k, others, rest - others);
            best = Some(best.map_or(p, |b| b.max(p)));
        }
    }
    best
}
