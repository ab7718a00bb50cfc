//! What a reader may see of an item. What this type lacks cannot leak.

use crate::dataset::{Dataset, Sex, Word};
use crate::ids::{ImageId, ItemId};
use crate::protocol::{Protocol, Rule};
use crate::sampling::{Item, Sample};

/// One image of a blinded item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedImage {
    /// The opaque id, by which the store finds the pixels.
    pub id: ImageId,
    /// View position, such as `PA`.
    pub view: Option<Word>,
}

/// A finding that is asked, with a letter where several are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFinding {
    /// Stable id.
    pub id: String,
    /// Name on screen.
    pub name: String,
    /// The question in words.
    pub question: String,
    /// The letter that focuses it.
    pub key: Option<char>,
}

/// A finding that may be marked as also present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedFinding {
    /// Stable id.
    pub id: String,
    /// Name on screen.
    pub name: String,
}

/// A tag that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedTag {
    /// Stable id.
    pub id: String,
    /// Name on screen.
    pub name: String,
    /// Its letter.
    pub key: char,
}

/// Everything the reading screen is built from.
///
/// It holds no dataset label, no other reader's answer, no path, no file name and no patient id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedItem {
    /// The opaque id.
    pub item: ItemId,
    /// The number by which the study is named on screen.
    pub study_number: u32,
    /// What is asked: one finding, or all of the scheme.
    pub asked: Vec<AskedFinding>,
    /// Level names, lowest first.
    pub levels: Vec<String>,
    /// The rules in words.
    pub rules: Vec<Rule>,
    /// The tags on offer.
    pub tags: Vec<OfferedTag>,
    /// The findings that may be marked as also present: they follow from the protocol and the question alone.
    pub beside: Vec<OfferedFinding>,
    /// The images, in reading order.
    pub images: Vec<BlindedImage>,
    /// Body region.
    pub region: Option<Word>,
    /// Stated sex, only where the protocol shows it.
    pub sex: Option<Sex>,
    /// Stated age in years, only where the protocol shows it.
    pub age_years: Option<u16>,
}

impl BlindedItem {
    /// Builds the item's blinded form; `None` if the item's study or deck is unknown.
    pub fn new(
        dataset: &Dataset,
        protocol: &Protocol,
        sample: &Sample,
        study_number: u32,
        item: &Item,
    ) -> Option<Self> {
        let deck = sample.decks.get(item.deck as usize)?;
        let study = dataset.study_index(item.study).and_then(|i| dataset.studies.get(i))?;
        let finding = item.finding.as_deref().or(deck.finding.as_deref());
        let shown = protocol.reading.show_sex_age;
        Some(Self {
            item: item.id,
            study_number,
            asked: protocol
                .asked(finding)
                .map(|f| AskedFinding {
                    id: f.id.clone(),
                    name: f.name.clone(),
                    question: f.question.clone(),
                    key: f.key,
                })
                .collect(),
            levels: protocol.levels.clone(),
            rules: protocol.rules.clone(),
            tags: protocol
                .tags
                .iter()
                .filter(|tag| tag.offered_for(finding))
                .map(|t| OfferedTag { id: t.id.clone(), name: t.name.clone(), key: t.key })
                .collect(),
            beside: protocol
                .beside(finding)
                .map(|f| OfferedFinding { id: f.id.clone(), name: f.name.clone() })
                .collect(),
            images: study
                .images
                .iter()
                .map(|image| BlindedImage { id: image.id, view: image.view.clone() })
                .collect(),
            region: study.region.clone(),
            sex: study.sex.filter(|_| shown),
            age_years: study.age_years.filter(|_| shown),
        })
    }
}
