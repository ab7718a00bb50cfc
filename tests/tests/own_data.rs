//! From a label table of one's own to a drawn sample, the same on every machine.

use anyhow::{Context as _, Result};
use overread_tests::{Place, Release, chest, chest_of};
use serde_json::Value;
use std::collections::BTreeSet;

/// Films, patients and films labelled Hernia, as they stand in a table.
struct Written {
    films: u64,
    patients: u64,
    hernias: u64,
}

fn written(text: &str) -> Written {
    let rows: Vec<&str> = text.lines().skip(1).collect();
    let cell = |row: &&str, at: usize| row.split(',').nth(at).unwrap_or_default().to_owned();
    let patients: BTreeSet<String> = rows.iter().map(|row| cell(row, 3)).collect();
    let hernias = rows.iter().filter(|row| cell(row, 1).split('|').any(|label| label == "Hernia"));
    Written {
        films: rows.len() as u64,
        patients: patients.len() as u64,
        hernias: hernias.count() as u64,
    }
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
    for (release, folder) in [(Release::First, "first"), (Release::Second, "second")] {
        let text = chest_of(release, 1_400);
        let Written { films, patients, hernias } = written(&text);
        assert_eq!(patients, 1_400);
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
    let text = chest(1_400);
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
