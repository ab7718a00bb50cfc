//! A reader reads a deck in the real window, with real keys, and every figure follows from them.

use anyhow::{Context as _, Result};
use overread_tests::{Place, Screen, Window, poll};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const SIZE: [u32; 2] = [1600, 1000];

fn looking(project: &Path) -> Result<Connection> {
    let database = Connection::open_with_flags(project, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.busy_timeout(Duration::from_secs(10))?;
    Ok(database)
}

/// Changes by the reader, without the frame of a sitting and what is released.
fn changes(database: &Connection) -> Result<i64> {
    let sql = "SELECT count(*) FROM event WHERE actor = 'demo' AND (kind LIKE 'read.%' OR kind LIKE 'tag.%')";
    Ok(database.query_row(sql, [], |row| row.get(0))?)
}

fn press(window: &Window<'_>, database: &Connection, key: &str) -> Result<()> {
    let before = changes(database)?;
    window.key(key)?;
    poll(&format!("key {key} is on disk"), Duration::from_secs(30), || {
        Ok((before < changes(database)?).then_some(()))
    })
}

/// Number of changes after a while in which none was expected to come.
fn changes_after_a_while(database: &Connection) -> Result<i64> {
    std::thread::sleep(Duration::from_millis(900));
    changes(database)
}

/// Keys for each item in turn; a correction is on the item that follows.
const KEYS: [&[&str]; 10] = [
    &["1"],
    &["q", "3"],
    &["u"],
    &["e", "2"],
    &["1"],
    // The answer before was a slip: back, and another answer.
    &["2"],
    &["3"],
    &["1"],
    &["2"],
    &["3"],
];
const SLIP: usize = 4;

/// What stands in the end, by place: level, or none for unsure.
const STANDS: [Option<i64>; 10] =
    [Some(0), Some(2), None, Some(1), Some(2), Some(1), Some(2), Some(0), Some(1), Some(2)];

#[test]
fn a_deck_read_in_the_window_gives_exactly_the_figures_of_its_keys() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let screen = Screen::start(SIZE[0], SIZE[1])?;
    let mut window = Window::open(&screen, &place, &project, "demo", SIZE)?;
    let database = looking(&project)?;
    let mut film = window.new_film(None)?;
    the_screen_holds_film_and_rail(&screen)?;
    for (at, keys) in KEYS.iter().enumerate() {
        for key in *keys {
            press(&window, &database, key).with_context(|| format!("at item {at}"))?;
            // Quicker than a hand, a key would find the change before still being saved.
            std::thread::sleep(Duration::from_millis(300));
        }
        if at == SLIP {
            let next = window.new_film(Some(&film))?;
            press(&window, &database, "BackSpace")?;
            film = window.new_film(Some(&next))?;
            press(&window, &database, "3")?;
        }
        if at == 6 {
            film = window.new_film(Some(&film))?;
            the_panel_opens_and_closes(&screen, &window)?;
        } else if at + 1 < KEYS.len() {
            film = window.new_film(Some(&film))?;
        }
    }
    let log = window.log_text();
    drop(database);
    assert!(window.quit()?.success(), "the window did not close well: {log}");
    the_file_holds_what_was_pressed(&project)?;
    the_figures_follow(&place, &project)?;
    the_folder_holds_one_file(&project)?;
    let checked = place.json(&["verify".as_ref(), project.as_os_str(), "--json".as_ref()])?;
    assert_eq!(checked["ok"], true, "{checked}");
    Ok(())
}

fn the_screen_holds_film_and_rail(screen: &Screen) -> Result<()> {
    let all = screen.picture()?;
    let film = all.part([0.2, 0.55], [0.15, 0.8]);
    assert!(film.is_film(), "no film: {:?}", film.greys());
    let (_, lit) = all.part([0.8, 1.0], [0.0, 1.0]).greys();
    assert!((0.003..0.5).contains(&lit), "no rail of text beside the film: {lit}");
    Ok(())
}

fn the_panel_opens_and_closes(screen: &Screen, window: &Window<'_>) -> Result<()> {
    let without = screen.picture()?;
    window.key("F8")?;
    poll("the panel opens", Duration::from_secs(20), || {
        Ok((0.1 < screen.picture()?.differs_from(&without)).then_some(()))
    })?;
    window.key("F8")?;
    poll("the panel closes", Duration::from_secs(20), || {
        Ok((screen.picture()?.differs_from(&without) < 0.02).then_some(()))
    })
}

fn the_file_holds_what_was_pressed(project: &Path) -> Result<()> {
    let database = looking(project)?;
    let sql =
        "SELECT w.place, r.level_no, r.no_answer, r.settled_level, r.settled_no_answer, r.phase
        FROM v_worklist AS w JOIN v_reads AS r ON r.item = w.item AND r.reader = w.reader
        WHERE w.finding = 'Pneumothorax' ORDER BY w.place";
    let names = ["absent", "plausible", "reportable"];
    let mut found = 0;
    let mut query = database.prepare(sql)?;
    let mut rows = query.query([])?;
    while let (Some(row), Some(stands)) = (rows.next()?, STANDS.get(found)) {
        assert_eq!(row.get::<_, Option<i64>>(1)?, *stands, "item {found}");
        let settled: Option<String> = row.get(3)?;
        let name = stands.and_then(|level| names.get(usize::try_from(level).ok()?).copied());
        assert_eq!(settled.as_deref(), name, "settled level of item {found}");
        let unsure = stands.is_none().then_some("unsure");
        assert_eq!(row.get::<_, Option<String>>(2)?.as_deref(), unsure);
        assert_eq!(row.get::<_, Option<String>>(4)?.as_deref(), unsure);
        assert_eq!(row.get::<_, String>(5)?, "read");
        found += 1;
    }
    assert_eq!(found, STANDS.len());
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0));
    assert_eq!(count("SELECT count(*) FROM v_reads")?, 10, "another deck was answered");
    assert_eq!(count("SELECT count(*) FROM event WHERE kind = 'read.locked'")?, 11);
    assert_eq!(count("SELECT count(*) FROM event WHERE kind = 'read.reopened'")?, 1);
    let tags = database
        .prepare("SELECT w.place, t.tag FROM v_tags AS t JOIN v_worklist AS w ON w.item = t.item ORDER BY 1")?
        .query_map([], |row| row.get::<_, String>(1))?
        .collect::<Result<Vec<_>, _>>()?;
    assert_eq!(tags, ["chest_drain", "rotated_film"]);
    Ok(())
}

/// Positive and decided answers under each rule, counted from the keys alone.
fn expected() -> BTreeMap<&'static str, (u64, u64)> {
    let count = |least: i64| {
        let decided = STANDS.iter().flatten();
        (decided.clone().filter(|level| least <= **level).count() as u64, decided.count() as u64)
    };
    BTreeMap::from([("permissive", count(1)), ("clinical", count(2))])
}

fn the_figures_follow(place: &Place, project: &Path) -> Result<()> {
    let words = ["analyse".as_ref(), project.as_os_str(), "--json".as_ref()];
    let analysis = place.json(&words)?;
    let counts = ppv_counts(&analysis)?;
    let expected = expected();
    let as_expected = |counts: &BTreeMap<String, (u64, u64)>| {
        counts.iter().map(|(rule, count)| (rule.as_str(), *count)).eq(expected.clone())
    };
    assert!(as_expected(&counts), "{counts:?} is not {expected:?}");

    let out = place.at("report");
    place.ok(&["report".as_ref(), project.as_os_str(), "--out".as_ref(), out.as_os_str()])?;
    let html = std::fs::read_to_string(out.join("report.html"))?;
    for (x, n) in expected.values() {
        assert!(html.contains(&format!("{x}/{n}")), "the report does not say {x}/{n}");
    }
    let written = serde_json::from_str(&std::fs::read_to_string(out.join("analysis.json"))?)?;
    assert!(as_expected(&ppv_counts(&written)?), "analysis.json says something else");
    let table = std::fs::read_to_string(out.join("label_quality.csv"))?;
    for (rule, (x, n)) in &expected {
        let start = format!("Pneumothorax,{rule},1,ppv,{x},{n},");
        assert!(table.lines().any(|line| line.starts_with(&start)), "no {start} in {table}");
    }
    Ok(())
}

fn ppv_counts(analysis: &serde_json::Value) -> Result<BTreeMap<String, (u64, u64)>> {
    let rows = analysis["statistics"]["label_quality"].as_array().context("label_quality")?;
    let deck = rows.iter().find(|row| row["finding"] == "Pneumothorax").context("the deck")?;
    let mut counts = BTreeMap::new();
    for rule in deck["rules"].as_array().context("rules")? {
        let ppv = &rule["ppv"];
        let name = ppv["rule"]["name"].as_str().context("rule")?;
        let (x, n) = (ppv["x"].as_u64().context("x")?, ppv["n"].as_u64().context("n")?);
        let value = ppv["value"].as_f64().context("value")?;
        assert!((value - x as f64 / n as f64).abs() < 1e-12, "{name}: {value} is not {x}/{n}");
        counts.insert(name.to_owned(), (x, n));
    }
    Ok(counts)
}

fn the_folder_holds_one_file(project: &Path) -> Result<()> {
    let folder = project.parent().context("a folder")?;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        assert!(!name.ends_with("-wal") && !name.ends_with("-shm"), "{name} was left behind");
    }
    Ok(())
}

#[test]
fn keys_before_the_film_is_painted_answer_nothing() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let screen = Screen::start(SIZE[0], SIZE[1])?;
    let database = looking(&project)?;
    let black = || -> Result<bool> {
        Ok(screen.picture()?.part([0.15, 0.45], [0.2, 0.6]).greys().1 < 0.05)
    };
    for _ in 0..8 {
        // Not resized: a film that was seen and is black only while it is drawn anew for another
        // size may be answered.
        let mut window = Window::launch(&screen, &place, &project, "demo")?;
        // Standing still it can draw nothing, and finds all keys at once when it goes on.
        window.freeze()?;
        let before = black()?;
        for key in ["3", "1", "u"] {
            window.key(key)?;
        }
        let early = before && black()?;
        window.thaw()?;
        window.new_film(None)?;
        if early {
            let counted = changes_after_a_while(&database)?;
            assert_eq!(counted, 0, "keys on a black screen were counted");
            window.key("1")?;
            poll("a key after the film counts", Duration::from_secs(30), || {
                Ok((changes(&database)? == 1).then_some(()))
            })?;
            window.quit()?;
            return Ok(());
        }
        // The film came first: no proof either way, and perhaps an answer. Once more.
        window.quit()?;
        let answers = changes(&database)?;
        anyhow::ensure!(answers == 0, "the film came before the keys and was answered: too quick");
    }
    anyhow::bail!("the film was there before any key could be pressed, eight times")
}

#[test]
fn a_key_that_is_held_down_answers_once() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let screen = Screen::start(SIZE[0], SIZE[1])?;
    let mut window = Window::open(&screen, &place, &project, "demo", SIZE)?;
    let database = looking(&project)?;
    let film = window.new_film(None)?;
    // X repeats a key after 0.66 s, 25 times a second.
    window.hold("2", Duration::from_secs(4))?;
    window.new_film(Some(&film))?;
    assert_eq!(changes_after_a_while(&database)?, 1, "a held key answered more than one item");
    window.quit()?;
    Ok(())
}
