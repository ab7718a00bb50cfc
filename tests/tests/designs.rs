//! The study designs from label files to figures, by the command line alone.

use anyhow::{Context as _, Result};
use overread_tests::{Place, ack_lines, chest, mura};
use serde_json::Value;
use std::fmt::Write as _;

/// A project in a place of its own.
struct Audit {
    place: Place,
    project: String,
}

impl Audit {
    /// Makes a project of label files with a protocol: a built-in one in which parts are exchanged.
    fn new(
        format: &str,
        labels: &[(&str, &str)],
        protocol: &str,
        changes: &[(&str, &str)],
    ) -> Result<Self> {
        let place = Place::new()?;
        let mut text = place.ok(&["protocol", "show", protocol])?;
        for (from, to) in changes {
            assert!(text.contains(from), "`{from}` does not stand in {protocol}");
            text = text.replacen(from, to, 1);
        }
        let protocol = place.write("protocol.toml", text)?.display().to_string();
        let project = place.at("audit.overread").display().to_string();
        let mut words = vec!["new".to_owned(), project.clone(), "--labels".to_owned()];
        for (name, text) in labels {
            words.push(place.write(name, text)?.display().to_string());
        }
        let rest = ["--format", format, "--protocol", &protocol];
        words.extend(rest.map(str::to_owned));
        place.ok(&words)?;
        Ok(Self { place, project })
    }

    fn words<'a>(&'a self, verb: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
        [&[verb, self.project.as_str()], rest].concat()
    }

    fn json(&self, verb: &str, rest: &[&str]) -> Result<Value> {
        self.place.json(&[&self.words(verb, rest)[..], &["--json"]].concat())
    }

    fn fails(&self, verb: &str, rest: &[&str]) -> Result<String> {
        let said = self.place.run(&self.words(verb, rest))?;
        assert_eq!(said.status, 1, "{verb} {rest:?} did not fail: {}", said.out);
        Ok(said.err)
    }

    fn readers(&self, names: &[&str]) -> Result<()> {
        for name in names {
            self.place.ok(&self.words("readers", &["add", name]))?;
        }
        Ok(())
    }

    /// Reads by script; gives the items that were answered.
    fn read(&self, reader: &str, keys: &str) -> Result<Vec<String>> {
        self.read_in(&self.project, reader, keys)
    }

    fn read_in(&self, file: &str, reader: &str, keys: &str) -> Result<Vec<String>> {
        let script = self.place.write("keys.txt", keys)?.display().to_string();
        let out = self.place.ok(&["read", file, "--reader", reader, "--script", &script])?;
        assert!(!out.contains("refused"), "{out}");
        Ok(ack_lines(&out).into_iter().map(|(item, _)| item).collect())
    }

    /// A reader's packet goes out.
    fn packet(&self, reader: &str) -> Result<String> {
        let packet = self.place.at(&format!("{reader}.overread")).display().to_string();
        let made =
            self.json("packet", &["--reader", reader, "--images", "match", "-o", &packet])?;
        assert_eq!(made["reader"], reader);
        // What a lead knows and a reader must not stands in none of them.
        let database = rusqlite::Connection::open(&packet)?;
        let labels: i64 = database.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'v_dataset_labels'",
            [],
            |row| row.get(0),
        )?;
        assert_eq!(labels, 0);
        Ok(packet)
    }

    /// Packets come back.
    fn merge(&self, packets: &[String], reads: u64) -> Result<()> {
        let names: Vec<&str> = packets.iter().map(String::as_str).collect();
        let report = self.json("merge", &names)?;
        assert_eq!((&report["refused"], &report["reads"]), (&0.into(), &reads.into()), "{report}");
        assert_eq!(report["conflicts"], Value::Array(Vec::new()));
        let again = self.json("merge", &names)?;
        assert_eq!(again["came_in"], 0, "twice is once: {again}");
        Ok(())
    }

    fn database(&self) -> Result<rusqlite::Connection> {
        Ok(rusqlite::Connection::open(&self.project)?)
    }

    /// One number from the file.
    fn count(&self, sql: &str) -> Result<i64> {
        Ok(self.database()?.query_row(sql, [], |row| row.get(0))?)
    }

    fn verified(&self) -> Result<()> {
        let checked = self.json("verify", &[])?;
        assert_eq!(checked["ok"], true, "{checked}");
        Ok(())
    }
}

/// Small decks of every class, drawn from all of the table.
const SMALL: [(&str, &str); 3] = [
    ("size = 50", "size = 6"),
    ("explore = 100", "explore = 5"),
    ("frame = \"available\"", "frame = \"all\""),
];

fn quality<'a>(analysis: &'a Value, finding: &str, rule: &str) -> Result<&'a Value> {
    let rows = analysis["statistics"]["label_quality"].as_array().context("label quality")?;
    let row = rows.iter().find(|row| row["finding"] == finding).context("the finding")?;
    let rules = row["rules"].as_array().context("rules")?;
    rules.iter().find(|row| row["rule"] == rule).context("the rule")
}

#[test]
fn verify_from_label_file_to_predictive_values() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    let sample = audit.json("sample", &["--seed", "14"])?;
    assert_eq!(sample["decks"].as_array().context("decks")?.len(), 15);
    // Two absent, two plausible, two reportable in each deck.
    let keys = "1\n1\n2\n2\n3\n3\n".repeat(15);
    let packet = audit.packet("R1")?;
    assert_eq!(audit.read_in(&packet, "R1", &keys)?.len(), 90);
    assert_eq!(audit.count("SELECT count(*) FROM v_reads")?, 0, "nothing came home yet");
    audit.merge(&[packet], 90)?;
    let analysis = audit.json("analyse", &[])?;
    for finding in overread_tests::CHEST {
        for (rule, x) in [("permissive", 4), ("clinical", 2)] {
            let ppv = &quality(&analysis, finding, rule)?["ppv"];
            assert_eq!((&ppv["x"], &ppv["n"]), (&Value::from(x), &Value::from(6)), "{finding}");
        }
    }
    audit.verified()
}

#[test]
fn relabel_a_dataset_of_the_shape_of_mura() -> Result<()> {
    let made = mura();
    assert_eq!((made.studies, made.images), (13_457 + 1_199, 36_808 + 3_197));
    let files: Vec<(&str, &str)> = made.files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let all = [("frame = \"available\"", "frame = \"all\"")];
    let audit = Audit::new("mura", &files, "mura-relabel", &all)?;
    let info = audit.json("info", &[])?;
    assert_eq!(info["dataset"]["studies"], made.studies);
    assert_eq!(info["dataset"]["images"], made.images);
    assert_eq!(info["dataset"]["labels"]["abnormal"], made.abnormal);
    let regions = audit
        .count("SELECT count(DISTINCT region) FROM study WHERE split IN ('train', 'valid')")?;
    assert_eq!(regions, 7);
    audit.readers(&["R1"])?;
    let sample = audit.json("sample", &["--seed", "14"])?;
    let deck = &sample["decks"][0];
    assert_eq!((&deck["items"], &deck["frame"]), (&714.into(), &made.studies.into()));
    let probability = deck["probability"].as_f64().context("probability")?;
    assert!((probability - 714.0 / made.studies as f64).abs() < 1e-12);
    // At dataset prevalence: 39 % of the frame is abnormal, and so is the sample, but for chance.
    let drawn = audit.count(
        "SELECT count(*) FROM deck_member AS m JOIN study AS s ON s.no = m.study WHERE s.positive = 1",
    )?;
    assert!((230..330).contains(&drawn), "{drawn}");
    // Every other study has a fracture.
    let mut keys = String::new();
    for n in 0..40 {
        keys.push_str(if n % 2 == 0 { "F\nSPACE\n" } else { "N\n" });
    }
    let packet = audit.packet("R1")?;
    assert_eq!(audit.read_in(&packet, "R1", &keys)?.len(), 40);
    audit.merge(&[packet], 40)?;
    let analysis = audit.json("analyse", &[])?;
    let read = audit.count(
        "SELECT count(*) FROM v_reads WHERE finding = 'fracture' AND level = 'reportable'",
    )?;
    assert_eq!(read, 20);
    let abnormal = quality(&analysis, "abnormal", "clinical")?;
    let x = ["ppv", "npv"].map(|name| abnormal[name]["n"].as_u64().unwrap_or(0));
    assert!(x.iter().sum::<u64>() <= 40 && 0 < x[0] + x[1], "{abnormal}");
    audit.verified()
}

#[test]
fn a_panel_with_a_drawn_gold_an_adjudicator_and_models() -> Result<()> {
    let changes = [
        ("frame = \"available\"", "frame = \"all\""),
        ("size = 207", "size = 12"),
        ("[blinding]", "[panel]\ngold = { draw = 3 }\nreference = \"adjudicated\"\n\n[blinding]"),
    ];
    let table = format!(
        "study,abnormal\n{}",
        (0..60).fold(String::new(), |mut text, n| {
            writeln!(text, "s{n:02},{}", n % 2).ok();
            text
        })
    );
    let place = Place::new()?;
    let map =
        place.write("map.toml", "study = \"study\"\n[findings]\nabnormal = \"abnormal\"\n")?;
    let labels = place.write("labels.csv", table)?;
    let mut text = place.ok(&["protocol", "show", "panel"])?;
    for (from, to) in changes {
        text = text.replacen(from, to, 1);
    }
    let protocol = place.write("panel.toml", text)?;
    let project = place.at("audit.overread").display().to_string();
    let [labels, map, protocol] = [labels, map, protocol].map(|path| path.display().to_string());
    place.ok(&[
        "new",
        &project,
        "--labels",
        &labels,
        "--format",
        "table",
        "--map",
        &map,
        "--protocol",
        &protocol,
    ])?;
    let audit = Audit { place, project };
    audit.readers(&["A", "B"])?;
    let too_few = audit.fails("sample", &[])?;
    assert!(too_few.contains("gold panel of 3"), "{too_few}");
    audit.readers(&["C", "D"])?;
    let sample = audit.json("sample", &["--seed", "7"])?;
    assert_eq!(sample["gold"].as_array().context("gold")?.len(), 3);
    let mut packets = Vec::new();
    for (reader, keys) in [("A", "1\n2\n"), ("B", "1\n2\n"), ("C", "2\n1\n"), ("D", "1\n2\n")] {
        let packet = audit.packet(reader)?;
        assert_eq!(audit.read_in(&packet, reader, &keys.repeat(6))?.len(), 12);
        packets.push(packet);
    }
    audit.merge(&packets, 48)?;
    let nobody = audit.fails("adjudicate", &[])?;
    assert!(nobody.contains("no adjudicator"), "{nobody}");
    audit.place.ok(&audit.words("readers", &["add", "J", "--role", "adjudicator"]))?;
    let early = audit.fails("read", &["--reader", "J", "--script", "keys.txt"])?;
    assert!(early.contains("overread adjudicate"), "{early}");
    let queue = audit.json("adjudicate", &[])?;
    let open = queue["added"].as_u64().context("added")?;
    assert!(0 < open && open <= 12, "{queue}");
    assert_eq!(audit.json("adjudicate", &[])?["added"], 0, "nothing is put twice");
    let again = audit.place.ok(&audit.words("adjudicate", &[]))?;
    assert!(again.contains("none of them new"), "{again}");
    assert_eq!(again.trim().lines().count(), 1, "the queue is not told again: {again}");
    let reads = || -> Result<String> {
        let sql = "SELECT group_concat(item || reader || coalesce(level_no, no_answer) || settled_level || locked_at)
            FROM (SELECT * FROM v_reads WHERE phase = 'read' ORDER BY item)";
        Ok(audit.database()?.query_row(sql, [], |row| row.get(0))?)
    };
    let before = reads()?;
    let keys = "2\n".repeat(usize::try_from(open)?);
    assert_eq!(audit.read("J", &keys)?.len() as u64, open);
    assert_eq!(
        audit.count("SELECT count(*) FROM v_adjudicated WHERE level = 'reportable'")?,
        i64::try_from(open)?
    );
    assert_eq!(reads()?, before, "reads stay as they are");

    // A model, scored by the dataset's own keys.
    let scores = (0..60).fold("study_id,score,model\n".to_owned(), |mut text, n| {
        writeln!(text, "s{n:02},{},net", f64::from(n % 10) / 10.0).ok();
        text
    });
    let scores = audit.place.write("scores.csv", scores)?.display().to_string();
    assert_eq!(audit.json("import-scores", &[&scores])?["scores"], 60);
    assert!(audit.fails("import-scores", &[&scores])?.contains("imported before"));
    let analysis = audit.json("analyse", &[])?;
    let scored = &analysis["statistics"]["input"]["scores"];
    assert_eq!(scored["models"], serde_json::json!(["net"]), "{scored}");
    assert_eq!(scored["studies"], 12, "those that were drawn");
    audit.verified()
}

#[test]
fn a_deck_is_extended_with_its_worklists_and_drawn_only_once() -> Result<()> {
    let controls = [SMALL[0], ("controls = 50", "controls = 6"), SMALL[1], SMALL[2]];
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-controls", &controls)?;
    audit.readers(&["R1", "R2"])?;
    assert!(audit.fails("sample", &["--extend", "Mass=2"])?.contains("sample"));
    audit.json("sample", &["--seed", "3"])?;
    assert!(audit.fails("sample", &["--seed", "3"])?.contains("never drawn again"));
    let order = "SELECT group_concat(item) FROM (SELECT item FROM v_worklist WHERE reader = 'R1' AND place <= 180 ORDER BY place)";
    let ids = |audit: &Audit| -> Result<String> {
        Ok(audit.database()?.query_row(order, [], |row| row.get(0))?)
    };
    let before = ids(&audit)?;
    let would = audit.json("sample", &["--extend", "Mass=4", "--dry-run"])?;
    let did = audit.json("sample", &["--extend", "Mass=4"])?;
    assert_eq!(would["decks"], did["decks"]);
    assert_eq!(did["extended"]["added"], 8);
    let deck = did["decks"].as_array().context("decks")?.iter().find(|d| d["finding"] == "Mass");
    let deck = deck.context("the deck")?;
    assert_eq!(deck["items"], 20);
    let frame = deck["frame"].as_f64().context("frame")?;
    assert!((deck["probability"].as_f64().context("probability")? - 10.0 / frame).abs() < 1e-12);
    assert_eq!(ids(&audit)?, before, "what was stored keeps its place");
    assert_eq!(audit.count("SELECT count(*) FROM v_worklist WHERE reader = 'R2'")?, 188);
    audit.json("sample", &["--extend", "Mass=1"])?;
    assert_eq!(audit.count("SELECT count(*) FROM event WHERE kind = 'sample.extended'")?, 2);
    assert!(audit.fails("sample", &["--extend", "Mas=1"])?.contains("Mass"));
    // More than there are: as many as there are, controls for those alone, and it is said.
    let rest = audit.json("sample", &["--extend", "Mass=100000", "--dry-run"])?;
    let deck = rest["decks"].as_array().context("decks")?.iter().find(|d| d["finding"] == "Mass");
    let deck = deck.context("the deck")?;
    let positives = deck["label_positive"].as_u64().context("label-positives")?;
    assert_eq!(deck["items"], 2 * positives, "controls go with the label-positives that came");
    let short = &rest["extended"]["short"][0];
    assert_eq!(short["arm"], "label-positive");
    assert_eq!((&short["planned"], &short["drawn"]), (&100_000.into(), &(positives - 11).into()));
    audit.json("sample", &["--extend", "Mass=100000"])?;
    let nothing = audit.fails("sample", &["--extend", "Mass=1"])?;
    assert!(nothing.contains("Nothing was drawn: every label-positive study"), "{nothing}");
    // The whole deck can be read, the added items too.
    let script = audit
        .place
        .write("keys.txt", "1\n3\n".repeat(usize::try_from(positives)?))?
        .display()
        .to_string();
    let out = audit
        .place
        .ok(&audit.words("read", &["--reader", "R1", "--deck", "Mass", "--script", &script]))?;
    assert_eq!(ack_lines(&out).len() as u64, 2 * positives, "{out}");
    audit.verified()
}

#[test]
fn a_changed_protocol_is_a_new_version_and_its_reads_stand_apart() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &[])?;
    audit.read("R1", "3\n3\n3\n")?;
    let text = audit.place.ok(&["protocol", "show", &audit.project])?;
    let set = |audit: &Audit, text: &str| -> Result<overread_tests::Said> {
        let file = audit.place.write("next.toml", text)?.display().to_string();
        audit.place.run(&["protocol", "set", &audit.project, &file])
    };
    let same = set(&audit, &text)?;
    assert!(same.status == 1 && same.err.contains("higher `version`"), "{same:?}");
    let file = audit.place.at("next.toml").display().to_string();
    let check = ["protocol", "check", &file, "--project", &audit.project];
    let said = audit.place.ok(&check)?;
    assert!(said.contains("nothing was changed"), "{said}");
    let next = text.replacen("version = 1", "version = 2", 1);
    let gone = set(&audit, &next.replace("id = \"Mass\"", "id = \"Masses\""))?;
    assert!(gone.status == 1 && gone.err.contains("`Mass`"), "{gone:?}");
    let wrong = set(&audit, &next.replacen("gap = 20", "gap = \"far\"", 1))?;
    assert!(wrong.status == 1 && wrong.err.contains("line "), "{wrong:?}");
    assert_eq!(set(&audit, &next)?.status, 0);
    audit.read("R1", "1\n1\n")?;
    let versions = audit.count("SELECT count(DISTINCT protocol_version) FROM v_reads")?;
    assert_eq!(versions, 2);
    let analysis = audit.json("analyse", &[])?;
    let ppv = &quality(&analysis, "Atelectasis", "clinical")?["ppv"];
    assert_eq!((&ppv["x"], &ppv["n"]), (&Value::from(0), &Value::from(2)), "reads of version 2");
    let info = audit.json("info", &[])?;
    assert_eq!(info["protocol"]["versions"].as_array().context("versions")?.len(), 2);
    audit.verified()
}

#[test]
fn practice_comes_first_for_every_reader_and_enters_no_figure() -> Result<()> {
    let changes = [
        ("frame = \"available\"", "frame = \"all\""),
        ("size = 714", "size = 10\npractice = 4"),
        ("explore = 100", "explore = 0"),
    ];
    let made = mura();
    let files: Vec<(&str, &str)> = made.files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let audit = Audit::new("mura", &files, "mura-relabel", &changes)?;
    audit.readers(&["R1", "R2"])?;
    let sample = audit.json("sample", &["--seed", "5"])?;
    assert_eq!(sample["decks"][1]["practice"], true, "{sample}");
    assert_eq!(sample["decks"][1]["items"], 4);
    let shared = "SELECT count(*) FROM deck_member AS a JOIN deck_member AS b ON a.study = b.study WHERE a.deck < b.deck";
    assert_eq!(audit.count(shared)?, 0, "what is practised on is not read for figures");
    let phases = |reader: &str| -> Result<String> {
        let sql = format!(
            "SELECT group_concat(substr(phase, 1, 1), '') FROM (SELECT phase FROM v_worklist WHERE reader = '{reader}' ORDER BY place)"
        );
        Ok(audit.database()?.query_row(&sql, [], |row| row.get(0))?)
    };
    assert_eq!(phases("R1")?, "pppprrrrrrrrrr");
    assert_eq!(phases("R2")?, "pppprrrrrrrrrr");
    // In the project and in a packet.
    assert_eq!(audit.read("R1", &"N\n".repeat(14))?.len(), 14);
    let packet = audit.packet("R2")?;
    assert_eq!(audit.read_in(&packet, "R2", &"F\nSPACE\n".repeat(14))?.len(), 14);
    audit.merge(&[packet], 14)?;
    let analysis = audit.json("analyse", &[])?;
    let decks = analysis["design"]["decks"].as_array().context("decks")?;
    assert_eq!((decks.len(), &decks[0]["planned"]), (1, &Value::from(10)), "{decks:?}");
    let abnormal = quality(&analysis, "abnormal", "clinical")?;
    let n: u64 = ["ppv", "npv"].iter().filter_map(|name| abnormal[name]["n"].as_u64()).sum();
    assert!(n <= 10, "{abnormal}");
    let known = audit.fails("sample", &["--extend", "practice=2"])?;
    assert!(known.contains("there are: all"), "{known}");
    audit.json("sample", &["--extend", "all=5"])?;
    assert_eq!(audit.count(shared)?, 0);
    let bad = audit.place.ok(&["protocol", "show", "cxr14-verify"])?;
    let bad = bad.replacen("size = 50", "size = 50\npractice = 4", 1);
    let bad = audit.place.write("bad.toml", bad)?.display().to_string();
    let said = audit.place.run(&["protocol", "check", &bad])?;
    assert!(said.status == 1 && said.err.contains("practice = true"), "{said:?}");
    audit.verified()
}

#[test]
fn reads_from_elsewhere_count_only_where_they_were_declared_blinded() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &[])?;
    let studies: Vec<(String, String)> = audit
        .database()?
        .prepare(
            "SELECT w.study, l.study_key FROM v_worklist AS w JOIN v_dataset_labels AS l ON l.study = w.study
             AND l.finding = 'Mass' WHERE w.finding = 'Mass' ORDER BY w.place",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    assert_eq!(studies.len(), 6);
    let table = |name: &str| {
        let mut text = "study_id,reader_id,rule,finding,value,mood\n".to_owned();
        for (n, (id, key)) in studies.iter().enumerate() {
            // By the project's id or by the dataset's key.
            let study = if n % 2 == 0 { id } else { key };
            for (rule, value) in [("permissive", 1), ("clinical", usize::from(n < 2))] {
                writeln!(text, "{study},{name},{rule},Mass,{value},fine").ok();
            }
        }
        text
    };
    let write = |name: &str, text: &str| -> Result<String> {
        Ok(audit.place.write(name, text)?.display().to_string())
    };
    let open = write("open.csv", &table("Opal"))?;
    let said = audit.json("import-reads", &[&open])?;
    assert_eq!(said["reads"], 6);
    assert_eq!(said["ignored_columns"], serde_json::json!(["mood"]));
    let analysis = audit.json("analyse", &[])?;
    assert_eq!(quality(&analysis, "Mass", "clinical")?["ppv"]["n"].as_u64().unwrap_or(0), 0);
    assert_eq!(analysis["outside"][0]["declared_blinded"], false);
    let again = audit.fails("import-reads", &[&open])?;
    assert!(again.contains("imported before") && again.contains("--declared-blinded"), "{again}");
    let blinded = write("blinded.csv", &table("Bea"))?;
    audit.json("import-reads", &[&blinded, "--declared-blinded"])?;
    let analysis = audit.json("analyse", &[])?;
    for (rule, x) in [("permissive", 6), ("clinical", 2)] {
        let ppv = &quality(&analysis, "Mass", rule)?["ppv"];
        assert_eq!((&ppv["x"], &ppv["n"]), (&Value::from(x), &Value::from(6)), "{rule}");
    }
    // What was not declared when it came in can be declared later, once, by the same bytes.
    let reads = audit.count("SELECT count(*) FROM outside_read")?;
    let declared = audit.json("import-reads", &[&open, "--declared-blinded"])?;
    assert_eq!(declared["imported_before"], true);
    assert_eq!(declared["readers"], serde_json::json!(["Opal"]));
    let again = audit.fails("import-reads", &[&open, "--declared-blinded"])?;
    assert!(again.contains("imported before"), "{again}");
    assert_eq!(audit.count("SELECT count(*) FROM outside_read")?, reads);
    assert_eq!(audit.count("SELECT count(*) FROM event WHERE kind = 'reads.imported'")?, 3);
    let analysis = audit.json("analyse", &[])?;
    let readers = analysis["design"]["readers"].as_array().context("readers")?;
    assert!(readers.iter().any(|r| r["name"] == "Opal" && r["read"] == 6), "{readers:?}");
    audit.verified()?;
    // Nothing is half imported.
    let before = audit.count("SELECT count(*) FROM outside_read")?;
    for (text, said) in [
        ("study_id,reader_id,finding,level\nnowhere,X,Mass,1\n", "line 2, column 1"),
        ("study_id,reader_id,finding,level\nID,X,Mess,1\n", "line 2"),
        ("study_id,reader_id,finding,level\nID,X,Mass,3\n", "0 to 2"),
        ("study_id,reader_id,finding,level\nID,X,Mass,1\nID,X,Mass,1\n", "line 3"),
        ("study_id,reader_id,finding\nID,X,Mass\n", "`rule` and `value`"),
        ("study_id,reader_id,rule,finding,value\nID,X,clinical,Mass,1\n", "permissive"),
        (
            "study_id,reader_id,rule,finding,value\nID,X,clinical,Mass,1\nID,X,permissive,Mass,0\n",
            "looser",
        ),
        ("study_id,reader_id,rule,finding,value\nID,X,clinical,Mass,yes\n", "0, 1 or nothing"),
        (
            "study_id,reader_id,rule,finding,value,level_name,protocol_version,after_release\n1,X,clinical,Mass,1,reportable,1,0\n",
            "analyse --reads",
        ),
    ] {
        let file = write("bad.csv", &text.replace("ID", &studies[0].0))?;
        let error = audit.fails("import-reads", &[&file, "--declared-blinded"])?;
        assert!(error.contains(said), "{text}: {error}");
    }
    assert_eq!(audit.count("SELECT count(*) FROM outside_read")?, before);
    // A wide table, one column per finding.
    let wide = format!("Image,Who,Mass?\n{},Cal,YES\n{},Cal,NO\n", studies[0].1, studies[1].1);
    let wide = write("wide.csv", &wide)?;
    let map = "study = \"Image\"\nreader = \"Who\"\n[findings]\nMass = \"Mass?\"\n";
    let map = write("map.toml", map)?;
    let said = audit.json("import-reads", &[&wide, "--map", &map, "--declared-blinded"])?;
    assert_eq!(said["reads"], 2);
    assert_eq!(
        audit.count(
            "SELECT count(*) FROM v_outside_reads WHERE reader = 'Cal' AND level = 'reportable'"
        )?,
        1
    );
    audit.verified()
}

/// A table of reads of the first studies of a dataset by two readers, the second of whom has a name like a formula.
fn reads_of_two(audit: &Audit, finding: &str, rules: &[&str]) -> Result<String> {
    let keys: Vec<String> = audit
        .database()?
        .prepare("SELECT DISTINCT study_key FROM v_dataset_labels ORDER BY study_key LIMIT 40")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut text = "study_id,reader_id,rule,finding,value\n".to_owned();
    for (n, key) in keys.iter().enumerate() {
        for (reader, every) in [("Ada", 3), ("=1+1", 4)] {
            for rule in rules {
                writeln!(text, "{key},{reader},{rule},{finding},{}", u8::from(n % every == 0)).ok();
            }
        }
    }
    Ok(audit.place.write("elsewhere.csv", text)?.display().to_string())
}

#[test]
fn a_report_of_reads_made_elsewhere_claims_no_more_than_is_known() -> Result<()> {
    let bones = mura();
    let labels: Vec<(&str, &str)> =
        bones.files.iter().map(|(name, text)| (&**name, &**text)).collect();
    let relabel = Audit::new("mura", &labels, "mura-relabel", &[])?;
    let chests = chest(200);
    let verify = Audit::new("cxr14", &[("labels.csv", &chests)], "cxr14-verify", &[])?;
    let both =
        [(relabel, "abnormal", &["clinical"][..]), (verify, "Mass", &["permissive", "clinical"])];
    for (audit, finding, rules) in both {
        let table = reads_of_two(&audit, finding, rules)?;
        audit.json("import-reads", &[&table, "--declared-blinded"])?;
        let analysis = audit.json("analyse", &[])?;
        assert_eq!(analysis["design"]["sampling"]["elsewhere"], true);
        assert_eq!(analysis["design"]["sampling"]["seed"], Value::Null);
        assert_eq!(analysis["design"]["readers"][0]["elsewhere"]["declared_blinded"], true);
        assert_eq!(analysis["exclusions"]["without_images"], 0);
        for pair in analysis["statistics"]["agreement"].as_array().context("pairs")? {
            assert_eq!(pair["sample_value"], true, "{pair}");
        }
        let out = audit.place.at("report").display().to_string();
        audit.place.ok(&audit.words("report", &["--out", &out, "--format", "html,csv"]))?;
        let mut pages = String::new();
        for file in std::fs::read_dir(&out)? {
            let file = file?.path();
            if file.extension().is_some_and(|kind| kind == "html") {
                pages += &std::fs::read_to_string(&file)?;
            } else if file.extension().is_some_and(|kind| kind == "csv") {
                for cell in std::fs::read_to_string(&file)?.split([',', '\n']) {
                    assert!(!cell.starts_with('='), "{}: {cell}", file.display());
                }
            }
        }
        for claim in [
            "drawn without looking",
            "simple random sample of that frame",
            "at dataset prevalence",
            "Hidden from the reader",
            "Sex and age were",
            "No question gives",
            "were released after",
            "image not found",
            "without clinical information",
            "before the next item was locked",
            "seed 0",
        ] {
            assert!(!pages.contains(claim), "{finding}: the report claims `{claim}`");
        }
        for fact in ["declared that these readers did not know the labels", "elsewhere.csv", "=1+1"]
        {
            assert!(pages.contains(fact), "{finding}: the report does not say `{fact}`");
        }
    }
    Ok(())
}

/// What readers mark beside the question is counted against the label of what they marked, in no other figure.
#[test]
fn what_is_marked_as_also_present_is_counted_against_its_label_and_is_no_rate() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &[])?;
    let before = audit.json("analyse", &[])?;
    assert_eq!(before["statistics"]["also_present"], serde_json::json!([]));
    let script = |keys: &str| -> Result<String> {
        Ok(audit.place.write("keys.txt", keys)?.display().to_string())
    };
    let read = |keys: &str| -> Result<String> {
        let script = script(keys)?;
        audit
            .place
            .ok(&audit.words("read", &["--reader", "R1", "--deck", "Mass", "--script", &script]))
    };
    // By id or name; the same line takes away, CTRL+Z takes back; what is asked is refused and a normal film too.
    let said = read(
        "ALSO Effusion\nALSO edema\nALSO edema\nALSO Mass\nALSO No_Finding\n3\nALSO Effusion\nALSO Hernia\nCTRL+Z\n1\nALSO Effusion\n2\n",
    )?;
    let acks = said.lines().filter(|line| line.starts_with("ack ")).count();
    assert_eq!(acks, 3 + 1 + 3 + 1 + 1 + 1, "{said}");
    for line in ["refused line 4 ALSO Mass", "refused line 5 ALSO No_Finding"] {
        assert!(said.contains(line), "{said}");
    }
    for (keys, part) in [("ALSO Efusion\n", "Did you mean `Effusion`?"), ("0\n", "ALSO FINDING")] {
        let script = script(keys)?;
        let error =
            audit.fails("read", &["--reader", "R1", "--deck", "Mass", "--script", &script])?;
        assert!(error.contains(part), "{error}");
    }
    let analysis = audit.json("analyse", &[])?;
    let rows = analysis["statistics"]["also_present"].as_array().context("rows")?;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let label = |label: &str| {
        audit.count(&format!(
            "SELECT count(*) FROM item_also AS a JOIN v_worklist AS w ON w.item = a.item AND w.reader = a.reader
             JOIN v_dataset_labels AS l ON l.study = w.study AND l.finding = a.finding AND l.label = '{label}'"
        ))
    };
    let (positive, negative) = (label("positive")?, label("negative")?);
    assert_eq!(positive + negative, 3, "ChestX-ray14 has no other labels");
    let expected = serde_json::json!({
        "finding": "Effusion", "name": rows[0]["name"], "studies": 3, "label_positive": positive,
        "label_negative": negative, "label_uncertain": 0, "label_blank": 0,
    });
    assert_eq!(rows[0], expected);
    // Nothing else moves: neither figures of the deck that was read nor those of the finding's own deck.
    assert_eq!(quality(&analysis, "Effusion", "clinical")?["ppv"]["n"], 0);
    let out = audit.place.at("report").display().to_string();
    audit.place.ok(&audit.words("report", &["--out", &out]))?;
    let html = std::fs::read_to_string(audit.place.at("report/report.html"))?;
    assert!(html.contains("Also present, as marked by readers"), "no table in the report");
    let table = std::fs::read_to_string(audit.place.at("report/also_present.csv"))?;
    assert!(table.contains(&format!("Effusion,3,{positive},{negative},0,0")), "{table}");
    audit.verified()
}

#[test]
fn a_readers_name_may_look_like_a_formula() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["=R1"])?;
    audit.json("sample", &[])?;
    audit.read("=R1", "1\n2\n3\n1\n")?;
    let analysis = audit.json("analyse", &[])?;
    assert_eq!(analysis["design"]["readers"][0]["name"], "=R1");
    let out = audit.place.at("report").display().to_string();
    audit.place.ok(&audit.words("report", &["--out", &out, "--format", "csv"]))?;
    let mut found = 0;
    for file in std::fs::read_dir(&out)? {
        let text = std::fs::read_to_string(file?.path())?;
        found += text.matches("'=R1").count();
        assert_eq!(text.matches("=R1").count(), text.matches("'=R1").count(), "{text}");
    }
    assert!(0 < found, "the tables name the reader");
    audit.verified()
}

#[test]
fn a_second_look_with_the_label_is_kept_apart() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &[])?;
    assert!(audit.fails("review", &["--reader", "R1"])?.contains("no deck"));
    audit.read("R1", "1\n1\n2\n2\n3\n3\n")?;
    let figures = |audit: &Audit| -> Result<Value> {
        Ok(quality(&audit.json("analyse", &[])?, "Atelectasis", "clinical")?["ppv"].clone())
    };
    let before = figures(&audit)?;
    let queue = audit.json("review", &["--reader", "R1"])?;
    assert_eq!(queue["added"], 4, "absent and plausible differ from the label under a rule");
    let script = audit.place.write("keys.txt", "1\nCOMMENT faint\n2\nBACKSPACE\n3\n3\n1\n")?;
    let script = script.display().to_string();
    audit.place.ok(
        &audit.words("read", &["--reader", "R1", "--deck", "Atelectasis", "--script", &script])
    )?;
    let outcome = |word: &str| {
        audit.count(&format!("SELECT count(*) FROM v_review WHERE outcome = '{word}'"))
    };
    assert_eq!(
        (outcome("label_right")?, outcome("mine_stands")?, outcome("cannot_tell")?),
        (2, 0, 2)
    );
    assert_eq!(audit.count("SELECT count(*) FROM v_review WHERE note = 'faint'")?, 1);
    assert_eq!(figures(&audit)?, before, "no primary figure moves");
    audit.verified()
}

#[test]
fn what_is_looked_at_and_copied_is_noted_outside_the_chains() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &[])?;
    audit.read("R1", "1\n2\n")?;
    let heads = audit.json("verify", &[])?["chains"].clone();
    let report = |name: &str| -> Result<Vec<u8>> {
        let out = audit.place.at(name);
        let folder = out.display().to_string();
        audit.place.ok(&audit.words("report", &["--out", &folder, "--format", "html,json"]))?;
        Ok(std::fs::read(out.join("report.html"))?)
    };
    assert!(report("one")? == report("two")?, "two reports of one state differ");
    let copy = audit.place.at("copy.overread").display().to_string();
    audit.place.ok(&audit.words("backup", &["-o", &copy]))?;
    audit.packet("R1")?;
    let noted = audit
        .database()?
        .prepare("SELECT actor || ' ' || what || ' ' || detail FROM access_log ORDER BY seq")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let expected = [
        "R1 open script",
        "lead report html,json",
        "lead report html,json",
        "lead backup copy.overread",
        "lead packet R1",
    ];
    assert_eq!(noted, expected);
    let of_reader = |chains: &Value| {
        let all = chains.as_array().cloned().unwrap_or_default();
        all.into_iter()
            .filter(|chain| chain["chain"].as_str().is_some_and(|c| c.starts_with("R1/")))
            .collect::<Vec<_>>()
    };
    assert_eq!(of_reader(&audit.json("verify", &[])?["chains"]), of_reader(&heads));
    audit.verified()
}

#[test]
fn a_dry_run_shows_the_table_and_every_bad_row_and_makes_nothing() -> Result<()> {
    let place = Place::new()?;
    let good = place.write("good.csv", chest(20))?.display().to_string();
    let project = place.at("audit.overread").display().to_string();
    let new = |labels: &str| -> Result<overread_tests::Said> {
        place.run(&[
            "new",
            &project,
            "--labels",
            labels,
            "--format",
            "cxr14",
            "--dry-run",
            "--json",
        ])
    };
    let said = new(&good)?;
    assert_eq!(said.status, 0, "{said:?}");
    let json: Value = serde_json::from_str(&said.out)?;
    assert_eq!(json["files"][0]["columns"].as_array().context("columns")?.len(), 11);
    assert_eq!(json["files"][0]["first_rows"].as_array().context("rows")?.len(), 5);
    assert_eq!(json["files"][0]["encoding"], "UTF-8");
    assert_eq!(json["result"]["patients"], 20);
    let mut bad = chest(20);
    bad = bad.replacen("00000002_000.png,", "00000002_000.png,Fracture|", 1);
    bad = bad.replacen("00000003_001.png,", "00000003_001.png,Rash|", 1);
    let bad = place.write("bad.csv", bad)?.display().to_string();
    let said = new(&bad)?;
    assert_eq!(said.status, 3, "{said:?}");
    let json: Value = serde_json::from_str(&said.out)?;
    assert_eq!(json["rejected"].as_array().context("rejected")?.len(), 2);
    assert!(!place.at("audit.overread").exists());
    Ok(())
}

#[test]
fn drift_counts_what_changed_between_two_releases() -> Result<()> {
    let place = Place::new()?;
    let text = chest(50);
    let first = place.write("first.csv", &text)?.display().to_string();
    let line = text.lines().find(|line| line.contains(",Edema,")).context("a film with oedema")?;
    let changed = text.replacen(line, &line.replacen(",Edema,", ",Mass|Edema,", 1), 1);
    let line =
        changed.lines().find(|line| line.contains(",Hernia,")).context("a film with hernia")?;
    let changed = changed.replacen(line, &line.replacen(",Hernia,", ",No Finding,", 1), 1);
    let second = place.write("second.csv", changed)?.display().to_string();
    let drift = place.json(&["drift", &first, &second, "--format", "cxr14", "--json"])?;
    assert_eq!(drift["changed"], 2);
    let of = |name: &str| {
        drift["findings"].as_array().and_then(|f| f.iter().find(|f| f["finding"] == name).cloned())
    };
    assert_eq!(of("Mass").context("mass")?["added"], 1);
    assert_eq!(of("Hernia").context("hernia")?["removed"], 1);
    assert_eq!(of("No Finding").context("none")?["added"], 1);
    assert_eq!(drift["studies"].as_array().context("studies")?.len(), 2);
    Ok(())
}

/// A later version of the project's protocol comes into force.
fn change_protocol(audit: &Audit, changes: &[(&str, &str)]) -> Result<Value> {
    let mut text = audit.place.ok(&["protocol", "show", &audit.project])?;
    for (from, to) in changes {
        assert!(text.contains(from), "`{from}` does not stand in the protocol");
        text = text.replacen(from, to, 1);
    }
    let file = audit.place.write("next.toml", text)?.display().to_string();
    audit.place.json(&["protocol", "set", &audit.project, &file, "--json"])
}

/// A table of the report's folder: head and rows.
fn report_table(audit: &Audit, name: &str) -> Result<Vec<Vec<String>>> {
    let out = audit.place.at("report").display().to_string();
    audit.json("report", &["--out", &out, "--overwrite"])?;
    let text = std::fs::read_to_string(audit.place.at(&format!("report/{name}.csv")))?;
    Ok(text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

fn column(table: &[Vec<String>], name: &str) -> Result<Vec<String>> {
    let head = table.first().context("a head")?;
    let at = head.iter().position(|cell| cell == name).context("the column")?;
    Ok(table.iter().skip(1).map(|row| row.get(at).cloned().unwrap_or_default()).collect())
}

#[test]
fn reads_of_an_earlier_version_stay_in_the_table_and_out_of_the_figures() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &["--seed", "14"])?;
    audit.read("R1", &"2\n".repeat(12))?;
    let before = column(&report_table(&audit, "reads")?, "study_id")?;
    assert_eq!(before.len(), 24, "two rules each");
    assert!(before.iter().all(|id| id.parse::<u32>().is_ok()), "{before:?}");

    let changes = [
        ("version = 1", "version = 2"),
        ("size = 6", "size = 9"),
        ("publish_ids = false", "publish_ids = true"),
    ];
    let said = change_protocol(&audit, &changes)?;
    assert_eq!(said["items_apart"], 12);
    let stored = said["stored_with_the_draw"].as_str().context("what stays as drawn")?;
    assert!(stored.contains("draws nothing") && stored.contains("--extend"), "{stored}");
    audit.read("R1", "3\n3\n")?;

    let reads = report_table(&audit, "reads")?;
    let versions = column(&reads, "protocol_version")?;
    let of = |version: &str| versions.iter().filter(|v| *v == version).count();
    assert_eq!((of("1"), of("2")), (24, 4));
    let standing = column(&reads, "standing")?;
    for (version, standing) in versions.iter().zip(&standing) {
        assert_eq!(standing, if version == "1" { "other version" } else { "used" });
    }
    // The dataset's own names: the films of the table.
    let ids = column(&reads, "study_id")?;
    let labels = chest(1_400);
    assert!(ids.iter().all(|id| labels.contains(&format!("\n{id},"))), "{ids:?}");

    let analysis = audit.json("analyse", &[])?;
    let others = &analysis["exclusions"]["other_versions"];
    assert_eq!(others, &serde_json::json!([{ "version": 1, "items": 12 }]));
    assert_eq!(analysis["exclusions"]["total"]["analysed"], 2);
    assert_eq!(analysis["statistics"]["input"]["rows"], 4, "two answers under two rules");
    let text = audit.place.ok(&audit.words("analyse", &[]))?;
    assert!(text.contains("12 items were read under another version of the protocol"), "{text}");
    Ok(())
}

#[test]
fn an_answer_of_an_earlier_version_keeps_the_rules_it_was_given_under() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &["--seed", "14"])?;
    audit.read("R1", "3\n")?;
    change_protocol(
        &audit,
        &[("version = 1", "version = 2"), ("name = \"clinical\"", "name = \"strict\"")],
    )?;
    let reads = report_table(&audit, "reads")?;
    assert_eq!(column(&reads, "rule")?, ["permissive", "clinical"]);
    assert_eq!(column(&reads, "value")?, ["1", "1"]);
    Ok(())
}

#[test]
fn options_are_checked_before_anything_is_computed() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    audit.readers(&["R1"])?;
    audit.json("sample", &["--seed", "14"])?;
    audit.read("R1", "3\n3\n1\n")?;
    let config = |text: &str| -> Result<String> {
        Ok(audit.place.write("config.json", text)?.display().to_string())
    };
    let out = audit.place.at("configured").display().to_string();
    for (text, said) in [
        (r#"{"reader": "R7"}"#, "`reader` names `R7`"),
        (r#"{"raeder": "R1"}"#, "did you mean `reader`?"),
        (r#"{"tie": "both"}"#, "tie"),
    ] {
        let config = config(text)?;
        for (verb, rest) in [
            ("analyse", &["--config", &config][..]),
            ("report", &["--out", &out, "--config", &config]),
        ] {
            let error = audit.fails(verb, rest)?;
            assert!(error.contains(said) && !error.contains("could not be written"), "{error}");
        }
        assert!(!audit.place.at("configured").exists(), "nothing is written");
    }
    let config = config(r#"{"level": 0.9, "reader": "R1"}"#)?;
    audit.json("report", &["--out", &out, "--config", &config])?;
    let report = std::fs::read_to_string(audit.place.at("configured/analysis.json"))?;
    let report: Value = serde_json::from_str(&report)?;
    assert_eq!(
        (&report["options"]["level"], &report["options"]["reader"]),
        (&0.9.into(), &"R1".into())
    );
    Ok(())
}

#[test]
fn readers_from_elsewhere_are_listed_with_their_table() -> Result<()> {
    let audit = Audit::new("cxr14", &[("labels.csv", &chest(1_400))], "cxr14-verify", &SMALL)?;
    let rows = audit.place.write(
        "outside.csv",
        "study_id,reader_id,rule,finding,value\n\
         00000001_000.png,Eve,permissive,Mass,1\n00000001_000.png,Eve,clinical,Mass,0\n",
    )?;
    let rows = rows.display().to_string();
    audit.place.ok(&audit.words("import-reads", &[&rows]))?;
    for (verb, rest) in [("info", &[][..]), ("readers", &["list"])] {
        let text = audit.place.ok(&audit.words(verb, rest))?;
        assert!(text.contains("Eve") && text.contains("outside.csv"), "{verb}: {text}");
        assert!(
            text.contains("not declared blinded") && !text.contains("Nobody"),
            "{verb}: {text}"
        );
        assert_eq!(audit.json(verb, rest)?["outside"][0]["who"][0], "Eve");
    }
    Ok(())
}
