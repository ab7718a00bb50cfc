//! Symmetries and bounds that must hold for any counts.

use overread_stats::alpha::{Metric, krippendorff_alpha};
use overread_stats::bootstrap::{Resampling, cluster_bootstrap};
use overread_stats::cluster::{Cluster, clustered_proportion};
use overread_stats::compare::two_proportions;
use overread_stats::consensus::{Tie, plurality};
use overread_stats::dawid_skene::dawid_skene;
use overread_stats::kappa::{Weights, kappa, kappa_value};
use overread_stats::label_quality::{Confusion, label_quality};
use overread_stats::multiplicity::adjust;
use overread_stats::paired::{mcnemar, paired_difference};
use overread_stats::raters::{Chance, coefficient, conger, fleiss, gwet};
use overread_stats::roc::{delong, roc_points};
use overread_stats::stratified::{Stratum, stratified};
use overread_stats::two_rater::two_rater;
use overread_stats::{Level, confidence_sequence, proportion};
use proptest::prelude::*;

/// Sums in another order differ in the last bits.
const CLOSE: f64 = 1e-9;

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => (a - b).abs() <= CLOSE * a.abs().max(1.0),
        _ => false,
    }
}

fn table(q: usize) -> impl Strategy<Value = Vec<Vec<u64>>> {
    prop::collection::vec(prop::collection::vec(0..12_u64, q), q)
}

fn transposed(table: &[Vec<u64>]) -> Vec<Vec<u64>> {
    (0..table.len()).map(|j| table.iter().map(|row| row[j]).collect()).collect()
}

fn counts(q: usize) -> impl Strategy<Value = Vec<Vec<u64>>> {
    prop::collection::vec(prop::collection::vec(0..4_u64, q), 2..25)
}

fn has_no_nan(value: &impl std::fmt::Debug) -> bool {
    // Not through JSON: serde_json writes NaN and infinity as null.
    let text = format!("{value:?}");
    !text.contains("NaN") && !text.contains("inf")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_interval_contains_its_estimate(n in 1..2000_u64, part in 0.0..=1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of n")]
        let k = (part * n as f64).floor() as u64;
        let share = proportion(k, n, Level::P95);
        let p = share.est.unwrap();
        prop_assert!(share.wilson.unwrap().contains(p));
        let exact = share.clopper_pearson.unwrap();
        prop_assert!(exact.contains(p));
        let sequence = confidence_sequence(k, n, 0.05).ci.unwrap();
        prop_assert!(sequence.contains(p));
        // Valid at every look: never narrower than an interval for one look.
        prop_assert!(sequence.half_width() >= share.wilson.unwrap().half_width());
    }

    #[test]
    fn counting_failures_mirrors_the_interval(n in 1..500_u64, k in 0..500_u64) {
        let k = k.min(n);
        let (a, b) = (proportion(k, n, Level::P95), proportion(n - k, n, Level::P95));
        let (a, b) = (a.clopper_pearson.unwrap(), b.clopper_pearson.unwrap());
        prop_assert!((a.low + b.high - 1.0).abs() < CLOSE);
        let (a, b) = (confidence_sequence(k, n, 0.05), confidence_sequence(n - k, n, 0.05));
        prop_assert!((a.ci.unwrap().low + b.ci.unwrap().high - 1.0).abs() < CLOSE);
    }

    #[test]
    fn swapping_raters_changes_no_symmetric_figure(t in table(3)) {
        let other = transposed(&t);
        for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
            let (a, b) = (kappa(&t, weights, Level::P95), kappa(&other, weights, Level::P95));
            prop_assert!(close(a.kappa, b.kappa));
            prop_assert!(close(a.se_fce, b.se_fce));
            prop_assert!(close(a.se_null, b.se_null));
            let flat: Vec<u64> = t.iter().flatten().copied().collect();
            prop_assert!(close(kappa_value(&flat, 3, weights), a.kappa));
        }
        let (a, b) = (two_rater(&t, true, Level::P95), two_rater(&other, true, Level::P95));
        prop_assert!(close(a.scott_pi.est, b.scott_pi.est));
        prop_assert!(close(a.gwet_ac1.est, b.gwet_ac1.est));
        prop_assert!(close(a.gwet_ac1.se, b.gwet_ac1.se));
        prop_assert!(has_no_nan(&a));
    }

    #[test]
    fn renaming_the_categories_changes_no_nominal_figure(t in table(3)) {
        let renamed: Vec<Vec<u64>> =
            [2, 0, 1].iter().map(|&i| [2, 0, 1].iter().map(|&j| t[i][j]).collect()).collect();
        let (a, b) = (two_rater(&t, false, Level::P95), two_rater(&renamed, false, Level::P95));
        prop_assert!(close(a.kappa.kappa, b.kappa.kappa));
        prop_assert!(close(a.kappa.se_fce, b.kappa.se_fce));
        prop_assert!(close(a.pabak.est, b.pabak.est));
        prop_assert!(close(a.gwet_ac1.est, b.gwet_ac1.est));
    }

    #[test]
    fn the_order_of_subjects_changes_no_panel_figure(rows in counts(3), turn in 0..24_usize) {
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        for chance in [Chance::Fleiss, Chance::Gwet, Chance::BrennanPrediger] {
            for weights in [Weights::Identity, Weights::Quadratic] {
                let a = coefficient(&rows, chance, weights, Level::P95);
                let b = coefficient(&turned, chance, weights, Level::P95);
                prop_assert!(close(a.est, b.est) && close(a.se, b.se));
            }
        }
        let values = [0.0, 1.0, 2.0];
        for metric in [Metric::Nominal, Metric::Ordinal, Metric::Interval, Metric::Ratio] {
            let a = krippendorff_alpha(&rows, &values, metric, None, Level::P95).alpha;
            let b = krippendorff_alpha(&turned, &values, metric, None, Level::P95).alpha;
            prop_assert!(close(a, b));
        }
    }

    #[test]
    fn panel_figures_never_exceed_one(rows in counts(2)) {
        for value in [
            fleiss(&rows, Weights::Identity, Level::P95).coefficient.est,
            gwet(&rows, Weights::Identity, Level::P95).est,
            krippendorff_alpha(&rows, &[0.0, 1.0], Metric::Nominal, None, Level::P95).alpha,
        ].into_iter().flatten() {
            prop_assert!(value <= 1.0 + CLOSE);
        }
    }

    #[test]
    fn two_complete_raters_make_conger_cohen(t in table(2)) {
        let mut ratings = Vec::new();
        for (i, row) in t.iter().enumerate() {
            for (j, n) in row.iter().enumerate() {
                ratings.extend((0..*n).map(|_| vec![Some(i), Some(j)]));
            }
        }
        let cohen = kappa(&t, Weights::Identity, Level::P95).kappa;
        prop_assert!(close(conger(&ratings, 2, Weights::Identity).ok().map(|e| e.value), cohen));
    }

    #[test]
    fn patients_with_one_study_leave_the_share_alone(hits in prop::collection::vec(any::<bool>(), 2..60)) {
        let clusters: Vec<Cluster> =
            hits.iter().map(|h| Cluster { successes: u64::from(*h), size: 1 }).collect();
        let out = clustered_proportion(&clusters, Level::P95);
        let plain = proportion(out.k, out.n, Level::P95);
        prop_assert_eq!(out.est, plain.est);
        prop_assert!(out.ci_wilson_neff.unwrap().half_width() >= plain.wilson.unwrap().half_width() - CLOSE);
    }

    #[test]
    fn clustering_never_narrows_below_independence(
        sizes in prop::collection::vec((0..6_u64, 1..6_u64), 2..30)
    ) {
        let clusters: Vec<Cluster> =
            sizes.iter().map(|(y, m)| Cluster { successes: (*y).min(*m), size: *m }).collect();
        let out = clustered_proportion(&clusters, Level::P95);
        let plain = proportion(out.k, out.n, Level::P95);
        prop_assert!(out.n_eff.unwrap() <= out.n as f64);
        let widths = (out.ci_wilson_neff.unwrap().half_width(), plain.wilson.unwrap().half_width());
        prop_assert!(widths.0 >= widths.1 - CLOSE);
        let plan = Resampling { reps: 50, seed: 9 };
        let boot = cluster_bootstrap(&clusters, plan, Level::P95);
        prop_assert!(boot.ci.unwrap().low >= 0.0 && boot.ci.unwrap().high <= 1.0);
    }

    #[test]
    fn a_census_is_the_unweighted_table(
        n1 in 1..60_u64, n0 in 1..60_u64, k1 in 0..60_u64, k0 in 0..60_u64
    ) {
        let (k1, k0) = (k1.min(n1), k0.min(n0));
        let arm = |label, n, k| Stratum {
            name: String::new(), label, population: n, sampled: n, positive: k,
        };
        let out = stratified(&[arm(true, n1, k1), arm(false, n0, k0)], Level::P95);
        let table = Confusion { tp: k1, fp: n1 - k1, fn_: k0, tn: n0 - k0 };
        let plain = label_quality(table, Level::P95);
        prop_assert!(close(out.design.sensitivity.est, plain.sensitivity.unwrap().est));
        prop_assert!(close(out.design.specificity.est, plain.specificity.unwrap().est));
        prop_assert!(close(out.design.ppv.est, plain.ppv.est));
        for value in [out.design.sensitivity, out.design.prevalence, out.design.accuracy] {
            if let (Some(est), Some(ci)) = (value.est, value.ci) {
                prop_assert!((ci.low - est).abs() < CLOSE && (ci.high - est).abs() < CLOSE);
            }
        }
        prop_assert!(has_no_nan(&out));
    }

    #[test]
    fn strata_sampled_alike_may_be_merged(
        fraction in 2..9_u64, arms in prop::collection::vec((any::<bool>(), 2..40_u64, 0..40_u64), 2..6)
    ) {
        let part = |label, sampled: u64, positive: u64| Stratum {
            name: String::new(), label, population: sampled * fraction, sampled, positive,
        };
        let apart: Vec<Stratum> =
            arms.iter().map(|&(label, n, k)| part(label, n, k.min(n))).collect();
        let merged: Vec<Stratum> = [true, false].into_iter().filter_map(|label| {
            let own = || apart.iter().filter(move |s| s.label == label);
            let (n, k) = (own().map(|s| s.sampled).sum(), own().map(|s| s.positive).sum());
            (0 < n).then(|| part(label, n, k))
        }).collect();
        let (a, b) = (stratified(&apart, Level::P95).design, stratified(&merged, Level::P95).design);
        for (a, b) in [
            (a.sensitivity, b.sensitivity), (a.specificity, b.specificity), (a.ppv, b.ppv),
            (a.npv, b.npv), (a.prevalence, b.prevalence), (a.accuracy, b.accuracy),
        ] {
            prop_assert!(close(a.est, b.est), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_odds_ratio_of_merged_alike_strata_is_mantels_and_haenszels(
        a in 1..9_u64, b in 1..9_u64, c in 1..9_u64, d in 1..9_u64,
        times in prop::collection::vec(1..6_u64, 2..6)
    ) {
        // Strata that are multiples of one table: neither confounding nor interaction.
        let (mut above, mut below) = (0.0, 0.0);
        for t in &times {
            let [a, b, c, d] = [a, b, c, d].map(|n| (n * t) as f64);
            let n = a + b + c + d;
            above += a * d / n;
            below += b * c / n;
        }
        let sum: u64 = times.iter().sum();
        let merged =
            two_proportions(a * sum, (a + b) * sum, c * sum, (c + d) * sum, Level::P95);
        prop_assert!(close(merged.or, Some(above / below)), "{merged:?}");
    }

    #[test]
    fn weights_of_two_categories_are_the_unweighted_ones(t in table(2)) {
        let plain = kappa(&t, Weights::Identity, Level::P95);
        for weights in [Weights::Linear, Weights::Quadratic] {
            prop_assert_eq!(&kappa(&t, weights, Level::P95), &plain);
        }
    }

    #[test]
    fn weighted_estimates_lie_in_their_intervals(
        arms in prop::collection::vec((any::<bool>(), 1..400_u64, 0..40_u64, 0..40_u64), 1..6)
    ) {
        let strata: Vec<Stratum> = arms.iter().map(|&(label, population, n, k)| {
            let sampled = n.min(population);
            Stratum { name: String::new(), label, population, sampled, positive: k.min(sampled) }
        }).collect();
        let design = stratified(&strata, Level::P95).design;
        for value in [
            design.sensitivity, design.specificity, design.ppv, design.npv,
            design.prevalence, design.accuracy,
        ] {
            if let (Some(est), Some(ci)) = (value.est, value.ci) {
                prop_assert!(ci.low <= est + CLOSE && est <= ci.high + CLOSE, "{:?}", value);
                prop_assert!(ci.low >= -CLOSE && ci.high <= 1.0 + CLOSE);
            }
        }
    }

    #[test]
    fn swapping_label_and_reference_swaps_ppv_and_sensitivity(
        tp in 0..30_u64, fp in 0..30_u64, fn_ in 0..30_u64, tn in 0..30_u64
    ) {
        let one = label_quality(Confusion { tp, fp, fn_, tn }, Level::P95);
        let two = label_quality(Confusion { tp, fp: fn_, fn_: fp, tn }, Level::P95);
        prop_assert!(has_no_nan(&one));
        if let (Some(a), Some(b)) = (one.sensitivity, two.sensitivity) {
            prop_assert_eq!(a, two.ppv);
            prop_assert_eq!(b, one.ppv);
            prop_assert!(close(one.f1.unwrap().est, two.f1.unwrap().est));
            prop_assert!(close(one.kappa.unwrap().kappa, two.kappa.unwrap().kappa));
        }
    }

    #[test]
    fn tests_are_symmetric_and_probabilities(
        a in 0..25_u64, b in 0..25_u64, c in 0..25_u64, d in 0..25_u64
    ) {
        let (x, y) = (mcnemar(b, c), mcnemar(c, b));
        prop_assert!((x.exact_p - y.exact_p).abs() < CLOSE && (x.mid_p - y.mid_p).abs() < CLOSE);
        prop_assert!(x.exact_p > 0.0 && x.exact_p <= 1.0 && x.mid_p <= x.exact_p);
        let two = two_proportions(a, a + b, c, c + d, Level::P95);
        let back = two_proportions(c, c + d, a, a + b, Level::P95);
        prop_assert!(close(two.fisher_p, back.fisher_p));
        if let (Some(diff), Some(ci)) = (two.diff, two.newcombe) {
            prop_assert!(ci.low <= diff + CLOSE && diff <= ci.high + CLOSE);
        }
        let paired = paired_difference(a, b, c, d, Level::P95);
        if let (Some(diff), Some(ci)) = (paired.diff, paired.newcombe) {
            prop_assert!(ci.low <= diff + CLOSE && diff <= ci.high + CLOSE);
        }
    }

    #[test]
    fn adjusting_never_lowers_a_p_value(p in prop::collection::vec(0.0..=1.0_f64, 0..20)) {
        let family: Vec<Option<f64>> = p.iter().map(|p| Some(*p)).collect();
        let out = adjust(&family);
        for (i, raw) in p.iter().enumerate() {
            let (holm, bh) = (out.holm[i].unwrap(), out.bh[i].unwrap());
            prop_assert!(*raw <= bh + CLOSE && bh <= holm + CLOSE && holm <= 1.0);
        }
    }

    #[test]
    fn renaming_the_classes_renames_the_latent_ones(
        rows in prop::collection::vec(prop::collection::vec(0..2_usize, 3), 3..30)
    ) {
        let ratings = |flip: usize| -> Vec<Vec<Vec<usize>>> {
            rows.iter().map(|r| r.iter().map(|v| vec![v ^ flip]).collect()).collect()
        };
        let (a, b) = (dawid_skene(&ratings(0), 2).unwrap(), dawid_skene(&ratings(1), 2).unwrap());
        prop_assert!((a.prevalence[1] - b.prevalence[0]).abs() < 1e-6);
        prop_assert!((a.loglik - b.loglik).abs() < 1e-6);
        let sum: f64 = a.prevalence.iter().sum();
        prop_assert!((sum - 1.0).abs() < CLOSE);
    }

    #[test]
    fn a_majority_does_not_depend_on_the_order_of_readers(
        votes in prop::collection::vec(prop::option::of(0..3_usize), 1..7), turn in 0..6_usize
    ) {
        let mut turned = votes.clone();
        turned.rotate_left(turn % votes.len());
        for tie in [Tie::Undecided, Tie::Positive, Tie::Negative] {
            prop_assert_eq!(plurality(&votes, 3, tie, 2), plurality(&turned, 3, tie, 2));
        }
    }

    #[test]
    fn the_area_depends_on_ranks_only(
        data in prop::collection::vec((any::<bool>(), 0..9_i32), 4..40)
    ) {
        let y: Vec<bool> = data.iter().map(|(y, _)| *y).collect();
        let score: Vec<f64> = data.iter().map(|(_, s)| f64::from(*s)).collect();
        let cubed: Vec<f64> = score.iter().map(|s| s * s * s + 1.0).collect();
        let out = delong(&y, &[&score, &cubed], Level::P95);
        prop_assert_eq!(out.models[0], out.models[1]);
        if out.models[0].auc.is_some() {
            let points = roc_points(&y, &score);
            let area: f64 = points.windows(2).map(|w| {
                (w[1].fpr.unwrap() - w[0].fpr.unwrap())
                    * f64::midpoint(w[0].tpr.unwrap(), w[1].tpr.unwrap())
            }).sum();
            prop_assert!((area - out.models[0].auc.unwrap()).abs() < CLOSE);
        }
    }
}
