//! Readers on machines of their own: a packet goes out, nothing in it gives a label away, and what
//! comes back counts as if it had been read in the project.

use anyhow::{Context as _, Result, ensure};
use overread_tests::{Place, ack_lines, secret};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Twenty films of distinct patients; which half is labelled positive is the caller's.
fn table(first_half: bool) -> (String, Vec<(String, u32)>) {
    let mut rows = secret::rows(20);
    for (n, row) in rows.iter_mut().enumerate() {
        row.labels = if (n % 2 == 0) == first_half { "Pneumothorax|Hernia" } else { "Fibrosis" };
    }
    let text = secret::table(&rows);
    (text, rows.into_iter().map(|row| (row.file, row.patient)).collect())
}

/// A drawn project with two readers, in a folder of its own.
fn project(place: &Place, name: &str, first_half: bool) -> Result<PathBuf> {
    project_with(place, name, first_half, "")
}

/// With more lines about the drawing.
fn project_with(place: &Place, name: &str, first_half: bool, sampling: &str) -> Result<PathBuf> {
    let (text, films) = table(first_half);
    for (n, (file, _)) in (0..).zip(&films) {
        place.film(&format!("{name}/films/{file}"), n)?;
    }
    let labels = place.write(&format!("{name}/labels.csv"), text)?;
    let protocol = secret::protocol("packets", &["Pneumothorax"], 10);
    let protocol = protocol.replacen("[sampling]\n", &format!("[sampling]\n{sampling}"), 1);
    ensure!(protocol.contains(sampling), "the protocol has no such place");
    let protocol = format!("# Tamsin leads; see /srv/secret/plan.txt\n{protocol}");
    let protocol = place.write(&format!("{name}/protocol.toml"), protocol)?;
    let project = place.at(&format!("{name}/audit.overread"));
    let images = place.at(&format!("{name}/films"));
    run(
        place,
        &project,
        "new",
        &[
            "--labels".as_ref(),
            labels.as_os_str(),
            "--format".as_ref(),
            "cxr14".as_ref(),
            "--images".as_ref(),
            images.as_os_str(),
            "--protocol".as_ref(),
            protocol.as_os_str(),
        ],
    )?;
    for reader in ["ann", "Beatrix"] {
        run(place, &project, "readers", &["add".as_ref(), reader.as_ref()])?;
    }
    run(place, &project, "sample", &["--seed".as_ref(), "14".as_ref()])?;
    Ok(project)
}

fn run(place: &Place, project: &Path, verb: &str, words: &[&OsStr]) -> Result<String> {
    let mut all = vec![OsStr::new(verb), project.as_os_str()];
    all.extend(words);
    place.ok(&all)
}

fn packet(
    place: &Place,
    project: &Path,
    reader: &str,
    name: &str,
    images: &str,
) -> Result<PathBuf> {
    let packet = place.at(name);
    run(
        place,
        project,
        "packet",
        &[
            "--reader".as_ref(),
            reader.as_ref(),
            "--images".as_ref(),
            images.as_ref(),
            "-o".as_ref(),
            packet.as_os_str(),
        ],
    )?;
    Ok(packet)
}

fn read(place: &Place, project: &Path, reader: &str, keys: &str) -> Result<Vec<(String, String)>> {
    let script = place.write("keys.txt", keys)?;
    let said = run(
        place,
        project,
        "read",
        &["--reader".as_ref(), reader.as_ref(), "--script".as_ref(), script.as_os_str()],
    )?;
    Ok(ack_lines(&said))
}

fn merge(place: &Place, project: &Path, packets: &[&Path]) -> Result<Value> {
    let mut words: Vec<&OsStr> = packets.iter().map(|path| path.as_os_str()).collect();
    words.push("--json".as_ref());
    Ok(serde_json::from_str(&run(place, project, "merge", &words)?)?)
}

fn json(place: &Place, verb: &str, project: &Path) -> Result<Value> {
    place.json(&[OsStr::new(verb), project.as_os_str(), "--json".as_ref()])
}

fn rows(file: &Path, sql: &str) -> Result<Vec<String>> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut query = database.prepare(sql)?;
    let columns = query.column_count();
    let rows = query.query_map([], |row| {
        let cells = (0..columns).map(|i| {
            Ok(match row.get_ref(i)? {
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                other => format!("{other:?}"),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const READS: &str = "SELECT item, study, reader, deck, finding, level, level_no, no_answer,
    settled_level, settled_no_answer, phase, pass, protocol_version, after_release
    FROM v_reads ORDER BY reader, item";

/// A whole deck: each level, no answer of either kind, a tag, a slip and its correction.
const KEYS: &str = "1\nE\n3\n2\nBACKSPACE\n1\nU\nX\n3\n3\n1\n1\n2\n2\n3\n1\n1\n3\n2\n1\n3\n1\n2\n";

#[test]
fn a_deck_read_in_a_packet_counts_as_if_read_in_the_project() -> Result<()> {
    let place = Place::new()?;
    let away = project(&place, "away", true)?;
    let here = project(&place, "here", true)?;
    let packet = packet(&place, &away, "ann", "ann.overread", "copy")?;
    let acks = read(&place, &packet, "ann", KEYS)?;
    read(&place, &here, "ann", KEYS)?;
    assert!(place.at("ann.images").is_dir());
    assert_eq!(json(&place, "verify", &packet)?["ok"], true);
    let report = merge(&place, &away, &[&packet])?;
    assert_eq!((&report["refused"], &report["conflicts"]), (&0.into(), &Value::Array(vec![])));
    assert_eq!(rows(&away, READS)?, rows(&here, READS)?);
    assert_eq!(rows(&away, READS)?.len(), 20);
    let ids: BTreeSet<String> = rows(&away, "SELECT id FROM event")?.into_iter().collect();
    for (_, event) in acks {
        assert!(ids.contains(&event), "{event} was acknowledged and is lost");
    }
    assert_eq!(json(&place, "verify", &away)?["ok"], true);
    let info = json(&place, "info", &away)?;
    let ann = info["readers"].as_array().context("readers")?.iter().find(|r| r["name"] == "ann");
    assert_eq!(ann.context("ann")?["locked"], 20);
    let [one, two] = [&away, &here].map(|project| -> Result<Value> {
        Ok(json(&place, "analyse", project)?["statistics"]["label_quality"].clone())
    });
    assert_eq!(one?, two?);
    Ok(())
}

#[test]
fn merged_twice_or_in_another_order_it_is_the_same() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let early = packet(&place, &project, "ann", "ann.overread", "match")?;
    let other = packet(&place, &project, "Beatrix", "bea.overread", "match")?;
    read(&place, &early, "ann", "1\n2\n3\n")?;
    let older = place.at("ann-older.overread");
    std::fs::copy(&early, &older)?;
    read(&place, &early, "ann", "3\n1\n")?;
    read(&place, &other, "Beatrix", "2\n2\n2\n")?;
    let second = place.at("second.overread");
    std::fs::copy(&project, &second)?;
    merge(&place, &project, &[&older, &early, &other])?;
    for go in [&other, &early, &older, &early] {
        merge(&place, &second, &[go])?;
    }
    let views = [READS, "SELECT * FROM v_tags", "SELECT * FROM v_progress ORDER BY reader"];
    for sql in views {
        assert_eq!(rows(&project, sql)?, rows(&second, sql)?);
    }
    let events = "SELECT id, hash FROM event WHERE actor <> 'lead' ORDER BY id";
    assert_eq!(rows(&project, events)?, rows(&second, events)?);
    let before = rows(&project, "SELECT * FROM event")?;
    let again = merge(&place, &project, &[&early, &other, &older])?;
    assert_eq!(again["came_in"], 0);
    assert_eq!(rows(&project, "SELECT * FROM event")?, before);
    Ok(())
}

#[test]
fn copies_of_one_packet_that_answer_one_item_are_both_kept_and_shown() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let first = packet(&place, &project, "ann", "ann.overread", "match")?;
    let copy = place.at("copy.overread");
    std::fs::copy(&first, &copy)?;
    read(&place, &first, "ann", "1\n2\n")?;
    read(&place, &copy, "ann", "3\n")?;
    let report = merge(&place, &project, &[&first, &copy])?;
    assert_eq!(report["refused"], 0, "{report}");
    let conflicts = report["conflicts"].as_array().context("conflicts")?;
    assert_eq!(conflicts.len(), 1, "{report}");
    assert_eq!(conflicts[0]["answers"].as_array().context("answers")?.len(), 2);
    assert_eq!(json(&place, "info", &project)?["conflicts"], 1);
    assert_eq!(rows(&project, "SELECT DISTINCT level_no FROM v_conflicts")?.len(), 2);
    assert_eq!(json(&place, "verify", &project)?["ok"], true);
    assert_eq!(json(&place, "analyse", &project)?["exclusions"]["total"]["conflicts"], 1);
    // The report says it where the items are counted and among the limits.
    let report = run(&place, &project, "analyse", &[])?;
    let said = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.matches("1 item was answered on two devices").count(), 2, "{report}");
    // Each copy goes on in its own chain.
    read(&place, &copy, "ann", "3\n")?;
    read(&place, &first, "ann", "1\n")?;
    let more = merge(&place, &project, &[&copy, &first])?;
    assert_eq!(more["refused"], 0, "{more}");
    assert_eq!(more["reads"], 2);
    Ok(())
}

#[test]
fn a_packet_copied_in_the_middle_of_reading_and_read_on_in_both_places_loses_nothing() -> Result<()>
{
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let first = packet(&place, &project, "ann", "ann.overread", "match")?;
    let mut acks = read(&place, &first, "ann", "1\n2\n")?;
    let copy = place.at("copy.overread");
    std::fs::copy(&first, &copy)?;
    // On one computer, so that nothing but the file tells one copy from the other.
    acks.extend(read(&place, &first, "ann", "1\n1\n")?);
    acks.extend(read(&place, &copy, "ann", "3\n")?);
    acks.extend(read(&place, &first, "ann", "2\n")?);
    acks.extend(read(&place, &copy, "ann", "3\n")?);
    let chains = |file: &Path| rows(file, "SELECT DISTINCT chain FROM event WHERE actor = 'ann'");
    assert_eq!(chains(&first)?.len(), 1, "the original goes on with its chain");
    assert_eq!(chains(&copy)?.len(), 2, "the copy begins one of its own and goes on with it");
    let report = merge(&place, &project, &[&first, &copy])?;
    assert_eq!(report["refused"], 0, "{report}");
    let ids: BTreeSet<String> = rows(&project, "SELECT id FROM event")?.into_iter().collect();
    for (item, event) in &acks {
        assert!(ids.contains(event), "{event} on {item} was acknowledged and is lost");
    }
    let conflicts = report["conflicts"].as_array().context("conflicts")?;
    assert_eq!(conflicts.len(), 2, "{report}");
    for conflict in conflicts {
        assert_eq!(conflict["same"], false);
        let used = conflict["answers"].as_array().context("answers")?.iter();
        assert_eq!(used.filter(|answer| answer["used"] == true).count(), 1, "{conflict}");
    }
    assert_eq!(json(&place, "info", &project)?["conflicts"], 2);
    let said = place.ok(&[OsStr::new("merge"), project.as_os_str(), copy.as_os_str()])?;
    assert_eq!(said.matches("Conflict: ann answered item").count(), 2, "{said}");
    assert_eq!(json(&place, "verify", &project)?["ok"], true);
    Ok(())
}

#[test]
fn a_lead_who_copies_the_project_and_works_on_in_both_never_forks_a_chain() -> Result<()> {
    let place = Place::new()?;
    let first = place.at("first.overread");
    let labels = place.write("labels.csv", table(true).0)?;
    place.ok(&[
        OsStr::new("new"),
        first.as_os_str(),
        OsStr::new("--labels"),
        labels.as_os_str(),
        OsStr::new("--format"),
        OsStr::new("cxr14"),
    ])?;
    let copy = place.at("copy.overread");
    std::fs::copy(&first, &copy)?;
    let add = |file: &Path, name: &str| {
        run(&place, file, "readers", &[OsStr::new("add"), OsStr::new(name)]).map(drop)
    };
    add(&first, "ann")?;
    add(&copy, "ben")?;
    add(&first, "cid")?;
    add(&copy, "dot")?;
    let places = |file: &Path| {
        rows(file, "SELECT chain || ' ' || chain_seq || ' ' || hash FROM event ORDER BY seq")
    };
    let (ours, theirs) = (places(&first)?, places(&copy)?);
    let place_of = |row: &String| row.rsplit_once(' ').map(|(place, _)| place.to_owned());
    for row in &ours {
        let twin = theirs.iter().find(|other| place_of(other) == place_of(row));
        ensure!(twin.is_none_or(|twin| twin == row), "{row} is another event in the copy");
    }
    let chains = |file: &Path| rows(file, "SELECT DISTINCT chain FROM event");
    assert_eq!(chains(&first)?.len(), 1, "the original goes on with its chain");
    assert_eq!(chains(&copy)?.len(), 2, "the copy begins one of its own and goes on with it");
    for file in [&first, &copy] {
        assert_eq!(json(&place, "verify", file)?["ok"], true);
    }
    Ok(())
}

#[test]
fn what_is_saved_of_a_packet_holds_no_labels_and_says_so() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let sent = packet(&place, &project, "ann", "ann.overread", "match")?;
    let acks = read(&place, &sent, "ann", "1\n2\n")?;
    let saved = place.at("saved.overread");
    place.ok(&[OsStr::new("recover"), sent.as_os_str(), OsStr::new("-o"), saved.as_os_str()])?;
    let views = "SELECT name FROM sqlite_schema WHERE name = 'v_dataset_labels'";
    assert_eq!(rows(&saved, views)?.len(), 0, "as in the packet itself");
    let report = merge(&place, &project, &[&saved])?;
    assert_eq!(report["refused"], 0, "{report}");
    let ids: BTreeSet<String> = rows(&project, "SELECT id FROM event")?.into_iter().collect();
    assert!(acks.iter().all(|(_, event)| ids.contains(event)), "answers came back by way of it");
    Ok(())
}

#[test]
fn a_damaged_packet_leaves_the_project_and_its_folder_as_they_were() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let whole = packet(&place, &project, "ann", "ann.overread", "match")?;
    read(&place, &whole, "ann", KEYS)?;
    let bytes = std::fs::read(&whole)?;
    let spoilt = place.at("spoilt.overread");
    let contents = || -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut files = Vec::new();
        let mut folders = vec![place.at("study")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), std::fs::read(&path)?));
                }
            }
        }
        files.sort();
        Ok(files)
    };
    let before = contents()?;
    for cut in [bytes.len() / 2, bytes.len() - 4_096] {
        std::fs::write(&spoilt, &bytes[..cut])?;
        let said = place.run(&[OsStr::new("merge"), project.as_os_str(), spoilt.as_os_str()])?;
        assert_eq!((said.status, said.out.as_str()), (1, ""), "{}", said.err);
        assert!(contents()? == before, "cut at {cut}: something was changed");
    }
    // A digit of a hash, wherever it stands: also where SQLite keeps what it moved.
    for hash in rows(&whole, "SELECT hash FROM event WHERE kind = 'read.locked'")?.iter().step_by(7)
    {
        let mut bent = bytes.clone();
        let at = |bytes: &[u8]| bytes.windows(hash.len()).position(|part| part == hash.as_bytes());
        while let Some(place) = at(&bent) {
            bent[place] = b'x';
        }
        ensure!(bent != bytes, "nothing was bent");
        std::fs::write(&spoilt, &bent)?;
        let said = place.run(&[OsStr::new("merge"), project.as_os_str(), spoilt.as_os_str()])?;
        assert_eq!((said.status, said.out.as_str()), (1, ""), "{}", said.err);
        assert!(said.err.contains("spoilt.overread was not merged"), "{}", said.err);
        assert!(contents()? == before, "{hash}: something was changed");
    }
    Ok(())
}

#[test]
fn what_does_not_belong_is_refused_with_the_reason_and_changes_nothing() -> Result<()> {
    let place = Place::new()?;
    let mine = project(&place, "mine", true)?;
    let theirs = project(&place, "theirs", true)?;
    let foreign = packet(&place, &theirs, "ann", "foreign.overread", "match")?;
    let bent = packet(&place, &mine, "ann", "bent.overread", "match")?;
    read(&place, &foreign, "ann", "1\n2\n")?;
    read(&place, &bent, "ann", "1\n2\n")?;
    let database = Connection::open(&bent)?;
    database.execute_batch(
        "DROP TRIGGER event_never_changes;
         UPDATE event SET at = '2000-01-01T00:00:00.000Z' WHERE kind = 'read.locked';",
    )?;
    drop(database);
    let before = std::fs::read(&mine)?;
    for (file, says) in [(&foreign, "not made from this project"), (&bent, "does not fit")] {
        let said = place.run(&[OsStr::new("merge"), mine.as_os_str(), file.as_os_str()])?;
        assert_eq!(said.status, 1, "{}", said.err);
        assert!(said.err.contains(says), "{}", said.err);
        assert!(std::fs::read(&mine)? == before, "the project was changed");
    }
    Ok(())
}

/// Every byte that a reader is sent: the packet, the images, and their names.
fn sent(packet: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut sent = vec![("the packet".to_owned(), std::fs::read(packet)?)];
    for entry in std::fs::read_dir(packet.with_extension("images"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        sent.push((format!("the name {name}"), name.into_bytes()));
        sent.push(("an image".to_owned(), std::fs::read(entry.path())?));
    }
    Ok(sent)
}

/// Every cell of every table; a patient's number without zeros may stand in other bytes by chance.
fn no_cell_holds_a_patient(packet: &Path, films: &[(String, u32)]) -> Result<()> {
    let mut cells = Vec::new();
    for name in rows(packet, "SELECT name FROM sqlite_schema WHERE type = 'table'")? {
        for row in rows(packet, &format!("SELECT * FROM {name}"))? {
            cells.push(format!("{name}: {row}"));
        }
    }
    ensure!(60 < cells.len(), "few cells were searched: {}", cells.len());
    for (_, patient) in films {
        for cell in &cells {
            ensure!(
                !secret::holds(cell, &patient.to_string()),
                "patient {patient} stands in {cell}"
            );
        }
    }
    Ok(())
}

#[test]
fn no_byte_of_a_packet_names_a_label_a_patient_a_path_or_another_reader() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "secret-study", true)?;
    let packet = packet(&place, &project, "ann", "ann.overread", "copy")?;
    let sent = sent(&packet)?;
    assert_eq!(sent.len(), 41, "a packet and twenty images with their names");
    let (_, films) = table(true);
    no_cell_holds_a_patient(&packet, &films)?;
    let mut secrets: Vec<String> = ["Hernia", "Fibrosis", "Beatrix", "Tamsin", "labels.csv"]
        .iter()
        .chain(&["secret-study", "/films", "Data_Entry", "cxr14"])
        .map(|word| (*word).to_owned())
        .collect();
    secrets.push(place.at("").display().to_string().trim_end_matches('/').to_owned());
    secrets.push(
        json(&place, "info", &project)?["dataset"]["sha256"].as_str().context("hash")?.to_owned(),
    );
    for (file, patient) in films {
        secrets.extend([format!("{patient:08}"), file.clone()]);
        secrets.push(file.trim_end_matches(".png").to_owned());
    }
    for secret in &secrets {
        for (what, bytes) in &sent {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            ensure!(!found, "{what} holds {secret}");
        }
    }
    // The search finds what is there.
    let whole = std::fs::read(&project)?;
    for secret in secrets.iter().filter(|s| !["Data_Entry", "/films"].contains(&s.as_str())).take(5)
    {
        assert!(whole.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
    let times: BTreeSet<_> = std::fs::read_dir(packet.with_extension("images"))?
        .map(|entry| entry?.metadata()?.modified())
        .collect::<Result<_, _>>()?;
    assert_eq!(times.len(), 1, "times of writing tell an order");
    assert!(
        rows(&packet, "SELECT name FROM sqlite_schema WHERE name = 'v_dataset_labels'")?.is_empty()
    );
    Ok(())
}

#[test]
fn no_two_films_of_a_packet_are_equal_files_also_where_one_comes_again() -> Result<()> {
    let place = Place::new()?;
    let project = project_with(&place, "again", true, "repeats = 4\nrepeat_gap = 3\n")?;
    let packet = packet(&place, &project, "ann", "ann.overread", "copy")?;
    // Nothing but its pixels tells a second reading from a first.
    let told =
        "SELECT DISTINCT i.phase, i.pass, m.repeated, m.of_studies, m.drawn, m.frame FROM item AS i
        JOIN deck_member AS m ON m.study = i.study";
    assert_eq!(rows(&project, "SELECT DISTINCT pass FROM item")?.len(), 2, "there are repeats");
    assert_eq!(rows(&packet, told)?.len(), 1);
    assert_eq!(rows(&packet, "SELECT DISTINCT study FROM item")?.len(), 24);
    let stored = rows(&packet, "SELECT sha256, bytes FROM image")?;
    assert_eq!(stored.len(), 24, "twenty films and four that come again");
    assert_eq!(stored.iter().collect::<BTreeSet<_>>().len(), 24);
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(place.at("ann.images"))? {
        ensure!(files.insert(std::fs::read(entry?.path())?), "two files are equal");
    }
    assert_eq!(files.len(), 24);
    Ok(())
}

#[test]
fn projects_that_differ_only_in_labels_give_the_same_packet() -> Result<()> {
    let place = Place::new()?;
    let mut packets = Vec::new();
    for (name, first_half) in [("one", true), ("two", false)] {
        let project = project(&place, name, first_half)?;
        let packet = packet(&place, &project, "ann", &format!("{name}/ann.overread"), "copy")?;
        let asked = "SELECT w.reader, w.place, w.item, w.deck, w.finding, w.phase, w.pass, w.status,
            s.key, s.patient, s.positive, s.negative, s.uncertain, s.sex, s.age_years, s.region, s.split,
            i.place, i.view, i.bytes, i.sha256, m.label_positive, m.drawn, m.frame
            FROM v_worklist AS w JOIN item AS t ON t.id = w.item JOIN study AS s ON s.no = t.study
            JOIN image AS i ON i.study = s.no JOIN deck_member AS m ON m.study = s.no ORDER BY w.place";
        let mut all = rows(&packet, asked)?;
        all.extend(rows(&packet, "SELECT id, finding, planned FROM deck")?);
        all.extend(rows(&packet, "SELECT version, name, hash, text FROM protocol")?);
        all.extend(rows(&packet, "SELECT name, role, experience_years FROM reader")?);
        all.extend(rows(
            &packet,
            "SELECT name, value FROM meta WHERE name NOT IN ('packet', 'made_at')",
        )?);
        all.extend(rows(&packet, "SELECT type, name, sql FROM sqlite_schema")?);
        let mut images = sent(&packet)?.into_iter().filter(|(what, _)| what == "an image");
        let mut pixels: Vec<Vec<u8>> = images.by_ref().map(|(_, bytes)| bytes).collect();
        pixels.sort();
        packets.push((all, pixels, std::fs::metadata(&packet)?.len()));
    }
    assert_eq!(packets[0].0.len(), packets[1].0.len());
    for (one, two) in packets[0].0.iter().zip(&packets[1].0) {
        assert_eq!(one, two);
    }
    assert!(packets[0].1 == packets[1].1, "the images differ");
    assert_eq!(packets[0].2, packets[1].2);
    Ok(())
}

#[test]
fn images_that_stay_at_home_are_found_by_size_and_hash() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let packet = packet(&place, &project, "ann", "ann.overread", "match")?;
    assert!(!place.at("ann.images").exists());
    // The reader's own copies lie in other folders under other names.
    for (n, entry) in std::fs::read_dir(place.at("study/films"))?.enumerate() {
        place.write(&format!("mine/part{}/film-{n}.png", n % 3), std::fs::read(entry?.path())?)?;
    }
    place.write("mine/other.png", b"another picture")?;
    let mine = place.at("mine");
    let found = place.json(&[
        OsStr::new("images"),
        packet.as_os_str(),
        mine.as_os_str(),
        "--json".as_ref(),
    ])?;
    assert_eq!((&found["images"], &found["found"]), (&20.into(), &20.into()), "{found}");
    assert_eq!(read(&place, &packet, "ann", "1\n2\n")?.len(), 2);
    assert_eq!(merge(&place, &project, &[&packet])?["reads"], 2);
    Ok(())
}

#[test]
fn a_packet_is_one_readers_and_its_design_is_not_changed() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let packet = packet(&place, &project, "ann", "ann.overread", "match")?;
    let script = place.write("keys.txt", "1\n")?;
    let words = |reader: &str| {
        [
            "read".into(),
            packet.clone().into_os_string(),
            "--reader".into(),
            reader.into(),
            "--script".into(),
            script.clone().into_os_string(),
        ]
    };
    let other = place.run(&words("Beatrix"))?;
    assert_eq!(other.status, 1);
    assert!(other.err.contains("ann's packet"), "{}", other.err);
    let nobody = place.run(&[
        OsStr::new("read"),
        packet.as_os_str(),
        "--script".as_ref(),
        script.as_os_str(),
    ])?;
    assert_eq!(nobody.status, 0, "the packet knows its reader: {}", nobody.err);
    for verb in [["readers", "add", "eve"].as_slice(), &["sample"]] {
        let mut all: Vec<&OsStr> = vec![verb[0].as_ref(), packet.as_os_str()];
        all.extend(verb[1..].iter().map(OsStr::new));
        assert_eq!(place.run(&all)?.status, 1, "{verb:?}");
    }
    let again = place.run(&[
        OsStr::new("packet"),
        project.as_os_str(),
        "--reader".as_ref(),
        "ann".as_ref(),
        "-o".as_ref(),
        packet.as_os_str(),
    ])?;
    assert_eq!(again.status, 1, "a packet is never overwritten");
    let info = json(&place, "info", &packet)?;
    assert_eq!(info["packet"]["reader"], "ann");
    assert_eq!(info["decks"][0]["label_positive"], Value::Null);
    assert_eq!(info["decks"][0]["controls"], Value::Null);
    Ok(())
}

/// What came back stays out of the next packet, and a repeat whose first reading came back is a repeat.
#[test]
fn a_second_packet_holds_what_is_open_and_counts_as_if_read_in_the_project() -> Result<()> {
    let place = Place::new()?;
    let repeats = "repeats = 4\nrepeat_gap = 6\n";
    let away = project_with(&place, "away", true, repeats)?;
    let here = project_with(&place, "here", true, repeats)?;
    let keys: Vec<&str> =
        ["1", "3", "2", "1", "U", "2", "3"].into_iter().cycle().take(24).collect();
    read(&place, &here, "ann", &keys.join("\n"))?;
    let first = packet(&place, &away, "ann", "first.overread", "copy")?;
    // Before it comes back, another one is made: whoever sends it learns that the first is out.
    let twin = place.at("twin.overread");
    let words: [&OsStr; 4] = ["--reader".as_ref(), "ann".as_ref(), "-o".as_ref(), twin.as_os_str()];
    let said = run(&place, &away, "packet", &words)?;
    let id = rows(&first, "SELECT value FROM meta WHERE name = 'packet'")?.join("");
    assert!(said.contains("1 earlier packet is still out") && said.contains(&id), "{said}");
    std::fs::remove_file(&twin)?;
    // A slip and its correction stand near the end of the first part; what ends a packet settles at once.
    let (early, late) = keys.split_at(13);
    read(
        &place,
        &first,
        "ann",
        &format!("{}\n1\nBACKSPACE\n{}", early[..11].join("\n"), early[11..].join("\n")),
    )?;
    merge(&place, &away, &[&first])?;
    let out = place.at("second.overread");
    let words: [&OsStr; 4] = ["--reader".as_ref(), "ann".as_ref(), "-o".as_ref(), out.as_os_str()];
    let said = run(&place, &away, "packet", &words)?;
    assert!(said.contains("11 open items; 13 are locked"), "{said}");
    assert!(!said.contains(&id), "what came back is not out: {said}");
    let open = rows(&out, "SELECT id FROM item ORDER BY place")?;
    let was = rows(&away, "SELECT item FROM v_worklist WHERE reader = 'ann' ORDER BY place")?;
    assert_eq!(open, was.get(13..).context("items")?, "in their order");
    assert_eq!(rows(&out, "SELECT DISTINCT phase, pass FROM item")?, ["read Integer(1)"]);
    assert_eq!(json(&place, "verify", &out)?["ok"], true);
    read(&place, &out, "ann", &late.join("\n"))?;
    let report = merge(&place, &away, &[&out])?;
    assert_eq!((&report["refused"], &report["conflicts"]), (&0.into(), &Value::Array(vec![])));
    assert_eq!(report["reads"], 11);
    // An older file once more changes nothing.
    assert_eq!(merge(&place, &away, &[&first])?["came_in"], 0);
    assert_eq!(rows(&away, READS)?, rows(&here, READS)?);
    assert_eq!(rows(&away, "SELECT count(*) FROM v_reads WHERE phase = 'repeat'")?, ["Integer(4)"]);
    assert_eq!(json(&place, "verify", &away)?["ok"], true);
    // Nothing is open, and who wants them all the same says so.
    let mut words = vec![OsStr::new("packet"), away.as_os_str()];
    let third = place.at("third.overread");
    words.extend(["--reader".as_ref(), "ann".as_ref(), "-o".as_ref(), third.as_os_str()]);
    let said = place.run(&words)?;
    assert_eq!(said.status, 1);
    assert!(said.err.contains("--all"), "{}", said.err);
    words.push("--all".as_ref());
    place.ok(&words)?;
    assert_eq!(rows(&third, "SELECT count(*) FROM item")?, ["Integer(24)"]);
    Ok(())
}

/// Ann reads on a computer of that name.
fn read_on(place: &Place, computer: &str, project: &Path, keys: &str) -> Result<()> {
    let script = place.write("keys.txt", keys)?;
    let mut command = place.command(&[
        OsStr::new("read"),
        project.as_os_str(),
        "--reader".as_ref(),
        "ann".as_ref(),
        "--script".as_ref(),
        script.as_os_str(),
    ])?;
    let done = command.env("OVERREAD_SETTINGS", place.at(computer)).output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

#[test]
fn answers_of_one_reader_count_in_the_order_in_which_their_packets_were_made() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    // All of them hold every item: none came back before the next went out.
    let packets = [1, 2, 3, 4]
        .map(|n| packet(&place, &project, "ann", &format!("p{n}.overread"), "match"))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    for (n, packet) in packets.iter().enumerate().rev() {
        read_on(&place, &format!("computer-{n}"), packet, ["1\n", "2\n", "3\n", "U\n"][n])?;
    }
    let files: Vec<&Path> = packets.iter().rev().map(PathBuf::as_path).collect();
    let report = merge(&place, &project, &files)?;
    assert_eq!(report["refused"], 0, "{report}");
    let answers = report["conflicts"][0]["answers"].as_array().context("answers")?;
    let levels: Vec<String> =
        answers.iter().map(|a| a["answers"][0]["answer"].to_string()).collect();
    let told = [r#"{"level":0}"#, r#"{"level":1}"#, r#"{"level":2}"#, r#"{"no_answer":"unsure"}"#];
    assert_eq!(levels, told, "{report}");
    let used: Vec<bool> = answers.iter().map(|answer| answer["used"] == true).collect();
    assert_eq!(used, [true, false, false, false]);
    // Who goes on in the project goes on behind all that came in.
    read(&place, &project, "ann", "3\n")?;
    let newest =
        rows(&project, "SELECT max(chain), chain FROM event WHERE actor = 'ann' ORDER BY seq")?;
    let last = rows(
        &project,
        "SELECT chain, chain FROM event WHERE actor = 'ann' ORDER BY seq DESC LIMIT 1",
    )?;
    assert_eq!(newest, last);
    // And in the next packet behind that.
    let next = packet(&place, &project, "ann", "p5.overread", "match")?;
    read_on(&place, "computer-9", &next, "1\n")?;
    merge(&place, &project, &[&next])?;
    let chains =
        rows(&project, "SELECT DISTINCT chain FROM event WHERE actor = 'ann' ORDER BY seq")?;
    assert_eq!(chains.len(), 6);
    let (before, last) = chains.split_at(4);
    assert!(last.is_sorted() && before.iter().max() < last.first(), "{chains:?}");
    assert_eq!(json(&place, "verify", &project)?["ok"], true);
    Ok(())
}

#[test]
fn an_older_copy_that_is_put_back_in_a_packets_place_begins_a_chain_of_its_own() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let packet = packet(&place, &project, "ann", "ann.overread", "match")?;
    read(&place, &packet, "ann", "1\n")?;
    let older = std::fs::read(&packet)?;
    read(&place, &packet, "ann", "2\n2\n")?;
    let report = merge(&place, &project, &[&packet])?;
    assert_eq!((&report["refused"], &report["reads"]), (&0.into(), &3.into()), "{report}");
    // Written into the file that is there, which stays the same to the system.
    std::fs::write(&packet, older)?;
    read(&place, &packet, "ann", "3\n1\n1\n")?;
    let chains = "SELECT DISTINCT chain FROM event WHERE actor = 'ann'";
    assert_eq!(rows(&packet, chains)?.len(), 2);
    let report = merge(&place, &project, &[&packet])?;
    assert_eq!((&report["refused"], &report["reads"]), (&0.into(), &3.into()), "{report}");
    let conflicts = report["conflicts"].as_array().context("conflicts")?;
    assert_eq!(conflicts.len(), 2, "{report}");
    assert_eq!(conflicts[0]["answers"][0]["used"], true, "what came first counts");
    assert_eq!(json(&place, "verify", &project)?["ok"], true);
    Ok(())
}

#[test]
fn what_a_stopped_run_left_of_a_packet_does_not_stand_in_the_way() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    let left = place.at("ann.images");
    std::fs::create_dir(&left)?;
    for name in ["film.png", ".overread-unfinished"] {
        std::fs::write(left.join(name), "left over")?;
    }
    let hidden = place.at(".ann.images.0123456789ab.part");
    std::fs::create_dir(&hidden)?;
    std::fs::write(hidden.join(".overread-unfinished"), "")?;
    packet(&place, &project, "ann", "ann.overread", "copy")?;
    assert!(!left.join("film.png").exists() && !hidden.exists());
    assert!(!left.join(".overread-unfinished").exists());
    assert_eq!(std::fs::read_dir(&left)?.count(), 20);
    // A folder that is somebody's stays.
    let own = place.at("mine.images");
    std::fs::create_dir(&own)?;
    assert!(packet(&place, &project, "ann", "mine.overread", "copy").is_err());
    assert!(own.exists());
    Ok(())
}

#[test]
fn packets_of_one_stem_have_a_folder_each_and_find_it() -> Result<()> {
    let place = Place::new()?;
    let project = project(&place, "study", true)?;
    for (reader, name, folder) in [
        ("ann", "dr.smith", "dr.smith.images"),
        ("Beatrix", "dr.jones", "dr.jones.images"),
        ("ann", "r1.images", "r1.images.images"),
        ("ann", "r2.overread", "r2.images"),
    ] {
        let made = packet(&place, &project, reader, name, "copy")?;
        assert_eq!(std::fs::read_dir(place.at(folder))?.count(), 20, "{folder}");
        let info = json(&place, "info", &made)?;
        assert_eq!(info["dataset"]["images_available"], 20, "{info}");
        assert_eq!(read(&place, &made, reader, "1\n")?.len(), 1);
    }
    Ok(())
}
