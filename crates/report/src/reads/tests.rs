use std::fmt::Write as _;

use overread_analysis::reads_table::analyse_reads;

use super::text;

fn of(reads: &str, config: &str, scores: Option<&str>) -> String {
    text(&analyse_reads(reads, Some(config), scores).unwrap())
}

#[test]
fn every_section_that_a_table_supports_is_written() {
    let mut reads = String::from(
        "study_id,reader_id,rule,finding,value,dataset_label,patient_id,stratum,tag,score,seq\n",
    );
    for i in 0..40 {
        for (r, reader) in ["Ann", "Bob", "Cy"].iter().enumerate() {
            for rule in ["permissive", "clinical"] {
                let value =
                    u8::from((i * 7 + r * i) % 5 < 3 && (rule == "permissive" || i % 4 > 0));
                let (label, tag) = (i % 2, if i % 3 == 0 { "drain" } else { "" });
                let (patient, score) = (i / 3, (i * 37 % 40) as f64 / 40.0);
                let row = [reader, rule, "opacity"].join(",");
                writeln!(
                    reads,
                    "s{i:02},{row},{value},{label},P{patient},h{label},{tag},{score},{i}"
                )
                .unwrap();
            }
        }
    }
    let config = r#"{"population": {"opacity": [{"stratum": "h0", "label": 0, "N": 900},
        {"stratum": "h1", "label": 1, "N": 100}]}, "bootstrap_reps": 20, "gold_readers": ["Ann", "Bob"]}"#;
    let text = of(&reads, config, None);
    for part in [
        "Studies per patient (14 patients, 40 studies)",
        "opacity, clinical",
        "Reference: majority of Ann, Bob.",
        "Dataset label against the reference (",
        "With patients as the sampling unit",
        "Weighted to the dataset (1,000 studies)",
        "Dataset label against each reader",
        "by stratum",
        "By tag, among label-positives",
        "Score against the reference",
        "Agreement of the panel (40 studies)",
        "Pairs of readers",
        "Readers against the gold panel",
        "Latent classes",
        "Along the reading order",
        "One rule against the other",
        "Tests of the family (3)",
        "Bootstrap: 20 resamples, seed 20170601.",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn a_refusal_says_why() {
    let reads = "study_id,reader_id,rule,finding,value,dataset_label\n\
        a,A,c,f,1,1\nb,A,c,f,1,1\na,B,c,f,1,1\nb,B,c,f,1,1\n";
    let text = of(reads, "{}", None);
    assert!(text.contains("2/2"), "{text}");
    assert!(text.contains("not identified: no label-negative studies"), "{text}");
    assert!(text.contains("A|B: kappa not estimable:"), "{text}");
}

#[test]
fn every_reference_case_can_be_read_as_text() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/statistics");
    let mut seen = 0;
    for case in std::fs::read_dir(root).unwrap() {
        let case = case.unwrap().path();
        let file = |name: &str| std::fs::read_to_string(case.join(name)).ok();
        let input = file("input.csv").unwrap_or_default();
        if !input.starts_with("study_id") {
            continue;
        }
        let config = file("config.json").unwrap_or_else(|| "{}".to_owned());
        let text = of(&input, &config, file("scores.csv").as_deref());
        for never in ["null", "NaN", "  \n"] {
            assert!(!text.contains(never), "{never:?} in {}:\n{text}", case.display());
        }
        seen += 1;
    }
    assert!(seen > 30, "{seen} cases");
}
