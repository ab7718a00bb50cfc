//! From words to verbs to output.

use std::io::{IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use overread_session::script::{self, Step};
use overread_session::verbs::{self, NewPacket, NewProject, Said, SampleOptions};

use crate::args::{
    AnalyseArgs, BenchArgs, CalcArgs, Cli, DemoArgs, NewArgs, ProtocolVerb, ReadArgs, ReadersArgs,
    ReadersVerb, ReportArgs, Verb,
};
use crate::calc;

/// What comes after a verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Leave with this status.
    Exit(u8),
    /// Open the window on a project.
    Window {
        /// The project file.
        project: PathBuf,
        /// Pseudonym.
        reader: Option<String>,
    },
}

/// Status of a check that found something.
const FOUND: u8 = 3;

/// The command line itself is wrong: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}; see `overread help`")]
pub struct Usage(pub String);

/// Writes over the line before; the last one goes.
fn show_progress(what: &str, done: usize, of: usize) {
    let line = if done < of { format!("{what}: {done} of {of}") } else { String::new() };
    // Progress that cannot be shown is no fault.
    write!(std::io::stderr(), "\r{line:<60}\r").ok();
}

/// Carries out a verb and writes what it says to `out`.
pub fn run(cli: Cli, out: &mut dyn Write) -> anyhow::Result<Next> {
    if std::io::stderr().is_terminal() {
        overread_session::progress::listen(show_progress);
    }
    match cli.verb {
        Verb::Demo(args) => demo(&args, out),
        Verb::New(args) => new(args, out),
        Verb::Drift(args) => {
            let (first, second) = ([args.first], [args.second]);
            let said = verbs::drift(&first, &second, &args.format, args.map.as_deref())?;
            say(&said, args.json, out)
        }
        Verb::Readers(args) => readers(&args, out),
        Verb::Info(args) => say(&verbs::info(&args.project)?, args.json, out),
        Verb::Images(args) => say(&verbs::images(&args.project, &args.folder)?, args.json, out),
        Verb::Adequacy(args) => say(&verbs::adequacy(&args.project, args.all)?, args.json, out),
        Verb::Sample(args) => {
            let said = if let Some((name, more)) = &args.extend {
                verbs::extend_sample(&args.project, name, *more, args.dry_run)?
            } else {
                let options = SampleOptions { seed: args.seed, dry_run: args.dry_run };
                verbs::sample(&args.project, options)?
            };
            say(&said, args.json, out)
        }
        Verb::Protocol(args) => protocol(&args.verb, out),
        Verb::Adjudicate(args) => {
            let said = verbs::adjudicate(&args.project, args.reader.as_deref(), args.dry_run)?;
            say(&said, args.json, out)
        }
        Verb::Review(args) => {
            let deck = args.deck.as_deref();
            say(&verbs::review(&args.project, &args.reader, deck, args.dry_run)?, args.json, out)
        }
        Verb::ImportReads(args) => {
            let map = args.map.as_deref();
            let said = verbs::import_reads(&args.project, &args.reads, map, args.declared_blinded)?;
            say(&said, args.json, out)
        }
        Verb::ImportScores(args) => {
            say(&verbs::import_scores(&args.project, &args.scores)?, args.json, out)
        }
        Verb::Read(args) => read(&args, out),
        Verb::Packet(args) => {
            let what = NewPacket {
                project: args.project,
                reader: args.reader,
                images: args.images,
                all: args.all,
                output: args.output,
            };
            say(&verbs::packet(&what)?, args.json, out)
        }
        Verb::Merge(args) => say(&verbs::merge(&args.project, &args.files)?, args.json, out),
        Verb::Analyse(args) => analyse(&args, out),
        Verb::Report(args) => report(&args, out),
        Verb::Calc(args) => calc(&args, out),
        Verb::Plan(args) => {
            let (said, json) =
                crate::plan::plan(&args.verb).map_err(|error| Usage(format!("{error:#}")))?;
            say(&said, json, out)
        }
        Verb::Audit(args) => say(&verbs::audit(&args.table)?, args.json, out),
        Verb::Render(args) => {
            let json = crate::image::render(&args)?;
            say(&Said::new(json, String::new()), args.json, out)
        }
        Verb::Inspect(args) => {
            let (json, text) = crate::image::inspect(&args.image, args.allocated_bits)?;
            say(&Said::new(json, text), args.json, out)
        }
        Verb::Verify(args) => say(&verbs::verify(&args.project)?, args.json, out),
        Verb::Backup(args) => say(&verbs::backup(&args.project, &args.output)?, args.json, out),
        Verb::Recover(args) => say(&verbs::recover(&args.project, &args.output)?, args.json, out),
        Verb::Bench(args) => bench(&args, out),
        Verb::Doctor(args) => say(&overread_session::machine::doctor(&args.folder), args.json, out),
        Verb::Docs { folder } => {
            overread_session::manual::write(&folder)
                .with_context(|| format!("could not write {}", folder.display()))?;
            Ok(Next::Exit(0))
        }
    }
}

fn say(said: &Said, json: bool, out: &mut dyn Write) -> anyhow::Result<Next> {
    for warning in &said.warnings {
        // Beside the output: a warning that cannot be shown stops nothing.
        writeln!(std::io::stderr(), "overread: warning: {warning}").ok();
    }
    if json {
        // As an error of input and output, so that a closed pipe is known as one.
        serde_json::to_writer_pretty(&mut *out, &said.json).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else if !said.text.is_empty() {
        writeln!(out, "{}", said.text)?;
    }
    match &said.failed {
        Some(why) => {
            out.flush()?;
            bail!("{why}")
        }
        None => Ok(Next::Exit(if said.found { FOUND } else { 0 })),
    }
}

fn demo(args: &DemoArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    let demo = verbs::unpack_demo(&args.dir)?;
    if !args.no_window {
        return Ok(Next::Window { project: demo.project, reader: Some(demo.reader) });
    }
    let path = demo.project.display().to_string();
    let json =
        serde_json::json!({ "project": path, "reader": demo.reader, "existed": demo.existed });
    say(&Said::new(json, path), args.json, out)
}

fn new(args: NewArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    let json = args.json;
    let protocol = match (args.controls, args.protocol.as_str()) {
        (false, _) => args.protocol,
        (true, "cxr14-verify" | "cxr14-controls") => "cxr14-controls".to_owned(),
        (true, other) => bail!(
            "--controls goes with the protocol cxr14-verify; in `{other}` set `controls` under [sampling]"
        ),
    };
    let said = verbs::new(&NewProject {
        path: args.project,
        labels: args.labels,
        format: args.format,
        map: args.map,
        images: args.images,
        protocol,
        dry_run: args.dry_run,
    })?;
    say(&said, json, out)
}

fn protocol(verb: &ProtocolVerb, out: &mut dyn Write) -> anyhow::Result<Next> {
    match verb {
        ProtocolVerb::List { json } => say(&verbs::list_protocols(), *json, out),
        ProtocolVerb::Show { what, json } => say(&verbs::show_protocol(what)?, *json, out),
        ProtocolVerb::Check { what, project, json } => {
            say(&verbs::check_protocol(what, project.as_deref())?, *json, out)
        }
        ProtocolVerb::Set { project, file, json } => {
            say(&verbs::set_protocol(project, file)?, *json, out)
        }
    }
}

fn readers(args: &ReadersArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    match &args.verb {
        ReadersVerb::Add { name, role, experience, json } => {
            say(&verbs::add_reader(&args.project, name, role, *experience)?, *json, out)
        }
        ReadersVerb::List { json } => say(&verbs::readers(&args.project)?, *json, out),
    }
}

fn read(args: &ReadArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    let text = text_of(&args.script)?;
    let mut broken = None;
    let json = args.json;
    let mut told = |step: &Step| {
        // An answer is acknowledged when it is on disk, so each line goes out at once.
        if let Err(error) = print_step(step, json, out).and_then(|()| out.flush()) {
            broken.get_or_insert(error);
        }
    };
    let finding = args.deck.as_deref();
    script::run(&args.project, args.reader.as_deref(), finding, &text, &mut told)?;
    match broken {
        None => Ok(Next::Exit(0)),
        Some(error) => Err(error).context("the answers are stored, but could not all be printed"),
    }
}

fn print_step(step: &Step, json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    if json {
        return writeln!(out, "{}", serde_json::to_string(step)?);
    }
    match step {
        Step::Ack { item, event, .. } => writeln!(out, "ack {item} {event}"),
        Step::Refused { line, key, reason } => writeln!(out, "refused line {line} {key}: {reason}"),
        Step::Finished => writeln!(out, "finished"),
        Step::Unseen { answers } => {
            // Beside the output, like every warning.
            let (were, films) = if *answers == 1 {
                ("answer is a level", "an item")
            } else {
                ("answers are levels", "items")
            };
            writeln!(
                std::io::stderr(),
                "overread: warning: {answers} {were} of {films} whose films are not all here; the window takes no level for such a film, only X, or passes it over"
            )
            .ok();
            Ok(())
        }
    }
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    if path.as_os_str() != "-" {
        return std::fs::read_to_string(path).map_err(|error| {
            let why = overread_session::words_of(&error);
            anyhow::anyhow!(
                "Could not read {}: {why}. Check the path and its permissions.",
                path.display()
            )
        });
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("could not read standard input")?;
    Ok(text)
}

fn analyse(args: &AnalyseArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    let said = match (&args.project, &args.reads) {
        (_, Some(reads)) => {
            verbs::analyse_reads(reads, args.config.as_deref(), args.scores.as_deref())?
        }
        (Some(project), None) => verbs::analyse(project, args.config.as_deref())?,
        (None, None) => bail!("name a project, or a table with --reads"),
    };
    say(&said, args.json, out)
}

fn report(args: &ReportArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    let config = args.config.as_deref();
    let said = verbs::report(&args.project, &args.out, &args.format, args.overwrite, config)?;
    say(&said, args.json, out)
}

fn calc(args: &CalcArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    let json = match (&args.batch, &args.name) {
        (Some(batch), _) => {
            calc::calc_batch(&text_of(batch)?).with_context(|| format!("in {}", batch.display()))?
        }
        // Everything that can be wrong here stands on the command line.
        (None, Some(name)) => {
            calc::calc_positional(name, &args.args).map_err(|error| Usage(error.to_string()))?
        }
        (None, None) => {
            return Err(Usage("name a statistic, or a table with --batch".to_owned()).into());
        }
    };
    let text = plain(&json);
    say(&Said::new(json, text), args.json, out)
}

/// One line a figure.
fn plain(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::Object(map) => {
            let lines: Vec<String> = map.iter().map(|(k, v)| format!("{k}: {v}")).collect();
            lines.join("\n")
        }
        other => other.to_string(),
    }
}

fn bench(args: &BenchArgs, out: &mut dyn Write) -> anyhow::Result<Next> {
    let figures = overread_session::bench::run(&args.names)?;
    let mut text = format!(
        "{:<36}{:>10}{:>10}{:>10}{:>10}{:>8}\n",
        "name", "p50 ms", "p95 ms", "p99 ms", "max ms", "n"
    );
    for f in &figures {
        let times = [f.p50_ms, f.p95_ms, f.p99_ms, f.max_ms].map(|ms| format!("{ms:>10.2}"));
        let numbers = format!("{}{:>8}", times.concat(), f.n);
        let growth = f.exponent.map(|e| format!("   exponent {e:.2}")).unwrap_or_default();
        let ratio =
            f.ratio_p99.map(|r| format!("   {r:.2} times the next at p99")).unwrap_or_default();
        text += &[&format!("{:<36}", f.name), numbers.as_str(), &growth, &ratio, "\n"].concat();
    }
    let said = Said::new(serde_json::to_value(&figures)?, text.trim_end().to_owned());
    say(&said, args.json, out)
}
