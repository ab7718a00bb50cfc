//! Protocols that load, and the words in which others are refused.

use super::file::parse;
use super::*;

#[test]
fn beside_a_question_stand_plain_findings_that_are_no_part_of_it() {
    let text = builtin("cxr14-verify").unwrap();
    let composite = format!(
        "{text}\n[[finding]]\nid = \"opacity\"\nany_of = [\"Pneumonia\", \"Infiltration\"]\nname = \"Opacity\"\nquestion = \"Opacity?\"\n"
    );
    let protocol = Protocol::from_toml(&composite).unwrap();
    let beside = |question: &str| -> Vec<String> {
        protocol.beside(Some(question)).map(|finding| finding.id.clone()).collect()
    };
    let mass = beside("Mass");
    assert_eq!(mass.len(), 13, "fourteen but for itself: {mass:?}");
    for absent in ["Mass", "opacity", "No_Finding"] {
        assert!(!mass.contains(&absent.to_owned()), "{absent}: {mass:?}");
    }
    let opacity = beside("opacity");
    assert_eq!(opacity.len(), 12, "{opacity:?}");
    assert!(!opacity.contains(&"Pneumonia".to_owned()), "a part of what is asked");
    assert_eq!(protocol.beside(None).count(), 0, "where all are asked");
}

#[test]
fn every_built_in_protocol_loads() {
    for name in builtin_names() {
        let protocol = parse(builtin(name).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(protocol.name, name);
    }
}

fn with_tag(key: &str) -> Result<Protocol, ProtocolError> {
    let text = builtin("cxr14-verify").unwrap();
    parse(&format!("{text}\n[[tag]]\nid = \"extra\"\nname = \"Extra\"\nkey = \"{key}\"\n"))
}

#[test]
fn a_clashing_key_is_an_error_that_names_a_free_one() {
    let reserved = with_tag("U").unwrap_err();
    assert!(reserved.message.contains("reading room"), "{reserved}");
    let twice = with_tag("Q").unwrap_err();
    assert!(twice.message.contains("already taken"), "{twice}");
    assert!(twice.message.contains("is free"), "{twice}");
    assert!(twice.line > 10, "the line is that of the key: {twice}");
    assert!(with_tag("V").is_ok());
}

#[test]
fn an_unknown_word_is_refused_with_its_line() {
    let text =
        builtin("cxr14-verify").unwrap().replace("design = \"verify\"", "design = \"guess\"");
    let error = parse(&text).unwrap_err();
    assert!(error.message.contains("verify"), "allowed words are listed: {error}");
    assert!(1 < error.line);
}

/// A protocol that loads, with one part of it exchanged.
fn with(from: &str, to: &str) -> Result<Protocol, ProtocolError> {
    let text = builtin("cxr14-verify").unwrap();
    assert!(text.contains(from), "`{from}` does not stand in the protocol");
    parse(&text.replacen(from, to, 1))
}

fn relabel(sampling: &str) -> Result<Protocol, ProtocolError> {
    let text = builtin("mura-relabel").unwrap();
    parse(&text.replacen("size = 714", &format!("size = 714\n{sampling}"), 1))
}

/// Line and column of what a text names first.
fn place(text: &str, what: &str) -> (usize, usize) {
    let before = &text[..text.find(what).unwrap()];
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap().chars().count() + 1)
}

#[test]
fn a_misspelt_key_or_word_is_refused_at_its_place_with_the_one_that_was_meant() {
    for (from, to, wrong, meant) in [
        ("per_patient = \"any\"", "per_patiant = \"any\"", "per_patiant", "per_patient"),
        ("release = \"blocks\"", "release = \"block\"", "\"block\"", "blocks"),
        ("back = \"last\"", "back = \"lst\"", "\"lst\"", "last"),
        ("[reading]", "[readng]", "readng", "reading"),
        ("polarity = \"absence\"", "polarity = \"abscence\"", "\"abscence\"", "absence"),
        ("findings = [\"Emphysema\"", "findings = [\"Emphysemia\"", "\"Emphysemia\"", "Emphysema"),
    ] {
        let text = builtin("cxr14-verify").unwrap().replacen(from, to, 1);
        let error = parse(&text).unwrap_err();
        assert_eq!((error.line, error.column), place(&text, wrong), "{error}");
        assert!(error.message.contains(&format!("did you mean `{meant}`?")), "{error}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_is_allowed() {
    for (from, to, said) in [
        ("size = 50", "size = 0", "from 1 to"),
        ("size = 50", "size = -1", "whole number"),
        ("size = 50", "size = 99999999999", "whole number"),
        ("size = 50", "size = 50.0", "whole number"),
        ("size = 50", "size = 50\nrepeats = 51", "no more studies"),
        ("size = 50", "size = 50\nstratify = [\"region\"]", "drawn by label"),
        ("size = 50", "size = 50\nallocation = \"equal\"", "only `neyman`"),
        ("size = 50", "size = 50\nallocation = \"neyman\"", "positive = P"),
        ("size = 50", "size = 50\nexpected = { positive = 0.5 }", "only"),
        ("version = 1", "version = 0", "from 1"),
        ("title = \"Chest label audit\"", "title = \" \"", "empty"),
        ("title = \"Chest label audit\"", "title = \"a\\nb\"", "control"),
        ("title = \"Chest label audit\"", "title = \"a\\u202eb\"", "control"),
        ("title = \"Chest label audit\"", "title = 3", "string"),
        ("id = \"Edema\"", "id = \"a b\"", "no spaces"),
        ("id = \"Edema\"", "id = \"../x\"", "no spaces"),
        ("id = \"Edema\"", "id = \"all\"", "every finding"),
        ("id = \"Edema\"", "id = \"Mass\"", "two findings"),
        ("id = \"Edema\"", "id = \"Edema\"\nany_of = [\"Edema\"]", "made of others"),
        ("id = \"Edema\"", "id = \"Edema\"\nany_of = [\"No_Finding\"]", "polarity"),
        ("id = \"Edema\"", "id = \"Edema\"\nany_of = [\"Mas\"]", "did you mean `Mass`"),
        ("id = \"Edema\"", "id = \"Edema\"\nany_of = [\"Mass\", \"Mass\"]", "twice"),
        ("name = \"clinical\"", "name = \"permissive\"", "two rules"),
        ("\"absent\", \"plausible\", ", "\"absent\", ", "need 3 levels"),
        ("\"absent\", \"plausible\", ", "\"absent\", \"absent\", ", "two levels"),
        ("block = 10", "block = 9", "at least 10"),
        ("release = \"blocks\"", "release = \"sealed\"", "belongs to"),
        ("dwell_ms = 150", "dwell_ms = 60000", "from 0 to 10000"),
        ("key = \"Q\"", "key = \"QQ\"", "one letter"),
        ("key = \"Q\"", "key = \"1\"", "reading room"),
        ("[blinding]", "[panel]\noverlap = 0.1\n[blinding]", "belongs to"),
        ("[blinding]", "[panel]\ngold = [\"A\", \"B\"]\n[blinding]", "can tie"),
        ("[blinding]", "[panel]\ngold = { draw = 2 }\n[blinding]", "odd number"),
        ("[blinding]", "[panel]\ngold = { drow = 3 }\n[blinding]", "unknown key"),
        ("[blinding]", "[panel]\ngold = 3\n[blinding]", "draw = 3"),
        ("[blinding]", "[panel]\nassignment = \"split\"\noverlap = 1.5\n[blinding]", "0.0 to 1.0"),
        ("[blinding]", "[panel]\nassignment = \"split\"\noverlap = nan\n[blinding]", "0.0 to 1.0"),
        ("[blinding]", "[blinding]\nrelease = \"open\"", "duplicate key"),
    ] {
        let error = with(from, to).expect_err(to);
        assert!(error.message.contains(said), "{to}: {error}");
        assert!(!error.message.contains('\n'), "one line: {error}");
    }
    for (sampling, said) in [
        ("controls = 5", "design `verify`"),
        ("stratify = [\"regoin\"]", "did you mean `region`"),
        ("stratify = [\"label:\"]", "label:NAME"),
        ("stratify = [\"sex\", \"sex\"]", "twice"),
        ("allocation = \"equal\"", "needs strata"),
    ] {
        let error = relabel(sampling).expect_err(sampling);
        assert!(error.message.contains(said), "{sampling}: {error}");
    }
    let one =
        builtin("mura-relabel").unwrap().replacen("\"any\"", "\"one\"\nstratify = [\"sex\"]", 1);
    assert!(parse(&one).unwrap_err().message.contains("exclude each other"));
}

#[test]
fn whatever_is_cut_off_or_doubled_never_panics_and_names_a_place_in_the_text() {
    let text = builtin("cxr14-verify").unwrap();
    let lines = text.lines().count() + 1;
    for end in (0..text.len()).step_by(7).filter(|&end| text.is_char_boundary(end)) {
        if let Err(error) = parse(&text[..end]) {
            assert!((1..=lines).contains(&error.line), "{error}");
        }
        let doubled = format!("{}{}", &text[..end], text);
        assert!(parse(&doubled).is_err() || end == 0 || doubled.trim_start().starts_with('#'));
    }
    for hostile in [
        "\0",
        "\u{feff}",
        "a = ",
        "[[[[[[[[",
        "x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "protocol = 1",
        "[protocol]\nname = 1",
        "rule = []\nfinding = []\nprotocol = {}\nsampling = {}",
    ] {
        assert!(parse(hostile).is_err(), "{hostile:?}");
    }
    let deep = format!("x = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(&deep).is_err());
    let long = format!("# {}\n{text}", "x".repeat(2 << 20));
    assert!(parse(&long).unwrap_err().message.contains("1 MiB"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let text = builtin("panel").unwrap();
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let protocol = parse(&windows).unwrap();
    assert_eq!(protocol.findings, parse(text).unwrap().findings);
    let broken = windows.replacen("size = 207", "size = 0", 1);
    assert_eq!(parse(&broken).unwrap_err().line, place(text, "size = 207").0);
}

#[test]
fn the_whole_plan_of_a_team_is_read() {
    let text = builtin("mura-relabel").unwrap().replacen(
        "[blinding]",
        "repeats = 10\nrepeat_gap = 40\nexplore_apart = \"patient\"\nstratify = [\"region\", \"label:abnormal\"]\nallocation = \"neyman\"\nexpected = { \"XR_WRIST, positive\" = 0.9 }\n[panel]\nassignment = \"split\"\noverlap = 0.2\ngold = { draw = 3 }\nreference = \"adjudicated\"\n[blinding]",
        1,
    );
    let protocol = parse(&text).unwrap();
    assert_eq!(protocol.panel.assignment, Assignment::Split { overlap: Share(200_000) });
    assert_eq!(protocol.panel.gold, Gold::Draw(3));
    assert_eq!(protocol.panel.reference, Reference::Adjudicated);
    let plan = &protocol.sampling;
    assert_eq!((plan.repeats, plan.repeat_gap, plan.gap), (10, 40, 20));
    assert_eq!(plan.stratify.len(), 2);
    assert_eq!(plan.expected["XR_WRIST, positive"], Share(900_000));
    assert_eq!(plan.explore_apart, Apart::Patient);
}

#[test]
fn one_two_and_three_rules_have_levels_of_their_own() {
    let text = builtin("panel").unwrap().replacen("levels = [\"absent\", \"reportable\"]", "", 1);
    let rule = |name: &str| format!("[[rule]]\nname = \"{name}\"\nshort = \"s\"\ntext = \"t\"\n");
    for more in 0..4 {
        let rules: String = (0..more).map(|n| rule(&format!("r{n}"))).collect();
        let loaded = parse(&format!("{text}\n{rules}"));
        if more < 3 {
            assert_eq!(loaded.unwrap().levels.len(), more + 2);
        } else {
            assert!(loaded.unwrap_err().message.contains("one, two or three"));
        }
    }
}

#[test]
fn a_composite_is_asked_only_in_a_deck_of_its_own() {
    let add = |question: &str| {
        let text = builtin("cxr14-verify").unwrap();
        parse(&format!(
            "{text}\n[[finding]]\nid = \"opacity\"\nany_of = [\"Pneumonia\", \"Infiltration\"]\n{question}"
        ))
        .unwrap()
    };
    let derived = add("");
    let last = derived.findings.last().unwrap();
    assert!(!last.asked);
    assert_eq!(derived.labels_of(last), ["Pneumonia", "Infiltration"]);
    assert!(add("question = \"Opacity?\"").findings.last().unwrap().asked);
}

/// The keys that the loader takes in a table, as its own error lists them.
fn known_keys(table: &str) -> Vec<String> {
    let text = builtin("cxr14-verify").unwrap();
    let text = if text.contains(&format!("{table}\n")) {
        text.replacen(&format!("{table}\n"), &format!("{table}\nno_such_key_at_all = 1\n"), 1)
    } else {
        format!("{text}\n{table}\nno_such_key_at_all = 1\n")
    };
    let error = parse(&text).unwrap_err();
    let words = error.message.split('`').skip(1).step_by(2);
    words.map(str::to_owned).filter(|word| word != "no_such_key_at_all").collect()
}

/// The keys that the manual describes for a table, as its rows name them.
fn documented_keys(table: &str) -> Vec<String> {
    let manual = include_str!("../../../../docs/manual/leads.md");
    let (_, rows) = manual
        .split_once(&format!("| `{table}`"))
        .unwrap_or_else(|| panic!("the manual has no table of {table}"));
    rows.lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_key_the_loader_knows_is_in_the_manual_and_the_other_way_round() {
    for table in [
        "[protocol]",
        "[[rule]]",
        "[[finding]]",
        "[[tag]]",
        "[sampling]",
        "[panel]",
        "[blinding]",
        "[reading]",
    ] {
        let mut known = known_keys(table);
        let mut documented = documented_keys(table);
        known.sort();
        documented.sort();
        assert_eq!(known, documented, "{table}");
        assert!(!known.is_empty());
    }
}
