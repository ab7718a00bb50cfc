//! The analysis kept up while reads come in.

use std::sync::Arc;

use overread_core::ReaderRecord;
use rayon::prelude::*;

use crate::conduct::{AlsoPresent, Conduct, also_present, conduct};
use crate::deck::{DeckCourse, DeckFigures, OfReader};
use crate::flow::{DeckFlow, ItemFlow, other_versions};
use crate::gather::{Gathered, gather};
use crate::ground::{Counted, Ground};
use crate::input::{Input, Options, Provenance};
use crate::practice::{Audited, audited};
use crate::published_quality::{Ours, published_quality};
use crate::recall::{Asked, Recall};
use crate::repeatability::{Repeatability, repeatability};
use crate::scores::Scores;
use crate::{
    Analysis, DatasetSection, SCHEMA, Statistics, design, published, refusals, rules, strata,
};

/// Analyses one dataset and draw again and again.
///
/// Each analysis is the one that [`analyse`](crate::analyse) gives of the same reads and options. Decks whose reads did
/// not change since the last one are not computed again; what spans decks always is.
#[derive(Debug)]
pub struct Analyst<'a> {
    input: Input<'a>,
    audited: Option<Audited>,
    counted: Counted,
    decks: Vec<Recall>,
    keep: bool,
}

impl<'a> Analyst<'a> {
    /// Counts what no read can change. The readers and the provenance of the input are not used.
    pub fn new(input: &Input<'a>) -> Self {
        let audited = audited(input);
        let counted = Counted::new(input, audited.as_ref());
        Self { input: input.clone(), audited, counted, decks: Vec::new(), keep: true }
    }

    /// One that makes a single analysis.
    pub(crate) fn once(input: &Input<'a>) -> Self {
        Self { keep: false, ..Self::new(input) }
    }

    /// Everything that follows from these reads, as far as the options let it be seen.
    pub fn analyse(
        &mut self,
        readers: &[ReaderRecord],
        provenance: &Provenance,
        options: &Options,
    ) -> Analysis {
        let ground = &Ground::new(&self.input, self.audited.as_ref(), &self.counted);
        let gathered = gather(ground, readers, options);
        let recalls = (&mut self.decks, self.keep);
        let (mut parts, across) = rayon::join(
            || parts(ground, &gathered, options, recalls),
            || Across::new(ground, &gathered, options),
        );
        let statistics = statistics(ground, options, &mut parts, across);
        let adjudicated = parts.iter().map(|part| part.figures.adjudicated).sum();
        let unequal = parts.iter().find_map(|part| part.figures.unequal.as_deref());
        let mut flows: Vec<DeckFlow> = ground
            .decks()
            .iter()
            .map(|deck| DeckFlow { finding: deck.finding.clone(), flow: ItemFlow::default() })
            .collect();
        for part in &parts {
            if let Some(deck) = flows.get_mut(part.deck as usize) {
                deck.flow = part.course.flow;
            }
        }
        let no_answers = parts.iter().flat_map(|part| part.figures.no_answers.iter().cloned());
        let beside = match options.decks {
            None => self.counted.beside(ground),
            Some(_) => Vec::new(),
        };
        let mut analysis = Analysis {
            schema: SCHEMA,
            statistics,
            design: design::design(ground, &gathered, (adjudicated, unequal)),
            release: design::release(ground, options, &gathered),
            exclusions: self.counted.drawn.clone().read(
                flows,
                no_answers.collect(),
                other_versions(gathered.items()),
            ),
            heads: provenance.heads.clone(),
            dataset: DatasetSection { summary: Arc::clone(&self.counted.summary), sample: beside },
            sources: published::sources(&ground.dataset.format),
            not_estimable: Vec::new(),
            options: Options { level: options.stats_level().level(), ..options.clone() },
            provenance: provenance.clone(),
        };
        analysis.not_estimable = refusals::refusals(&analysis);
        analysis
    }
}

/// One deck of the analysis.
struct Part {
    deck: u32,
    figures: DeckFigures,
    course: DeckCourse,
}

/// The decks that the options take, computed side by side as far as they are not known.
fn parts(
    ground: &Ground<'_>,
    gathered: &Gathered<'_>,
    options: &Options,
    (recalls, keep): (&mut Vec<Recall>, bool),
) -> Vec<Part> {
    let within = options.within_deck();
    let readers: Vec<&str> = gathered.readers.iter().map(|reader| reader.name.as_str()).collect();
    recalls.resize_with(ground.decks().len(), Recall::default);
    let decks = (0..).zip(ground.decks()).zip(&gathered.decks).zip(recalls);
    let taken: Vec<_> = decks.filter(|(((at, _), _), _)| options.takes_deck(*at)).collect();
    taken
        .into_par_iter()
        .map(|((deck, reads), recall)| {
            let asked = Asked { ground, options: &within, readers: &readers, deck, reads, keep };
            let (figures, course) = recall.of(&asked);
            Part { deck: deck.0, figures, course }
        })
        .collect()
}

/// What is counted reader by reader, whatever the deck.
struct Across {
    repeatability: Vec<Repeatability>,
    conduct: Vec<Conduct>,
    also_present: Vec<AlsoPresent>,
}

impl Across {
    fn new(ground: &Ground<'_>, gathered: &Gathered<'_>, options: &Options) -> Self {
        Self {
            repeatability: repeatability(ground, options, &gathered.readers),
            conduct: conduct(ground, gathered),
            also_present: also_present(ground, gathered),
        }
    }
}

/// All rows of one section, deck by deck.
fn all<T>(parts: &mut [Part], section: impl Fn(&mut DeckFigures) -> &mut Vec<T>) -> Vec<T> {
    let rows = parts.iter_mut().map(|part| section(&mut part.figures).len()).sum();
    let mut out = Vec::with_capacity(rows);
    for part in parts {
        out.append(section(&mut part.figures));
    }
    out
}

/// The same of rows that readers have: reader by reader, each deck by deck.
fn by_reader<T>(mut rows: Vec<OfReader<T>>) -> Vec<T> {
    rows.sort_by_key(|(reader, _)| *reader);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn statistics(
    ground: &Ground<'_>,
    options: &Options,
    parts: &mut [Part],
    across: Across,
) -> Statistics {
    let own = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.course.own)).collect();
    let strata = all(parts, |deck| &mut deck.strata);
    let mut out = Statistics {
        label_quality: all(parts, |deck| &mut deck.label_quality),
        rules: rules::adjust(all(parts, |deck| &mut deck.rules)),
        strata: strata::correct(ground, options, strata),
        running: all(parts, |deck| &mut deck.running),
        agreement: all(parts, |deck| &mut deck.agreement),
        against_label: all(parts, |deck| &mut deck.against_label),
        panel: all(parts, |deck| &mut deck.panel),
        splits: all(parts, |deck| &mut deck.splits),
        leave_one_out: all(parts, |deck| &mut deck.leave_one_out),
        gold: all(parts, |deck| &mut deck.gold),
        consensus: all(parts, |deck| &mut deck.consensus),
        repeatability: across.repeatability,
        drift: by_reader(all(parts, |deck| &mut deck.drift)),
        scores: Scores {
            models: all(parts, |deck| &mut deck.scores.models),
            points: all(parts, |deck| &mut deck.scores.points),
            paired: all(parts, |deck| &mut deck.scores.paired),
        },
        review: by_reader(all(parts, |deck| &mut deck.review)),
        by_stratum: all(parts, |deck| &mut deck.by_stratum),
        by_pathology: all(parts, |deck| &mut deck.by_pathology),
        published: Vec::new(),
        own_answers: by_reader(own),
        conduct: across.conduct,
        also_present: across.also_present,
    };
    out.published = published_quality(&Ours {
        format: &ground.dataset.format,
        findings: &out.label_quality,
        strata: &out.by_stratum,
        pathologies: &out.by_pathology,
    });
    out
}
