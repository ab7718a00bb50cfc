//! What a printed number can stand for: every value, or every count, that rounds to it.

use std::ops::RangeInclusive;

use crate::estimate::Interval;

/// A decimal number as printed: `units / 10^decimals`.
///
/// Ties may have been rounded either way, so the ends of [`Printed::bounds`] belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printed {
    units: i64,
    decimals: u32,
}

/// Digits after the point that still fit every product in 128 bits.
const MOST_DECIMALS: u32 = 12;
/// Rounding of one double operation; far below half a unit of any printed decimal.
const DUST: f64 = 1e-9;

impl Printed {
    /// `units / 10^decimals`; `None` where that has more than 12 decimals.
    pub fn new(units: i64, decimals: u32) -> Option<Self> {
        (decimals <= MOST_DECIMALS && units.unsigned_abs() < 1 << 53)
            .then_some(Self { units, decimals })
    }

    /// A plain decimal such as `0.850`, `-0.1` or `14,656`; its decimals are those written.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().replace(',', "").replace('−', "-");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        if !digits(unsigned) || !digits(fraction) || (unsigned.is_empty() && fraction.is_empty()) {
            return None;
        }
        let decimals = u32::try_from(fraction.len()).ok()?;
        let units = format!("{whole}{fraction}");
        Self::new(units.parse().ok()?, decimals)
    }

    /// The same number with so many decimals; `None` where digits would be lost.
    pub fn with_decimals(self, decimals: u32) -> Option<Self> {
        if decimals < self.decimals {
            let by = 10_i64.checked_pow(self.decimals - decimals)?;
            return (self.units % by == 0).then_some(Self { units: self.units / by, decimals });
        }
        let by = 10_i64.checked_pow(decimals - self.decimals)?;
        Self::new(self.units.checked_mul(by)?, decimals)
    }

    /// A percentage as the proportion it is: `43` becomes `0.43`, known to two decimals.
    pub fn of_percent(self) -> Option<Self> {
        Self::new(self.units, self.decimals + 2)
    }

    /// The value as printed.
    pub fn value(self) -> f64 {
        self.units as f64 / self.scale()
    }

    /// Digits after the point.
    pub fn decimals(self) -> u32 {
        self.decimals
    }

    fn scale(self) -> f64 {
        10_f64.powi(self.decimals.cast_signed())
    }

    /// Every value that rounds to it lies between these, ends included.
    pub fn bounds(self) -> Interval {
        let (units, scale) = (self.units as f64, self.scale());
        Interval::new((units - 0.5) / scale, (units + 0.5) / scale)
    }

    /// Whether `x` rounds to it.
    pub fn prints(self, x: f64) -> bool {
        (x * self.scale() - self.units as f64).abs() <= 0.5 + DUST
    }

    /// Whether `x` becomes it when digits are cut off instead of rounded.
    pub fn cuts(self, x: f64) -> bool {
        let over = x * self.scale() - self.units as f64;
        (-DUST..1.0 - DUST).contains(&over)
    }

    /// Every k from 0 to n with k/n rounding to it, by whole numbers alone; `None` where there is none.
    pub fn counts(self, n: u64) -> Option<RangeInclusive<u64>> {
        let (n, units) = (i128::from(n), i128::from(self.units));
        let double = 2 * 10_i128.pow(self.decimals);
        let low = ((2 * units - 1) * n).div_euclid(double)
            + i128::from(((2 * units - 1) * n).rem_euclid(double) != 0);
        let high = ((2 * units + 1) * n).div_euclid(double);
        let (low, high) = (low.max(0), high.min(n));
        if high < low {
            return None;
        }
        Some(u64::try_from(low).ok()?..=u64::try_from(high).ok()?)
    }

    /// The two values k/n nearest to it, below and above, where none rounds to it.
    pub fn neighbours(self, n: u64) -> Interval {
        let k = (self.value() * n as f64).floor().clamp(0.0, n as f64);
        Interval::new(k / n as f64, ((k + 1.0) / n as f64).min(1.0))
    }
}

/// The least and the greatest Σ numerator / Σ denominator over one choice `(numerator, denominator)` a stratum.
///
/// Exact up to rounding (Dinkelbach's method); `None` where a stratum has no choice or every denominator is 0.
///
/// # References
/// Dinkelbach, Manage Sci 1967;13:492.
pub fn ratio_range(strata: &[Vec<(f64, f64)>]) -> Option<Interval> {
    if strata.is_empty() || strata.iter().any(Vec::is_empty) {
        return None;
    }
    let best = |sign: f64| {
        let mut ratio = 0.5;
        // Superlinear; a dozen rounds settle it.
        for _ in 0..100 {
            let (mut top, mut bottom) = (0.0, 0.0);
            for choices in strata {
                let gain = |&(x, y): &(f64, f64)| sign * (x - ratio * y);
                let choice = choices.iter().max_by(|a, b| gain(a).total_cmp(&gain(b)))?;
                top += choice.0;
                bottom += choice.1;
            }
            if bottom <= 0.0 {
                return None;
            }
            let next = top / bottom;
            if (next - ratio).abs() < 1e-15 {
                break;
            }
            ratio = next;
        }
        Some(ratio)
    };
    Some(Interval::new(best(-1.0)?, best(1.0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_that_round_to_the_print() {
        for (text, n) in [("0.28", 45), ("0.44", 126), ("0.90", 50), ("0.333", 3), ("1.00", 19)] {
            let printed = Printed::parse(text).unwrap();
            let direct: Vec<u64> =
                (0..=n).filter(|k| printed.prints(*k as f64 / n as f64)).collect();
            let counted: Vec<u64> = printed.counts(n).into_iter().flatten().collect();
            assert_eq!(counted, direct, "{text} of {n}");
        }
        assert_eq!(Printed::parse("0.28").unwrap().counts(45), None);
        assert_eq!(Printed::parse("0.90").unwrap().counts(50), Some(45..=45));
    }

    #[test]
    fn both_ways_of_rounding_a_tie_are_allowed() {
        assert_eq!(Printed::parse("0.5").unwrap().counts(20), Some(9..=11));
        assert!(Printed::parse("0.1").unwrap().prints(0.15));
        assert!(Printed::parse("0.2").unwrap().prints(0.15));
    }

    #[test]
    fn a_number_keeps_its_decimals() {
        let printed = Printed::parse("0.850").unwrap();
        assert_eq!((printed.value(), printed.decimals()), (0.85, 3));
        assert_eq!(Printed::parse("−0.05").unwrap().value(), -0.05);
        assert_eq!(Printed::parse("14,656").unwrap().value(), 14_656.0);
        assert_eq!(
            Printed::parse("43").unwrap().of_percent().unwrap().counts(714),
            Some(304..=310)
        );
        for broken in ["", ".", "1.2.3", "0,5x", "1e3", "nan"] {
            assert_eq!(Printed::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_extreme_ratio_is_that_of_trying_everything() {
        let strata = vec![
            vec![(3.0, 10.0), (5.0, 11.0), (2.0, 4.0)],
            vec![(1.0, 9.0), (7.0, 8.0)],
            vec![(4.0, 4.0), (1.0, 2.0), (0.0, 7.0)],
        ];
        let mut all = Vec::new();
        for a in &strata[0] {
            for b in &strata[1] {
                for c in &strata[2] {
                    all.push((a.0 + b.0 + c.0) / (a.1 + b.1 + c.1));
                }
            }
        }
        all.sort_by(f64::total_cmp);
        let range = ratio_range(&strata).unwrap();
        assert!((range.low - all[0]).abs() < 1e-12);
        assert!((range.high - all[all.len() - 1]).abs() < 1e-12);
        assert_eq!(ratio_range(&[vec![]]), None);
    }
}
