//! The application without a window: commands, keymap, undo, jobs, view models.

pub mod command;
pub mod room;
pub mod view;
