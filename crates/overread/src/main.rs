//! The one binary: no subcommand opens the window, anything else is the command line.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use overread_app::{Shell, Start};
use overread_cli::args::Cli;
use overread_cli::window::{WindowArgs, asks_for_window};
use overread_cli::{Next, Usage, run};

fn main() -> ExitCode {
    set_up_log();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if asks_for_window(&words) {
        let args = WindowArgs::parse();
        return window(Start { project: args.project, reader: args.reader });
    }
    let cli = Cli::parse();
    let mut out = std::io::stdout().lock();
    match run(cli, &mut out) {
        Ok(Next::Exit(status)) => match out.flush() {
            Ok(()) => ExitCode::from(status),
            Err(error) => fail(&error.into()),
        },
        Ok(Next::Window { project, reader }) => {
            drop(out);
            window(Start { project: Some(project), reader })
        }
        Err(error) => fail(&error),
    }
}

fn window(start: Start) -> ExitCode {
    match overread_app::run(&overread_app::Options::default(), Shell::new(start)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.into()),
    }
}

/// One paragraph: what, where, what to do.
fn fail(error: &anyhow::Error) -> ExitCode {
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && io.kind() == std::io::ErrorKind::BrokenPipe
    {
        // Whoever read the output has seen enough.
        return ExitCode::SUCCESS;
    }
    // With standard error gone there is nobody left to tell.
    writeln!(std::io::stderr(), "overread: {}", paragraph(error)).ok();
    if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// The chain of causes, without those that the text before already holds.
fn paragraph(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // A text that ends in a full stop has said what to do; what lies below it adds nothing.
        if !text.contains(&cause) && !text.ends_with('.') {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

/// Warnings go to standard error; `OVERREAD_LOG` asks for more. Nothing logged names a path of an image.
fn set_up_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("OVERREAD_LOG")
        .unwrap_or_else(|_unset| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(location = ?panic.location(), "a thread failed");
        default(panic);
    }));
}
