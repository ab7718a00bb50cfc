//! From a label table of one's own to a drawn sample, the same on every machine.

use anyhow::{Context as _, Result};
use overread_tests::Place;
use serde_json::Value;
use std::fmt::Write as _;

const FINDINGS: [&str; 14] = [
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

/// Films, patients and films labelled Hernia, as written.
struct Written {
    text: String,
    films: u64,
    patients: u64,
    hernias: u64,
}

/// The layout of the first release: line ends of two bytes, ages with a unit, a comma at the end
/// of each line; or of the second, without all that.
fn table(first_release: bool) -> Written {
    let (end, unit, last) = if first_release { ("\r\n", "Y", ",") } else { ("\n", "", "") };
    let mut text = format!(
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]{last}{end}"
    );
    let (mut films, mut hernias) = (0, 0);
    let patients = 1_400;
    for patient in 1..=patients {
        for follow_up in 0..=patient % 4 {
            let n = patient * 31 + follow_up * 17;
            let mut labels: Vec<&str> = Vec::new();
            for (at, finding) in (0..).zip(FINDINGS) {
                if (n / (at + 2)) % (at + 4) == 0 && (n + at) % 3 == 0 {
                    labels.push(finding);
                }
            }
            hernias += u64::from(labels.contains(&"Hernia"));
            let cell = if labels.is_empty() { "No Finding".to_owned() } else { labels.join("|") };
            let age = 20 + n % 70;
            let age = if first_release { format!("{age:03}{unit}") } else { age.to_string() };
            let (sex, view) = (["M", "F"][(patient % 2) as usize], ["PA", "AP"][(n % 2) as usize]);
            write!(
                text,
                "{patient:08}_{follow_up:03}.png,{cell},{follow_up},{patient},{age},{sex},{view},2048,2500,0.171,0.171{last}{end}"
            )
            .ok();
            films += 1;
        }
    }
    Written { text, films, patients, hernias }
}

/// Makes, adds and draws; gives what `sample` and `info` say.
fn draw(place: &Place, folder: &str, text: &str) -> Result<(Value, Value)> {
    let labels = place.write(&format!("{folder}/Data_Entry.csv"), text)?;
    let project = place.at(&format!("{folder}/own.overread"));
    // None of the films is here, so the frame is every study of the table.
    let protocol = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../assets/protocols/cxr14-controls.toml"),
    )?;
    let protocol = protocol.replace("frame = \"available\"", "frame = \"all\"");
    let protocol = place.write(&format!("{folder}/own.toml"), protocol)?;
    place.ok(&[
        "new".as_ref(),
        project.as_os_str(),
        "--labels".as_ref(),
        labels.as_os_str(),
        "--format".as_ref(),
        "cxr14".as_ref(),
        "--protocol".as_ref(),
        protocol.as_os_str(),
    ])?;
    for name in ["R1", "R2"] {
        place.ok(&["readers".as_ref(), project.as_os_str(), "add".as_ref(), name.as_ref()])?;
    }
    let words = [
        "sample".as_ref(),
        project.as_os_str(),
        "--seed".as_ref(),
        "14".as_ref(),
        "--json".as_ref(),
    ];
    let sample = place.json(&words)?;
    let info = place.json(&["info".as_ref(), project.as_os_str(), "--json".as_ref()])?;
    let again = place.run(&words)?;
    assert_eq!(again.status, 1, "a second drawing was not refused: {again:?}");
    Ok((sample, info))
}

/// What was drawn for whom, by ids.
fn drawn(place: &Place, folder: &str) -> Result<Vec<(String, i64, String, String)>> {
    let database = rusqlite::Connection::open(place.at(&format!("{folder}/own.overread")))?;
    let mut query =
        database.prepare("SELECT reader, place, item, study FROM v_worklist ORDER BY 1, 2")?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

#[test]
fn a_table_of_either_release_is_counted_and_drawn_as_written() -> Result<()> {
    let place = Place::new()?;
    for first_release in [true, false] {
        let folder = if first_release { "first" } else { "second" };
        let Written { text, films, patients, hernias } = table(first_release);
        let (sample, info) = draw(&place, folder, &text)?;
        let dataset = &info["dataset"];
        assert_eq!(dataset["format"], "cxr14");
        assert_eq!(dataset["studies"], films);
        assert_eq!(dataset["images"], films);
        assert_eq!(dataset["patients"], patients);
        assert_eq!(dataset["images_available"], 0);
        assert_eq!(dataset["labels"]["Hernia"], hernias);
        assert_eq!(dataset["sha256"].as_str().context("sha256")?.len(), 64);
        assert_eq!(info["protocol"]["name"], "cxr14-controls");
        assert_eq!(info["protocol"]["version"], 1);
        assert_eq!(info["protocol"]["hash"].as_str().context("hash")?.len(), 64);
        assert_eq!(info["unblinded"], false);
        assert_eq!(info["release"]["policy"], "blocks");
        assert_eq!(info["release"]["released"], Value::Array(Vec::new()));

        let decks = info["decks"].as_array().context("decks")?;
        assert_eq!(decks.len(), 15);
        let hernia = decks.iter().find(|d| d["finding"] == "Hernia").context("the deck")?;
        assert_eq!(hernia["label_positive"], hernias.min(50));
        assert_eq!(hernia["controls"], 50);
        assert_eq!(hernia["available"], 0);
        let items: u64 = decks.iter().filter_map(|d| d["items"].as_u64()).sum();
        for reader in info["readers"].as_array().context("readers")? {
            assert_eq!(reader["role"], "reader");
            assert_eq!(reader["items"], items);
            assert_eq!(reader["locked"], 0);
        }

        assert_eq!(sample["seed"], 14);
        assert!(sample["shortfall"].is_array());
        let decks = sample["decks"].as_array().context("decks")?;
        let hernia = decks.iter().find(|d| d["finding"] == "Hernia").context("the deck")?;
        assert_eq!(hernia["items"], hernias.min(50) + 50);
        let frame = hernia["frame"].as_u64().context("frame")?;
        let probability = hernia["probability"].as_f64().context("probability")?;
        assert!(frame <= hernias, "the frame is larger than what was labelled");
        assert!((probability - hernias.min(50) as f64 / frame as f64).abs() < 1e-12);
    }
    Ok(())
}

#[test]
fn the_same_table_protocol_and_seed_draw_the_same_sample_anywhere() -> Result<()> {
    let place = Place::new()?;
    let text = table(true).text;
    let (one, _) = draw(&place, "here", &text)?;
    let (two, _) = draw(&place, "elsewhere", &text)?;
    assert_eq!(one, two);
    let drawn_here = drawn(&place, "here")?;
    assert!(1_000 < drawn_here.len(), "nothing was drawn");
    assert_eq!(drawn_here, drawn(&place, "elsewhere")?);
    // Two readers read the same studies in orders of their own.
    let order = |name: &str| -> Vec<&str> {
        drawn_here.iter().filter(|row| row.0 == name).map(|row| row.3.as_str()).collect()
    };
    assert_ne!(order("R1"), order("R2"));
    Ok(())
}
