//! What goes wrong in the middle of reading, and that nothing acknowledged is lost by it.

#![cfg(unix)]

use anyhow::{Context as _, Result, ensure};
use overread_session::view::ScreenView;
use overread_tests::{Desk, Place, ack_lines, secret};
use parking_lot::Mutex;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

fn locked(project: &Path) -> Result<i64> {
    let database = rusqlite::Connection::open(project)?;
    let sql = "SELECT count(*) FROM event WHERE kind = 'read.locked'";
    Ok(database.query_row(sql, [], |row| row.get(0))?)
}

/// Answers an item; a key that comes while the answer before is being written is pressed again.
fn give(desk: &mut Desk, answer: &str, item: &str) -> Result<()> {
    for _ in 0..1_000 {
        desk.key(answer);
        let gone = !matches!(desk.frame(), ScreenView::Read(read) if read.item == item);
        if gone {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    anyhow::bail!("`{answer}` answers nothing")
}

/// Goes through films until one of the wanted sort is on screen; gives the item.
fn next(desk: &mut Desk, last: &str, shown: bool, answer: &str) -> Result<String> {
    let mut last = last.to_owned();
    for _ in 0..12 {
        let (item, here) = desk.settled_item(&last)?.context("the deck has ended")?;
        if here == shown {
            return Ok(item);
        }
        // What was decoded ahead is still there to be read.
        give(desk, answer, &item)?;
        last = item;
    }
    anyhow::bail!("no film was {}", if shown { "shown" } else { "missing" })
}

#[test]
fn films_that_are_unplugged_in_the_middle_cost_no_answer_and_come_back() -> Result<()> {
    if !secret::apart("films_that_are_unplugged_in_the_middle_cost_no_answer_and_come_back")? {
        return Ok(());
    }
    let place = Place::new()?;
    let rows = secret::rows(60);
    let project = secret::make(&place, "secret", &rows, false)?;
    let texts = Arc::new(Mutex::new(String::new()));
    let mut desk = Desk::open(&project, &texts);
    let first = next(&mut desk, "", true, "")?;
    give(&mut desk, "3", &first)?;
    let films = place.at("secret/films");
    let away = place.at("secret/unplugged");
    std::fs::rename(&films, &away)?;
    let item = next(&mut desk, &first, false, "1")?;
    let acknowledged = locked(&project)?;
    ensure!(0 < acknowledged, "the answer before is not on disk");
    texts.lock().clear();
    desk.key("1");
    desk.frame();
    let text = texts.lock().clone();
    ensure!(text.contains("The image folder cannot be reached"), "nobody says why: {text}");
    assert_eq!(locked(&project)?, acknowledged, "a level on a film that nobody saw");
    secret::search(&text, &secret::secrets(&place.at("secret"), &rows))?;
    // The reader can go on: this film cannot be answered, the deck can.
    give(&mut desk, "X", &item)?;
    let item = next(&mut desk, &item, false, "1")?;
    assert_eq!(locked(&project)?, acknowledged + 1, "no answer is an answer too");
    // Plugged in again, the film on screen is there once it is asked for again.
    std::fs::rename(&away, &films)?;
    desk.key("Ctrl+Q");
    desk.frame();
    desk.close();
    drop(desk);
    let mut desk = Desk::open(&project, &texts);
    let (again, shown) = desk.settled_item("")?.context("an item")?;
    assert_eq!(
        (again, shown),
        (item.clone(), true),
        "reading goes on where it stopped, with its film"
    );
    give(&mut desk, "2", &item)?;
    desk.close();
    drop(desk);
    assert_eq!(locked(&project)?, acknowledged + 2);
    let checked = place.json(&["verify".as_ref(), project.as_os_str(), "--json".as_ref()])?;
    assert_eq!(checked["ok"], true, "{checked}");
    Ok(())
}

#[test]
fn a_second_program_is_told_who_holds_the_project_and_gets_in_when_the_first_is_killed()
-> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let read = |script: &'static str| -> Result<std::process::Command> {
        let path = place.write(&format!("{}.txt", script.len()), script)?;
        place.command(&[
            OsStr::new("read"),
            project.as_os_str(),
            OsStr::new("--script"),
            path.as_os_str(),
        ])
    };
    // It answers once and then sits there until it is killed.
    let mut first = read("3\nWAIT 600000\n1\n")?.stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(first.stdout.take().context("a pipe")?).read_line(&mut line)?;
    let [(_, event)] = ack_lines(&line).try_into().ok().context("no acknowledgement")?;
    let second = read("1\n")?.output()?;
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("demo.overread") && said.contains(&first.id().to_string()), "{said}");
    assert!(second.stdout.is_empty(), "an answer was acknowledged that was not written");
    // Looking is allowed, and sees what was acknowledged.
    let info = place.json(&[OsStr::new("info"), project.as_os_str(), OsStr::new("--json")])?;
    assert!(info["read_only"].is_string(), "{info}");
    assert_eq!(locked(&project)?, 1);
    first.kill()?;
    first.wait()?;
    let third = read("1\n")?.output()?;
    let said = String::from_utf8_lossy(&third.stdout).into_owned();
    assert_eq!(ack_lines(&said).len(), 1, "{}", String::from_utf8_lossy(&third.stderr));
    let kept: i64 = rusqlite::Connection::open(&project)?.query_row(
        "SELECT count(*) FROM event WHERE id = ?1",
        [event],
        |row| row.get(0),
    )?;
    assert_eq!(kept, 1, "what the killed program acknowledged is lost");
    assert_eq!(locked(&project)?, 2);
    Ok(())
}
