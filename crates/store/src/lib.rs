//! The project file: schema, event log, hash chain, views, and the dataset importers.
//!
//! One project is one SQLite file. [`Project::create`] makes it from an [`import::Import`],
//! [`Project::open`] opens it, [`Project::append`] writes events that are on disk when it returns.

mod backup;
mod bare;
mod clock;
mod error;
mod files;
mod hex;
pub mod import;
mod lock;
mod project;
mod schema;

pub use backup::{RecoverReport, SavedTable, recover};
pub use bare::BareCommits;
pub use clock::Clock;
pub use error::{Holder, ImageError, Notice, ReadOnlyReason, StoreError, words_of};
pub use files::{free_bytes, place_notices};
pub use hex::sha256;
pub use project::access::AccessEntry;
pub use project::adequacy::ImageAdequacy;
pub use project::check::{BadEvent, ChainSummary, CheckReport, VerifyReport};
pub use project::images::{ImageShelf, RootReport};
pub use project::load::{DatasetFacts, ProtocolVersion, ReaderRow, StudyName};
pub use project::merge::{Conflict, ConflictAnswer, MergePlan, MergeReport, MergedFile};
pub use project::outside::OutsideFile;
pub use project::packet::{
    PacketFacts, PacketImage, PacketImages, PacketItems, PacketKey, PacketOrder, PacketOut,
    PacketStudy, packet_images,
};
pub use project::redraw::Later;
pub use project::seat::Seat;
pub use project::{Closed, OpenMode, Opened, Project};
pub use schema::{APPLICATION_ID, SCHEMA_VERSION};
