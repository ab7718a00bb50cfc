//! Calibrations of monitors, kept outside of any project: what was measured, when, with what.

mod bare;
mod measuring;
mod page;
mod page_view;

use std::path::PathBuf;
use std::sync::Arc;

use overread_imaging::{CalibrationLut, Measurement, Output, Verification, verify_18};
use serde::{Deserialize, Serialize};

use crate::recent::settings_folder;
use crate::settings::{Settings, write_json};
use crate::view::{Mark, StatusItem, StatusKeep, Tone};
pub(crate) use page::{DisplayPage, Wish};

/// A calibration older than this, in days, is no longer vouched for.
const YEAR: i64 = 365;

/// What the window system tells of a monitor: enough to know it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Monitor {
    pub name: String,
    pub pixels: [u32; 2],
    /// Scale of the system in hundredths.
    pub scale: u32,
}

impl Monitor {
    /// "DP-1, 2,560 × 1,600, scale 1.25".
    pub(crate) fn words(&self) -> String {
        let [w, h] = self.pixels;
        let scale = f64::from(self.scale) / 100.0;
        let name = if self.name.is_empty() { "Monitor" } else { &self.name };
        format!("{name}, {w} × {h} pixels, scale {scale:.2}")
    }
}

/// How a monitor was calibrated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// The program's table brings it to the standard.
    Measured(Vec<Measurement>),
    /// The monitor follows the standard by itself: nothing is done to levels.
    ByItself,
}

/// Luminances of the 18 levels through the calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verified {
    /// Date, ISO.
    pub date: String,
    /// cd/m², without ambient light, from black to white.
    pub luminances: Vec<f64>,
}

/// One monitor's calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub monitor: Monitor,
    pub how: How,
    /// Luminance that the room adds, cd/m².
    pub ambient: f64,
    /// What it was measured with.
    pub instrument: String,
    /// Date, ISO.
    pub date: String,
    pub verified: Option<Verified>,
}

impl Record {
    /// The table for films; `None` where the monitor needs none. Takes a tenth of a second.
    pub(crate) fn table(&self) -> Result<Option<CalibrationLut>, String> {
        match &self.how {
            How::ByItself => Ok(None),
            How::Measured(levels) => CalibrationLut::new(levels, self.ambient)
                .map(Some)
                .map_err(|error| format!("The luminances make no calibration: {error}.")),
        }
    }

    /// The result of the 18-level test that was measured, if it was.
    pub(crate) fn measured_result(&self) -> Option<Verification> {
        let verified = self.verified.as_ref()?;
        let with_ambient: Vec<f64> = verified.luminances.iter().map(|l| l + self.ambient).collect();
        verify_18(&with_ambient)
    }
}

/// Every calibration of this workstation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Records(Vec<Record>);

impl Records {
    pub(crate) fn load() -> Self {
        let text = file().and_then(|file| std::fs::read_to_string(file).ok());
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Writes them; does I/O, so never on the window's thread.
    pub(crate) fn store(&self) {
        let Some(file) = file() else { return };
        if let Err(error) = write_json(&file, self) {
            tracing::warn!(%error, "the calibration was not written");
        }
    }

    pub(crate) fn of(&self, monitor: &Monitor) -> Option<&Record> {
        self.0.iter().find(|record| record.monitor == *monitor)
    }

    pub(crate) fn put(&mut self, record: Record) {
        self.forget(&record.monitor.clone());
        self.0.push(record);
    }

    pub(crate) fn forget(&mut self, monitor: &Monitor) {
        self.0.retain(|record| record.monitor != *monitor);
    }
}

fn file() -> Option<PathBuf> {
    settings_folder().map(|folder| folder.join("displays.json"))
}

/// The monitor the window is on, and what is known of it.
#[derive(Default)]
pub(crate) struct Display {
    pub records: Records,
    pub monitor: Option<Monitor>,
    table: Option<Arc<CalibrationLut>>,
    /// What the table itself promises.
    computed: Option<Verification>,
}

impl Display {
    pub(crate) fn load() -> Self {
        Self { records: Records::load(), ..Self::default() }
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.monitor.as_ref().and_then(|monitor| self.records.of(monitor))
    }

    /// The window is on this monitor. True if it is another than before: then its table is due.
    pub(crate) fn moved_to(&mut self, monitor: Monitor) -> bool {
        let moved = self.monitor.as_ref() != Some(&monitor);
        if moved {
            self.monitor = Some(monitor);
            (self.table, self.computed) = (None, None);
        }
        moved
    }

    /// A table is ready; used if the window is still on its monitor.
    pub(crate) fn use_table(&mut self, monitor: &Monitor, table: Option<CalibrationLut>) {
        if self.monitor.as_ref() == Some(monitor) {
            self.computed = table.as_ref().map(CalibrationLut::verify);
            self.table = table.map(Arc::new);
        }
    }

    pub(crate) fn computed(&self) -> Option<Verification> {
        self.computed
    }

    /// How films reach this monitor.
    pub(crate) fn output(&self, settings: &Settings) -> Output {
        Output { calibration: self.table.clone(), no_dither: !settings.dither }
    }

    /// What the status line says; `today` is an ISO date.
    pub(crate) fn status(&self, today: &str) -> StatusItem {
        let item = |mark, text: String, short: &str| StatusItem {
            mark: Some(mark),
            text,
            short: Some(short.to_owned()),
            tone: if mark == Mark::Check { Tone::Quiet } else { Tone::Body },
            keep: StatusKeep::Least,
        };
        let Some(record) = self.record() else {
            return item(Mark::Warning, "Display not calibrated".to_owned(), "Not calibrated");
        };
        let date = short_date(&record.date);
        if age(&record.date, today).is_none_or(|days| YEAR < days) {
            let text = format!("Calibration of {} is over a year old", record.date);
            return item(Mark::Warning, text, "Calibration is old");
        }
        if record.how == How::ByItself {
            let text = format!("Monitor follows the GSDF, as stated {date}");
            return item(Mark::Check, text, "GSDF monitor");
        }
        let percent = |v: Verification| format!("{:.0}\u{a0}%", v.max_deviation * 100.0);
        match (record.measured_result(), self.computed) {
            (Some(result), _) => {
                let mark = if result.passes { Mark::Check } else { Mark::Warning };
                item(mark, format!("Calibrated {date}, worst {}", percent(result)), "Calibrated")
            }
            (None, Some(result)) => {
                let text = format!("Calibrated {date}, worst {} as computed", percent(result));
                item(Mark::Check, text, "Calibrated")
            }
            (None, None) => item(Mark::Check, format!("Calibrated {date}"), "Calibrated"),
        }
    }

    /// What a sitting stores of it.
    pub(crate) fn conditions(&self) -> Vec<(String, String)> {
        let mut all = self.calibration_conditions();
        if let Some(renderer) = crate::machine::renderer() {
            let software = if crate::machine::is_software(&renderer) { "yes" } else { "no" };
            all.push(("software_rendering".to_owned(), software.to_owned()));
            all.push(("graphics".to_owned(), renderer));
        }
        all
    }

    fn calibration_conditions(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let Some(record) = self.record() else {
            return vec![pair("calibrated", "no".to_owned())];
        };
        if record.how == How::ByItself {
            return vec![pair(
                "calibrated",
                format!("by the monitor itself, stated {}", record.date),
            )];
        }
        let mut all = vec![pair("calibrated", format!("yes, {}", record.date))];
        if !record.instrument.is_empty() {
            all.push(pair("instrument", record.instrument.clone()));
        }
        all.push(pair("ambient_cd_m2", format!("{:.2}", record.ambient)));
        let (result, kind) = match record.measured_result() {
            Some(result) => (Some(result), "measured"),
            None => (self.computed, "computed"),
        };
        if let Some(result) = result {
            all.push(pair("luminance_min_cd_m2", format!("{:.3}", result.min)));
            all.push(pair("luminance_max_cd_m2", format!("{:.1}", result.max)));
            let worst = format!("{:.1} %, {kind}", result.max_deviation * 100.0);
            all.push(pair("gsdf_worst_deviation", worst));
        }
        all
    }
}

/// "12 Nov" from an ISO date.
fn short_date(iso: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let part = |range| iso.get(range).and_then(|text: &str| text.parse::<usize>().ok());
    let (month, day) = (part(5..7), part(8..10));
    let name = month.and_then(|m| MONTHS.get(m.checked_sub(1)?));
    match (name, day) {
        (Some(name), Some(day)) => format!("{day} {name}"),
        _ => iso.to_owned(),
    }
}

/// Days from one ISO date to another.
fn age(from: &str, to: &str) -> Option<i64> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let day = |text: &str| time::Date::parse(text, format).ok();
    Some((day(to)? - day(from)?).whole_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor() -> Monitor {
        Monitor { name: "DP-1".to_owned(), pixels: [2560, 1600], scale: 100 }
    }

    /// A display of gamma 2.2 from 0.3 to 300 cd/m².
    fn gamma() -> Vec<Measurement> {
        let luminance = |ddl: f64| 0.3 + 299.7 * (ddl / 255.0).powf(2.2);
        (0..18)
            .map(|i| f64::from(i) * 15.0)
            .map(|ddl| Measurement { ddl, luminance: luminance(ddl) })
            .collect()
    }

    fn calibrated(record: Record) -> Display {
        let mut display = Display::default();
        let table = record.table().unwrap();
        display.records.put(record);
        display.moved_to(monitor());
        display.use_table(&monitor(), table);
        display
    }

    fn record() -> Record {
        Record {
            monitor: monitor(),
            how: How::Measured(gamma()),
            ambient: 0.1,
            instrument: "CL-200".to_owned(),
            date: "2026-11-12".to_owned(),
            verified: None,
        }
    }

    #[test]
    fn the_status_says_not_calibrated_until_it_is_and_then_when_and_how_well() {
        let today = "2026-11-26";
        assert_eq!(Display::default().status(today).text, "Display not calibrated");
        let display = calibrated(record());
        let text = display.status(today).text;
        assert!(text.starts_with("Calibrated 12 Nov, worst 0\u{a0}% as computed"), "{text}");
        assert_eq!(display.status("2028-01-01").mark, Some(Mark::Warning), "a year is enough");
        let off: Vec<f64> = gamma().iter().map(|m| m.luminance).collect();
        let verified = Some(Verified { date: today.to_owned(), luminances: off });
        let status = calibrated(Record { verified, ..record() }).status(today);
        assert_eq!(status.mark, Some(Mark::Warning), "{}", status.text);
        let status = calibrated(Record { how: How::ByItself, ..record() }).status(today);
        assert!(status.text.contains("as stated 12 Nov"), "{}", status.text);
    }

    #[test]
    fn a_calibration_serves_its_own_monitor_only() {
        let mut display = calibrated(record());
        assert!(display.output(&Settings::default()).calibration.is_some());
        assert!(display.moved_to(Monitor { scale: 125, ..monitor() }));
        assert!(display.output(&Settings::default()).calibration.is_none());
        let stale = record().table().unwrap();
        display.use_table(&monitor(), stale);
        assert!(display.output(&Settings::default()).calibration.is_none(), "came too late");
        assert_eq!(display.conditions()[0].1, "no");
    }

    #[test]
    fn a_monitor_that_follows_the_standard_by_itself_gets_no_second_table() {
        let display = calibrated(Record { how: How::ByItself, ..record() });
        assert!(display.output(&Settings::default()).calibration.is_none());
        assert!(display.conditions()[0].1.starts_with("by the monitor itself"));
    }

    #[test]
    fn luminances_that_do_not_rise_are_refused_with_the_levels() {
        let mut levels = gamma();
        levels[3].luminance = levels[2].luminance;
        let record = Record { how: How::Measured(levels), ..record() };
        let why = record.table().unwrap_err();
        assert!(why.contains("between levels 30 and 45"), "{why}");
    }

    #[test]
    fn records_survive_the_file() {
        let mut records = Records::default();
        records.put(record());
        records.put(Record { ambient: 0.5, ..record() });
        let text = serde_json::to_string(&records).unwrap();
        let read: Records = serde_json::from_str(&text).unwrap();
        assert_eq!(read.of(&monitor()).map(|r| r.ambient), Some(0.5), "the newest counts");
        assert_eq!(read.0.len(), 1);
    }
}
