//! What lies over a screen: the palette and the sheet of all keys, from the live keymap.

use overread_core::blinded::OfferedFinding;
use overread_core::{BlindedItem, ItemState, Protocol};

use crate::command::{COMMANDS, Command, CommandSpec, Group, Keymap};
use crate::read_view::capital;
use crate::view::{KeyGroup, KeyHint, KeySheetView, LayerView, PaletteRow, PaletteView};

/// What is open over the screen.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    /// Every action by name.
    Palette { query: String, selected: usize },
    /// The findings that can be marked as also present.
    Beside { query: String, selected: usize },
    /// Every key.
    Keys,
}

/// One line of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub command: Command,
    pub title: String,
    pub caps: Vec<String>,
    pub refused: Option<String>,
    /// For what can be marked: whether it is.
    pub on: Option<bool>,
}

/// The caps of a chord.
pub(crate) fn caps(chord: &str) -> Vec<String> {
    if chord == "+" {
        return vec!["+".to_owned()];
    }
    let arrow = |part: &str| match part {
        "ArrowUp" => "↑".to_owned(),
        "ArrowDown" => "↓".to_owned(),
        "ArrowLeft" => "←".to_owned(),
        "ArrowRight" => "→".to_owned(),
        other => other.to_owned(),
    };
    chord.split('+').map(arrow).collect()
}

/// Answers and tags of the item, then the table, with the reason where one is refused.
pub(crate) fn entries(
    keymap: &Keymap,
    item: Option<(&Protocol, &BlindedItem)>,
    availability: &dyn Fn(Command) -> Result<(), String>,
) -> Vec<Entry> {
    let of_item = item.into_iter().flat_map(|(protocol, item)| item_commands(protocol, item));
    let of_table = COMMANDS.iter().map(|spec| (spec.command, spec.title.to_owned()));
    let entry = |(command, title): (Command, String)| Entry {
        command,
        title,
        caps: keymap.keys_of(command).first().map(|chord| caps(chord)).unwrap_or_default(),
        refused: availability(command).err(),
        on: None,
    };
    of_item.chain(of_table).map(entry).collect()
}

/// The findings that can be marked as also present on an item; what is marked is known of the reader's own state.
pub(crate) fn beside(
    item: &BlindedItem,
    state: Option<&ItemState>,
    availability: &dyn Fn(Command) -> Result<(), String>,
) -> Vec<Entry> {
    let entry = |(index, finding): (u8, &OfferedFinding)| Entry {
        command: Command::AlsoPresent(index),
        title: finding.name.clone(),
        caps: Vec::new(),
        refused: availability(Command::AlsoPresent(index)).err(),
        on: Some(state.is_some_and(|state| state.also.contains(&finding.id))),
    };
    (0_u8..).zip(&item.beside).map(entry).collect()
}

fn item_commands(protocol: &Protocol, item: &BlindedItem) -> Vec<(Command, String)> {
    let mut commands: Vec<(Command, String)> = (0..=protocol.top_level().0)
        .map(overread_core::Level)
        .map(|level| (Command::Answer(level), format!("Answer: {}", protocol.level_name(level))))
        .collect();
    for (tag, index) in item.tags.iter().zip(0_u8..) {
        commands.push((Command::Tag(index), format!("Tag: {}", tag.name.to_lowercase())));
    }
    commands
}

/// Entries whose title holds the query's letters in order, closest first.
pub(crate) fn matching(all: &[Entry], query: &str) -> Vec<(Entry, Vec<std::ops::Range<usize>>)> {
    let mut found: Vec<(usize, Entry, Vec<std::ops::Range<usize>>)> = all
        .iter()
        .filter_map(|entry| {
            let (distance, ranges) = fuzzy(&entry.title, query)?;
            Some((distance, entry.clone(), ranges))
        })
        .collect();
    found.sort_by_key(|(distance, ..)| *distance);
    found.into_iter().map(|(_, entry, ranges)| (entry, ranges)).collect()
}

/// How far the letters of a query lie apart in a title, and where they are.
fn fuzzy(title: &str, query: &str) -> Option<(usize, Vec<std::ops::Range<usize>>)> {
    let lower = title.to_lowercase();
    let query = query.trim().to_lowercase();
    if query.is_empty() {
        return Some((0, Vec::new()));
    }
    if lower.len() == title.len()
        && let Some(at) = lower.find(&query)
    {
        let word_start = at == 0 || lower.as_bytes().get(at - 1) == Some(&b' ');
        return Some((
            at + if word_start { 0 } else { 100 },
            std::iter::once(at..at + query.len()).collect(),
        ));
    }
    let mut ranges = Vec::new();
    let mut letters = title.char_indices();
    for wanted in query.chars().filter(|c| !c.is_whitespace()) {
        let (at, letter) = letters.find(|(_, c)| c.to_lowercase().eq(wanted.to_lowercase()))?;
        ranges.push(at..at + letter.len_utf8());
    }
    let spread = ranges.last().map_or(0, |r| r.end) - ranges.first().map_or(0, |r| r.start);
    Some((1000 + spread, ranges))
}

impl Layer {
    /// Ready to draw.
    pub(crate) fn view(
        &self,
        all: &[Entry],
        keymap: &Keymap,
        item: Option<&BlindedItem>,
    ) -> LayerView {
        match self {
            Self::Keys => LayerView::Keys(key_sheet(all, keymap, item)),
            Self::Palette { query, selected } | Self::Beside { query, selected } => {
                let rows = matching(all, query);
                let count = format!("{} of {}", rows.len(), all.len());
                let marks = matches!(self, Self::Beside { .. });
                let (name, field, empty, enter) = if marks {
                    (
                        "Also present",
                        "Also present: name of a finding",
                        "No finding is called that.",
                        "mark, or take away",
                    )
                } else {
                    ("Command palette", "Name of a command", "No command is called that.", "do it")
                };
                LayerView::Palette(PaletteView {
                    name: name.to_owned(),
                    beside_films: marks,
                    field: field.to_owned(),
                    query: query.clone(),
                    count,
                    selected: (*selected).min(rows.len().saturating_sub(1)),
                    rows: rows
                        .into_iter()
                        .map(|(entry, matched)| PaletteRow {
                            title: entry.title,
                            matched,
                            caps: entry.caps,
                            refused: entry.refused,
                            on: entry.on,
                        })
                        .collect(),
                    empty: empty.to_owned(),
                    hints: vec![
                        KeyHint::new(&["↑", "↓"], "move"),
                        KeyHint::new(&["Enter"], enter),
                        KeyHint::new(&["Esc"], "close"),
                    ],
                })
            }
        }
    }
}

fn key_sheet(all: &[Entry], keymap: &Keymap, item: Option<&BlindedItem>) -> KeySheetView {
    let hint = |command: Command, text: &str| {
        let keys = keymap.keys_of(command);
        let first = keys.first().map(|chord| caps(chord))?;
        Some(KeyHint { caps: first, text: text.to_owned() })
    };
    let of_group = |group: Group| -> Vec<KeyHint> {
        COMMANDS
            .iter()
            .filter(|spec| spec.group == group)
            .filter_map(|spec: &CommandSpec| hint(spec.command, spec.hint))
            .collect()
    };
    let mut answers: Vec<KeyHint> = all
        .iter()
        .filter(|entry| matches!(entry.command, Command::Answer(_)))
        .filter_map(|entry| {
            hint(entry.command, entry.title.strip_prefix("Answer: ").unwrap_or(&entry.title))
        })
        .collect();
    answers.extend(of_group(Group::Answers));
    let tags: Vec<KeyHint> = item
        .map(|item| {
            let row = |t: &overread_core::blinded::OfferedTag| {
                KeyHint::new(&[&t.key.to_string()], t.name.to_lowercase())
            };
            item.tags.iter().map(row).collect()
        })
        .unwrap_or_default();
    let mut groups = vec![KeyGroup { title: Group::Answers.title().to_owned(), rows: answers }];
    if !tags.is_empty() {
        groups.push(KeyGroup { title: capital("tags"), rows: tags });
    }
    for group in Group::ALL.into_iter().filter(|group| *group != Group::Answers) {
        groups.push(KeyGroup { title: group.title().to_owned(), rows: of_group(group) });
    }
    KeySheetView { title: "All keys".to_owned(), groups, close: KeyHint::new(&["Esc"], "close") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(query: &str) -> Vec<String> {
        let all = entries(&Keymap::without_item(), None, &|_| Ok(()));
        matching(&all, query).into_iter().map(|(entry, _)| entry.title).collect()
    }

    #[test]
    fn the_palette_finds_commands_by_their_letters() {
        assert_eq!(titles("").len(), COMMANDS.len());
        assert_eq!(titles("invert")[0], "Invert black and white");
        assert!(titles("wlu").contains(&"Window level up".to_owned()));
        assert!(titles("zzzz").is_empty());
    }

    #[test]
    fn matched_ranges_lie_on_character_borders() {
        for entry in entries(&Keymap::without_item(), None, &|_| Ok(())) {
            for query in ["o", "in", "wi d", "…"] {
                for range in fuzzy(&entry.title, query).map(|(_, r)| r).unwrap_or_default() {
                    assert!(entry.title.get(range).is_some());
                }
            }
        }
    }
}
