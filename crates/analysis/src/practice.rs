//! Practice decks are for learning keys and rules: no figure knows them.

use overread_core::{Protocol, Sample};

use crate::input::Input;

/// What is left of an input without its practice decks; drawing puts those last.
#[derive(Debug)]
pub(crate) struct Audited {
    pub(crate) protocol: Protocol,
    pub(crate) sample: Option<Sample>,
}

/// The input without practice; `None` where there is none to leave out.
pub(crate) fn audited(input: &Input<'_>) -> Option<Audited> {
    let practised = |sample: &Sample, deck: u32| sample.is_practice(input.protocol, deck);
    let has_deck =
        input.sample.is_some_and(|s| (0..).zip(&s.decks).any(|(deck, _)| practised(s, deck)));
    if !has_deck && !input.protocol.findings.iter().any(|finding| finding.practice) {
        return None;
    }
    let mut protocol = input.protocol.clone();
    protocol.findings.retain(|finding| !finding.practice);
    let mut sample = input.sample.cloned();
    let known = |id: &Option<String>| {
        id.as_ref().is_none_or(|id| protocol.findings.iter().any(|finding| finding.id == *id))
    };
    if let Some(sample) = &mut sample {
        let read = (0..).zip(&sample.decks).take_while(|(deck, _)| !practised(sample, *deck));
        let decks = read.count();
        sample.decks.truncate(decks);
        sample.shortfall.retain(|short| known(&short.finding) && short.arm != "practice");
        sample.explore.retain(|id, _| known(&Some(id.clone())));
    }
    Some(Audited { protocol, sample })
}
