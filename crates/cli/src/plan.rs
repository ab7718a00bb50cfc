//! Sample sizes in words and as a table.

use std::fmt::Write as _;

use overread_session::verbs::Said;
use overread_stats::Level;
use overread_stats::allocation::{Arms, SensitivityPlan, meets, plan_stratum};
use overread_stats::planning::{
    plan_kappa_precision, plan_kappa_test, plan_proportion, wilson_half_width,
};
use serde_json::{Value, json};

use crate::args::PlanVerb;

/// Name and version of the serialised form.
const SCHEMA: &str = "overread.plan/1";

/// A plan, and whether it is to be printed as JSON.
pub(crate) fn plan(verb: &PlanVerb) -> anyhow::Result<(Said, bool)> {
    Ok(match *verb {
        PlanVerb::Proportion { p, half_width, deff, population, level, json } => {
            (proportion(p, half_width, deff, population, level)?, json)
        }
        PlanVerb::Kappa { kappa, prevalence, half_width, against, power, level, json } => {
            let said = match (against, half_width) {
                (Some(other), _) => kappa_test(kappa, prevalence, other, power, level)?,
                (None, Some(half_width)) => kappa_width(kappa, prevalence, half_width, level)?,
                (None, None) => anyhow::bail!("name a half-width, or another kappa with --against"),
            };
            (said, json)
        }
        PlanVerb::Stratum { prevalence, times, probability, population, json } => {
            (stratum(prevalence, times, probability, population)?, json)
        }
        PlanVerb::Sensitivity {
            ppv,
            missed,
            positives,
            negatives,
            half_width,
            reads,
            level,
            json,
        } => {
            let arms = Arms { ppv, missed, positives, negatives };
            (sensitivity(arms, half_width, reads, level)?, json)
        }
    })
}

/// A table of text cells with its head, columns right-aligned.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|h| h.chars().count())).max().unwrap_or(0)
    };
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(i, c)| format!("{c:>width$}", width = width(i)))
            .collect();
        format!("  {}\n", padded.join("  "))
    };
    let mut out = line(head.to_vec());
    for row in rows {
        out += &line(row.iter().map(String::as_str).collect());
    }
    out.trim_end().to_owned()
}

fn said(
    plan: &str,
    inputs: &Value,
    result: &Value,
    rows: &[Value],
    words: &str,
    table: &str,
) -> Said {
    let json = json!({
        "schema": SCHEMA,
        "plan": plan,
        "inputs": inputs,
        "result": result,
        "table": rows,
        "text": words,
    });
    Said::new(json, format!("{words}\n\n{table}"))
}

/// A share in points: two decimals, or as many as a small one needs to be seen.
fn points(value: f64) -> String {
    let value = value * 100.0;
    if value != 0.0 && value.abs() < 0.005 {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn studies(n: u64) -> String {
    if n == 1 { "1 study".to_owned() } else { format!("{n} studies") }
}

fn percent(level: f64) -> String {
    format!("{}%", points(level))
}

/// Half-widths around the wanted one, in the table beside it.
const BESIDE: [f64; 5] = [0.5, 0.75, 1.0, 1.5, 2.0];

fn proportion(
    p: f64,
    half_width: f64,
    deff: f64,
    population: Option<u64>,
    level: f64,
) -> anyhow::Result<Said> {
    let stated = Level::new(level)?;
    if population == Some(0) {
        anyhow::bail!("a class of 0 studies has no share to estimate: give --population its size");
    }
    let size = population.map(|n| n as f64);
    let found = plan_proportion(p, half_width, deff, size, stated)?;
    let mut words = format!(
        "Read {}: at a share of {} the {} Wilson interval then reaches at most {} points to each side.",
        studies(found.n_wilson),
        percent(p),
        percent(level),
        points(half_width)
    );
    if deff != 1.0 {
        write!(words, " The design effect of {deff} for several studies of one patient is in it.")
            .ok();
    }
    if let Some(n) = population {
        write!(words, " The class has {n} studies; the finite population correction is in it.")
            .ok();
    }
    write!(words, " By the normal approximation it would be {}.", found.n_wald).ok();
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for factor in BESIDE {
        let width = half_width * factor;
        if width >= 0.5 {
            continue;
        }
        let row = plan_proportion(p, width, deff, size, stated)?;
        let n = row.n_wilson as f64;
        let reached = wilson_half_width(p, n / deff, stated);
        cells.push(vec![
            points(width),
            row.n_wilson.to_string(),
            row.n_wald.to_string(),
            points(reached),
        ]);
        rows.push(json!({
            "half_width": width,
            "n_wilson": row.n_wilson,
            "n_wald": row.n_wald,
            "half_width_without_fpc": reached,
        }));
    }
    let inputs = json!({ "p": p, "half_width": half_width, "deff": deff, "population": population, "level": level });
    let result = json!({
        "n": found.n_wilson,
        "n_wilson": found.n_wilson,
        "n_wald": found.n_wald,
        "n_wald_raw": found.n_wald_raw,
    });
    let head = [
        "half-width, points",
        "studies (Wilson)",
        "studies (Wald)",
        "Wilson half-width at that n, without finite population",
    ];
    Ok(said("proportion", &inputs, &result, &rows, &words, &table(&head, &cells)))
}

fn kappa_width(kappa: f64, prevalence: f64, half_width: f64, level: f64) -> anyhow::Result<Said> {
    let stated = Level::new(level)?;
    let found = plan_kappa_precision(kappa, prevalence, half_width, stated)?;
    if found.n == 0 {
        anyhow::bail!("a kappa of 1 varies by nothing, so no number follows: expect less than 1");
    }
    let words = format!(
        "Let two readers read {}: at a kappa of {kappa} and {} positive studies its {} interval then reaches about {half_width} to each side (Bloch & Kraemer 1989).",
        studies(found.n),
        percent(prevalence),
        percent(level)
    );
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for value in [0.2, 0.4, 0.6, 0.8, 0.9] {
        let mut line = vec![format!("{value}")];
        for share in [0.1, 0.3, 0.5] {
            let n = plan_kappa_precision(value, share, half_width, stated)?.n;
            rows.push(json!({ "kappa": value, "prevalence": share, "n": n }));
            line.push(n.to_string());
        }
        cells.push(line);
    }
    let inputs = json!({ "kappa": kappa, "prevalence": prevalence, "half_width": half_width, "level": level });
    let result = json!({ "n": found.n, "var_times_n": found.var_times_n });
    let head = ["kappa", "10% positive", "30% positive", "50% positive"];
    let table = format!("  Studies for a half-width of {half_width}\n{}", table(&head, &cells));
    Ok(said("kappa", &inputs, &result, &rows, &words, &table))
}

fn kappa_test(
    kappa: f64,
    prevalence: f64,
    against: f64,
    power: f64,
    level: f64,
) -> anyhow::Result<Said> {
    let stated = Level::new(level)?;
    let found = plan_kappa_test(against, kappa, prevalence, power, stated)?;
    let words = format!(
        "Let two readers read {}: with {} positive studies a kappa of {kappa} is then told from {against} with a power of {} at the {} level (Donner & Eliasziw 1992).",
        studies(found.n),
        percent(prevalence),
        percent(power),
        percent(1.0 - level),
    );
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for wanted in [0.7, 0.8, 0.9, 0.95] {
        let n = plan_kappa_test(against, kappa, prevalence, wanted, stated)?.n;
        rows.push(json!({ "power": wanted, "n": n }));
        cells.push(vec![percent(wanted), n.to_string()]);
    }
    let inputs = json!({ "kappa": kappa, "prevalence": prevalence, "against": against, "power": power, "level": level });
    let result = json!({ "n": found.n, "raw": found.raw });
    Ok(said("kappa_test", &inputs, &result, &rows, &words, &table(&["power", "studies"], &cells)))
}

fn stratum(
    prevalence: f64,
    times: u64,
    probability: f64,
    population: Option<u64>,
) -> anyhow::Result<Said> {
    let found = plan_stratum(prevalence, times, probability, population)?;
    let of = population.map_or_else(String::new, |n| format!(" of the {n} of the class"));
    let words = format!(
        "Read {}{of}: a stratum that makes up {} of them is then met at least {times} {} with a probability of {:.3} ({:.1} on average).",
        studies(found.n),
        percent(prevalence),
        if times == 1 { "time" } else { "times" },
        found.probability,
        found.expected
    );
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for wanted in [1, 2, 5, 10, 20] {
        // A small class may not hold so many.
        let Ok(row) = plan_stratum(prevalence, wanted, probability, population) else { continue };
        let now = meets(found.n, wanted, prevalence, population);
        rows.push(json!({ "times": wanted, "n": row.n, "probability_at_result": now }));
        cells.push(vec![wanted.to_string(), row.n.to_string(), format!("{now:.3}")]);
    }
    let inputs = json!({ "prevalence": prevalence, "times": times, "probability": probability, "population": population });
    let result =
        json!({ "n": found.n, "probability": found.probability, "expected": found.expected });
    let last = format!("probability at {} studies", found.n);
    let head = ["met at least", "studies", last.as_str()];
    Ok(said("stratum", &inputs, &result, &rows, &words, &table(&head, &cells)))
}

fn sensitivity(
    arms: Arms,
    half_width: Option<f64>,
    reads: Option<u64>,
    level: f64,
) -> anyhow::Result<Said> {
    let stated = Level::new(level)?;
    let found = match (half_width, reads) {
        (Some(width), _) => arms.plan_to(width, stated)?,
        (None, Some(reads)) => arms.plan(reads, stated)?,
        (None, None) => anyhow::bail!("name --half-width or --reads"),
    };
    let words = format!(
        "Read {} label-positives and {} label-negatives, {} in all (Neyman): the label's sensitivity in the dataset, {} under these assumptions, is then known to ±{} points at {}. Shared equally the same reads would give ±{} points.",
        found.positives,
        found.negatives,
        found.n,
        percent(found.sensitivity),
        points(found.half_width),
        percent(level),
        points(found.half_width_equal)
    );
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for factor in [0.25, 0.5, 1.0, 2.0, 4.0] {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small, positive"
        )]
        let n = (found.n as f64 * factor).round() as u64;
        let Ok(row) = arms.plan(n, stated) else { continue };
        let SensitivityPlan { positives, negatives, half_width, half_width_equal, .. } = row;
        rows.push(json!(row));
        cells.push(vec![
            row.n.to_string(),
            positives.to_string(),
            negatives.to_string(),
            points(half_width),
            points(half_width_equal),
        ]);
    }
    let inputs = json!({
        "ppv": arms.ppv,
        "missed": arms.missed,
        "positives": arms.positives,
        "negatives": arms.negatives,
        "half_width": half_width,
        "reads": reads,
        "level": level,
    });
    let head =
        ["reads", "label-positive", "label-negative", "half-width, points", "shared equally"];
    Ok(said("sensitivity", &inputs, &json!(found), &rows, &words, &table(&head, &cells)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(verb: &PlanVerb) -> u64 {
        plan(verb).unwrap().0.json["result"]["n"].as_u64().unwrap()
    }

    fn proportion_of(population: Option<u64>, deff: f64) -> PlanVerb {
        PlanVerb::Proportion { p: 0.9, half_width: 0.05, deff, population, level: 0.95, json: true }
    }

    #[test]
    fn a_plan_grows_with_the_design_effect_and_shrinks_with_a_small_class() {
        let plain = n(&proportion_of(None, 1.0));
        assert!(n(&proportion_of(None, 1.5)) > plain);
        assert!(n(&proportion_of(Some(300), 1.0)) < plain);
    }

    #[test]
    fn words_name_the_number_that_the_json_holds() {
        let verb = PlanVerb::Stratum {
            prevalence: 0.1,
            times: 5,
            probability: 0.95,
            population: None,
            json: false,
        };
        let (said, _) = plan(&verb).unwrap();
        let n = said.json["result"]["n"].as_u64().unwrap();
        assert!(said.text.starts_with(&format!("Read {n} studies")));
        assert!(said.json["table"].as_array().unwrap().iter().any(|row| row["n"] == n));
    }

    #[test]
    fn an_impossible_wish_is_an_error_not_a_number() {
        let verb = PlanVerb::Kappa {
            kappa: 0.6,
            prevalence: 0.0,
            half_width: Some(0.1),
            against: None,
            power: 0.8,
            level: 0.95,
            json: false,
        };
        assert!(plan(&verb).is_err());
        assert!(plan(&proportion_of(Some(0), 1.0)).is_err());
        for kappa in [1.0, 2.0, f64::INFINITY, f64::NAN] {
            let verb = PlanVerb::Kappa {
                kappa,
                prevalence: 0.3,
                half_width: Some(0.1),
                against: None,
                power: 0.8,
                level: 0.95,
                json: false,
            };
            assert!(plan(&verb).is_err(), "{kappa}");
        }
    }
}
