//! Strata of the frame and how a sample is divided among them.

use std::collections::BTreeMap;

use crate::dataset::{Dataset, DatasetLabel, Study};
use crate::protocol::{Allocation, Share, StratumKey};

/// What stands where the dataset says nothing.
const NOT_STATED: &str = "not stated";

/// The name of a study's stratum: its values in the order of the keys, joined by `, `.
pub fn stratum_of(dataset: &Dataset, study: &Study, keys: &[StratumKey]) -> String {
    let values: Vec<String> = keys.iter().map(|key| value_of(dataset, study, key)).collect();
    values.join(", ")
}

fn value_of(dataset: &Dataset, study: &Study, key: &StratumKey) -> String {
    let stated = |value: Option<&str>| value.unwrap_or(NOT_STATED).to_owned();
    match key {
        StratumKey::Region => stated(study.region.as_deref()),
        StratumKey::View => stated(study.images.first().and_then(|image| image.view.as_deref())),
        StratumKey::Sex => stated(study.sex.map(crate::dataset::Sex::letter)),
        StratumKey::Split => stated(study.split.as_deref()),
        StratumKey::GreyLevels => {
            stated(study.grey_levels().map(crate::grey_levels::AdequacyClass::words))
        }
        StratumKey::Age => study.age_years.map_or_else(
            || NOT_STATED.to_owned(),
            |age| format!("{}-{}", age / 10 * 10, age / 10 * 10 + 9),
        ),
        StratumKey::Label(name) => {
            let label = dataset.finding_index(name).map(|column| study.labels.get(column));
            match label {
                Some(DatasetLabel::Positive) => "positive".to_owned(),
                Some(DatasetLabel::Negative) => "negative".to_owned(),
                Some(DatasetLabel::Uncertain) => "uncertain".to_owned(),
                Some(DatasetLabel::Blank) | None => NOT_STATED.to_owned(),
            }
        }
    }
}

/// One part of a divided sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Units that it holds.
    pub(super) holds: usize,
    /// Its claim on the sample.
    weight: f64,
}

impl Part {
    pub(super) fn new(holds: usize, allocation: Allocation, expected: Option<Share>) -> Self {
        // A part is at most a dataset large, far below 2^52.
        #[expect(clippy::cast_precision_loss, reason = "counts of studies are small")]
        let size = holds as f64;
        let weight = match allocation {
            Allocation::Proportional => size,
            Allocation::Equal => f64::from(u8::from(0 < holds)),
            Allocation::Neyman => {
                let p = expected.map_or(0.5, Share::value);
                size * (p * (1.0 - p)).sqrt()
            }
        };
        Self { holds, weight }
    }
}

/// Divides `total` among parts by their claims, none beyond what it holds.
///
/// Each part that holds something gets two where the total allows it, so that its spread can be
/// estimated; the rest goes by largest remainder, ties to the part named first.
///
/// # References
/// Neyman J. On the two different aspects of the representative method. J R Stat Soc 1934;97:558.
pub(super) fn divide(total: usize, parts: &[Part]) -> Vec<usize> {
    let occupied = parts.iter().filter(|part| 0 < part.holds).count();
    let least = if 2 * occupied <= total { 2 } else { usize::from(occupied <= total) };
    let mut shares: Vec<usize> = parts.iter().map(|part| part.holds.min(least)).collect();
    let capacity: usize = parts.iter().map(|part| part.holds).sum();
    let total = total.min(capacity);
    // Parts that are full hand their claim to the others, so this is gone over until all is given.
    while shares.iter().sum::<usize>() < total {
        let left = total - shares.iter().sum::<usize>();
        if !hand_out(left, total, parts, &mut shares) {
            break;
        }
    }
    shares
}

/// One round: what is left goes to the parts that lack most of their claim.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of studies are small"
)]
fn hand_out(left: usize, total: usize, parts: &[Part], shares: &mut [usize]) -> bool {
    let open = |i: usize, shares: &[usize]| {
        parts.get(i).zip(shares.get(i)).is_some_and(|(part, share)| *share < part.holds)
    };
    let weight = |i: usize| parts.get(i).map_or(0.0, |part| part.weight);
    let mut sum: f64 = (0..parts.len()).filter(|&i| open(i, shares)).map(weight).sum();
    let flat = sum <= 0.0;
    if flat {
        sum = (0..parts.len()).filter(|&i| open(i, shares)).count() as f64;
    }
    if sum <= 0.0 {
        return false;
    }
    let claim = |i: usize| total as f64 * if flat { 1.0 } else { weight(i) } / sum;
    let mut lacks: Vec<(usize, f64)> = (0..parts.len())
        .filter(|&i| open(i, shares))
        .map(|i| (i, claim(i) - shares.get(i).copied().unwrap_or(0) as f64))
        .collect();
    let lacking: f64 = lacks.iter().map(|(_, lack)| lack.max(0.0)).sum();
    lacks.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut given = 0;
    for (i, lack) in &lacks {
        let part = if 0.0 < lacking { lack.max(0.0) / lacking } else { 0.0 };
        let whole = (left as f64 * part).floor() as usize;
        if let Some((share, part)) = shares.get_mut(*i).zip(parts.get(*i)) {
            let more = whole.min(part.holds - *share).min(left - given);
            *share += more;
            given += more;
        }
    }
    for (i, _) in &lacks {
        if given == left {
            break;
        }
        if let Some((share, part)) = shares.get_mut(*i).zip(parts.get(*i))
            && *share < part.holds
        {
            *share += 1;
            given += 1;
        }
    }
    0 < given
}

/// Places of the frame by stratum, strata by name.
pub(super) fn strata(
    dataset: &Dataset,
    frame: &[usize],
    keys: &[StratumKey],
) -> BTreeMap<String, Vec<usize>> {
    let mut strata: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for &place in frame {
        if let Some(study) = dataset.studies.get(place) {
            strata.entry(stratum_of(dataset, study, keys)).or_default().push(place);
        }
    }
    strata
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(holds: &[usize], allocation: Allocation, expected: &[u32]) -> Vec<Part> {
        holds
            .iter()
            .enumerate()
            .map(|(i, &n)| Part::new(n, allocation, expected.get(i).map(|&p| Share(p))))
            .collect()
    }

    #[test]
    fn each_allocation_divides_as_it_says_and_gives_out_all() {
        assert_eq!(
            divide(100, &parts(&[700, 200, 100], Allocation::Proportional, &[])),
            [70, 20, 10]
        );
        assert_eq!(divide(99, &parts(&[700, 200, 100], Allocation::Equal, &[])), [33, 33, 33]);
        // Weights 500·0.5 and 500·0.3: five to three.
        let neyman = parts(&[500, 500], Allocation::Neyman, &[500_000, 100_000]);
        assert_eq!(divide(80, &neyman), [50, 30]);
    }

    #[test]
    fn a_small_part_is_emptied_and_the_rest_goes_to_the_others() {
        assert_eq!(divide(90, &parts(&[10, 500, 500], Allocation::Equal, &[])), [10, 40, 40]);
        assert_eq!(
            divide(1_000, &parts(&[3, 4], Allocation::Equal, &[])),
            [3, 4],
            "no more than all"
        );
        assert_eq!(divide(10, &parts(&[0, 500], Allocation::Equal, &[])), [0, 10]);
    }

    #[test]
    fn a_part_without_expected_spread_still_gets_two() {
        let certain = parts(&[500, 500], Allocation::Neyman, &[0, 500_000]);
        assert_eq!(divide(50, &certain), [2, 48]);
    }

    #[test]
    fn every_total_is_given_out_to_the_unit() {
        for total in 0..400 {
            for allocation in [Allocation::Proportional, Allocation::Equal, Allocation::Neyman] {
                let given = divide(total, &parts(&[1, 7, 90, 150, 0], allocation, &[1, 900_000]));
                assert_eq!(given.iter().sum::<usize>(), total.min(248), "{total} {allocation:?}");
            }
        }
    }
}
