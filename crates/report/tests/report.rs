//! The report of the published audit, and of everything that can go wrong.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

#[path = "../../analysis/tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::PathBuf;

use common::{TABLE_2, World, dataset, level, paper, paper_answer, protocol};
use overread_analysis::{Options, analyse, long_reads};
use overread_report::{Format, Overwrite, ReportError, files, html, in_the_way, text, write};

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&path).ok();
    path
}

fn ended() -> Options {
    Options { settle_all: true, ..Options::default() }
}

/// Text between tags, entities left as they are, without style, script and the drawings' descriptions.
fn visible(html: &str) -> String {
    let body = html.split("</style>").nth(1).unwrap();
    let mut out = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => {
                inside = true;
                out.push(' ');
            }
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// Rows of a table as cell texts.
fn rows(html: &str, id: &str) -> Vec<Vec<String>> {
    let table = html.split(&format!("<table id=\"{id}\"")).nth(1).unwrap();
    let body = table.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    body.split("<tr")
        .skip(1)
        .map(|row| {
            row.split(['<'])
                .filter(|part| part.starts_with("td") || part.starts_with("th"))
                .map(|part| part.split_once('>').unwrap().1.to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn the_published_audit_becomes_a_report_with_its_numbers() {
    let world = paper();
    let analysis = analyse(&world.input(), &Options::default());
    let page = html(&analysis);
    let ppv = rows(&page, "t-ppv");
    let row = ppv.iter().find(|r| r[0] == "Pneumothorax").unwrap();
    // Wilson on 50 studies is 79–96; the effective sample of 50 patients is 49.
    assert_eq!(row[3..9], ["45/50", "90", "(78–96)", "45/50", "90", "(78–96)"]);
    let hernia = ppv.iter().find(|r| r[0] == "Hernia").unwrap();
    assert_eq!(hernia[3..6], ["47/50", "94", "(84–98)"]);
    let strata = rows(&page, "t-strata");
    let drain = strata.iter().find(|r| r[0] == "Pneumothorax" && r[1] == "chest drain").unwrap();
    assert_eq!(drain[2..9], ["40/50", "80", "(67–89)", "39/40", "6/10", "37.5", "(12.1–66.3)"]);
    assert_eq!(drain[10], "0.004");
    assert!(page.contains("Label known to the reader (deck without controls)"));
    let text = visible(&page);
    assert!(text.contains("525/750") && text.contains("396/750"));
    assert!(text.contains(&analysis.design.hash[..32]));
    write(&analysis, &[], &folder("audit"), &[Format::Html], Overwrite::Asked).unwrap();
}

#[test]
fn every_percentage_has_its_count_beside_it() {
    for world in [paper(), unfinished()] {
        let page = html(&analyse(&world.input(), &ended()));
        let text = visible(&page);
        for (at, _) in text.match_indices('%') {
            let before: String = text[..at].chars().rev().take(60).collect();
            let before: String = before.chars().rev().collect();
            let digit = before.ends_with(|c: char| c.is_ascii_digit());
            // A level of confidence and the unit in a head or on an axis are no percentages.
            let unit = !digit || before.ends_with("95");
            assert!(unit || before.contains('/'), "a bare percentage: …{before}%");
        }
    }
}

#[test]
fn the_flow_in_the_figure_adds_up() {
    let world = unfinished();
    let analysis = analyse(&world.input(), &ended());
    let e = &analysis.exclusions;
    assert_eq!(e.dataset_studies - e.without_images - e.not_drawn, e.drawn_studies);
    assert_eq!(e.total.items - e.total.not_read() - e.total.not_analysed(), e.total.analysed);
    let text = visible(&html(&analysis));
    assert!(text.contains(&format!("Not read: {} items", e.total.not_read())));
    assert!(text.contains(&format!("Read but not analysed: {} items", e.total.not_analysed())));
}

#[test]
fn the_same_analysis_gives_the_same_bytes() {
    let world = paper();
    let made = || {
        let options = ended();
        let analysis = analyse(&world.input(), &options);
        files(&analysis, &long_reads(&world.input(), &[], &options), &Format::ALL).unwrap()
    };
    assert_eq!(made(), made());
}

fn unfinished() -> World {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut world = World::new(dataset(&labels, 50, 1), protocol("cxr14-verify", &[]));
    world.read("R1", |class, place, _, index| (index < 134).then(|| paper_answer(class, place)));
    world
}

#[test]
fn an_unfinished_deck_is_named_and_has_no_final_interval() {
    let world = unfinished();
    let page = html(&analyse(&world.input(), &ended()));
    let text = visible(&page);
    assert!(text.contains("confidence sequence over each patient’s first study"));
    assert!(text.contains("running, 34 of 50 read"));
    assert!(text.contains("Unfinished."));
    write(
        &analyse(&world.input(), &ended()),
        &[],
        &folder("unfinished"),
        &[Format::Html],
        Overwrite::Asked,
    )
    .unwrap();
}

#[test]
fn text_of_the_protocol_cannot_become_markup_or_formula() {
    let changes = [
        ("name = \"Mass\"", "name = \"<img src=x onerror=alert(1)> =1+1\""),
        ("title = \"Chest label audit\"", "title = \"</title><script>alert(1)</script>\""),
        ("id = \"rotated_film\"", "id = \"-cmd\""),
    ];
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut world = World::new(dataset(&labels, 6, 1), protocol("cxr14-verify", &changes));
    world.read("=R1", |class, place, _, _| {
        Some((
            level(2 * u8::from(place < 3)),
            if class == 6 && place < 3 { vec!["-cmd"] } else { vec![] },
        ))
    });
    let analysis = analyse(&world.input(), &ended());
    let page = html(&analysis);
    assert!(!page.contains("<script") && !page.contains("<img"));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    let made =
        files(&analysis, &long_reads(&world.input(), &[], &ended()), &[Format::Csv]).unwrap();
    for (name, bytes) in made {
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        for record in reader.records() {
            for cell in &record.unwrap() {
                let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(!formula || cell.parse::<f64>().is_ok(), "{name}: {cell}");
            }
        }
    }
}

#[test]
fn reports_of_almost_nothing_still_say_what_is_missing() {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut empty = World::new(dataset(&labels, 3, 1), protocol("cxr14-verify", &[]));
    let nobody = html(&analyse(&empty.input(), &ended()));
    assert!(visible(&nobody).contains("No study was read and released yet"));
    let mut none = empty.input();
    none.sample = None;
    assert!(html(&analyse(&none, &ended())).contains("Not estimable, and why"));
    for share in [0, 3] {
        empty.readers.clear();
        empty.read("R1", |_, place, _, _| Some((level(2 * u8::from(place < share)), Vec::new())));
        let page = html(&analyse(&empty.input(), &ended()));
        let row = rows(&page, "t-ppv").remove(0);
        assert_eq!(row[3], format!("{share}/3"));
        assert!(!visible(&page).contains("NaN"));
    }
}

#[test]
fn two_readers_and_controls_have_their_sections() {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut world = World::new(dataset(&labels, 60, 2), protocol("cxr14-controls", &[]));
    let sample = world.sample.clone();
    for (name, least) in [("R1", 40), ("R2", 44), ("R3", 36)] {
        world.read(name, |class, place, item, _| {
            let asked = sample.decks[item.deck as usize].finding.clone().unwrap();
            let own = TABLE_2[class].0.replace(' ', "_") == asked;
            Some((level(2 * u8::from((own && place < least) || place == 55)), Vec::new()))
        });
    }
    let analysis = analyse(&world.input(), &ended());
    let page = html(&analysis);
    assert!(page.contains("Sensitivity, weighted") && page.contains("id=\"t-agree\""));
    assert!(visible(&page).contains("Majority of the 3 readers"));
    assert!(
        visible(&page).contains("references rest on one reader alone")
            || visible(&page).contains("No reference rests on one reader alone")
    );
    let lines = text(&analysis);
    for anchor in ["t-ppv", "f-ppv", "t-agree", "t-strata"] {
        assert!(!lines.contains(anchor), "{anchor} is no word for a reader");
    }
    let headline = lines.lines().find(|line| line.contains("Cohen’s κ")).unwrap();
    assert!(headline.contains("studies)"), "a kappa is named with its n: {headline}");
    let table = lines.lines().find(|line| line.contains("Pairs of readers by finding")).unwrap();
    assert!(headline.ends_with(table.split('.').next().unwrap()), "{table}: {headline}");
    write(&analysis, &[], &folder("controls"), &[Format::Html], Overwrite::Asked).unwrap();
}

#[test]
fn without_controls_every_table_of_label_quality_says_that_the_label_was_known() {
    let analysis = analyse(&paper().input(), &ended());
    let (page, lines) = (html(&analysis), text(&analysis));
    let known = "Label known to the reader (deck without controls)";
    for id in ["t-ppv", "t-published", "t-by-sex", "t-rules", "t-strata"] {
        let table = page.split(&format!("<table id=\"{id}\"")).nth(1).unwrap();
        assert!(table.split("</div>").next().unwrap().contains(known), "{id}");
    }
    assert!(6 < lines.matches(known).count(), "the text says it as often as the page");
    let json: serde_json::Value = serde_json::from_str(&analysis.to_json().unwrap()).unwrap();
    let first = &json["statistics"]["label_quality"][0];
    assert_eq!(first["blinding"], "label known to the reader (deck without controls)");
}

#[test]
fn a_sample_of_the_available_films_speaks_for_these_and_controls_are_counted_as_drawn() {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut data = dataset(&labels, 60, 2);
    for (place, study) in data.0.studies.iter_mut().enumerate() {
        study.available = place.is_multiple_of(2);
    }
    let mut world = World::new(data, protocol("cxr14-controls", &[]));
    for name in ["R1", "R2"] {
        world.read(name, |class, place, _, _| {
            Some((level(2 * u8::from(place % 7 < 3 + class as u64 % 2)), Vec::new()))
        });
    }
    let analysis = analyse(&world.input(), &ended());
    let page = visible(&html(&analysis));
    let frame = "the 450 studies of the dataset whose images were found";
    for words in [
        format!("figures speak for {frame}"),
        format!("so that they speak for {frame}"),
        format!("label-positive studies among {frame}"),
        format!("Figures speak for {frame} under these rules"),
    ] {
        assert!(page.contains(&words), "{words}");
    }
    assert!(!page.contains("speak for the dataset"), "nothing was drawn from the rest");
    let controls: u64 = analysis.design.decks.iter().map(|deck| deck.controls).sum();
    assert!(page.contains(&format!("({controls} controls)")));
    assert!(page.contains("Patients in deck, controls’ included"));
    // Nobody declared a gold panel: no table for each finding and rule.
    assert!(!page.contains("gold standard") && !page.contains("the gold panel"));
    let gold = html(&analysis).matches("id=\"t-majority-").count();
    assert_eq!(gold, 1);
}

#[test]
fn an_export_never_replaces_a_file_unless_asked() {
    let world = paper();
    let analysis = analyse(&world.input(), &ended());
    let out = folder("exports");
    let reads = long_reads(&world.input(), &[], &ended());
    for format in Format::ALL {
        assert_eq!(in_the_way(&out, &[format]), None);
    }
    let paths = write(&analysis, &reads, &out, &Format::ALL, Overwrite::Never).unwrap();
    for format in Format::ALL {
        assert!(paths.contains(&in_the_way(&out, &[format]).unwrap()));
    }
    assert_eq!(paths.len(), 15);
    assert!(paths.iter().all(|path| path.exists()));
    for path in &paths {
        fs::write(path, "mine").unwrap();
    }
    let again = write(&analysis, &reads, &out, &[Format::Csv], Overwrite::Never);
    assert!(matches!(again, Err(ReportError::Exists(_))));
    assert!(paths.iter().all(|path| fs::read(path).unwrap() == b"mine"), "one was replaced");
    write(&analysis, &reads, &out, &Format::ALL, Overwrite::Asked).unwrap();
    assert!(paths.iter().all(|path| fs::read(path).unwrap() != b"mine"), "one was left");
    let left = fs::read_dir(&out).unwrap().count();
    assert_eq!(left, 15, "no half-written part is left");
}

#[test]
fn what_two_readers_do_not_decide_is_counted_bounded_and_shown_by_reader() {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut world = World::new(dataset(&labels, 60, 1), protocol("cxr14-controls", &[]));
    for (name, least) in [("R1", 30), ("R2", 20)] {
        world.read(name, move |_, place, _, _| {
            Some((level(2 * u8::from(place < least)), Vec::new()))
        });
    }
    let analysis = analyse(&world.input(), &ended());
    let rule = &analysis.finding("Mass").unwrap().rules[0];
    let left = &rule.without_reference;
    assert!(0 < left.divided && 0 < left.label_negative);
    let page = html(&analysis);
    let text = visible(&page);
    let tied: u64 = analysis.statistics.consensus.iter().map(|c| c.tied).sum();
    let rules = analysis.design.rules.len() as u64;
    assert!(text.contains(&format!("No majority: {}", tied / rules)), "the same under each rule");
    assert!(text.contains("Worst cases of the PPV: "));
    assert!(text.contains("taken as missing at random within their arm"));
    let readers = rows(&page, "t-ppv-readers");
    assert_eq!(readers.len() as u64, 15 * rules * 3, "the reference and two readers");
    assert!(!rows(&page, "t-ppv-bounds").is_empty());
    let made = files(&analysis, &[], &[Format::Csv]).unwrap();
    for name in ["label_quality_by_reader.csv", "without_reference.csv"] {
        assert!(made.iter().any(|(file, _)| file == name), "{name}");
    }
    assert!(
        String::from_utf8_lossy(&made.iter().find(|f| f.0 == "flow.csv").unwrap().1)
            .contains("no_majority")
    );
}
