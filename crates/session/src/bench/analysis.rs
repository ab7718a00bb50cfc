//! What the whole analysis costs after one more read, at the size the project set itself.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread_analysis::{Analysis, DatasetSummary, Input, Options, Provenance};
use overread_core::event::Via;
use overread_core::{Dataset, EventBody, Protocol, ReaderRecord, Sample};
use overread_store::{OpenMode, Project};

use super::teams::read_in;
use super::{BenchFigure, figure, project_of};
use crate::verbs::{self, SampleOptions, VerbError};

/// Rows of ChestX-ray14.
const WHOLE: u32 = 112_120;
/// Tags that, with the attributes of such a dataset, make twenty strata of each finding.
const TAGS: usize = 10;
/// Reads that are made one by one, each followed by an analysis.
const ONE_BY_ONE: usize = 60;

/// Every figure of 15 decks, two rules and 20 strata after each of the last reads, in a project of full size and in one
/// of a tenth. Two readers, every deck with its controls, about three thousand reads.
pub(super) fn full(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let (tenth, _) = measured(folder, "tenth.overread", WHOLE / 10)?;
    let (whole, shape) = measured(folder, "whole.overread", WHOLE)?;
    let few = figure("all figures after a read, 11,212 studies", tenth);
    let mut many = figure(&format!("all figures after a read, {shape}"), whole);
    many.exponent = Some((many.p50_ms / few.p50_ms.max(f64::MIN_POSITIVE)).log10());
    Ok(vec![few, many])
}

/// The times, and what was analysed in words.
fn measured(folder: &Path, name: &str, rows: u32) -> Result<(Vec<Duration>, String), VerbError> {
    let path = project_of(folder, name, rows)?;
    for reader in ["R1", "R2"] {
        verbs::add_reader(&path, reader, "reader", None)?;
    }
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    let mut items = Vec::new();
    for reader in ["R1", "R2"] {
        items = tag(&path, reader)?;
        let left = if reader == "R1" { ONE_BY_ONE } else { 0 };
        read_in(&path, reader, 0..items.len().saturating_sub(left))?;
    }
    let reads = items.len();
    let project = Project::open(&path, OpenMode::ReadOnly)?.project;
    let mut world = World {
        dataset: project.dataset()?,
        protocol: protocol(&project)?,
        sample: project.sample()?.unwrap_or_default(),
        readers: vec![project.reader_record("R1")?, project.reader_record("R2")?],
    };
    project.close()?;
    let summary = Arc::new(DatasetSummary::new(&world.dataset));
    let mut times = Vec::new();
    let mut shape = String::new();
    for read in reads.saturating_sub(ONE_BY_ONE)..reads {
        read_in(&path, "R1", read..read + 1)?;
        let project = Project::open(&path, OpenMode::ReadOnly)?.project;
        if let Some(first) = world.readers.first_mut() {
            *first = project.reader_record("R1")?;
        }
        project.close()?;
        let start = Instant::now();
        let analysis = world.analysis(&summary);
        times.push(start.elapsed());
        shape = in_words(&analysis);
    }
    Ok((times, shape))
}

struct World {
    dataset: Dataset,
    protocol: Protocol,
    sample: Sample,
    readers: Vec<ReaderRecord>,
}

impl World {
    fn analysis(&self, summary: &Arc<DatasetSummary>) -> Analysis {
        let input = Input {
            dataset: &self.dataset,
            summary: Some(Arc::clone(summary)),
            protocol: &self.protocol,
            sample: Some(&self.sample),
            readers: &self.readers,
            scores: &[],
            gold: &[],
            provenance: Provenance::default(),
        };
        overread_analysis::analyse(&input, &Options::default())
    }
}

/// The protocol with as many tags as make twenty strata.
fn protocol(project: &Project) -> Result<Protocol, VerbError> {
    let mut protocol = project.protocol()?;
    let everywhere: Vec<_> =
        protocol.tags.iter().filter(|tag| tag.findings.is_empty()).cloned().collect();
    if let Some(tag) = everywhere.first() {
        for number in everywhere.len()..TAGS {
            let (id, name) = (format!("tag_{number}"), format!("Tag {number}"));
            protocol.tags.push(overread_core::protocol::Tag { id, name, ..tag.clone() });
        }
    }
    Ok(protocol)
}

/// Sets one of the tags on most items, and gives the items.
fn tag(path: &Path, reader: &str) -> Result<Vec<overread_core::ItemId>, VerbError> {
    let mut project = Project::open(path, OpenMode::ReadWrite)?.project;
    let tags: Vec<String> = protocol(&project)?.tags.into_iter().map(|tag| tag.id).collect();
    let items = project.worklist(reader)?.unwrap_or_default().items;
    let bodies: Vec<EventBody> = items
        .iter()
        .zip(tags.iter().cycle())
        .map(|(item, tag)| EventBody::TagSet {
            item: item.id,
            tag: tag.clone(),
            on: true,
            via: Via::Key,
        })
        .collect();
    project.append(reader, "bench", &bodies)?;
    project.close()?;
    Ok(items.into_iter().map(|item| item.id).collect())
}

/// What an analysis held, so that the figure says what it is a figure of.
fn in_words(analysis: &Analysis) -> String {
    let rules = analysis.design.rules.len();
    let findings = analysis.statistics.label_quality.len();
    let strata = analysis.statistics.strata.rows.len() / (rules * findings).max(1);
    format!(
        "{} studies, {findings} findings, {rules} rules, {strata} strata each, {} reads",
        analysis.exclusions.dataset_studies, analysis.exclusions.total.read
    )
}
