//! All text the window and the program produce while decks are read, searched for what a reader
//! must not learn: image paths, patients, labels.

use anyhow::{Context as _, Result, ensure};
use overread_tests::{
    Desk, Place,
    secret::{Row, apart, holds, make, rows, search, secrets},
};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Reads all decks with everything opened that can be; gives how many items were answered.
fn read_everything(project: &Path, texts: &Arc<Mutex<String>>) -> Result<(usize, usize)> {
    let mut desk = Desk::open(project, texts);
    let (mut read, mut failed) = (0, 0);
    for _deck in 0..2 {
        let mut last = String::new();
        while let Some((item, shown)) = desk.settled_item(&last)? {
            for layer in ["?", "Ctrl+K"] {
                desk.key(layer);
                desk.frame();
                desk.key("Escape");
            }
            if read % 5 == 1 {
                desk.key("F8");
                desk.frame();
            }
            desk.key("E");
            desk.frame();
            std::thread::sleep(Duration::from_millis(30));
            desk.frame();
            // A level on a film that cannot be shown is refused, in words.
            desk.key(if read % 2 == 0 { "1" } else { "3" });
            if !shown {
                desk.frame();
                desk.key("X");
                failed += 1;
            }
            last = item;
            read += 1;
        }
        desk.frame();
        desk.key("Enter");
    }
    desk.key("Ctrl+Q");
    desk.frame();
    desk.close();
    Ok((read, failed))
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert!(holds("films/00028931_004.png", "00028931_004.png"));
    assert!(holds("patient 28931 reads", "28931"));
    assert!(!holds("generation: 128931", "28931"));
    assert!(!holds("0.28931", "28931"));
}

#[test]
fn no_text_of_the_window_names_a_path_a_patient_or_a_label() -> Result<()> {
    if !apart("no_text_of_the_window_names_a_path_a_patient_or_a_label")? {
        return Ok(());
    }
    let place = Place::new()?;
    let rows = rows(60);
    let project = make(&place, "secret", &rows, false)?;
    // Two films in ten cannot be shown: one is gone, one is no longer what was drawn.
    for (n, row) in rows.iter().enumerate() {
        let film = place.at(&format!("secret/films/{}", row.file));
        match n % 10 {
            3 => std::fs::remove_file(&film)?,
            7 => std::fs::write(&film, b"not a film")?,
            _ => {}
        }
    }
    let texts = Arc::new(Mutex::new(String::new()));
    let (read, failed) = read_everything(&project, &texts)?;
    let text = texts.lock().clone();
    assert_eq!(read, 24, "not every item was read");
    assert!(0 < failed, "no film failed: error texts were not seen");
    for sign in ["Pneumothorax?", "Effusion?", "Rotated film", "Palette", "cannot be shown"] {
        assert!(text.contains(sign), "nothing was collected of {sign}");
    }
    let secrets = secrets(&place.at("secret"), &rows);
    search(&text, &secrets)?;
    // The other deck's question never stands beside this one's.
    for line in text.lines().filter(|line| line.starts_with("Read(")) {
        assert!(!(line.contains("Effusion?") && line.contains("Pneumothorax?")), "{line}");
    }
    Ok(())
}

#[test]
fn a_script_and_its_log_name_no_path_patient_or_label() -> Result<()> {
    let place = Place::new()?;
    let rows = rows(60);
    let project = make(&place, "secret", &rows, false)?;
    let script = place.write("keys.txt", "1\nE\n3\nBACKSPACE\n2\nX\n".repeat(4))?;
    let words = ["read".as_ref(), project.as_os_str(), "--script".as_ref(), script.as_os_str()];
    let output = place
        .command(&words)?
        .args(["--reader", "R1"])
        .env("OVERREAD_LOG", "trace")
        .output()
        .context("run")?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut secrets = secrets(&place.at("secret"), &rows);
    // The lead gave the project's own path on the command line.
    secrets.remove(0);
    search(&String::from_utf8_lossy(&output.stdout), &secrets)?;
    search(&String::from_utf8_lossy(&output.stderr), &secrets)
}

#[test]
fn other_labels_of_the_same_studies_give_the_same_text() -> Result<()> {
    if !apart("other_labels_of_the_same_studies_give_the_same_text")? {
        return Ok(());
    }
    let texts = [false, true].map(|other| -> Result<BTreeSet<String>> {
        let place = Place::new()?;
        // Every study is drawn whatever its label: six positive and six negative of twelve.
        let rows: Vec<Row> = rows(12)
            .into_iter()
            .enumerate()
            .map(|(n, row)| {
                let positive = (n % 2 == 0) != other;
                let labels = if positive { "Pneumothorax|Effusion" } else { "No Finding" };
                Row { labels, ..row }
            })
            .collect();
        let project = make(&place, "same", &rows, true)?;
        let items = place.json(&["info".as_ref(), project.as_os_str(), "--json".as_ref()])?;
        ensure!(items["readers"][0]["items"] == 24, "not every study was drawn: {items}");
        let texts = Arc::new(Mutex::new(String::new()));
        let mut desk = Desk::open(&project, &texts);
        desk.settled_item("")?.context("no item")?;
        texts.lock().clear();
        for layer in ["?", "Ctrl+K", "F8"] {
            desk.key(layer);
            desk.frame();
            desk.key("Escape");
        }
        desk.key("F8");
        let mut lists = BTreeSet::new();
        let mut lines = BTreeSet::new();
        // With the tenth read figures are released, and they depend on labels by intention.
        for _ in 0..9 {
            desk.settled_item("")?.context("the deck is too short")?;
            lines.insert(at_rest(&mut desk, &texts));
            // What can be marked as also present follows from the question alone.
            desk.key("0");
            texts.lock().clear();
            desk.frame();
            let said = texts.lock().clone();
            let list = said.lines().find(|line| line.starts_with("Some(Palette"));
            lists.insert(list.context("no list of findings")?.to_owned());
            desk.key("Escape");
            desk.frame();
            desk.key("1");
        }
        ensure!(lists.len() == 1, "one item's list is not another's: {lists:?}");
        lines.extend(lists);
        desk.close();
        Ok(lines)
    });
    let [one, two] = texts;
    let (one, two) = (one?, two?);
    let apart: Vec<&String> = one.symmetric_difference(&two).collect();
    assert_eq!(one.len(), 10, "every item says something of its own, and all the same list");
    assert!(apart.is_empty(), "{} texts tell the labels: {:?}", apart.len(), apart.first());
    Ok(())
}

/// What a frame says once echo and panel have come to rest: how fast they do depends on the machine.
fn at_rest(desk: &mut Desk, texts: &Arc<Mutex<String>>) -> String {
    std::thread::sleep(Duration::from_millis(450));
    let mut last = String::new();
    for _ in 0..50 {
        texts.lock().clear();
        desk.frame();
        let now = without_pictures(&texts.lock());
        if now == last {
            break;
        }
        last = now;
        std::thread::sleep(Duration::from_millis(100));
    }
    last
}

/// Pictures carry running numbers that are no text.
fn without_pictures(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split("FilmPicture {").enumerate() {
        let rest = part.split_once('}').map_or(part, |(_, rest)| rest);
        out.push_str(if n == 0 { part } else { rest });
    }
    out
}
