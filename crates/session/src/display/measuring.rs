//! Patches to hold a meter against, one level after another, and their luminances as typed or
//! as read from a table.

use overread_imaging::{Measurement, eighteen_levels};

/// Which levels are measured, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// 18 levels as they are.
    Eighteen,
    /// 52 levels as they are.
    FiftyTwo,
    /// 18 levels through the calibration.
    Verify,
}

impl Series {
    /// Driving levels, or for verification the levels of the film.
    fn levels(self) -> Vec<u8> {
        match self {
            Self::Eighteen | Self::Verify => eighteen_levels().to_vec(),
            Self::FiftyTwo => (0..52).map(|i: u8| i * 5).collect(),
        }
    }
}

/// A series under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measuring {
    pub series: Series,
    levels: Vec<u8>,
    at: usize,
    text: String,
    typed: Vec<Option<f64>>,
    problem: Option<String>,
}

/// What a key did.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Go on showing the patch.
    Stay,
    /// Every level has its luminance.
    Done(Vec<Measurement>),
    /// The reader gave up.
    Stopped,
}

fn is_digit(chord: &str) -> bool {
    chord.len() == 1 && chord.starts_with(|c: char| c.is_ascii_digit())
}

impl Measuring {
    pub(super) fn new(series: Series) -> Self {
        let levels = series.levels();
        let typed = vec![None; levels.len()];
        Self { series, levels, at: 0, text: String::new(), typed, problem: None }
    }

    /// The level to show.
    pub(super) fn level(&self) -> u8 {
        self.levels.get(self.at).copied().unwrap_or(0)
    }

    /// Keys that mean something while a patch is shown.
    pub(super) const KEYS: [&'static str; 16] = [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        ".",
        ",",
        "Backspace",
        "Enter",
        "Escape",
        "ArrowLeft",
    ];

    pub(super) fn key(&mut self, chord: &str) -> Step {
        match chord {
            "Escape" => return Step::Stopped,
            "Enter" => return self.enter(),
            "ArrowLeft" => self.back(),
            "Backspace" if self.text.is_empty() => self.back(),
            "Backspace" => {
                self.text.pop();
            }
            "." | "," if !self.text.contains('.') => self.text.push('.'),
            digit if self.text.len() < 8 && is_digit(digit) => self.text.push_str(digit),
            _ => {}
        }
        self.problem = None;
        Step::Stay
    }

    fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
        self.text.clear();
    }

    fn enter(&mut self) -> Step {
        let value: Option<f64> = self.text.parse().ok().filter(|v| 0.0 < *v);
        let before = self.at.checked_sub(1).and_then(|i| self.typed.get(i).copied().flatten());
        let problem = match (value, before) {
            (None, _) => Some("A luminance in cd/m² is a number above 0.".to_owned()),
            (Some(value), Some(before)) if value <= before && self.series != Series::Verify => {
                Some(format!("It must be above {before}, the level before. Measure again."))
            }
            _ => None,
        };
        if problem.is_some() {
            self.problem = problem;
            return Step::Stay;
        }
        if let Some(place) = self.typed.get_mut(self.at) {
            *place = value;
        }
        self.text.clear();
        if self.at + 1 < self.levels.len() {
            self.at += 1;
            return Step::Stay;
        }
        let pairs = self.levels.iter().zip(&self.typed);
        let measured = |(level, typed): (&u8, &Option<f64>)| {
            Some(Measurement { ddl: f64::from(*level), luminance: (*typed)? })
        };
        Step::Done(pairs.filter_map(measured).collect())
    }

    /// Lines at the foot of the patch.
    pub(super) fn caption(&self) -> Vec<String> {
        let what = match self.series {
            Series::Verify => "Film level",
            Series::Eighteen | Series::FiftyTwo => "Driving level",
        };
        let typed = if self.text.is_empty() { "–" } else { &self.text };
        let place = format!(
            "{what} {} of 255   {} of {}   {typed} cd/m²",
            self.level(),
            self.at + 1,
            self.levels.len()
        );
        let help = self.problem.clone().unwrap_or_else(|| {
            "Hold the meter to the middle, type the luminance, Enter. Backspace: one back. Esc: stop."
                .to_owned()
        });
        vec![place, help]
    }
}

/// Reads a table of `ddl,cd_m2`; an error names the line.
pub(super) fn read_table(text: &str) -> Result<Vec<Measurement>, String> {
    let mut levels = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut cells = line.split([',', ';', '\t']).map(|cell| cell.trim().trim_matches('"'));
        let (first, second) = (cells.next().unwrap_or(""), cells.next().unwrap_or(""));
        if levels.is_empty() && first.eq_ignore_ascii_case("ddl") {
            continue;
        }
        let number_of = |cell: &str| cell.parse::<f64>().ok().filter(|v| v.is_finite());
        match (number_of(first), number_of(second)) {
            (Some(ddl), Some(luminance)) if (0.0..=255.0).contains(&ddl) => {
                levels.push(Measurement { ddl, luminance });
            }
            _ => {
                return Err(format!(
                    "Line {number} is not a level from 0 to 255 and a luminance: `{line}`. Each line holds ddl,cd_m2."
                ));
            }
        }
    }
    if levels.is_empty() {
        return Err("The table holds no luminance. Each line holds ddl,cd_m2.".to_owned());
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(measuring: &mut Measuring, text: &str) -> Step {
        for c in text.chars() {
            measuring.key(&c.to_string());
        }
        measuring.key("Enter")
    }

    #[test]
    fn typed_luminances_make_a_series_from_black_to_white() {
        let mut measuring = Measuring::new(Series::Eighteen);
        for i in 0..17 {
            assert_eq!(measuring.level(), i * 15);
            assert_eq!(type_in(&mut measuring, &format!("{}.5", i + 1)), Step::Stay);
        }
        let Step::Done(levels) = type_in(&mut measuring, "350") else { panic!("not done") };
        assert_eq!((levels.len(), levels[17].ddl, levels[17].luminance), (18, 255.0, 350.0));
        assert_eq!(Measuring::new(Series::FiftyTwo).levels.len(), 52);
        assert_eq!(Measuring::new(Series::FiftyTwo).levels.last(), Some(&255));
    }

    #[test]
    fn a_luminance_that_does_not_rise_is_asked_for_again_and_one_can_go_back() {
        let mut measuring = Measuring::new(Series::Eighteen);
        type_in(&mut measuring, "0.4");
        assert_eq!(type_in(&mut measuring, "0.3"), Step::Stay);
        assert_eq!(measuring.level(), 15, "still there");
        assert!(measuring.caption()[1].contains("above 0.4"), "{:?}", measuring.caption());
        for _ in 0..4 {
            measuring.key("Backspace");
        }
        assert_eq!(measuring.level(), 0, "one back");
        type_in(&mut measuring, "0,2");
        type_in(&mut measuring, "0.3");
        assert_eq!(measuring.level(), 30);
        assert_eq!(measuring.key("Escape"), Step::Stopped);
    }

    #[test]
    fn a_table_is_read_and_a_bad_line_is_named() {
        let levels =
            read_table("\u{feff}ddl,cd_m2\n0,0.3\r\n15; 0.5\n\n# note\n255\t300\n").unwrap();
        assert_eq!(levels.len(), 3);
        assert_eq!(levels[1], Measurement { ddl: 15.0, luminance: 0.5 });
        let why = read_table("ddl,cd_m2\n0,0.3\n15,dark\n").unwrap_err();
        assert!(why.starts_with("Line 3 "), "{why}");
        assert!(read_table("ddl,cd_m2\n").is_err());
        assert!(read_table("300,5\n").is_err());
    }
}
