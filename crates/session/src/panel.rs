//! The live panel: an analysis of the reads so far, as far as the release policy lets it be seen.

mod decided;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use overread_analysis::{
    Analysis, Analyst, DatasetSummary, Input, Options, Provenance, Visible as Shown,
};
use overread_core::protocol::Release;
use overread_core::{Dataset, ReaderRecord, Study};
use parking_lot::{Condvar, Mutex};

use crate::films::Waker;
use crate::release::Visible;
use crate::room::Material;

pub(crate) use decided::Decided;
pub(crate) use view::{Frame, alarm_views, panel_view, quality_view};

/// What to compute.
struct Request {
    reader: ReaderRecord,
    deck: u32,
    visible: Visible,
}

/// A computed panel, and what it was computed for.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    pub analysis: Arc<Analysis>,
    pub deck: u32,
}

#[derive(Default)]
struct Slot {
    next: Option<Request>,
    done: Option<Computed>,
    closing: bool,
}

/// Computes panels on a thread of its own; a newer request replaces one that waits.
pub(crate) struct PanelJob {
    slot: Arc<(Mutex<Slot>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl PanelJob {
    pub(crate) fn start(material: Arc<Material>, waker: Waker) -> Self {
        let slot = Arc::new((Mutex::new(Slot::default()), Condvar::new()));
        let shared = Arc::clone(&slot);
        let thread = std::thread::Builder::new()
            .name("analysis".to_owned())
            .spawn(move || compute(&material, &shared, &waker))
            .map_err(|error| tracing::error!(%error, "the analysis thread could not start"))
            .ok();
        Self { slot, thread }
    }

    pub(crate) fn request(&self, reader: ReaderRecord, deck: u32, visible: Visible) {
        self.slot.0.lock().next = Some(Request { reader, deck, visible });
        self.slot.1.notify_all();
    }

    pub(crate) fn latest(&self) -> Option<Computed> {
        self.slot.0.lock().done.clone()
    }
}

impl Drop for PanelJob {
    fn drop(&mut self) {
        self.slot.0.lock().closing = true;
        self.slot.1.notify_all();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn compute(material: &Material, slot: &(Mutex<Slot>, Condvar), waker: &Waker) {
    let apart = patients_apart(material);
    let mut figures = Figures::new(material, &apart);
    loop {
        let request = {
            let mut slot_now = slot.0.lock();
            loop {
                if slot_now.closing {
                    return;
                }
                if let Some(request) = slot_now.next.take() {
                    break request;
                }
                slot.1.wait(&mut slot_now);
            }
        };
        let analysis = figures.of(&request.reader, request.deck, &request.visible);
        let mut slot_now = slot.0.lock();
        slot_now.done = Some(Computed { analysis: Arc::new(analysis), deck: request.deck });
        drop(slot_now);
        waker();
    }
}

/// The drawn studies, each as its own patient's: which studies share one would tell labels apart.
pub(crate) fn patients_apart(material: &Material) -> Dataset {
    let whole = &material.dataset;
    let studies: Vec<Study> = material
        .sample
        .studies()
        .into_iter()
        .filter_map(|id| whole.study_index(id).and_then(|i| whole.studies.get(i)))
        .zip(0..)
        .map(|(study, patient)| Study { patient, ..study.clone() })
        .collect();
    Dataset {
        patients: u32::try_from(studies.len()).unwrap_or(u32::MAX),
        studies,
        format: whole.format.clone(),
        sha256: whole.sha256.clone(),
        identity: whole.identity.clone(),
        findings: whole.findings.clone(),
    }
}

/// The figures of readers, deck by deck, kept up while they read.
pub(crate) struct Figures<'a> {
    release: Release,
    /// Of the studies as they are.
    live: Analyst<'a>,
    /// Of the studies as [`patients_apart`] gives them.
    apart: Analyst<'a>,
}

impl<'a> Figures<'a> {
    pub(crate) fn new(material: &'a Material, apart: &'a Dataset) -> Self {
        let summary = Arc::new(DatasetSummary::new(&material.dataset));
        let analyst = |dataset: &'a Dataset| {
            Analyst::new(&Input {
                dataset,
                summary: Some(Arc::clone(&summary)),
                protocol: &material.protocol,
                sample: Some(&material.sample),
                readers: &[],
                scores: &[],
                gold: &[],
                provenance: Provenance::default(),
            })
        };
        Self {
            release: material.protocol.release,
            live: analyst(&material.dataset),
            apart: analyst(apart),
        }
    }

    /// The figures of one reader in one deck, as far as they may be seen.
    ///
    /// While labels are unknown they are counts per level at each release and what follows from those alone: no stratum,
    /// no alarm, no point between two releases.
    pub(crate) fn of(&mut self, reader: &ReaderRecord, deck: u32, visible: &Visible) -> Analysis {
        let step = match (visible, self.release) {
            (Visible::Released(_), Release::Blocks(block)) => u64::from(block),
            _ => Options::default().running_step,
        };
        let options = Options {
            reader: Some(reader.name.clone()),
            decks: Some(vec![deck]),
            visible: Shown::First(BTreeMap::from([(deck, visible.reads())])),
            running_step: step,
            ..Options::default()
        };
        let analyst = match visible {
            Visible::Live => &mut self.live,
            _ => &mut self.apart,
        };
        let reader = std::slice::from_ref(reader);
        let mut analysis = analyst.analyse(reader, &Provenance::default(), &options);
        if let Visible::Released(after) = visible {
            let statistics = &mut analysis.statistics;
            statistics.strata.rows.clear();
            for running in &mut statistics.running {
                running.points.retain(|point| after.contains(&point.reads));
            }
        }
        analysis
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::release;
    use overread_core::event::{FindingAnswer, Via};
    use overread_core::protocol::{Protocol, builtin};
    use overread_core::{
        Answer, DatasetLabel, EventBody, Labels, Level, NoAnswer, Phase, ReadingState, StudyId,
        sampling,
    };

    /// A deck of twelve with controls, all read but one, with tags; which are label-positive is the caller's.
    fn read_deck(labels: u32, block: u32) -> (Material, ReaderRecord) {
        let text = builtin("cxr14-controls").unwrap();
        let mut protocol = Protocol::from_toml(text).unwrap();
        protocol.findings.truncate(1);
        protocol.sampling.size = 6;
        protocol.sampling.controls = 6;
        protocol.sampling.explore = 0;
        protocol.release = Release::Blocks(block);
        let finding = protocol.findings[0].clone();
        let mut studies: Vec<Study> = (0..12_u32)
            .map(|n| {
                let mut of_study = Labels::default();
                let positive = labels >> n & 1 == 1;
                let label = if positive { DatasetLabel::Positive } else { DatasetLabel::Negative };
                of_study.set(0, label);
                Study {
                    id: StudyId(u64::from(n)),
                    // Two studies each of six patients.
                    patient: n / 2,
                    labels: of_study,
                    images: Vec::new(),
                    available: true,
                    sex: None,
                    age_years: None,
                    region: None,
                    split: None,
                }
            })
            .collect();
        studies.sort_by_key(|study| study.id);
        let findings = vec![finding.label.clone().unwrap()];
        let dataset = Dataset { findings, studies, patients: 6, ..Dataset::default() };
        let sample = sampling::draw(&dataset, &protocol, 14).unwrap();
        let study_numbers = sample.numbers();
        let tallies = std::collections::HashMap::default();
        let worklist = sampling::worklist(&dataset, &protocol, &sample, "R1");
        let mut state = ReadingState::new(&sample, &worklist);
        for (n, item) in worklist.items.iter().enumerate().take(11) {
            let tag = protocol.tags[0].id.clone();
            if n % 4 == 0 {
                state.apply("", &EventBody::TagSet { item: item.id, tag, on: true, via: Via::Key });
            }
            // Large groups, so that blocks of five can be released at all.
            let answer = if n % 6 == 5 {
                Answer::NoAnswer(NoAnswer::Unsure)
            } else {
                Answer::Level(Level(2))
            };
            let answer = FindingAnswer { finding: finding.id.clone(), answer };
            let lock = EventBody::ReadLocked {
                item: item.id,
                answers: vec![answer],
                phase: Phase::Read,
                active_ms: 1,
                protocol_version: protocol.version,
                via: Via::Key,
                last: false,
            };
            state.apply(&format!("{n:02}"), &lock);
        }
        let reader = ReaderRecord { name: "R1".into(), worklist, state, ..ReaderRecord::default() };
        (
            Material {
                dataset,
                protocol,
                sample,
                study_numbers,
                packet: false,
                tallies,
                boxes: crate::later_view::Boxes::new(),
            },
            reader,
        )
    }

    /// The counts of label-positives per level at each release, by which all panels may differ.
    fn counted(material: &Material, reader: &ReaderRecord, visible: &Visible) -> String {
        let Visible::Released(after) = visible else { panic!("{visible:?}") };
        let mut text = String::new();
        for to in after {
            let mut counts = BTreeMap::new();
            let to = usize::try_from(*to).unwrap();
            for (n, item) in reader.worklist.items.iter().enumerate().take(to) {
                let study = material.dataset.study_index(item.study).unwrap();
                let positive = material.dataset.studies[study].labels.positive;
                *counts.entry(n % 6 == 5).or_insert(0) += positive * u64::from(n % 6 != 5);
            }
            write!(text, "{to} {counts:?};").unwrap();
        }
        text
    }

    /// With what the enumeration in `release` shows, no panel state gives a label away: whatever is on
    /// the panel, tooltips and all, follows from the counts that the enumeration is about.
    #[test]
    fn a_panel_before_the_end_follows_from_the_released_counts_alone() {
        let mut panels: BTreeMap<String, (u32, String)> = BTreeMap::new();
        let mut met_again = 0;
        for labels in (0..1_u32 << 12).filter(|labels| labels.count_ones() == 6).step_by(3) {
            let (material, reader) = read_deck(labels, 5);
            let deck = &material.sample.decks[0];
            let visible = release::visible(&material.protocol, deck, 0, &reader);
            let apart = patients_apart(&material);
            let analysis = Figures::new(&material, &apart).of(&reader, 0, &visible);
            let frame = Frame {
                material: &material,
                finding: deck.finding.as_deref(),
                deck: 0,
                visible: &visible,
                label_known: deck.label_known(),
                progress: release::progress(&reader, 0),
                decided: None,
                block: 5,
            };
            let computed = Computed { analysis: Arc::new(analysis), deck: 0 };
            let panel = format!("{:?}", panel_view(Some(&computed), &frame));
            let counts = counted(&material, &reader, &visible);
            match panels.get(&counts) {
                None => {
                    panels.insert(counts, (labels, panel));
                }
                Some((first, known)) => {
                    met_again += 1;
                    assert_eq!(known, &panel, "{labels:012b} and {first:012b} after {counts}");
                }
            }
        }
        assert!(1 < panels.len() && 100 < met_again, "{} panels, {met_again}", panels.len());
    }
}
