//! Opaque ids, derived so that any machine derives the same ones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: 16 lower-case hexadecimal digits are needed")]
pub struct ParseIdError(String);

/// The first 64 bits of SHA-256 over the parts, joined by a byte no part may hold.
pub fn digest64(parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    absorb_all(&mut hasher, parts);
    first64(hasher)
}

fn absorb_all(hasher: &mut Sha256, parts: &[&str]) {
    for part in parts {
        absorb(hasher, part);
    }
}

fn absorb(hasher: &mut Sha256, part: &str) {
    hasher.update(part.as_bytes());
    hasher.update([0x1f]);
}

fn first64(hasher: Sha256) -> u64 {
    let bytes = hasher.finalize();
    bytes.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $domain:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// Derives the id from what it stands for: the same parts give the same id everywhere.
            pub fn derive(parts: &[&str]) -> Self {
                let mut hasher = Sha256::new();
                absorb(&mut hasher, $domain);
                absorb_all(&mut hasher, parts);
                Self(first64(hasher))
            }

            /// As [`Self::derive`] for many ids that differ in their last part alone.
            pub fn deriver(parts: &[&str]) -> impl Fn(&str) -> Self + use<> {
                let mut hasher = Sha256::new();
                absorb(&mut hasher, $domain);
                absorb_all(&mut hasher, parts);
                move |last| {
                    let mut hasher = hasher.clone();
                    absorb(&mut hasher, last);
                    Self(first64(hasher))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let hexadecimal = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if text.len() != 16 || !hexadecimal {
                    return Err(ParseIdError(text.to_owned()));
                }
                u64::from_str_radix(text, 16).map(Self).map_err(|_bad| ParseIdError(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Digits;
                impl serde::de::Visitor<'_> for Digits {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("16 lower-case hexadecimal digits")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Digits)
            }
        }
    };
}

id!(
    /// A study of the dataset. Derived from the dataset's identity and the study's key in it.
    StudyId,
    "study"
);
id!(
    /// One image (view) of a study.
    ImageId,
    "image"
);
id!(
    /// A deck: the studies drawn to audit one finding, or the one sample of a relabelling.
    DeckId,
    "deck"
);
id!(
    /// One study to be read once by one reader for one question.
    ItemId,
    "item"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_parse_and_separate_their_kinds() {
        let study = StudyId::derive(&["dataset", "a.png"]);
        assert_eq!(study.to_string().parse(), Ok(study));
        assert_ne!(study.0, ImageId::derive(&["dataset", "a.png"]).0);
        assert_ne!(study, StudyId::derive(&["dataseta", ".png"]), "parts do not run together");
        assert_eq!(StudyId::deriver(&["dataset"])("a.png"), study);
        assert!("00FF".parse::<StudyId>().is_err());
        assert!("00000000000000FF".parse::<StudyId>().is_err(), "upper case is not canonical");
    }
}
