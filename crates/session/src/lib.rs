//! The application without a window: commands, keymap, undo, jobs, view models.

pub mod command;
pub mod desk;
pub mod films;
mod layer;
mod read_view;
pub mod recent;
pub mod room;
pub mod script;
pub mod view;
pub mod verbs;
mod viewer;
pub mod writer;
