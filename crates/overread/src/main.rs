//! The one binary: no subcommand opens the window, anything else is the command line.

fn main() {}
