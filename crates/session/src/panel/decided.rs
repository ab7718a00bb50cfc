//! What an adjudicator has decided so far. Figures of the deck are about others' reads and stay away.

use overread_core::{Answer, ItemState, Level, NoAnswer, Protocol, Stage};

use crate::read_view::level_mark;
use crate::room::Room;
use crate::view::{CountView, Mark, OwnAnswersView, PanelBody};

/// Decisions of an adjudicator in one deck.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decided {
    items: usize,
    answered: usize,
    levels: Vec<usize>,
    unsure: usize,
    inadequate: usize,
}

impl Decided {
    /// The decisions in a room; `None` where nothing is adjudicated.
    pub(crate) fn of(room: &Room) -> Option<Self> {
        if room.stage() != Stage::Adjudicating {
            return None;
        }
        let levels = room.material().protocol.levels.len();
        let mut decided = Self { levels: vec![0; levels], ..Self::default() };
        for item in room.items() {
            decided.items += 1;
            let lock = room.reader().state.item(item.id).and_then(ItemState::current);
            decided.answered += usize::from(lock.is_some());
            for answer in lock.iter().flat_map(|lock| &lock.answers) {
                let count = match answer.answer {
                    Answer::Level(Level(at)) => decided.levels.get_mut(usize::from(at)),
                    Answer::NoAnswer(NoAnswer::Unsure) => Some(&mut decided.unsure),
                    Answer::NoAnswer(NoAnswer::Inadequate) => Some(&mut decided.inadequate),
                };
                if let Some(count) = count {
                    *count += 1;
                }
            }
        }
        Some(decided)
    }

    pub(super) fn body() -> PanelBody {
        let text = "No figures while you adjudicate: they are about the reads that you settle. \
                    Your decisions become a reference of their own; the original reads stay as they are.";
        PanelBody::NothingYet { text: text.to_owned(), release: None }
    }

    pub(super) fn own(&self, protocol: &Protocol) -> OwnAnswersView {
        let count = |mark, n: usize, name: &str| CountView {
            mark,
            count: n.to_string(),
            name: name.to_owned(),
        };
        let mut counts: Vec<CountView> = protocol
            .levels
            .iter()
            .zip(&self.levels)
            .zip(0_u8..)
            .map(|((name, &n), at)| count(level_mark(Level(at), protocol.top_level()), n, name))
            .collect();
        counts.push(count(Mark::Unsure, self.unsure, "unsure"));
        counts.push(count(Mark::Inadequate, self.inadequate, "inadequate"));
        OwnAnswersView {
            title: "Your decisions".to_owned(),
            note: format!("{} of {} decided", self.answered, self.items),
            counts,
            ..OwnAnswersView::default()
        }
    }
}
