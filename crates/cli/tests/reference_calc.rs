//! Every reference case of single functions, through `overread calc`.

#[path = "../../../tests/reference/compare.rs"]
mod compare;

use compare::{cases, differences, json};
use overread_cli::calc::{calc_batch, functions};

#[test]
fn every_calc_case_has_the_expected_values() {
    let mut wrong = Vec::new();
    for case in cases(env!("CARGO_MANIFEST_DIR"), "calc") {
        let input = std::fs::read_to_string(case.join("input.csv")).unwrap();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        match calc_batch(&input) {
            Ok(actual) => {
                let found = differences(&json(&case.join("expected.json")), &actual);
                wrong.extend(found.into_iter().map(|d| format!("{name} {d}")));
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_function_has_a_reference_case() {
    let case = cases(env!("CARGO_MANIFEST_DIR"), "calc")
        .into_iter()
        .find(|path| path.ends_with("097_calc_one_of_each"))
        .unwrap();
    let text = std::fs::read_to_string(case.join("input.csv")).unwrap();
    for function in functions() {
        assert!(text.contains(&format!(",{},", function.name)), "{}", function.name);
    }
}
