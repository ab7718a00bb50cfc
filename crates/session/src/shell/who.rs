//! Asking who reads, when a project has several people and nobody said.

use std::path::PathBuf;

use crate::desk::{DeskError, Person};
use crate::view::{Block, ButtonKind, ButtonView, PageView, Span};

/// The question, and the project it is asked of.
pub(super) struct Who {
    path: PathBuf,
    known: Vec<Person>,
    /// The name that nobody has.
    unknown: Option<String>,
}

impl Who {
    /// The question that an error asks; the error itself, if it asks none.
    pub(super) fn asked_by(error: DeskError) -> Result<Self, DeskError> {
        match error {
            DeskError::WhichReader { path, known } => Ok(Self { path, known, unknown: None }),
            DeskError::UnknownReader { path, reader, known } => {
                Ok(Self { path, known, unknown: Some(reader) })
            }
            other => Err(other),
        }
    }

    /// The person behind a button or a key, `1` for the first, with the project.
    pub(super) fn chosen(&self, word: &str) -> Option<(PathBuf, String)> {
        let number: usize = word.strip_prefix(PERSON).unwrap_or(word).parse().ok()?;
        let person = self.known.get(number.checked_sub(1)?)?;
        Some((self.path.clone(), person.name.clone()))
    }

    /// Keys that choose somebody.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        (1..=self.known.len().min(9)).map(|number| number.to_string())
    }

    pub(super) fn view(&self) -> PageView {
        let note = match &self.unknown {
            Some(name) => format!("Nobody called {name} reads in this project."),
            None => {
                "Several people read in this project; each has an order of their own.".to_owned()
            }
        };
        let person = |(i, person): (usize, &Person)| {
            let role = if person.adjudicator { ", adjudicator" } else { "" };
            Block::Buttons(vec![ButtonView {
                id: format!("{PERSON}{}", i + 1),
                text: format!("{}{role}", person.name),
                key: (i < 9).then(|| (i + 1).to_string()),
                kind: ButtonKind::Secondary,
                refused: None,
            }])
        };
        let mut blocks = vec![Block::Title { title: "Who reads?".to_owned(), note }];
        blocks.extend(self.known.iter().enumerate().map(person));
        blocks.push(Block::Text(vec![Span::plain(
            "Answers are kept under the name you choose, and cannot be moved to another.",
        )]));
        blocks.push(Block::Buttons(vec![ButtonView {
            id: "program.home".to_owned(),
            text: "Home".to_owned(),
            key: Some("Esc".to_owned()),
            kind: ButtonKind::Quiet,
            refused: None,
        }]));
        PageView { name: "Overread".to_owned(), blocks, ..PageView::default() }
    }
}

const PERSON: &str = "who.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_or_a_button_chooses_the_person_it_shows() {
        let person = |name: &str| Person { name: name.to_owned(), adjudicator: name == "judge" };
        let known = vec![person("ann"), person("judge")];
        let error = DeskError::UnknownReader { path: "p".into(), reader: "an".to_owned(), known };
        let who = Who::asked_by(error).unwrap();
        assert_eq!(who.chosen("1"), Some(("p".into(), "ann".to_owned())));
        assert_eq!(who.chosen("who.2"), Some(("p".into(), "judge".to_owned())));
        assert_eq!([who.chosen("0"), who.chosen("3"), who.chosen("N")], [None, None, None]);
        let shown = format!("{:?}", who.view());
        assert!(shown.contains("judge, adjudicator") && shown.contains("called an reads"));
    }
}
