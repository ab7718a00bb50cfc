//! What can go wrong between bytes and pixels.

/// Why an image could not be decoded. The texts never hold a path or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The content is none of the formats that are read.
    #[error("the content is not an image format that can be read (DICOM, PNG, JPEG, TIFF, BMP)")]
    UnknownFormat,
    /// The file breaks the rules of its format.
    #[error("damaged {format} data: {what}")]
    Damaged {
        /// The format, by its name.
        format: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A lawful feature that is not read.
    #[error("{format}: {what} cannot be read")]
    Unsupported {
        /// The format, by its name.
        format: &'static str,
        /// The feature.
        what: String,
    },
    /// Decoding would need more memory than the budget.
    #[error("decoding would take {needed} MiB of memory, more than the {limit} MiB allowed")]
    TooLarge {
        /// What it would take, MiB.
        needed: u64,
        /// What is allowed, MiB.
        limit: u64,
    },
    /// A DICOM object without an image.
    #[error("the DICOM object holds no pixel data")]
    NoPixels,
    /// A frame beyond the last.
    #[error("frame {frame} was asked for, the image has {frames}")]
    NoSuchFrame {
        /// The frame asked for, counted from 1.
        frame: u32,
        /// How many there are.
        frames: u32,
    },
    /// A third-party decoder failed in a way it should not.
    #[error("the decoder stumbled over this file; its content is probably damaged")]
    DecoderFault,
}

impl DecodeError {
    /// What can be done about it: a whole sentence.
    pub fn advice(&self) -> String {
        match self {
            Self::Empty => "Copy it again from where it came from.".to_owned(),
            Self::UnknownFormat => {
                "Formats are told by content, not by name: name the image itself, or convert it to one of these.".to_owned()
            }
            Self::Damaged { .. } => {
                "Copy it again from where it came from; if that does not help, it was written so.".to_owned()
            }
            Self::Unsupported { .. } => {
                "Convert it with another program to an uncompressed transfer syntax or to PNG.".to_owned()
            }
            Self::TooLarge { .. } => {
                "Its header may be wrong: compare Rows and Columns with what the image shows elsewhere.".to_owned()
            }
            Self::NoPixels => {
                "It may be a report, a plan or a presentation state: name the object that holds the image.".to_owned()
            }
            Self::NoSuchFrame { frames, .. } => format!("Choose a frame from 1 to {frames}."),
            Self::DecoderFault => {
                "Try another copy of it; if this one opens elsewhere, please report it.".to_owned()
            }
        }
    }

    pub(crate) fn damaged(format: &'static str, what: impl Into<String>) -> Self {
        Self::Damaged { format, what: what.into() }
    }

    pub(crate) fn unsupported(format: &'static str, what: impl Into<String>) -> Self {
        Self::Unsupported { format, what: what.into() }
    }
}

/// What a decode may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Bytes of memory that one image may take while it is decoded.
    pub max_bytes: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { max_bytes: 512 << 20 }
    }
}

impl DecodeLimits {
    /// Refuses a need of `bytes` when it exceeds the budget.
    pub(crate) fn check(self, bytes: u64) -> Result<(), DecodeError> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(DecodeError::TooLarge { needed: bytes.div_ceil(1 << 20), limit: self.max_bytes >> 20 })
    }

    /// Refuses `width × height` pixels of `per_pixel` working bytes each.
    pub(crate) fn check_pixels(
        self,
        width: u64,
        height: u64,
        per_pixel: u64,
    ) -> Result<(), DecodeError> {
        self.check(width.saturating_mul(height).saturating_mul(per_pixel))
    }
}
