//! Every reference case of a reads table.

#[path = "../../../tests/reference/compare.rs"]
mod compare;

use compare::{cases, differences, json};
use overread_analysis::reads_table::analyse_reads;

#[test]
fn every_reads_table_case_has_the_expected_values() {
    let mut wrong = Vec::new();
    for case in cases(env!("CARGO_MANIFEST_DIR"), "analyze") {
        let file = |name: &str| std::fs::read_to_string(case.join(name)).ok();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let (config, scores) = (file("config.json"), file("scores.csv"));
        let input = file("input.csv").unwrap();
        match analyse_reads(&input, config.as_deref(), scores.as_deref()) {
            Ok(actual) => {
                let expected = json(&case.join("expected.json"));
                let found = differences(&expected, &actual["statistics"]);
                wrong.extend(found.into_iter().map(|d| format!("{name} {d}")));
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
