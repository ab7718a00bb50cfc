//! In which order a reader reads, and who reads what.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::draw::to_u32;
use super::{Deck, Extension, Item, Member, Sample, SampleError, Worklist};
use crate::answer::Phase;
use crate::dataset::Dataset;
use crate::ids::{ItemId, StudyId};
use crate::protocol::{Assignment, PerPatient, Protocol, Share};
use crate::random::SplitMix64;

/// The worklists of all readers who are there when the sample is drawn.
///
/// Where studies are divided, each deck's overlap goes to everyone and the rest is dealt out in
/// drawing order, so that every reader's part is a random sample as well.
pub fn worklists(
    dataset: &Dataset,
    protocol: &Protocol,
    sample: &Sample,
    readers: &[&str],
) -> Vec<Worklist> {
    let Assignment::Split { overlap } = protocol.panel.assignment else {
        return readers.iter().map(|name| worklist(dataset, protocol, sample, name)).collect();
    };
    let readers = sorted(readers);
    let dealt: Vec<HashMap<StudyId, Owner>> = sample
        .decks
        .iter()
        .map(|deck| deal(&deck.members, overlap, readers.len(), sample.seed, deck, 0))
        .collect();
    readers
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let reads = |deck: usize, study: StudyId| {
                // Everybody learns on the same studies.
                if sample.is_practice(protocol, to_u32(deck)) {
                    return true;
                }
                let owner = dealt.get(deck).and_then(|dealt| dealt.get(&study));
                owner.is_some_and(|owner| owner.reads(number))
            };
            lay_out_all(dataset, protocol, sample, name, reads)
        })
        .collect()
}

/// One reader's worklist with every study: decks in protocol order, shuffled inside, with the
/// protocol's gap kept between items of one study (and of one patient where the plan says spaced).
pub fn worklist(dataset: &Dataset, protocol: &Protocol, sample: &Sample, reader: &str) -> Worklist {
    lay_out_all(dataset, protocol, sample, reader, |_, _| true)
}

/// The worklist of a reader who joins after the draw: everything, or what all of them read.
pub fn late_worklist(
    dataset: &Dataset,
    protocol: &Protocol,
    sample: &Sample,
    lists: &[Worklist],
    reader: &str,
) -> Result<Worklist, SampleError> {
    if protocol.panel.assignment == Assignment::All {
        return Ok(worklist(dataset, protocol, sample, reader));
    }
    let mut readers: HashMap<(u32, StudyId), usize> = HashMap::new();
    for list in lists {
        let studies: BTreeSet<(u32, StudyId)> =
            list.items.iter().map(|item| (item.deck, item.study)).collect();
        for study in studies {
            *readers.entry(study).or_default() += 1;
        }
    }
    let all = lists.iter().filter(|list| !list.items.is_empty()).count();
    let shared = |deck: usize, study: StudyId| {
        sample.is_practice(protocol, to_u32(deck))
            || 1 < all && readers.get(&(to_u32(deck), study)).is_some_and(|&n| n == all)
    };
    let list = lay_out_all(dataset, protocol, sample, reader, shared);
    if list.items.iter().all(|item| item.phase == Phase::Practice) {
        return Err(SampleError::AllDivided(reader.to_owned()));
    }
    Ok(list)
}

/// Puts the studies of a later drawing behind what readers have already.
pub fn append_to_worklists(
    dataset: &Dataset,
    protocol: &Protocol,
    extension: &Extension,
    lists: &mut [Worklist],
) {
    let sample = &extension.sample;
    let Some(deck) = sample.decks.get(extension.deck as usize) else { return };
    let batch = 1 + lists.iter().flat_map(|l| &l.items).map(|item| item.batch).max().unwrap_or(0);
    let added: Vec<Member> = deck
        .members
        .iter()
        .filter(|member| extension.added.contains(&member.study))
        .cloned()
        .collect();
    lists.sort_by(|a, b| a.reader.cmp(&b.reader));
    let count = lists.len();
    let dealt = match protocol.panel.assignment {
        Assignment::All => None,
        Assignment::Split { overlap } => {
            Some(deal(&added, overlap, count, sample.seed, deck, batch))
        }
    };
    for (number, list) in lists.iter_mut().enumerate() {
        let mine = |member: &&Member| {
            dealt.as_ref().is_none_or(|dealt| {
                dealt.get(&member.study).is_some_and(|owner| owner.reads(number))
            })
        };
        let members: Vec<&Member> = added.iter().filter(mine).collect();
        let mut layout = Layout::new(dataset, protocol, sample, std::mem::take(list));
        layout.deck(extension.deck, deck, &members, batch);
        *list = layout.list;
    }
}

/// Who reads a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Everyone,
    One(usize),
}

impl Owner {
    fn reads(self, number: usize) -> bool {
        match self {
            Self::Everyone => true,
            Self::One(owner) => owner == number,
        }
    }
}

fn sorted<'r>(readers: &[&'r str]) -> Vec<&'r str> {
    let mut readers = readers.to_vec();
    readers.sort_unstable();
    readers
}

/// What tells the arms of a deck apart: label and stratum.
type ArmKey<'m> = (bool, Option<&'m String>);

/// Deals the studies of a deck out, arm by arm.
fn deal(
    members: &[Member],
    overlap: Share,
    readers: usize,
    seed: u64,
    deck: &Deck,
    batch: u32,
) -> HashMap<StudyId, Owner> {
    let mut arms: Vec<(ArmKey<'_>, Vec<StudyId>)> = Vec::new();
    for member in members {
        let arm = (member.label_positive, member.stratum.as_ref());
        match arms.iter_mut().find(|(known, _)| *known == arm) {
            Some((_, studies)) => studies.push(member.study),
            None => arms.push((arm, vec![member.study])),
        }
    }
    let (id, batch) = (deck.id.to_string(), batch.to_string());
    let mut stream = SplitMix64::for_purpose(seed, &["deal", &id, &batch]);
    // A start of its own for each deck, so that what does not divide evenly hits everyone in turn.
    let mut next = stream.index(readers.max(1));
    let mut dealt = HashMap::new();
    for (_, studies) in arms {
        let shared = overlap.of(studies.len());
        for (i, study) in studies.into_iter().enumerate() {
            if i < shared {
                dealt.insert(study, Owner::Everyone);
            } else {
                dealt.insert(study, Owner::One(next));
                next = (next + 1) % readers.max(1);
            }
        }
    }
    dealt
}

fn lay_out_all(
    dataset: &Dataset,
    protocol: &Protocol,
    sample: &Sample,
    reader: &str,
    reads: impl Fn(usize, StudyId) -> bool,
) -> Worklist {
    let list = Worklist { reader: reader.to_owned(), ..Worklist::default() };
    let mut layout = Layout::new(dataset, protocol, sample, list);
    let mut decks: Vec<(usize, &Deck)> = sample.decks.iter().enumerate().collect();
    // Where every finding is asked, practice comes before what it is for; a practice deck of a finding
    // stands where its number puts it, and readers open it when they like.
    decks.sort_by_key(|(index, deck)| {
        deck.finding.is_some() || !sample.is_practice(protocol, to_u32(*index))
    });
    for (index, deck) in decks {
        let members: Vec<&Member> =
            deck.members.iter().filter(|member| reads(index, member.study)).collect();
        layout.deck(to_u32(index), deck, &members, 0);
    }
    layout.list
}

/// What must not stand close together: the studies of one patient, or only one study itself.
type Unit = u64;

struct Layout<'a> {
    dataset: &'a Dataset,
    protocol: &'a Protocol,
    sample: &'a Sample,
    seed: u64,
    list: Worklist,
    gap: usize,
    repeat_gap: usize,
    by_patient: bool,
    last_unit: HashMap<Unit, usize>,
}

/// A study that is yet to be placed in a deck, once or a second time.
struct Entry {
    study: StudyId,
    unit: Unit,
}

impl<'a> Layout<'a> {
    fn new(
        dataset: &'a Dataset,
        protocol: &'a Protocol,
        sample: &'a Sample,
        list: Worklist,
    ) -> Self {
        let plan = &protocol.sampling;
        let mut layout = Self {
            dataset,
            protocol,
            sample,
            seed: sample.seed,
            gap: plan.gap as usize,
            repeat_gap: plan.repeat_gap as usize,
            by_patient: plan.per_patient == PerPatient::Spaced,
            last_unit: HashMap::new(),
            list,
        };
        for (place, item) in layout.list.items.iter().enumerate() {
            let unit = unit_of(dataset, item.study, layout.by_patient);
            layout.last_unit.insert(unit, place);
        }
        layout
    }

    fn deck(&mut self, index: u32, deck: &Deck, members: &[&Member], batch: u32) {
        let deck_text = deck.id.to_string();
        let mut entries: Vec<Entry> = members
            .iter()
            .flat_map(|member| std::iter::repeat_n(member.study, 1 + usize::from(member.repeated)))
            .map(|study| Entry { study, unit: unit_of(self.dataset, study, self.by_patient) })
            .collect();
        entries.sort_unstable_by_key(|entry| entry.study);
        let reader = self.list.reader.clone();
        let batch_text = batch.to_string();
        let mut purpose = vec!["order", &reader, &deck_text];
        if 0 < batch {
            purpose.push(&batch_text);
        }
        let mut stream = SplitMix64::for_purpose(self.seed, &purpose);
        let count = entries.len();
        stream.choose_front(&mut entries, count);
        let practice = self.sample.is_practice(self.protocol, index);
        let mut placed: HashMap<StudyId, usize> = HashMap::new();
        let mut queue = Queue::new(&entries, self.gap, self.repeat_gap);
        for step in 0..count {
            let place = self.list.items.len();
            let ready = |entry: &Entry| {
                let far =
                    |last: Option<&usize>, gap: usize| last.is_none_or(|&last| gap <= place - last);
                far(self.last_unit.get(&entry.unit), self.gap)
                    && far(placed.get(&entry.study), self.repeat_gap)
            };
            let seen = |entry: &Entry| self.last_unit.get(&entry.unit).copied().unwrap_or(0);
            let (chosen, far) = queue.take(step, &entries, ready, seen);
            let Some(entry) = chosen.and_then(|i| entries.get(i)) else { return };
            self.list.gap_violations += u32::from(!far);
            let pass = if placed.insert(entry.study, place).is_some() { 2 } else { 1 };
            self.last_unit.insert(entry.unit, place);
            let phase = match pass {
                _ if practice => Phase::Practice,
                1 => Phase::Read,
                _ => Phase::Repeat,
            };
            let (study, pass_text) = (entry.study.to_string(), pass.to_string());
            self.list.items.push(Item {
                id: ItemId::derive(&[&deck_text, &study, &reader, &pass_text]),
                study: entry.study,
                deck: index,
                phase,
                pass,
                batch,
                finding: None,
            });
        }
    }
}

/// Entries in random order, those taken left out; units with several entries have a latest step at
/// which the next of them must come, or the last would come too close.
struct Queue {
    taken: Vec<bool>,
    head: usize,
    waiting: BTreeMap<Unit, (VecDeque<usize>, usize)>,
    deadlines: BTreeMap<usize, BTreeSet<Unit>>,
}

impl Queue {
    fn new(entries: &[Entry], gap: usize, repeat_gap: usize) -> Self {
        let mut waiting: BTreeMap<Unit, (VecDeque<usize>, usize)> = BTreeMap::new();
        for (i, entry) in entries.iter().enumerate() {
            let (list, distance) = waiting.entry(entry.unit).or_insert((VecDeque::new(), gap));
            let repeated = list
                .iter()
                .any(|&j| entries.get(j).is_some_and(|other| other.study == entry.study));
            if repeated {
                *distance = (*distance).max(repeat_gap);
            }
            list.push_back(i);
        }
        waiting.retain(|_, (list, _)| 1 < list.len());
        let mut queue = Self {
            taken: vec![false; entries.len()],
            head: 0,
            waiting,
            deadlines: BTreeMap::new(),
        };
        for (unit, (list, distance)) in &queue.waiting {
            let deadline = deadline(entries.len(), list.len(), *distance);
            queue.deadlines.entry(deadline).or_default().insert(*unit);
        }
        queue
    }

    /// The entry for a step, and whether it is far enough from its like.
    fn take(
        &mut self,
        step: usize,
        entries: &[Entry],
        ready: impl Fn(&Entry) -> bool,
        seen: impl Fn(&Entry) -> usize,
    ) -> (Option<usize>, bool) {
        let ready = |i: usize| entries.get(i).is_some_and(&ready);
        let urgent = self.urgent(step).and_then(|units| {
            let entries = units.filter_map(|unit| self.waiting.get(&unit));
            entries.flat_map(|(list, _)| list.iter().copied()).find(|&i| ready(i))
        });
        let chosen = urgent.or_else(|| self.remaining().find(|&i| ready(i)));
        let far = chosen.is_some();
        let chosen = chosen.or_else(|| {
            // Nothing is far enough: the one whose like was seen longest ago.
            self.remaining().min_by_key(|&i| entries.get(i).map(&seen))
        });
        if let Some(i) = chosen {
            self.remove(i, entries);
        }
        (chosen, far)
    }

    /// Units by deadline, where so many are due that one of them must come now.
    fn urgent(&self, step: usize) -> Option<impl Iterator<Item = Unit>> {
        let mut due = 0;
        let tight = self.deadlines.iter().any(|(&deadline, units)| {
            due += units.len();
            deadline < step + due
        });
        tight.then(|| self.deadlines.values().flatten().copied())
    }

    fn remaining(&self) -> impl Iterator<Item = usize> {
        (self.head..self.taken.len()).filter(|&i| self.taken.get(i) == Some(&false))
    }

    fn remove(&mut self, i: usize, entries: &[Entry]) {
        if let Some(taken) = self.taken.get_mut(i) {
            *taken = true;
        }
        while self.taken.get(self.head) == Some(&true) {
            self.head += 1;
        }
        let Some(unit) = entries.get(i).map(|entry| entry.unit) else { return };
        let count = entries.len();
        let Some((list, distance)) = self.waiting.get_mut(&unit) else { return };
        let before = deadline(count, list.len(), *distance);
        if let Some(units) = self.deadlines.get_mut(&before) {
            units.remove(&unit);
            if units.is_empty() {
                self.deadlines.remove(&before);
            }
        }
        list.retain(|&other| other != i);
        if 1 < list.len() {
            let after = deadline(count, list.len(), *distance);
            self.deadlines.entry(after).or_default().insert(unit);
        } else {
            self.waiting.remove(&unit);
        }
    }
}

/// The latest step for the next of `left` entries that stand `distance` apart in `count` steps.
fn deadline(count: usize, left: usize, distance: usize) -> usize {
    count.saturating_sub((left.saturating_sub(1)) * distance + 1)
}

pub(super) fn unit_of(dataset: &Dataset, id: StudyId, by_patient: bool) -> Unit {
    if !by_patient {
        return id.0;
    }
    let study = dataset.study_index(id).and_then(|i| dataset.studies.get(i));
    study.map_or(id.0, |study| u64::from(study.patient))
}
