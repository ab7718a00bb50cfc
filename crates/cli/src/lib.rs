//! The same verbs without a window.

pub mod args;
pub mod calc;
mod facts;
mod image;
mod plan;
mod run;
pub mod window;

pub use run::{Next, Usage, run};
