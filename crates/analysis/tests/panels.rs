//! Several readers, regions, pathologies, repeats, adjudication and models: the layouts of MURA and of its audit.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test helper fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::{World, dataset, describe, level, paper, protocol};
use overread_analysis::{Count, DatasetSummary, ModelScores, Options, Statistics, analyse};
use overread_core::event::{FindingAnswer, Via};
use overread_core::protocol::{Gold, Reference};
use overread_core::sampling::{Worklist, worklist};
use overread_core::{Answer, DatasetLabel, EventBody, Item, ItemId, Phase, ReviewOutcome};
use overread_stats::Level;
use overread_stats::dawid_skene::dawid_skene;
use overread_stats::kappa::{Weights, kappa};
use overread_stats::raters::{Chance, coefficient};

/// Region, studies, truly abnormal, of these labelled so, and rightly labelled normal: tables that print the audit's Table 4.
const REGIONS: [(&str, u64, u64, u64, u64); 3] =
    [("Finger", 126, 61, 44, 53), ("Humerus", 19, 7, 7, 11), ("Shoulder", 141, 50, 41, 58)];

/// Region, label and truth of a study by its place.
fn region_of(place: u64) -> (&'static str, bool, bool, u64) {
    let mut from = 0;
    for (region, n, positive, found, cleared) in REGIONS {
        if place < from + n {
            let at = place - from;
            let truth = at < positive;
            // Rightly found first, then missed, then wrongly labelled, then rightly cleared.
            let label = if truth { at < found } else { at < n - cleared };
            return (region, label, truth, at);
        }
        from += n;
    }
    panic!("no such place");
}

fn mura() -> World {
    let studies: u64 = REGIONS.iter().map(|r| r.1).sum();
    let mut data = dataset(&["abnormal"], studies, 1);
    "mura".clone_into(&mut data.0.format);
    describe(&mut data, |place| {
        let (region, label, _, at) = region_of(place);
        (label, region, if at % 2 == 0 { "train" } else { "valid" })
    });
    let size = format!("size = {studies}");
    let protocol = protocol("mura-relabel", &[("size = 714", size.as_str())]);
    let mut world = World::new(data, protocol);
    world.read_each("R1", |place, finding| {
        let (.., truth, at) = region_of(place);
        // Every abnormal study has a fracture or, every third, degenerative disease; every sixth both.
        let present = match finding {
            "fracture" => truth && (at % 3 != 0 || at % 6 == 0),
            "degenerative" => truth && at % 3 == 0,
            _ => false,
        };
        level(u8::from(present))
    });
    world
}

#[test]
fn the_audits_table_4_comes_out_region_by_region() {
    let world = mura();
    let analysis = analyse(&world.input(), &Options::default());
    for (region, n, positive, found, cleared) in REGIONS {
        let row = analysis
            .statistics
            .by_stratum
            .iter()
            .find(|r| r.finding == "abnormal" && r.attribute == "region" && r.value == region)
            .unwrap();
        assert_eq!(row.sensitivity.count(), Count { x: found, n: positive }, "{region}");
        assert_eq!(row.specificity.count(), Count { x: cleared, n: n - positive }, "{region}");
        assert!(row.sensitivity.interval.is_some() && row.ppv.n + row.npv.n == n);
    }
    let published = &analysis.statistics.published;
    let elbow = published.iter().find(|p| p.value == "SHOULDER" && p.estimand == "specificity");
    let difference = elbow.unwrap().difference.unwrap();
    assert!((difference - (58.0 / 91.0 - 0.64)).abs() < 1e-12);
    assert_eq!(published.iter().filter(|p| p.attribute == "region").count(), 6);
    let whole = &analysis.finding("abnormal").unwrap().rules[0];
    assert_eq!(whole.sensitivity.count(), Count { x: 92, n: 118 });
}

#[test]
fn a_pathology_has_two_specificities_and_both_sides_of_the_label_are_composed() {
    let world = mura();
    let analysis = analyse(&world.input(), &Options::default());
    let rows = &analysis.statistics.by_pathology;
    let of = |id: &str| rows.iter().find(|r| r.finding == id).unwrap();
    let (fracture, degenerative) = (of("fracture"), of("degenerative"));
    assert_eq!(fracture.specificity_no_pathology.count(), Count { x: 122, n: 168 });
    assert_eq!(
        fracture.specificity_no_pathology.count(),
        degenerative.specificity_no_pathology.count()
    );
    // Others may be there when one is absent, so more studies count.
    assert!(168 < fracture.specificity_pathology_absent.n);
    let studies = |r: &overread_analysis::PathologyQuality| {
        r.sensitivity.n + r.specificity_pathology_absent.n
    };
    assert_eq!((studies(fracture), studies(degenerative)), (286, 286));
    let (yes, no) = (&degenerative.among_label_positives, &degenerative.among_label_negatives);
    assert_eq!(yes.x + no.x, degenerative.sensitivity.n, "every one lies on one side");
    assert!(0 < no.x, "what a look at label-positives alone misses");
}

#[test]
fn muras_table_1_counts_regions_by_split_and_label() {
    let world = mura();
    let analysis = analyse(&world.input(), &Options::default());
    let rows = &analysis.dataset.summary.composition.region_split_label;
    assert_eq!(rows.len(), 6);
    let sum = |region: &str| -> u64 {
        rows.iter().filter(|r| r.region == region).map(|r| r.positive + r.negative).sum()
    };
    for (region, n, ..) in REGIONS {
        assert_eq!(sum(region), n);
    }
    let all: u64 = rows.iter().map(|r| r.positive).sum();
    assert_eq!(all, analysis.dataset.summary.labels[0].positive);
}

/// Six readers; reader k calls a study positive when its place plus k times a shift falls into the positive half.
fn six_readers() -> World {
    let mut data = dataset(&["abnormal"], 60, 1);
    describe(&mut data, |place| (place % 5 < 2, "Elbow", "test"));
    let mut world = World::new(data, protocol("panel", &[("size = 207", "size = 60")]));
    for reader in 0..6_u64 {
        world.read_each(&format!("R{reader}"), move |place, _| {
            level(u8::from((place + reader * place % 7) % 5 < 2))
        });
    }
    world
}

fn positive(reader: u64, place: u64) -> bool {
    (place + reader * place % 7) % 5 < 2
}

#[test]
fn every_reader_meets_every_gold_panel_of_others_and_the_label_meets_all_twenty() {
    let world = six_readers();
    let gold = ["R1".to_owned(), "R3".to_owned(), "R5".to_owned()];
    let input = overread_analysis::Input { gold: &gold, ..world.input() };
    let splits = analyse(&input, &Options::default()).statistics.splits;
    assert_eq!(splits.len(), 7);
    for split in &splits {
        let expected = if split.kind == "dataset" { 20 } else { 10 };
        assert_eq!((split.panels.len(), split.gold_size), (expected, 3), "{}", split.rater);
        let in_gold = gold.contains(&split.rater);
        assert_eq!(split.declared.is_none(), in_gold, "{}", split.rater);
    }
    let own = splits.iter().find(|s| s.rater == "R0").unwrap();
    let mut table = vec![vec![0_u64; 2]; 2];
    for place in 0..60 {
        let votes = [1, 3, 5].into_iter().filter(|r| positive(*r, place)).count();
        table[usize::from(positive(0, place))][usize::from(2 <= votes)] += 1;
    }
    let expected = kappa(&table, Weights::Identity, Level::P95).kappa;
    assert_eq!(own.declared.as_ref().unwrap().kappa, expected);
    let kappas: Vec<f64> = own.panels.iter().filter_map(|p| p.kappa).collect();
    let range = own.range.unwrap();
    assert!(kappas.iter().all(|k| range.contains(*k)) && range.contains(own.median.unwrap()));
}

#[test]
fn a_declared_gold_panel_is_the_reference_of_every_figure() {
    let mut world = six_readers();
    let gold = ["R1".to_owned(), "R3".to_owned(), "R5".to_owned()];
    let scores = world.known.iter().map(|(id, (_, place))| (*id, (*place * 29 % 60) as f64));
    world.scores.push(ModelScores {
        model: "M".to_owned(),
        finding: None,
        threshold: 30.0,
        scores: scores.collect(),
    });
    let votes = |readers: &[u64], place: u64| {
        let yes = readers.iter().filter(|r| positive(**r, place)).count();
        (2 * yes != readers.len()).then_some(readers.len() < 2 * yes)
    };
    let label = |place: u64| place % 5 < 2;
    let ppv = |readers: &[u64]| {
        let decided = (0..60).filter(|p| label(*p)).filter_map(|p| votes(readers, p));
        let decided: Vec<bool> = decided.collect();
        Count { x: decided.iter().filter(|d| **d).count() as u64, n: decided.len() as u64 }
    };
    let auroc = |readers: &[u64]| {
        let rows = (0..60_u64).filter_map(|p| Some((votes(readers, p)?, (p * 29 % 60) as f64)));
        let (truth, score): (Vec<bool>, Vec<f64>) = rows.unzip();
        overread_stats::roc::roc(&truth, &score, 30.0, Level::P95).delong.auc
    };
    let (all, panel) = ([0, 1, 2, 3, 4, 5], [1, 3, 5]);
    assert_ne!((ppv(&all), auroc(&all)), (ppv(&panel), auroc(&panel)), "the two can be told apart");

    let input = overread_analysis::Input { gold: &gold, ..world.input() };
    let analysis = analyse(&input, &Options::default());
    let statistics = &analysis.statistics;
    assert_eq!(statistics.label_quality[0].rules[0].ppv.count(), ppv(&panel));
    assert_eq!(statistics.scores.models[0].auroc, auroc(&panel));
    assert_eq!(statistics.scores.models[0].n, 60, "an odd panel has no tie");
    assert_eq!((statistics.consensus[0].tied, statistics.label_quality[0].tied), (0, 0));
    assert_eq!(statistics.consensus[0].gold, gold);
    assert!(analysis.design.reference.contains("gold panel R1, R3, R5 (3 of 6 readers)"));
    // Whoever has no vote stands against the reference; a member of the panel against all others.
    let point = |name: &str| statistics.scores.points.iter().find(|p| p.rater == name).unwrap();
    assert_eq!((point("R0").against, point("R1").against), ("reference", "other readers"));
    let positives = (0..60).filter(|p| votes(&panel, *p) == Some(true)).count() as u64;
    assert_eq!(point("R0").sensitivity.n, positives);
    assert_eq!(point("dataset").sensitivity.n, positives);
    let others = (0..60).filter(|p| votes(&[0, 2, 3, 4, 5], *p) == Some(true)).count() as u64;
    assert_eq!(point("R1").sensitivity.n, others);

    let without = analyse(&world.input(), &Options::default());
    assert_eq!(without.statistics.label_quality[0].rules[0].ppv.count(), ppv(&all));
    // One reader alone is the reference, whoever the panel is.
    let alone = Options { reader: Some("R0".to_owned()), ..Options::default() };
    let alone = analyse(&input, &alone);
    assert_eq!(alone.statistics.label_quality[0].rules[0].ppv.count(), ppv(&[0]));
    assert!(alone.design.gold.is_empty());
}

#[test]
fn of_a_gold_panel_those_who_answered_decide() {
    let mut world = six_readers();
    world.readers.retain(|reader| ["R0", "R1", "R2"].contains(&reader.name.as_str()));
    world.read_each("R9", |place, _| match place {
        0..30 => Answer::NoAnswer(overread_core::NoAnswer::Unsure),
        _ => level(1),
    });
    let of = |names: &[&str]| {
        let gold: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let input = overread_analysis::Input { gold: &gold, ..world.input() };
        analyse(&input, &Options::default()).statistics
    };
    let alone = of(&["R9"]);
    assert_eq!(
        (alone.consensus[0].positive, alone.consensus[0].tied),
        (Count { x: 30, n: 30 }, 30)
    );
    let three = of(&["R0", "R1", "R9"]);
    let differ = (0..30).filter(|p| positive(0, *p) != positive(1, *p)).count() as u64;
    assert!(0 < differ);
    assert_eq!((three.consensus[0].positive.n, three.consensus[0].tied), (60 - differ, differ));
    assert!(three.gold.iter().filter(|r| r.value == "overall").all(|r| r.agreed.n == 60 - differ));
    // Nobody of the panel read: then there is no reference, and not everybody's.
    assert_eq!(of(&["X"]).consensus[0].positive.n, 0);
}

#[test]
fn muras_table_2_has_a_row_a_region_and_a_column_a_rater_with_right_intervals() {
    let mut data = dataset(&["abnormal"], 60, 1);
    describe(&mut data, |place| {
        (place % 5 < 2, if place < 28 { "Elbow" } else { "Finger" }, "test")
    });
    let mut world = World::new(data, protocol("panel", &[("size = 207", "size = 60")]));
    for reader in 0..6_u64 {
        world.read_each(&format!("R{reader}"), move |place, _| {
            level(u8::from(positive(reader, place)))
        });
    }
    let gold = ["R1".to_owned(), "R3".to_owned(), "R5".to_owned()];
    let input = overread_analysis::Input { gold: &gold, ..world.input() };
    let rows = analyse(&input, &Options::default()).statistics.gold;
    let of = |value: &str| rows.iter().filter(|r| r.value == value).collect::<Vec<_>>();
    for (value, n) in [("Elbow", 28), ("Finger", 32), ("overall", 60)] {
        let raters: Vec<&str> = of(value).iter().map(|r| r.rater.as_str()).collect();
        assert_eq!(raters, ["R0", "R2", "R4", "dataset"], "{value}");
        assert!(of(value).iter().all(|r| r.agreed.n == n && r.gold == gold));
    }
    for row in &rows {
        let (po, n) = (row.agreed.x as f64 / row.agreed.n as f64, row.agreed.n as f64);
        let (Some(kappa), Some(ci)) = (row.kappa, row.mchugh) else { continue };
        // McHugh: SE = √(po(1−po)/n)/(1−pe), with 1 − pe = (1−po)/(1−κ).
        let se = (po * (1.0 - po) / n).sqrt() * (1.0 - kappa) / (1.0 - po);
        assert!((ci.low - (kappa - Level::P95.z() * se).max(-1.0)).abs() < 1e-9);
    }
}

#[test]
fn the_panel_the_label_and_the_latent_classes_rest_on_the_same_answers() {
    let world = six_readers();
    let options = Options { bootstrap_reps: 200, ..Options::default() };
    let statistics = analyse(&world.input(), &options).statistics;
    let panel = &statistics.panel[0];
    let counts: Vec<Vec<u64>> = (0..60)
        .map(|place| {
            let yes = (0..6).filter(|r| positive(*r, place)).count() as u64;
            vec![6 - yes, yes]
        })
        .collect();
    let fleiss = coefficient(&counts, Chance::Fleiss, Weights::Identity, Level::P95).est.unwrap();
    let found = panel.coefficients.iter().find(|c| c.name == "fleiss").unwrap();
    assert!((found.value.unwrap() - fleiss).abs() < 1e-12);
    assert!(found.patient_bootstrap.unwrap().contains(fleiss));
    assert_eq!((panel.readers, panel.studies, panel.unanimous.n), (6, 60, 60));
    assert_eq!(statistics.agreement.len(), 15);
    assert!(statistics.agreement.iter().all(|p| p.patient_bootstrap.is_some()));
    assert_eq!(statistics.against_label.len(), 6);
    let latent = statistics.consensus[0].latent.as_ref().unwrap();
    assert_eq!(latent.readers.len(), 6);
    let rest = statistics.leave_one_out.iter().find(|r| r.rater == "R2").unwrap();
    assert_eq!(rest.agreed.n + rest.tied, 60);
    assert_eq!(rest.sensitivity.n + rest.specificity.n, rest.agreed.n);
}

#[test]
fn latent_classes_are_the_reference_where_the_protocol_asks_for_them() {
    let mut world = six_readers();
    let majority = analyse(&world.input(), &Options::default());
    world.protocol.panel.reference = Reference::LatentClass;
    let analysis = analyse(&world.input(), &Options::default());
    assert!(analysis.design.latent_reference);
    assert!(analysis.design.reference.starts_with("the latent classes of Dawid and Skene"));
    // The same model on the same votes, study by study.
    let labelled = |place: &u64| {
        world.dataset.studies.iter().any(|study| {
            world.known[&study.id].1 == *place && study.labels.get(0) == DatasetLabel::Positive
        })
    };
    let votes: Vec<Vec<Vec<usize>>> = (0..60)
        .map(|place| (0..6).map(|r| vec![usize::from(positive(r, place))]).collect())
        .collect();
    let fit = dawid_skene(&votes, 2).unwrap();
    let mut expected = Count::default();
    for place in (0..60).filter(labelled) {
        let posterior = fit.posterior[usize::try_from(place).unwrap()].as_ref().unwrap();
        expected.add(0.5 < posterior[1]);
    }
    let ppv = &analysis.statistics.label_quality[0].rules[0].ppv;
    assert_eq!(ppv.count(), expected);
    let before = majority.statistics.label_quality[0].rules[0].ppv.count();
    assert!(before.n < ppv.n, "ties of six are no ties of classes: {before:?}, {ppv:?}");
    // Two readers identify no classes: the majority stays, and that is said.
    world.readers.truncate(2);
    let two = analyse(&world.input(), &Options::default());
    assert!(!two.design.latent_reference);
    assert!(two.design.reference.contains("latent classes, which need at least 3 readers"));
}

#[test]
fn a_gold_panel_to_be_drawn_where_nothing_was_drawn_is_said_to_be_missing() {
    let mut world = six_readers();
    world.protocol.panel.gold = Gold::Draw(3);
    let reference = analyse(&world.input(), &Options::default()).design.reference;
    assert!(reference.contains("a gold panel of 3 readers drawn with the sample"), "{reference}");
    assert!(reference.ends_with("all have a vote"), "{reference}");
}

#[test]
fn answers_to_several_findings_of_a_study_are_one_read_of_its_drift() {
    let world = mura();
    let drift = analyse(&world.input(), &Options::default()).statistics.drift;
    let rows: Vec<_> = drift.iter().filter(|r| r.name == "all findings").collect();
    assert_eq!(rows.len(), 2);
    let studies: u64 = REGIONS.iter().map(|r| r.1).sum();
    let abnormal: u64 = REGIONS.iter().map(|r| r.2).sum();
    let right: u64 = REGIONS.iter().map(|r| r.3 + r.4).sum();
    let sum = |row: &overread_analysis::DriftRow| {
        row.blocks.iter().fold((0, 0), |(x, n), block| (x + block.x, n + block.n))
    };
    assert_eq!(sum(rows[0]), (abnormal, studies), "positive in any finding");
    assert_eq!(sum(rows[1]), (right, studies), "the label says abnormal or not");
}

#[test]
fn a_model_is_a_reader_with_a_curve() {
    let mut world = six_readers();
    let by = |score: fn(bool, u64) -> f64, world: &World| -> BTreeMap<_, _> {
        let truth = |place| (0..6).filter(|r| positive(*r, place)).count();
        world.known.iter().map(|(id, (_, place))| (*id, score(3 < truth(*place), *place))).collect()
    };
    let good = by(|truth, place| f64::from(u8::from(truth)) + place as f64 / 1e3, &world);
    let bad = by(|truth, place| -f64::from(u8::from(truth)) - place as f64 / 1e3, &world);
    for (model, scores) in [("good", good), ("bad", bad)] {
        world.scores.push(ModelScores {
            model: model.to_owned(),
            finding: None,
            threshold: 0.5,
            scores,
        });
    }
    let options = Options { bootstrap_reps: 100, ..Options::default() };
    let scores = analyse(&world.input(), &options).statistics.scores;
    let auroc: Vec<Option<f64>> = scores.models.iter().map(|m| m.auroc).collect();
    assert_eq!(auroc, [Some(1.0), Some(0.0)]);
    assert_eq!(scores.models[0].sensitivity.x, scores.models[0].sensitivity.n);
    assert_eq!(scores.points.len(), 7, "six readers and the label");
    let pair = scores.paired.iter().find(|p| p.second == "bad").unwrap();
    assert_eq!(pair.auroc_difference, Some(1.0));
    assert_eq!(pair.sensitivity_discordant.1, 0);
    assert!(scores.paired.iter().any(|p| p.second == "R4" && p.auroc_difference.is_none()));
}

/// A worklist with the first studies once more, in another phase.
fn again(list: &Worklist, phase: Phase, studies: usize) -> Vec<Item> {
    let items = list.items.iter().take(studies).zip(1..);
    let id = |n: u64| ItemId(u64::MAX - n);
    items.map(|(item, n)| Item { id: id(n), phase, pass: 2, ..item.clone() }).collect()
}

fn said(finding: &str, answer: Answer) -> Vec<FindingAnswer> {
    vec![FindingAnswer { finding: finding.to_owned(), answer }]
}

#[test]
fn hidden_repeats_are_compared_and_feed_nothing_else() {
    let mut world = World::new(
        dataset(&["abnormal"], 40, 1),
        protocol("panel", &[("size = 207", "size = 40")]),
    );
    let mut list = worklist(&world.dataset, &world.protocol, &world.sample, "R1");
    let repeats = again(&list, Phase::Repeat, 10);
    let read: Vec<Item> = list.items.clone();
    list.items.extend(repeats.clone());
    world.add("R1", list, |_| {
        let first = read
            .iter()
            .enumerate()
            .map(|(i, item)| (item.id, Phase::Read, said("abnormal", level(u8::from(i % 2 == 0)))));
        // Every other answer as before; the third and the seventh change from positive to negative.
        let second = repeats.iter().enumerate().map(|(i, item)| {
            let positive = i % 2 == 0 && i != 2 && i != 6;
            (item.id, Phase::Repeat, said("abnormal", level(u8::from(positive))))
        });
        first.chain(second).collect()
    });
    let statistics = analyse(&world.input(), &Options::default()).statistics;
    let [row] = statistics.repeatability.as_slice() else { panic!("one reader, one finding") };
    assert_eq!(row.agreed, Count { x: 8, n: 10 });
    assert_eq!((row.first_only, row.second_only), (2, 0));
    assert_eq!(row.direction_p, 0.5);
    let quality = &statistics.label_quality[0];
    assert_eq!(quality.rules[0].ppv.n + quality.rules[0].npv.n, 40);
}

#[test]
fn an_adjudicator_decides_where_readers_differ() {
    let mut world = World::new(
        dataset(&["abnormal"], 12, 1),
        protocol("panel", &[("size = 207", "size = 12")]),
    );
    world.read_each("R1", |_, _| level(1));
    world.read_each("R2", |place, _| level(u8::from(place < 8)));
    let without = analyse(&world.input(), &Options::default());
    assert_eq!(without.statistics.consensus[0].tied, 4);
    let list = world.readers[0].worklist.clone();
    let disputed: Vec<Item> = again(&list, Phase::Adjudicate, 12)
        .into_iter()
        .filter(|item| 8 <= world.known[&item.study].1)
        .collect();
    let own = Worklist { items: disputed.clone(), ..Worklist::default() };
    world.add("A1", own, |_| {
        let decided = |item: &Item| (item.id, Phase::Adjudicate, said("abnormal", level(0)));
        disputed.iter().map(decided).collect()
    });
    let with = analyse(&world.input(), &Options::default());
    let consensus = &with.statistics.consensus[0];
    assert_eq!((consensus.tied, consensus.adjudicated, consensus.overturned), (0, 4, 0));
    assert_eq!(consensus.positive, Count { x: 8, n: 12 });
    assert_eq!(with.statistics.agreement.len(), 1, "the adjudicator is no third reader");
    let named: Vec<(&str, u64, u64)> =
        with.design.adjudicators.iter().map(|a| (a.name.as_str(), a.items, a.read)).collect();
    assert_eq!(named, [("A1", 4, 4)]);
    assert!(without.design.adjudicators.is_empty());
    assert_eq!(consensus.alone, 0, "two readers read every study");
}

#[test]
fn outcomes_of_review_are_counted_by_kind_and_change_no_other_figure() {
    let mut world = World::new(
        dataset(&["abnormal"], 40, 1),
        protocol("panel", &[("size = 207", "size = 40")]),
    );
    let mut list = worklist(&world.dataset, &world.protocol, &world.sample, "R1");
    let read = list.items.clone();
    // Every study is label-positive; the reader sees nothing in the last ten.
    let seen = |world: &World, item: &Item| world.known[&item.study].1 < 30;
    let disputed: Vec<Item> =
        again(&list, Phase::Review, 40).into_iter().filter(|item| !seen(&world, item)).collect();
    assert_eq!(disputed.len(), 10);
    list.items.extend(disputed.clone());
    world.add("R1", list, |world| {
        let lock = |item: &Item| {
            let answer = level(u8::from(seen(world, item)));
            (item.id, Phase::Read, said("abnormal", answer))
        };
        read.iter().map(lock).collect()
    });
    let before = analyse(&world.input(), &Options::default()).statistics;
    let row = before.review.first().unwrap();
    assert_eq!((row.discordant, row.reviewed, row.label), (10, 0, "positive"));
    let outcomes = [
        ReviewOutcome::LabelRight,
        ReviewOutcome::LabelRight,
        ReviewOutcome::LabelRight,
        ReviewOutcome::LabelRight,
        ReviewOutcome::MineStands,
        ReviewOutcome::MineStands,
        ReviewOutcome::MineStands,
        ReviewOutcome::CannotTell,
    ];
    for (item, outcome) in disputed.iter().zip(outcomes) {
        let decided = EventBody::ReviewDecided { item: item.id, outcome, via: Via::Key };
        world.readers[0].state.apply("2026-03-05T08:00:00Z", &decided);
    }
    let after = analyse(&world.input(), &Options::default()).statistics;
    let [row] = after.review.as_slice() else { panic!("one reader, one finding, one label") };
    assert_eq!((row.discordant, row.reviewed), (10, 8));
    assert_eq!((row.label_right, row.mine_stands, row.cannot_tell), (4, 3, 1));
    assert_eq!(
        Statistics { review: Vec::new(), ..after },
        Statistics { review: Vec::new(), ..before }
    );
}

#[test]
fn an_error_of_zero_makes_no_interval() {
    let mut world = World::new(
        dataset(&["abnormal"], 24, 1),
        protocol("panel", &[("size = 207", "size = 24")]),
    );
    world.read_each("R1", |place, _| level(u8::from(place < 8)));
    world.read_each("R2", |place, _| level(u8::from(place < 8)));
    world.read_each("R3", |place, _| level(u8::from(8 <= place)));
    world.read_each("R4", |_, _| level(1));
    let options = Options { bootstrap_reps: 50, ..Options::default() };
    let statistics = analyse(&world.input(), &options).statistics;
    let pair = |first: &str, second: &str| {
        let found = statistics.agreement.iter().find(|p| p.first == first && p.second == second);
        found.unwrap()
    };
    let alike = pair("R1", "R2");
    assert_eq!((alike.kappa, alike.interval, alike.degenerate), (Some(1.0), None, true));
    assert_eq!((alike.method, alike.patient_bootstrap), ("none", None));
    // Wilson of 24/24: the honest interval.
    let ends = alike.observed_interval.unwrap();
    assert!((ends.low - 0.862_024_6).abs() < 1e-6 && ends.high == 1.0, "{ends:?}");
    let opposed = pair("R1", "R3");
    assert!(opposed.kappa.unwrap() < -0.7 && opposed.observed == Some(0.0), "{opposed:?}");
    assert_eq!(opposed.observed_interval.unwrap().low, 0.0);
    let constant = pair("R1", "R4");
    assert_eq!((constant.kappa, constant.interval), (Some(0.0), None), "{constant:?}");
    for row in &statistics.leave_one_out {
        assert!(row.interval.is_none_or(|ends| ends.low < ends.high), "{row:?}");
    }
}

#[test]
fn pairs_of_strata_are_tried_on_request_and_enlarge_the_family() {
    let world = paper();
    let plain = analyse(&world.input(), &Options::default()).statistics.strata;
    let options = Options { pairs_of_strata: true, ..Options::default() };
    let pairs = analyse(&world.input(), &options).statistics.strata;
    assert!(plain.families[0].tests < pairs.families[0].tests);
    let pair = pairs.rows.iter().find(|r| r.key.contains(" & ")).unwrap();
    assert!(5 <= pair.share.x);
}

/// Patients by band of studies, and the studies of each band, as the label file has them.
const BANDS: [(u32, u64); 6] = [
    (17_503, 17_503),
    (8_481, 24_536),
    (2_596, 19_613),
    (2_074, 39_656),
    (133, 8_502),
    (18, 2_310),
];

#[test]
fn the_audits_table_1_is_reproduced_to_the_unit() {
    let mut data = dataset(&["Hernia"], 112_120, 1).0;
    let mut patient = 0;
    let mut owners = Vec::new();
    for (patients, studies) in BANDS {
        let mut left = studies;
        for n in 0..patients {
            let own = left / u64::from(patients - n);
            owners.extend((0..own).map(|_| patient));
            left -= own;
            patient += 1;
        }
    }
    assert_eq!((owners.len(), patient), (112_120, 30_805));
    for (study, owner) in data.studies.iter_mut().zip(owners) {
        study.patient = owner;
    }
    data.patients = patient;
    let rows = DatasetSummary::new(&data).repeat_studies;
    let found: Vec<(u32, u64, u64)> =
        rows.iter().map(|r| (r.more_than, r.patients, r.studies)).collect();
    let printed = [
        (1, 13_302, 94_617),
        (5, 4_821, 70_081),
        (10, 2_225, 50_468),
        (50, 151, 10_812),
        (100, 18, 2_310),
    ];
    assert_eq!(found, printed);
}
