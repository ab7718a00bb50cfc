//! Every number on screen and in reports is written here.
//!
//! x/n beside every percentage, no false 0 or 100, en dash ranges, a true minus sign.

use overread_analysis::{Count, Figure, Interval};

/// What stands where there is no figure.
pub const NOT_ESTIMABLE: &str = "n.e.";
/// Not applicable, or none exists.
pub const NONE: &str = "–";

/// Counts with commas from 1,000.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `45/50`.
pub fn ratio(c: Count) -> String {
    format!("{}/{}", count(c.x), count(c.n))
}

/// A decimal with a true minus sign, halves away from zero on the decimal expansion of the double.
pub fn decimal(value: f64, decimals: usize) -> String {
    // Twelve guard digits bring values such as 0.5 times a power of ten to their decimal form.
    let guarded = format!("{:.*}", decimals + 12, value.abs());
    let rounded = round_text(&guarded, decimals);
    let zero = rounded.bytes().all(|b| matches!(b, b'0' | b'.'));
    if value < 0.0 && !zero { format!("−{rounded}") } else { rounded }
}

/// Rounds a plain decimal text half away from zero.
fn round_text(text: &str, decimals: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept: String = fraction.chars().take(decimals).collect();
    let up = fraction.as_bytes().get(decimals).is_some_and(|digit| b'5' <= *digit);
    let mut digits: Vec<u8> = whole.bytes().chain(kept.bytes()).collect();
    if up {
        let mut carried = true;
        for digit in digits.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                carried = false;
                break;
            }
        }
        if carried {
            digits.insert(0, b'1');
        }
    }
    let split = digits.len() - kept.len();
    let text = String::from_utf8(digits).unwrap_or_default();
    let (whole, fraction) = text.split_at(split);
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// Decimals of percentages: none if any n of the table or sentence is below 100.
pub fn percent_decimals(ns: impl IntoIterator<Item = u64>) -> usize {
    usize::from(ns.into_iter().all(|n| 100 <= n))
}

/// Decimals at which none of the shares rounds to a false 0 or 100, at most 3.
fn honest_decimals(shares: &[f64], decimals: usize) -> usize {
    let false_end = |share: f64, d: usize| {
        let text = decimal(100.0 * share, d);
        let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
        let hundred = text.starts_with("100");
        (zero && share != 0.0) || (hundred && share != 1.0)
    };
    if decimals < 3 && shares.iter().any(|&share| false_end(share, decimals)) {
        return (decimals + 1..=3)
            .find(|&d| !shares.iter().any(|&share| false_end(share, d)))
            .unwrap_or(3);
    }
    decimals
}

/// A share in percent with its interval, without the percent sign: `90` and `79–96`.
pub fn share_parts(
    value: f64,
    interval: Option<Interval>,
    decimals: usize,
) -> (String, Option<String>) {
    // An end that is not exactly 0 or 1 may not print as if it were; rounding dust counts as exact.
    let snap = |x: f64| {
        if x < 1e-12 {
            0.0
        } else if 1.0 - x < 1e-12 {
            1.0
        } else {
            x
        }
    };
    let value = snap(value);
    let ends = interval.map(|i| [snap(i.low), snap(i.high)]);
    let mut shares = vec![value];
    shares.extend(ends.iter().flatten());
    let decimals = honest_decimals(&shares, decimals);
    let text = |share: f64| percent_text(share, decimals);
    (text(value), ends.map(|[low, high]| range(&text(low), &text(high))))
}

/// Exactly 0 and 100 need no decimals that say nothing.
fn percent_text(share: f64, decimals: usize) -> String {
    if share == 0.0 {
        "0".to_owned()
    } else if share == 1.0 {
        "100".to_owned()
    } else {
        decimal(100.0 * share, decimals)
    }
}

/// `79–96`, or `−3.0 to 11.3` as soon as a limit is negative.
pub fn range(low: &str, high: &str) -> String {
    if low.starts_with('−') || high.starts_with('−') {
        format!("{low} to {high}")
    } else {
        format!("{low}–{high}")
    }
}

/// `14%` of `7/50`; 2 decimals below one per cent.
pub fn percent(c: Count) -> String {
    if c.n == 0 {
        return NONE.to_owned();
    }
    let share = c.x as f64 / c.n as f64;
    let decimals = if share < 0.01 && c.x > 0 { 2 } else { percent_decimals([c.n]) };
    format!("{}%", share_parts(share, None, decimals).0)
}

/// The same without the sign, for a column whose head has it.
pub fn percent_bare(c: Count) -> String {
    percent(c).trim_end_matches('%').to_owned()
}

/// A difference of shares in points with its interval: `37.5` and `12.1–66.3`.
pub fn points(difference: f64, interval: Option<Interval>) -> (String, Option<String>) {
    let text = |x: f64| decimal(100.0 * x, 1);
    (text(difference), interval.map(|i| range(&text(i.low), &text(i.high))))
}

/// Kappa, AC1 and their like: two decimals.
pub fn coefficient(value: f64) -> String {
    decimal(value, 2)
}

/// A coefficient's interval: `0.56–0.64`.
pub fn coefficient_interval(interval: Interval) -> String {
    range(&coefficient(interval.low), &coefficient(interval.high))
}

/// A p-value or q-value: `0.25`, `0.016`, `<0.001`, `>0.99`.
pub fn p_value(p: f64) -> String {
    if p < 0.001 {
        "<0.001".to_owned()
    } else if p < 0.1 {
        decimal(p, 3)
    } else if 0.99 < p {
        ">0.99".to_owned()
    } else {
        decimal(p, 2)
    }
}

/// An inclusion probability with two significant digits: `0.40`, `0.0008`, `1`.
pub fn probability(p: f64) -> String {
    if p <= 0.0 {
        return "0".to_owned();
    }
    if 1.0 <= p {
        return "1".to_owned();
    }
    let leading = (-p.log10()).ceil();
    let decimals =
        [1_u8, 2, 3, 4, 5, 6, 7, 8].into_iter().find(|&d| leading <= f64::from(d)).unwrap_or(8);
    decimal(p, usize::from(decimals) + 1)
}

/// A design effect: two decimals.
pub fn design_effect(value: f64) -> String {
    decimal(value, 2)
}

/// Milliseconds in words: `4.2 s`, `12 min`, `1 h 05 min`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    if ms < 60_000 {
        format!("{} s", decimal(ms as f64 / 1000.0, 1))
    } else if seconds < 3600 {
        format!("{} min", seconds / 60)
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60)
    }
}

/// A figure in three texts: count, value in percent without sign, interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureText {
    /// `45/50`.
    pub count: String,
    /// `90`, or `n.e.`.
    pub value: String,
    /// `79–96`; empty without interval.
    pub interval: String,
}

/// Writes a share with the decimals that the table has.
pub fn figure(figure: &Figure, decimals: usize) -> FigureText {
    let counted = if figure.n == 0 { NONE.to_owned() } else { ratio(figure.count()) };
    match figure.value {
        None => {
            FigureText { count: counted, value: NOT_ESTIMABLE.to_owned(), interval: String::new() }
        }
        Some(value) => {
            let (value, interval) = share_parts(value, figure.interval, decimals);
            FigureText { count: counted, value, interval: interval.unwrap_or_default() }
        }
    }
}

/// `45/50 (90%; 79–96)`, as in a sentence; below n = 10 the interval alone: `1/3 (5–84%)`.
pub fn sentence(figure: &Figure) -> String {
    let texts = self::figure(figure, percent_decimals([figure.n]));
    match (figure.value, texts.interval.is_empty()) {
        (None, _) => NOT_ESTIMABLE.to_owned(),
        (Some(_), true) => texts.count,
        (Some(_), false) if figure.n < 10 => format!("{} ({}%)", texts.count, texts.interval),
        (Some(_), false) => format!("{} ({}%; {})", texts.count, texts.value, texts.interval),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas_from_a_thousand() {
        assert_eq!(
            [count(0), count(999), count(1000), count(112_120)],
            ["0", "999", "1,000", "112,120"]
        );
        assert_eq!(ratio(Count { x: 94_617, n: 112_120 }), "94,617/112,120");
    }

    #[test]
    fn halves_round_away_from_zero_and_minus_is_true() {
        assert_eq!(decimal(0.5, 0), "1");
        assert_eq!(decimal(-2.5, 0), "−3");
        assert_eq!(decimal(99.96, 1), "100.0");
        assert_eq!(decimal(-0.001, 2), "0.00");
        assert_eq!(decimal(0.125, 2), "0.13");
    }

    #[test]
    fn no_false_zero_and_no_false_hundred() {
        let triple = |k: f64, low, high| share_parts(k, Some(Interval::new(low, high)), 0);
        assert_eq!(
            triple(0.975, 0.871_186_3, 0.995_573_1),
            ("97.5".into(), Some("87.1–99.6".into()))
        );
        assert_eq!(triple(0.0, 0.0, 0.082_009), ("0".into(), Some("0–8".into())));
        assert_eq!(triple(1.0, 0.645_7, 1.0), ("100".into(), Some("65–100".into())));
        let (value, interval) =
            share_parts(803.0 / 805.0, Some(Interval::new(0.990_97, 0.999_318)), 1);
        assert_eq!((value.as_str(), interval.as_deref()), ("99.8", Some("99.1–99.9")));
        assert_eq!(percent(Count { x: 18, n: 30_805 }), "0.06%");
        assert_eq!(percent(Count { x: 0, n: 0 }), NONE);
    }

    #[test]
    fn intervals_say_to_when_a_limit_is_negative() {
        let (value, interval) = points(0.04, Some(Interval::new(-0.0301, 0.1129)));
        assert_eq!((value.as_str(), interval.as_deref()), ("4.0", Some("−3.0 to 11.3")));
        assert_eq!(points(0.375, Some(Interval::new(0.121, 0.663))).1.unwrap(), "12.1–66.3");
    }

    #[test]
    fn p_values_have_their_four_forms() {
        let forms = [0.0002, 0.0156, 0.25, 0.995].map(p_value);
        assert_eq!(forms, ["<0.001", "0.016", "0.25", ">0.99"]);
    }

    #[test]
    fn inclusion_probabilities_keep_two_digits() {
        assert_eq!([0.396_8, 0.000_83, 1.0].map(probability), ["0.40", "0.00083", "1"]);
    }
}
