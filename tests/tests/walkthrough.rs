//! The walk through the three designs in the manual, word by word.

use anyhow::{Context as _, Result, ensure};
use overread_tests::{Place, ack_lines, chest, mura};

const WALK: &str = include_str!("../../docs/manual/walkthrough.md");

/// Kind and name of each block of the page, and its lines.
fn blocks() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut blocks = Vec::new();
    let mut lines = WALK.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((kind, text));
        }
    }
    blocks
}

#[test]
fn every_command_of_the_walk_does_what_the_page_says() -> Result<()> {
    let place = Place::new()?;
    let labels = chest(300);
    let films: Vec<&str> =
        labels.lines().skip(1).take(150).filter_map(|row| row.split(',').next()).collect();
    place.write("Data_Entry_2017_v2020.csv", &labels)?;
    for (file, n) in films.iter().zip(0..) {
        place.film(&format!("images/{file}"), n)?;
    }
    for (name, text) in mura().files {
        place.write(name, text)?;
    }
    let (mut commands, mut acks, mut merged) = (0, 0, 0);
    for (kind, lines) in blocks() {
        if let Some(name) = kind.strip_prefix("text ") {
            place.write(name, lines.join("\n") + "\n")?;
            continue;
        }
        ensure!(kind == "sh", "a block of the page is neither commands nor keys: {kind}");
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let words = words.strip_prefix(&["overread"]).context("each line is a command")?;
            let said = place.ok(words).with_context(|| line.to_owned())?;
            commands += 1;
            match words {
                ["read", ..] => {
                    let n = ack_lines(&said).len();
                    ensure!(0 < n && !said.contains("refused"), "{line}: {said}");
                    acks += n;
                }
                ["merge", ..] => {
                    merged += said.lines().filter(|l| l.contains(" events came in")).count();
                    ensure!(!said.contains("refused"), "{line}: {said}");
                }
                ["verify", ..] => ensure!(said.contains("Everything fits."), "{line}: {said}"),
                _ => {}
            }
        }
    }
    ensure!(30 < commands && 15 < acks && merged == 7, "{commands} {acks} {merged}");
    for (project, reads) in [("chest", 8), ("bones", 3), ("panel", 6)] {
        let file = format!("{project}.overread");
        let info = place.json(&["info", &file, "--json"])?;
        let readers = info["readers"].as_array().context("readers")?;
        let locked: u64 = readers.iter().filter_map(|reader| reader["locked"].as_u64()).sum();
        ensure!(locked == reads, "{project}: {locked} items are locked, not {reads}");
        let report = place.at(&format!("{project}-report/report.html"));
        ensure!(report.is_file(), "{} is not there", report.display());
    }
    Ok(())
}
