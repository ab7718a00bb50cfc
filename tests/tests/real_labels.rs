//! The three designs on the whole of ChestX-ray14's real label files, from the table to the figures.

use anyhow::{Context as _, Result};
use overread_tests::{Place, ack_lines};
use serde_json::Value;
use std::path::PathBuf;

/// Label counts of the 2020 release, counted from the file by other means.
const LABELS: [(&str, u64); 15] = [
    ("No Finding", 60_361),
    ("Infiltration", 19_894),
    ("Effusion", 13_317),
    ("Atelectasis", 11_559),
    ("Nodule", 6_331),
    ("Mass", 5_782),
    ("Pneumothorax", 5_302),
    ("Consolidation", 4_667),
    ("Pleural_Thickening", 3_385),
    ("Cardiomegaly", 2_776),
    ("Emphysema", 2_516),
    ("Edema", 2_303),
    ("Fibrosis", 1_686),
    ("Pneumonia", 1_431),
    ("Hernia", 227),
];

fn label_file(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("reference/chestxray14");
    folder.join(name).display().to_string()
}

struct Audit {
    place: Place,
    project: String,
}

impl Audit {
    /// All label files under the built-in protocol with another design.
    fn new(design: &str, size: u32) -> Result<Self> {
        let place = Place::new()?;
        let text = place.ok(&["protocol", "show", "cxr14-verify"])?;
        let (mut explore, mut changed) = ("explore = 100", text);
        if design != "verify" {
            changed = changed.replacen("design = \"verify\"", &format!("design = \"{design}\""), 1);
            changed = changed.replacen("explore = 100", "explore = 0", 1);
            explore = "explore = 0";
        }
        changed = changed.replacen("size = 50", &format!("size = {size}"), 1);
        changed = changed.replacen("frame = \"available\"", "frame = \"all\"", 1);
        for part in [explore, "frame = \"all\"", &format!("design = \"{design}\"")] {
            assert!(changed.contains(part), "{part}");
        }
        let protocol = place.write("protocol.toml", changed)?.display().to_string();
        let project = place.at("audit.overread").display().to_string();
        let files = [
            "Data_Entry_2017_v2020.csv.gz",
            "BBox_List_2017.csv.gz",
            "train_val_list.txt.gz",
            "test_list.txt.gz",
        ]
        .map(label_file);
        let mut words = vec!["new", &project, "--labels"];
        words.extend(files.iter().map(String::as_str));
        words.extend(["--format", "cxr14", "--protocol", &protocol]);
        place.ok(&words)?;
        Ok(Self { place, project })
    }

    fn json(&self, verb: &str, rest: &[&str]) -> Result<Value> {
        self.place.json(&[&[verb, self.project.as_str()], rest, &["--json"]].concat())
    }

    /// Readers read packets of their own, which come home together.
    fn read_apart(&self, reads: &[(&str, String)], items: u64) -> Result<()> {
        let mut packets = Vec::new();
        for (reader, keys) in reads {
            let packet = self.place.at(&format!("{reader}.overread")).display().to_string();
            self.json("packet", &["--reader", reader, "--images", "match", "-o", &packet])?;
            let script = self.place.write("keys.txt", keys)?.display().to_string();
            let said =
                self.place.ok(&["read", &packet, "--reader", reader, "--script", &script])?;
            assert_eq!(ack_lines(&said).len() as u64, items, "{said}");
            packets.push(packet);
        }
        let names: Vec<&str> = packets.iter().map(String::as_str).collect();
        let report = self.json("merge", &names)?;
        let all = items * reads.len() as u64;
        assert_eq!((&report["refused"], &report["reads"]), (&0.into(), &all.into()), "{report}");
        Ok(())
    }

    fn readers(&self, names: &[&str]) -> Result<()> {
        for name in names {
            self.place.ok(&["readers", &self.project, "add", name])?;
        }
        Ok(())
    }

    /// One number from the file, by SQL alone.
    fn count(&self, sql: &str) -> Result<u64> {
        let database = rusqlite::Connection::open(&self.project)?;
        let count: i64 = database.query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(count)?)
    }

    fn verified(&self) -> Result<()> {
        let checked = self.json("verify", &[])?;
        assert_eq!(checked["ok"], true, "{checked}");
        Ok(())
    }
}

fn rows<'a>(analysis: &'a Value, table: &str) -> Result<&'a Vec<Value>> {
    analysis["statistics"][table].as_array().with_context(|| format!("no {table}"))
}

fn rule<'a>(analysis: &'a Value, finding: &str, name: &str) -> Result<&'a Value> {
    let row = rows(analysis, "label_quality")?.iter().find(|row| row["finding"] == finding);
    let rules = row.and_then(|row| row["rules"].as_array()).context("rules")?;
    rules.iter().find(|rule| rule["rule"] == name).context("the rule")
}

#[test]
fn verify_on_all_of_chestxray14() -> Result<()> {
    let audit = Audit::new("verify", 50)?;
    let info = audit.json("info", &[])?;
    let dataset = &info["dataset"];
    assert_eq!(
        (&dataset["studies"], &dataset["patients"]),
        (&112_120.into(), &30_805.into()),
        "{dataset}"
    );
    for (label, count) in LABELS {
        assert_eq!(dataset["labels"][label], count, "{label}");
    }
    assert_eq!(audit.count("SELECT count(*) FROM image WHERE view = 'PA'")?, 67_310);
    assert_eq!(audit.count("SELECT count(*) FROM image_box")?, 984);
    assert_eq!(audit.count("SELECT count(*) FROM study WHERE split IS NULL")?, 0);
    audit.readers(&["R1"])?;
    let sample = audit.json("sample", &["--seed", "14"])?;
    let decks = sample["decks"].as_array().context("decks")?;
    assert_eq!(decks.len(), 15);
    for deck in decks {
        let finding = deck["finding"].as_str().context("finding")?.replace("No_", "No ");
        let frame = LABELS.iter().find(|(label, _)| finding == *label);
        let (_, frame) = frame.context("a deck of no class")?;
        assert_eq!((&deck["items"], &deck["frame"]), (&50.into(), &(*frame).into()), "{deck}");
    }
    // Every film that is drawn for a class has its label, and none serves exploration too.
    let wrong = "SELECT count(*) FROM deck_member AS m JOIN deck AS d ON d.no = m.deck
        JOIN study AS s ON s.no = m.study JOIN dataset_finding AS f ON f.name = replace(d.finding, 'No_', 'No ')
        WHERE (s.positive >> f.no) & 1 = 0";
    assert_eq!(audit.count(wrong)?, 0);
    let both = "SELECT count(*) FROM deck_member WHERE study IN (SELECT study FROM explore)";
    assert_eq!(audit.count(both)?, 0);
    assert_eq!(audit.count("SELECT count(*) FROM explore WHERE place > 0")?, 1_500);
    // Of each ten films four are absent, three plausible, three reportable.
    let keys = "1\n1\n2\n2\n3\n3\n1\n1\n2\n3\n".repeat(75);
    audit.read_apart(&[("R1", keys)], 750)?;
    let analysis = audit.json("analyse", &[])?;
    for (label, _) in LABELS {
        for (name, x) in [("permissive", 30), ("clinical", 15)] {
            let ppv = &rule(&analysis, &label.replace("No F", "No_F"), name)?["ppv"];
            assert_eq!((&ppv["x"], &ppv["n"]), (&x.into(), &50.into()), "{label}: {ppv}");
        }
    }
    let repeats = analysis["dataset"]["repeat_studies"].as_array().context("repeat studies")?;
    let told: Vec<[u64; 3]> = repeats
        .iter()
        .map(|row| ["more_than", "patients", "studies"].map(|n| row[n].as_u64().unwrap_or(0)))
        .collect();
    let published = [
        [1, 13_302, 94_617],
        [5, 4_821, 70_081],
        [10, 2_225, 50_468],
        [50, 151, 10_812],
        [100, 18, 2_310],
    ];
    assert_eq!(told, published, "the audit paper's first table");
    audit.verified()
}

#[test]
fn relabel_on_all_of_chestxray14() -> Result<()> {
    let audit = Audit::new("relabel", 200)?;
    audit.readers(&["R1"])?;
    let sample = audit.json("sample", &["--seed", "3"])?;
    let deck = &sample["decks"][0];
    assert_eq!((&deck["items"], &deck["frame"]), (&200.into(), &112_120.into()), "{deck}");
    // Atelectasis is reportable on every other film; the rest is normal.
    audit.read_apart(&[("R1", "3\nSPACE\nN\n".repeat(100))], 200)?;
    let analysis = audit.json("analyse", &[])?;
    // From item to study by number: `v_dataset_labels` would be gone through for each read.
    let cells = |label: &str, level: &str| {
        audit.count(&format!(
            "SELECT count(*) FROM v_reads AS r JOIN item AS i ON i.id = r.item
             JOIN study AS s ON s.no = i.study JOIN dataset_finding AS f ON f.name = r.finding
             WHERE r.finding = 'Atelectasis' AND ((s.positive >> f.no) & 1) {label}
                 AND r.level {level}"
        ))
    };
    let (positive, reportable) = ("= 1", "= 'reportable'");
    let (negative, absent) = ("= 0", "= 'absent'");
    let clinical = rule(&analysis, "Atelectasis", "clinical")?;
    for (name, x, n) in [
        ("ppv", cells(positive, reportable)?, cells(positive, "IS NOT NULL")?),
        ("npv", cells(negative, absent)?, cells(negative, "IS NOT NULL")?),
        ("sensitivity", cells(positive, reportable)?, cells("IS NOT NULL", reportable)?),
        ("specificity", cells(negative, absent)?, cells("IS NOT NULL", absent)?),
    ] {
        let figure = &clinical[name];
        assert!(0 < n, "{name}");
        assert_eq!((&figure["x"], &figure["n"]), (&x.into(), &n.into()), "{name}: {figure}");
    }
    audit.verified()
}

#[test]
fn a_panel_on_all_of_chestxray14() -> Result<()> {
    let audit = Audit::new("panel", 40)?;
    audit.readers(&["A", "B", "C"])?;
    audit.json("sample", &["--seed", "5"])?;
    // Everybody has an order of their own: who answers by turns agrees only by chance.
    let keys = "3\nSPACE\nN\n".repeat(20);
    audit.read_apart(&["A", "B", "C"].map(|reader| (reader, keys.clone())), 40)?;
    let votes = "SELECT count(*) FROM (
        SELECT study FROM v_reads WHERE finding = 'Atelectasis' AND level = 'reportable'
        GROUP BY study HAVING count(*) >= 2)";
    let majority = audit.count(votes)?;
    let analysis = audit.json("analyse", &[])?;
    let clinical = rule(&analysis, "Atelectasis", "clinical")?;
    let by_majority = ["ppv", "npv"].map(|name| clinical[name].clone());
    let positive = by_majority[0]["x"].as_u64().context("x")?
        + by_majority[1]["n"].as_u64().context("n")?
        - by_majority[1]["x"].as_u64().context("x")?;
    assert_eq!(positive, majority, "{clinical}");
    audit.verified()
}

#[test]
fn the_two_releases_of_chestxray14_differ_in_181_images() -> Result<()> {
    let place = Place::new()?;
    let [first, second] =
        ["Data_Entry_2017.csv.gz", "Data_Entry_2017_v2020.csv.gz"].map(label_file);
    let drift = place.json(&["drift", "--format", "cxr14", &first, &second, "--json"])?;
    assert_eq!(drift["changed"], 181, "{:.400}", drift.to_string());
    Ok(())
}
