//! Figures and reports of a project.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use overread_analysis::reads_table::{ReadsTableError, ScoreRow};
use overread_analysis::{
    Analysis, ChainHead, Input, ModelScores, Options, Provenance, ReadRow, SourceFile, long_reads,
};
use overread_core::protocol::{Gold, Reference};
use overread_core::{Deck, DeckId, Member, Protocol, ReaderRecord, Sample, StudyId};
use overread_report::{Format, Overwrite, ReportError};
use overread_store::Project;
use overread_store::import::outside::OutsideScore;
use serde_json::json;

use super::config::ProjectConfig;
use super::project::{damage, open_to_look};
use super::{Said, VerbError};

/// The program, as reports name it.
pub(crate) const PROGRAM: &str = concat!("Overread ", env!("CARGO_PKG_VERSION"));

/// Bootstrap replicates of a report and of `analyse`; the live panel makes none.
const BOOTSTRAP_REPS: u64 = 2_000;

/// The analysis of a project, and its reads as a long table.
fn of_project(
    project: &Project,
    config: &ProjectConfig,
) -> Result<(Analysis, Vec<ReadRow>), VerbError> {
    let dataset = project.dataset()?;
    let protocol = project.protocol()?;
    let sample = sample_of(project)?;
    let mut readers: Vec<ReaderRecord> = Vec::new();
    for reader in project.readers()? {
        readers.push(project.reader_record(&reader.name)?);
    }
    if let Some(sample) = &sample {
        readers.extend(super::later::declared_blinded(project, sample)?);
    }
    let provenance = provenance(project)?;
    let gold = gold_panel(config, &protocol, sample.as_ref());
    let scores = model_scores(&project.outside_scores()?, config.threshold());
    let input = Input {
        dataset: &dataset,
        summary: None,
        protocol: &protocol,
        sample: sample.as_ref(),
        readers: &readers,
        scores: &scores,
        gold: &gold,
        provenance,
    };
    // Nobody sits at the project now, so the last answer stands.
    let options =
        Options { settle_all: true, bootstrap_reps: BOOTSTRAP_REPS, ..Options::default() };
    let options = config.applied_to(options);
    config.readers_are_known(&readers, project.path())?;
    let mut rows = long_reads(&input, &project.earlier_protocols()?, &options);
    if let (true, Some(sample)) = (protocol.publish_ids, &sample) {
        name_studies(&mut rows, project, sample)?;
    }
    Ok((overread_analysis::analyse(&input, &options), rows))
}

/// Puts the dataset's own name of each study beside its number.
fn name_studies(rows: &mut [ReadRow], project: &Project, sample: &Sample) -> Result<(), VerbError> {
    let numbers = sample.study_numbers();
    let names = project.study_names()?.into_iter();
    let keys: BTreeMap<u32, String> =
        names.filter_map(|name| Some((*numbers.get(&name.id)?, name.key))).collect();
    for row in rows {
        row.study_key = keys.get(&row.study).cloned();
    }
    Ok(())
}

/// What was drawn, or else what was read elsewhere.
fn sample_of(project: &Project) -> Result<Option<Sample>, VerbError> {
    match project.sample()? {
        Some(sample) => Ok(Some(sample)),
        None => read_elsewhere(project),
    }
}

/// The readers whose majority is the reference, where not everybody's is: those of the options, those stored with the
/// draw, or, where nothing was drawn, those the protocol names.
fn gold_panel(config: &ProjectConfig, protocol: &Protocol, sample: Option<&Sample>) -> Vec<String> {
    if let Some(named) = config.gold_readers() {
        return named;
    }
    match (sample, &protocol.panel.gold) {
        (Some(sample), Gold::Named(names)) if sample.elsewhere => names.clone(),
        (Some(sample), _) => sample.gold.clone(),
        (None, _) => Vec::new(),
    }
}

/// The options of the reads table: those of the file, then those that follow from protocol and draw.
fn table_config(config: &ProjectConfig, protocol: &Protocol, gold: &[&str]) -> String {
    let rules: Vec<&str> = protocol.rules.iter().map(|rule| rule.name.as_str()).collect();
    let mut usual = json!({ "rules": rules });
    if protocol.panel.reference == Reference::LatentClass {
        usual["reference"] = json!("dawid_skene");
    }
    if !gold.is_empty() {
        usual["gold_readers"] = json!(gold);
    }
    config.table(&usual)
}

/// The mean score of each study over its views, by model and finding.
fn model_scores(rows: &[OutsideScore], threshold: f64) -> Vec<ModelScores> {
    type Sums = BTreeMap<StudyId, (f64, f64)>;
    let mut sums: BTreeMap<(&str, &str), Sums> = BTreeMap::new();
    for row in rows {
        let studies = sums.entry((&row.model, &row.finding)).or_default();
        if let Some(score) = row.score {
            let (sum, count) = studies.entry(row.study).or_default();
            *sum += score;
            *count += 1.0;
        }
    }
    sums.into_iter()
        .map(|((model, finding), studies)| ModelScores {
            model: model.to_owned(),
            finding: (!finding.is_empty()).then(|| finding.to_owned()),
            threshold,
            scores: studies.into_iter().map(|(study, (sum, n))| (study, sum / n)).collect(),
        })
        .collect()
}

/// Where nothing was drawn here: the studies that were read elsewhere, taken as they are. They stand
/// for themselves alone, so their frame is no larger than they are.
fn read_elsewhere(project: &Project) -> Result<Option<Sample>, VerbError> {
    let studies = project.outside_studies()?;
    if studies.is_empty() {
        return Ok(None);
    }
    let count = u32::try_from(studies.len()).unwrap_or(u32::MAX);
    let members = studies
        .into_iter()
        .map(|study| Member {
            study,
            label_positive: false,
            drawn: count,
            frame: count,
            of: 1,
            stratum: None,
            repeated: false,
        })
        .collect();
    let id = DeckId::derive(&["read elsewhere"]);
    let deck = Deck { id, finding: None, planned: count, members };
    Ok(Some(Sample {
        frame_studies: count,
        decks: vec![deck],
        elsewhere: true,
        ..Sample::default()
    }))
}

fn provenance(project: &Project) -> Result<Provenance, VerbError> {
    let files = project.dataset_facts()?.files;
    let latest = project.events(None)?.into_iter().map(|event| event.at).max();
    Ok(Provenance {
        files: files
            .into_iter()
            .map(|f| SourceFile { name: f.name, bytes: f.bytes, sha256: f.sha256 })
            .collect(),
        heads: project
            .heads()?
            .into_iter()
            .map(|h| ChainHead { chain: h.chain, events: h.events, head: h.head })
            .collect(),
        damage: damage(project).map(str::to_owned),
        program: PROGRAM.to_owned(),
        data_cut: latest.as_deref().map(minute).unwrap_or_default(),
    })
}

/// `2026-03-20T16:00:12.345Z` as `2026-03-20 16:00 UTC`.
pub(super) fn minute(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => at.to_owned(),
    }
}

/// Every computed figure of a project; `config` is a file of options as JSON.
pub fn analyse(path: &Path, config: Option<&Path>) -> Result<Said, VerbError> {
    let config = ProjectConfig::from_file(config)?;
    let project = open_to_look(path)?;
    let (analysis, mut rows) = of_project(&project, &config)?;
    rows.retain(ReadRow::is_used);
    let (sample, protocol) = (sample_of(&project)?, project.protocol()?);
    let outside_scores = project.outside_scores()?;
    let scores = score_rows(&outside_scores, sample.as_ref());
    // Of the panel those who have answered; a reader alone is the reference.
    let present = |name: &&str| rows.iter().any(|row| row.reader == *name);
    let gold: Vec<&str> = analysis.design.gold.iter().map(String::as_str).filter(present).collect();
    let table_config = table_config(&config, &protocol, &gold);
    let outside = project.outside_files()?;
    let fail = |error: &dyn std::fmt::Display| {
        VerbError::Other(format!("The analysis could not be written: {error}."))
    };
    let mut json = serde_json::to_value(&analysis).map_err(|error| fail(&error))?;
    let table = overread_analysis::reads_table::analyse_rows(&rows, Some(&table_config), &scores)
        .map_err(|error| fail(&error))?;
    if let (Some(all), Some(plain)) =
        (json["statistics"].as_object_mut(), table["statistics"].as_object())
    {
        for (key, value) in plain {
            all.entry(key).or_insert_with(|| value.clone());
        }
    }
    json["outside"] = json!(outside);
    let mut text = overread_report::text(&analysis);
    for file in outside.iter().filter(|file| file.kind == "reads" && !file.declared_blinded) {
        write!(
            text,
            "\nReads of {} ({}) were not declared blinded and stay out of these figures.",
            file.who.join(", "),
            file.name
        )
        .ok();
    }
    Ok(Said::new(json, text).of(&project))
}

/// The project's scores of drawn studies; there is nothing to hold the others against.
fn score_rows<'a>(scores: &'a [OutsideScore], sample: Option<&Sample>) -> Vec<ScoreRow<'a>> {
    let numbers = sample.map(Sample::study_numbers).unwrap_or_default();
    let row = |score: &'a OutsideScore| {
        Some(ScoreRow {
            study: *numbers.get(&score.study)?,
            model: &score.model,
            finding: &score.finding,
            score: score.score,
        })
    };
    scores.iter().filter_map(row).collect()
}

/// The same statistics from a reads table, without a project.
pub fn analyse_reads(
    reads: &Path,
    config: Option<&Path>,
    scores: Option<&Path>,
) -> Result<Said, VerbError> {
    let read = |path: &Path| std::fs::read(path).map_err(VerbError::io("read", path));
    let text = |path: &Path| std::fs::read_to_string(path).map_err(VerbError::io("read", path));
    let reads_table = read(reads)?;
    let options = config.map(text).transpose()?;
    let scores_table = scores.map(read).transpose()?;
    let json = overread_analysis::reads_table::analyse_tables(
        &reads_table,
        options.as_deref(),
        scores_table.as_deref(),
    )
    .map_err(|error| {
        // Every complaint names its table, so the file of that table stands before it.
        let file = match &error {
            ReadsTableError::Table { table: "scores", .. } => scores.unwrap_or(reads),
            ReadsTableError::Table { .. } => reads,
            _ => config.unwrap_or(reads),
        };
        VerbError::Other(format!("{}: {error}.", file.display()))
    })?;
    let text = overread_report::reads::text(&json);
    Ok(Said::new(json, text))
}

/// Writes the agreement report and exports; `config` is a file of options as JSON.
pub fn report(
    path: &Path,
    out: &Path,
    formats: &[String],
    overwrite: bool,
    config: Option<&Path>,
) -> Result<Said, VerbError> {
    let config = ProjectConfig::from_file(config)?;
    let formats: Vec<Format> = formats
        .iter()
        .map(|word| {
            Format::parse(word).ok_or_else(|| {
                let known: Vec<&str> = Format::ALL.iter().map(|format| format.word()).collect();
                VerbError::Other(format!(
                    "There is no format `{word}`; there are {}.",
                    known.join(", ")
                ))
            })
        })
        .collect::<Result<_, _>>()?;
    let refusal = |file: &Path| {
        VerbError::Other(format!(
            "{} is there already and nothing was written. Name another folder with --out, or add --overwrite to replace the report.",
            file.display()
        ))
    };
    // Before the work, not after it.
    if let Some(file) = overread_report::in_the_way(out, &formats).filter(|_| !overwrite) {
        return Err(refusal(&file));
    }
    let project = open_to_look(path)?;
    let (analysis, rows) = of_project(&project, &config)?;
    let overwrite = if overwrite { Overwrite::Asked } else { Overwrite::Never };
    let written: Vec<PathBuf> = overread_report::write(&analysis, &rows, out, &formats, overwrite)
        .map_err(|error| match error {
            ReportError::Write { source, path } => {
                VerbError::io("write the report at", &path)(source)
            }
            ReportError::Exists(path) => refusal(&path),
            other => VerbError::Other(other.to_string()),
        })?;
    let words: Vec<&str> = formats.iter().map(|format| format.word()).collect();
    if damage(&project).is_none() {
        crate::access::note_in(path, "report", &words.join(","));
    }
    let names: Vec<String> = written.iter().map(|file| file.display().to_string()).collect();
    let text = format!("Wrote {}", names.join("\nWrote "));
    let json = json!({ "id": analysis.id(), "files": names, "damage": damage(&project) });
    Ok(Said::new(json, text).of(&project))
}
