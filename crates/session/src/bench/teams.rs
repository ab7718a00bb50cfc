//! What many readers and many events cost: merging packets, walking the chains, and how both grow.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use overread_core::event::{FindingAnswer, Via};
use overread_core::{Answer, EventBody, Level, Phase};
use overread_store::{OpenMode, Project};

use super::{BenchFigure, figure, label_table, project_of};
use crate::verbs::{self, NewPacket, SampleOptions, VerbError};

/// Rows of ChestX-ray14.
const WHOLE: u32 = 112_120;

/// Merging 20 packets of 1,000 reads into a project of full size.
pub(super) fn merge(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    const READERS: usize = 20;
    const READS: usize = 1_000;
    let path = project_of(folder, "merge.overread", WHOLE)?;
    let names: Vec<String> = (1..=READERS).map(|n| format!("R{n:02}")).collect();
    for name in &names {
        verbs::add_reader(&path, name, "reader", None)?;
    }
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    let mut packets = Vec::new();
    for name in &names {
        let output = folder.join(format!("packet-{name}.overread"));
        verbs::packet(&NewPacket {
            project: path.clone(),
            reader: name.clone(),
            images: "match".to_owned(),
            all: false,
            output: output.clone(),
        })?;
        read_in(&output, name, READS)?;
        packets.push(output);
    }
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..5 {
        for (times, count) in times.iter_mut().zip([2, READERS]) {
            let copy = folder.join(format!("merged-{round}-{count}.overread"));
            std::fs::copy(&path, &copy).map_err(VerbError::io("copy", &copy))?;
            // The copy's own pages are not to be waited for by the first sync of the merge.
            let synced = std::fs::File::open(&copy).and_then(|file| file.sync_all());
            synced.map_err(VerbError::io("write", &copy))?;
            let files: Vec<PathBuf> = packets.iter().take(count).cloned().collect();
            let start = Instant::now();
            verbs::merge(&copy, &files)?;
            times.push(start.elapsed());
        }
    }
    let [few, many] = times;
    Ok(tenfold("merge of 20 packets of 1,000 reads", "merge of 2 packets", few, many))
}

/// Answers as a reader gives them, in one go.
fn read_in(path: &Path, reader: &str, reads: usize) -> Result<(), VerbError> {
    let mut packet = Project::open(path, OpenMode::ReadWrite)?.project;
    let (sample, list) = (packet.sample()?.unwrap_or_default(), packet.worklist(reader)?);
    let bodies: Vec<EventBody> = list
        .unwrap_or_default()
        .items
        .iter()
        .take(reads)
        .zip((0..3).cycle())
        .map(|(item, level)| EventBody::ReadLocked {
            item: item.id,
            answers: vec![FindingAnswer {
                finding: sample
                    .decks
                    .get(item.deck as usize)
                    .and_then(|deck| deck.finding.clone())
                    .unwrap_or_default(),
                answer: Answer::Level(Level(level)),
            }],
            phase: Phase::Read,
            active_ms: 2_000,
            protocol_version: 1,
            via: Via::Key,
            last: false,
        })
        .collect();
    packet.append(reader, "bench", &bodies)?;
    packet.close()?;
    Ok(())
}

/// Walking the chains of 1,000,000 events, and folding them.
pub(super) fn verify(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let path = project_of(folder, "verify.overread", 2_000)?;
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    let mut project = Project::open(&path, OpenMode::ReadWrite)?.project;
    let items = project.worklist("R1")?.unwrap_or_default().items;
    let mut some = items.iter().cycle();
    let mut times = [Vec::new(), Vec::new()];
    let mut events = 0;
    for (times, wanted) in times.iter_mut().zip([100_000, 1_000_000]) {
        while events < wanted {
            let bodies: Vec<EventBody> = some
                .by_ref()
                .take(50_000)
                .map(|item| EventBody::TagSet {
                    item: item.id,
                    tag: "rotated_film".to_owned(),
                    on: true,
                    via: Via::Key,
                })
                .collect();
            events += bodies.len();
            project.append("R1", "bench", &bodies)?;
        }
        for _ in 0..3 {
            let start = Instant::now();
            let found = verbs::verify(&path)?.found;
            times.push(start.elapsed());
            if found {
                return Err(VerbError::Other(
                    "A project of the benchmark does not verify.".to_owned(),
                ));
            }
        }
    }
    let [few, many] = times;
    Ok(tenfold("verify of 1,000,000 events", "verify of 100,000 events", few, many))
}

/// Import of 112,120 rows into a new project, and of a tenth.
pub(super) fn import(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for (times, rows) in times.iter_mut().zip([WHOLE / 10, WHOLE]) {
        label_table(folder, rows)?;
        for round in 0..5 {
            let start = Instant::now();
            project_of(folder, &format!("import-{rows}-{round}.overread"), rows)?;
            times.push(start.elapsed());
        }
    }
    let [few, many] = times;
    Ok(tenfold("import of 112,120 rows", "import of 11,212 rows", few, many))
}

/// Two figures, and from their medians how cost grows with ten times the work.
pub(super) fn tenfold(
    name: &str,
    less: &str,
    few: Vec<Duration>,
    many: Vec<Duration>,
) -> Vec<BenchFigure> {
    let (few, mut many) = (figure(less, few), figure(name, many));
    many.exponent = Some((many.p50_ms / few.p50_ms.max(f64::MIN_POSITIVE)).log10());
    vec![few, many]
}
