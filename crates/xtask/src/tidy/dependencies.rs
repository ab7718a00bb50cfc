//! Every library that the workspace takes in has a line that says why.

use anyhow::{Context as _, Result};

/// Where those lines stand.
pub(super) const RECORD: &str = "docs/decisions/0006-dependencies.md";

/// Libraries in the root manifest that no row of the record names.
pub(super) fn check(manifest: &str, record: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("the root manifest is no TOML")?;
    let dependencies = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(toml::Value::as_table)
        .context("the root manifest has no dependencies")?;
    let named: Vec<&str> = record
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .collect();
    Ok(dependencies
        .iter()
        .filter(|(name, value)| value.get("path").is_none() && !named.contains(&name.as_str()))
        .map(|(name, _)| format!("{RECORD} has no row for {name}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace.dependencies]\n\
        own = { path = \"crates/own\" }\nfirst = \"1\"\nsecond = { version = \"2\" }\n";

    #[test]
    fn a_library_without_a_row_is_found() {
        let found = check(MANIFEST, "| crate | for |\n| first | x |\n").unwrap();
        assert_eq!(found, [format!("{RECORD} has no row for second")]);
    }

    #[test]
    fn libraries_that_share_a_row_and_own_crates_pass() {
        let found = check(MANIFEST, "| first, second | x |\n").unwrap();
        assert_eq!(found, Vec::<String>::new());
    }
}
