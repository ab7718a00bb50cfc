//! Ages as they are written in the field.

use crate::num::to_i64;

/// Years from an Age String: `045Y`, `018M`, `06W`, `003D`, and what is met besides: `45`,
/// `45 y`, `45.5`. `None` for what is no age, or beyond 150 years.
///
/// Ages beyond 150 occur as slips of typing (`411Y`); they would otherwise make an age band.
pub fn years(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_ascii_uppercase();
    let (number, a_year) = match text.chars().last()? {
        'Y' => (&text[..text.len() - 1], 1.0),
        'M' => (&text[..text.len() - 1], 12.0),
        'W' => (&text[..text.len() - 1], 365.25 / 7.0),
        'D' => (&text[..text.len() - 1], 365.25),
        _ => (text.as_str(), 1.0),
    };
    let number = number.trim().replace(',', ".");
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let years = number.parse::<f64>().ok()? / a_year;
    (years.is_finite() && years <= 150.0).then_some(years)
}

/// Whole years between two dates `YYYYMMDD` (or `YYYY.MM.DD`, as ACR-NEMA wrote them).
pub(super) fn between(birth: &str, study: &str) -> Option<f64> {
    let (birth, study) = (day_number(birth)?, day_number(study)?);
    // As numbers, YYYYMMDD differ by 10,000 a year, and by more than the rest within a year.
    let years = to_i64(((study - birth) as f64 / 10_000.0).floor());
    (0..=150).contains(&years).then_some(years as f64)
}

fn day_number(date: &str) -> Option<i64> {
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    let number: i64 = (digits.len() == 8).then(|| digits.parse().ok())??;
    let (month, day) = (number / 100 % 100, number % 100);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_in_all_units_and_slips_are_not_ages() {
        for (text, wanted) in [
            ("045Y", Some(45.0)),
            ("045Y ", Some(45.0)),
            ("45", Some(45.0)),
            ("45 y\0", Some(45.0)),
            ("018M", Some(1.5)),
            ("000D", Some(0.0)),
            ("36,5", Some(36.5)),
            ("411Y", None),
            ("Y", None),
            ("", None),
            ("-5Y", None),
            ("NaN", None),
            ("inf", None),
        ] {
            assert_eq!(years(text), wanted, "{text:?}");
        }
        assert!((years("026W").unwrap() - 0.498).abs() < 0.001);
        assert!((years("010D").unwrap() - 0.0274).abs() < 0.001);
    }

    #[test]
    fn an_age_from_dates_counts_whole_years() {
        assert_eq!(between("19500615", "20000614"), Some(49.0));
        assert_eq!(between("19500615", "20000615"), Some(50.0));
        assert_eq!(between("1950.06.15", "20001231"), Some(50.0));
        assert_eq!(between("20000101", "19990101"), None);
        assert_eq!(between("00000000", "20000101"), None);
        assert_eq!(between("18000101", "20000101"), None);
    }
}
