//! Several people in one project: who reads, and who decides where they differ.

use anyhow::{Context as _, Result};
use overread_session::view::{Block, PanelBody, ScreenView};
use overread_tests::{Desk, Place};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;

/// The demo study with one more reader and an adjudicator.
fn study(place: &Place) -> Result<PathBuf> {
    let project = place.demo("demo")?;
    let path = project.display().to_string();
    place.ok(&["readers", &path, "add", "ann"])?;
    place.ok(&["readers", &path, "add", "judge", "--role", "adjudicator"])?;
    Ok(project)
}

#[test]
fn where_several_read_and_nobody_is_named_the_window_asks() -> Result<()> {
    let place = Place::new()?;
    let project = study(&place)?;
    for nobody in [None, Some("anne")] {
        let texts = Arc::new(Mutex::new(String::new()));
        let mut desk = Desk::open_for(&project, nobody, &texts);
        let names = desk.until("the question", |screen| match screen {
            ScreenView::Page(page) => {
                let asks = page.blocks.iter().any(
                    |block| matches!(block, Block::Title { title, .. } if title == "Who reads?"),
                );
                asks.then(|| {
                    let buttons = page.blocks.iter().filter_map(|block| match block {
                        Block::Buttons(buttons) => buttons.first(),
                        _ => None,
                    });
                    buttons.map(|button| button.text.clone()).collect::<Vec<_>>()
                })
            }
            _ => None,
        })?;
        assert_eq!(names, ["ann", "demo", "judge, adjudicator", "Home"]);
        desk.key("1");
        desk.settled_item("")?;
        let status = texts.lock().clone();
        assert!(status.contains("Reader ann"), "the first of the list reads");
        desk.close();
    }
    Ok(())
}

/// From the key to the file: the list, the mark in sight, the answer after it, and a taking back.
#[test]
fn what_is_seen_beside_the_question_is_marked_in_the_window_and_stored() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("demo")?;
    let texts = Arc::new(Mutex::new(String::new()));
    let mut desk = Desk::open_for(&project, Some("demo"), &texts);
    let (first, _) = desk.settled_item("")?.context("an item")?;
    let row = |desk: &mut Desk, wanted: &str| {
        desk.until("the row of what else is there", |screen| match screen {
            ScreenView::Read(read) => {
                read.beside.as_ref().filter(|beside| beside.name == wanted).map(|beside| beside.on)
            }
            _ => None,
        })
    };
    assert!(!row(&mut desk, "Also present…")?);
    for keys in [&["0", "Enter"][..], &["0", "ArrowDown", "Enter"]] {
        for key in keys {
            desk.key(key);
        }
        desk.frame();
    }
    assert!(row(&mut desk, "Also: Emphysema, Pleural effusion")?);
    desk.key("Ctrl+Z");
    assert!(row(&mut desk, "Also: Emphysema")?);
    desk.key("3");
    desk.settled_item(&first)?;
    assert!(!row(&mut desk, "Also present…")?, "a mark belongs to its own item");
    desk.close();
    let marked: Vec<String> = rusqlite::Connection::open(&project)?
        .prepare("SELECT a.finding FROM item_also AS a JOIN v_reads AS r ON r.item = a.item AND r.level = 'reportable'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    assert_eq!(marked, ["Emphysema"]);
    Ok(())
}

#[test]
fn an_adjudicator_sees_decisions_and_no_figures() -> Result<()> {
    let place = Place::new()?;
    let project = study(&place)?;
    let path = project.display().to_string();
    for (reader, keys) in [("demo", ["1\n", "3\n"]), ("ann", ["1\n", "1\n"])] {
        let script =
            place.write(&format!("keys-{reader}"), keys.concat().repeat(5))?.display().to_string();
        place.ok(&["read", &path, "--reader", reader, "--script", &script])?;
    }
    place.ok(&["adjudicate", &path])?;
    let texts = Arc::new(Mutex::new(String::new()));
    let mut desk = Desk::open_for(&project, Some("judge"), &texts);
    let mut at = String::new();
    let mut notes = Vec::new();
    desk.until("the first item", |screen| matches!(screen, ScreenView::Read(_)).then_some(()))?;
    desk.key("F8");
    while let Some((item, _)) = desk.settled_item(&at)? {
        notes.push(desk.until("the panel", |screen| match screen {
            ScreenView::Read(read) => {
                assert!(read.beside.is_none(), "nothing is marked beside a disagreement");
                let panel = read.panel.as_ref()?;
                assert!(matches!(&panel.body, PanelBody::NothingYet { text, release: None }
                    if text.contains("while you adjudicate")));
                Some(format!("{}: {}", panel.own.title, panel.own.note))
            }
            _ => None,
        })?);
        desk.key("2");
        at = item;
    }
    let total = notes.len();
    assert_eq!(total, 5, "every second answer of the first deck differs: {notes:?}");
    let wanted: Vec<String> =
        (0..total).map(|n| format!("Your decisions: {n} of {total} decided")).collect();
    assert_eq!(notes, wanted);
    let title = desk.until("the end", |screen| match screen {
        ScreenView::DeckDone(done) => Some((done.title.clone(), done.text.clone())),
        _ => None,
    })?;
    assert!(title.0.ends_with("deck adjudicated"), "{title:?}");
    assert!(title.1.contains("reference of their own") && !title.1.contains("Practice"));
    desk.close();
    Ok(())
}
