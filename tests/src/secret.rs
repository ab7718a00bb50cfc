//! Projects whose labels, patients and file names no text holds by chance, and the search for them.

use crate::{CHEST_HEADER, Place};
use anyhow::{Result, bail, ensure};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One line of a label table in the layout of ChestX-ray14.
pub struct Row {
    /// File name of the film.
    pub file: String,
    /// Cell of its labels.
    pub labels: &'static str,
    /// Number of the patient.
    pub patient: u32,
}

const LABELS: [&str; 6] = [
    "Pneumothorax|Effusion|Hernia",
    "Effusion|Hernia",
    "Pneumothorax|Hernia",
    "No Finding",
    "Fibrosis|Hernia",
    "Fibrosis",
];

/// Films of distinct patients with numbers that no other text holds by chance.
pub fn rows(count: u32) -> Vec<Row> {
    (0..count)
        .map(|n| {
            let patient = 28_931 - n * 7;
            let labels = LABELS[(n as usize * 5 + n as usize / 7) % LABELS.len()];
            Row { file: format!("{patient:08}_{:03}.png", n % 9), labels, patient }
        })
        .collect()
}

/// The label table of these films.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!("{CHEST_HEADER}\n");
    for row in rows {
        let Row { file, labels, patient } = row;
        writeln!(text, "{file},{labels},0,{patient},58,M,PA,2048,2500,0.171,0.171").ok();
    }
    text
}

/// A protocol of one deck for each finding, of so many label-positives and as many controls.
pub fn protocol(name: &str, findings: &[&str], size: u32) -> String {
    let asked = findings.iter().fold(String::new(), |mut text, id| {
        writeln!(text, "[[finding]]\nid = \"{id}\"\nlabel = \"{id}\"\n").ok();
        text
    });
    format!(
        r#"levels = ["absent", "plausible", "reportable"]

[protocol]
name = "{name}"
version = 1
title = "Audit with controls"
design = "verify"

[[rule]]
name = "permissive"
short = "could be there"
text = "Could be there."

[[rule]]
name = "clinical"
short = "would be reported"
text = "Would be reported."

{asked}[[tag]]
id = "rotated_film"
name = "Rotated film"
key = "E"

[sampling]
size = {size}
controls = {size}
explore = 0
gap = 2

[blinding]
release = "blocks"
block = 10
"#
    )
}

/// A drawn project; its films are all different, or all alike.
pub fn make(place: &Place, name: &str, rows: &[Row], alike: bool) -> Result<PathBuf> {
    for (n, row) in (0..).zip(rows) {
        place.film(&format!("{name}/films/{}", row.file), if alike { 0 } else { n })?;
    }
    let labels = place.write(&format!("{name}/labels.csv"), table(rows))?;
    let protocol = protocol("blind", &["Pneumothorax", "Effusion"], 6);
    let protocol = place.write(&format!("{name}/blind.toml"), protocol)?;
    let project = place.at(&format!("{name}/blind.overread"));
    let films = place.at(&format!("{name}/films"));
    place.ok(&[
        "new".as_ref(),
        project.as_os_str(),
        "--labels".as_ref(),
        labels.as_os_str(),
        "--format".as_ref(),
        "cxr14".as_ref(),
        "--images".as_ref(),
        films.as_os_str(),
        "--protocol".as_ref(),
        protocol.as_os_str(),
    ])?;
    place.ok(&["readers".as_ref(), project.as_os_str(), "add".as_ref(), "R1".as_ref()])?;
    place.ok(&["sample".as_ref(), project.as_os_str(), "--seed".as_ref(), "14".as_ref()])?;
    Ok(project)
}

/// What may never be printed, with the reason.
pub fn secrets(folder: &Path, rows: &[Row]) -> Vec<(String, &'static str)> {
    let mut secrets = vec![(folder.display().to_string(), "a folder")];
    for row in rows {
        secrets.push((row.file.clone(), "an image's name"));
        secrets.push((format!("{:08}", row.patient), "a patient, zero-padded"));
        secrets.push((row.patient.to_string(), "a patient"));
        if row.labels.contains('|') {
            secrets.push((row.labels.to_owned(), "a label cell"));
        }
    }
    // Labels that no deck asks for.
    secrets.extend(["Hernia", "Fibrosis"].map(|label| (label.to_owned(), "a label")));
    secrets
}

/// Numbers count only where they stand alone: 28931 within a size in bytes is no patient.
pub fn holds(text: &str, secret: &str) -> bool {
    let number = secret.bytes().all(|byte| byte.is_ascii_digit());
    text.match_indices(secret).any(|(at, _)| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
        let before = text[..at].chars().next_back();
        let after = text[at + secret.len()..].chars().next();
        !number || !(digit(before) || digit(after))
    })
}

/// Fails with what stands before the first secret that a text holds.
pub fn search(text: &str, secrets: &[(String, &str)]) -> Result<()> {
    for (secret, what) in secrets {
        if holds(text, secret) {
            let at = text.find(secret.as_str()).unwrap_or(0);
            let near: String = text[..at].chars().rev().take(200).collect();
            let near: String = near.chars().rev().collect();
            bail!("{what} was shown to the reader: {secret} after …{near}");
        }
    }
    Ok(())
}

/// Runs this test once more as a process with settings of its own; true in that process.
pub fn apart(name: &str) -> Result<bool> {
    if std::env::var_os("OVERREAD_APART").is_some() {
        return Ok(true);
    }
    let place = Place::new()?;
    let mut command = Command::new(std::env::current_exe()?);
    let output = place
        .settle(&mut command)
        .env("OVERREAD_APART", "1")
        .args(["--exact", name, "--nocapture"])
        .output()?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(out.contains("1 passed"), "nothing was tested: {out}");
    Ok(false)
}
