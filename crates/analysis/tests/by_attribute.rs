//! In a deck with controls, figures within a value of an attribute are weighted by the frame, which is counted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{World, dataset, describe, level, protocol};
use overread_analysis::{Analysis, Figure, IntervalKind, Options, StratumQuality, analyse};
use overread_core::protocol::PerPatient;
use overread_core::sampling::draw;
use overread_core::{AdequacyClass, StudyId};

const POSITIVE: u64 = 200;

/// 1,000 studies: 50 of 200 label-positives and 100 of 800 label-negatives are elbows, the others hands.
fn elbow(place: u64) -> bool {
    if place < POSITIVE { place < 50 } else { place < 300 }
}

/// Truly positive: 40 label-positive and 20 label-negative elbows, 60 label-positive and 70 label-negative hands.
fn truth(place: u64) -> bool {
    match place {
        0..50 => !place.is_multiple_of(5),
        50..200 => place % 5 < 2,
        200..300 => place.is_multiple_of(5),
        _ => place.is_multiple_of(10),
    }
}

/// Sensitivity and specificity of the label in all elbows, then in all hands, from the counts above.
const OF_ELBOWS: [f64; 2] = [40.0 / 60.0, 80.0 / 90.0];
const OF_HANDS: [f64; 2] = [60.0 / 130.0, 630.0 / 720.0];

fn world(seed: u64, per_patient: u32, plan: PerPatient) -> World {
    drawn_world(seed, per_patient, plan, (80, 120))
}

/// The same with so many label-positives and controls.
fn drawn_world(seed: u64, per_patient: u32, plan: PerPatient, sizes: (u32, u32)) -> World {
    let mut data = dataset(&["Mass"], 1_000, per_patient);
    describe(&mut data, |place| {
        (place < POSITIVE, if elbow(place) { "XR_ELBOW" } else { "XR_HAND" }, "train")
    });
    let mut protocol = protocol("cxr14-controls", &[]);
    protocol.findings.retain(|finding| finding.id == "Mass");
    (protocol.sampling.size, protocol.sampling.controls) = sizes;
    protocol.sampling.per_patient = plan;
    let mut world = World::new(data, protocol);
    world.sample = draw(&world.dataset, &world.protocol, seed).unwrap();
    world
}

/// Reads the first so many items.
fn read(world: &mut World, items: usize) -> Analysis {
    world.read("R1", |_, place, _, index| {
        (index < items).then(|| (level(2 * u8::from(truth(place))), Vec::new()))
    });
    world.readers[0].state.settle_last();
    analyse(&world.input(), &Options::default())
}

fn of<'a>(analysis: &'a Analysis, attribute: &str, value: &str) -> &'a StratumQuality {
    let mut rows = analysis.statistics.by_stratum.iter();
    rows.find(|row| row.attribute == attribute && row.value == value).unwrap()
}

/// Drawn and truly positive among the deck's studies in some places.
fn drawn(world: &World, own: impl Fn(u64) -> bool) -> (f64, f64) {
    let places = world.sample.decks[0].members.iter().map(|m| world.known[&m.study].1);
    let own: Vec<u64> = places.filter(|place| own(*place)).collect();
    (own.len() as f64, own.iter().filter(|place| truth(**place)).count() as f64)
}

fn refused(figure: &Figure, why: &str) {
    assert_eq!((figure.value, figure.interval), (None, None), "{figure:?}");
    assert!(figure.reason.as_ref().is_some_and(|reason| reason.contains(why)), "{figure:?}");
}

#[test]
fn sensitivity_within_a_region_is_weighted_by_the_labels_of_the_region() {
    let mut world = world(7, 1, PerPatient::Any);
    let analysis = read(&mut world, 200);
    for (value, elbows, sizes) in
        [("XR_ELBOW", true, [50.0, 100.0]), ("XR_HAND", false, [150.0, 700.0])]
    {
        let row = of(&analysis, "region", value);
        let arms = [true, false]
            .map(|positive| drawn(&world, |p| elbow(p) == elbows && (p < POSITIVE) == positive));
        // Totals of the truly positive studies of the region with and without the label, and their variances.
        let total = |arm: usize| sizes[arm] * arms[arm].1 / arms[arm].0;
        let variance = |arm: usize| {
            let ((n, k), size) = (arms[arm], sizes[arm]);
            size * size * (1.0 - n / size) * (k / n) * (1.0 - k / n) / (n - 1.0)
        };
        let value = total(0) / (total(0) + total(1));
        assert!((row.sensitivity.value.unwrap() - value).abs() < 1e-12, "{row:?}, not {value}");
        assert_eq!(row.sensitivity.kind, IntervalKind::Weighted);
        let spread = variance(0) / total(0).powi(2) + variance(1) / total(1).powi(2);
        let half = 1.959_963_984_540_054 * spread.sqrt();
        let low = 1.0 / (1.0 + (-((value / (1.0 - value)).ln() - half)).exp());
        assert!((row.sensitivity.interval.unwrap().low - low).abs() < 1e-9);
        // Counts of the sample, whose plain share is another number: controls are few for what they stand for.
        let (x, n) = (arms[0].1, arms[0].1 + arms[1].1);
        assert_eq!((row.sensitivity.x as f64, row.sensitivity.n as f64), (x, n));
        assert!(0.1 < x / n - value, "{x}/{n} is far above {value}");
        let negatives = [sizes[0] - total(0), sizes[1] - total(1)];
        let specificity = negatives[1] / (negatives[0] + negatives[1]);
        assert!((row.specificity.value.unwrap() - specificity).abs() < 1e-12);
        // A PPV needs no weights.
        assert_eq!(row.ppv.kind, IntervalKind::Final);
        assert!((row.ppv.value.unwrap() - arms[0].1 / arms[0].0).abs() < 1e-12);
    }
}

#[test]
fn over_many_draws_the_figures_of_a_region_hit_those_of_all_its_studies() {
    // Large enough that the bias of a ratio of two estimates is below the tolerance.
    const SIZES: (u32, u32) = (120, 400);
    const DRAWS: u64 = 120;
    let mut sums = [0.0; 4];
    let mut covered = [0_u32; 4];
    for seed in 0..DRAWS {
        let analysis = read(&mut drawn_world(seed, 1, PerPatient::Any, SIZES), 520);
        let (elbows, hands) =
            (of(&analysis, "region", "XR_ELBOW"), of(&analysis, "region", "XR_HAND"));
        let figures =
            [&elbows.sensitivity, &elbows.specificity, &hands.sensitivity, &hands.specificity];
        let truths = [OF_ELBOWS[0], OF_ELBOWS[1], OF_HANDS[0], OF_HANDS[1]];
        for (place, (figure, truth)) in figures.into_iter().zip(truths).enumerate() {
            sums[place] += figure.value.unwrap() / DRAWS as f64;
            covered[place] += u32::from(figure.interval.unwrap().contains(truth));
        }
    }
    for (mean, truth) in sums.into_iter().zip([OF_ELBOWS, OF_HANDS].concat()) {
        assert!((mean - truth).abs() < 0.01, "{mean} on average, not {truth}");
    }
    // Of 120 intervals at 95 %, 114 are expected to hold the truth, give or take 2.4.
    assert!(covered.iter().all(|n| 107 <= *n), "{covered:?} of {DRAWS}");
}

#[test]
fn an_unfinished_deck_has_no_weighted_figure_by_attribute() {
    let analysis = read(&mut world(7, 1, PerPatient::Any), 150);
    let row = of(&analysis, "region", "XR_ELBOW");
    refused(&row.sensitivity, "unfinished");
    assert_eq!(row.ppv.kind, IntervalKind::Running, "a PPV has its confidence sequence");
}

#[test]
fn one_study_of_a_patient_with_several_has_no_weights_by_attribute() {
    let mut several = world(7, 4, PerPatient::One);
    let items = several.sample.decks[0].members.len();
    let analysis = read(&mut several, items);
    refused(&of(&analysis, "region", "XR_ELBOW").sensitivity, "patients were drawn");
    let analysis = read(&mut world(7, 1, PerPatient::One), 200);
    let alone = &of(&analysis, "region", "XR_ELBOW").sensitivity;
    assert_eq!(alone.kind, IntervalKind::Weighted, "nobody has two studies");
}

#[test]
fn grey_levels_of_drawn_films_alone_do_not_divide_the_frame() {
    let measured = |all: bool| {
        let mut world = world(7, 1, PerPatient::Any);
        let drawn: Vec<StudyId> = world.sample.studies().into_iter().collect();
        let known = &world.known;
        for study in &mut world.dataset.studies {
            if all || drawn.contains(&study.id) {
                let class = if known[&study.id].1.is_multiple_of(2) {
                    AdequacyClass::Adequate
                } else {
                    AdequacyClass::Clipped
                };
                study.images[0].grey_levels = Some(class);
            }
        }
        read(&mut world, 200)
    };
    let words = AdequacyClass::Clipped.words();
    let part = measured(false);
    refused(&of(&part, "grey levels", words).sensitivity, "measured of a part of the frame");
    let whole = measured(true);
    assert_eq!(of(&whole, "grey levels", words).sensitivity.kind, IntervalKind::Weighted);
}

#[test]
fn labels_that_are_not_those_of_the_draw_give_no_weights() {
    let mut world = world(7, 1, PerPatient::Any);
    for member in &mut world.sample.decks[0].members {
        member.frame += u32::from(member.label_positive);
    }
    let analysis = read(&mut world, 200);
    refused(&of(&analysis, "region", "XR_HAND").sensitivity, "not those that the deck was drawn");
}

#[test]
fn an_arm_without_a_study_in_the_region_is_named() {
    let mut world = world(7, 1, PerPatient::Any);
    let gone: Vec<StudyId> = world.sample.decks[0].members.iter().map(|m| m.study).collect();
    for study in world.dataset.studies.iter_mut().filter(|study| gone.contains(&study.id)) {
        let place = world.known[&study.id].1;
        if elbow(place) && place < POSITIVE {
            study.region = Some("XR_HAND".into());
        }
    }
    let analysis = read(&mut world, 200);
    refused(&of(&analysis, "region", "XR_ELBOW").sensitivity, "no label-positive study was read");
}
