//! The same verbs without a window.

pub mod calc;
