//! Power goes at any moment: whatever was acknowledged is there, and reading goes on from there.

use anyhow::{Context as _, Result, ensure};
use overread_tests::{Place, Screen, Window, ack_lines, poll};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// SplitMix64, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

fn look(project: &Path) -> Result<Connection> {
    // Able to write, since a journal left by a kill is rolled back by whoever opens next.
    Ok(Connection::open_with_flags(project, OpenFlags::SQLITE_OPEN_READ_WRITE)?)
}

fn event_ids(project: &Path) -> Result<BTreeSet<String>> {
    let database = look(project)?;
    let mut query = database.prepare("SELECT id FROM event")?;
    let ids = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Items that are not locked, in the reader's order.
fn open_items(project: &Path) -> Result<Vec<String>> {
    let database = look(project)?;
    let sql =
        "SELECT item FROM v_worklist WHERE reader = 'demo' AND status <> 'locked' ORDER BY place";
    let mut query = database.prepare(sql)?;
    let items = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(items)
}

/// Reads by script and is killed after so many acknowledgements and microseconds; gives what it
/// had printed by then.
fn read_until_killed(
    place: &Place,
    project: &Path,
    script: &Path,
    acks: u64,
    micros: u64,
) -> Result<String> {
    let words = ["read".as_ref(), project.as_os_str(), "--script".as_ref(), script.as_os_str()];
    let mut child = place
        .command(&words)?
        .args(["--reader", "demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut out = BufReader::new(child.stdout.take().context("a pipe")?);
    let mut text = String::new();
    for _ in 0..acks {
        if out.read_line(&mut text)? == 0 {
            break;
        }
    }
    std::thread::sleep(Duration::from_micros(micros));
    child.kill()?;
    out.read_to_string(&mut text)?;
    child.wait()?;
    Ok(text)
}

#[test]
fn nothing_acknowledged_is_lost_whenever_the_program_is_killed() -> Result<()> {
    // A long night: OVERREAD_KILLS=200.
    let rounds = std::env::var("OVERREAD_KILLS").map_or(Ok(24), |rounds| rounds.parse())?;
    let place = Place::new()?;
    let round = "R\n1\nWAIT 2\nBACKSPACE\nR\n3\nWAIT 1\n";
    let script = place.write("keys.txt", round.repeat(8))?;
    let mut random = Random(20_171_218);
    let mut project = place.demo("study")?;
    let mut promised = 0;
    for n in 0..rounds {
        if open_items(&project)?.len() < 14 {
            project = place.demo(&format!("study{n}"))?;
        }
        // Every third is killed while it starts, opens or checks the project.
        let (acks, micros) = match n % 3 {
            0 => (0, random.below(120_000)),
            _ => (1 + random.below(16), random.below(4_000)),
        };
        let said = read_until_killed(&place, &project, &script, acks, micros)?;
        let round = format!("round {n} ({acks} acknowledged, then {micros} µs)");
        promised +=
            the_file_keeps_its_promises(&place, &project, &said).with_context(|| round.clone())?;
        reading_goes_on_where_it_stopped(&place, &project).with_context(|| round.clone())?;
    }
    ensure!(rounds < promised, "only {promised} events were acknowledged: nothing was tested");
    Ok(())
}

fn the_file_keeps_its_promises(place: &Place, project: &Path, said: &str) -> Result<usize> {
    // The killed process cannot have tidied up: the next opening finds the log as it is.
    let checked = place.json(&["verify".as_ref(), project.as_os_str(), "--json".as_ref()])?;
    ensure!(checked["ok"] == true, "verify says {checked}");
    let ids = event_ids(project)?;
    let acks = ack_lines(said);
    for (item, event) in &acks {
        ensure!(ids.contains(event), "event {event} on {item} was acknowledged and is lost");
    }
    Ok(acks.len())
}

fn reading_goes_on_where_it_stopped(place: &Place, project: &Path) -> Result<()> {
    let next = open_items(project)?.first().cloned().context("nothing left to read")?;
    let script = place.write("one.txt", "2\n")?;
    let said = place.ok(&[
        "read".as_ref(),
        project.as_os_str(),
        "--reader".as_ref(),
        "demo".as_ref(),
        "--script".as_ref(),
        script.as_os_str(),
    ])?;
    let [(item, event)] = ack_lines(&said).try_into().ok().context("not one acknowledgement")?;
    ensure!(item == next, "went on with {item}, not with {next}");
    ensure!(event_ids(project)?.contains(&event), "the answer after the kill is not in the file");
    ensure!(open_items(project)?.first() != Some(&next), "the item is still open");
    Ok(())
}

#[test]
fn a_window_that_is_killed_loses_at_most_the_last_key() -> Result<()> {
    let place = Place::new()?;
    let project: PathBuf = place.demo("study")?;
    let screen = Screen::start(1280, 800)?;
    let mut window = Window::open(&screen, &place, &project, "demo", [1280, 800])?;
    let answers = ["1", "3", "2", "u", "3"];
    let mut film = window.new_film(None)?;
    for (at, key) in answers.iter().enumerate() {
        window.key(key)?;
        if at + 1 < answers.len() {
            // The next film comes up only when the answer is accepted.
            film = window.new_film(Some(&film))?;
        }
    }
    window.kill()?;
    let checked = place.json(&["verify".as_ref(), project.as_os_str(), "--json".as_ref()])?;
    assert_eq!(checked["ok"], true, "{checked}");
    let database = look(&project)?;
    let sql = "SELECT coalesce(r.level_no, 'u') FROM v_reads AS r JOIN v_worklist AS w ON w.item = r.item ORDER BY w.place";
    let stored = database
        .prepare(sql)?
        .query_map([], |row| {
            Ok(match row.get::<_, rusqlite::types::Value>(0)? {
                rusqlite::types::Value::Integer(level) => (level + 1).to_string(),
                _ => "u".to_owned(),
            })
        })?
        .collect::<Result<Vec<String>, _>>()?;
    assert!(answers.len() - 1 <= stored.len(), "pressed {answers:?}, stored {stored:?}");
    assert_eq!(stored, answers[..stored.len()]);
    drop(database);
    reading_goes_on_where_it_stopped(&place, &project)?;
    // Once more in the window: it opens on a film, with nobody to tidy up before.
    let mut window = Window::open(&screen, &place, &project, "demo", [1280, 800])?;
    window.new_film(None)?;
    let left = open_items(&project)?.len();
    window.key("1")?;
    poll("the answer is on disk", Duration::from_secs(30), || {
        Ok((open_items(&project)?.len() < left).then_some(()))
    })?;
    assert!(window.quit()?.success());
    Ok(())
}
