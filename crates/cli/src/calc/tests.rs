use serde_json::json;

use super::*;

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|a| (*a).to_owned()).collect()
}

#[test]
fn positional_arguments_mean_the_same_as_named_ones() {
    let named = calc_one("proportion", &json!({ "k": 45, "n": 50 })).unwrap();
    assert_eq!(calc_positional("wilson", &words(&["45", "50"])).unwrap(), named);
    let named = calc_one("two_proportions", &json!({"k1": 39, "n1": 40, "k2": 6, "n2": 10}));
    assert_eq!(calc_positional("fisher", &words(&["39", "40", "6", "10"])), named);
    let named = calc_one("kappa", &json!({ "table": [[20, 5], [4, 15]], "weights": "linear" }));
    assert_eq!(calc_positional("kappa", &words(&["[[20,5],[4,15]]", "linear"])), named);
}

#[test]
fn a_lone_list_may_be_spread_over_the_arguments() {
    let named = calc_one("adjust", &json!({ "p": [0.01, null, 0.04] })).unwrap();
    assert_eq!(calc_positional("adjust", &words(&["0.01", "null", "0.04"])).unwrap(), named);
    assert_eq!(calc_positional("adjust", &words(&["0.01,null,0.04"])).unwrap(), named);
}

#[test]
fn names_and_aliases_are_unique() {
    let mut names: Vec<&str> =
        functions().iter().flat_map(|f| f.aliases.iter().copied().chain([f.name])).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn impossible_counts_and_unknown_names_are_refused() {
    assert!(calc_one("proportion", &json!({ "k": 6, "n": 5 })).is_err());
    assert!(calc_one("proportion", &json!({ "k": 1, "n": 5, "m": 2 })).is_err());
    assert!(matches!(calc_one("median", &json!({})), Err(CalcError::UnknownFunction { .. })));
}

#[test]
fn wrong_arguments_are_named_with_what_the_function_takes() {
    for (name, args) in [
        ("sequence", &["1", "2", "0.05", "9"][..]),
        ("wilson", &["45"]),
        ("wilson", &[]),
        ("wilson", &["60", "50"]),
        ("wilson", &["a", "50"]),
        ("wilson", &["-1", "50"]),
        ("wilson", &["4.5", "50"]),
        ("fisher", &["1", "2", "3"]),
    ] {
        let error = calc_positional(name, &words(args)).unwrap_err().to_string();
        let takes = find(name).unwrap().arguments.join(" ");
        assert!(error.contains(&takes), "{error}");
    }
}

#[test]
fn help_and_the_refusal_of_an_unknown_name_list_every_name_and_alias() {
    let refusal = calc_positional("median", &[]).unwrap_err().to_string();
    for function in functions() {
        for name in function.names() {
            assert!(refusal.split([' ', ',']).any(|word| word == name), "{name}: {refusal}");
        }
        let line = format!("{} {}", function.names().last().unwrap(), function.arguments.join(" "));
        assert!(help().contains(&line), "{line}");
    }
}

#[test]
fn a_wrong_row_of_a_batch_is_named_with_its_column() {
    let text = "id,fn,args\nfirst,proportion,\"{\"\"k\"\": 3, \"\"n\"\": 2}\"\n";
    let error = calc_batch(text).unwrap_err().to_string();
    for part in ["line 2", "args", "`first`", "3 of 2"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn a_malformed_batch_names_line_and_column() {
    let text = "id,fn,args\na,proportion,\"{\"\"k\"\": 1, \"\"n\"\": 2}\"\nb,proportion,{\n";
    let Err(CalcError::Table { line, column, .. }) = calc_batch(text) else { panic!() };
    assert_eq!((line, column.as_str()), (3, "args"));
    let text = "id,fn,args\na,median,{}\n";
    let Err(CalcError::Table { line, column, .. }) = calc_batch(text) else { panic!() };
    assert_eq!((line, column.as_str()), (2, "fn"));
    let Err(CalcError::Table { line, column, .. }) = calc_batch("id,args\n") else { panic!() };
    assert_eq!((line, column.as_str()), (1, "fn"));
    let twice = "id,fn,args\na,rng,\"{\"\"seed\"\":1,\"\"count\"\":1}\"\na,rng,{}\n";
    assert!(matches!(calc_batch(twice), Err(CalcError::Table { line: 3, .. })));
}

/// Arguments of one call of every function, from the copied reference cases.
fn one_of_each() -> Vec<(String, Value)> {
    let text =
        include_str!("../../../../tests/reference/statistics/097_calc_one_of_each/input.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        (row[1].to_owned(), serde_json::from_str(&row[2]).unwrap())
    });
    rows.collect()
}

/// Whether a reason stands somewhere in `value`.
fn gives_a_reason(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, value)| {
            let named = name.ends_with("reason") || name == "unsampled_strata";
            named && !value.is_null() || gives_a_reason(value)
        }),
        Value::Array(values) => values.iter().any(gives_a_reason),
        _ => false,
    }
}

/// The first object on the way from `value` down that has a null, and no reason in it or around it.
fn unexplained(value: &Value) -> Option<&Value> {
    match value {
        Value::Object(map) => {
            if map.iter().any(|(name, reason)| name.ends_with("reason") && !reason.is_null()) {
                return None;
            }
            let null = map.iter().any(|(name, v)| {
                v.is_null() && !matches!(name.as_str(), "reason" | "weight" | "fpc")
            });
            if null && !gives_a_reason(value) {
                return Some(value);
            }
            map.values().find_map(unexplained)
        }
        Value::Array(values) => values.iter().find_map(unexplained),
        _ => None,
    }
}

#[test]
fn whatever_stands_in_an_argument_the_answer_is_explained_or_refused() {
    let odd = json!([
        0,
        1,
        -1,
        0.5,
        2_147_483_648_u64,
        9_007_199_254_740_993_u64,
        u64::MAX,
        1e308,
        1e-320,
        null,
        "a",
        true,
        [],
        {},
        [1],
        [null],
        [[]],
        [0, 0, 0, 0, 0],
        [1e308, -1e308],
        [[0, 0], [0, 0]],
        0.999_999
    ]);
    let mut gaps = Vec::new();
    for (name, args) in one_of_each() {
        let keys: Vec<&str> = args.as_object().unwrap().keys().map(String::as_str).collect();
        for key in keys.into_iter().chain(["level"]) {
            for value in odd.as_array().unwrap() {
                if matches!(key, "reps" | "count") && value.as_f64() > Some(1e6) {
                    continue;
                }
                let mut args = args.clone();
                args[key] = value.clone();
                // What is null there was null when given, or is the start of a curve.
                let exempt = matches!(name.as_str(), "rng" | "roc" | "adjust" | "repeat_studies");
                if let (Ok(found), false) = (calc_one(&name, &args), exempt)
                    && let Some(gap) = unexplained(&found)
                {
                    gaps.push(format!("{name} {key}={value}: {gap}"));
                }
            }
        }
    }
    assert!(gaps.is_empty(), "{gaps:#?}");
}

#[test]
fn counts_that_a_number_cannot_hold_are_refused_by_name() {
    let error = calc_one("proportion", &json!({ "k": 1, "n": u64::MAX })).unwrap_err().to_string();
    assert!(error.contains("n: 18446744073709551615 is too large"), "{error}");
    let nested = json!({ "table": [[u64::MAX, 1], [1, 1]] });
    assert!(calc_one("kappa", &nested).unwrap_err().to_string().contains("too large"));
    assert!(calc_one("rng", &json!({ "seed": u64::MAX, "count": 1 })).is_ok());
}

#[test]
fn a_partial_area_comes_with_the_rate_it_goes_up_to() {
    let args = |most: f64| json!({ "y": [0, 1, 0, 1, 1, 0], "score": [0.1, 0.4, 0.4, 0.8, 0.3, 0.35], "max_fpr": most });
    let whole = calc_one("roc", &args(1.0)).unwrap();
    let gap = whole["partial"]["auc"].as_f64().unwrap() - whole["delong"]["auc"].as_f64().unwrap();
    assert!(gap.abs() < 1e-12);
    let half = calc_one("roc", &args(0.5)).unwrap();
    assert!(half["partial"]["auc"].as_f64() < whole["partial"]["auc"].as_f64());
    assert!(calc_one("roc", &args(0.0)).is_err() && calc_one("roc", &args(1.5)).is_err());
}
