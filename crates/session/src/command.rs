//! Everything a person can make the program do, in one table.

use std::collections::{BTreeMap, BTreeSet};

use overread_core::{Level, NoAnswer, Protocol};

use Command::*;
use Group::*;

/// One thing a person can ask for, by key, click, palette or script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Answer with a level.
    Answer(Level),
    /// Give no answer, and say why.
    NoAnswer(NoAnswer),
    /// Every finding is absent.
    Normal,
    /// Lock the item and go on.
    Lock,
    /// Pass over an item whose film cannot be shown.
    Skip,
    /// Go back one item and open it again.
    Back,
    /// Take back the last change.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Set or take away the tag with that index in the item's own list.
    Tag(u8),
    /// Focus the finding with that index, or step its level when it has the focus.
    Finding(u8),
    /// Write a comment.
    Comment,
    /// The list of findings that can be marked as also present.
    Beside,
    /// Mark the finding with that index in the item's own list as also present, or no longer.
    AlsoPresent(u8),
    /// Flag for discussion.
    Flag,
    /// The file's own window; again: its next one.
    WindowDefault,
    /// A window from the film's own grey levels.
    WindowAuto,
    /// A window for bone and mediastinum.
    WindowDense,
    /// A window for lung.
    WindowLucent,
    /// Half the present width.
    WindowNarrow,
    /// A window for what lies behind the heart.
    WindowRetrocardiac,
    /// Raise the level.
    LevelUp,
    /// Lower the level.
    LevelDown,
    /// Widen the window.
    Wider,
    /// Narrow the window.
    Narrower,
    /// Raise the level a little.
    LevelUpFine,
    /// Lower the level a little.
    LevelDownFine,
    /// Widen the window a little.
    WiderFine,
    /// Narrow the window a little.
    NarrowerFine,
    /// Swap black and white.
    Invert,
    /// Leave out the inversion that the file asks for, or follow it.
    FileInversion,
    /// Every view shows the share of the greys that this one shows.
    SameWindow,
    /// The whole film in the viewport.
    Fit,
    /// The whole width of the film in the viewport.
    FitWidth,
    /// One image pixel on one screen pixel.
    OneToOne,
    /// Larger.
    ZoomIn,
    /// Smaller.
    ZoomOut,
    /// A quarter turn clockwise.
    RotateRight,
    /// A quarter turn anticlockwise.
    RotateLeft,
    /// Mirror left and right.
    FlipHorizontal,
    /// Mirror top and bottom.
    FlipVertical,
    /// Zoom, pan, rotation and flip as opened.
    ResetView,
    /// Everything as opened.
    ResetAll,
    /// The next view of the study.
    NextView,
    /// The previous view of the study.
    PreviousView,
    /// The next page of views.
    NextPage,
    /// The previous page of views.
    PreviousPage,
    /// One view alone, or all again.
    OneView,
    /// Three views of one size, or one large.
    EqualViews,
    /// Zoom and pan of all views together, or each by itself.
    LinkViews,
    /// Windows of all views together, or each by itself.
    LinkWindows,
    /// Take back the last change of how films look.
    UndoView,
    /// Do again what was taken back of how films look.
    RedoView,
    /// Show or hide texts over the film.
    Overlays,
    /// Show or hide what the file's shutter covers.
    Shutter,
    /// Show or hide clipped pixels.
    Clipped,
    /// The magnifier at the cursor.
    Magnifier,
    /// How much the magnifier enlarges.
    MagnifierPower,
    /// Measure a length.
    Length,
    /// Measure an angle.
    Angle,
    /// Measure Cobb's angle.
    Cobb,
    /// Figures of an ellipse.
    Ellipse,
    /// Histogram with the window on it.
    Histogram,
    /// Take the selected measurement away.
    DeleteMark,
    /// Take every measurement on this film away.
    DeleteMarks,
    /// Put the tool down.
    PutDown,
    /// Open or close the live panel.
    Panel,
    /// Fill the monitor, or no longer.
    FullScreen,
    /// All keys on one sheet.
    Keys,
    /// Every action by name.
    Palette,
    /// Calibration, test patterns and settings of the films.
    Display,
    /// Measure the luminances of 18 levels.
    MeasureDisplay,
    /// Measure 18 levels through the calibration.
    VerifyDisplay,
    /// The test pattern of 18 squares.
    PatternSquares,
    /// The ramp that shows the bit depth.
    PatternDepth,
    /// The ramp of 256 steps.
    PatternRamp,
    /// Leave the reading room.
    Home,
    /// Start the built-in demo study.
    OpenDemo,
    /// Open a project file.
    OpenProject,
    /// Make a project from a label table and a folder of images.
    NewProject,
    /// Close the program.
    Quit,
}

/// Which part of key sheet and palette lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Gives or changes an answer.
    Answers,
    /// Takes back.
    TakeBack,
    /// Marks of the reader's own.
    Notes,
    /// Window and level.
    Window,
    /// Zoom, pan, turn.
    View,
    /// Measure, look closer.
    Measure,
    /// The program.
    Program,
}

impl Group {
    /// Every list, in the order of the key sheet.
    pub const ALL: [Self; 7] = [Answers, TakeBack, Notes, Window, View, Measure, Program];

    /// Its title on the key sheet.
    pub fn title(self) -> &'static str {
        match self {
            Answers => "Answer",
            TakeBack => "Take back",
            Notes => "Notes",
            Window => "Window",
            View => "View",
            Measure => "Measure",
            Program => "Program",
        }
    }
}

/// One row of the command table.
#[derive(Clone, Copy, Debug)]
pub struct CommandSpec {
    /// What it does.
    pub command: Command,
    /// Stable name for scripts, logs and keymap files.
    pub id: &'static str,
    /// Sentence case, no period.
    pub title: &'static str,
    /// Lower-case words behind a key cap.
    pub hint: &'static str,
    /// The list it stands in.
    pub group: Group,
    /// Default keys, primary first.
    pub keys: &'static [&'static str],
}

const fn row(
    command: Command,
    id: &'static str,
    title: &'static str,
    hint: &'static str,
    group: Group,
    keys: &'static [&'static str],
) -> CommandSpec {
    CommandSpec { command, id, title, hint, group, keys }
}

/// The one list behind keys, palette, key sheet and manual. Answers and tags are added per protocol.
#[rustfmt::skip]
pub const COMMANDS: &[CommandSpec] = &[
    row(NoAnswer(NoAnswer::Unsure), "answer.unsure", "No answer: unsure", "unsure", Answers, &["U"]),
    row(NoAnswer(NoAnswer::Inadequate), "answer.inadequate", "No answer: inadequate pixels", "inadequate", Answers, &["X"]),
    row(Normal, "answer.normal", "Normal: every finding absent", "normal", Answers, &["N"]),
    row(Lock, "answer.lock", "Lock this item and go on", "lock", Answers, &["Space", "Enter"]),
    row(Skip, "answer.skip", "Skip for now", "skip", Answers, &[]),
    row(Back, "edit.back", "Back one item", "back one", TakeBack, &["Backspace"]),
    row(Undo, "edit.undo", "Undo the last change", "undo", TakeBack, &["Ctrl+Z"]),
    row(Redo, "edit.redo", "Redo", "redo", TakeBack, &["Ctrl+Shift+Z", "Ctrl+Y"]),
    row(Beside, "note.also", "Also present: mark a further finding…", "also present", Notes, &["0"]),
    row(Comment, "note.comment", "Write a comment", "comment", Notes, &["/"]),
    row(Flag, "note.flag", "Flag to discuss", "flag", Notes, &["G"]),
    row(WindowDefault, "window.default", "Window: default", "default", Window, &["F2"]),
    row(WindowAuto, "window.auto", "Window: auto", "auto", Window, &["F3"]),
    row(WindowDense, "window.dense", "Window: dense", "dense", Window, &["F4"]),
    row(WindowLucent, "window.lucent", "Window: lucent", "lucent", Window, &["F5"]),
    row(WindowNarrow, "window.narrow", "Window: narrow", "narrow", Window, &["F6"]),
    row(WindowRetrocardiac, "window.retrocardiac", "Window: retrocardiac", "retrocardiac", Window, &["F7"]),
    row(LevelUp, "window.level-up", "Window level up", "level up", Window, &["Alt+ArrowUp"]),
    row(LevelDown, "window.level-down", "Window level down", "level down", Window, &["Alt+ArrowDown"]),
    row(Narrower, "window.narrower", "Window narrower", "narrower", Window, &["Alt+ArrowLeft"]),
    row(Wider, "window.wider", "Window wider", "wider", Window, &["Alt+ArrowRight"]),
    row(LevelUpFine, "window.level-up-fine", "Window level up, fine", "level up, fine", Window, &["Alt+Shift+ArrowUp"]),
    row(LevelDownFine, "window.level-down-fine", "Window level down, fine", "level down, fine", Window, &["Alt+Shift+ArrowDown"]),
    row(NarrowerFine, "window.narrower-fine", "Window narrower, fine", "narrower, fine", Window, &["Alt+Shift+ArrowLeft"]),
    row(WiderFine, "window.wider-fine", "Window wider, fine", "wider, fine", Window, &["Alt+Shift+ArrowRight"]),
    row(Invert, "window.invert", "Invert black and white", "invert", Window, &["I"]),
    row(SameWindow, "window.same", "Same window on every view", "on every view", Window, &["Shift+S"]),
    row(LinkWindows, "window.link", "Link the windows of all views", "link windows", Window, &["Ctrl+Shift+L"]),
    row(FileInversion, "window.file-inversion", "Leave out the file's inversion", "file's inversion", Window, &["Shift+I"]),
    row(Clipped, "window.clipped", "Show clipped pixels", "clipped pixels", Measure, &["K"]),
    row(Magnifier, "measure.magnifier", "Magnifier", "magnifier", Measure, &["M"]),
    row(MagnifierPower, "measure.magnifier-power", "Magnifier: 2, 3 or 4 times", "2, 3, 4 times", Measure, &["Shift+M"]),
    row(Length, "measure.length", "Measure a length", "length", Measure, &["L"]),
    row(Angle, "measure.angle", "Measure an angle", "angle", Measure, &["Shift+A"]),
    row(Cobb, "measure.cobb", "Measure a Cobb angle", "Cobb angle", Measure, &["Shift+C"]),
    row(Ellipse, "measure.ellipse", "Grey values in an ellipse", "ellipse", Measure, &["Shift+E"]),
    row(Histogram, "measure.histogram", "Histogram", "histogram", Measure, &["Shift+T"]),
    row(DeleteMark, "measure.delete", "Delete the selected measurement", "delete", Measure, &["Delete"]),
    row(DeleteMarks, "measure.delete-all", "Delete every measurement on this film", "delete all", Measure, &["Shift+Delete"]),
    row(PutDown, "measure.put-down", "Put the tool down", "put down", Measure, &["Escape"]),
    row(Fit, "view.fit", "Fit the film to the viewport", "fit", View, &["="]),
    row(FitWidth, "view.fit-width", "Fit the width of the film", "fit width", View, &["Shift+W"]),
    row(OneToOne, "view.one-to-one", "One image pixel on one screen pixel", "1 to 1", View, &["Z"]),
    row(ZoomIn, "view.zoom-in", "Zoom in", "zoom in", View, &["+"]),
    row(ZoomOut, "view.zoom-out", "Zoom out", "zoom out", View, &["-"]),
    row(RotateRight, "view.rotate-right", "Rotate right", "rotate right", View, &["Shift+R"]),
    row(RotateLeft, "view.rotate-left", "Rotate left", "rotate left", View, &["Shift+L"]),
    row(FlipHorizontal, "view.flip-horizontal", "Flip left and right", "flip sides", View, &["Shift+H"]),
    row(FlipVertical, "view.flip-vertical", "Flip top and bottom", "flip top", View, &["Shift+V"]),
    row(NextView, "view.next", "Next view of the study", "next view", View, &["Tab", "ArrowRight", "ArrowDown"]),
    row(PreviousView, "view.previous", "Previous view of the study", "previous view", View, &["Shift+Tab", "ArrowLeft", "ArrowUp"]),
    row(NextPage, "view.next-page", "Next page of views", "next page", View, &["PageDown"]),
    row(PreviousPage, "view.previous-page", "Previous page of views", "page before", View, &["PageUp"]),
    row(OneView, "view.alone", "One view alone, or all", "one view", View, &["Shift+F"]),
    row(EqualViews, "view.equal", "Three views of one size, or one large", "equal views", View, &["Shift+G"]),
    row(LinkViews, "view.link", "Link zoom and pan of all views", "link zoom", View, &["Ctrl+L"]),
    row(UndoView, "view.undo", "Undo a change of view", "undo view", View, &["Shift+Z"]),
    row(RedoView, "view.redo", "Redo a change of view", "redo view", View, &["Shift+Y"]),
    row(ResetView, "view.reset", "Reset the view", "reset view", View, &["Home"]),
    row(ResetAll, "view.reset-all", "Reset everything to as opened", "reset all", View, &["Shift+Home"]),
    row(Overlays, "view.overlays", "Show or hide texts over the film", "overlays", View, &["O"]),
    row(Shutter, "view.shutter", "Show or hide what the shutter covers", "shutter", View, &["Shift+O"]),
    row(Panel, "program.panel", "Live panel", "live panel", Program, &["F8"]),
    row(FullScreen, "program.full-screen", "Full screen", "full screen", Program, &["F11"]),
    row(Keys, "program.keys", "All keys", "all keys", Program, &["?"]),
    row(Palette, "program.palette", "Commands", "commands", Program, &["Ctrl+K"]),
    row(Display, "program.display", "Display and films: calibration, patterns, settings", "display", Program, &["F9"]),
    row(MeasureDisplay, "program.measure-display", "Calibrate: measure 18 levels", "calibrate", Program, &[]),
    row(VerifyDisplay, "program.verify-display", "Verify the calibration with 18 levels", "verify display", Program, &[]),
    row(PatternSquares, "program.pattern-squares", "Test pattern: TG270-sQC, 18 squares", "18 squares", Program, &[]),
    row(PatternDepth, "program.pattern-depth", "Test pattern: bit-depth ramp", "bit depth", Program, &[]),
    row(PatternRamp, "program.pattern-ramp", "Test pattern: 256 steps as they are", "256 steps", Program, &[]),
    row(Home, "program.home", "Home", "home", Program, &["Ctrl+H"]),
    row(OpenDemo, "project.demo", "Read the demo", "demo", Program, &[]),
    row(OpenProject, "project.open", "Open a project…", "open", Program, &["Ctrl+O"]),
    row(NewProject, "project.new", "New project…", "new project", Program, &["Ctrl+N"]),
    row(Quit, "program.quit", "Quit", "quit", Program, &["Ctrl+Q"]),
];

impl Command {
    /// Whether it gives, changes or takes back something that is stored.
    pub fn changes_reads(self) -> bool {
        matches!(
            self,
            Answer(_)
                | NoAnswer(_)
                | Normal
                | Lock
                | Skip
                | Back
                | Undo
                | Redo
                | Tag(_)
                | Finding(_)
                | AlsoPresent(_)
                | Flag
        )
    }

    /// Its row in the table; answers and tags have none.
    pub fn spec(self) -> Option<&'static CommandSpec> {
        COMMANDS.iter().find(|spec| spec.command == self)
    }
}

/// Chords to commands for one item: the table's keys, the scale's digits and letters, the tags'.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    by_chord: BTreeMap<String, Command>,
}

impl Keymap {
    /// Keys for an item whose tags (and, where several findings are asked, findings) have these letters.
    pub fn for_item(protocol: &Protocol, tags: &[char], findings: &[Option<char>]) -> Self {
        let mut map = Self::without_item();
        let top = protocol.top_level();
        for level in 0..=top.0 {
            let answer = Answer(Level(level));
            map.by_chord.insert((level + 1).to_string(), answer);
            let letter = match level {
                0 => Some("A"),
                level if level == top.0 => Some("C"),
                1 => Some("P"),
                _ => None,
            };
            if let Some(letter) = letter {
                map.by_chord.insert(letter.to_owned(), answer);
            }
        }
        for (letter, index) in tags.iter().zip(0_u8..) {
            map.by_chord.insert(letter.to_string(), Tag(index));
        }
        for (letter, index) in findings.iter().zip(0_u8..) {
            if let Some(letter) = letter {
                map.by_chord.insert(letter.to_string(), Finding(index));
            }
        }
        if findings.len() < 2 {
            map.by_chord.remove("N");
        }
        map
    }

    /// Keys for a second look: digits choose among so many outcomes, however many levels the protocol has.
    pub fn for_outcomes(outcomes: u8) -> Self {
        let mut map = Self::without_item();
        for outcome in 0..outcomes {
            map.by_chord.insert((outcome + 1).to_string(), Answer(Level(outcome)));
        }
        map.by_chord.remove("N");
        map
    }

    /// Keys that need no item.
    pub fn without_item() -> Self {
        let rows = COMMANDS.iter().flat_map(|spec| spec.keys.iter().map(move |key| (spec, *key)));
        Self { by_chord: rows.map(|(spec, key)| (key.to_owned(), spec.command)).collect() }
    }

    /// The command of a chord.
    pub fn get(&self, chord: &str) -> Option<Command> {
        self.by_chord.get(chord).copied()
    }

    /// Every chord.
    pub fn chords(&self) -> BTreeSet<String> {
        self.by_chord.keys().cloned().collect()
    }

    /// Chords of a command, primary first.
    pub fn keys_of(&self, command: Command) -> Vec<&str> {
        if let Some(spec) = command.spec() {
            let live = |key: &&&str| self.get(key) == Some(command);
            return spec.keys.iter().filter(live).copied().collect();
        }
        // Digits sort before letters, so the digit leads.
        self.by_chord.iter().filter(|(_, c)| **c == command).map(|(k, _)| k.as_str()).collect()
    }
}

/// The canonical spelling of a key name in a script: `ctrl+z` is `Ctrl+Z`, `BACKSPACE` is `Backspace`.
pub fn canonical_chord(name: &str) -> String {
    if name.len() == 1 {
        return name.to_uppercase();
    }
    let mut parts: Vec<&str> = name.split('+').collect();
    if name.ends_with("++") || name == "+" {
        parts.truncate(parts.len().saturating_sub(2));
        parts.push("+");
    }
    let spelled = parts.iter().map(|part| {
        let upper = part.trim().to_uppercase();
        match upper.as_str() {
            "CTRL" | "CONTROL" | "CMD" => "Ctrl".to_owned(),
            "ALT" => "Alt".to_owned(),
            "SHIFT" => "Shift".to_owned(),
            "SPACE" => "Space".to_owned(),
            "ENTER" | "RETURN" => "Enter".to_owned(),
            "BACKSPACE" => "Backspace".to_owned(),
            "ESC" | "ESCAPE" => "Escape".to_owned(),
            "TAB" => "Tab".to_owned(),
            "HOME" => "Home".to_owned(),
            "END" => "End".to_owned(),
            "DEL" | "DELETE" => "Delete".to_owned(),
            "PAGEUP" => "PageUp".to_owned(),
            "PAGEDOWN" => "PageDown".to_owned(),
            "UP" | "ARROWUP" => "ArrowUp".to_owned(),
            "DOWN" | "ARROWDOWN" => "ArrowDown".to_owned(),
            "LEFT" | "ARROWLEFT" => "ArrowLeft".to_owned(),
            "RIGHT" | "ARROWRIGHT" => "ArrowRight".to_owned(),
            other => other.to_owned(),
        }
    });
    spelled.collect::<Vec<_>>().join("+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use overread_core::protocol::{builtin, builtin_names};

    #[test]
    fn ids_are_unique_and_no_key_is_bound_twice() {
        let mut ids = BTreeSet::new();
        let mut keys = BTreeMap::new();
        for spec in COMMANDS {
            assert!(ids.insert(spec.id), "two commands are called {}", spec.id);
            assert!(!spec.title.ends_with('.'), "{}", spec.title);
            for key in spec.keys {
                assert_eq!(keys.insert(*key, spec.id), None, "{key} is bound twice");
                assert_eq!(canonical_chord(key), *key, "keys are spelled canonically");
            }
        }
    }

    #[test]
    fn no_built_in_protocol_takes_a_key_of_the_reading_room() {
        for name in builtin_names() {
            let protocol = Protocol::from_toml(builtin(name).unwrap()).unwrap();
            let letters: Vec<char> = protocol.tags.iter().map(|tag| tag.key).collect();
            let plain = Keymap::without_item();
            for letter in letters {
                assert_eq!(plain.get(&letter.to_string()), None, "{name}: {letter}");
            }
        }
    }

    #[test]
    fn digits_and_letters_follow_the_number_of_rules() {
        let two = Protocol::from_toml(builtin("cxr14-verify").unwrap()).unwrap();
        let keys = Keymap::for_item(&two, &['Q'], &[None]);
        assert_eq!(keys.get("3"), Some(Answer(Level(2))));
        assert_eq!(keys.get("C"), keys.get("3"));
        assert_eq!(keys.get("P"), keys.get("2"));
        assert_eq!(keys.get("Q"), Some(Tag(0)));
        assert_eq!(keys.get("N"), None, "normal belongs to relabelling");
        let one = Protocol::from_toml(builtin("panel").unwrap()).unwrap();
        let keys = Keymap::for_item(&one, &[], &[None]);
        assert_eq!(keys.get("C"), Some(Answer(Level(1))));
        assert_eq!((keys.get("3"), keys.get("P")), (None, None));
        assert_eq!(keys.keys_of(Answer(Level(1))), ["2", "C"]);
    }

    #[test]
    fn a_second_look_has_its_own_number_of_answers() {
        let keys = Keymap::for_outcomes(3);
        assert_eq!(keys.get("3"), Some(Answer(Level(2))));
        assert_eq!((keys.get("4"), keys.get("C")), (None, None));
    }

    #[test]
    fn script_spellings_of_keys_are_understood() {
        let spellings = ["ctrl+z", "BACKSPACE", "Shift+Home", "q", "ctrl+shift+z", "f8", "+"];
        let chords = spellings.map(canonical_chord);
        assert_eq!(chords, ["Ctrl+Z", "Backspace", "Shift+Home", "Q", "Ctrl+Shift+Z", "F8", "+"]);
    }
}
