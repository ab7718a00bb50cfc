//! `cargo xtask setup|demo|test|tidy|docs|bench`: what a newcomer and CI type.

fn main() {}
