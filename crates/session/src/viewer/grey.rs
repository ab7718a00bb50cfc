//! The window of one film: the file's own, automatic ones, presets, and the reader's hand.

use overread_imaging::{
    AutoWindow, ChosenVoi, DecodedImage, DragSpeed, Presentation, Preset, Voi, WindowDrag,
    WindowStep, auto_voi, default_voi, file_vois, percentile_mapped, preset_voi, presets, stepped,
};

use crate::command::Command;
use crate::read_view::capital;
use crate::view::{DragPace, HistogramPart};

/// Where the window came from, which decides what the next press of a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The file's window or LUT in the order in which `F2` walks; 0 is the default.
    Own(usize),
    Auto(AutoWindow),
    Preset,
    /// The reader's hand.
    Hand,
    /// Carried over from another film.
    Carried,
}

/// How the greys of a film are shown, and what that is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grey {
    pub pres: Presentation,
    pub origin: Origin,
    pub name: String,
}

/// The default first, then the file's other windows and LUTs.
fn own_windows(image: &DecodedImage) -> Vec<ChosenVoi> {
    let first = default_voi(image);
    let mut all = file_vois(image);
    all.retain(|other| other.source != first.source);
    all.insert(0, first);
    all
}

impl Grey {
    /// As the film is opened.
    pub(crate) fn opened(image: &DecodedImage) -> Self {
        let pres = Presentation::new(default_voi(image).voi);
        Self { pres, origin: Origin::Own(0), name: "Default window".to_owned() }
    }

    fn set(&mut self, voi: Voi, origin: Origin, name: impl Into<String>) {
        self.pres.voi = voi;
        self.origin = origin;
        self.name = name.into();
    }

    /// Carries out a command of the window; `None` if it is no such command.
    pub(crate) fn command(&mut self, image: &DecodedImage, command: Command) -> Option<bool> {
        use Command::*;
        let step = |step, fine| Some((step, fine));
        let stepping = match command {
            LevelUp => step(WindowStep::LevelUp, false),
            LevelDown => step(WindowStep::LevelDown, false),
            Wider => step(WindowStep::Wider, false),
            Narrower => step(WindowStep::Narrower, false),
            LevelUpFine => step(WindowStep::LevelUp, true),
            LevelDownFine => step(WindowStep::LevelDown, true),
            WiderFine => step(WindowStep::Wider, true),
            NarrowerFine => step(WindowStep::Narrower, true),
            _ => None,
        };
        if let Some((step, fine)) = stepping {
            let grey = !image.is_colour();
            if grey {
                let voi = stepped(image, &self.pres.voi, step, fine);
                self.set(voi, Origin::Hand, "Own window");
            }
            return Some(grey);
        }
        Some(match command {
            WindowDefault => self.next_own(image),
            WindowAuto => self.next_auto(image),
            WindowDense => self.preset(image, Preset::Dense, "Dense window"),
            WindowLucent => self.preset(image, Preset::Lucent, "Lucent window"),
            WindowNarrow => self.preset(image, Preset::Narrow, "Narrow window"),
            WindowRetrocardiac => self.preset(image, Preset::Retrocardiac, "Retrocardiac window"),
            Invert => {
                self.pres.invert = !self.pres.invert;
                true
            }
            FileInversion => self.ignore_inversion(image),
            _ => return None,
        })
    }

    fn next_own(&mut self, image: &DecodedImage) -> bool {
        let index = match self.origin {
            Origin::Own(at) => at + 1,
            _ => 0,
        };
        let all = own_windows(image);
        let index = index % all.len().max(1);
        let Some(chosen) = all.into_iter().nth(index) else { return false };
        let name = if index == 0 { "Default window".to_owned() } else { capital(&chosen.text) };
        self.set(chosen.voi, Origin::Own(index), name);
        true
    }

    fn next_auto(&mut self, image: &DecodedImage) -> bool {
        let auto = match self.origin {
            Origin::Auto(auto) => auto.next(),
            _ => AutoWindow::Percentile,
        };
        let chosen = auto_voi(image, auto);
        self.set(chosen.voi, Origin::Auto(auto), capital(&chosen.text));
        true
    }

    fn preset(&mut self, image: &DecodedImage, preset: Preset, name: &str) -> bool {
        if !presets(image).contains(&preset) {
            return false;
        }
        let Some(voi) = preset_voi(image, preset, &self.pres.voi) else { return false };
        self.set(voi, Origin::Preset, name);
        true
    }

    /// Real files carry a wrong Presentation LUT Shape: the reader may leave it out.
    fn ignore_inversion(&mut self, image: &DecodedImage) -> bool {
        if image.meta.presentation_inverse.is_none() {
            return false;
        }
        self.pres.ignore_shape = !self.pres.ignore_shape;
        true
    }

    /// Shows the same share of the greys as another film does.
    pub(crate) fn carry(&mut self, from: (&DecodedImage, &Self), image: &DecodedImage) -> bool {
        if from.0.is_colour() || image.is_colour() {
            return false;
        }
        let voi = percentile_mapped(from.0, &from.1.pres.voi, image);
        if let Some(voi) = voi {
            self.set(voi, Origin::Carried, "Window as in the view before");
        }
        voi.is_some()
    }

    /// Sets an edge of the window, or moves it, to a modality value.
    pub(crate) fn drag_edge(&mut self, image: &DecodedImage, part: HistogramPart, value: f64) {
        let (center, width) = self.pres.voi.center_width();
        let (low, high) = (center - width / 2.0, center + width / 2.0);
        let least = if width < 2.0 { width / 2.0 } else { 1.0 };
        let (low, high) = match part {
            HistogramPart::Low => (value.min(high - least), high),
            HistogramPart::High => (low, value.max(low + least)),
            HistogramPart::Body => (low + value, high + value),
        };
        if !image.is_colour() {
            let voi = self.pres.voi.with(f64::midpoint(low, high), high - low);
            self.set(voi, Origin::Hand, "Own window");
        }
    }

    /// A drag that begins here.
    pub(crate) fn begin_drag(&self, image: &DecodedImage, sensitivity: f64) -> Option<WindowDrag> {
        (!image.is_colour()).then(|| WindowDrag::new(image, self.pres.voi, sensitivity))
    }

    pub(crate) fn drag(&mut self, drag: &mut WindowDrag, by: (f64, f64), pace: DragPace) {
        let speed = match pace {
            DragPace::Fine => DragSpeed::Fine,
            DragPace::Normal => DragSpeed::Normal,
            DragPace::Coarse => DragSpeed::Coarse,
        };
        let voi = drag.by(by.0, by.1, speed);
        self.set(voi, Origin::Hand, "Own window");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use overread_imaging::{Pattern, VoiFunction, VoiWindow, Window, pattern};

    fn film() -> DecodedImage {
        let mut image = pattern(Pattern::Readback, 512, 256).unwrap();
        let window = |number, center, width| VoiWindow {
            number,
            window: Window { center, width, function: VoiFunction::Linear },
            explanation: None,
        };
        image.meta.source = overread_imaging::SourceKind::Dicom;
        image.meta.windows = vec![window(1, 30_000.0, 40_000.0), window(2, 20_000.0, 10_000.0)];
        image
    }

    #[test]
    fn the_key_for_the_default_walks_through_the_files_own_windows() {
        let image = film();
        let mut grey = Grey::opened(&image);
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push((grey.pres.voi.center_width().0, grey.name.clone()));
            grey.command(&image, Command::WindowDefault);
        }
        let name = |text: &str| text.to_owned();
        assert_eq!(seen[0], (30_000.0, name("Default window")));
        assert_eq!(seen[1], (20_000.0, name("Window 2")));
        assert_eq!(seen[2], seen[0], "round and round");
        grey.command(&image, Command::LevelUp);
        grey.command(&image, Command::WindowDefault);
        assert_eq!(grey.origin, Origin::Own(0), "from one's own window back to the default");
    }

    #[test]
    fn a_drag_adds_up_unrounded_and_goes_slower_with_shift_and_faster_with_ctrl() {
        let image = film();
        let travel = |pace, steps: u8| {
            let mut grey = Grey::opened(&image);
            let mut drag = grey.begin_drag(&image, 1.0).unwrap();
            for _ in 0..steps {
                grey.drag(&mut drag, (0.25, 0.0), pace);
            }
            grey.pres.voi.center_width().1 - 40_000.0
        };
        let normal = travel(DragPace::Normal, 40);
        assert!((normal - 1000.0).abs() < 1e-6, "10 pixels of a 400th of the width: {normal}");
        assert!((travel(DragPace::Fine, 40) - normal * 0.2).abs() < 1e-6);
        assert!((travel(DragPace::Coarse, 40) - normal * 4.0).abs() < 1e-6);
        assert!((travel(DragPace::Normal, 1) - normal / 40.0).abs() < 1e-6, "parts count");
    }

    #[test]
    fn an_edge_never_passes_the_other() {
        let image = film();
        let mut grey = Grey::opened(&image);
        grey.drag_edge(&image, HistogramPart::Low, 1e9);
        assert!((grey.pres.voi.center_width().1 - 1.0).abs() < 1e-9);
        grey.drag_edge(&image, HistogramPart::High, 60_000.0);
        grey.drag_edge(&image, HistogramPart::Low, 10_000.0);
        assert_eq!(grey.pres.voi.center_width(), (35_000.0, 50_000.0));
        grey.drag_edge(&image, HistogramPart::Body, -500.0);
        assert_eq!(grey.pres.voi.center_width(), (34_500.0, 50_000.0));
    }
}
