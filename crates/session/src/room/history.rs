//! What can be taken back, rebuilt from the reader's own events.

use overread_core::event::{FindingAnswer, Via};
use overread_core::{EventBody, ItemId, ReviewOutcome};

/// One change that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// An item was locked.
    Lock { item: ItemId, answers: Vec<FindingAnswer> },
    /// A second look was decided.
    Decided { item: ItemId, outcome: ReviewOutcome },
    /// A tag was set or taken away.
    Tag { item: ItemId, tag: String, on: bool },
    /// A finding was marked as also present, or no longer.
    Also { item: ItemId, finding: String, on: bool },
}

impl Edit {
    pub(super) fn item(&self) -> ItemId {
        match self {
            Self::Lock { item, .. }
            | Self::Decided { item, .. }
            | Self::Tag { item, .. }
            | Self::Also { item, .. } => *item,
        }
    }
}

/// Changes made, and changes taken back.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    done: Vec<Edit>,
    undone: Vec<Edit>,
}

impl History {
    pub(super) fn rebuild(events: &[EventBody]) -> Self {
        let mut history = Self::default();
        for event in events {
            history.record(event);
        }
        history
    }

    pub(super) fn last(&self) -> Option<&Edit> {
        self.done.last()
    }

    pub(super) fn next_redo(&self) -> Option<&Edit> {
        self.undone.last()
    }

    pub(super) fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// Takes in an event that is on disk.
    pub(super) fn record(&mut self, event: &EventBody) {
        match event {
            EventBody::ReadLocked { item, answers, via, .. } => {
                self.did(Edit::Lock { item: *item, answers: answers.clone() }, *via);
            }
            EventBody::ReviewDecided { item, outcome, via } => {
                self.did(Edit::Decided { item: *item, outcome: *outcome }, *via);
            }
            EventBody::TagSet { item, tag, on, via } => match via {
                Via::Undo => self.took_back(),
                _ => self.did(Edit::Tag { item: *item, tag: tag.clone(), on: *on }, *via),
            },
            EventBody::AlsoSet { item, finding, on } => {
                let edit = |on| Edit::Also { item: *item, finding: finding.clone(), on };
                // The event does not say how it came: what reverses the last change takes it back.
                if self.done.last() == Some(&edit(!on)) {
                    self.took_back();
                } else {
                    let again = self.undone.last() == Some(&edit(*on));
                    self.did(edit(*on), if again { Via::Redo } else { Via::Key });
                }
            }
            // Going back is the same as undoing when the lock was the last change.
            EventBody::ReadReopened { item, .. } => {
                let is_its_lock = |edit: &Edit| matches!(edit, Edit::Lock { item: i, .. } | Edit::Decided { item: i, .. } if i == item);
                if self.done.last().is_some_and(is_its_lock) {
                    self.took_back();
                }
            }
            _ => {}
        }
    }

    fn did(&mut self, edit: Edit, via: Via) {
        if via == Via::Redo {
            self.undone.pop();
        } else {
            self.undone.clear();
        }
        self.done.push(edit);
    }

    fn took_back(&mut self) {
        self.undone.extend(self.done.pop());
    }
}
