//! Words of the command line that open the window.

use std::path::PathBuf;

use clap::Parser;

/// `overread [PROJECT] [--reader NAME]`.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "overread", disable_help_flag = true)]
pub struct WindowArgs {
    /// A project to open.
    pub project: Option<PathBuf>,
    /// Pseudonym of the reader.
    #[arg(long)]
    pub reader: Option<String>,
}

/// Whether words ask for the window rather than for a verb.
pub fn asks_for_window(words: &[String]) -> bool {
    match words.first().map(String::as_str) {
        None => true,
        Some(word) if word.starts_with("--reader") => true,
        Some(word) if word.starts_with('-') => false,
        // A word that is no verb is a project when it looks like one or is there.
        Some(word) => {
            let path = std::path::Path::new(word);
            let is_verb = <crate::args::Cli as clap::CommandFactory>::command()
                .get_subcommands()
                .any(|verb| verb.get_name() == word);
            !is_verb && word != "help" && (path.exists() || path.extension().is_some())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::asks_for_window;

    #[test]
    fn a_project_opens_the_window_and_a_verb_does_not() {
        let asks = |words: &[&str]| {
            asks_for_window(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
        };
        assert!(asks(&[]));
        assert!(asks(&["study.overread", "--reader", "R1"]));
        assert!(!asks(&["info", "study.overread"]));
        assert!(!asks(&["--help"]));
        assert!(!asks(&["inof"]), "a mistyped verb is wrong usage, not a project");
    }
}
