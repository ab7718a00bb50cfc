//! The published schema describes every serialised analysis, key for key.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod common;

use common::{TABLE_2, World, dataset, level, paper, paper_answer, protocol};
use overread_analysis::{Options, analyse};
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
    for world in [paper(), unfinished, readers, nobody] {
        let analysis = analyse(&world.input(), &Options::default());
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
