//! Latent classes of the readers' answers, and truth by them where the protocol takes it from there.

use overread_core::Level;
use overread_stats::dawid_skene::{DawidSkene, dawid_skene};

use crate::collect::Unit;

/// Readers below which the latent classes are not identified.
pub(crate) const LEAST_READERS: usize = 3;

/// The answers of each study as votes for a class.
pub(crate) type Ratings = Vec<Vec<Vec<usize>>>;

/// Difference of two probabilities up to which they are equal: the iteration stops before its last digits settle.
const EQUAL: f64 = 1e-9;

/// The votes of all marks that count, study by study.
pub(crate) fn ratings<'u, 'a: 'u>(
    units: impl Iterator<Item = &'u Unit<'a>>,
    readers: usize,
    (threshold, gold_alone): (Level, bool),
) -> Ratings {
    let of = |unit: &Unit<'_>| {
        let mut row = vec![Vec::new(); readers];
        for mark in unit.marks.iter().filter(|mark| mark.votes || !gold_alone) {
            let vote = mark.answer.level().map(|level| usize::from(level.meets(threshold)));
            if let (Some(vote), Some(cell)) = (vote, row.get_mut(mark.reader)) {
                cell.push(vote);
            }
        }
        row
    };
    units.map(of).collect()
}

/// Whether enough readers gave an answer.
pub(crate) fn identified(ratings: &Ratings) -> bool {
    let readers = ratings.iter().map(Vec::len).max().unwrap_or(0);
    let reads = |reader: &usize| {
        ratings.iter().any(|row| row.get(*reader).is_some_and(|cell| !cell.is_empty()))
    };
    LEAST_READERS <= (0..readers).filter(reads).count()
}

/// The more probable class of each study; `None` without an answer and where both are equally probable.
pub(crate) fn classes(fit: &DawidSkene) -> impl Iterator<Item = Option<bool>> {
    fit.posterior.iter().map(|posterior| {
        let probability = *posterior.as_ref()?.get(1)?;
        (EQUAL < (2.0 * probability - 1.0).abs()).then_some(0.5 < probability)
    })
}

/// Makes the latent class of each study its reference under each threshold; the majority stays where too few read.
pub(crate) fn take_for_truth(units: &mut [Unit<'_>], readers: usize, thresholds: &[Level]) {
    for &threshold in thresholds {
        let ratings = ratings(units.iter(), readers, (threshold, true));
        if !identified(&ratings) {
            continue;
        }
        let Some(fit) = dawid_skene(&ratings, 2) else { continue };
        for (unit, class) in units.iter_mut().zip(classes(&fit)) {
            unit.latent.push((threshold, class));
        }
    }
}
