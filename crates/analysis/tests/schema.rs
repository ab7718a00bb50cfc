//! The published schema describes every serialised analysis, key for key.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod common;

use common::{TABLE_2, World, dataset, describe, level, paper, paper_answer, protocol};
use overread_analysis::{ModelScores, Options, analyse};
use serde_json::Value;

/// The part of JSON Schema that the file uses; returns what does not fit.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return check(root, &root["$defs"][name], value, at);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let tried = choices.iter().map(|choice| check(root, choice, value, at));
        return tried.min_by_key(Vec::len).unwrap();
    }
    if let Some(constant) = schema.get("const").filter(|c| !c.is_null()) {
        return if constant == value { vec![] } else { vec![format!("{at}: not {constant}")] };
    }
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(value) { vec![] } else { vec![format!("{at}: {value}")] };
    }
    let kind = schema["type"].as_str().unwrap();
    let fits = match kind {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !fits {
        return vec![format!("{at}: no {kind}")];
    }
    let mut wrong = Vec::new();
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object())
    {
        for key in properties.keys().filter(|key| !object.contains_key(*key)) {
            wrong.push(format!("{at}.{key}: missing"));
        }
        for (key, value) in object {
            match properties.get(key) {
                Some(schema) => wrong.extend(check(root, schema, value, &format!("{at}.{key}"))),
                None => wrong.push(format!("{at}.{key}: not in the schema")),
            }
        }
    }
    for value in value.as_array().into_iter().flatten() {
        wrong.extend(check(root, &schema["items"], value, at));
    }
    wrong
}

/// Four readers and two models on studies of two regions.
fn panel() -> World {
    let mut data = dataset(&["abnormal"], 24, 1);
    describe(&mut data, |place| {
        (place % 2 == 0, if place < 12 { "XR_ELBOW" } else { "XR_HAND" }, "train")
    });
    let mut world = World::new(data, protocol("panel", &[("size = 207", "size = 24")]));
    for reader in 1..5_u64 {
        let answer = move |place, _: &str| level(u8::from(place * reader % 5 < 2));
        world.read_each(&format!("R{reader}"), answer);
    }
    for model in ["A", "B"] {
        let scores = world.known.iter().map(|(id, (_, place))| (*id, (*place % 7) as f64 / 7.0));
        world.scores.push(ModelScores {
            model: model.to_owned(),
            finding: None,
            threshold: 0.5,
            scores: scores.collect(),
        });
    }
    world
}

/// One reader who names pathologies.
fn relabelled() -> World {
    let mut data = dataset(&["abnormal"], 30, 1);
    "mura".clone_into(&mut data.0.format);
    describe(&mut data, |place| {
        (place % 3 == 0, if place < 12 { "XR_ELBOW" } else { "XR_HAND" }, "train")
    });
    let mut world = World::new(data, protocol("mura-relabel", &[("size = 714", "size = 30")]));
    world
        .read_each("R1", |place, finding| level(u8::from(finding == "fracture" && place % 2 == 0)));
    world
}

#[test]
fn every_section_has_rows_in_one_of_the_described_analyses() {
    let of = |world: World| {
        serde_json::to_value(analyse(&world.input(), &Options::default()).statistics).unwrap()
    };
    let (panel, relabelled) = (of(panel()), of(relabelled()));
    for (value, keys) in [
        (&panel, &["panel", "splits", "leave_one_out", "gold", "consensus", "against_label"][..]),
        (&relabelled, &["by_stratum", "by_pathology", "published", "drift"][..]),
    ] {
        for key in keys {
            assert!(value[key].as_array().is_some_and(|rows| !rows.is_empty()), "{key}");
        }
    }
    assert!(panel["scores"]["paired"].as_array().is_some_and(|rows| 1 < rows.len()));
}

#[test]
fn the_schema_describes_every_serialised_analysis() {
    let text = include_str!("../../../docs/analysis.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut unfinished = World::new(dataset(&labels, 50, 1), protocol("cxr14-verify", &[]));
    unfinished
        .read("R1", |class, place, _, index| (index < 70).then(|| paper_answer(class, place)));
    let mut readers = World::new(dataset(&labels, 60, 2), protocol("cxr14-controls", &[]));
    for name in ["R1", "R2"] {
        readers.read(name, |class, _, _, _| Some((level(2 * u8::from(class < 9)), Vec::new())));
    }
    let mut nobody = paper();
    nobody.readers.clear();
    for world in [paper(), unfinished, readers, nobody, panel(), relabelled()] {
        let gold = ["R1".to_owned()];
        let input = overread_analysis::Input { gold: &gold, ..world.input() };
        let options = Options { bootstrap_reps: 20, pairs_of_strata: true, ..Options::default() };
        let analysis = analyse(&input, &options);
        let value = serde_json::to_value(&analysis).unwrap();
        assert_eq!(check(&schema, &schema, &value, "$"), Vec::<String>::new());
    }
}

#[test]
fn the_checker_itself_finds_what_is_wrong() {
    let schema = serde_json::json!({
        "type": "object", "properties": { "a": { "type": "integer" } }
    });
    let check = |value: Value| check(&schema, &schema, &value, "$").len();
    assert_eq!(check(serde_json::json!({ "a": 1 })), 0);
    assert_eq!(check(serde_json::json!({ "a": "1" })), 1);
    assert_eq!(check(serde_json::json!({ "b": 1 })), 2);
}
