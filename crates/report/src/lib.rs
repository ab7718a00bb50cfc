//! Dresses an [`overread_analysis::Analysis`]: tables and figures as values first, then one writer per format.

pub mod numbers;
