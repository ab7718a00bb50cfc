//! The domain without files, SQL, clocks or windows.
//!
//! Everything here is a pure value or a pure function: what a dataset claims, what a protocol asks,
//! which studies are drawn in which order, what a blinded reader may see, and how a log of
//! immutable events folds into the current state.

pub mod answer;
pub mod blinded;
pub mod dataset;
pub mod event;
pub mod fold;
pub mod grey_levels;
pub mod ids;
pub mod later;
pub mod lines;
pub mod protocol;
pub mod random;
pub mod sampling;

pub use answer::{Answer, Level, NoAnswer, Phase, ReviewOutcome};
pub use blinded::BlindedItem;
pub use dataset::{Dataset, DatasetLabel, ImageRef, Labels, Sex, Study, Word, Words};
pub use event::{Event, EventBody};
pub use fold::{ItemState, Listed, Lock, OutsideSource, ReaderRecord, ReadingState, Turn};
pub use grey_levels::AdequacyClass;
pub use ids::{DeckId, ImageId, ItemId, StudyId};
pub use protocol::Protocol;
pub use sampling::{Deck, Item, Member, Sample, Stage, Worklist};
