//! The header of a DICOM file without its pixels: which study, series and view
//! a file belongs to. Reads a few kilobytes of each file and nothing behind
//! the image's dimensions, so that a folder of many thousands is listed in seconds.

mod age;
mod feed;
mod walk;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

pub use age::years;

/// What tells the images of a dataset apart. Texts are trimmed; what a file does not say, or
/// says illegibly, is `None`.
///
/// Holds identifiers of the patient: it is for importing, and never for a reader's screen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    /// Transfer Syntax UID (0002,0010).
    pub transfer_syntax: Option<String>,
    /// SOP Class UID (0008,0016).
    pub sop_class_uid: Option<String>,
    /// SOP Instance UID (0008,0018).
    pub sop_uid: Option<String>,
    /// Study Instance UID (0020,000D).
    pub study_uid: Option<String>,
    /// Series Instance UID (0020,000E).
    pub series_uid: Option<String>,
    /// Patient ID (0010,0020).
    pub patient_id: Option<String>,
    /// Patient's Sex (0010,0040), upper case: `F`, `M` or `O`.
    pub sex: Option<String>,
    /// Years, from Patient's Age (0010,1010), or else from the dates of birth and study.
    pub age_years: Option<f64>,
    /// Modality (0008,0060), e.g. `DX`.
    pub modality: Option<String>,
    /// Manufacturer (0008,0070).
    pub manufacturer: Option<String>,
    /// Manufacturer's Model Name (0008,1090).
    pub model: Option<String>,
    /// Body Part Examined (0018,0015), upper case.
    pub body_part: Option<String>,
    /// View Position (0018,5101), upper case, e.g. `PA`.
    pub view_position: Option<String>,
    /// Image Laterality (0020,0062), or else Laterality (0020,0060): `L`, `R`, `B`, `U`.
    pub laterality: Option<String>,
    /// Study Date (0008,0020), `YYYYMMDD` as written.
    pub study_date: Option<String>,
    /// Acquisition Time (0008,0032), or else Content Time (0008,0033), as written.
    pub acquisition_time: Option<String>,
    /// Series Number (0020,0011).
    pub series_number: Option<i64>,
    /// Acquisition Number (0020,0012).
    pub acquisition_number: Option<i64>,
    /// Instance Number (0020,0013).
    pub instance_number: Option<i64>,
    /// Presentation Intent Type (0008,0068) is FOR PROCESSING: not meant for reading.
    pub for_processing: bool,
    /// Rows (0028,0010).
    pub rows: Option<u32>,
    /// Columns (0028,0011).
    pub cols: Option<u32>,
    /// Number of Frames (0028,0008); 1 when not given.
    pub frames: u32,
}

impl Header {
    /// Whether the object describes an image: reports and directories have no dimensions.
    pub fn is_image(&self) -> bool {
        self.rows.is_some_and(|n| n > 0) && self.cols.is_some_and(|n| n > 0)
    }

    /// The order of images within a study: series, acquisition, instance, then time.
    pub fn order(&self) -> (i64, i64, i64, &str) {
        let number = |n: Option<i64>| n.unwrap_or(i64::MAX);
        (
            number(self.series_number),
            number(self.acquisition_number),
            number(self.instance_number),
            self.acquisition_time.as_deref().unwrap_or(""),
        )
    }
}

/// Why a header could not be read. The texts never hold a path or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The content is not DICOM.
    #[error("not a DICOM file")]
    NotDicom,
    /// The file cannot be opened or read.
    #[error("the file cannot be read: {0}")]
    Unreadable(std::io::ErrorKind),
    /// The header breaks the rules of the format.
    #[error("damaged DICOM header: {0}")]
    Damaged(&'static str),
}

/// Reads the header of a file.
pub fn read_path(path: &Path) -> Result<Header, IndexError> {
    let file = File::open(path).map_err(|e| IndexError::Unreadable(e.kind()))?;
    walk::read(file)
}

/// Reads the header of a file that is in memory already; its first part is enough, when that
/// reaches Rows and Columns.
pub fn read_bytes(bytes: &[u8]) -> Result<Header, IndexError> {
    walk::read(std::io::Cursor::new(bytes))
}

/// Reads the headers of many files on all cores, in the order of `paths`. `progress` hears
/// from any thread how many are done.
pub fn read_all<P: AsRef<Path> + Sync>(
    paths: &[P],
    progress: impl Fn(usize) + Sync,
) -> Vec<Result<Header, IndexError>> {
    let done = AtomicUsize::new(0);
    paths
        .par_iter()
        .map(|path| {
            let header = read_path(path.as_ref());
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            header
        })
        .collect()
}
