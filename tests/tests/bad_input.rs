//! Bad input and faults: a clear word, the right status, and nothing half-made.

#![cfg(unix)]

use anyhow::{Context as _, Result, ensure};
use overread_tests::{CHEST_HEADER, Place, Said, ack_lines, as_nobody};
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

fn read_words<'a>(project: &'a Path, script: &'a Path) -> [&'a std::ffi::OsStr; 6] {
    [
        "read".as_ref(),
        project.as_os_str(),
        "--reader".as_ref(),
        "demo".as_ref(),
        "--script".as_ref(),
        script.as_os_str(),
    ]
}

/// Status 1 and one paragraph that names these.
fn refused(said: &Said, names: &[&str]) {
    assert_eq!(said.status, 1, "{said:?}");
    // Warnings of the log, which begin with a time, may stand before it.
    let lines = said.err.lines().filter(|line| !line.starts_with("20"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.trim();
    assert!(text.starts_with("overread: "), "no paragraph: {text}");
    assert!(!text.contains('\n'), "more than one paragraph: {text}");
    assert!(!text.contains("panicked") && 30 < text.len(), "{text}");
    for name in names {
        assert!(text.contains(name), "`{name}` is not named: {text}");
    }
}

fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn film_of_first_item(project: &Path) -> Result<PathBuf> {
    let database = Connection::open(project)?;
    let sql = "SELECT i.path FROM item AS it JOIN image AS i ON i.study = it.study WHERE it.reader = 'demo' ORDER BY it.place LIMIT 1";
    let path: String = database.query_row(sql, [], |row| row.get(0))?;
    let root: String =
        database.query_row("SELECT image_root FROM dataset", [], |row| row.get(0))?;
    let folder = project.parent().context("a folder")?;
    Ok(folder.join(root).join(path))
}

#[test]
fn wrong_usage_is_status_2() -> Result<()> {
    let place = Place::new()?;
    let extend = |what: &'static str| ["sample", "x.overread", "--extend", what];
    let (no_number, zero, no_name) = (extend("Edema"), extend("Edema=0"), extend("=5"));
    for words in [
        &["read"][..],
        &["no-such-command"],
        &["sample", "--seed", "many"],
        &["new"],
        &no_number,
        &zero,
        &no_name,
    ] {
        let said = place.run(words)?;
        assert_eq!(said.status, 2, "{words:?}: {said:?}");
        assert!(said.out.is_empty() && !said.err.is_empty(), "{said:?}");
    }
    Ok(())
}

#[test]
fn a_misspelt_name_is_answered_with_the_one_that_was_meant_and_with_all_there_are() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let project = project.to_str().context("a path in UTF-8")?;
    let run = |words: &[&str]| place.run(words);
    run(&["readers", project, "add", "Berta"])?;
    let script = place.write("keys.txt", "1\n")?;
    let script = script.to_str().context("a path in UTF-8")?;
    let read = ["read", project, "--reader", "Bertha", "--script", script];
    refused(&run(&read)?, &["Bertha"]);
    let review = ["review", project, "--reader", "Bertha"];
    refused(&run(&review)?, &["`Bertha`", "Did you mean `Berta`?", "Berta, demo"]);
    let out = place.at("p.overread");
    let out = out.to_str().context("a path in UTF-8")?;
    let packet = ["packet", project, "--reader", "dmeo", "-o", out];
    refused(&run(&packet)?, &["Did you mean `demo`?"]);
    let nobody = ["read", project, "--script", script];
    refused(&run(&nobody)?, &["Berta", "demo", "--reader NAME"]);
    let extend = ["sample", project, "--extend", "Pnuemothorax=1"];
    refused(&run(&extend)?, &["did you mean `Pneumothorax`?", "Emphysema"]);
    let labels = place.write("l.csv", CHEST_HEADER)?;
    let labels = labels.to_str().context("a path in UTF-8")?;
    let new = ["new", out, "--labels", labels, "--format", "cxr14", "--protocol", "cxr14-verfy"];
    refused(&run(&new)?, &["Did you mean `cxr14-verify`?", "mura-relabel"]);
    let merge = ["merge", project, project];
    refused(&run(&merge)?, &["itself"]);
    let read = ["read", project, "--reader", "demo", "--script", script];
    for flag in ["--deck", "--finding"] {
        let words = [&read[..], &[flag, "Pnuemothorax"]].concat();
        refused(&run(&words)?, &["`Pnuemothorax`", "did you mean `Pneumothorax`?", "Emphysema"]);
    }
    Ok(())
}

/// Nothing is there: what, where, and what to do, without the system's own numbers.
#[test]
fn a_path_that_leads_nowhere_is_named_with_what_to_do() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let project = project.to_str().context("a path")?;
    let script = place.write("keys.txt", "1\n")?;
    let script = script.to_str().context("a path")?;
    let labels = place.at("study/films/labels.csv");
    let labels = labels.to_str().context("a path")?;
    place.write("file", "x")?;
    let read = |project| ["read", project, "--reader", "demo", "--script"];
    let new = ["new", "new.overread", "--format"];
    let cases: &[&[&str]] = &[
        &["info", "absent.overread"],
        &["verify", "absent.overread"],
        &["sample", "absent.overread"],
        &["readers", "absent.overread", "list"],
        &["report", "absent.overread", "--out", "report"],
        &["report", project, "--out", "file"],
        &["analyse", "absent.overread"],
        &["analyse", "--reads", "absent.csv"],
        &["analyse", project, "--config", "absent.json"],
        &["backup", "absent.overread", "-o", "copy.overread"],
        &["backup", project, "-o", "nowhere/copy.overread"],
        &["recover", "absent.overread", "-o", "copy.overread"],
        &["recover", project, "-o", "nowhere/copy.overread"],
        &["images", project, "absent"],
        &["import-reads", project, "absent.csv"],
        &["import-reads", project, labels, "--map", "absent.toml"],
        &["import-scores", project, "absent.csv"],
        &["packet", project, "--reader", "demo", "-o", "nowhere/p.overread"],
        &["packet", "absent.overread", "--reader", "demo", "-o", "p.overread"],
        &["merge", "absent.overread", project],
        &["merge", project, "absent.overread"],
        &["protocol", "set", project, "absent.toml"],
        &["protocol", "check", "absent.toml"],
        &["drift", labels, "absent.csv", "--format", "cxr14"],
        &["audit", "absent.csv"],
        &["calc", "--batch", "absent.csv", "--json"],
        &["render", "absent.png", "-o", "out.png"],
        &["render", "study/films", "-o", "out.png"],
        &["inspect", "absent.png"],
        &[&read("absent.overread")[..], &[script]].concat(),
        &[&read(project)[..], &["absent.txt"]].concat(),
        &[&new[..], &["cxr14", "--labels", "absent.csv"]].concat(),
        &[&new[..], &["cxr14", "--labels", "study"]].concat(),
        &[&new[..], &["cxr14", "--labels", labels, "--images", "absent"]].concat(),
        &[&new[..], &["table", "--labels", labels, "--map", "absent.toml"]].concat(),
        &[&new[..], &["dicom", "--images", "absent"]].concat(),
        &["new", "nowhere/new.overread", "--format", "cxr14", "--labels", labels],
        &["demo", "--dir", "file", "--no-window"],
    ];
    for words in cases {
        let said = place.run(words)?;
        assert_eq!((said.status, said.out.as_str()), (1, ""), "{words:?}: {said:?}");
        refused(&said, &[]);
        let named =
            ["absent", "nowhere", "file", "study"].iter().any(|word| said.err.contains(word));
        assert!(named, "{words:?} names no place: {}", said.err);
        let help = ["Check", "Choose", "Name", "Built in", "Set ", "Make"];
        assert!(help.iter().any(|word| said.err.contains(word)), "{words:?}: {}", said.err);
        for raw in ["os error", "No such file", "entity not found"] {
            assert!(!said.err.contains(raw), "{words:?}: {}", said.err);
        }
    }
    for left in ["copy.overread", "new.overread", "out.png", "report", "p.overread"] {
        assert!(!place.at(left).exists(), "{left} was left behind");
    }
    Ok(())
}

#[test]
fn wrong_values_of_calc_and_plan_are_wrong_usage_and_those_of_a_batch_are_not() -> Result<()> {
    let place = Place::new()?;
    for words in [
        &["calc", "wilson", "12", "10"][..],
        &["calc", "wilson", "a", "b"],
        &["calc", "wilson", "12"],
        &["calc", "no-such-statistic", "1"],
        &["plan", "proportion", "1.5", "0.05"],
        &["plan", "kappa", "0.6", "0", "0.1"],
    ] {
        let said = place.run(words)?;
        assert_eq!(said.status, 2, "{words:?}: {said:?}");
        assert!(said.out.is_empty() && said.err.starts_with("overread: "), "{said:?}");
    }
    std::fs::write(
        place.at("batch.csv"),
        "id,fn,args\nx,proportion,\"{\"\"k\"\": 3, \"\"n\"\": 2}\"\n",
    )?;
    refused(&place.run(&["calc", "--batch", "batch.csv", "--json"])?, &["batch.csv", "line 2"]);
    Ok(())
}

#[test]
fn a_reader_who_has_seen_enough_ends_the_output_quietly() -> Result<()> {
    let place = Place::new()?;
    for json in [&["--json"][..], &[]] {
        // More than a pipe holds, so that writing must meet its closed end.
        let words = [&["calc", "rng", "7", "20000"], json].concat();
        let mut command = place.command(&words)?;
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn()?;
        drop(child.stdout.take());
        let ended = child.wait_with_output()?;
        ensure!(ended.status.success(), "{json:?}: {ended:?}");
        ensure!(ended.stderr.is_empty(), "{json:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
    Ok(())
}

#[test]
fn a_wrong_table_is_refused_with_its_line_and_nothing_is_made() -> Result<()> {
    let place = Place::new()?;
    let head = format!("{CHEST_HEADER}\n");
    let good = "00000001_000.png,Hernia,0,1,58,M,PA,2048,2500,0.171,0.171\n";
    let twice = format!("{head}{good}{good}");
    let unknown =
        format!("{head}{good}00000002_000.png,Dragon,0,2,58,M,PA,2048,2500,0.171,0.171\n");
    let cases: [(&str, &[u8], &[&str]); 4] = [
        ("foreign.csv", b"a,b\n1,2\n", &["foreign.csv"]),
        ("unknown.csv", unknown.as_bytes(), &["unknown.csv", "line 3", "Dragon"]),
        ("twice.csv", twice.as_bytes(), &["twice.csv", "line 3"]),
        ("empty.csv", b"", &["empty.csv"]),
    ];
    for (name, bytes, names) in cases {
        let labels = place.write(&format!("in/{name}"), bytes)?;
        let project = place.at("made/new.overread");
        std::fs::create_dir_all(place.at("made"))?;
        let said = place.run(&[
            "new".as_ref(),
            project.as_os_str(),
            "--labels".as_ref(),
            labels.as_os_str(),
            "--format".as_ref(),
            "cxr14".as_ref(),
        ])?;
        refused(&said, names);
        assert!(files(&place.at("made"))?.is_empty(), "{name} left something behind");
    }
    Ok(())
}

#[test]
fn what_is_no_project_or_a_newer_one_is_refused_and_left_alone() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let script = place.write("keys.txt", "1\n")?;
    let text = place.write("letter.overread", "Dear colleague, here are my reads. ".repeat(40))?;
    let foreign = place.at("foreign.overread");
    Connection::open(&foreign)?.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);")?;
    let newer = place.at("newer.overread");
    std::fs::copy(&project, &newer)?;
    Connection::open(&newer)?.pragma_update(None, "user_version", 9_999)?;
    let cut = place.at("cut.overread");
    let bytes = std::fs::read(&project)?;
    std::fs::write(&cut, &bytes[..bytes.len() / 3])?;
    let absent = place.at("absent.overread");
    for path in [&text, &foreign, &newer, &cut] {
        let before = std::fs::read(path)?;
        let name = path.file_name().and_then(|name| name.to_str()).context("a name")?;
        refused(&place.run(&read_words(path, &script))?, &[name]);
        assert_eq!(std::fs::read(path)?, before, "{name} was changed");
    }
    refused(&place.run(&read_words(&absent, &script))?, &["absent.overread"]);
    assert!(!absent.exists(), "a project that was not there was made");
    Ok(())
}

#[test]
fn verify_finds_an_event_that_was_changed() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let script = place.write("keys.txt", "1\n2\n3\n")?;
    place.ok(&read_words(&project, &script))?;
    let forged = place.at("forged.overread");
    std::fs::copy(&project, &forged)?;
    Connection::open(&forged)?.execute_batch(
        "DROP TRIGGER event_never_changes;
         UPDATE event SET body = replace(body, '\"level\":0', '\"level\":2') WHERE kind = 'read.locked';
         CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
         BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;",
    )?;
    let words = ["verify".as_ref(), forged.as_os_str(), "--json".as_ref()];
    let said = place.run(&words)?;
    assert_eq!(said.status, 3, "{said:?}");
    let report: serde_json::Value = serde_json::from_str(&said.out)?;
    assert_eq!(report["ok"], false);
    assert!(!report["first_bad"].is_null(), "{report}");
    assert_eq!(place.run(&["verify".as_ref(), project.as_os_str()])?.status, 0);
    what_looks_at_it_says_so(&place, &forged, true)?;
    what_looks_at_it_says_so(&place, &project, false)
}

#[test]
fn a_page_that_cannot_be_read_is_said_whoever_looks_and_whether_or_not_it_is_needed() -> Result<()>
{
    const PAGE: usize = 4_096;
    let place = Place::new()?;
    let project = place.demo("study")?;
    let sound = std::fs::read(&project)?;
    let broken = place.at("broken.overread");
    let mut silent = 0;
    for page in (1..sound.len() / PAGE).step_by(4) {
        let mut bytes = sound.clone();
        bytes[page * PAGE..page * PAGE + 64].fill(0x5a);
        std::fs::write(&broken, &bytes)?;
        let said = place.run(&["info".as_ref(), broken.as_os_str()])?;
        assert!(said.status < 2, "page {page}: {said:?}");
        assert!(said.err.contains("is damaged: "), "page {page}: {said:?}");
        silent += u8::from(said.status == 0);
    }
    assert!(0 < silent, "no page that `info` does not need was among them");
    Ok(())
}

/// `info`, `readers`, `analyse` and `report` look at a project whose chain does not fit, and say it; of a sound one
/// they say nothing.
fn what_looks_at_it_says_so(place: &Place, project: &Path, damaged: bool) -> Result<()> {
    let before = std::fs::read(project)?;
    let out = place.at(if damaged { "forged" } else { "sound" });
    let json = "--json".as_ref();
    let report = ["report".as_ref(), project.as_os_str(), "--out".as_ref(), out.as_os_str(), json];
    let words: [&[&std::ffi::OsStr]; 4] = [
        &["info".as_ref(), project.as_os_str(), json],
        &["readers".as_ref(), project.as_os_str(), "list".as_ref(), json],
        &["analyse".as_ref(), project.as_os_str(), json],
        &report,
    ];
    for words in words {
        let said = place.run(words)?;
        assert_eq!(said.status, 0, "{words:?}: {said:?}");
        let value: serde_json::Value = serde_json::from_str(&said.out)?;
        let told = said.err.contains("is damaged: event ") && said.err.contains("does not fit");
        assert_eq!(told, damaged, "{words:?}: {said:?}");
        for place in ["/damage", "/provenance/damage"] {
            if let Some(found) = value.pointer(place) {
                assert_eq!(found.is_string(), damaged, "{words:?}: {found}");
            }
        }
    }
    let html = std::fs::read_to_string(out.join("report.html"))?;
    assert_eq!(html.contains("do not verify"), damaged);
    if damaged {
        assert_eq!(std::fs::read(project)?, before, "nothing is written into a damaged project");
    }
    Ok(())
}

#[test]
fn a_folder_without_write_access_loses_nothing() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let script = place.write("keys.txt", "1\n")?;
    let labels = place.at("study/films/labels.csv");
    ensure!(labels.is_file(), "the demo has no table");
    // Another user may look at everything and change nothing.
    let folder = place.at("study");
    let outer = folder.parent().context("the place")?;
    std::fs::set_permissions(outer, std::fs::Permissions::from_mode(0o755))?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555))?;
    std::fs::set_permissions(&project, std::fs::Permissions::from_mode(0o444))?;
    let settings = place.at("settings");
    std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o777))?;
    let before = (std::fs::read(&project)?, files(&folder)?);
    let mut command = place.command(&read_words(&project, &script))?;
    let said: Said = as_nobody(&mut command).output()?.into();
    refused(&said, &["demo.overread"]);
    assert!(ack_lines(&said.out).is_empty(), "an answer was acknowledged that cannot be kept");
    let made = folder.join("new.overread");
    let mut command = place.command(&[
        "new".as_ref(),
        made.as_os_str(),
        "--labels".as_ref(),
        labels.as_os_str(),
        "--format".as_ref(),
        "cxr14".as_ref(),
    ])?;
    let said: Said = as_nobody(&mut command).output()?.into();
    refused(&said, &["new.overread"]);
    // Looking is allowed.
    let mut command = place.command(&["info".as_ref(), project.as_os_str()])?;
    let said: Said = as_nobody(&mut command).output()?.into();
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!((std::fs::read(&project)?, files(&folder)?), before, "something was changed");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A failed run, after which the file holds whatever was acknowledged and is whole.
fn the_acknowledged_is_there(place: &Place, project: &Path, said: &Said) -> Result<()> {
    refused(said, &["demo.overread"]);
    let acks = ack_lines(&said.out);
    assert!(!acks.is_empty(), "there was room for some: {said:?}");
    let verify = place.json(&["verify".as_ref(), project.as_os_str(), "--json".as_ref()])?;
    assert_eq!(verify["ok"], true, "{verify}");
    let database = Connection::open(project)?;
    for (_, event) in &acks {
        let found: i64 =
            database
                .query_row("SELECT count(*) FROM event WHERE id = ?1", [event], |r| r.get(0))?;
        assert_eq!(found, 1, "{event} was acknowledged and is lost");
    }
    Ok(())
}

/// A disk of its own in memory; only root may make one, and not in every container.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf, bytes: u64) -> Result<Option<Self>> {
        std::fs::create_dir(&folder)?;
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(&folder);
        let made = command.output().is_ok_and(|output| output.status.success());
        Ok(made.then_some(Self(folder)))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        std::process::Command::new("umount").arg(&self.0).output().ok();
    }
}

/// Where no disk can be made, the limit on files in the test below stands for it.
#[test]
fn a_small_disk_that_fills_up_keeps_what_was_acknowledged() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let size = std::fs::metadata(&project)?.len();
    // Room for the project, the backup that is taken before reading, and some of the log.
    let Some(disk) = SmallDisk::mount(place.at("disk"), size * 2 + 200_000)? else {
        return a_full_disk_keeps_what_was_acknowledged_and_says_what_was_not();
    };
    let here = disk.0.join("demo.overread");
    std::fs::copy(&project, &here)?;
    let script = place.write("keys.txt", "R\n1\nBACKSPACE\n2\n".repeat(60))?;
    let said = place.run(&read_words(&here, &script))?;
    the_acknowledged_is_there(&place, &here, &said)
}

/// Runs the program so that no file may grow beyond so many blocks of 512 bytes: every system
/// has this limit, and to the program it is a disk that is full.
fn with_little_room(place: &Place, blocks: u64, words: &[&std::ffi::OsStr]) -> Result<Said> {
    let plain = place.command(words)?;
    // The signal is ignored, so that the write fails as it would on a full disk.
    let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = std::process::Command::new("sh");
    place.settle(&mut command).env_remove("DISPLAY").arg("-c").arg(limit);
    command.arg(plain.get_program()).args(words);
    Ok(command.output()?.into())
}

#[test]
fn a_full_disk_keeps_what_was_acknowledged_and_says_what_was_not() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let script = place.write("keys.txt", "R\n1\nBACKSPACE\n2\n".repeat(30))?;
    let size = std::fs::metadata(&project)?.len();
    // The write-ahead log is a file too, and meets the limit first.
    let said = with_little_room(&place, size / 512 + 8, &read_words(&project, &script))?;
    the_acknowledged_is_there(&place, &project, &said)?;
    // With room again, reading goes on.
    let one = place.write("one.txt", "R\n")?;
    assert_eq!(ack_lines(&place.ok(&read_words(&project, &one))?).len(), 1);
    let labels = place.at("study/films/labels.csv");
    let made = place.at("made/new.overread");
    std::fs::create_dir(place.at("made"))?;
    let words = ["new", "--labels", "--format", "cxr14"].map(std::ffi::OsStr::new);
    let [new, option, format, cxr14] = words;
    let words = [new, made.as_os_str(), option, labels.as_os_str(), format, cxr14];
    refused(&with_little_room(&place, 16, &words)?, &["new.overread"]);
    assert!(
        files(&place.at("made"))?.is_empty(),
        "half a project: {:?}",
        files(&place.at("made"))?
    );
    Ok(())
}

/// A script sees no films; whoever reads its levels learns which were given without one.
#[test]
fn levels_of_films_that_are_not_there_are_counted_and_marked() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    std::fs::remove_file(film_of_first_item(&project)?)?;
    let said =
        place.run(&read_words(&project, &place.write("one.txt", "1\n2\nBACKSPACE\n3\n")?))?;
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.err.contains("1 answer is a level of an item whose films are not all here"),
        "{said:?}"
    );
    assert_eq!(ack_lines(&said.out).len(), 4, "the output is as ever: {said:?}");
    let fresh = place.demo("again")?;
    std::fs::remove_file(film_of_first_item(&fresh)?)?;
    let script = place.write("one.txt", "1\n2\n")?;
    let words = [&read_words(&fresh, &script)[..], &["--json".as_ref()]].concat();
    let lines = place.ok(&words)?;
    let lines: Vec<serde_json::Value> =
        lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let marked: Vec<bool> = lines
        .iter()
        .filter(|line| line["kind"] == "read.locked")
        .map(|line| line["unseen"] == true)
        .collect();
    assert_eq!(marked, [true, false]);
    let last = lines.last().context("a line")?;
    assert_eq!((&last["what"], &last["answers"]), (&"unseen".into(), &1.into()));
    Ok(())
}

/// What is written beside a file while it is made has a longer name than the file.
#[test]
fn a_name_too_long_or_a_folder_that_is_missing_is_said_before_anything_is_made() -> Result<()> {
    let place = Place::new()?;
    let project = place.demo("study")?;
    let project = project.to_str().context("a path")?;
    let long = format!("{}.overread", "n".repeat(239));
    let labels = place.at("study/films/labels.csv");
    let labels = labels.to_str().context("a path")?;
    for (target, said) in
        [(long.as_str(), "Choose a shorter name"), ("no/such/x.overread", "no/such does not exist")]
    {
        let cases: [&[&str]; 4] = [
            &["backup", project, "-o", target],
            &["recover", project, "-o", target],
            &["packet", project, "--reader", "demo", "-o", target],
            &["new", target, "--labels", labels, "--format", "cxr14", "--protocol", "demo"],
        ];
        for words in cases {
            refused(&place.run(words)?, &[said]);
        }
    }
    let fits = format!("{}.overread", "n".repeat(191));
    for verb in [&["backup", project, "-o"][..], &["packet", project, "--reader", "demo", "-o"]] {
        let target = place.at(&fits);
        let target = target.to_str().context("a path")?;
        place.ok(&[verb, &[target]].concat())?;
        std::fs::remove_file(target)?;
    }
    Ok(())
}

#[test]
fn a_film_that_is_gone_or_broken_does_not_stop_the_deck() -> Result<()> {
    for broken in [None, Some(&b"\x89PNG\r\n\x1a\n and nothing more"[..])] {
        let place = Place::new()?;
        let project = place.demo("study")?;
        let film = film_of_first_item(&project)?;
        ensure!(film.is_file(), "the first film is not at {}", film.display());
        match broken {
            None => std::fs::remove_file(&film)?,
            Some(bytes) => std::fs::write(&film, bytes)?,
        }
        let script = place.write("keys.txt", "X\n1\n2\n")?;
        let said = place.ok(&read_words(&project, &script))?;
        assert_eq!(ack_lines(&said).len(), 3, "{said}");
        // X needs no film, and the levels are of films that are here.
        let warned = place.run(&read_words(&project, &place.write("none.txt", "")?))?;
        assert!(!warned.err.contains("not all here"), "{warned:?}");
        let stored: (Option<String>, i64) = Connection::open(&project)?.query_row(
            "SELECT max(no_answer), count(*) FROM v_reads",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        assert_eq!(stored, (Some("inadequate".to_owned()), 3));
        // By itself the film is refused with a reason.
        let out = place.at("out.png");
        let words = ["render".as_ref(), film.as_os_str(), "-o".as_ref(), out.as_os_str()];
        refused(&place.run(&words)?, &[]);
        assert!(!out.exists(), "half a picture was left");
    }
    Ok(())
}
