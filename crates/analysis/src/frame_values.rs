//! How many studies of the frame have each value of an attribute, by label: what weights within a value rest on.

use std::collections::{BTreeMap, HashMap};

use overread_core::{Dataset, Study};

use crate::dataset::{Attribute, NOT_STATED};

/// The value of every attribute of every study, as numbers: the frame of each deck is counted from these.
#[derive(Debug)]
pub(crate) struct ValueCodes(Vec<(Attribute, Codes)>);

#[derive(Debug)]
struct Codes {
    /// Value by code.
    names: Vec<String>,
    /// Code by place in the dataset.
    of: Vec<u32>,
}

impl ValueCodes {
    pub(crate) fn new(dataset: &Dataset, per_patient: &[u32]) -> Self {
        let codes = |attribute: Attribute| {
            let mut known: HashMap<&str, u32> = HashMap::new();
            let code = |study| {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *known.entry(attribute.value(study, per_patient)).or_insert(next)
            };
            let of = dataset.studies.iter().map(code).collect();
            let mut names: Vec<(&str, u32)> = known.into_iter().collect();
            names.sort_unstable_by_key(|(_, code)| *code);
            Codes { names: names.into_iter().map(|(name, _)| name.to_owned()).collect(), of }
        };
        Self(Attribute::STRATA.map(|attribute| (attribute, codes(attribute))).into())
    }
}

/// Studies of one deck's frame, label-positive and label-negative.
type Arms = [u64; 2];

/// The frame of a deck that was drawn by label, divided by attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameValues(Result<BTreeMap<(&'static str, String), Arms>, &'static str>);

const OTHER_FRAME: &str = "the labels of the frame are not those that the deck was drawn from";
const NOT_MEASURED: &str = "grey levels were measured of a part of the frame alone, so that the frame cannot be counted by them";

impl FrameValues {
    /// A frame that cannot be counted, and why.
    pub(crate) fn refused(reason: &'static str) -> Self {
        Self(Err(reason))
    }

    /// Counts the studies of a frame, given by place; `held` is what the draw found in each arm.
    pub(crate) fn count<'s>(
        codes: &ValueCodes,
        studies: impl Iterator<Item = (usize, &'s Study)>,
        stated: impl Fn(&Study) -> Option<bool>,
        held: [Option<u64>; 2],
    ) -> Self {
        let mut counts: Vec<Vec<Arms>> =
            codes.0.iter().map(|(_, codes)| vec![[0; 2]; codes.names.len()]).collect();
        let mut all: Arms = [0; 2];
        let add = |arms: &mut Arms, positive: bool| {
            let [of_positive, of_negative] = arms;
            *(if positive { of_positive } else { of_negative }) += 1;
        };
        for (place, study) in studies {
            let Some(positive) = stated(study) else { continue };
            add(&mut all, positive);
            for ((_, codes), counts) in codes.0.iter().zip(&mut counts) {
                let code = codes.of.get(place).and_then(|code| usize::try_from(*code).ok());
                if let Some(arms) = code.and_then(|code| counts.get_mut(code)) {
                    add(arms, positive);
                }
            }
        }
        if held.iter().zip(all).any(|(held, counted)| held.is_some_and(|held| held != counted)) {
            return Self::refused(OTHER_FRAME);
        }
        let attributes = codes.0.iter().zip(counts);
        let cells = attributes.flat_map(|((attribute, codes), counts)| {
            let named = codes.names.iter().zip(counts);
            named.map(|(name, arms)| ((attribute.name(), name.clone()), arms))
        });
        Self(Ok(cells.collect()))
    }

    /// Label-positive and label-negative studies of the frame with a value, or why they are not known.
    pub(crate) fn with(&self, attribute: Attribute, value: &str) -> Result<Arms, &'static str> {
        let cells = self.0.as_ref().map_err(|reason| *reason)?;
        let of = |value: &str| {
            cells.get(&(attribute.name(), value.to_owned())).copied().unwrap_or_default()
        };
        // A view or a sex that is not stated is a value of its own; a film that was not measured may have any.
        if attribute == Attribute::GreyLevels && of(NOT_STATED) != [0; 2] {
            return Err(NOT_MEASURED);
        }
        Ok(of(value))
    }
}
