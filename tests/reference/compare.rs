//! Compares a result with a reference case, path by path.

#![expect(clippy::unwrap_used, reason = "a broken case should stop the test")]

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder with the cases, from a crate's manifest folder.
pub(crate) fn cases(manifest: &str, kind: &str) -> Vec<PathBuf> {
    let root = Path::new(manifest).join("../../tests/reference/statistics");
    let mut found: Vec<PathBuf> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("meta.json").is_file())
        .filter(|path| json(&path.join("meta.json"))["kind"] == kind)
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no cases of kind {kind} in {}", root.display());
    found
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every path of `expected` that `actual` misses or contradicts.
pub(crate) fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(expected, Some(actual), "", &mut out);
    out
}

fn tolerance(path: &str) -> f64 {
    // Iterated to convergence: the last digits depend on where one stops.
    if path.contains("/dawid_skene/") || path.contains("/logistic/") { 1e-6 } else { 1e-9 }
}

fn walk(expected: &Value, actual: Option<&Value>, path: &str, out: &mut Vec<String>) {
    let mut differ = |what: &str| out.push(format!("{path}: {what}"));
    match (expected, actual) {
        (Value::Null, None | Some(Value::Null)) => {}
        (_, None) => differ(&format!("missing, expected {expected}")),
        (Value::String(_), Some(Value::String(_))) if path.ends_with("reason") => {}
        (Value::Number(e), Some(Value::Number(a))) => {
            let (e, a) = (e.as_f64().unwrap(), a.as_f64().unwrap());
            let tolerance = tolerance(path);
            if (e - a).abs() > tolerance.max(tolerance * e.abs()) {
                differ(&format!("{a} is not {e}"));
            }
        }
        (Value::Object(e), Some(Value::Object(a))) => {
            for (key, value) in e {
                if path.is_empty() && (key == "schema" || key == "config") {
                    continue;
                }
                walk(value, a.get(key), &format!("{path}/{key}"), out);
            }
        }
        (Value::Array(e), Some(Value::Array(a))) => {
            if e.len() == a.len() {
                for (i, value) in e.iter().enumerate() {
                    walk(value, a.get(i), &format!("{path}/{i}"), out);
                }
            } else {
                differ(&format!("{} entries, expected {}", a.len(), e.len()));
            }
        }
        (e, Some(a)) if e == a => {}
        (e, Some(a)) => differ(&format!("{a} is not {e}")),
    }
}
