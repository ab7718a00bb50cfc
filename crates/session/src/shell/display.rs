//! The page of the display within the program: its keys, its wishes, its jobs.

use overread_imaging::Pattern;

use super::{JobEvent, Screen, Shell, today};
use crate::command::Command;
use crate::display::{DisplayPage, Monitor, Wish};
use crate::machine::LastWindow;
use crate::settings::Settings;
use crate::view::{BareView, Effect, FrameInput, Mark, UiAction};

impl Shell {
    /// Opens or closes the page; the reading room waits behind it.
    pub(super) fn display_command(&mut self, command: Command) -> bool {
        let page = match command {
            Command::Display if self.display_page.is_some() => {
                self.close_display();
                return true;
            }
            Command::Display => DisplayPage::new(&self.display),
            Command::MeasureDisplay => DisplayPage::measuring(&self.display, false),
            Command::VerifyDisplay => DisplayPage::measuring(&self.display, true),
            Command::PatternSquares => {
                DisplayPage::with_pattern(&self.display, Pattern::EighteenSquares)
            }
            Command::PatternDepth => DisplayPage::with_pattern(&self.display, Pattern::BitDepth),
            Command::PatternRamp => DisplayPage::with_pattern(&self.display, Pattern::Readback),
            _ => return false,
        };
        self.display_page = Some(page);
        true
    }

    pub(super) fn close_display(&mut self) {
        if self.display_page.take().is_some()
            && let Screen::Reading(reading) = &mut self.screen
        {
            reading.come_back();
        }
    }

    /// A key while the page is open; false if it has no use for it.
    pub(super) fn display_key(&mut self, chord: &str) -> bool {
        let Some(page) = &mut self.display_page else { return false };
        if !page.keys().contains(&chord) {
            return page.is_bare();
        }
        let wish = page.key(chord, &self.display, &today());
        self.grant(wish);
        true
    }

    /// Something else a person did on the page; false if it was not meant for it.
    pub(super) fn display_action(&mut self, action: &UiAction) -> bool {
        let Some(page) = &mut self.display_page else { return false };
        let wish = match action {
            UiAction::Run(id) if id.starts_with("display.") || id.starts_with("films.") => {
                page.run(id, (&self.display, &self.settings), &today())
            }
            UiAction::Field { id, text } => {
                page.set_field(id, text);
                None
            }
            UiAction::Choose { id, index } => DisplayPage::choose(id, *index, &self.settings),
            UiAction::Dropped(path) => {
                page.set_field("display.file", &path.display().to_string());
                None
            }
            UiAction::Picked { id, path: Some(path), .. } if id == "display.file" => {
                page.set_field(id, &path.display().to_string());
                None
            }
            _ => return false,
        };
        self.grant(wish);
        true
    }

    fn grant(&mut self, wish: Option<Wish>) {
        match wish {
            None => {}
            Some(Wish::Close) => self.close_display(),
            Some(Wish::Pick(request)) => self.effects.push(Effect::Pick(request)),
            Some(Wish::ReadTable(path)) => self.job("luminances", move || {
                let text = std::fs::read_to_string(&path);
                // Neither this page names a path: a reader may have come from a film.
                JobEvent::Luminances(
                    text.map_err(|error| format!("The table could not be read: {error}.")),
                )
            }),
            Some(Wish::Keep(record)) => {
                self.display.records.put(record);
                self.keep_records();
            }
            Some(Wish::Forget) => {
                if let Some(monitor) = self.display.monitor.clone() {
                    self.display.records.forget(&monitor);
                }
                self.keep_records();
            }
            Some(Wish::Set(settings)) => self.set_settings(settings),
        }
    }

    fn set_settings(&mut self, settings: Settings) {
        self.settings = settings.clone();
        self.use_display();
        self.job("settings", move || {
            settings.store();
            JobEvent::Kept
        });
    }

    fn keep_records(&mut self) {
        let records = self.display.records.clone();
        self.job("displays", move || {
            records.store();
            JobEvent::Kept
        });
        self.make_table();
    }

    /// Computes the table of the monitor the window is on, away from the window's thread.
    fn make_table(&mut self) {
        let Some(monitor) = self.display.monitor.clone() else { return };
        let Some(record) = self.display.record().cloned() else {
            self.display.use_table(&monitor, None);
            self.use_display();
            return;
        };
        self.job("calibration", move || JobEvent::Table(monitor, Box::new(record.table())));
    }

    /// The table has come.
    pub(super) fn take_table(
        &mut self,
        monitor: &Monitor,
        table: Result<Option<overread_imaging::CalibrationLut>, String>,
    ) {
        match table {
            Ok(table) => self.display.use_table(monitor, table),
            Err(why) => self.toast = Some((why, Mark::Warning, self.now)),
        }
        self.use_display();
    }

    pub(super) fn take_luminances(&mut self, text: Result<String, String>) {
        if let Some(page) = &mut self.display_page {
            let wish = page.table_read(text, &self.display, &today());
            self.grant(wish);
        }
    }

    /// Films and patterns are drawn with the settings and the calibration there are.
    pub(super) fn use_display(&mut self) {
        let output = self.display.output(&self.settings);
        if let Some(page) = &mut self.display_page {
            page.redraw();
        }
        if let Screen::Reading(reading) = &mut self.screen {
            reading.set_display(&self.settings, &output, self.display.conditions());
        }
    }

    /// Notices on which monitor the window is.
    pub(super) fn note_monitor(&mut self, frame: &FrameInput) {
        let Some(pixels) = frame.monitor else { return };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 4")]
        let scale = (frame.monitor_scale * 100.0).round().clamp(0.0, 1000.0) as u32;
        let name = frame.monitor_name.clone().unwrap_or_default();
        if self.display.moved_to(Monitor { name, pixels, scale }) {
            self.make_table();
            let found = LastWindow {
                date: today(),
                renderer: crate::machine::renderer(),
                monitor: Some(pixels),
                scale: Some(scale),
            };
            self.job("window", move || {
                found.store();
                JobEvent::Kept
            });
        }
    }

    /// What fills the screen, if anything does.
    pub(super) fn bare_view(&mut self, frame: &FrameInput) -> Option<BareView> {
        let output = self.display.output(&self.settings);
        let size = frame.viewports.first().copied().unwrap_or_default();
        self.display_page.as_mut()?.bare(size, &output)
    }
}
