//! The reading room as plain data for the window, built from the blinded item and nothing else.

use std::time::{Duration, Instant};

use overread_core::{Answer, BlindedItem, ItemState, Level, NoAnswer, Protocol, Stage};

use crate::command::{Command, Keymap};
use crate::later_view;
use crate::room::{ECHO, Echo, FilmStatus, Refusal, Room};
use crate::view::{
    ActionRow, AnswerView, BannerView, ButtonKind, ButtonView, CommentView, EchoView, FilmView,
    FindingView, FindingsView, KeyHint, Mark, MouseMap, NoAnswerView, PanelView, ProgressView,
    ReadView, RowState, StateKind, StateView, TagView, ThresholdView,
};

/// A key that was not counted is shown for this long.
pub(crate) const NOTICE: Duration = Duration::from_millis(2500);

/// A key that was pressed and not counted.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// Why.
    pub refusal: Refusal,
    /// Cap of the key.
    pub key: String,
    /// What it would have done.
    pub command: Command,
    /// When.
    pub at: Instant,
}

/// What the view needs beside the room.
pub(crate) struct Scene<'a> {
    pub keymap: &'a Keymap,
    pub now: Instant,
    pub film: FilmStatus,
    pub notice: Option<&'a Notice>,
    /// The comment as typed so far, while the box is open.
    pub typing: Option<&'a str>,
    /// Why nothing can be answered (read-only project).
    pub closed: Option<&'a str>,
    /// A list lies over the room and takes the keys.
    pub covered: bool,
}

/// The shape of a level on a scale with that top.
pub(crate) fn level_mark(level: Level, top: Level) -> Mark {
    if level == Level::ABSENT {
        Mark::Absent
    } else if level == top {
        Mark::Reportable
    } else {
        Mark::Plausible
    }
}

pub(crate) fn no_answer_mark(reason: NoAnswer) -> Mark {
    match reason {
        NoAnswer::Unsure => Mark::Unsure,
        NoAnswer::Inadequate => Mark::Inadequate,
    }
}

pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Shape and word of an answer.
pub(crate) fn answer_words(protocol: &Protocol, answer: Answer) -> (Mark, String) {
    match answer {
        Answer::Level(level) => {
            (level_mark(level, protocol.top_level()), capital(&protocol.level_name(level)))
        }
        Answer::NoAnswer(reason) => (no_answer_mark(reason), capital(reason.word())),
    }
}

/// The whole screen; `None` when the deck is done.
pub(crate) fn read_view(
    room: &Room,
    scene: &Scene<'_>,
    films: Vec<FilmView>,
    focused_film: usize,
    banner: Option<BannerView>,
    panel: Option<PanelView>,
) -> Option<ReadView> {
    let item = room.blinded()?;
    let position = room.position()?;
    let total = room.count();
    let state = room.state();
    let several = 1 < item.asked.len();
    let flagged: Vec<usize> = room.flagged().collect();
    let rows = Rows { room, scene, item: &item, state };
    Some(ReadView {
        films,
        focused_film,
        mouse: MouseMap::default(),
        item: (position + 1).to_string(),
        item_of: format!("of {total}"),
        flagged: (!flagged.is_empty()).then(|| format!("{} flagged", flagged.len())),
        progress: ProgressView { total, done: room.locked(), current: position, flagged },
        echo: room.echo().map(|echo| rows.echo(echo)),
        question: match item.asked.as_slice() {
            [one] => one.question.clone(),
            _ => "Which findings?".to_owned(),
        },
        state: rows.state_line(),
        second_look: room.stage() != Stage::Reading,
        answers: match room.stage() {
            Stage::Reviewing => {
                let waits = scene.closed.is_some() || scene.film == FilmStatus::Waiting;
                later_view::outcomes(room, scene.keymap, waits)
            }
            _ if several => Vec::new(),
            _ => rows.answers(),
        },
        thresholds: item
            .rules
            .iter()
            .filter(|_| room.stage() != Stage::Reviewing)
            .map(|rule| ThresholdView {
                name: rule.name.clone(),
                wording: format!("“{}”", rule.short),
            })
            .collect(),
        findings: several.then(|| rows.findings()),
        no_answers: rows.no_answers(),
        tags: rows.tags(),
        beside: rows.beside(),
        comment: rows.comment(),
        flag: TagView {
            key: cap(scene.keymap, Command::Flag),
            spoken: "",
            name: "Flag to discuss".to_owned(),
            short: "Flag".to_owned(),
            on: state.is_some_and(|s| s.flagged),
            refused: None,
        },
        skip: matches!(scene.film, FilmStatus::Failed | FilmStatus::Missing).then(|| ButtonView {
            id: "answer.skip".to_owned(),
            text: "Skip for now".to_owned(),
            key: Some("Space".to_owned()),
            kind: ButtonKind::Secondary,
            refused: None,
        }),
        hints: hints(),
        hints_short: vec![
            KeyHint::new(
                &["/"],
                if state.is_some_and(|s| !s.comment.is_empty()) { "commented" } else { "comment" },
            ),
            KeyHint::new(&["G"], if state.is_some_and(|s| s.flagged) { "flagged" } else { "flag" }),
            KeyHint::new(&["?"], "keys"),
            KeyHint::new(&["F8"], "panel"),
        ],
        banner,
        panel,
    })
}

fn hints() -> Vec<KeyHint> {
    vec![
        KeyHint::new(&["Backspace"], "back one"),
        KeyHint::new(&["Ctrl", "Z"], "undo"),
        KeyHint::new(&["?"], "all keys"),
        KeyHint::new(&["Ctrl", "K"], "commands"),
        KeyHint::new(&["F2–F7"], "window"),
        KeyHint::new(&["F8"], "live panel"),
    ]
}

pub(crate) fn cap(keymap: &Keymap, command: Command) -> String {
    keymap.keys_of(command).first().copied().unwrap_or_default().to_owned()
}

struct Rows<'a> {
    room: &'a Room,
    scene: &'a Scene<'a>,
    item: &'a BlindedItem,
    state: Option<&'a ItemState>,
}

impl Rows<'_> {
    fn protocol(&self) -> &Protocol {
        &self.room.material().protocol
    }

    fn notice(&self) -> Option<&Notice> {
        self.scene.notice.filter(|n| self.scene.now.saturating_duration_since(n.at) < NOTICE)
    }

    /// The answer that is chosen on screen, and whether it is on disk.
    fn chosen(&self) -> Option<(Answer, bool)> {
        if let Some(pending) = self.room.pending() {
            let answer = pending.events.iter().find_map(|event| match event {
                overread_core::EventBody::ReadLocked { answers, .. } => {
                    answers.first().map(|a| a.answer)
                }
                _ => None,
            });
            if let Some(answer) = answer {
                return Some((answer, false));
            }
        }
        if let Some(answer) = self.room.draft().get(&0) {
            return Some((*answer, true));
        }
        let lock = self.state.and_then(ItemState::current)?;
        lock.answers.first().map(|a| (a.answer, true))
    }

    fn row_state(&self, answer: Answer, command: Command) -> RowState {
        if self.notice().is_some_and(|n| n.command == command) {
            return RowState::TooEarly;
        }
        match self.chosen() {
            Some((chosen, saved)) if chosen == answer && self.item.asked.len() < 2 => {
                return if saved { RowState::Chosen } else { RowState::Unsaved };
            }
            _ => {}
        }
        let inadequate = answer == Answer::NoAnswer(NoAnswer::Inadequate);
        match self.scene.film {
            _ if self.scene.closed.is_some() => RowState::Waiting,
            // A second look ends in one of three outcomes, and nothing else is offered.
            _ if self.room.stage() == Stage::Reviewing => RowState::Waiting,
            FilmStatus::Waiting => RowState::Waiting,
            FilmStatus::Failed | FilmStatus::Missing if !inadequate => RowState::Waiting,
            _ => RowState::Ready,
        }
    }

    fn echo(&self, echo: &Echo) -> EchoView {
        let (mark, answer) = match echo.answers.as_slice() {
            [] => later_view::outcome_words(self.room, echo.number)
                .unwrap_or((Mark::Unsure, String::new())),
            [one] => answer_words(self.protocol(), one.answer),
            many => several_words(self.protocol(), many),
        };
        let fresh = self.scene.now.saturating_duration_since(echo.at) < ECHO;
        let key = echo.answers.first().map_or_else(String::new, |a| match a.answer {
            Answer::Level(level) => cap(self.scene.keymap, Command::Answer(level)),
            Answer::NoAnswer(reason) => cap(self.scene.keymap, Command::NoAnswer(reason)),
        });
        EchoView {
            text: format!("Last: item {}", echo.number),
            short: format!("item {}", echo.number),
            number: echo.number.to_string(),
            mark,
            answer,
            saved: "saved".to_owned(),
            fresh,
            key,
        }
    }

    fn state_line(&self) -> StateView {
        let line = |kind, text: &str, detail: Option<String>| StateView {
            kind,
            text: text.to_owned(),
            detail,
        };
        if self.scene.closed.is_some() {
            return line(StateKind::Closed, "Read-only. Keys look, none answers.", None);
        }
        if self.room.pending().is_some_and(|p| p.failure.is_some()) {
            return line(StateKind::Unsaved, "Answered, not saved yet.", None);
        }
        if let Some(notice) = self.notice() {
            let (title, detail) = notice.refusal.words(&notice.key);
            return StateView { kind: StateKind::TooEarly, text: title, detail: Some(detail) };
        }
        if self.scene.covered {
            return line(StateKind::Waiting, "Esc closes the list.", None);
        }
        if self.scene.typing.is_some() {
            return line(StateKind::Waiting, "Typing. Enter keeps it.", None);
        }
        match self.scene.film {
            FilmStatus::Failed if self.room.stage() == Stage::Reviewing => {
                line(StateKind::Undecodable, "Skip it for now.", None)
            }
            FilmStatus::Failed => line(StateKind::Undecodable, "Answer X, or skip.", None),
            FilmStatus::Missing => line(
                StateKind::Undecodable,
                "Skip it, or stop.",
                Some("X is for a film that is gone for good.".to_owned()),
            ),
            FilmStatus::Waiting => line(StateKind::Waiting, "Keys wait for the film.", None),
            FilmStatus::Painted(_) => self.ready_line(),
        }
    }

    fn ready_line(&self) -> StateView {
        let was = self.state.filter(|s| s.reopened).and_then(ItemState::current);
        let Some(lock) = was else {
            let detail = self.room.item().and_then(|item| match self.room.stage() {
                Stage::Reading => None,
                Stage::Adjudicating => later_view::tally_words(self.room, item),
                Stage::Reviewing => later_view::review_words(self.room, item),
            });
            let text = match self.room.stage() {
                Stage::Reading => "Not answered. Keys are ready.",
                Stage::Adjudicating | Stage::Reviewing => "Not decided. Keys are ready.",
            };
            return StateView { kind: StateKind::Ready, text: text.to_owned(), detail };
        };
        let word = match lock.answers.as_slice() {
            [one] => answer_words(self.protocol(), one.answer).1,
            many => several_words(self.protocol(), many).1,
        };
        let settled = self.state.is_some_and(|s| s.settled.is_some());
        let detail = if settled {
            "A change is a revision: kept, not counted."
        } else {
            "Both answers are kept."
        };
        StateView {
            kind: StateKind::Reopened,
            text: format!("Reopened. Was {}.", word.to_lowercase()),
            detail: Some(detail.to_owned()),
        }
    }

    fn answers(&self) -> Vec<AnswerView> {
        let top = self.protocol().top_level();
        (0..=top.0)
            .map(Level)
            .map(|level| {
                let met: Vec<bool> =
                    self.item.rules.iter().map(|rule| level.meets(rule.threshold)).collect();
                let rules = self.item.rules.iter().zip(&met);
                AnswerView {
                    key: cap(self.scene.keymap, Command::Answer(level)),
                    mark: level_mark(level, top),
                    name: capital(&self.protocol().level_name(level)),
                    rules: rules
                        .clone()
                        .map(|(rule, met)| {
                            let initial = rule.name.chars().next().unwrap_or('?');
                            let sign = if *met { '+' } else { '−' };
                            format!("{}{sign}", initial.to_uppercase())
                        })
                        .collect::<Vec<_>>()
                        .join(" "),
                    spoken: rules
                        .map(|(rule, met)| {
                            format!("{} {}", rule.name, if *met { "yes" } else { "no" })
                        })
                        .collect::<Vec<_>>()
                        .join(", "),
                    meets: match self.item.rules.get(usize::from(level.0).wrapping_sub(1)) {
                        Some(rule) => format!("meets {}", rule.name),
                        None if self.item.rules.len() == 1 => "rule not met".to_owned(),
                        None if self.item.rules.len() == 2 => "neither rule met".to_owned(),
                        None => "no rule met".to_owned(),
                    },
                    state: self.row_state(Answer::Level(level), Command::Answer(level)),
                }
            })
            .collect()
    }

    fn no_answers(&self) -> Vec<NoAnswerView> {
        [(NoAnswer::Unsure, "Unsure"), (NoAnswer::Inadequate, "Inadequate pixels")]
            .into_iter()
            .map(|(reason, name)| NoAnswerView {
                key: cap(self.scene.keymap, Command::NoAnswer(reason)),
                mark: no_answer_mark(reason),
                name: name.to_owned(),
                short: capital(reason.word()),
                state: self.row_state(Answer::NoAnswer(reason), Command::NoAnswer(reason)),
            })
            .collect()
    }

    fn tags(&self) -> Vec<TagView> {
        let on = |id: &str| self.state.is_some_and(|state| state.tags.contains(id));
        let row = |tag: &overread_core::blinded::OfferedTag| TagView {
            key: tag.key.to_string(),
            spoken: "tag ",
            name: tag.name.clone(),
            short: shorten(&tag.name),
            on: on(&tag.id),
            refused: None,
        };
        self.item.tags.iter().map(row).collect()
    }

    /// The row behind the tags: what else the reader has marked, and the key to mark more.
    fn beside(&self) -> Option<TagView> {
        if self.room.stage() != Stage::Reading || self.item.beside.is_empty() {
            return None;
        }
        let marked: Vec<&str> = self
            .item
            .beside
            .iter()
            .filter(|finding| self.state.is_some_and(|state| state.also.contains(&finding.id)))
            .map(|finding| finding.name.as_str())
            .collect();
        let (name, short) = match marked.as_slice() {
            [] => ("Also present…".to_owned(), "Also present…".to_owned()),
            [one] => (format!("Also: {one}"), format!("Also: {}", shorten(one))),
            many => {
                (format!("Also: {}", many.join(", ")), format!("Also: {} findings", many.len()))
            }
        };
        let key = cap(self.scene.keymap, Command::Beside);
        Some(TagView { key, spoken: "", name, short, on: !marked.is_empty(), refused: None })
    }

    fn comment(&self) -> CommentView {
        let stored = self.state.map_or("", |state| state.comment.as_str());
        CommentView {
            key: cap(self.scene.keymap, Command::Comment),
            text: self.scene.typing.unwrap_or(stored).to_owned(),
            editing: self.scene.typing.is_some(),
            matches: Vec::new(),
        }
    }

    fn findings(&self) -> FindingsView {
        let top = self.protocol().top_level();
        let draft = self.room.draft();
        let unset = self.item.asked.len() - draft.len().min(self.item.asked.len());
        let positive = draft.values().any(|a| a.level().is_some_and(|l| Level::ABSENT < l));
        let normal_refused = self.room.availability(Command::Normal).is_err();
        FindingsView {
            caption: "Letter steps the level".to_owned(),
            levels: (0..=top.0).map(|l| level_mark(Level(l), top)).collect(),
            rows: self
                .item
                .asked
                .iter()
                .enumerate()
                .map(|(i, finding)| {
                    let level = draft.get(&i).and_then(|a| a.level());
                    FindingView {
                        key: finding.key.map_or_else(String::new, |key| key.to_string()),
                        name: finding.name.clone(),
                        answer: level.map_or_else(
                            || "not set".to_owned(),
                            |l| capital(&self.protocol().level_name(l)),
                        ),
                        level: level.map(|l| usize::from(l.0)),
                        focused: self.room.focused_finding() == i,
                    }
                })
                .collect(),
            study: format!("Study {}", self.item.study_number),
            derived: positive.then(|| (Mark::Reportable, "Abnormal".to_owned())),
            lock: ActionRow {
                id: "answer.lock".to_owned(),
                key: "Space".to_owned(),
                text: "Lock and go on".to_owned(),
                note: match unset {
                    0 => String::new(),
                    1 => "1 finding not set becomes absent".to_owned(),
                    n => format!("{n} findings not set become absent"),
                },
                enabled: true,
            },
            normal: Some(ActionRow {
                id: "answer.normal".to_owned(),
                key: "N".to_owned(),
                text: "Normal".to_owned(),
                note: if normal_refused {
                    "Not while a finding is set.".to_owned()
                } else {
                    "All absent".to_owned()
                },
                enabled: !normal_refused,
            }),
        }
    }
}

fn several_words(
    protocol: &Protocol,
    answers: &[overread_core::event::FindingAnswer],
) -> (Mark, String) {
    let positive = |a: &&overread_core::event::FindingAnswer| {
        a.answer.level().is_some_and(|level| Level::ABSENT < level)
    };
    if let Some(reason) = answers.first().and_then(|a| a.answer.no_answer()) {
        return answer_words(protocol, Answer::NoAnswer(reason));
    }
    match answers.iter().filter(positive).count() {
        0 => (Mark::Absent, "Normal".to_owned()),
        1 => (Mark::Reportable, "1 finding".to_owned()),
        n => (Mark::Reportable, format!("{n} findings")),
    }
}

/// A name for a narrow chip: long words lose their tails.
fn shorten(name: &str) -> String {
    const LONG: usize = 12;
    if name.chars().count() <= LONG {
        return name.to_owned();
    }
    let words: Vec<&str> = name.split(' ').collect();
    let clipped = words.iter().enumerate().map(|(i, word)| {
        if i + 1 < words.len() && 7 < word.chars().count() {
            word.chars().take(6).chain(['.']).collect()
        } else {
            (*word).to_owned()
        }
    });
    clipped.collect::<Vec<_>>().join(" ")
}
