//! Resampling gives the same bits on one thread and on many.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use overread_stats::Level;
use overread_stats::alpha::{Metric, krippendorff_alpha};
use overread_stats::bootstrap::{
    PatientTriples, Resampling, kappa_bootstrap, kappa_difference_bootstrap,
};
use overread_stats::kappa::Weights;
use overread_stats::stratified::{Stratum, stratified_bootstrap};

const PLAN: Resampling = Resampling { reps: 700, seed: 11 };

/// The result on one thread, which that on seven must equal.
fn on_one_and_many<T: PartialEq + std::fmt::Debug + Send>(work: impl Fn() -> T + Sync) -> T {
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let one = pool(1).install(&work);
    assert_eq!(one, pool(7).install(&work));
    one
}

#[test]
fn kappa_of_two_and_of_four_categories() {
    for q in [2_usize, 4] {
        let pairs: Vec<(usize, usize)> =
            (0..301).map(|i| (i % q, (i + usize::from(i % 5 == 0)) % q)).collect();
        let drawn =
            on_one_and_many(|| kappa_bootstrap(&pairs, q, Weights::Quadratic, PLAN, Level::P95));
        let ci = drawn.ci.unwrap();
        assert!(ci.low < ci.high && drawn.defined == PLAN.reps, "{drawn:?}");
    }
}

#[test]
fn alpha_with_gaps() {
    let units: Vec<Vec<u64>> =
        (0..120).map(|i| vec![i % 3, (i / 3) % 4, u64::from(i % 7 == 0)]).collect();
    for metric in [Metric::Nominal, Metric::Ordinal] {
        let found = on_one_and_many(|| {
            krippendorff_alpha(&units, &[0.0, 1.0, 2.0], metric, Some(PLAN), Level::P95)
        });
        let ci = found.bootstrap.unwrap().ci.unwrap();
        assert!(ci.low < ci.high);
    }
}

#[test]
fn the_difference_of_two_kappas_over_patients() {
    let patients: Vec<PatientTriples> = (0..90)
        .map(|i| (0..=i % 3).map(|k| ((i + k) % 2, (i + k / 2) % 2, (i * k + 1) % 2)).collect())
        .collect();
    let drawn = on_one_and_many(|| {
        kappa_difference_bootstrap(&patients, 2, Weights::Identity, PLAN, Level::P95)
    });
    assert!(drawn.ci.unwrap().low < drawn.ci.unwrap().high);
}

#[test]
fn a_sample_divided_by_label() {
    let arm = |label, population, sampled, positive| Stratum {
        name: String::new(),
        label,
        population,
        sampled,
        positive,
    };
    let strata = [arm(true, 900, 50, 41), arm(true, 200, 20, 11), arm(false, 9_000, 60, 4)];
    on_one_and_many(|| format!("{:?}", stratified_bootstrap(&strata, PLAN, Level::P95)));
}
