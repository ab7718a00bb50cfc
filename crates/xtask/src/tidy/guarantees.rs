//! Every promise has a test, and every test that is named is there.

use super::{files_below, read_text};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where the promises stand.
pub(super) const PAGE: &str = "docs/guarantees.md";

/// The tests of each crate of the workspace.
type Tests = BTreeMap<String, BTreeSet<String>>;

/// Promises without a test, and tests that are named and not there.
pub(super) fn check(metadata: &Value, page: &str) -> Result<Vec<String>> {
    let mut tests = Tests::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().context("a package without a name")?;
        let manifest = package["manifest_path"].as_str().context("a package without a manifest")?;
        let folder = Path::new(manifest).parent().context("a manifest without a folder")?;
        let of_crate = tests.entry(name.to_owned()).or_default();
        for file in files_below(folder)? {
            if file.extension().is_some_and(|end| end == "rs") {
                of_crate.extend(tests_in(&read_text(&file)?));
            }
        }
    }
    Ok(check_page(page, &tests))
}

/// Names of the functions that are tests: `#[test]` stands among what is right above them.
fn tests_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')) {
            Some((name, _)) if marked => found.push(name.to_owned()),
            _ => {}
        }
        marked = line == "#[test]" || marked && (line.starts_with("#[") || line.starts_with("//"));
    }
    found
}

fn check_page(page: &str, tests: &Tests) -> Vec<String> {
    let mut found = Vec::new();
    for (n, line) in (1..).zip(page.lines()) {
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else {
            continue;
        };
        let Some((_, proof)) = row.rsplit_once(" | ").filter(|(_, proof)| *proof != "tests") else {
            continue;
        };
        if proof.chars().all(|c| c == '-' || c == ' ') {
            continue;
        }
        let mut of_crate: Option<(&str, &BTreeSet<String>)> = None;
        let mut named = 0;
        for word in proof.split('`').skip(1).step_by(2) {
            let here = |what: &str| format!("{PAGE}:{n}: {what}");
            match (tests.get_key_value(word), of_crate) {
                (Some((name, of_it)), _) => of_crate = Some((name, of_it)),
                (None, None) => {
                    found.push(here(&format!("`{word}` is no crate of this workspace")));
                }
                (None, Some((name, of_it))) => {
                    named += 1;
                    if !of_it.contains(word) {
                        found.push(here(&format!("{name} has no test `{word}`")));
                    }
                }
            }
        }
        if named == 0 {
            found.push(format!("{PAGE}:{n}: no test is named"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "#[test]\n#[cfg(unix)]\n/// A word.\nfn holds() {}\nfn helper() {}\n\
        mod tests {\n    #[test]\n    fn also_holds() -> Result<()> {}\n}\n";

    fn of_file() -> Tests {
        Tests::from([
            ("core".to_owned(), tests_in(FILE).into_iter().collect()),
            ("app".to_owned(), BTreeSet::new()),
        ])
    }

    #[test]
    fn functions_marked_as_tests_are_found_and_no_others() {
        assert_eq!(tests_in(FILE), ["holds", "also_holds"]);
    }

    #[test]
    fn a_page_whose_tests_are_all_there_passes() {
        let page =
            "| promise | tests |\n| --- | --- |\n| x `y` | `core`: `holds`, `also_holds` |\n";
        assert_eq!(check_page(page, &of_file()), Vec::<String>::new());
    }

    #[test]
    fn a_test_that_is_gone_moved_or_none_is_found_with_its_line() {
        let page = "| promise | tests |\n| --- | --- |\n\
            | a | `core`: `holds`, `gone` |\n| b | `app`: `holds` |\n| c | `core`: `helper` |\n\
            | d | `cor`: `holds` |\n| e | by looking |\n";
        assert_eq!(
            check_page(page, &of_file()),
            [
                format!("{PAGE}:3: core has no test `gone`"),
                format!("{PAGE}:4: app has no test `holds`"),
                format!("{PAGE}:5: core has no test `helper`"),
                format!("{PAGE}:6: `cor` is no crate of this workspace"),
                format!("{PAGE}:6: `holds` is no crate of this workspace"),
                format!("{PAGE}:6: no test is named"),
                format!("{PAGE}:7: no test is named"),
            ]
        );
    }

    #[test]
    fn every_test_named_in_this_repository_is_there() {
        let root = crate::root().unwrap();
        let page = read_text(&root.join(PAGE)).unwrap();
        let metadata = crate::tidy::metadata().unwrap();
        assert_eq!(check(&metadata, &page).unwrap(), Vec::<String>::new());
    }
}
