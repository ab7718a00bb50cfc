//! `render`, `inspect` and `adequacy` from outside: exit codes, files, messages, and what is kept of the grey levels.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use overread_tests::{Place, Said};
use serde_json::Value;

fn words<'a>(image: &'a Path, out: &'a Path, more: &'a [&'a str]) -> Vec<&'a std::ffi::OsStr> {
    let mut words = vec!["render".as_ref(), image.as_os_str(), "-o".as_ref(), out.as_os_str()];
    words.extend(more.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    words
}

fn phantom(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo/phantoms").join(name)
}

/// One paragraph that names the place and ends in what to do.
fn is_advice(said: &Said, place: &Path) {
    assert_eq!(said.status, 1, "{said:?}");
    let text = said.err.trim_end();
    assert!(text.contains(&place.display().to_string()), "{text}");
    assert!(text.ends_with('.') && text.contains(". "), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn options_that_mean_nothing_are_wrong_usage_before_any_file_is_read() -> Result<()> {
    let place = Place::new()?;
    let (image, out) = (place.at("not-there.dcm"), place.at("out.png"));
    for wrong in [
        &["--voi", "foo"][..],
        &["--voi", "window:0"],
        &["--voi", "lut:x"],
        &["--size", "0x0"],
        &["--size", "10"],
        &["--size", "40000x10"],
        &["--depth", "12"],
        &["--frame", "0"],
        &["--frame", "x"],
        &["--window", "100"],
        &["--window", "100", "0"],
        &["--window", "NaN", "10"],
        &["--window", "100", "50", "--voi", "auto"],
        &["--window", "100", "50", "--voi", "lut:1"],
    ] {
        let said = place.run(&words(&image, &out, wrong))?;
        assert_eq!(said.status, 2, "{wrong:?}: {said:?}");
        assert!(!said.err.trim().is_empty(), "{wrong:?}");
        assert!(!out.exists());
    }
    Ok(())
}

#[test]
fn a_picture_is_written_once_for_everybody_and_replaced_only_when_asked() -> Result<()> {
    let place = Place::new()?;
    let (image, out) = (place.film("film.png", 1)?, place.at("out.png"));
    place.ok(&words(&image, &out, &[]))?;
    let first = std::fs::read(&out)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let plain = place.write("plain", "")?;
        let mode =
            |path: &Path| Ok::<_, anyhow::Error>(std::fs::metadata(path)?.permissions().mode());
        assert_eq!(mode(&out)?, mode(&plain)?, "the system's mask decides, as for any file");
    }
    let said = place.run(&words(&image, &out, &["--invert"]))?;
    is_advice(&said, &out);
    assert!(said.err.contains("--overwrite"), "{}", said.err);
    assert_eq!(std::fs::read(&out)?, first);
    place.ok(&words(&image, &out, &["--invert", "--overwrite"]))?;
    assert_ne!(std::fs::read(&out)?, first);
    Ok(())
}

#[test]
fn what_cannot_be_rendered_says_what_where_and_what_to_do() -> Result<()> {
    let place = Place::new()?;
    let out = place.at("out.png");
    let wedge = phantom("wedge.dcm");
    let cut = place.write("cut.dcm", std::fs::read(&wedge)?.get(..4000).unwrap_or_default())?;
    let cases = [
        (place.at("not-there.png"), &[][..]),
        (place.write("empty.png", "")?, &[]),
        (place.write("words.png", "no picture at all")?, &[]),
        (cut, &[]),
        (wedge.clone(), &["--frame", "2"]),
        (wedge.clone(), &["--voi", "window:9"]),
        (wedge, &["--voi", "lut:9"]),
    ];
    for (image, more) in cases {
        is_advice(&place.run(&words(&image, &out, more))?, &image);
        assert!(!out.exists());
        if more.is_empty() {
            is_advice(&place.run(&["inspect".as_ref(), image.as_os_str()])?, &image);
        }
    }
    Ok(())
}

/// Width and height of a PNG.
fn size(path: &Path) -> Result<(u32, u32)> {
    let reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path)?)).read_info()?;
    Ok((reader.info().width, reader.info().height))
}

#[test]
fn a_size_is_a_box_that_the_picture_fits_inside() -> Result<()> {
    let place = Place::new()?;
    let image = phantom("chest-pneumothorax.dcm");
    for (n, (asked, got)) in [
        ("300x350", (300, 350)),
        ("300x999", (300, 350)),
        ("999x70", (60, 70)),
        ("1200x1400", (1200, 1400)),
    ]
    .into_iter()
    .enumerate()
    {
        let out = place.at(&format!("{n}.png"));
        place.ok(&words(&image, &out, &["--size", asked]))?;
        assert_eq!(size(&out)?, got, "{asked}");
    }
    Ok(())
}

#[test]
fn inspect_says_in_lines_what_it_says_in_json() -> Result<()> {
    let place = Place::new()?;
    let image = phantom("chest-pneumothorax.dcm");
    let json = place.json(&["inspect".as_ref(), image.as_os_str(), "--json".as_ref()])?;
    let text = place.ok(&["inspect".as_ref(), image.as_os_str()])?;
    assert_eq!(json["windows"][1]["explanation"], "LUNG");
    for part in ["700 rows × 600 columns", "12 of 16 bits", "centre 2900, width 1500, LINEAR, LUNG"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let words = json["adequacy"]["text"].as_str().context("adequacy")?;
    assert!(text.contains(words) && !text.contains('{'), "{text}");
    Ok(())
}

/// Class of the image of a study, by the file itself.
fn class_of(place: &Place, file: &Path) -> Result<String> {
    let json = place.json(&["inspect".as_ref(), file.as_os_str(), "--json".as_ref()])?;
    Ok(json["adequacy"]["class"].as_str().context("class")?.to_owned())
}

#[test]
fn grey_levels_are_measured_when_drawn_kept_with_the_image_and_exported_with_the_reads()
-> Result<()> {
    let place = Place::new()?;
    let project = place.demo("demo")?;
    let text = project.to_str().context("a path")?;
    let (root, kept) = kept(&project)?;
    assert!(!kept.is_empty());
    for (path, class) in kept.iter().take(6) {
        assert_eq!(*class, class_of(&place, &root.join(path))?, "the measure is that of the file");
    }
    let drawn = kept.len();
    let measured = place.json(&["adequacy", text, "--all", "--json"])?;
    let all = measured["images"].as_u64().context("images")?;
    assert_eq!(measured["measured"].as_u64().context("measured")? + drawn as u64, all);
    let again = place.json(&["adequacy", text, "--all", "--json"])?;
    assert_eq!((&again["measured"], &again["images"]), (&Value::from(0), &Value::from(all)));

    let script = place.write("keys", "3\n1\n2\n3\n3\n1\n")?;
    let script = script.to_str().context("a path")?;
    place.ok(&["read", text, "--reader", "demo", "--script", script])?;
    let analysis = place.json(&["analyse", text, "--json"])?;
    let grey = &analysis["dataset"]["grey_levels"];
    assert_eq!(grey["measured"], all);
    let counted = grey["classes"].as_array().context("classes")?.iter();
    assert_eq!(counted.filter_map(|c| c["images"].as_u64()).sum::<u64>(), all);

    let out = place.at("report");
    let folder = out.to_str().context("a path")?;
    place.ok(&["report", text, "--out", folder])?;
    let reads = std::fs::read_to_string(out.join("reads.csv"))?;
    let mut lines = reads.lines();
    let column = lines.next().and_then(|head| head.split(',').position(|c| c == "grey_levels"));
    let column = column.context("the column")?;
    let values: Vec<&str> = lines.filter_map(|line| line.split(',').nth(column)).collect();
    let known = |word: &&&str| kept.iter().any(|(_, class)| class == **word);
    assert!(!values.is_empty());
    assert_eq!(values.iter().filter(known).count(), values.len(), "{values:?}");
    let html = std::fs::read_to_string(out.join("report.html"))?;
    assert!(html.contains("Grey levels of the images"));
    Ok(())
}

/// The image folder, and path and class of every image that has one.
fn kept(project: &Path) -> Result<(PathBuf, Vec<(String, String)>)> {
    let conn = rusqlite::Connection::open(project)?;
    let root: String = conn.query_row("SELECT image_root FROM dataset", [], |row| row.get(0))?;
    let mut statement = conn.prepare(
        "SELECT i.path, a.class FROM image AS i JOIN image_adequacy AS a ON a.image = i.id ORDER BY i.id",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((PathBuf::from(root), rows.collect::<rusqlite::Result<_>>()?))
}
