//! Looking at protocols, checking them, and putting a new version in force.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use overread_core::protocol::{builtin, builtin_names};
use overread_core::{Protocol, Sample};
use overread_store::{OpenMode, Project};
use serde_json::{Value, json};

use super::project::{LEAD, check_labels, load_protocol, open_writable};
use super::{Said, VerbError};

/// The protocols that are built in.
pub fn list_protocols() -> Said {
    let mut rows = Vec::new();
    let mut text = String::new();
    for name in builtin_names() {
        let Some(Ok(protocol)) = builtin(name).map(Protocol::from_toml) else { continue };
        let about = builtin(name).and_then(|text| text.lines().next()).unwrap_or_default();
        let about = about.trim_start_matches('#').trim();
        writeln!(text, "{name}  {}, {}. {about}", protocol.design.word(), protocol.title).ok();
        rows.push(json!({
            "name": name,
            "title": protocol.title,
            "design": protocol.design.word(),
            "about": about,
            "size": protocol.sampling.size,
            "controls": protocol.sampling.controls,
        }));
    }
    text.push_str("Copy one to change it: `overread protocol show NAME > my.toml`.");
    Said::new(json!({ "protocols": rows }), text)
}

/// The text of a protocol: of a project, a built-in one, or a file.
pub fn show_protocol(what: &str) -> Result<Said, VerbError> {
    let protocol = protocol_of(what)?;
    let json = describe(&protocol);
    Ok(Said::new(json, protocol.source.trim_end().to_owned()))
}

/// Whether a file is a protocol, and what it asks; with a project, whether it fits there.
pub fn check_protocol(what: &str, project: Option<&Path>) -> Result<Said, VerbError> {
    let protocol = protocol_of(what)?;
    let mut unchanged = None;
    if let Some(path) = project {
        let project = Project::open(path, OpenMode::ReadOnly)?.project;
        let same = project.protocol()?.source == protocol.source;
        if !same {
            check_labels(&protocol, &project.dataset()?.findings)?;
            check_change(&project, &protocol)?;
        }
        unchanged = Some(same);
    }
    let mut json = describe(&protocol);
    if let Some(unchanged) = unchanged {
        json["unchanged"] = json!(unchanged);
    }
    let mut text = format!(
        "{} is a protocol: {}, version {}, {}.\n",
        what,
        protocol.name,
        protocol.version,
        protocol.design.word()
    );
    for finding in protocol.findings.iter().filter(|finding| finding.asked) {
        let key = finding.key.map_or_else(String::new, |key| format!(" ({key})"));
        writeln!(text, "Asked: {}{key}", finding.question).ok();
    }
    for rule in &protocol.rules {
        writeln!(text, "Rule {}: {} or more", rule.name, protocol.level_name(rule.threshold)).ok();
    }
    for tag in &protocol.tags {
        writeln!(text, "Tag {}: {}", tag.key, tag.name).ok();
    }
    match unchanged {
        None => {}
        Some(true) => text.push_str("It is the protocol in force: nothing was changed."),
        Some(false) => text.push_str("It can become the next version in the project."),
    }
    Ok(Said::new(json, text.trim_end().to_owned()))
}

/// Puts a new version in force. Reads given before keep theirs and are kept apart from then on.
pub fn set_protocol(path: &Path, file: &Path) -> Result<Said, VerbError> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(VerbError::io("read", file))?;
    let protocol = Protocol::from_toml(&text)
        .map_err(|source| VerbError::Protocol { name: name.clone(), source })?;
    let mut project = open_writable(path)?;
    check_labels(&protocol, &project.dataset()?.findings)?;
    check_change(&project, &protocol)?;
    let before = (project.protocol()?, project.sample()?);
    let apart = locked_items(&project)?;
    let device = crate::chains::device_for(&mut project, LEAD)?;
    let event = project.set_protocol(&protocol, LEAD, &device)?;
    project.close()?;
    let mut text = format!(
        "Version {} of {} holds from here. {}",
        protocol.version,
        protocol.name,
        match apart {
            0 => "Nothing was read before.".to_owned(),
            1 => "1 locked item stands apart under its earlier version: it is kept, and in no figure.".to_owned(),
            n => format!("{n} locked items stand apart under their earlier version: they are kept, and in no figure."),
        }
    );
    let stored = stored_with_the_draw(&before.0, before.1.as_ref(), &protocol);
    if let Some(stored) = &stored {
        text.push(' ');
        text.push_str(stored);
    }
    let mut json = describe(&protocol);
    json["event"] = json!(event.id);
    json["items_apart"] = json!(apart);
    json["stored_with_the_draw"] = json!(stored);
    Ok(Said::new(json, text))
}

/// Items that any reader has locked, in any phase that figures rest on.
fn locked_items(project: &Project) -> Result<usize, VerbError> {
    let mut locked = 0;
    for reader in project.readers()? {
        locked += project.reader_record(&reader.name)?.state.locked_count();
    }
    Ok(locked)
}

/// What a changed protocol says of a draw that was made before: nothing of that is drawn again.
fn stored_with_the_draw(old: &Protocol, sample: Option<&Sample>, new: &Protocol) -> Option<String> {
    sample?;
    let mut kept = Vec::new();
    if old.sampling != new.sampling {
        kept.push("what `[sampling]` says now draws nothing: the decks stay as they were drawn, and only `overread sample PROJECT --extend FINDING=N` adds to them");
    }
    if old.panel.gold != new.panel.gold {
        kept.push("the gold panel stays the one that was stored with the draw");
    }
    if old.panel.assignment != new.panel.assignment {
        kept.push("who reads what stays as it was divided");
    }
    (!kept.is_empty()).then(|| format!("The sample was drawn before; {}.", kept.join("; ")))
}

fn protocol_of(what: &str) -> Result<Protocol, VerbError> {
    let path = Path::new(what);
    let is_project = std::fs::File::open(path).is_ok_and(|mut file| {
        use std::io::Read as _;
        let mut start = [0; 16];
        file.read_exact(&mut start).is_ok() && start.starts_with(b"SQLite format 3")
    });
    if is_project {
        return Ok(Project::open(path, OpenMode::ReadOnly)?.project.protocol()?);
    }
    load_protocol(what)
}

/// What has been drawn must still be asked in the same way.
fn check_change(project: &Project, new: &Protocol) -> Result<(), VerbError> {
    let old = project.protocol()?;
    let refuse = |why: String| Err(VerbError::Other(why));
    if new.version <= old.version {
        return refuse(format!(
            "The protocol in force has version {}; a changed one needs a higher `version` than that, not {}.",
            old.version, new.version
        ));
    }
    let Some(sample) = project.sample()? else { return Ok(()) };
    if new.design != old.design {
        return refuse(format!(
            "The sample was drawn for the design `{}`; it cannot become `{}`. Make a new project.",
            old.design.word(),
            new.design.word()
        ));
    }
    let asked: BTreeSet<&str> =
        new.findings.iter().filter(|f| f.asked).map(|f| f.id.as_str()).collect();
    for deck in &sample.decks {
        if let Some(id) = deck.finding.as_deref().filter(|id| !asked.contains(id)) {
            return refuse(format!(
                "A deck of `{id}` was drawn, and the new protocol does not ask `{id}`. Keep the finding, or make a new project."
            ));
        }
    }
    Ok(())
}

fn describe(protocol: &Protocol) -> Value {
    json!({
        "name": protocol.name,
        "version": protocol.version,
        "hash": protocol.hash(),
        "protocol": protocol,
    })
}
