//! The window: panels draw view models and push commands.
