//! The judgement on an image's grey levels: a fact about its file, known without any reading.

use serde::{Deserialize, Serialize};

/// What clipping and re-quantisation left of an image's grey levels; the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdequacyClass {
    /// Nothing found.
    Adequate,
    /// Fewer than 128 levels, in data that could hold more.
    FewLevels,
    /// Levels merged after quantisation: some bins hold two.
    Requantised,
    /// Levels spread after quantisation: some bins are empty.
    Stretched,
    /// Fewer than half of the levels in use, regularly spaced.
    Posterised,
    /// Areas at an end of the scale: what was there is lost.
    Clipped,
    /// Large areas at an end of the scale.
    SeverelyClipped,
    /// Colour: not judged.
    NotApplicable,
}

impl AdequacyClass {
    /// Every class, the best first.
    pub const ALL: [Self; 8] = [
        Self::Adequate,
        Self::FewLevels,
        Self::Requantised,
        Self::Stretched,
        Self::Posterised,
        Self::Clipped,
        Self::SeverelyClipped,
        Self::NotApplicable,
    ];

    /// The word in files: `severely_clipped`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Adequate => "adequate",
            Self::FewLevels => "few_levels",
            Self::Requantised => "requantised",
            Self::Stretched => "stretched",
            Self::Posterised => "posterised",
            Self::Clipped => "clipped",
            Self::SeverelyClipped => "severely_clipped",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// The class of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// In words, as a value of the attribute *grey levels*: `severely clipped`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Adequate => "adequate",
            Self::FewLevels => "few",
            Self::Requantised => "merged",
            Self::Stretched => "stretched",
            Self::Posterised => "posterised",
            Self::Clipped => "clipped",
            Self::SeverelyClipped => "severely clipped",
            Self::NotApplicable => "not judged (colour)",
        }
    }

    /// The class of a study: the worst of its images, once every one of them was measured.
    ///
    /// Colour images are left out where there are grey ones.
    pub fn of_study(images: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let classes: Option<Vec<Self>> = images.into_iter().collect();
        let classes = classes?;
        let grey = classes.iter().copied().filter(|class| *class != Self::NotApplicable).max();
        grey.or_else(|| classes.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_word() {
        for class in AdequacyClass::ALL {
            assert_eq!(AdequacyClass::from_word(class.word()), Some(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.word());
        }
        assert_eq!(AdequacyClass::from_word("Adequate"), None);
    }

    #[test]
    fn a_study_is_as_bad_as_its_worst_film_and_nothing_before_all_were_measured() {
        use AdequacyClass::*;
        let of = |images: &[Option<AdequacyClass>]| AdequacyClass::of_study(images.iter().copied());
        assert_eq!(of(&[Some(Adequate), Some(Clipped)]), Some(Clipped));
        assert_eq!(of(&[Some(Clipped), None]), None);
        assert_eq!(of(&[Some(NotApplicable), Some(Adequate)]), Some(Adequate));
        assert_eq!(of(&[Some(NotApplicable)]), Some(NotApplicable));
        assert_eq!(of(&[]), None);
    }
}
