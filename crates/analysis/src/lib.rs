//! Where domain meets statistics: builds the one Analysis.
