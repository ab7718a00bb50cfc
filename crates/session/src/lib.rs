//! The application without a window: commands, keymap, undo, jobs, view models.

pub mod view;
