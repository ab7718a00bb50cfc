//! What may come in: only what a reader does, about what that reader was given, as the project asks it.

use overread_core::event::{Event, EventBody, FindingAnswer, MOST_COMMENT};
use overread_core::{DeckId, ItemId, Level, Phase, Protocol};

use super::form::shown;
use super::known::{Given, Known};

/// What a file is, by the events that stand in the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A packet that was made for this reader.
    Packet {
        /// Its id.
        id: String,
        /// The only one who may have written in it.
        reader: String,
    },
    /// A copy of the project.
    Copy,
}

impl Origin {
    fn reader(&self) -> Option<&str> {
        match self {
            Self::Packet { reader, .. } => Some(reader),
            Self::Copy => None,
        }
    }
}

/// More than any item takes: over thirty years in milliseconds. Sums over all items stay far below 2^63.
const MOST_ACTIVE_MS: u64 = 1 << 40;
/// More films than any study has.
const MOST_FILMS: u64 = 1 << 20;
/// Characters of a reason, of a reading condition's name or of its value.
const MOST_WORDS: usize = 1_000;
/// Reading conditions of a sitting.
const MOST_CONDITIONS: usize = 100;

/// Whether the event may come in; the error is a sentence for the lead.
pub(super) fn admit(
    event: &Event,
    body: &EventBody,
    known: &Known,
    origin: &Origin,
) -> Result<(), String> {
    let here = |what: String| {
        format!(
            "Event {} of chain {} {what}. Nothing of it was taken in.",
            event.chain_seq,
            shown(&event.chain)
        )
    };
    if !is_reading(body) {
        return Err(format!(
            "It holds a change of the design (`{}`, event {} of chain {}), which only the lead's own file may. Nothing of it was taken in.",
            shown(&event.kind),
            event.chain_seq,
            shown(&event.chain)
        ));
    }
    if let Some(reader) = origin.reader().filter(|reader| *reader != event.actor) {
        return Err(format!(
            "It is {reader}'s packet and holds answers of {}. Nothing of it was taken in.",
            shown(&event.actor)
        ));
    }
    if !known.readers.contains(&event.actor) {
        return Err(here(format!("is by {}, who is no reader here", shown(&event.actor))));
    }
    let given = match body.item() {
        None => None,
        Some(item) => {
            let given = known.items.get(&item).filter(|given| *given.reader == *event.actor);
            let Some(given) = given else {
                return Err(here(format!(
                    "is about an item that {} was not given",
                    shown(&event.actor)
                )));
            };
            Some(given)
        }
    };
    let rule = Rules { known, origin, actor: &event.actor };
    rule.body(body, given).map_err(here)
}

/// What a reader does, as against what a lead decides.
fn is_reading(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::SittingBegan { .. }
            | EventBody::SittingEnded {}
            | EventBody::FiguresReleased { .. }
    ) || body.item().is_some()
}

struct Rules<'a> {
    known: &'a Known,
    origin: &'a Origin,
    actor: &'a str,
}

impl Rules<'_> {
    fn body(&self, body: &EventBody, given: Option<&Given>) -> Result<(), String> {
        match (body, given) {
            (
                EventBody::ReadLocked { answers, phase, active_ms, protocol_version, .. },
                Some(given),
            ) => {
                if MOST_ACTIVE_MS < *active_ms {
                    return Err(format!("says that an item took {active_ms} ms"));
                }
                self.phase(*phase, given.phase)?;
                self.answers(answers, *protocol_version, given)
            }
            (EventBody::FilmSeen { films, full_size, .. }, _)
                if MOST_FILMS < *films || films < full_size =>
            {
                Err(format!("says that {full_size} of {films} films were seen at full size"))
            }
            (EventBody::ReadSkipped { reason, .. }, _) => words("the reason", reason),
            (EventBody::TagSet { tag, .. }, _)
                if !self.some_protocol(|protocol| protocol.tag_index(tag).is_some()) =>
            {
                Err(format!("sets the tag `{}`, which no protocol of this project has", shown(tag)))
            }
            (EventBody::AlsoSet { finding, .. }, _)
                if !self.some_protocol(|protocol| protocol.finding_index(finding).is_some()) =>
            {
                Err(no_finding(finding))
            }
            (EventBody::CommentSet { text, .. }, _) => comment(text),
            (EventBody::ReviewDecided { .. }, Some(given)) => self.decided(given),
            (EventBody::FiguresReleased { deck, reads }, _) => self.released(*deck, *reads),
            (EventBody::SittingBegan { conditions }, _) => {
                if MOST_CONDITIONS < conditions.len() {
                    return Err(format!("names {} reading conditions", conditions.len()));
                }
                conditions.iter().try_for_each(|(name, value)| {
                    words("a reading condition", name)?;
                    words("a reading condition", value)
                })
            }
            _ => Ok(()),
        }
    }

    fn some_protocol(&self, has: impl Fn(&Protocol) -> bool) -> bool {
        self.known.protocols.values().any(has)
    }

    /// A packet does not tell its reader which items are repeats: they come back as readings.
    fn phase(&self, said: Phase, given: Phase) -> Result<(), String> {
        let told = match self.origin {
            Origin::Packet { .. } if given == Phase::Repeat => Phase::Read,
            _ => given,
        };
        // What came in by a packet stands so in a copy of the project as well.
        let hidden = given == Phase::Repeat && said == Phase::Read;
        let fits = said == told || hidden;
        if !fits {
            return Err(format!(
                "is an answer for `{}` to an item that is for `{}`",
                said.word(),
                given.word()
            ));
        }
        if given == Phase::Review {
            return Err("is an answer to an item that is there to be looked at again".to_owned());
        }
        Ok(())
    }

    /// Answers to what is asked, each once, on the scale of that protocol.
    fn answers(
        &self,
        answers: &[FindingAnswer],
        version: u32,
        given: &Given,
    ) -> Result<(), String> {
        let Some(protocol) = self.known.protocols.get(&version) else {
            return Err(format!(
                "was read under version {version} of the protocol, which this project never had"
            ));
        };
        if answers.is_empty() {
            return Err("locks an item without an answer".to_owned());
        }
        let deck = self.known.decks.get(given.deck).and_then(|(_, finding)| finding.as_deref());
        let question = given.finding.as_deref().or(deck);
        for (place, answer) in answers.iter().enumerate() {
            let finding = answer.finding.as_str();
            if !protocol.asked(question).any(|asked| asked.id == finding) {
                return Err(format!(
                    "answers `{}`, which is not asked of that item",
                    shown(finding)
                ));
            }
            if answers.iter().take(place).any(|before| before.finding == finding) {
                return Err(format!("answers `{}` twice", shown(finding)));
            }
            if answer.answer.level().is_some_and(|level| protocol.top_level() < level) {
                let Level(level) = answer.answer.level().unwrap_or(Level::ABSENT);
                return Err(format!(
                    "has level {level}, and the scale ends at {}",
                    protocol.top_level().0
                ));
            }
        }
        Ok(())
    }

    /// A second look is at the label, which no packet holds.
    fn decided(&self, given: &Given) -> Result<(), String> {
        match (self.origin, given.phase) {
            (Origin::Copy, Phase::Review) => Ok(()),
            _ => Err("decides about a label that its reader was not shown".to_owned()),
        }
    }

    /// A packet is sealed: it has no figure that depends on a label.
    fn released(&self, deck: DeckId, reads: u64) -> Result<(), String> {
        if let Origin::Packet { .. } = self.origin {
            return Err("releases figures, which a packet does not have".to_owned());
        }
        let number = self.known.decks.iter().position(|(id, _)| *id == deck);
        let mine = |(_, given): &(&ItemId, &Given)| {
            Some(given.deck) == number && *given.reader == *self.actor
        };
        let items = self.known.items.iter().filter(mine).count() as u64;
        if !(1..=items).contains(&reads) {
            return Err(format!(
                "releases figures after {reads} reads of a deck of which {} has {items} items",
                shown(self.actor)
            ));
        }
        Ok(())
    }
}

fn no_finding(finding: &str) -> String {
    format!("names the finding `{}`, which no protocol of this project has", shown(finding))
}

fn words(what: &str, text: &str) -> Result<(), String> {
    if MOST_WORDS < text.chars().count() || text.chars().any(char::is_control) {
        return Err(format!("has a text for {what} that no Overread writes"));
    }
    Ok(())
}

fn comment(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if MOST_COMMENT < length {
        return Err(format!("has a comment of {length} characters; {MOST_COMMENT} are allowed"));
    }
    // The views of other programs end at a NUL.
    if text.contains('\0') {
        return Err("has a comment with a NUL character".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
