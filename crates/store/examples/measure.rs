//! How long import, opening and loading take: `measure LABELS.csv [IMAGES]`.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use overread_core::EventBody;
use overread_core::protocol::{Protocol, builtin};
use overread_store::import::{Format, Request, read};
use overread_store::{Clock, OpenMode, Project};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let labels: Vec<PathBuf> = words.next().into_iter().collect();
    let images = words.next();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("measure.overread");
    let protocol = Protocol::from_toml(builtin("cxr14-verify").ok_or("no protocol")?)?;
    for round in 0..5 {
        let begin = Instant::now();
        let request = Request {
            format: Format::Cxr14,
            labels: &labels,
            map: None,
            images: images.as_deref(),
        };
        let import = read(&request)?;
        let read_ms = begin.elapsed().as_millis();
        let path = path.with_extension(format!("{round}.overread"));
        let project = Project::create(&path, &import, &protocol, "lead", "dev", Clock::system())?;
        let made_ms = begin.elapsed().as_millis();
        project.close()?;
        let begin = Instant::now();
        let project = Project::open(&path, OpenMode::ReadWrite)?.project;
        let open_ms = begin.elapsed().as_millis();
        let dataset = project.dataset()?;
        let load_ms = begin.elapsed().as_millis();
        let bytes = std::fs::metadata(&path)?.len();
        let (studies, notes) = (dataset.studies.len(), import.notes.len());
        writeln!(
            std::io::stdout(),
            "studies {studies} notes {notes}: read {read_ms} ms, read and made {made_ms} ms, \
             open {open_ms} ms, open and load {load_ms} ms, file {bytes} bytes",
        )?;
    }
    let path = path.with_extension("0.overread");
    let mut project = Project::open(&path, OpenMode::ReadWrite)?.project;
    let mut waits: Vec<u128> = Vec::new();
    for _ in 0..200 {
        let begin = Instant::now();
        project.append("lead", "dev", &[EventBody::SittingEnded {}])?;
        waits.push(begin.elapsed().as_micros());
    }
    waits.sort_unstable();
    let [p50, p99] = [100, 197].map(|i| waits.get(i).copied().unwrap_or(0));
    writeln!(std::io::stdout(), "append one event: p50 {p50} us, p99 {p99} us")?;
    for _ in 0..5 {
        let begin = Instant::now();
        project.append("lead", "dev", &vec![EventBody::SittingEnded {}; 50_000])?;
        let append_ms = begin.elapsed().as_millis();
        let begin = Instant::now();
        let report = project.verify()?;
        let events: u64 = report.chains.iter().map(|chain| chain.events).sum();
        let (ok, verify_ms) = (report.ok, begin.elapsed().as_millis());
        writeln!(
            std::io::stdout(),
            "append 50000 events {append_ms} ms, verify {events} events {verify_ms} ms, ok {ok}"
        )?;
    }
    Ok(())
}
