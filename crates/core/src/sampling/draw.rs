//! Which studies are drawn.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::strata::{Part, divide, strata};
use super::{Deck, Member, Sample, SampleError, Shortfall, StudySet};
use crate::dataset::{Dataset, Study};
use crate::ids::{DeckId, StudyId};
use crate::protocol::{Allocation, Apart, Design, Finding, Frame, PerPatient, Protocol};
use crate::random::SplitMix64;

/// Draws decks and exploration sets as the protocol says.
///
/// The frame is sorted by study id and every arm has a random stream of its own, so the result
/// depends on dataset identity, labels, protocol and seed alone. A deck that is extended later
/// continues the same random order.
pub fn draw(dataset: &Dataset, protocol: &Protocol, seed: u64) -> Result<Sample, SampleError> {
    let any_available = dataset.studies.iter().any(|study| study.available);
    let limited = protocol.sampling.frame == Frame::Available
        && any_available
        && dataset.studies.iter().any(|study| !study.available);
    let available = |i: usize| dataset.studies.get(i).is_some_and(|study| study.available);
    let set = limited.then(|| StudySet::of(dataset.studies.len(), available));
    let drawing = Drawing::new(dataset, protocol, seed, set.as_ref());
    let mut sample = Sample {
        seed,
        limited_to_available: limited,
        frame_studies: to_u32(drawing.frame.len()),
        frame: set,
        ..Sample::default()
    };
    match protocol.design {
        Design::Verify => drawing.decks_per_finding(&mut sample)?,
        Design::Relabel | Design::Panel => drawing.one_deck(&mut sample)?,
    }
    drawing.explore(&mut sample);
    if sample.decks.iter().all(|deck| deck.members.is_empty()) {
        let why = "no study of the frame carries a label that the protocol audits";
        return Err(SampleError::Empty(why.to_owned()));
    }
    Ok(sample)
}

/// One arm of a deck: label-positives, controls, or a stratum.
pub(super) struct Arm {
    /// What names its random stream.
    pub(super) stream: Vec<String>,
    /// The arm as shortfalls name it.
    pub(super) name: &'static str,
    pub(super) label_positive: bool,
    pub(super) stratum: Option<String>,
    /// Places of its studies, in the order of ids.
    pub(super) candidates: Vec<usize>,
    /// How many are asked for.
    pub(super) planned: usize,
}

pub(super) struct Drawing<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) protocol: &'a Protocol,
    pub(super) seed: u64,
    pub(super) frame: Vec<usize>,
}

pub(super) fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl<'a> Drawing<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        protocol: &'a Protocol,
        seed: u64,
        set: Option<&StudySet>,
    ) -> Self {
        let all = 0..dataset.studies.len();
        let frame = all.filter(|&i| set.is_none_or(|set| set.contains(i))).collect();
        Self { dataset, protocol, seed, frame }
    }

    fn study(&self, place: usize) -> Option<&'a Study> {
        self.dataset.studies.get(place)
    }

    fn decks_per_finding(&self, sample: &mut Sample) -> Result<(), SampleError> {
        // Practice comes last, so that leaving it out moves no other deck.
        let mut asked: Vec<&Finding> = self.protocol.findings.iter().filter(|f| f.asked).collect();
        asked.sort_by_key(|finding| finding.practice);
        for finding in asked {
            let mut arms = self.arms_of(finding, None)?;
            if finding.practice {
                // What is practised on must not be read for figures.
                let read = sample.studies();
                let apart = |&i: &usize| self.study(i).is_some_and(|s| !read.contains(&s.id));
                for arm in &mut arms {
                    arm.candidates.retain(apart);
                }
            }
            let planned = arms.first().map_or(0, |arm| to_u32(arm.planned));
            let members = self.draw_arms(sample, Some(&finding.id), arms);
            self.add_deck(sample, Some(finding.id.clone()), planned, members);
        }
        Ok(())
    }

    /// The arms of a finding's deck. `size` overrides how many label-positives and controls are planned.
    pub(super) fn arms_of(
        &self,
        finding: &Finding,
        size: Option<(usize, usize)>,
    ) -> Result<Vec<Arm>, SampleError> {
        let mut mask = 0_u64;
        for label in self.protocol.labels_of(finding) {
            let column =
                self.dataset.finding_index(label).ok_or_else(|| SampleError::UnknownLabel {
                    label: label.to_owned(),
                    known: self.dataset.findings.join(", "),
                })?;
            mask |= 1 << column;
        }
        let mut arms = [("label-positive", true), ("control", false)].map(|(name, positive)| {
            let carries = |&i: &usize| {
                self.study(i).is_some_and(|study| {
                    if positive {
                        study.labels.positive & mask != 0
                    } else {
                        study.labels.negative & mask == mask
                    }
                })
            };
            Arm {
                stream: vec!["deck".to_owned(), finding.id.clone(), name.to_owned()],
                name,
                label_positive: positive,
                stratum: None,
                candidates: self.frame.iter().copied().filter(carries).collect(),
                planned: 0,
            }
        });
        let (positives, controls) = size.unwrap_or_else(|| self.planned(&arms));
        for (arm, planned) in arms.iter_mut().zip([positives, controls]) {
            arm.planned = planned;
        }
        Ok(arms.into_iter().filter(|arm| arm.label_positive || 0 < arm.planned).collect())
    }

    /// How many label-positives and controls the plan asks for.
    fn planned(&self, arms: &[Arm]) -> (usize, usize) {
        let plan = &self.protocol.sampling;
        if plan.allocation != Allocation::Neyman {
            return (plan.size as usize, plan.controls as usize);
        }
        let parts: Vec<Part> = arms
            .iter()
            .map(|arm| {
                let name = if arm.label_positive { "positive" } else { "negative" };
                let expected = plan.expected.get(name).copied();
                Part::new(arm.candidates.len(), plan.allocation, expected)
            })
            .collect();
        match divide(plan.size as usize, &parts).as_slice() {
            [positives, controls] => (*positives, *controls),
            _ => (plan.size as usize, 0),
        }
    }

    fn one_deck(&self, sample: &mut Sample) -> Result<(), SampleError> {
        let plan = &self.protocol.sampling;
        let arms = self.whole_arms(plan.size as usize, None)?;
        let members = self.draw_arms(sample, None, arms);
        self.add_deck(sample, None, plan.size, members);
        if 0 < plan.practice {
            self.practice_deck(sample);
        }
        Ok(())
    }

    /// Studies to learn on, drawn after those that are read for figures and apart from them.
    fn practice_deck(&self, sample: &mut Sample) {
        let read = sample.studies();
        let apart = |&i: &usize| self.study(i).is_some_and(|s| !read.contains(&s.id));
        let planned = self.protocol.sampling.practice;
        let arm = Arm {
            stream: vec!["deck".to_owned(), "practice".to_owned()],
            name: "practice",
            label_positive: false,
            stratum: None,
            candidates: self.frame.iter().copied().filter(apart).collect(),
            planned: planned as usize,
        };
        let members = self.draw_arms(sample, None, vec![arm]);
        let id = DeckId::derive(&[&self.dataset.identity, &self.seed.to_string(), "practice"]);
        sample.decks.push(Deck { id, finding: None, planned, members });
    }

    /// The arms of the one deck: the whole frame, or its strata. `drawn` holds what each has already.
    pub(super) fn whole_arms(
        &self,
        size: usize,
        drawn: Option<&BTreeMap<String, usize>>,
    ) -> Result<Vec<Arm>, SampleError> {
        let plan = &self.protocol.sampling;
        let arm = |stream: Vec<String>, stratum, candidates, planned| Arm {
            stream,
            name: "study",
            label_positive: false,
            stratum,
            candidates,
            planned,
        };
        let stream = vec!["deck".to_owned(), "all".to_owned()];
        if plan.stratify.is_empty() {
            return Ok(vec![arm(stream, None, self.frame.clone(), size)]);
        }
        let strata = strata(self.dataset, &self.frame, &plan.stratify);
        if let Some(name) = plan.expected.keys().find(|name| !strata.contains_key(*name)) {
            let known: Vec<&str> = strata.keys().map(String::as_str).collect();
            return Err(SampleError::UnknownStratum {
                name: name.clone(),
                known: known.join("; "),
            });
        }
        let parts: Vec<Part> = strata
            .iter()
            .map(|(name, places)| {
                Part::new(places.len(), plan.allocation, plan.expected.get(name).copied())
            })
            .collect();
        let mut shares = divide(size, &parts);
        if let Some(drawn) = drawn {
            keep_drawn(&mut shares, strata.keys(), drawn, size);
        }
        Ok(strata
            .into_iter()
            .zip(shares)
            .map(|((name, places), planned)| {
                let mut stream = stream.clone();
                stream.push(name.clone());
                arm(stream, Some(name), places, planned)
            })
            .collect())
    }

    fn add_deck(
        &self,
        sample: &mut Sample,
        finding: Option<String>,
        planned: u32,
        mut members: Vec<Member>,
    ) {
        let name = finding.as_deref().unwrap_or("all");
        let id = DeckId::derive(&[&self.dataset.identity, &self.seed.to_string(), name]);
        let repeats = self.protocol.sampling.repeats as usize;
        if 0 < repeats {
            let mut order: Vec<usize> = (0..members.len()).collect();
            SplitMix64::for_purpose(self.seed, &["repeat", name]).choose_front(&mut order, repeats);
            for i in order.into_iter().take(repeats) {
                if let Some(member) = members.get_mut(i) {
                    member.repeated = true;
                }
            }
        }
        sample.decks.push(Deck { id, finding, planned, members });
    }

    fn draw_arms(&self, sample: &mut Sample, finding: Option<&str>, arms: Vec<Arm>) -> Vec<Member> {
        let mut members = Vec::new();
        for arm in arms {
            let (planned, name) = (arm.planned, arm.name);
            let drawn = self.draw_arm(arm, |_| true);
            if drawn.len() < planned {
                sample.shortfall.push(Shortfall {
                    finding: finding.map(str::to_owned),
                    arm: name.to_owned(),
                    planned: to_u32(planned),
                    drawn: to_u32(drawn.len()),
                });
            }
            members.extend(drawn);
        }
        members
    }

    /// The first so many of an arm's random order that may be drawn.
    pub(super) fn draw_arm(&self, arm: Arm, may: impl Fn(&Study) -> bool) -> Vec<Member> {
        let purpose: Vec<&str> = arm.stream.iter().map(String::as_str).collect();
        let mut stream = SplitMix64::for_purpose(self.seed, &purpose);
        if self.protocol.sampling.per_patient == PerPatient::One {
            return self.one_per_patient(&arm, &mut stream, may);
        }
        let frame = to_u32(arm.candidates.len());
        let mut order = arm.candidates;
        let mut chosen = Vec::with_capacity(arm.planned);
        for i in 0..order.len() {
            if chosen.len() == arm.planned {
                break;
            }
            stream.bring_forward(&mut order, i);
            let study = order.get(i).and_then(|&place| self.study(place));
            chosen.extend(study.filter(|study| may(study)).map(|study| (study.id, 1)));
        }
        members(&chosen, frame, arm.label_positive, arm.stratum.as_ref())
    }

    fn one_per_patient(
        &self,
        arm: &Arm,
        stream: &mut SplitMix64,
        may: impl Fn(&Study) -> bool,
    ) -> Vec<Member> {
        let mut by_patient: BTreeMap<u32, Vec<&Study>> = BTreeMap::new();
        for study in arm.candidates.iter().filter_map(|&place| self.study(place)) {
            by_patient.entry(study.patient).or_default().push(study);
        }
        let mut patients: Vec<Vec<&Study>> = by_patient.into_values().collect();
        let frame = to_u32(patients.len());
        // A stream of its own, so that a longer draw picks the same studies of the same patients.
        let mut purpose: Vec<&str> = arm.stream.iter().map(String::as_str).collect();
        purpose.push("study");
        let mut which = SplitMix64::for_purpose(self.seed, &purpose);
        let mut chosen = Vec::with_capacity(arm.planned);
        for i in 0..patients.len() {
            if chosen.len() == arm.planned {
                break;
            }
            stream.bring_forward(&mut patients, i);
            let Some(studies) = patients.get(i) else { break };
            let study = studies.get(which.index(studies.len()));
            let of = to_u32(studies.len());
            chosen.extend(study.filter(|study| may(study)).map(|study| (study.id, of)));
        }
        members(&chosen, frame, arm.label_positive, arm.stratum.as_ref())
    }

    /// Exploration comes after the decks and never touches a study of theirs, or a patient where
    /// the protocol says so.
    fn explore(&self, sample: &mut Sample) {
        let plan = &self.protocol.sampling;
        let planned = plan.explore as usize;
        if planned == 0 {
            return;
        }
        let read = sample.studies();
        let patients = match plan.explore_apart {
            Apart::Study => HashSet::new(),
            Apart::Patient => patients_of(self.dataset, read.iter().copied()),
        };
        let mut explored = BTreeSet::new();
        for finding in &self.protocol.findings {
            let labels = self.protocol.labels_of(finding).into_iter();
            let columns: Option<Vec<usize>> =
                labels.map(|label| self.dataset.finding_index(label)).collect();
            let Some(columns) = columns else { continue };
            let mask = columns.iter().fold(0_u64, |mask, column| mask | 1 << column);
            let mut candidates: Vec<StudyId> = self
                .frame
                .iter()
                .filter_map(|&i| self.study(i))
                .filter(|study| study.labels.positive & mask != 0)
                .filter(|study| !patients.contains(&study.patient))
                .map(|study| study.id)
                .filter(|id| !read.contains(id) && !explored.contains(id))
                .collect();
            let mut stream = SplitMix64::for_purpose(self.seed, &["explore", &finding.id]);
            stream.choose_front(&mut candidates, planned);
            candidates.truncate(planned);
            explored.extend(candidates.iter().copied());
            if candidates.len() < planned {
                sample.shortfall.push(Shortfall {
                    finding: Some(finding.id.clone()),
                    arm: "exploration".to_owned(),
                    planned: plan.explore,
                    drawn: to_u32(candidates.len()),
                });
            }
            sample.explore.insert(finding.id.clone(), candidates);
        }
    }
}

/// Patients of studies.
pub(super) fn patients_of(
    dataset: &Dataset,
    studies: impl Iterator<Item = StudyId>,
) -> HashSet<u32> {
    studies
        .filter_map(|id| dataset.study_index(id).and_then(|i| dataset.studies.get(i)))
        .map(|study| study.patient)
        .collect()
}

fn members(
    chosen: &[(StudyId, u32)],
    frame: u32,
    label_positive: bool,
    stratum: Option<&String>,
) -> Vec<Member> {
    let drawn = to_u32(chosen.len());
    chosen
        .iter()
        .map(|&(study, of)| Member {
            study,
            label_positive,
            drawn,
            frame,
            of,
            stratum: stratum.cloned(),
            repeated: false,
        })
        .collect()
}

/// No stratum gives back what was drawn from it; the others bear the difference.
fn keep_drawn<'n>(
    shares: &mut [usize],
    names: impl Iterator<Item = &'n String>,
    drawn: &BTreeMap<String, usize>,
    size: usize,
) {
    let least: Vec<usize> = names.map(|name| drawn.get(name).copied().unwrap_or(0)).collect();
    for (share, least) in shares.iter_mut().zip(&least) {
        *share = (*share).max(*least);
    }
    while size < shares.iter().sum() {
        let spare = shares.iter_mut().zip(&least).max_by_key(|(share, least)| **share - **least);
        match spare {
            Some((share, least)) if *least < *share => *share -= 1,
            _ => break,
        }
    }
}
