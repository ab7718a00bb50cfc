//! Options of `analyse PROJECT --config` and `report PROJECT --config`: those of a reads table, and a few that only a project has.

use std::path::Path;

use overread_analysis::Options;
use overread_analysis::reads_table::ReadsOptions;
use overread_core::protocol::nearest;
use overread_core::{Phase, ReaderRecord};
use serde_json::{Map, Value};

use super::VerbError;

/// Options as the file gives them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ProjectConfig {
    all: Map<String, Value>,
}

/// Names that only a project knows.
const OWN: [&str; 4] = ["minimum_support", "running_step", "pairs_of_strata", "reader"];

impl ProjectConfig {
    /// Reads a file of options; without one everything keeps its default.
    pub(crate) fn from_file(file: Option<&Path>) -> Result<Self, VerbError> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(file).map_err(VerbError::io("read", file))?;
        Self::from_json(&text).map_err(|reason| {
            let file = file.display();
            VerbError::Other(format!("The options in {file} cannot be used: {reason}."))
        })
    }

    /// Reads a JSON object; names and values are checked.
    pub(crate) fn from_json(text: &str) -> Result<Self, String> {
        let all: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("it is no JSON object of options ({error})"))?;
        let table = serde_json::to_value(ReadsOptions::default()).unwrap_or_default();
        let names = table.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let mut known: Vec<&str> = OWN.into_iter().chain(names).collect();
        known.sort_unstable();
        if let Some(wrong) = all.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!(
                "`{wrong}` is no option of an analysis{}; there are {}",
                meant(wrong, &known),
                known.join(", ")
            ));
        }
        let out = Self { all };
        for name in ["minimum_support", "running_step", "bootstrap_reps", "seed"] {
            out.check(name, "a whole number from 0", Value::is_u64)?;
        }
        out.check("pairs_of_strata", "true or false", Value::is_boolean)?;
        out.check("reader", "a pseudonym", Value::is_string)?;
        let level = |v: &Value| v.as_f64().is_some_and(|level| 0.0 < level && level < 1.0);
        out.check("level", "a number between 0 and 1", level)?;
        ReadsOptions::from_json(&out.table(&Value::Null)).map_err(|error| error.to_string())?;
        Ok(out)
    }

    /// Whether everybody named is a reader with something to read; anybody else would make an empty analysis.
    pub(crate) fn readers_are_known(
        &self,
        readers: &[ReaderRecord],
        project: &Path,
    ) -> Result<(), VerbError> {
        let reads = |r: &&ReaderRecord| r.worklist.items.iter().any(|i| i.phase == Phase::Read);
        let known: Vec<&str> = readers.iter().filter(reads).map(|r| r.name.as_str()).collect();
        let one = self.all.get("reader").and_then(Value::as_str).map(|name| ("reader", name));
        let gold = self.all.get("gold_readers").and_then(Value::as_array).into_iter().flatten();
        let gold = gold.filter_map(|name| Some(("gold_readers", name.as_str()?)));
        let wrong = one.into_iter().chain(gold).find(|(_, name)| !known.contains(name));
        let Some((option, name)) = wrong else { return Ok(()) };
        Err(VerbError::Other(format!(
            "`{option}` names `{name}`, of whom there are no reads in {}{}. {}",
            project.display(),
            meant(name, &known),
            match known.as_slice() {
                [] => "Nobody has anything to read there.".to_owned(),
                known => format!("Readers there are {}.", known.join(", ")),
            }
        )))
    }

    fn check(&self, name: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Result<(), String> {
        match self.all.get(name) {
            Some(value) if !fits(value) => Err(format!("`{name}` must be {what}, not {value}")),
            _ => Ok(()),
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.all.get(name)?.as_u64()
    }

    /// The analysis' options with what the file says.
    pub(crate) fn applied_to(&self, mut options: Options) -> Options {
        if let Some(level) = self.all.get("level").and_then(Value::as_f64) {
            options.level = level;
        }
        options.minimum_support = self.number("minimum_support").unwrap_or(options.minimum_support);
        options.running_step = self.number("running_step").unwrap_or(options.running_step);
        options.bootstrap_reps = self.number("bootstrap_reps").unwrap_or(options.bootstrap_reps);
        options.seed = self.number("seed").unwrap_or(options.seed);
        if let Some(pairs) = self.all.get("pairs_of_strata").and_then(Value::as_bool) {
            options.pairs_of_strata = pairs;
        }
        if let Some(reader) = self.all.get("reader").and_then(Value::as_str) {
            options.reader = Some(reader.to_owned());
        }
        options
    }

    /// The readers whose majority is the reference, in place of the protocol's gold panel.
    pub(crate) fn gold_readers(&self) -> Option<Vec<String>> {
        let names = self.all.get("gold_readers")?.as_array()?;
        Some(names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
    }

    /// Above it a model calls a study positive.
    pub(crate) fn threshold(&self) -> f64 {
        self.all.get("threshold").and_then(Value::as_f64).unwrap_or(0.5)
    }

    /// What is left for the reads table, as JSON; `usual` holds what is not in the file.
    pub(crate) fn table(&self, usual: &Value) -> String {
        let rest = self.all.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
        let mut rest: Map<String, Value> = rest.map(|(k, v)| (k.clone(), v.clone())).collect();
        for (name, value) in usual.as_object().into_iter().flatten() {
            rest.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Value::Object(rest).to_string()
    }
}

/// The word that may have been meant.
fn meant(wrong: &str, known: &[&str]) -> String {
    nearest(wrong, known.iter().copied())
        .map_or_else(String::new, |word| format!(" (did you mean `{word}`?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_option_is_named_with_the_nearest_and_with_those_of_a_project() {
        let error = ProjectConfig::from_json(r#"{"raeder": "R1"}"#).unwrap_err();
        assert!(error.starts_with("`raeder` is no option of an analysis (did you mean `reader`?)"));
        for name in OWN.into_iter().chain(["quorum", "tie", "seed"]) {
            assert!(error.contains(name), "{name}: {error}");
        }
        let error = ProjectConfig::from_json(r#"{"quorum": "two"}"#).unwrap_err();
        assert!(error.starts_with("quorum"), "{error}");
    }

    #[test]
    fn a_reader_without_reads_is_no_empty_analysis() {
        let config = ProjectConfig::from_json(r#"{"reader": "R7"}"#).unwrap();
        let error = config.readers_are_known(&[], Path::new("a.overread")).unwrap_err().to_string();
        assert!(error.contains("`R7`") && error.contains("a.overread"), "{error}");
    }

    #[test]
    fn own_options_reach_the_analysis_and_the_others_the_table() {
        let text = r#"{"level": 0.9, "minimum_support": 3, "pairs_of_strata": true, "quorum": 2}"#;
        let config = ProjectConfig::from_json(text).unwrap();
        let options = config.applied_to(Options::default());
        assert_eq!((options.level, options.minimum_support), (0.9, 3));
        assert!(options.pairs_of_strata);
        assert_eq!(config.table(&Value::Null), r#"{"level":0.9,"quorum":2}"#);
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        for (text, name) in [
            (r#"{"level": 2}"#, "level"),
            (r#"{"bootstrap_reps": -1}"#, "bootstrap_reps"),
            (r#"{"pairs_of_strata": "yes"}"#, "pairs_of_strata"),
        ] {
            assert!(ProjectConfig::from_json(text).unwrap_err().contains(name));
        }
        assert!(ProjectConfig::from_json("[]").is_err());
    }
}
