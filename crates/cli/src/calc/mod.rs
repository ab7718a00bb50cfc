//! `overread calc`: one statistic from numbers, without a project.

mod args;
mod batch;
mod calls;
mod functions;

use serde_json::{Map, Value};

pub use batch::calc_batch;

/// Why a calculation could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalcError {
    /// No function has this name.
    #[error("there is no statistic called `{name}`{meant}; known: {known}")]
    UnknownFunction {
        /// The name asked for.
        name: String,
        /// The one that was probably meant, as a question in brackets; empty where none is near.
        meant: String,
        /// All names.
        known: String,
    },
    /// Too few or too many arguments.
    #[error("{function} takes the arguments {takes}; {given} were given")]
    Arity {
        /// The function.
        function: String,
        /// Its arguments; those in brackets may be left out.
        takes: String,
        /// How many were given.
        given: usize,
    },
    /// The arguments do not fit the function.
    #[error("{function}: {reason}")]
    Arguments {
        /// The function.
        function: String,
        /// What is wrong.
        reason: String,
    },
    /// A batch table that cannot be read.
    #[error("line {line}, column {column}: {reason}")]
    Table {
        /// Line in the file, the header being 1.
        line: u64,
        /// Column name.
        column: String,
        /// What is wrong.
        reason: String,
    },
}

impl CalcError {
    /// Whether a batch is wrong in its column `fn`, rather than in its arguments.
    const fn is_about_the_name(&self) -> bool {
        matches!(self, Self::UnknownFunction { .. })
    }

    fn arguments(function: &str, reason: String) -> Self {
        Self::Arguments { function: function.to_owned(), reason }
    }
}

/// A function of `overread calc`.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Arguments in positional order; those in brackets may be left out.
    pub arguments: &'static [&'static str],
    /// What it computes, in one sentence.
    pub summary: &'static str,
    run: fn(Value) -> Result<Value, String>,
}

/// Every function, in the order help shows them.
pub fn functions() -> &'static [Function] {
    functions::FUNCTIONS
}

impl Function {
    /// Its name, then the other names for it.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// Every function with its arguments, for `overread help calc`.
pub fn help() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "Example: overread calc wilson 45 50\n         overread calc kappa '[[20,5],[4,15]]' linear\n         overread calc --batch cases.csv --json\n\nNames and their arguments; those in brackets may be left out, lists are JSON or 1,2,3:\n",
    );
    for function in functions() {
        let names: Vec<&str> = function.names().collect();
        let arguments = function.arguments.join(" ");
        // Writing to a String cannot fail.
        write!(text, "\n  {} {arguments}\n      {}", names.join(" | "), function.summary).ok();
    }
    text
}

fn find(name: &str) -> Result<&'static Function, CalcError> {
    functions().iter().find(|f| f.names().any(|known| known == name)).ok_or_else(|| {
        let known: Vec<&str> = functions().iter().flat_map(Function::names).collect();
        let meant = overread_core::protocol::nearest(name, known.iter().copied())
            .map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
        CalcError::UnknownFunction { name: name.to_owned(), meant, known: known.join(", ") }
    })
}

/// Computes one statistic from named arguments.
pub fn calc_one(name: &str, args: &Value) -> Result<Value, CalcError> {
    let function = find(name)?;
    if let Some(reason) = too_large(args) {
        return Err(CalcError::arguments(function.name, reason));
    }
    (function.run)(args.clone()).map_err(|reason| CalcError::arguments(function.name, reason))
}

/// Counts above this are not exact as numbers, and sums of them might not fit; the seed is no count.
const LARGEST: u64 = 1 << 53;

fn too_large(args: &Value) -> Option<String> {
    let above = |value: &Value| value.as_u64().is_some_and(|count| LARGEST < count);
    let within = |name: Option<&str>, value: &Value| {
        (above(value) && name != Some("seed")).then(|| {
            let name = name.map_or_else(String::new, |name| format!("{name}: "));
            format!("{name}{value} is too large to count exactly; the largest is {LARGEST}")
        })
    };
    match args {
        Value::Object(map) => map
            .iter()
            .find_map(|(name, value)| within(Some(name), value).or_else(|| too_large(value))),
        Value::Array(values) => {
            values.iter().find_map(|value| within(None, value).or_else(|| too_large(value)))
        }
        _ => None,
    }
}

/// Computes one statistic from arguments in the order of [`Function::arguments`].
///
/// Each is a number, a word or JSON; a list may be written `1,2,3`, and the only list of a function as separate arguments.
pub fn calc_positional(name: &str, args: &[String]) -> Result<Value, CalcError> {
    let function = find(name)?;
    let names: Vec<&str> = function.arguments.iter().map(|a| a.trim_matches(['[', ']'])).collect();
    let mut object = Map::new();
    let only_list = names.len() == 1 && !args.first().is_some_and(|a| a.starts_with('['));
    if let ([only], true) = (names.as_slice(), only_list) {
        let items = args.iter().flat_map(|a| a.split(',')).map(|a| parsed(a.trim()));
        object.insert((*only).to_owned(), Value::Array(items.collect()));
    } else {
        let needed = function.arguments.iter().filter(|a| !a.starts_with('[')).count();
        if args.len() > names.len() || args.len() < needed {
            let takes = function.arguments.join(" ");
            return Err(CalcError::Arity {
                function: function.name.to_owned(),
                takes,
                given: args.len(),
            });
        }
        for (name, arg) in names.iter().zip(args) {
            object.insert((*name).to_owned(), parsed(arg));
        }
    }
    calc_one(function.name, &Value::Object(object)).map_err(|error| match error {
        CalcError::Arguments { function: name, reason } => {
            let takes = function.arguments.join(" ");
            CalcError::arguments(&name, format!("{reason} (its arguments are {takes})"))
        }
        other => other,
    })
}

/// JSON where it is JSON, a list where it has commas, otherwise a word.
fn parsed(arg: &str) -> Value {
    if let Ok(value) = serde_json::from_str(arg) {
        return value;
    }
    if arg.contains(',') && !arg.starts_with(['[', '{']) {
        return Value::Array(arg.split(',').map(|a| parsed(a.trim())).collect());
    }
    Value::String(arg.to_owned())
}

#[cfg(test)]
mod tests;
