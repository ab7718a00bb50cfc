//! The window: panels draw view models and push commands.
//!
//! Everything shown comes from [`overread_session::view::FrameView`]; everything a person does
//! goes back as [`overread_session::view::UiAction`]. Nothing here reads a file, knows a study or
//! computes a figure.

mod app;
mod controls;
mod dialogs;
mod film;
mod findings;
mod graphics;
mod home;
mod keys;
mod layers;
mod layout;
mod least;
mod page;
mod panel;
mod pen;
mod plots;
mod rail;
mod rows;
mod screen;
mod shapes;
mod soft;
mod status;
mod strip;
mod tables;
mod theme;
mod window;

pub use self::{
    app::OverreadApp,
    keys::KeyPlugin,
    theme::{fonts, install},
    window::{AppError, Options, Renderer, renderer, run},
};
pub use overread_session::shell::{Shell, Start};
