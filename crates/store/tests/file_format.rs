//! The description of the project file is true: every example runs, and nothing is left out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests"
)]

mod common;

use std::collections::BTreeMap;

use common::{DEVICE, items, lock, open, packet_for, path_in, project_in};
use overread_core::event::{EventBody, Via};
use overread_core::later::{self, Open};
use overread_core::{AdequacyClass, Phase, ReviewOutcome, Worklist, sampling};
use overread_store::import::outside;
use overread_store::{ImageAdequacy, Later, Project};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::tempdir;

const PAGE: &str = include_str!("../../../docs/file-format.md");
const SCHEMA: &str = include_str!("../../../docs/events.schema.json");

/// A project in which everything has happened once.
fn full(folder: &std::path::Path) -> Connection {
    let mut project = project_in(folder);
    let ids = items(&project);
    let deck = project.sample().unwrap().unwrap().decks[0].id;
    let conditions = BTreeMap::from([("monitor".to_owned(), "3 MP".to_owned())]);
    let bodies = [
        EventBody::SittingBegan { conditions },
        EventBody::TagSet { item: ids[0], tag: "chest_drain".to_owned(), on: true, via: Via::Key },
        EventBody::AlsoSet { item: ids[0], finding: "Effusion".to_owned(), on: true },
        EventBody::FlagSet { item: ids[0], on: true },
        EventBody::CommentSet { item: ids[0], text: "drain".to_owned() },
        EventBody::FilmSeen { item: ids[0], films: 2, full_size: 1 },
        lock(ids[0], "Pneumothorax", 2),
        EventBody::ReadReopened { item: ids[0], via: Via::Undo },
        lock(ids[0], "Pneumothorax", 1),
        EventBody::ReadSkipped { item: ids[1], reason: "cannot be decoded".to_owned() },
        EventBody::FiguresReleased { deck, reads: 1 },
        lock(ids[2], "Pneumothorax", 0),
        EventBody::SittingEnded {},
    ];
    project.append("ann", DEVICE, &bodies).unwrap();
    let packet = folder.join("ann.overread");
    packet_for(&mut project, "ann", &packet);
    let mut reading = open(&packet).project;
    reading.append("ann", "home", &[lock(ids[0], "Pneumothorax", 0)]).unwrap();
    reading.close().unwrap();
    project.merge(&[packet], "lead", DEVICE).unwrap();
    draw_later(&mut project);
    import_outside(&mut project, folder);
    measure(&mut project);
    project.log_access("lead", DEVICE, "report", "html").unwrap();
    project.close().unwrap();
    common::recomputed(&path_in(folder));
    Connection::open(path_in(folder)).unwrap()
}

/// A larger deck, a question for an adjudicator, and one to look at again, which is decided.
fn draw_later(project: &mut Project) {
    let (dataset, protocol) = (project.dataset().unwrap(), project.protocol().unwrap());
    let sample = project.sample().unwrap().unwrap();
    let extension = sampling::extend(&dataset, &protocol, &sample, "Pneumothorax", 1).unwrap();
    let mut lists = project.worklists().unwrap();
    sampling::append_to_worklists(&dataset, &protocol, &extension, &mut lists);
    project.save_extension(&extension, 1, &lists, "lead", DEVICE).unwrap();
    project.add_reader("judge", "adjudicator", None, "lead", DEVICE).unwrap();
    let study = extension.sample.decks[0].members[0].study;
    let finding = "Pneumothorax".to_owned();
    let open =
        [Open { deck: 0, study, finding, rules: vec!["clinical".to_owned()], undecided: false }];
    let mut list = Worklist { reader: "judge".to_owned(), ..Worklist::default() };
    later::append(&extension.sample, &mut list, &open, Phase::Adjudicate);
    project.save_later_items(&list, Later::Adjudication, "lead", DEVICE).unwrap();
    let mut judged = lock(list.items[0].id, "Pneumothorax", 2);
    if let EventBody::ReadLocked { phase, .. } = &mut judged {
        *phase = Phase::Adjudicate;
    }
    project.append("judge", DEVICE, &[judged, EventBody::SittingEnded {}]).unwrap();
    let mut list = project.worklist("ann").unwrap().unwrap();
    later::append(&extension.sample, &mut list, &open, Phase::Review);
    project.save_later_items(&list, Later::Review, "lead", DEVICE).unwrap();
    let item = list.items.last().unwrap().id;
    let decided =
        EventBody::ReviewDecided { item, outcome: ReviewOutcome::MineStands, via: Via::Key };
    project.append("ann", DEVICE, &[decided]).unwrap();
    assert!(project.verify().unwrap().ok, "{:?}", project.verify().unwrap());
}

/// One image was measured.
fn measure(project: &mut Project) {
    let image = project.dataset().unwrap().studies[0].images[0].id;
    let measures = r#"{"class":"clipped","high":{"saturated":0.04,"plateau":0.03},"low":{"saturated":0.0},"used":256,"entropy":7.5,"text":"clipped"}"#;
    let one = ImageAdequacy { image, class: AdequacyClass::Clipped, measures: measures.to_owned() };
    project.keep_adequacy(&[one]).unwrap();
}

/// A read with a tag and a score that were made elsewhere.
fn import_outside(project: &mut Project, folder: &std::path::Path) {
    let (known, protocol) = (project.known_studies().unwrap(), project.protocol().unwrap());
    let reads = folder.join("reads.csv");
    let text =
        "study_id,reader_id,finding,level,tag\n00000001_000.png,bea,Pneumothorax,2,chest_drain\n";
    std::fs::write(&reads, text).unwrap();
    let reads = outside::read_reads(&reads, None, &known, &protocol).unwrap();
    project.save_outside_reads(&reads, true, "lead", DEVICE).unwrap();
    let scores = folder.join("scores.csv");
    std::fs::write(&scores, "study_id,score,model\n00000001_000.png,0.25,net\n").unwrap();
    let scores = outside::read_scores(&scores, &known, &protocol).unwrap();
    project.save_outside_scores(&scores, "lead", DEVICE).unwrap();
    assert!(project.verify().unwrap().ok, "{:?}", project.verify().unwrap());
}

fn examples() -> Vec<&'static str> {
    PAGE.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_example_runs_and_all_but_the_empty_tables_have_rows() {
    // Nothing goes wrong in this import, nothing falls short, nothing is explored, no panel is
    // named and no box is drawn.
    const EMPTY: [&str; 5] = ["import_note", "shortfall", "explore", "gold", "image_box"];
    let folder = tempdir().unwrap();
    let conn = full(folder.path());
    assert!(20 < examples().len());
    for example in examples() {
        for sql in example.split_inclusive(";\n").filter(|sql| !sql.trim().is_empty()) {
            let mut statement = conn.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
            assert!(statement.readonly(), "{sql}");
            let mut rows = statement.query([]).unwrap();
            let mut count = 0;
            while rows.next().unwrap_or_else(|e| panic!("{sql}: {e}")).is_some() {
                count += 1;
            }
            let empty = EMPTY.iter().any(|table| sql.contains(&format!("FROM {table}")));
            assert_eq!(count == 0, empty, "{sql}");
        }
    }
}

#[test]
fn every_table_view_and_kind_of_event_has_an_example() {
    let folder = tempdir().unwrap();
    let conn = full(folder.path());
    let all = examples().join("\n");
    let named = |sql: &str| -> Vec<String> {
        conn.prepare(sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let things = named(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'",
    );
    assert!(25 < things.len());
    for name in things {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        assert!(all.split(|c| !word(c)).any(|w| w == name), "no example uses {name}");
    }
    let kinds = named("SELECT DISTINCT kind FROM event");
    assert_eq!(kinds.len(), 23, "{kinds:?}");
    for kind in kinds {
        assert!(all.contains(&format!("'{kind}'")), "no example uses {kind}");
        assert!(PAGE.contains(&format!("`{kind}`")), "{kind} is not explained");
    }
}

/// What does not fit, by the part of JSON Schema that the file uses.
fn misfits(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(value) { vec![] } else { vec![format!("{at}: {value}")] };
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let tried = choices.iter().map(|choice| misfits(choice, value, at));
        return tried.min_by_key(Vec::len).unwrap();
    }
    let fits = match schema["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{at}: the schema says {other}"),
    };
    if !fits {
        return vec![format!("{at}: {value}")];
    }
    let mut wrong = Vec::new();
    if let Some(object) = value.as_object() {
        let empty = serde_json::Map::new();
        let known = schema["properties"].as_object().unwrap_or(&empty);
        for key in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(key.as_str().unwrap()) {
                wrong.push(format!("{at}.{key}: missing"));
            }
        }
        for (key, value) in object {
            let at = format!("{at}.{key}");
            match known.get(key).or_else(|| {
                schema["additionalProperties"].as_object().map(|_| &schema["additionalProperties"])
            }) {
                Some(schema) => wrong.extend(misfits(schema, value, &at)),
                None => wrong.push(format!("{at}: not in the schema")),
            }
        }
    }
    for (n, value) in value.as_array().into_iter().flatten().enumerate() {
        wrong.extend(misfits(&schema["items"], value, &format!("{at}[{n}]")));
    }
    wrong
}

#[test]
fn every_event_that_is_written_fits_the_schema_of_events() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let kinds = schema["kinds"].as_object().unwrap();
    let folder = tempdir().unwrap();
    let conn = full(folder.path());
    let mut statement = conn.prepare("SELECT kind, body FROM event").unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut seen = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let (kind, body): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let value: Value = serde_json::from_str(&body).unwrap();
        let of_kind = kinds.get(&kind).unwrap_or_else(|| panic!("{kind} is not in the schema"));
        assert_eq!(misfits(of_kind, &value, &kind), Vec::<String>::new());
        assert_eq!(overread_core::event::canonical_json(&value), body, "written as hashed");
        // What the schema asks for is what is there: a missing or a further key does not fit.
        let mut more = value.clone();
        more["one_more"] = Value::Bool(true);
        assert_ne!(misfits(of_kind, &more, &kind), Vec::<String>::new());
        seen.insert(kind, body);
    }
    let known: Vec<&String> = kinds.keys().collect();
    assert_eq!(seen.keys().collect::<Vec<_>>(), known, "every kind was written once");
}

#[test]
fn the_page_lists_the_columns_of_every_table_and_view_in_order() {
    let folder = tempdir().unwrap();
    let conn = full(folder.path());
    let words = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    let names: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(25 < names.len());
    for name in names {
        let statement = conn.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns: Vec<String> =
            statement.column_names().iter().map(|column| format!("`{column}`")).collect();
        let line = format!("`{name}` ({})", columns.join(", "));
        assert!(words.contains(&line), "the page does not say {line}");
    }
}
