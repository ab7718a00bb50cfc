//! Numbers in, estimates out.
//!
//! Small pure functions on counts and slices. Nothing here knows studies, readers or files. A quantity that is
//! undefined, or that the design cannot identify, is `None` beside a reason, never 0, NaN or infinity.
//! The same input and seed give the same bits on one core or many.

pub mod allocation;
pub mod alpha;
pub mod balance;
pub mod bootstrap;
pub mod cluster;
pub mod compare;
pub mod consensus;
pub mod dawid_skene;
pub mod dist;
pub mod drift;
pub mod estimate;
pub mod kappa;
pub mod label_quality;
pub mod multiplicity;
pub mod paired;
pub mod panel;
pub mod planning;
pub mod printed;
pub mod proportion;
pub mod raters;
pub mod recipes;
pub mod repeats;
pub mod rng;
pub mod roc;
pub mod sequence;
pub mod shrink;
pub mod stratified;
mod tally;
pub mod two_rater;

pub use estimate::{BadLevel, Estimate, Estimated, Interval, Level, NotEstimable};
pub use proportion::{Proportion, proportion};
pub use sequence::{ConfidenceSequence, confidence_sequence};
