//! Words that must not stand in the repository: hosts of package registries, which differ from
//! place to place, and folders of one machine.

use anyhow::{Context as _, Result};
use std::path::Path;

/// Put together here, so that this file passes its own check.
fn forbidden() -> Vec<String> {
    [
        ["crates", ".io"],
        ["py", "pi.org"],
        ["python", "hosted.org"],
        ["npm", "js.com"],
        ["npm", "js.org"],
        ["deb.", "debian.org"],
        ["archive.", "ubuntu.com"],
        ["proxy.", "golang.org"],
        ["/wo", "rk/main"],
        ["/wo", "rk/shared"],
        ["/wo", "rk/t/"],
        ["/home", "/runner"],
    ]
    .iter()
    .map(|parts| parts.concat())
    .collect()
}

/// Cargo writes the address of its registry into the lock file by itself.
const EXEMPT: &[&str] = &["Cargo.lock"];

/// Where a forbidden word stands, as `file:line`.
pub(super) fn check(root: &Path, files: &[String]) -> Result<Vec<String>> {
    let forbidden = forbidden();
    let mut found = Vec::new();
    for name in files.iter().filter(|name| !EXEMPT.contains(&name.as_str())) {
        let bytes = std::fs::read(root.join(name)).with_context(|| name.clone())?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            found.extend(check_text(name, text, &forbidden));
        }
    }
    Ok(found)
}

fn check_text(name: &str, text: &str, forbidden: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        for word in forbidden.iter().filter(|word| lower.contains(word.as_str())) {
            found.push(format!("{name}:{}: `{word}` must not stand here", n + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_word_is_found_with_its_line() {
        let host = forbidden()[0].clone();
        let text = format!("first\nsee https://{}/x\n", host.to_uppercase());
        let found = check_text("README.md", &text, &forbidden());
        assert_eq!(found, [format!("README.md:2: `{host}` must not stand here")]);
    }

    #[test]
    fn ordinary_text_passes() {
        let text = "crates/core, io, python, the working folder";
        assert_eq!(check_text("a", text, &forbidden()), Vec::<String>::new());
    }
}
