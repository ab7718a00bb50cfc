//! Which way of making an interval prints the limits of a cell.

use overread_stats::recipes::{Recipe, prints_interval, proportion_interval};
use overread_stats::{Interval, Level};

use super::table::Cell;

/// What came of trying every way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tried {
    /// Right ways that print the limits.
    pub(super) right: Vec<String>,
    /// Slips, or another level, that print them.
    pub(super) slips: Vec<String>,
    /// The widest span of the usual interval over everything the estimate can stand for.
    pub(super) usual: Option<Interval>,
}

/// Levels that are sometimes printed under the name of another.
const OTHER_LEVELS: [f64; 2] = [0.90, 0.99];

/// Tries every way for a share with counts `(k, n)`.
pub(super) fn try_share(cell: &Cell, counts: &[(u64, u64)]) -> Tried {
    let mut out = Tried::default();
    let Some((low, high)) = cell.interval else { return out };
    let prints = |recipe, level| {
        counts.iter().any(|&(k, n)| {
            proportion_interval(k, n, recipe, level)
                .is_some_and(|ci| prints_interval(ci, low, high, 0.0))
        })
    };
    for &(k, n) in counts {
        if let Some(ci) = proportion_interval(k, n, Recipe::Wilson, Level::P95) {
            out.usual = Some(
                out.usual.map_or(ci, |u| Interval::new(u.low.min(ci.low), u.high.max(ci.high))),
            );
        }
    }
    for recipe in Recipe::PROPORTION {
        if prints(recipe, Level::P95) {
            out.right.push(recipe.words().to_owned());
            return out;
        }
    }
    for recipe in Recipe::PROPORTION_SLIPS {
        if prints(recipe, Level::P95) {
            out.slips.push(recipe.words().to_owned());
        }
    }
    for level in OTHER_LEVELS {
        let Ok(stated) = Level::new(level) else { continue };
        for recipe in Recipe::PROPORTION {
            if prints(recipe, stated) {
                out.slips.push(format!("{} at {:.0}%", recipe.words(), level * 100.0));
                break;
            }
        }
    }
    out
}
