//! Immutable facts: what an event says, how it is written down, and how it is hashed.

use std::collections::BTreeMap;

use serde::de::value::MapDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::answer::{Answer, Phase, ReviewOutcome};
use crate::ids::{DeckId, ItemId};

/// What comes before the first event of a chain.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Characters of a comment: far more than anybody writes about a film, and few enough for every table.
pub const MOST_COMMENT: usize = 20_000;

/// An answer to one finding, as an event keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingAnswer {
    /// Id of the finding.
    pub finding: String,
    /// The reader's answer.
    pub answer: Answer,
}

/// How a correction came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// An answer key or a click.
    Key,
    /// Going back one item.
    Back,
    /// Undo.
    Undo,
    /// Redo.
    Redo,
}

/// A label file that the dataset was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// File name without folders.
    pub name: String,
    /// Bytes as read.
    pub bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum EventBody {
    /// A dataset was imported into a new project.
    #[serde(rename = "dataset.imported")]
    DatasetImported {
        /// Layout of the label files.
        format: String,
        /// SHA-256 over the label files' bytes.
        sha256: String,
        /// SHA-256 over the sorted study keys.
        identity: String,
        /// Studies read.
        studies: u64,
        /// Images read.
        images: u64,
        /// Patients read.
        patients: u64,
        /// The files.
        files: Vec<InputFile>,
        /// SHA-256 over findings, patients, studies with their labels, images and boxes as stored; empty and left out
        /// where it was not taken.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        content: String,
    },
    /// A protocol, or a new version of it, holds from here.
    #[serde(rename = "protocol.set")]
    ProtocolSet {
        /// Short name.
        name: String,
        /// Version.
        version: u32,
        /// SHA-256 of the text.
        hash: String,
        /// The document.
        text: String,
    },
    /// A reader joined.
    #[serde(rename = "reader.added")]
    ReaderAdded {
        /// Pseudonym.
        reader: String,
        /// `reader`, `lead` or `adjudicator`.
        role: String,
        /// Years of experience, if stated.
        experience_years: Option<u32>,
    },
    /// Decks and worklists were drawn.
    #[serde(rename = "sample.drawn")]
    SampleDrawn {
        /// The seed, as text: JSON numbers lose bits elsewhere.
        seed: String,
        /// Version of the protocol that was drawn by.
        protocol_version: u32,
        /// SHA-256 over decks, members and worklists.
        hash: String,
        /// Studies per deck.
        decks: BTreeMap<String, u64>,
        /// Readers who have a worklist.
        readers: Vec<String>,
        /// The gold panel; left out where that is everybody.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gold: Vec<String>,
    },
    /// The random order of a deck was continued, and worklists with it.
    #[serde(rename = "sample.extended")]
    SampleExtended {
        /// The deck, by finding; `all` where every finding is asked.
        deck: String,
        /// Label-positives (or studies) that were asked for.
        more: u64,
        /// Studies that were added.
        added: u64,
        /// Version of the protocol that was drawn by.
        protocol_version: u32,
        /// SHA-256 over decks, members and worklists as they are now.
        hash: String,
    },
    /// Studies on which locked reads disagree were put before an adjudicator.
    #[serde(rename = "adjudication.drawn")]
    AdjudicationDrawn {
        /// Pseudonym of the adjudicator.
        adjudicator: String,
        /// Items that were added.
        added: u64,
        /// Version of the protocol whose reads were compared.
        protocol_version: u32,
        /// SHA-256 over decks, members and worklists as they are now.
        hash: String,
    },
    /// Studies on which a reader and the dataset disagree were put before that reader again.
    #[serde(rename = "review.drawn")]
    ReviewDrawn {
        /// Pseudonym of the reader.
        reader: String,
        /// Items that were added.
        added: u64,
        /// Version of the protocol whose reads were compared.
        protocol_version: u32,
        /// SHA-256 over decks, members and worklists as they are now.
        hash: String,
    },
    /// Reads made elsewhere came in.
    #[serde(rename = "reads.imported")]
    ReadsImported {
        /// The file.
        file: InputFile,
        /// Pseudonyms of the readers.
        readers: Vec<String>,
        /// Studies that were read.
        studies: u64,
        /// Answers.
        reads: u64,
        /// Whether the lead declared that the readers did not know the labels.
        declared_blinded: bool,
        /// Version of the protocol that the answers are of.
        protocol_version: u32,
        /// SHA-256 over the rows as stored.
        hash: String,
    },
    /// Scores of models came in.
    #[serde(rename = "scores.imported")]
    ScoresImported {
        /// The file.
        file: InputFile,
        /// The models.
        models: Vec<String>,
        /// Studies that were scored.
        studies: u64,
        /// Scores.
        scores: u64,
        /// SHA-256 over the rows as stored.
        hash: String,
    },
    /// A reader sat down; everything answered before is settled.
    #[serde(rename = "sitting.began")]
    SittingBegan {
        /// Reading conditions by name.
        conditions: BTreeMap<String, String>,
    },
    /// The window closed; everything answered before is settled.
    #[serde(rename = "sitting.ended")]
    SittingEnded {},
    /// An item was answered and locked.
    #[serde(rename = "read.locked")]
    ReadLocked {
        /// The item.
        item: ItemId,
        /// One answer per asked finding.
        answers: Vec<FindingAnswer>,
        /// What it was read for.
        phase: Phase,
        /// Active time in milliseconds.
        active_ms: u64,
        /// Version of the protocol that was read by.
        protocol_version: u32,
        /// How the answer came about.
        via: Via,
        /// Whether nothing of its deck was open any more in the file it was written in: it settled at once.
        /// Another file may hold more of the deck. Left out where it is not so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        last: bool,
    },
    /// A locked item was opened again.
    #[serde(rename = "read.reopened")]
    ReadReopened {
        /// The item.
        item: ItemId,
        /// How.
        via: Via,
    },
    /// An item was passed over without an answer.
    #[serde(rename = "read.skipped")]
    ReadSkipped {
        /// The item.
        item: ItemId,
        /// Why, in the program's own words.
        reason: String,
    },
    /// A tag was set or taken away.
    #[serde(rename = "tag.set")]
    TagSet {
        /// The item.
        item: ItemId,
        /// Id of the tag.
        tag: String,
        /// Set or taken away.
        on: bool,
        /// How.
        via: Via,
    },
    /// A comment was written; an empty one takes it away.
    #[serde(rename = "comment.set")]
    CommentSet {
        /// The item.
        item: ItemId,
        /// The comment.
        text: String,
    },
    /// An item was flagged for discussion, or no longer is.
    #[serde(rename = "flag.set")]
    FlagSet {
        /// The item.
        item: ItemId,
        /// Set or taken away.
        on: bool,
    },
    /// A further finding was seen on the study, or no longer is.
    #[serde(rename = "also.set")]
    AlsoSet {
        /// The item.
        item: ItemId,
        /// Id of the finding.
        finding: String,
        /// Set or taken away.
        on: bool,
    },
    /// How large an item's films were seen before it was locked.
    #[serde(rename = "film.seen")]
    FilmSeen {
        /// The item.
        item: ItemId,
        /// Its films.
        films: u64,
        /// Of these, seen at one image pixel on one screen pixel, or larger.
        full_size: u64,
    },
    /// What a second look, with the label, led to.
    #[serde(rename = "review.decided")]
    ReviewDecided {
        /// The item.
        item: ItemId,
        /// What it led to.
        outcome: ReviewOutcome,
        /// How.
        via: Via,
    },
    /// Label-dependent figures were shown to the reader.
    #[serde(rename = "figures.released")]
    FiguresReleased {
        /// The deck they are about.
        deck: DeckId,
        /// After how many settled reads of it.
        reads: u64,
    },
    /// A blinded packet was made for a reader. The same event stands in the project and in the packet.
    #[serde(rename = "packet.made")]
    PacketMade {
        /// Random id of the packet, which is also the device of its chain.
        packet: String,
        /// Pseudonym of the reader.
        reader: String,
        /// Version of the protocol that is read by.
        protocol_version: u32,
        /// SHA-256 of the protocol's text as it stands in the packet.
        protocol_hash: String,
        /// Items to be read.
        items: u64,
        /// `copy` or `match`: whether the images go along.
        images: String,
        /// SHA-256 over the packet's decks and worklist.
        hash: String,
        /// The turn of the packet among everything that was begun: the chains of its reader have later ones.
        /// 0 and left out in packets that were made before turns were counted.
        #[serde(default, skip_serializing_if = "is_zero")]
        turn: u32,
    },
    /// Events of a packet came into the project.
    #[serde(rename = "packet.merged")]
    PacketMerged {
        /// The packet's id.
        packet: String,
        /// Pseudonym of the reader.
        reader: String,
        /// Events that were not there before.
        events: u64,
        /// Items whose answers are among them.
        reads: u64,
        /// Items of this reader that two devices answered, with this packet taken in.
        conflicts: u64,
    },
}

/// An event body that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("event of kind `{kind}` cannot be read: {source}")]
pub struct EventBodyError {
    kind: String,
    source: serde_json::Error,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(turn: &u32) -> bool {
    *turn == 0
}

impl EventBody {
    /// The kind and the body's canonical JSON.
    pub fn to_parts(&self) -> (String, String) {
        let value = serde_json::to_value(self).unwrap_or(Value::Null);
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        (kind, canonical_json(value.get("body").unwrap_or(&Value::Null)))
    }

    /// Reads a kind and its body.
    pub fn from_parts(kind: &str, body: &str) -> Result<Self, EventBodyError> {
        let parts = [("kind", Part::Kind(kind)), ("body", Part::Body(body))];
        Self::deserialize(MapDeserializer::new(parts.into_iter()))
            .map_err(|source| EventBodyError { kind: kind.to_owned(), source })
    }

    /// The item it is about, if any.
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::ReadLocked { item, .. }
            | Self::ReadReopened { item, .. }
            | Self::ReadSkipped { item, .. }
            | Self::TagSet { item, .. }
            | Self::CommentSet { item, .. }
            | Self::FlagSet { item, .. }
            | Self::AlsoSet { item, .. }
            | Self::FilmSeen { item, .. }
            | Self::ReviewDecided { item, .. } => Some(*item),
            _ => None,
        }
    }
}

/// What stands in two columns, as the one map that an event body is read from.
enum Part<'a> {
    Kind(&'a str),
    Body(&'a str),
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Part<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Kind(kind) => visitor.visit_borrowed_str(kind),
            Self::Body(body) => {
                let mut json = serde_json::Deserializer::from_str(body);
                let value = json.deserialize_any(visitor)?;
                // Nothing may follow the body.
                json.end()?;
                Ok(value)
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self {
            Self::Kind(kind) => visitor.visit_enum(kind.into_deserializer()),
            Self::Body(body) => {
                let mut json = serde_json::Deserializer::from_str(body);
                let value = json.deserialize_enum(name, variants, visitor)?;
                json.end()?;
                Ok(value)
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// JSON with sorted keys and no spaces, whatever the map order of the library in use.
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let parts: Vec<String> = values.iter().map(canonical_json).collect();
            format!("[{}]", parts.join(","))
        }
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let parts: Vec<String> = sorted
                .into_iter()
                .map(|(key, value)| {
                    format!("{}:{}", Value::String(key.clone()), canonical_json(value))
                })
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        plain => plain.to_string(),
    }
}

/// One row of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `UUIDv7`.
    pub id: String,
    /// Which chain it stands in: one per actor and device.
    pub chain: String,
    /// Its place in the chain, from 1.
    pub chain_seq: u64,
    /// RFC 3339 time in UTC, by the clock of the device.
    pub at: String,
    /// Pseudonym of who did it.
    pub actor: String,
    /// Random id of the device.
    pub device: String,
    /// What happened, by name.
    pub kind: String,
    /// What happened, in canonical JSON, exactly as hashed.
    pub body: String,
    /// Hash of the event before it in the chain.
    pub prev_hash: String,
    /// Hash of this event.
    pub hash: String,
}

impl Event {
    /// The hash that the event must carry: lower-case hexadecimal SHA-256 of its fields joined by line feeds.
    pub fn expected_hash(&self) -> String {
        use std::fmt::Write as _;
        let chain_seq = self.chain_seq.to_string();
        let fields = [
            self.prev_hash.as_str(),
            &self.id,
            &self.chain,
            &chain_seq,
            &self.at,
            &self.actor,
            &self.device,
            &self.kind,
            &self.body,
        ];
        Sha256::digest(fields.join("\n")).iter().fold(
            String::with_capacity(64),
            |mut text, byte| {
                // Writing to a String cannot fail.
                write!(text, "{byte:02x}").ok();
                text
            },
        )
    }

    /// What the event says.
    pub fn decode(&self) -> Result<EventBody, EventBodyError> {
        EventBody::from_parts(&self.kind, &self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Level, NoAnswer};

    #[test]
    fn an_event_body_survives_the_round_trip_with_sorted_keys() {
        let body = EventBody::ReadLocked {
            item: ItemId(7),
            answers: vec![
                FindingAnswer { finding: "A".to_owned(), answer: Answer::Level(Level(2)) },
                FindingAnswer {
                    finding: "B".to_owned(),
                    answer: Answer::NoAnswer(NoAnswer::Unsure),
                },
            ],
            phase: Phase::Read,
            active_ms: 812,
            protocol_version: 1,
            via: Via::Key,
            last: false,
        };
        let (kind, json) = body.to_parts();
        assert_eq!(kind, "read.locked");
        assert_eq!(
            json,
            concat!(
                r#"{"active_ms":812,"answers":[{"answer":{"level":2},"finding":"A"},"#,
                r#"{"answer":{"no_answer":"unsure"},"finding":"B"}],"item":"0000000000000007","#,
                r#""phase":"read","protocol_version":1,"via":"key"}"#
            )
        );
        assert_eq!(EventBody::from_parts(&kind, &json).unwrap(), body);
        assert!(EventBody::from_parts("read.locked", "{}").is_err());
        assert!(EventBody::from_parts("no.such.kind", "{}").is_err());
        assert!(EventBody::from_parts("sitting.ended", "{},\"more\":{}").is_err());
        assert!(EventBody::from_parts("sitting.ended\",\"x\":\"", "{}").is_err());
    }

    #[test]
    fn the_hash_covers_every_field() {
        let event = Event {
            id: "1".to_owned(),
            chain: "c".to_owned(),
            chain_seq: 1,
            at: "t".to_owned(),
            actor: "a".to_owned(),
            device: "d".to_owned(),
            kind: "k".to_owned(),
            body: "{}".to_owned(),
            prev_hash: NO_HASH.to_owned(),
            hash: String::new(),
        };
        let hash = event.expected_hash();
        for change in [
            Event { id: "2".to_owned(), ..event.clone() },
            Event { chain: "x".to_owned(), ..event.clone() },
            Event { chain_seq: 2, ..event.clone() },
            Event { at: "x".to_owned(), ..event.clone() },
            Event { actor: "x".to_owned(), ..event.clone() },
            Event { device: "x".to_owned(), ..event.clone() },
            Event { kind: "x".to_owned(), ..event.clone() },
            Event { body: "{ }".to_owned(), ..event.clone() },
            Event { prev_hash: "x".to_owned(), ..event.clone() },
        ] {
            assert_ne!(change.expected_hash(), hash);
        }
    }
}
