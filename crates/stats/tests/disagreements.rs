//! Where packages disagree: each choice of `docs/methods/conventions.md` held against the other one.

use overread_stats::Level;
use overread_stats::compare::two_proportions;
use overread_stats::kappa::{Weights, kappa};
use overread_stats::label_quality::{Confusion, label_quality};
use overread_stats::paired::mcnemar;
use overread_stats::raters::{fleiss, gwet};
use overread_stats::roc::roc_points;
use overread_stats::two_rater::{beyond_chance, two_rater};

const P95: Level = Level::P95;
const Z: f64 = 1.959_963_984_540_054;
/// The same formula summed in another order.
const CLOSE: f64 = 1e-12;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < CLOSE, "{a} is not {b}");
}

/// Subjects by their counts of the two categories.
fn subjects() -> Vec<Vec<u64>> {
    vec![vec![3, 0], vec![2, 1], vec![0, 3], vec![1, 2], vec![3, 0], vec![3, 0], vec![0, 3]]
}

#[test]
fn the_error_of_ac1_divides_by_n_minus_1() {
    let found = gwet(&subjects(), Weights::Identity, P95);
    let shares: Vec<[f64; 2]> =
        subjects().iter().map(|row| [row[0] as f64 / 3.0, row[1] as f64 / 3.0]).collect();
    let n = shares.len() as f64;
    let pi = [0, 1].map(|k| shares.iter().map(|s| s[k]).sum::<f64>() / n);
    let pa: Vec<f64> = subjects()
        .iter()
        .map(|row| row.iter().map(|&k| k as f64 * (k as f64 - 1.0)).sum::<f64>() / 6.0)
        .collect();
    let pe = pi.iter().map(|p| p * (1.0 - p)).sum::<f64>();
    let observed = pa.iter().sum::<f64>() / n;
    let coefficient = (observed - pe) / (1.0 - pe);
    close(found.est.unwrap(), coefficient);
    // Linearised: each subject's own agreement, and its own share in the chance agreement.
    let squares: f64 = shares
        .iter()
        .zip(&pa)
        .map(|(s, pa)| {
            let own = (0..2).map(|k| (1.0 - pi[k]) * s[k]).sum::<f64>();
            let x = (pa - pe) / (1.0 - pe) - 2.0 * (1.0 - coefficient) * (own - pe) / (1.0 - pe);
            (x - coefficient).powi(2)
        })
        .sum();
    close(found.se.unwrap(), (squares / (n * (n - 1.0))).sqrt());
    assert!((found.se.unwrap() - squares.sqrt() / n).abs() > 1e-3, "not by n");
}

#[test]
fn the_interval_of_kappa_rests_on_its_own_error_and_not_on_that_of_no_agreement() {
    let found = kappa(&[vec![40, 9], vec![6, 45]], Weights::Identity, P95);
    let (value, ci) = (found.kappa.unwrap(), found.ci_fce.unwrap());
    close(ci.high - value, Z * found.se_fce.unwrap());
    assert!((found.se_fce.unwrap() - found.se_null.unwrap()).abs() > 1e-3);
    assert!((found.se_fce.unwrap() - found.se_mchugh.unwrap()).abs() > 1e-5);
}

#[test]
fn constant_data_have_no_kappa_and_an_ac1_of_1() {
    let both = two_rater(&[vec![0, 0], vec![0, 12]], false, P95);
    assert_eq!((both.kappa.kappa, both.scott_pi.est), (None, None));
    assert!(both.kappa.reason.is_some());
    assert_eq!(both.gwet_ac1.est, Some(1.0));
    let panel = vec![vec![0, 3]; 5];
    assert_eq!(fleiss(&panel, Weights::Identity, P95).coefficient.est, None);
    assert_eq!(gwet(&panel, Weights::Identity, P95).est, Some(1.0));
}

#[test]
fn a_predictive_value_of_nothing_is_not_zero() {
    let found = label_quality(Confusion { tp: 0, fp: 0, fn_: 4, tn: 9 }, P95);
    assert_eq!((found.ppv.est, found.ppv.wilson), (None, None));
    assert!(found.npv.est.is_some());
}

#[test]
fn mcnemars_correction_makes_nothing_out_of_equal_counts() {
    let found = mcnemar(7, 7);
    // (|b − c| − 1)² without regard to its sign would be 1, and the corrected value 1/14.
    assert_eq!((found.exact_p, found.chi2, found.chi2_cc), (1.0, Some(0.0), Some(0.0)));
    assert_eq!((found.chi2_p, found.chi2_cc_p), (Some(1.0), Some(1.0)));
}

#[test]
fn the_interval_of_youdens_index_is_newcombes_and_not_the_sum_of_two() {
    let found = label_quality(Confusion { tp: 32, fp: 7, fn_: 8, tn: 53 }, P95);
    let (sensitivity, specificity) = (found.sensitivity.unwrap(), found.specificity.unwrap());
    let youden = found.youden.unwrap();
    let ci = youden.ci.unwrap();
    let hybrid = two_proportions(32, 40, 7, 60, P95);
    close(youden.est.unwrap(), hybrid.diff.unwrap());
    close(ci.low, hybrid.newcombe.unwrap().low);
    close(ci.high, hybrid.newcombe.unwrap().high);
    let summed = sensitivity.wilson.unwrap().low + specificity.wilson.unwrap().low - 1.0;
    assert!(summed + 0.01 < ci.low, "adding the limits is wider");
}

#[test]
fn the_odds_ratio_is_that_of_the_sample() {
    close(two_proportions(8, 10, 3, 12, P95).or.unwrap(), 8.0 * 9.0 / (2.0 * 3.0));
}

#[test]
fn thresholds_of_a_curve_are_observed_scores() {
    let score = [0.1, 0.4, 0.4, 0.9];
    let points = roc_points(&[false, true, false, true], &score);
    let thresholds: Vec<Option<f64>> = points.iter().map(|p| p.threshold).collect();
    assert_eq!(thresholds, [None, Some(0.9), Some(0.4), Some(0.1)]);
}

#[test]
fn fleiss_with_two_raters_is_scotts_pi_and_not_cohens_kappa() {
    let (a, b, c, d) = (20_usize, 9_usize, 2_usize, 15_usize);
    let counts = [(vec![0, 2], a), (vec![1, 1], b + c), (vec![2, 0], d)];
    let rows: Vec<Vec<u64>> =
        counts.iter().flat_map(|(row, n)| std::iter::repeat_n(row.clone(), *n)).collect();
    let [a, b, c, d] = [a, b, c, d].map(|n| n as u64);
    let two = two_rater(&[vec![d, c], vec![b, a]], false, P95);
    let panel = fleiss(&rows, Weights::Identity, P95).coefficient.est.unwrap();
    close(panel, two.scott_pi.est.unwrap());
    assert!((panel - two.kappa.kappa.unwrap()).abs() > 1e-3);
}

#[test]
fn the_short_way_gives_the_same_figures_as_the_whole_one() {
    for table in [[[40, 9], [6, 45]], [[0, 0], [0, 12]], [[0, 0], [0, 0]], [[3, 0], [7, 0]]] {
        let table = table.map(|row: [u64; 2]| row.to_vec());
        let (short, whole) = (beyond_chance(&table, P95), two_rater(&table, true, P95));
        assert_eq!(short.kappa, whole.kappa);
        assert_eq!(short.kappa, kappa(&table, Weights::Identity, P95));
        assert_eq!(short.gwet_ac1.est, whole.gwet_ac1.est);
        assert_eq!((short.pabak, short.binary), (whole.pabak, whole.binary));
    }
}
