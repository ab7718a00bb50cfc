//! The deck's end.

use overread_core::{ItemState, Phase, Stage};

use super::Reading;
use crate::panel;
use crate::release::Visible;
use crate::view::{ButtonKind, ButtonView, Cell, DeckDoneView};

impl Reading {
    /// The deck's end.
    pub(crate) fn done_view(&self) -> DeckDoneView {
        let frame = self.panel_frame();
        let computed = self.panel.latest();
        let analysis = computed.as_ref().filter(|c| c.deck == frame.deck).map(|c| &c.analysis);
        let figures = self.room.item_at(0).is_none_or(|item| item.phase == Phase::Read);
        let quality = analysis
            .and_then(|a| frame.finding.and_then(|finding| a.finding(finding)))
            .filter(|_| *frame.visible == Visible::Live && figures)
            .map(panel::quality_view);
        let estimated = quality
            .as_ref()
            .is_some_and(|view| view.rows.iter().any(|row| matches!(row.value, Cell::Estimate(_))));
        let own = panel::panel_view(computed.as_ref(), &frame).own.counts;
        let alarms = analysis
            .filter(|_| *frame.visible == Visible::Live && figures)
            .map(|a| panel::alarm_views(a.alarms()))
            .unwrap_or_default();
        let done = match self.room.stage() {
            Stage::Reading => "finished",
            Stage::Adjudicating => "adjudicated",
            Stage::Reviewing => "looked at again",
        };
        DeckDoneView {
            title: format!("{} deck {done}", self.deck_name(self.room.deck_index())),
            text: self.done_words(estimated),
            refused: (quality.is_none() && figures).then(|| match frame.visible {
                Visible::Sealed => "Sealed by the protocol.".to_owned(),
                _ if frame.finding.is_none() => {
                    "Figures of all findings stand in the report.".to_owned()
                }
                _ => "Computing the figures.".to_owned(),
            }),
            quality,
            counts: own,
            alarms,
            buttons: self.done_buttons(),
        }
    }

    fn done_words(&self, estimated: bool) -> String {
        let total = self.room.count();
        let what = match self.room.item_at(0).map(|item| item.phase) {
            Some(Phase::Practice) => " Practice never enters a figure.",
            Some(Phase::Explore) => " Exploration enters no figure of the deck.",
            Some(Phase::Adjudicate) => " The report holds them as a reference of their own.",
            _ if estimated => {
                " Intervals are now Wilson on the effective sample, at the planned n."
            }
            _ => "",
        };
        let marked = |is: fn(&ItemState) -> bool| {
            let states = self.room.items().filter_map(|i| self.room.reader().state.item(i.id));
            states.filter(|state| is(state)).count()
        };
        let marks = [
            (marked(|state| state.flagged), "flagged for discussion"),
            (marked(|state| !state.comment.is_empty()), "with a comment"),
        ];
        let marks: String = marks
            .iter()
            .filter(|(n, _)| 0 < *n)
            .fold(String::new(), |all, (n, what)| format!("{all} {n} {what}."));
        format!("{total} of {total} locked and saved.{what}{marks}")
    }

    fn done_buttons(&self) -> Vec<ButtonView> {
        let next = self.next_deck_index().map(|deck| self.deck_name(deck));
        let mut buttons = Vec::new();
        if let Some(name) = &next {
            buttons.push(ButtonView {
                id: "deck.next".to_owned(),
                text: format!("Next deck: {}", name.to_lowercase()),
                key: Some("Enter".to_owned()),
                kind: ButtonKind::Primary,
                refused: None,
            });
        }
        buttons.push(ButtonView {
            id: "program.home".to_owned(),
            text: "Home".to_owned(),
            key: Some("Ctrl+H".to_owned()),
            kind: if next.is_some() { ButtonKind::Secondary } else { ButtonKind::Primary },
            refused: None,
        });
        buttons
    }
}
