//! Label files that look like those of public datasets and hold nothing of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The four label files of MURA.
#[derive(Clone, Debug, Default)]
pub struct Mura {
    /// Names and texts of the files.
    pub files: [(&'static str, String); 4],
    /// Studies of both splits.
    pub studies: u64,
    /// Images of both splits.
    pub images: u64,
    /// Abnormal studies.
    pub abnormal: u64,
}

/// Region, then normal and abnormal studies of the training and of the validation split, as the
/// paper counts them (Rajpurkar et al. 2018, Table 1).
const REGIONS: [(&str, [u64; 2], [u64; 2]); 7] = [
    ("XR_ELBOW", [1_094, 660], [92, 66]),
    ("XR_FINGER", [1_280, 655], [92, 83]),
    ("XR_HAND", [1_497, 521], [101, 66]),
    ("XR_HUMERUS", [321, 271], [68, 67]),
    ("XR_FOREARM", [590, 287], [69, 64]),
    ("XR_SHOULDER", [1_364, 1_457], [99, 95]),
    ("XR_WRIST", [2_134, 1_326], [140, 97]),
];

/// Label files in the layout of MURA, of its full shape: counts by region, label and split, several
/// views of a study, several studies of a patient, and paths that give the label away.
pub fn mura() -> Mura {
    let mut made = Mura::default();
    let splits = [
        ("train", "train_image_paths.csv", "train_labeled_studies.csv", 36_808, 11_184),
        ("valid", "valid_image_paths.csv", "valid_labeled_studies.csv", 3_197, 783),
    ];
    for (at, (split, paths_name, labels_name, images, patients)) in splits.into_iter().enumerate() {
        let rows = studies_of_split(at);
        let count = rows.len() as u64;
        let (mut paths, mut labels) = (String::new(), String::new());
        let mut seen: BTreeMap<(&str, u64), u64> = BTreeMap::new();
        for (n, (region, positive)) in (0_u64..).zip(rows) {
            // Neighbours in the list share a patient now and then.
            let patient = 1 + n * patients / count + at as u64 * 11_184;
            let nth = seen.entry((region, patient)).or_default();
            *nth += 1;
            let word = if positive { "positive" } else { "negative" };
            let study = format!("MURA-v1.1/{split}/{region}/patient{patient:05}/study{nth}_{word}");
            writeln!(labels, "{study}/,{}", u8::from(positive)).ok();
            for image in 1..=views(n, count, images) {
                writeln!(paths, "{study}/image{image}.png").ok();
                made.images += 1;
            }
            made.studies += 1;
            made.abnormal += u64::from(positive);
        }
        made.files[2 * at] = (paths_name, paths);
        made.files[2 * at + 1] = (labels_name, labels);
    }
    made
}

/// Regions and labels, mixed so that neighbours differ.
fn studies_of_split(at: usize) -> Vec<(&'static str, bool)> {
    let mut rows: Vec<(u64, &str, bool)> = Vec::new();
    for (region, train, valid) in REGIONS {
        let counts = [train, valid][at];
        for (positive, count) in [(false, counts[0]), (true, counts[1])] {
            for n in 0..count {
                // Spread evenly over the list.
                let place = (2 * n + 1) * 1_000_000 / (2 * count);
                rows.push((place, region, positive));
            }
        }
    }
    rows.sort_unstable();
    rows.into_iter().map(|(_, region, positive)| (region, positive)).collect()
}

/// One to four views, so many that all studies of the split together have as many as they should.
fn views(n: u64, count: u64, images: u64) -> u64 {
    let even = (n + 1) * images / count - n * images / count;
    let pairs = count / 2 * 2;
    match n % 2 {
        0 if n < pairs => even + 1,
        1 if n < pairs => even - 1,
        _ => even,
    }
}

/// The fourteen classes of `ChestX-ray14`.
pub const CHEST: [&str; 14] = [
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Effusion",
    "Emphysema",
    "Fibrosis",
    "Hernia",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pleural_Thickening",
    "Pneumonia",
    "Pneumothorax",
];

/// First line of a label table of `ChestX-ray14`, without its end.
pub const CHEST_HEADER: &str = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]";

/// A release of `ChestX-ray14`'s label table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Of 2017: line ends of two bytes, ages with a unit, a comma at the end of each line.
    First,
    /// Of 2020: without all that.
    Second,
}

/// A label table in the layout of ChestX-ray14's second release: so many patients, up to four films each.
pub fn chest(patients: u64) -> String {
    chest_of(Release::Second, patients)
}

/// The same table in the layout of a release.
pub fn chest_of(release: Release, patients: u64) -> String {
    let end = match release {
        Release::First => ",\r\n",
        Release::Second => "\n",
    };
    let mut text = format!("{CHEST_HEADER}{end}");
    for patient in 1..=patients {
        for follow_up in 0..=patient % 4 {
            let n = patient * 31 + follow_up * 17;
            let labels: Vec<&str> = (0_u64..)
                .zip(CHEST)
                .filter(|(at, _)| {
                    (n / (at + 2)).is_multiple_of(at + 4) && (n + at).is_multiple_of(3)
                })
                .map(|(_, finding)| finding)
                .collect();
            let cell = if labels.is_empty() { "No Finding".to_owned() } else { labels.join("|") };
            let sex = if patient.is_multiple_of(2) { "M" } else { "F" };
            let view = if n.is_multiple_of(2) { "PA" } else { "AP" };
            let age = match release {
                Release::First => format!("{:03}Y", 20 + n % 70),
                Release::Second => (20 + n % 70).to_string(),
            };
            write!(
                text,
                "{patient:08}_{follow_up:03}.png,{cell},{follow_up},{patient},{age},{sex},{view},2048,2500,0.171,0.171{end}"
            )
            .ok();
        }
    }
    text
}
