//! The published audit as reads, and the edges around it.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod common;

use std::sync::Arc;

use common::{TABLE_2, World, dataset, level, paper, paper_answer, protocol};
use overread_analysis::{
    Alarm, AlarmStage, Count, DatasetSummary, IntervalKind, Options, Visible, analyse, long_reads,
};
use overread_core::{Answer, NoAnswer};

fn near(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|v| (v - expected).abs() < 5e-4)
}

#[test]
fn the_audits_table_2_is_reproduced_count_for_count() {
    let world = paper();
    let analysis = analyse(&world.input(), &Options::default());
    assert_eq!(analysis.statistics.label_quality.len(), 15);
    for (label, permissive, clinical) in TABLE_2 {
        let quality = analysis
            .statistics
            .label_quality
            .iter()
            .find(|q| q.label.as_deref() == Some(label))
            .unwrap();
        let counts: Vec<Count> = quality.rules.iter().map(|r| r.ppv.count()).collect();
        let expected = [Count { x: permissive, n: 50 }, Count { x: clinical, n: 50 }];
        assert_eq!(counts, expected, "{label}");
        for rule in &quality.rules {
            assert_eq!(rule.ppv.patients, 50);
            assert_eq!(rule.ppv.kind, IntervalKind::Final);
            assert_eq!(rule.ppv.value, Some(rule.ppv.x as f64 / 50.0));
            let rules = &rule.ppv.rule.as_ref().unwrap();
            assert_eq!((rules.name.as_str(), rules.version), (rule.rule.as_str(), 1));
            for figure in [&rule.sensitivity, &rule.specificity, &rule.npv] {
                assert!(figure.value.is_none() && figure.interval.is_none(), "{figure:?}");
                let why = figure.reason.as_deref().unwrap_or_default();
                assert!(why.contains("no label-negative study was read"), "{why}");
            }
            assert!(rule.ratios.iter().all(|r| r.value.is_none() && r.reason.is_some()));
        }
        let published = &quality.rules[0].published;
        let same = published.iter().find(|p| p.source == "visual-audit").unwrap();
        assert_eq!(same.count, Some(Count { x: permissive, n: 50 }));
        assert!(near(same.difference, 0.0) && same.interval.is_some());
    }
}

#[test]
fn the_drain_stratum_of_pneumothorax_is_found_with_its_numbers() {
    let world = paper();
    let analysis = analyse(&world.input(), &Options::default());
    let rows = &analysis.statistics.strata.rows;
    let row = |finding: &str, key: &str| {
        rows.iter()
            .find(|r| r.finding == finding && r.key == key && r.rule == "permissive")
            .unwrap()
    };
    let drain = row("Pneumothorax", "chest_drain");
    assert_eq!(drain.inside.count(), Count { x: 39, n: 40 });
    assert_eq!(drain.outside.count(), Count { x: 6, n: 10 });
    assert!((drain.fisher_p.unwrap() - 0.004_083_520_549_755).abs() < 1e-12);
    assert!(near(drain.difference, 0.375));
    assert!(near(drain.interval.map(|i| i.low), 0.121));
    assert!(near(drain.interval.map(|i| i.high), 0.663));
    assert_eq!(drain.share.count(), Count { x: 40, n: 50 });
    assert!(drain.alarms.contains(&Alarm::DominantStratum));
    assert_eq!(drain.stage, AlarmStage::Final);
    let subcutaneous = row("Emphysema", "subcutaneous_emphysema");
    assert_eq!(subcutaneous.share.count(), Count { x: 43, n: 50 });
    assert_eq!(subcutaneous.alarms, [Alarm::QualityGap, Alarm::DominantStratum]);
    assert!(subcutaneous.bh_q.unwrap() < 1e-5);
    let observed = subcutaneous.difference.unwrap();
    assert!(subcutaneous.shrunken.is_some_and(|gap| gap.abs() < observed.abs()));
    let tested = rows.iter().filter(|r| r.rule == "permissive" && r.fisher_p.is_some()).count();
    assert_eq!(analysis.statistics.strata.families[0].tests, tested as u64);
}

#[test]
fn rules_are_compared_on_the_same_studies_with_holm_over_the_findings() {
    let world = paper();
    let rules = analyse(&world.input(), &Options::default()).statistics.rules;
    assert_eq!(rules.family, 15);
    for row in &rules.rows {
        assert_eq!(row.second_only, 0, "the scale nests the rules");
        assert_eq!(row.first_count.x - row.second_count.x, row.first_only);
        assert!(row.p.unwrap() <= row.holm_p.unwrap());
    }
    let mass = rules.rows.iter().find(|r| r.finding == "Mass").unwrap();
    assert_eq!(mass.p, Some(0.003_906_25));
    assert!(near(mass.holm_p, 0.039_062_5));
    assert!(
        near(mass.interval.map(|i| i.low), 0.065) && near(mass.interval.map(|i| i.high), 0.285)
    );
}

#[test]
fn an_unfinished_deck_shows_confidence_sequences_and_no_test() {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut world = World::new(dataset(&labels, 50, 1), protocol("cxr14-verify", &[]));
    world.read("R1", |class, place, _, index| (index < 30).then(|| paper_answer(class, place)));
    let analysis = analyse(&world.input(), &Options { settle_all: true, ..Options::default() });
    let first = analysis.finding("Atelectasis").unwrap();
    assert_eq!(first.rules[0].ppv.n, 30);
    assert_eq!(first.rules[0].ppv.kind, IntervalKind::Running);
    assert!(!first.complete);
    let row = analysis.statistics.rules.rows.iter().find(|r| r.finding == "Atelectasis").unwrap();
    assert!(row.p.is_none() && row.reason.is_some());
    assert!(analysis.statistics.strata.rows.iter().all(|r| r.fisher_p.is_none()));
    let running = &analysis.statistics.running[0];
    let reads: Vec<u64> = running.points.iter().map(|p| p.reads).collect();
    assert_eq!(reads, [10, 20, 30]);
    assert!(running.points.iter().all(|p| p.ppv.kind == IntervalKind::Running));
    let mass = analysis.finding("Mass").unwrap();
    assert!(mass.rules[0].ppv.value.is_none() && mass.rules[0].ppv.reason.is_some());
}

#[test]
fn the_last_answer_counts_only_when_the_log_has_ended() {
    let mut world = World::new(dataset(&["Mass"], 10, 1), one_finding());
    world.read("R1", |_, _, _, index| (index < 4).then(|| (level(2), Vec::new())));
    let live = analyse(&world.input(), &Options::default());
    let ended = analyse(&world.input(), &Options { settle_all: true, ..Options::default() });
    assert_eq!(live.statistics.label_quality[0].rules[0].ppv.n, 3);
    assert_eq!(live.exclusions.total.unsettled, 1);
    assert_eq!(ended.statistics.label_quality[0].rules[0].ppv.n, 4);
    assert_eq!(ended.exclusions.total.unsettled, 0);
    assert_eq!(live.statistics.own_answers[0].locked, 4, "own answers are always live");
}

#[test]
fn reads_past_the_released_ones_are_held_back_and_counted() {
    let mut world = World::new(dataset(&["Mass"], 30, 1), one_finding());
    world.read("R1", |_, place, _, _| Some((level(u8::from(place < 15) * 2), Vec::new())));
    let visible = Visible::First([(0, 10)].into());
    let analysis = analyse(&world.input(), &Options { visible, ..Options::default() });
    let flow = analysis.exclusions.total;
    assert_eq!((flow.read, flow.held_back, flow.analysed), (30, 20, 10));
    let quality = &analysis.statistics.label_quality[0];
    assert_eq!(quality.rules[0].ppv.n, 10);
    assert_eq!(quality.rules[0].ppv.kind, IntervalKind::Running, "not the planned number");
    let all = analyse(&world.input(), &Options::default());
    assert_eq!(
        all.statistics.running[0].points[0].ppv,
        analysis.statistics.running[0].points[0].ppv
    );
    let hidden = Visible::First([(7, 10)].into());
    let none = analyse(&world.input(), &Options { visible: hidden, ..Options::default() });
    assert_eq!(none.exclusions.total.analysed, 0);
}

fn one_finding() -> overread_core::Protocol {
    let text = overread_core::protocol::builtin("cxr14-verify").unwrap();
    let start = text.find("[[finding]]").unwrap();
    let end = text.find("[[tag]]").unwrap();
    let finding =
        "[[finding]]\nid = \"Mass\"\nname = \"Mass\"\nquestion = \"Mass?\"\nlabel = \"Mass\"\n\n";
    let (before, after) = (&text[..start], &text[end..]);
    let after =
        after.replace(r#"findings = ["Atelectasis", "Effusion", "Emphysema", "Pneumothorax"]"#, "");
    let after = after.replace(r#"findings = ["Emphysema", "Pneumothorax"]"#, "");
    let after = after.replace("explore = 100", "explore = 0");
    overread_core::Protocol::from_toml(&format!("{before}{finding}{after}")).unwrap()
}

#[test]
fn flow_counts_add_up_with_every_reason() {
    let mut world = World::new(dataset(&["Mass"], 20, 2), one_finding());
    world.read("R1", |_, place, _, _| match place {
        0..=9 => Some((level(2), Vec::new())),
        10 | 11 => Some((Answer::NoAnswer(NoAnswer::Unsure), Vec::new())),
        12 => Some((Answer::NoAnswer(NoAnswer::Inadequate), Vec::new())),
        _ => None,
    });
    let analysis = analyse(&world.input(), &Options { settle_all: true, ..Options::default() });
    let e = &analysis.exclusions;
    let f = e.total;
    assert_eq!((f.items, f.unread, f.unsure, f.inadequate, f.analysed), (20, 7, 2, 1, 10));
    assert_eq!(f.items - f.not_read(), f.read);
    assert_eq!(f.read - f.not_analysed(), f.analysed);
    assert_eq!(e.dataset_studies - e.without_images, e.frame_studies);
    assert_eq!(e.frame_studies - e.not_drawn, e.drawn_studies);
    assert_eq!(analysis.statistics.label_quality[0].rules[0].ppv.n, 10);
    assert_eq!(
        long_reads(&world.input(), &[], &Options { settle_all: true, ..Options::default() }).len(),
        26
    );
}

#[test]
fn controls_make_dataset_level_figures_estimable_by_weights() {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut world = World::new(dataset(&labels, 60, 1), protocol("cxr14-controls", &[]));
    let sample = world.sample.clone();
    world.read("R1", |class, place, item, _| {
        let asked = sample.decks[item.deck as usize].finding.clone().unwrap();
        let own = TABLE_2[class].0.replace(' ', "_") == asked;
        Some((level(u8::from(own && place < 48) * 2), Vec::new()))
    });
    let analysis = analyse(&world.input(), &Options::default());
    let quality = analysis.finding("Mass").unwrap();
    let rule = &quality.rules[0];
    assert!(!quality.label_known);
    assert_eq!(rule.npv.count(), Count { x: 50, n: 50 });
    assert_eq!(rule.sensitivity.kind, IntervalKind::Weighted);
    assert_eq!(rule.specificity.kind, IntervalKind::Weighted);
    assert!(rule.ratios.iter().all(|r| r.value.is_none()), "unweighted ratios are refused");
    assert_eq!(quality.frame_negative, Some(14 * 60));
}

#[test]
fn a_relabelling_at_dataset_prevalence_gives_every_figure_of_the_composite() {
    let labels = ["abnormal", "normal"];
    let plan = protocol("mura-relabel", &[("size = 714", "size = 80")]);
    let mut world = World::new(dataset(&labels, 50, 1), plan);
    world.read("R1", |class, place, _, _| {
        Some((level(u8::from((class == 0) == (place % 4 != 0))), Vec::new()))
    });
    let analysis = analyse(&world.input(), &Options::default());
    let abnormal = analysis.finding("abnormal").unwrap();
    let rule = &abnormal.rules[0];
    assert_eq!(rule.table.tp + rule.table.fp + rule.table.fn_ + rule.table.tn, 80);
    assert_eq!(rule.sensitivity.kind, IntervalKind::Final);
    assert_eq!(rule.sensitivity.count().n, rule.table.tp + rule.table.fn_);
    assert!(rule.ratios.iter().all(|r| r.value.is_some()));
    let fracture = analysis.finding("fracture").unwrap();
    assert!(fracture.rules[0].ppv.reason.as_ref().unwrap().contains("no label"));
}

#[test]
fn two_readers_are_compared_and_their_tie_decides_nothing() {
    let mut world = World::new(dataset(&["Mass"], 20, 1), one_finding());
    world.read("R1", |_, place, _, _| Some((level(u8::from(place < 12) * 2), Vec::new())));
    world.read("R2", |_, place, _, _| Some((level(u8::from(place < 10) * 2), Vec::new())));
    let analysis = analyse(&world.input(), &Options::default());
    let quality = &analysis.statistics.label_quality[0];
    assert_eq!(quality.rules[0].ppv.count(), Count { x: 10, n: 18 });
    assert_eq!(quality.tied, 2);
    assert_eq!(quality.rules[0].by_reader[0].count, Count { x: 12, n: 20 });
    let own = &quality.rules[0].by_reader[0].ppv;
    assert_eq!(own.count(), Count { x: 12, n: 20 });
    assert!(own.interval.is_some_and(|ends| ends.contains(0.6)));
    // Two left out: at worst none of them, at best both were truly positive.
    let left = &quality.rules[0].without_reference;
    assert_eq!((left.divided, left.unanswered, left.label_negative), (2, 0, 0));
    assert!(near(left.ppv_if_none, 10.0 / 20.0) && near(left.ppv_if_all, 12.0 / 20.0));
    assert_eq!(left.assumption, None, "nothing is weighted");
    let pair = &analysis.statistics.agreement[0];
    assert_eq!(pair.agreed, Count { x: 18, n: 20 });
    assert!(near(pair.kappa, 0.8) && pair.interval.is_some());
    assert!(pair.ac1.is_some() && pair.positive_agreement.is_some());
    let alone = Options { reader: Some("R2".to_owned()), ..Options::default() };
    let own = analyse(&world.input(), &alone);
    assert_eq!(own.statistics.label_quality[0].rules[0].ppv.count(), Count { x: 10, n: 20 });
}

#[test]
fn no_reads_at_all_refuse_everything_and_number_nothing() {
    let mut world = paper();
    world.readers.clear();
    let analysis = analyse(&world.input(), &Options::default());
    for quality in &analysis.statistics.label_quality {
        for rule in &quality.rules {
            assert!(rule.ppv.value.is_none() && rule.ppv.reason.is_some());
        }
    }
    let mut input = world.input();
    input.sample = None;
    let bare = analyse(&input, &Options::default());
    assert!(bare.statistics.label_quality.is_empty());
    assert_eq!(bare.dataset.summary.studies, 750);
}

#[test]
fn all_or_none_confirmed_has_no_false_certainty() {
    for share in [0, 3] {
        let mut world = World::new(dataset(&["Mass"], 3, 1), one_finding());
        world.read("R1", |_, place, _, _| Some((level(u8::from(place < share) * 2), Vec::new())));
        let analysis = analyse(&world.input(), &Options::default());
        let ppv = &analysis.statistics.label_quality[0].rules[0].ppv;
        let interval = ppv.interval.unwrap();
        assert!(0.4 < interval.high - interval.low, "three studies say little");
        assert_eq!(ppv.kind, IntervalKind::Final);
    }
}

#[test]
fn the_serialised_form_is_stable_and_has_its_keys() {
    let world = paper();
    let one = analyse(&world.input(), &Options::default());
    let two = analyse(&world.input(), &Options::default());
    assert_eq!(one.to_json().unwrap(), two.to_json().unwrap());
    assert_eq!(one.id(), two.id());
    assert_eq!(one.id().len(), 64);
    let value: serde_json::Value = serde_json::from_str(&one.to_json().unwrap()).unwrap();
    for key in ["schema", "statistics", "design", "release", "exclusions", "heads", "dataset"] {
        assert!(value.get(key).is_some_and(|v| !v.is_null()), "{key}");
    }
    assert_eq!(value["dataset"]["repeat_studies"][0]["more_than"], 1);
    assert_eq!(value["heads"][0]["chain"], "R1");
    assert!(!one.to_json().unwrap().contains("NaN"));
    let other = analyse(&world.input(), &Options { level: 0.9, ..Options::default() });
    assert_ne!(other.id(), one.id());
}

#[test]
fn a_dataset_that_was_summed_up_before_is_not_counted_again() {
    let world = paper();
    let mut input = world.input();
    let fresh = analyse(&input, &Options::default());
    let summary = Arc::new(DatasetSummary::new(&world.dataset));
    input.summary = Some(Arc::clone(&summary));
    let cached = analyse(&input, &Options::default());
    assert!(Arc::ptr_eq(&cached.dataset.summary, &summary));
    assert_eq!(cached.id(), fresh.id());
}

#[test]
fn repeat_studies_of_one_patient_widen_the_interval() {
    let mut world = World::new(dataset(&["Mass"], 40, 4), one_finding());
    world.read("R1", |_, place, _, _| Some((level(2 * u8::from(place < 20)), Vec::new())));
    let analysis = analyse(&world.input(), &Options::default());
    let ppv = &analysis.statistics.label_quality[0].rules[0].ppv;
    assert_eq!((ppv.n, ppv.patients), (40, 10));
    let (clustered, plain) = (ppv.interval.unwrap(), ppv.plain.unwrap());
    assert!(clustered.low < plain.low && plain.high < clustered.high);
    assert!(ppv.design_effect.is_some_and(|d| 3.0 < d));
    let strata = &analysis.statistics.strata.rows;
    assert!(strata.iter().all(|r| r.key != "studies of the patient"), "every patient has four");
}
