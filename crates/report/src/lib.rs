//! Dresses an Analysis: HTML, CSV, JSON.
