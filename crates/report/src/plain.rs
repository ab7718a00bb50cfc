//! Plain text for a terminal or a file: headings, sentences, aligned tables.
//!
//! What a figure looks like is decided in [`crate::numbers`]; this module only lays lines out. Figures of JSON results
//! (a share with `k`, `n`, `est`, an estimate with `est` and `ci`) have their helpers here too, so that every text
//! writes them alike.

use std::fmt::Write as _;

use overread_analysis::{Count, Interval};
use serde_json::Value;

use crate::numbers;

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Text that grows line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plain {
    text: String,
}

impl Plain {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A heading, underlined, with an empty line before it.
    pub fn heading(&mut self, title: &str) {
        self.gap();
        let rule = "=".repeat(width(title));
        writeln!(self.text, "{title}\n{rule}").ok();
    }

    /// The title of a part, with an empty line before it.
    pub fn part(&mut self, title: &str) {
        self.gap();
        writeln!(self.text, "{title}").ok();
    }

    /// One line.
    pub fn line(&mut self, line: &str) {
        writeln!(self.text, "{}", line.trim_end()).ok();
    }

    /// One item of a list.
    pub fn item(&mut self, text: &str) {
        self.line(&format!("* {text}"));
    }

    /// Rows under a head, indented by two: the first column to the left, the others to the right. An empty head is left out.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        self.columns(&head, &[Side::Left], rows);
    }

    /// The same with the side of each column; those without one stand to the right.
    pub fn columns(&mut self, head: &[String], sides: &[Side], rows: &[Vec<String>]) {
        let head = (!head.is_empty()).then_some(head).into_iter();
        let lines: Vec<&[String]> = head.chain(rows.iter().map(Vec::as_slice)).collect();
        let columns = lines.iter().map(|row| row.len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|c| lines.iter().filter_map(|row| row.get(c)).map(|t| width(t)).max().unwrap_or(0))
            .collect();
        for row in lines {
            let mut line = String::new();
            for (place, (cell, wide)) in row.iter().zip(&widths).enumerate() {
                let space = " ".repeat(wide.saturating_sub(width(cell)));
                line += match sides.get(place) {
                    Some(Side::Left) => ["  ", cell, space.as_str()],
                    _ => ["  ", space.as_str(), cell],
                }
                .concat()
                .as_str();
            }
            self.line(&line);
        }
    }

    /// The whole, without empty lines at its ends.
    pub fn finish(self) -> String {
        self.text.trim_matches('\n').to_owned()
    }

    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }
}

/// Places on screen, taking one for each character.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// The number at a path of keys.
pub fn number(value: &Value, path: &[&str]) -> Option<f64> {
    at(value, path).and_then(Value::as_f64)
}

/// The count at a path of keys.
pub fn whole(value: &Value, path: &[&str]) -> Option<u64> {
    at(value, path).and_then(Value::as_u64)
}

/// The text at a path of keys.
pub fn word<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path).and_then(Value::as_str)
}

/// The interval at a path of keys: `[low, high]`.
pub fn interval(value: &Value, path: &[&str]) -> Option<Interval> {
    let ends = at(value, path)?.as_array()?;
    Some(Interval::new(ends.first()?.as_f64()?, ends.get(1)?.as_f64()?))
}

/// What stands at a path of keys; `None` for null.
pub fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// Count, percentage and interval of a share `{k, n, est, …}`; its interval stands under `ends`.
pub fn share(value: &Value, ends: &str) -> [String; 3] {
    let (k, n) = (whole(value, &["k"]).unwrap_or(0), whole(value, &["n"]).unwrap_or(0));
    let counted = if n == 0 { numbers::NONE.to_owned() } else { numbers::ratio(Count { x: k, n }) };
    let [percent, interval] = percentage(number(value, &["est"]), interval(value, &[ends]), n);
    [counted, percent, interval]
}

/// Percentage and interval of an estimate between 0 and 1; `n` decides on the decimals.
pub fn percentage(estimate: Option<f64>, ends: Option<Interval>, n: u64) -> [String; 2] {
    let Some(estimate) = estimate else {
        return [numbers::NOT_ESTIMABLE.to_owned(), String::new()];
    };
    let (text, ends) = numbers::share_parts(estimate, ends, numbers::percent_decimals([n]));
    [format!("{text}%"), ends.unwrap_or_default()]
}

/// A coefficient and its interval, two decimals.
pub fn coefficient(estimate: Option<f64>, ends: Option<Interval>) -> [String; 2] {
    let Some(estimate) = estimate else {
        return [numbers::NOT_ESTIMABLE.to_owned(), String::new()];
    };
    // An interval of no width comes from a standard error of 0, which says nothing.
    let ends = ends.filter(|ends| 1e-12 < ends.high - ends.low);
    [numbers::coefficient(estimate), ends.map(numbers::coefficient_interval).unwrap_or_default()]
}

/// A p-value, or the sign that there is none.
pub fn p_value(p: Option<f64>) -> String {
    p.map_or_else(|| numbers::NONE.to_owned(), numbers::p_value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut plain = Plain::new();
        plain.heading("Größe");
        plain.table(
            &["", "n"],
            &[vec!["é".to_owned(), "7".to_owned()], vec!["lang".to_owned(), "1,000".to_owned()]],
        );
        assert_eq!(plain.finish(), "Größe\n=====\n            n\n  é         7\n  lang  1,000");
    }

    #[test]
    fn a_share_without_denominator_is_not_estimable() {
        let none = json!({ "k": 0, "n": 0, "est": null, "wilson": null });
        assert_eq!(share(&none, "wilson"), ["–", "n.e.", ""]);
        let some = json!({ "k": 45, "n": 50, "est": 0.9, "wilson": [0.786, 0.957] });
        assert_eq!(share(&some, "wilson"), ["45/50", "90%", "79–96"]);
    }
}
