//! A folder of DICOM files by their headers.

use std::path::Path;

use overread_core::Sex;
use overread_imaging::index::{Header, IndexError, read_all};
use overread_store::import::dicom::{DicomFile, DicomFolder, LeftOut, list_files};
use overread_store::import::{self, Import, Request};

use super::VerbError;

/// Reads the headers below the request's image folder; labels come from its mapped table, if any.
pub(super) fn read(request: &Request<'_>, keep_patient_ids: bool) -> Result<Import, VerbError> {
    let Some(root) = request.images else {
        let text = "The format `dicom` reads the headers of a folder: name it with --images DIR.";
        return Err(VerbError::Other(text.to_owned()));
    };
    let listed = list_files(root)?;
    let paths: Vec<_> = listed.iter().map(|(path, _)| root.join(path)).collect();
    let headers = read_all(&paths, |_done| {});
    let mut folder =
        DicomFolder { root, files: Vec::new(), left_out: Vec::new(), keep_patient_ids };
    for ((path, bytes), header) in listed.into_iter().zip(headers) {
        match header {
            Ok(header) => match file_of(&path, bytes, &header) {
                Ok(file) => folder.files.push(file),
                Err(why) => folder.left_out.push(LeftOut { path, why: why.to_owned() }),
            },
            // Readme files and the like are no rows of anything.
            Err(IndexError::NotDicom) if !is_named_dicom(&path) => {}
            Err(why) => folder.left_out.push(LeftOut { path, why: why.to_string() }),
        }
    }
    Ok(import::read_dicom(request, &folder)?)
}

fn is_named_dicom(path: &str) -> bool {
    let ending = Path::new(path).extension();
    ending.is_some_and(|e| e.eq_ignore_ascii_case("dcm") || e.eq_ignore_ascii_case("dicom"))
}

fn file_of(path: &str, bytes: u64, header: &Header) -> Result<DicomFile, &'static str> {
    if !header.is_image() {
        return Err("no image: a report, a directory or another object without pixels");
    }
    if header.for_processing {
        return Err("not meant for reading (presentation intent FOR PROCESSING)");
    }
    let Some(study) = header.study_uid.clone() else {
        return Err("the Study Instance UID is missing");
    };
    let Some(image) = header.sop_uid.clone() else {
        return Err("the SOP Instance UID is missing");
    };
    let order = header.order();
    Ok(DicomFile {
        path: path.to_owned(),
        bytes,
        study,
        image,
        patient: header.patient_id.clone(),
        region: header.body_part.clone(),
        view: header.view_position.clone(),
        sex: match header.sex.as_deref() {
            Some("F") => Some(Sex::Female),
            Some("M") => Some(Sex::Male),
            _ => None,
        },
        age_years: header.age_years.and_then(whole_years),
        order: (order.0, order.1, order.2),
    })
}

/// Completed years; an impossible age is left out.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between 0 and 122"
)]
fn whole_years(years: f64) -> Option<u16> {
    (0.0..=122.0).contains(&years).then(|| years.floor() as u16)
}
