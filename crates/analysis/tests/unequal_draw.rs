//! Studies drawn with unequal probabilities are weighted to the dataset, or refused with the reason.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{World, dataset, describe, level, protocol};
use overread_analysis::{Analysis, Figure, IntervalKind, Options, RuleQuality, analyse};

const ELBOW: u64 = 100;
const STUDIES: u64 = 1_000;

/// 100 elbows, 80 of them called abnormal; 900 hands, 90 of them called abnormal.
fn labelled(place: u64) -> bool {
    if place < ELBOW { place < 80 } else { place < 190 }
}

/// A hundred studies of the two regions, divided as told, one study per patient unless said.
fn drawn(sampling: &str, per_patient: u32) -> World {
    let mut data = dataset(&["abnormal"], STUDIES, per_patient);
    describe(&mut data, |place| {
        (labelled(place), if place < ELBOW { "XR_ELBOW" } else { "XR_HAND" }, "train")
    });
    let plan = format!("size = 100\n{sampling}");
    let any = ("per_patient = \"any\"\n", "");
    World::new(data, protocol("mura-relabel", &[any, ("size = 714", &plan)]))
}

fn equal() -> World {
    drawn("stratify = [\"region\"]\nallocation = \"equal\"", 1)
}

/// Every elbow and every abnormal hand is truly abnormal: the label misses 20 elbows of 190.
fn true_of(place: u64) -> bool {
    place < 190
}

fn read(world: &mut World, truth: impl Fn(u64) -> bool) -> Analysis {
    world.read_each("R1", |place, finding| level(u8::from(finding == "fracture" && truth(place))));
    analyse(&world.input(), &Options::default())
}

fn abnormal(analysis: &Analysis) -> &RuleQuality {
    analysis.finding("abnormal").unwrap().rules.first().unwrap()
}

fn near(figure: &Figure, value: f64) {
    assert!((figure.value.unwrap() - value).abs() < 1e-12, "{figure:?}, not {value}");
    assert_eq!(figure.kind, IntervalKind::Weighted);
}

/// The figure has counts and a reason, and neither value nor interval.
fn withheld(figure: &Figure, why: &str) {
    assert!(0 < figure.n, "the counts of the sample stay: {figure:?}");
    assert_eq!((figure.value, figure.interval), (None, None), "{figure:?}");
    assert!(figure.reason.as_ref().is_some_and(|r| r.contains(why)), "{figure:?}");
}

#[test]
fn equal_allocation_over_unequal_regions_is_weighted_to_the_dataset() {
    let analysis = read(&mut equal(), true_of);
    let rule = abnormal(&analysis);
    // 80 + 90 of 80 + 90 + 20 truly abnormal carry the label, whichever studies were drawn.
    near(&rule.sensitivity, 170.0 / 190.0);
    near(&rule.specificity, 1.0);
    near(&rule.ppv, 1.0);
    near(&rule.npv, 810.0 / 830.0);
    near(&rule.prevalence, 190.0 / 1_000.0);
    near(&rule.accuracy, 980.0 / 1_000.0);
    // The counts are the sample's, whose share is far off: 50 of 100 are elbows.
    let plain = rule.prevalence.x as f64 / rule.prevalence.n as f64;
    assert_eq!(rule.prevalence.n, 100);
    assert!(0.5 <= plain, "{plain}");
    assert!(rule.table.fn_ > 0 && rule.table.tp + rule.table.fn_ == rule.sensitivity.n);
}

#[test]
fn the_interval_comes_from_the_design_variance_of_region_by_label() {
    let mut world = equal();
    let truth = |place: u64| {
        if labelled(place) { !place.is_multiple_of(3) } else { place.is_multiple_of(5) }
    };
    let analysis = read(&mut world, truth);
    let (mut value, mut variance) = (0.0, 0.0);
    let mut positives = [0_u64; 2];
    for (elbow, size) in [(true, 80.0), (false, 90.0)] {
        let members = world.sample.decks[0].members.iter().map(|m| world.known[&m.study].1);
        let cell: Vec<u64> =
            members.filter(|place| labelled(*place) && (*place < ELBOW) == elbow).collect();
        let n = cell.len() as f64;
        let hits = cell.iter().filter(|place| truth(**place)).count();
        positives[usize::from(elbow)] = hits as u64;
        let p = hits as f64 / n;
        value += size * p;
        variance += size * size * (1.0 - n / size) * p * (1.0 - p) / (n - 1.0);
    }
    let (p, se) = (value / 170.0, variance.sqrt() / 170.0);
    let half = 1.959_963_984_540_054 * se / (p * (1.0 - p));
    let low = 1.0 / (1.0 + (-((p / (1.0 - p)).ln() - half)).exp());
    let ppv = &abnormal(&analysis).ppv;
    near(ppv, p);
    assert_eq!(ppv.x, positives[0] + positives[1]);
    assert!((ppv.interval.unwrap().low - low).abs() < 1e-9, "{ppv:?}, not {low}");
    assert_eq!(ppv.method, "logit");
    assert!(abnormal(&analysis).sensitivity.interval.is_some());
}

#[test]
fn what_has_no_weighted_form_is_refused_with_the_reason() {
    let analysis = read(&mut equal(), true_of);
    let why = "unequal probabilities (stratified, equal allocation)";
    for ratio in &abnormal(&analysis).ratios {
        assert_eq!((ratio.value, ratio.interval), (None, None));
        assert!(ratio.reason.as_ref().is_some_and(|r| r.contains(why)), "{ratio:?}");
    }
    let mut parts = analysis.statistics.by_pathology.iter();
    withheld(&parts.find(|p| p.finding == "fracture").unwrap().sensitivity, why);
    let pair = analysis.statistics.against_label.iter().find(|p| p.finding == "abnormal").unwrap();
    assert_eq!((pair.kappa, pair.ac1, pair.observed, pair.interval), (None, None, None, None));
    assert!(pair.reason.as_ref().is_some_and(|r| r.contains(why)));
    assert_eq!(pair.agreed.n, 100);
    let by = |attribute: &str| {
        let rows = analysis.statistics.by_stratum.iter();
        rows.filter(|r| r.attribute == attribute && r.finding == "abnormal").collect::<Vec<_>>()
    };
    assert!(!by("sex").is_empty());
    for row in by("sex") {
        withheld(&row.sensitivity, why);
    }
    // Within a region every study had the same chance.
    assert_eq!(by("region").len(), 2);
    for row in by("region") {
        assert_eq!(row.npv.kind, IntervalKind::Final, "{row:?}");
    }
    assert!(analysis.not_estimable.iter().any(|r| r.reason.contains(why)));
    assert!(analysis.design.sampling.unequal.as_ref().is_some_and(|r| r.contains(why)));
}

#[test]
fn unweighted_figures_of_an_unequal_draw_are_marked_as_sample_values() {
    let marks = |mut world: World| {
        for reader in ["R1", "R2", "R3", "R4"] {
            let slip = u64::from(reader == "R2") + 3 * u64::from(reader == "R3");
            world.read_each(reader, move |place, finding| {
                level(u8::from(finding == "fracture" && true_of(place + slip)))
            });
        }
        let s = analyse(&world.input(), &Options::default()).statistics;
        let overall = |rows: &[overread_analysis::GoldRow]| {
            rows.iter().filter(|r| r.value == "overall").map(|r| r.sample_value).collect::<Vec<_>>()
        };
        let by_region = s.gold.iter().filter(|r| r.attribute == "region");
        (
            [
                s.panel.iter().map(|r| r.sample_value).collect::<Vec<_>>(),
                s.splits.iter().map(|r| r.sample_value).collect(),
                s.leave_one_out.iter().map(|r| r.sample_value).collect(),
                s.consensus.iter().map(|r| r.sample_value).collect(),
                s.drift.iter().map(|r| r.sample_value).collect(),
                s.agreement.iter().map(|r| r.sample_value).collect(),
                overall(&s.gold),
            ],
            by_region.map(|r| r.sample_value).collect::<Vec<_>>(),
        )
    };
    let (unequal, within) = marks(equal());
    assert!(unequal.iter().all(|rows| !rows.is_empty() && rows.iter().all(|mark| *mark)));
    // Within a region every study had the same chance.
    assert!(!within.is_empty() && within.iter().all(|mark| !mark));
    let (plain, _) = marks(drawn("stratify = [\"region\"]\nallocation = \"proportional\"", 1));
    assert!(plain.iter().flatten().all(|mark| !mark));
}

#[test]
fn an_unfinished_deck_with_unequal_probabilities_has_counts_only() {
    let mut world = equal();
    world.read("R1", |_, place, _, index| {
        (index < 40).then(|| (level(u8::from(true_of(place))), Vec::new()))
    });
    let analysis = analyse(&world.input(), &Options::default());
    withheld(&abnormal(&analysis).ppv, "unfinished");
    assert_eq!(abnormal(&analysis).sensitivity.value, None);
}

#[test]
fn proportional_allocation_keeps_the_plain_figures() {
    let mut world = drawn("stratify = [\"region\"]\nallocation = \"proportional\"", 1);
    let analysis = read(&mut world, true_of);
    let rule = abnormal(&analysis);
    assert_eq!(rule.prevalence.kind, IntervalKind::Final);
    let plain = rule.prevalence.x as f64 / rule.prevalence.n as f64;
    assert!((rule.prevalence.value.unwrap() - plain).abs() < 1e-12);
    assert_eq!(analysis.design.sampling.unequal, None);
}

#[test]
fn one_study_per_patient_is_refused_where_patients_have_several() {
    let analysis = read(&mut drawn("per_patient = \"one\"", 4), true_of);
    let rule = abnormal(&analysis);
    for figure in [&rule.ppv, &rule.npv, &rule.sensitivity, &rule.prevalence, &rule.accuracy] {
        withheld(figure, "patients were drawn");
    }
    let alone = read(&mut drawn("per_patient = \"one\"", 1), true_of);
    assert_eq!(abnormal(&alone).prevalence.kind, IntervalKind::Final, "nobody has two studies");
}
