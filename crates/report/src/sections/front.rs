//! Title block, key results, question, flow, dataset.

use std::fmt::Write as _;

use overread_analysis::{Alarm, AlarmStage, Analysis, Count, Figure, PairAgreement};

use super::{all_elsewhere, capital, column, counted, grouped, list, row, section};
use crate::figures;
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Text, Width};
use crate::numbers;

pub(super) fn dataset_name(analysis: &Analysis) -> String {
    match analysis.dataset.summary.format.as_str() {
        "cxr14" => "ChestX-ray14".to_owned(),
        "mura" => "MURA".to_owned(),
        "chexpert" => "CheXpert".to_owned(),
        _ => "The dataset".to_owned(),
    }
}

fn reader_words(analysis: &Analysis) -> String {
    match analysis.design.readers.len() {
        0 => "No reader yet".to_owned(),
        1 => "One reader".to_owned(),
        n => format!("{n} readers"),
    }
}

pub(super) fn part_title(analysis: &Analysis) -> String {
    format!("{} against the labels of the dataset", reader_words(analysis))
}

pub(super) fn subtitle(analysis: &Analysis) -> String {
    let asked = analysis.statistics.label_quality.len() as u64;
    let how = if analysis.design.sampling.elsewhere { "read elsewhere" } else { "drawn" };
    format!(
        "{} against the labels of {}: {}, {} {how}.",
        reader_words(analysis),
        dataset_name(analysis).replace("The dataset", "the dataset"),
        counted(asked, "finding", "findings"),
        counted(analysis.exclusions.drawn_studies, "study", "studies"),
    )
}

pub(super) fn facts(analysis: &Analysis) -> Vec<(&'static str, String)> {
    let summary = &analysis.dataset.summary;
    let flow = analysis.exclusions.total;
    let level = numbers::decimal(100.0 * analysis.options.level, 0);
    vec![
        (
            "Dataset",
            format!(
                "{}: {} of {}{}",
                dataset_name(analysis),
                counted(summary.studies, "study", "studies"),
                counted(summary.patients, "patient", "patients"),
                if analysis.design.sampling.limited_to_available {
                    format!("; figures speak for {}", super::frame(analysis))
                } else {
                    String::new()
                }
            ),
        ),
        ("Question", question_line(analysis)),
        ("Design", design_line(analysis)),
        ("Reference", capital(&analysis.design.reference)),
        (
            "Reads used",
            format!(
                "{}: {} of {} analysed{}",
                if all_elsewhere(analysis) {
                    "First answer of each reader"
                } else {
                    "Phase read, first settled answer"
                },
                numbers::count(flow.analysed),
                counted(flow.items, "item", "items"),
                match flow.other_protocol {
                    0 => String::new(),
                    n => format!(
                        "; {} under another version of the protocol stand apart",
                        numbers::count(n)
                    ),
                }
            ),
        ),
        (
            "Report",
            format!(
                "Data cut {}. Protocol version {}. Intervals are two-sided {level}% intervals",
                or_dash(&analysis.provenance.data_cut),
                analysis.design.version
            ),
        ),
    ]
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { numbers::NONE } else { text }
}

fn question_line(analysis: &Analysis) -> String {
    let controls = analysis.design.decks.iter().any(|deck| 0 < deck.controls);
    match analysis.design.design {
        "verify" if controls => "Does the reader find the finding, in studies that the dataset labels with it and in others mixed among them?".to_owned(),
        "verify" => "Given that the dataset states a finding, does the reader find it?".to_owned(),
        "relabel" => "Which findings does the reader see, without knowing the label?".to_owned(),
        _ => "How far do readers agree on the same studies, and with the label?".to_owned(),
    }
}

fn design_line(analysis: &Analysis) -> String {
    let decks = &analysis.design.decks;
    let positive: u64 = decks.iter().map(|d| d.label_positive).sum();
    let controls: u64 = decks.iter().map(|d| d.controls).sum();
    if analysis.design.sampling.elsewhere {
        format!(
            "{}: {} as they were read elsewhere",
            capital(analysis.design.design),
            counted(analysis.exclusions.drawn_studies, "study", "studies")
        )
    } else if analysis.design.design == "verify" {
        let negatives = if controls == 0 {
            "no label-negative studies".to_owned()
        } else {
            format!("{} label-negative among them as controls", numbers::count(controls))
        };
        format!(
            "Verify: {}, {} label-positive places, {negatives}",
            counted(decks.len() as u64, "deck", "decks"),
            numbers::count(positive)
        )
    } else {
        let how = match &analysis.design.sampling.unequal {
            None => "drawn without looking at labels",
            Some(_) => "drawn with unequal probabilities",
        };
        format!(
            "{}: {} {how}, of {}, every finding asked",
            capital(analysis.design.design),
            counted(analysis.exclusions.drawn_studies, "study", "studies"),
            super::frame(analysis)
        )
    }
}

pub(super) fn key_results(analysis: &Analysis) -> Vec<Text> {
    let mut out = Vec::new();
    if analysis.exclusions.total.analysed == 0 {
        out.push(Text::default().bold("No reads. ").plain(
            "No study was read and released yet; every figure that needs a read is in the list of what is not estimable.",
        ));
        return out;
    }
    for index in 0..analysis.design.rules.len() {
        out.extend(rule_result(analysis, index));
    }
    out.extend(unfinished_result(analysis));
    out.extend(rules_result(analysis));
    for index in 0..analysis.design.rules.len() {
        out.extend(published_result(analysis, index));
    }
    out.extend(alarm_results(analysis));
    out.extend(agreement_result(analysis));
    out.truncate(8);
    out
}

fn reader_name(analysis: &Analysis) -> String {
    match analysis.design.readers.as_slice() {
        [one] if one.name == analysis.design.reference.trim_start_matches("reader ") => {
            one.name.clone()
        }
        _ => "The reference".to_owned(),
    }
}

fn rule_result(analysis: &Analysis, index: usize) -> Option<Text> {
    let rule = analysis.design.rules.get(index)?;
    let mut read: Vec<(&str, &Figure)> = analysis
        .statistics
        .label_quality
        .iter()
        .filter_map(|f| Some((f.name.as_str(), &f.rules.get(index)?.ppv)))
        .filter(|(_, ppv)| ppv.value.is_some())
        .collect();
    read.sort_by(|a, b| a.1.value.unwrap_or(0.0).total_cmp(&b.1.value.unwrap_or(0.0)));
    let (lowest, highest) = (read.first()?, read.last()?);
    let lead = Text::default().bold(format!("{} rule. ", capital(&rule.name)));
    let who = reader_name(analysis);
    let text = if read.len() == 1 {
        lead.plain(format!(
            "{who} confirmed the label in {}. ",
            match numbers::sentence(lowest.1).split_once(' ') {
                Some((count, rest)) => format!("{count} studies {rest}"),
                None => format!("{} studies", numbers::ratio(lowest.1.count())),
            }
        ))
    } else {
        let total = read
            .iter()
            .fold(Count::default(), |sum, (_, ppv)| Count { x: sum.x + ppv.x, n: sum.n + ppv.n });
        lead.plain(format!(
            "{who} confirmed the label in {} label-positive places (a study counts once per label); by finding from {} of “{}” to {} of “{}”. ",
            numbers::ratio(total),
            numbers::sentence(lowest.1),
            lowest.0,
            numbers::sentence(highest.1),
            highest.0
        ))
    };
    let text = text.plain(super::known_note(analysis));
    Some(text.link("t-ppv"))
}

fn unfinished_result(analysis: &Analysis) -> Option<Text> {
    let open: Vec<u32> =
        analysis.statistics.label_quality.iter().filter(|f| !f.complete).map(|f| f.deck).collect();
    let mut decks = open;
    decks.dedup();
    let all = analysis.design.decks.len();
    (!decks.is_empty()).then(|| {
        Text::default().bold("Unfinished. ").plain(format!(
            "{}/{all} decks have not reached their planned number; their intervals are confidence sequences and no test was made on them. ",
            decks.len()
        ))
    })
}

fn rules_result(analysis: &Analysis) -> Option<Text> {
    let rules = &analysis.statistics.rules;
    if rules.family == 0 {
        return None;
    }
    let below = rules.rows.iter().filter(|r| r.holm_p.is_some_and(|p| p < 0.05)).count();
    let first = &rules.rows.first()?.first;
    let second = &rules.rows.first()?.second;
    Some(
        Text::default()
            .bold("Between the rules. ")
            .plain(format!(
                "The fall from the {first} to the {second} rule is distinguishable from zero, after Holm’s correction over {}, in {below}/{}. ",
                counted(rules.family, "comparison", "comparisons"),
                rules.family
            ))
            .link("t-rules"),
    )
}

fn published_result(analysis: &Analysis, index: usize) -> Option<Text> {
    let (mut above, mut below, mut all, mut name) = (0, 0, 0, None);
    for finding in &analysis.statistics.label_quality {
        let rule = finding.rules.get(index)?;
        let Some(published) = rule.published.iter().find(|p| p.count.is_none()) else { continue };
        let Some(interval) = rule.ppv.interval else { continue };
        all += 1;
        above += u64::from(interval.high < published.value);
        below += u64::from(published.value < interval.low);
        name = Some(published.name.clone());
    }
    let name = name?;
    let rule = &analysis.design.rules.get(index)?.name;
    Some(
        Text::default()
            .bold(format!("Published value, {rule}. "))
            .plain(format!(
                "The published value ({name}; source under the table) lies above the interval of the visual PPV in {above}/{all} findings and below it in {below}/{all}. "
            ))
            .link("f-ppv"),
    )
}

fn alarm_results(analysis: &Analysis) -> Vec<Text> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut out = Vec::new();
    for row in analysis.alarms() {
        if row.stage != AlarmStage::Final || seen.contains(&(&row.finding, &row.key)) {
            continue;
        }
        seen.push((&row.finding, &row.key));
        let share = numbers::sentence(&row.share);
        let lead = if row.alarms.contains(&Alarm::QualityGap) {
            "Hidden stratum. "
        } else {
            "A dominant stratum. "
        };
        let mut sentence = format!(
            "“{}” was found in {share} of “{}” studies; under the {} rule the label was confirmed in {} inside and {} outside",
            super::small(&row.stratum),
            row.name,
            row.rule,
            numbers::ratio(row.inside.count()),
            numbers::ratio(row.outside.count())
        );
        if let (Some(difference), Some(_), Some(q)) = (row.difference, row.interval, row.bh_q) {
            let (difference, interval) = numbers::points(difference, row.interval);
            let (interval, q) = (interval.unwrap_or_default(), numbers::p_value(q));
            write!(sentence, " (difference {difference} points, {interval}; BH q {q})").ok();
        }
        let text = Text::default().bold(lead).plain(sentence + ". ");
        out.push(text.link("t-strata"));
    }
    out.truncate(3);
    out
}

/// Studies in common below which a kappa is no headline.
const LEAST_IN_COMMON: u64 = 20;

fn agreement_result(analysis: &Analysis) -> Option<Text> {
    let pairs = &analysis.statistics.agreement;
    let defined: Vec<(&PairAgreement, f64)> =
        pairs.iter().filter_map(|pair| Some((pair, pair.kappa?))).collect();
    let mut headline: Vec<(&PairAgreement, f64)> =
        defined.iter().copied().filter(|(pair, _)| LEAST_IN_COMMON <= pair.agreed.n).collect();
    headline.sort_by(|a, b| a.1.total_cmp(&b.1));
    let small = defined.len() - headline.len();
    let lead = Text::default().bold("Readers. ");
    let at = |(pair, kappa): &(&PairAgreement, f64)| {
        format!(
            "{} (“{}”, {} rule, {} and {}, {})",
            numbers::coefficient(*kappa),
            pair.name,
            pair.rule.name,
            pair.first,
            pair.second,
            counted(pair.agreed.n, "study", "studies")
        )
    };
    let left_out = match small {
        0 => String::new(),
        n => format!(
            " {} on fewer than {LEAST_IN_COMMON} studies in common {} in the table alone.",
            counted(n as u64, "comparison", "comparisons"),
            if n == 1 { "stands" } else { "stand" }
        ),
    };
    let text = match headline.as_slice() {
        [] if small == 0 => return None,
        [] => lead.plain(format!(
            "No two readers have {LEAST_IN_COMMON} studies of a question in common: every κ rests on fewer. "
        )),
        [one] => lead.plain(format!("Cohen’s κ is {}.{left_out} ", at(one))),
        [low, .., high] => lead.plain(format!(
            "Over {}, Cohen’s κ runs from {} to {}.{left_out} ",
            counted(
                headline.len() as u64,
                "comparison of two readers",
                "comparisons of two readers"
            ),
            at(low),
            at(high)
        )),
    };
    let sample = if pairs.iter().any(|pair| pair.sample_value) {
        "κ describes the studies read and is not weighted to the dataset. "
    } else {
        ""
    };
    Some(text.plain(sample).link("t-agree"))
}

pub(super) fn question(analysis: &Analysis) -> Section {
    let design = &analysis.design;
    let mut out = section("s-question", "Question and rules as worded");
    let scale = design.levels.join(" < ");
    let asked = if all_elsewhere(analysis) {
        "The reads were made elsewhere: in which words, and together with what, their readers were asked is not recorded here."
    } else if design.design == "verify" {
        "Each deck asks one question of every study in it."
    } else {
        "Every finding of the scheme is asked of every study."
    };
    out.prose.push(Prose::Paragraph(
        format!("{asked} The reader answers on an ordered scale, {scale}. A rule is a threshold on that scale, so a study that is positive under a stricter rule is positive under a more permissive one.").into(),
    ));
    let mut terms: Vec<(String, String, String)> = design
        .rules
        .iter()
        .map(|r| (capital(&r.name), format!("level ≥ {}", r.at_least), format!("“{}”", r.text)))
        .collect();
    terms.push((
        "No answer".to_owned(),
        String::new(),
        "“Unsure” and “inadequate” are kept and counted, and are left out of every denominator."
            .to_owned(),
    ));
    out.prose.push(Prose::Terms(terms));
    let absences: Vec<String> =
        design.findings.iter().filter(|f| f.absence).map(|f| format!("“{}”", f.name)).collect();
    let tags: Vec<String> = design.tags.iter().map(|t| super::small(&t.name)).collect();
    let mut small = format!(
        "Protocol {} version {}; SHA-256 under Provenance.",
        design.protocol, design.version
    );
    if !tags.is_empty() {
        write!(small, " Tags offered: {}.", tags.join(", ")).ok();
    }
    if !absences.is_empty() {
        write!(small, " For {} the levels speak of a normal study.", list(&absences)).ok();
    }
    out.prose.push(Prose::Small(small.into()));
    out.blocks.push(Block::Table(readers(analysis)));
    out
}

fn readers(analysis: &Analysis) -> Table {
    Table {
        id: "t-readers".to_owned(),
        caption: "Readers, by pseudonym.".to_owned(),
        columns: vec![
            column("Reader", Kind::Words),
            column("Role", Kind::Words),
            column("Experience, years", Kind::Number),
            column(
                if all_elsewhere(analysis) { "Reads taken in" } else { "Items on worklist" },
                Kind::Number,
            ),
            column("Read", Kind::Number),
        ],
        rows: analysis
            .design
            .readers
            .iter()
            .chain(&analysis.design.adjudicators)
            .map(|r| {
                row(vec![
                    Cell::text(&r.name),
                    Cell::text(&r.role),
                    Cell::text(
                        r.experience_years.map_or("not stated".to_owned(), |y| y.to_string()),
                    ),
                    Cell::text(numbers::count(r.items)),
                    Cell::text(numbers::count(r.read)),
                ])
            })
            .collect(),
        notes: adjudicator_note(analysis).into_iter().collect(),
        width: Width::Half,
    }
}

fn adjudicator_note(analysis: &Analysis) -> Option<String> {
    let names: Vec<String> = analysis.design.adjudicators.iter().map(|a| a.name.clone()).collect();
    (!names.is_empty()).then(|| {
        format!("{}: items given for adjudication; they decide the reference and are in no figure of agreement between readers.", list(&names))
    })
}

pub(super) fn flow(analysis: &Analysis) -> Section {
    let sampling = &analysis.design.sampling;
    let e = &analysis.exclusions;
    let mut out = section("s-flow", "Flow of studies");
    let mut text = match sampling.per_patient {
        _ if sampling.elsewhere => "Nothing was drawn here: the studies are those that were read elsewhere, and how they were chosen is not recorded. Several studies of one patient are treated as one cluster.".to_owned(),
        "one" => "Patients were drawn, then one study of each: figures of studies are given only where each patient had one study to choose from.".to_owned(),
        "spaced" => format!("Studies were drawn without looking at patients; items of one patient stand at least {} apart in reading order where that was possible.", sampling.gap),
        _ => "Studies were drawn without looking at patients; several studies of one patient are treated as one cluster.".to_owned(),
    };
    if e.in_several_decks > 0 {
        write!(
            text,
            " {} drawn for several decks and read once in each.",
            counted(e.in_several_decks, "study was", "studies were")
        )
        .ok();
    }
    if e.exploration_studies > 0 {
        write!(
            text,
            " {} set aside for exploration; none of them is in a reading deck.",
            counted(e.exploration_studies, "study was", "studies were")
        )
        .ok();
    }
    if e.total.conflicts > 0 {
        write!(
            text,
            " {} answered on two devices or more; the first settled answer in the order of the chains counts.",
            counted(e.total.conflicts, "item was", "items were")
        )
        .ok();
    }
    if sampling.limited_to_available {
        text.push_str(
            " Only studies whose images were found could be drawn: figures speak for these, not for the others.",
        );
    }
    text.push_str(&under_other_versions(analysis));
    out.prose.push(Prose::Paragraph(text.into()));
    out.blocks.push(Block::Figure {
        id: "f-flow".to_owned(),
        caption: "Flow of studies.".to_owned(),
        notes: "A study may carry several labels and so belong to several frames and decks. Zeros are printed because each reason was checked.".to_owned(),
        drawing: figures::flow(analysis),
    });
    if !sampling.shortfall.is_empty() {
        out.blocks.push(Block::Table(shortfall(analysis)));
    }
    out
}

/// Reads of other versions of the protocol: kept, and in no figure.
fn under_other_versions(analysis: &Analysis) -> String {
    let of = &analysis.exclusions.other_versions;
    let total: u64 = of.iter().map(|v| v.items).sum();
    if total == 0 {
        return String::new();
    }
    let each: Vec<String> =
        of.iter().map(|v| format!("version {}: {}", v.version, numbers::count(v.items))).collect();
    format!(
        " {} under another version of the protocol than version {}, which is in force ({}): they are kept, stand in reads.csv with their version and are in no figure.",
        counted(total, "item was read", "items were read"),
        analysis.design.version,
        each.join(", ")
    )
}

fn shortfall(analysis: &Analysis) -> Table {
    let name = |id: &Option<String>| {
        let finding = analysis.design.findings.iter().find(|f| Some(&f.id) == id.as_ref());
        finding.map_or("whole sample".to_owned(), |f| f.name.clone())
    };
    Table {
        id: "t-short".to_owned(),
        caption: "What could not be drawn as planned.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Arm", Kind::Words),
            column("Planned", Kind::Number),
            column("Drawn", Kind::Number),
        ],
        rows: analysis
            .design
            .sampling
            .shortfall
            .iter()
            .map(|s| {
                row(vec![
                    Cell::text(name(&s.finding)),
                    Cell::text(&s.arm),
                    Cell::text(numbers::count(u64::from(s.planned))),
                    Cell::text(numbers::count(u64::from(s.drawn))),
                ])
            })
            .collect(),
        notes: Vec::new(),
        width: Width::Half,
    }
}

pub(super) fn repeat_studies(analysis: &Analysis) -> Section {
    let summary = &analysis.dataset.summary;
    let mut out = section("s-repeat", "Repeat studies in the dataset");
    out.prose.push(Prose::Paragraph(
        "Patients, not studies, are independent. The table counts how far the dataset consists of the same patients seen again; it is a property of the label file and needs no read.".into(),
    ));
    out.blocks.push(Block::Table(Table {
        id: "t-repeat".to_owned(),
        caption: "Patients with repeat studies, and the studies they hold.".to_owned(),
        columns: vec![
            column("Studies per patient", Kind::Words),
            column("Patients, x/n", Kind::Number),
            column("%", Kind::Number),
            column("Studies, x/n", Kind::Number),
            column("%", Kind::Number),
        ],
        rows: summary
            .repeat_studies
            .iter()
            .map(|r| {
                let patients = Count { x: r.patients, n: summary.patients };
                let studies = Count { x: r.studies, n: summary.studies };
                row(vec![
                    Cell::text(format!("more than {}", r.more_than)),
                    Cell::text(numbers::ratio(patients)),
                    Cell::text(numbers::percent_bare(patients)),
                    Cell::text(numbers::ratio(studies)),
                    Cell::text(numbers::percent_bare(studies)),
                ])
            })
            .collect(),
        notes: vec!["Counted from the label file.".to_owned()],
        width: Width::Half,
    }));
    out
}

pub(super) fn sample(analysis: &Analysis) -> Option<Section> {
    let rows = &analysis.dataset.sample;
    if rows.is_empty() {
        return None;
    }
    let mut out = section("s-sample", "Sample against dataset");
    out.prose.push(Prose::Paragraph(
        if analysis.design.sampling.elsewhere {
            "The studies that were read elsewhere beside the whole dataset, by what its label file states."
        } else if analysis.design.design == "verify" {
            "The drawn studies beside the whole dataset, by what its label file states, each study once. Decks of equal size do not aim at the dataset’s composition; the table says how far they are from it."
        } else {
            "The drawn studies beside the whole dataset, by what its label file states. The table says how far the draw is from the dataset’s composition."
        }
        .into(),
    ));
    let cells = rows
        .iter()
        .map(|r| {
            let drawn = Count { x: r.drawn, n: r.drawn_of };
            let dataset = Count { x: r.dataset, n: r.dataset_of };
            row(vec![
                Cell::text(format!("{}: {}", capital(r.attribute), r.value)),
                Cell::text(numbers::ratio(drawn)),
                Cell::text(numbers::percent_bare(drawn)),
                Cell::text(numbers::ratio(dataset)),
                Cell::text(numbers::percent_bare(dataset)),
                r.standardised_difference
                    .map_or(Cell::Refused(None), |d| Cell::text(numbers::coefficient(d))),
            ])
        })
        .collect();
    out.blocks.push(Block::Table(Table {
        id: "t-sample".to_owned(),
        caption: "Drawn studies and dataset by attribute.".to_owned(),
        columns: vec![
            column("Attribute", Kind::Words),
            grouped("Drawn", "x/n", Kind::Number),
            grouped("Drawn", "%", Kind::Number),
            grouped("Dataset", "x/n", Kind::Number),
            grouped("Dataset", "%", Kind::Number),
            column("SMD", Kind::Number),
        ],
        rows: cells,
        notes: vec![
            "SMD: standardised difference of the two shares, (p − q)/√((p(1 − p) + q(1 − q))/2)."
                .to_owned(),
        ],
        width: Width::Half,
    }));
    Some(out)
}
