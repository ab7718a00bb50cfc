//! Which crate may know which. The table is the architecture; `docs/architecture.md` repeats it.

use super::read_text;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;

/// Every crate of the workspace and the crates it may depend on, in any kind of dependency.
/// A crate that may depend on all is in [`FREE`].
const ALLOWED: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("imaging", &["core"]),
    ("store", &["core"]),
    ("stats", &["core"]),
    ("analysis", &["core", "stats"]),
    ("report", &["core", "analysis"]),
    ("session", &["core", "imaging", "store", "analysis", "report"]),
    ("paint", &[]),
    ("app", &["core", "session", "paint"]),
    ("cli", &["core", "session", "stats", "imaging"]),
    ("overread", &["app", "cli"]),
];

/// Crates that are no part of the product.
const FREE: &[&str] = &["tests", "xtask"];

/// `overread-core` is called `core` in the table.
fn short(package: &str) -> &str {
    package.strip_prefix("overread-").unwrap_or(package)
}

/// Edges that the table does not have, and crates that it does not know.
pub(super) fn check(metadata: &Value) -> Result<Vec<String>> {
    let packages = packages(metadata)?;
    let members: Vec<&str> = packages.iter().map(|package| name(package)).collect::<Result<_>>()?;
    let mut found = Vec::new();
    for package in packages {
        let from = short(name(package)?);
        if FREE.contains(&from) {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == from) else {
            found.push(format!("the crate {from} has no row in the table of allowed edges"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = name(dependency)?;
            if members.contains(&to) && !allowed.contains(&short(to)) {
                let kind = dependency["kind"].as_str().unwrap_or("normal");
                found.push(format!("{from} must not depend on {} ({kind} dependency)", short(to)));
            }
        }
    }
    Ok(found)
}

/// What the architecture document's list of edges lacks or has too much.
pub(super) fn check_document(text: &str) -> Vec<String> {
    let edge = |line: &&str| {
        line.split_once(" may use ").is_some_and(|(from, _)| !from.contains(char::is_whitespace))
    };
    let written: Vec<&str> = text.lines().map(str::trim).filter(edge).collect();
    let wanted: Vec<String> = ALLOWED.iter().map(sentence).collect();
    let lacking = wanted
        .iter()
        .filter(|line| !written.contains(&line.as_str()))
        .map(|line| format!("docs/architecture.md lacks the line `{line}`"));
    let surplus = written
        .iter()
        .filter(|line| !wanted.iter().any(|known| known == *line))
        .map(|line| format!("docs/architecture.md allows an edge that tidy does not: `{line}`"));
    lacking.chain(surplus).collect()
}

fn sentence((from, to): &(&str, &[&str])) -> String {
    let to = if to.is_empty() { "nothing".to_owned() } else { to.join(", ") };
    format!("{from} may use {to}")
}

/// Crates that do not take the lints of the workspace, or another licence.
pub(super) fn check_manifests(metadata: &Value) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for package in packages(metadata)? {
        let path = package["manifest_path"].as_str().context("a package without manifest")?;
        found.extend(check_manifest(name(package)?, &read_text(Path::new(path))?)?);
    }
    Ok(found)
}

fn check_manifest(name: &str, text: &str) -> Result<Vec<String>> {
    let manifest: toml::Table =
        text.parse().with_context(|| format!("the manifest of {name} is no TOML"))?;
    let inherits = |value: Option<&toml::Value>| {
        value.and_then(|v| v.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
    };
    let package = manifest.get("package");
    let mut found = Vec::new();
    if !inherits(manifest.get("lints")) {
        found.push(format!("{name} does not take the lints of the workspace"));
    }
    for key in ["license", "edition", "version", "publish"] {
        if !inherits(package.and_then(|table| table.get(key))) {
            found.push(format!("{name} does not take `{key}` from the workspace"));
        }
    }
    Ok(found)
}

fn packages(metadata: &Value) -> Result<&Vec<Value>> {
    metadata["packages"].as_array().context("cargo metadata lists no packages")
}

fn name(package: &Value) -> Result<&str> {
    package["name"].as_str().context("a package without name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace(edges: &[(&str, &str, Option<&str>)]) -> Value {
        let crates = ["overread-core", "overread-stats", "overread-app", "overread", "xtask"];
        let packages: Vec<Value> = crates
            .iter()
            .map(|name| {
                let dependencies: Vec<Value> = edges
                    .iter()
                    .filter(|(from, _, _)| from == name)
                    .map(|(_, to, kind)| json!({"name": to, "kind": kind}))
                    .collect();
                json!({"name": name, "dependencies": dependencies})
            })
            .collect();
        json!({ "packages": packages })
    }

    #[test]
    fn a_forbidden_edge_is_found() {
        let found = check(&workspace(&[("overread-app", "overread-stats", None)])).unwrap();
        assert_eq!(found, ["app must not depend on stats (normal dependency)"]);
    }

    #[test]
    fn a_forbidden_edge_of_a_test_is_found_too() {
        let found = check(&workspace(&[("overread-core", "overread-stats", Some("dev"))])).unwrap();
        assert_eq!(found, ["core must not depend on stats (dev dependency)"]);
    }

    #[test]
    fn allowed_edges_foreign_crates_and_free_crates_pass() {
        let edges = [
            ("overread-stats", "overread-core", None),
            ("overread", "overread-app", None),
            ("overread-core", "serde", None),
            ("xtask", "overread-app", Some("dev")),
        ];
        assert_eq!(check(&workspace(&edges)).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let metadata = json!({"packages": [{"name": "overread-extra", "dependencies": []}]});
        let found = check(&metadata).unwrap();
        assert_eq!(found, ["the crate extra has no row in the table of allowed edges"]);
    }

    #[test]
    fn a_manifest_with_its_own_lints_or_licence_is_found() {
        let good = "[package]\nname='x'\nlicense.workspace=true\nedition.workspace=true\n\
                    version.workspace=true\npublish.workspace=true\n[lints]\nworkspace=true\n";
        assert_eq!(check_manifest("x", good).unwrap(), Vec::<String>::new());
        let own_lints = good.replace("[lints]\nworkspace=true", "[lints.rust]\nunsafe_code='warn'");
        assert_eq!(check_manifest("x", &own_lints).unwrap().len(), 1);
        let own_licence = good.replace("license.workspace=true", "license='GPL-3.0'");
        assert_eq!(check_manifest("x", &own_licence).unwrap().len(), 1);
    }

    #[test]
    fn a_document_with_another_table_is_found() {
        let lines: Vec<String> = ALLOWED.iter().map(sentence).collect();
        let text = format!("# Rooms\n\nAll tests may use everything.\n{}\n", lines.join("\n"));
        assert_eq!(check_document(&text), Vec::<String>::new());
        let wrong = text
            .replace("app may use core, session, paint", "app may use core, session, paint, stats");
        assert_eq!(check_document(&wrong).len(), 2);
    }
}
