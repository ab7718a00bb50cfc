//! The built-in demo study: public chest films and phantoms, unpacked beside a ready project.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use overread_core::{DatasetLabel, ImageId, ImageRef, Study, StudyId, sampling};
use overread_imaging::{DecodeLimits, DecodedImage, decode};
use overread_store::import::{self, Format, Import, Request};
use overread_store::import::{ImageFile, StudySource};
use overread_store::{Clock, Project};

use super::VerbError;
use super::project::{LEAD, load_protocol};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../assets/demo");

/// The seed of the demo's draw.
const SEED: u64 = 14;
/// The demo's one reader.
pub(crate) const READER: &str = "demo";

/// Where the demo was unpacked.
#[derive(Clone, Debug)]
pub struct DemoProject {
    /// The project file.
    pub project: PathBuf,
    /// Its reader.
    pub reader: String,
    /// Whether it was there already and reading goes on in it.
    pub existed: bool,
}

/// Unpacks films, labels and notice into a folder and makes a project there, unless it is there.
pub fn unpack(folder: &Path) -> Result<DemoProject, VerbError> {
    let project = folder.join("demo.overread");
    let reader = READER.to_owned();
    if project.is_file() {
        return Ok(DemoProject { project, reader, existed: true });
    }
    let films = folder.join("films");
    std::fs::create_dir_all(&films).map_err(VerbError::io("make the folder", &films))?;
    FILES.extract(&films).map_err(VerbError::io("unpack the demo study into", &films))?;
    let labels = [films.join("labels.csv")];
    let request =
        Request { format: Format::Cxr14, labels: &labels, map: None, images: Some(&films) };
    let mut import = import::read(&request)?;
    add_phantoms(&mut import);
    let protocol = load_protocol("demo")?;
    let device = crate::chains::first_device();
    let mut file = Project::create(&project, &import, &protocol, LEAD, &device, Clock::system())?;
    file.add_reader(READER, "reader", None, LEAD, &device)?;
    let dataset = file.dataset()?;
    let sample = sampling::draw(&dataset, &protocol, SEED)?;
    let list = sampling::worklist(&dataset, &protocol, &sample, READER);
    file.save_sample(&sample, &[list], LEAD, &device)?;
    super::adequacy::measure(&mut file, false)?;
    file.close()?;
    Ok(DemoProject { project, reader, existed: false })
}

/// The phantoms are studies of their own, labelled only as what they are.
fn add_phantoms(import: &mut Import) {
    let dataset = &mut import.dataset;
    let column = dataset.findings.len();
    dataset.findings.push("Phantom".to_owned());
    let patient = dataset.patients;
    dataset.patients += 1;
    import.patient_keys.push("PHANTOM".to_owned());
    let mut rows: Vec<(Study, StudySource)> = std::mem::take(&mut dataset.studies)
        .into_iter()
        .zip(std::mem::take(&mut import.sources))
        .collect();
    for file in FILES.get_dir("phantoms").into_iter().flat_map(Dir::files) {
        let Some(path) = file.path().to_str() else { continue };
        let key = path.replace('\\', "/");
        let mut labels = overread_core::Labels::default();
        labels.set(column, DatasetLabel::Positive);
        let study = Study {
            id: StudyId::derive(&[&dataset.identity, &key]),
            patient,
            labels,
            images: vec![ImageRef {
                id: ImageId::derive(&[&dataset.identity, &key]),
                view: None,
                grey_levels: None,
            }],
            available: true,
            sex: None,
            age_years: None,
            region: Some(overread_core::Word::from("PHANTOM")),
            split: None,
        };
        let image = ImageFile {
            key: key.clone(),
            path: Some(key.clone()),
            bytes: Some(file.contents().len() as u64),
        };
        rows.push((study, StudySource { key, images: vec![image] }));
    }
    rows.sort_by_key(|(study, _)| study.id);
    (import.dataset.studies, import.sources) = rows.into_iter().unzip();
}

/// One of the demo's phantoms, decoded: a full-depth film that is always at hand.
pub(crate) fn phantom() -> Result<DecodedImage, VerbError> {
    let file = FILES
        .get_file("phantoms/wedge.dcm")
        .ok_or_else(|| VerbError::Other("The demo study holds no phantom.".to_owned()))?;
    decode(file.contents(), &DecodeLimits::default())
        .map_err(|error| VerbError::Other(format!("The demo's phantom does not decode: {error}.")))
}
