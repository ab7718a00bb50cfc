//! Numbers in, estimates out.
//!
//! Small pure functions on counts and slices. Nothing here knows studies, readers or files. A quantity that is
//! undefined, or that the design cannot identify, is `None` beside a reason, never 0, NaN or infinity.
//! The same input and seed give the same bits on one core or many.

pub mod cluster;
pub mod compare;
pub mod dist;
pub mod estimate;
pub mod kappa;
pub mod label_quality;
pub mod multiplicity;
pub mod paired;
pub mod proportion;
pub mod rng;
pub mod sequence;
pub mod stratified;

pub use estimate::{BadLevel, Estimate, Estimated, Interval, Level, NotEstimable};
pub use proportion::{Proportion, proportion};
pub use sequence::{ConfidenceSequence, confidence_sequence};
