//! Two-by-two tables of strata that add up to one of their total.

use std::collections::{BTreeMap, BTreeSet};

use overread_stats::recipes::PairTable;

/// A row with every table, up to the order of raters and the names of classes, that prints one of its kappas.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) row: String,
    pub(super) n: u64,
    pub(super) tables: Vec<PairTable>,
}

/// First rater's positives, second rater's, both's.
type Margins = (u64, u64, u64);

/// More sums than this are not followed.
const MOST_SUMS: usize = 300_000;

impl Part {
    fn margins(&self) -> BTreeSet<Margins> {
        let all = self.tables.iter().flat_map(|table| table.turned());
        all.map(|table| (table.first, table.second, table.both)).collect()
    }
}

/// For each total the tables that its strata can add up to; `None` where there are too many to follow.
///
/// With `same_reference` the first rater of all kappas of a row is the same, so its positives are.
pub(super) fn sums(
    groups: &[(Part, Vec<Part>)],
    same_reference: bool,
) -> Vec<Option<Vec<PairTable>>> {
    let gold = if same_reference { common_margins(groups) } else { BTreeMap::new() };
    let mut out: Vec<Option<BTreeSet<Margins>>> =
        groups.iter().map(|(whole, parts)| reachable(whole, parts, &gold)).collect();
    if same_reference {
        let mut firsts = out.iter().flatten().map(|hits| firsts(hits.iter().copied()));
        let start = firsts.next().unwrap_or_default();
        let common = firsts.fold(start, |a, b| a.intersection(&b).copied().collect());
        for hits in out.iter_mut().flatten() {
            hits.retain(|(first, ..)| common.contains(first));
        }
    }
    groups
        .iter()
        .zip(out)
        .map(|((whole, _), hits)| {
            let table = |(first, second, both)| PairTable { n: whole.n, first, second, both };
            Some(hits?.into_iter().map(table).collect())
        })
        .collect()
}

fn firsts(margins: impl Iterator<Item = Margins>) -> BTreeSet<u64> {
    margins.map(|(first, ..)| first).collect()
}

/// The reference's positives that every kappa of a row allows.
fn common_margins(groups: &[(Part, Vec<Part>)]) -> BTreeMap<String, BTreeSet<u64>> {
    let mut out: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for part in groups.iter().flat_map(|(_, parts)| parts) {
        let own = firsts(part.margins().into_iter());
        out.entry(part.row.clone())
            .and_modify(|known| known.retain(|first| own.contains(first)))
            .or_insert(own);
    }
    out
}

fn reachable(
    whole: &Part,
    parts: &[Part],
    gold: &BTreeMap<String, BTreeSet<u64>>,
) -> Option<BTreeSet<Margins>> {
    let mut sums = BTreeSet::from([(0, 0, 0)]);
    for part in parts {
        let allowed = gold.get(&part.row);
        let mut margins = part.margins();
        margins.retain(|(first, ..)| allowed.is_none_or(|a| a.contains(first)));
        let mut next = BTreeSet::new();
        for (a, b, c) in &sums {
            next.extend(margins.iter().map(|(x, y, z)| (a + x, b + y, c + z)));
            if MOST_SUMS < next.len() {
                return None;
            }
        }
        sums = next;
    }
    Some(sums.intersection(&whole.margins()).copied().collect())
}
