//! How often 95 % intervals hold the truth, by seeded simulation: reported, not asserted.

use overread_stats::cluster::{Cluster, clustered_proportion};
use overread_stats::compare::newcombe_difference;
use overread_stats::kappa::{Weights, kappa};
use overread_stats::stratified::{Stratum, stratified};
use overread_stats::{Interval, Level, confidence_sequence, proportion};

use crate::Stream;

const RUNS: u32 = 4000;

/// Share of runs whose interval holds the truth; runs without interval count as misses.
fn covered(seed: u64, truth: f64, mut run: impl FnMut(&mut Stream) -> Option<Interval>) -> f64 {
    let mut random = Stream::new(seed);
    let hits = (0..RUNS).filter(|_| run(&mut random).is_some_and(|ci| ci.contains(truth))).count();
    hits as f64 / f64::from(RUNS)
}

fn binomial(random: &mut Stream, n: u64, p: f64) -> u64 {
    (0..n).filter(|_| random.share() < p).count() as u64
}

pub(crate) fn print() {
    println!("\nCoverage of 95 % intervals, {RUNS} seeded runs each");
    let show = |name: &str, share: f64| println!("{name:<64} {:.1} %", 100.0 * share);
    for (n, p) in [(50, 0.5), (50, 0.9), (50, 0.98), (20, 0.05)] {
        let at = |name: &str, of: fn(u64, u64) -> Option<Interval>| {
            let share = covered(11, p, |r| of(binomial(r, n, p), n));
            show(&format!("{name}, n = {n}, p = {p}"), share);
        };
        at("Wilson", |k, n| proportion(k, n, Level::P95).wilson);
        at("Clopper–Pearson", |k, n| proportion(k, n, Level::P95).clopper_pearson);
    }
    for p in [0.5, 0.9] {
        let all = covered(12, p, |r| every_look(r, 200, p));
        show(&format!("confidence sequence at every look up to 200, p = {p}"), all);
    }
    let difference = covered(13, 0.3, |r| {
        newcombe_difference(binomial(r, 40, 0.9), 40, binomial(r, 10, 0.6), 10, Level::P95)
    });
    show("Newcombe difference, 40 at 0.9 against 10 at 0.6", difference);
    show("Wilson at the effective sample, patients of one mind", covered(14, 0.7, of_one_mind));
    show("Wilson that ignores the patients, same data", covered(14, 0.7, ignoring_patients));
    show("kappa, Fleiss–Cohen–Everitt, n = 100, kappa 0.6", covered(15, 0.6, kappa_of_hundred));
    show(
        "dataset sensitivity, 100 of each label, positives in both",
        covered(16, SENSITIVITY, design),
    );
}

/// The intersection over all looks: it holds the truth when every look did.
fn every_look(random: &mut Stream, most: u64, p: f64) -> Option<Interval> {
    let (mut k, mut all) = (0, Interval::new(0.0, 1.0));
    for n in 1..=most {
        k += u64::from(random.share() < p);
        let ci = confidence_sequence(k, n, 0.05).ci?;
        all = Interval::new(all.low.max(ci.low), all.high.min(ci.high));
    }
    Some(all)
}

/// Forty patients with one to five studies; all studies of a patient agree.
fn patients(random: &mut Stream) -> Vec<Cluster> {
    (0..40)
        .map(|_| {
            let size = 1 + random.below(5);
            Cluster { successes: if random.share() < 0.7 { size } else { 0 }, size }
        })
        .collect()
}

fn of_one_mind(random: &mut Stream) -> Option<Interval> {
    clustered_proportion(&patients(random), Level::P95).ci_wilson_neff
}

fn ignoring_patients(random: &mut Stream) -> Option<Interval> {
    let patients = patients(random);
    let sum = |of: fn(&Cluster) -> u64| patients.iter().map(of).sum();
    proportion(sum(|c| c.successes), sum(|c| c.size), Level::P95).wilson
}

/// Margins of one half each, so that agreement of 0.8 is a kappa of 0.6.
fn kappa_of_hundred(random: &mut Stream) -> Option<Interval> {
    let mut table = vec![vec![0_u64; 2]; 2];
    for _ in 0..100 {
        let first = usize::from(random.share() < 0.5);
        let second = if random.share() < 0.8 { first } else { 1 - first };
        table[first][second] += 1;
    }
    kappa(&table, Weights::Identity, Level::P95).ci_fce
}

/// 10,000 label-positives of which 7,000 are truly positive, 90,000 label-negatives of which 4,500 are.
const SENSITIVITY: f64 = 7000.0 / 11_500.0;

fn design(random: &mut Stream) -> Option<Interval> {
    let mut drawn = |label: bool, population: u64, p: f64| Stratum {
        name: String::new(),
        label,
        population,
        sampled: 100,
        positive: binomial(random, 100, p),
    };
    let strata = [drawn(true, 10_000, 0.7), drawn(false, 90_000, 0.05)];
    stratified(&strata, Level::P95).design.sensitivity.ci
}
