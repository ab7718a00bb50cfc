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
