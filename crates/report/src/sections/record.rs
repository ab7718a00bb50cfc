//! What is not estimable, blinding, conduct, methods, provenance, limits.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use overread_analysis::{Analysis, Count, IntervalKind};

use super::{all_elsewhere, column, counted, list, row, section};
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Width};
use crate::numbers;

pub(super) fn not_estimable(analysis: &Analysis) -> Section {
    let mut out = section("s-not-estimable", "Not estimable, and why");
    out.prose.push(Prose::Paragraph(
        "These figures belong to the report of an audit and cannot be given for this one. They are absent, not zero.".into(),
    ));
    out.blocks.push(Block::Table(Table {
        id: "t-not-estimable".to_owned(),
        caption: "Figures that this design or these data cannot give.".to_owned(),
        columns: vec![
            column("Figure", Kind::Words),
            column("Reason", Kind::Words),
            column("What would make it estimable", Kind::Words),
        ],
        rows: analysis
            .not_estimable
            .iter()
            .map(|r| {
                let of = if r.findings.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", r.findings.join(", "))
                };
                row(vec![
                    Cell::text(format!("{}{of}", r.figure)),
                    Cell::text(&r.reason),
                    Cell::text(&r.remedy),
                ])
            })
            .collect(),
        notes: Vec::new(),
        width: Width::Full,
    }));
    out
}

pub(super) fn sections(analysis: &Analysis) -> Vec<Section> {
    vec![
        blinding(analysis),
        conduct(analysis),
        methods(analysis),
        provenance(analysis),
        limits(analysis),
    ]
}

/// What readers could infer, in the words that screen and report share.
fn blinding(analysis: &Analysis) -> Section {
    let release = &analysis.release;
    let mut out = section("s-blinding", "Blinding and releases");
    let mut text = elsewhere(analysis);
    if all_elsewhere(analysis) {
        out.prose.push(Prose::Paragraph(text.into()));
        return out;
    }
    if !text.is_empty() {
        text.push_str(" What follows holds for the reads that were made with this program. ");
    }
    if release.decks > 0 && release.label_known_decks == release.decks {
        text.push_str("Label known to the reader (deck without controls): every deck holds label-positive studies only and names its finding, so the reader could not be blind to the label of the deck’s finding.");
    } else if release.label_known_decks > 0 {
        write!(
            text,
            "In {}/{} decks the label was known to the reader (deck without controls).",
            release.label_known_decks, release.decks
        )
        .ok();
    } else if release.decks > 0 {
        text.push_str("No question gives a study’s label away.");
    }
    text.push_str(" Hidden from the reader while reading: other labels, other readers’ answers, patient number, file name and path.");
    text.push_str(if analysis.design.sex_and_age_shown {
        " Sex and age were shown."
    } else {
        " Sex and age were not shown."
    });
    let policy = match (release.policy, release.block) {
        ("blocks", Some(block)) => format!(" Label-dependent figures were released after each further {block} reads of a deck, as the protocol says."),
        ("sealed", _) => " Label-dependent figures stayed sealed until the worklist was locked.".to_owned(),
        ("open", _) => " Label-dependent figures were open: reads made after they were shown are left out of the primary figures.".to_owned(),
        (other, _) => format!(" Release policy: {other}."),
    };
    if release.label_known_decks < release.decks {
        text.push_str(&policy);
    }
    write!(
        text,
        " {} made after label-dependent figures of the deck had been shown.",
        counted(release.reads_after_release, "read was", "reads were")
    )
    .ok();
    out.prose.push(Prose::Paragraph(text.trim_start().into()));
    if !release.released.is_empty() {
        let deck_name = |index: u32| {
            let deck = analysis.design.decks.get(index as usize);
            deck.and_then(|d| d.name.clone()).unwrap_or_else(|| "whole sample".to_owned())
        };
        out.blocks.push(Block::Table(Table {
            id: "t-released".to_owned(),
            caption: "Last release of label-dependent figures, by reader and deck.".to_owned(),
            columns: vec![
                column("Reader", Kind::Words),
                column("Deck", Kind::Words),
                column("After reads of the deck", Kind::Number),
            ],
            rows: release
                .released
                .iter()
                .map(|r| {
                    row(vec![
                        Cell::text(&r.reader),
                        Cell::text(deck_name(r.deck)),
                        Cell::text(numbers::count(r.reads)),
                    ])
                })
                .collect(),
            notes: Vec::new(),
            width: Width::Half,
        }));
    }
    out
}

/// What is known of reads that were made elsewhere; nothing where there are none.
fn elsewhere(analysis: &Analysis) -> String {
    let mut files: BTreeMap<&str, (Vec<String>, bool)> = BTreeMap::new();
    for reader in &analysis.design.readers {
        if let Some(source) = &reader.elsewhere {
            let (readers, declared) = files.entry(&source.file).or_default();
            readers.push(reader.name.clone());
            *declared = source.declared_blinded;
        }
    }
    let told = files.into_iter().map(|(file, (readers, declared))| {
        let declared = if declared {
            "The lead declared that these readers did not know the labels."
        } else {
            "Nobody declared that these readers did not know the labels."
        };
        format!("The reads of {} were made elsewhere and come from {file}. {declared} What else was hidden from them, and when and in which order they read, is not recorded here; where the reading order counts, that of the table is taken.", list(&readers))
    });
    told.collect::<Vec<_>>().join(" ")
}

fn conduct(analysis: &Analysis) -> Section {
    let mut out = section("s-conduct", "Reading conditions and exclusions");
    let text = if all_elsewhere(analysis) {
        "Of several reads of one study by one reader the first counts.".to_owned()
    } else {
        "Settled answers only: an answer corrected before the next item was locked counts as corrected; a later change is kept as a revision and not used.".to_owned()
    };
    out.prose.push(Prose::Paragraph(text.into()));
    let none = || numbers::NONE.to_owned();
    out.blocks.push(Block::Table(Table {
        id: "t-conduct".to_owned(),
        caption: "How the reading went.".to_owned(),
        columns: vec![
            column("Reader", Kind::Words),
            column("Reads", Kind::Number),
            column("First to last lock", Kind::Words),
            column("Median time", Kind::Number),
            column("Active time", Kind::Number),
            column("Slips", Kind::Number),
            column("Revisions", Kind::Number),
            column("Gap not kept", Kind::Number),
            column("Seen at 1:1", Kind::Number),
        ],
        rows: analysis
            .statistics
            .conduct
            .iter()
            .map(|c| {
                let days = match (&c.first_read, &c.last_read) {
                    (Some(first), Some(last)) => days(first, last),
                    _ => none(),
                };
                row(vec![
                    Cell::text(&c.reader),
                    Cell::text(numbers::count(c.reads)),
                    Cell::text(days),
                    Cell::text(c.median_ms.map_or_else(none, numbers::duration)),
                    Cell::text(match c.median_ms {
                        None => none(),
                        Some(_) => numbers::duration(c.active_ms),
                    }),
                    Cell::text(numbers::count(c.slips)),
                    Cell::text(numbers::count(c.revisions)),
                    Cell::text(numbers::count(c.gap_violations)),
                    Cell::text(if c.size_recorded == 0 {
                        none()
                    } else {
                        numbers::ratio(Count { x: c.seen_full_size, n: c.size_recorded })
                    }),
                ])
            })
            .collect(),
        notes: vec!["Times by the clock of the reading device. Gap not kept: neighbours in reading order that had to stand closer than the protocol asks.".to_owned()],
        width: Width::Full,
    }));
    if let Some(table) = positive_blocks(analysis) {
        out.blocks.push(Block::Table(table));
    }
    out.blocks.push(Block::Table(no_answers(analysis)));
    out.blocks.extend(also_present(analysis).map(Block::Table));
    out
}

/// What readers saw beside the question, against the label of what they saw.
fn also_present(analysis: &Analysis) -> Option<Table> {
    let rows = &analysis.statistics.also_present;
    let number = |n: u64| Cell::text(numbers::count(n));
    (!rows.is_empty()).then(|| Table {
        id: "t-also-present".to_owned(),
        caption: "Also present, as marked by readers in decks that ask for something else.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Studies marked", Kind::Number),
            column("Label positive", Kind::Number),
            column("Label negative", Kind::Number),
            column("Label uncertain", Kind::Number),
            column("Label not stated", Kind::Number),
        ],
        rows: rows
            .iter()
            .map(|a| {
                row(vec![
                    Cell::text(&a.name),
                    number(a.studies),
                    number(a.label_positive),
                    number(a.label_negative),
                    number(a.label_uncertain),
                    number(a.label_blank),
                ])
            })
            .collect(),
        notes: vec!["Label negative: false negatives of the label as they were observed, by any reader. They are no rate: nobody was asked to look for these findings, and a study without a mark says nothing.".to_owned()],
        width: Width::Full,
    })
}

fn days(first: &str, last: &str) -> String {
    let day = |at: &str| at.get(..10).unwrap_or(at).to_owned();
    if day(first) == day(last) { day(first) } else { format!("{} to {}", day(first), day(last)) }
}

fn positive_blocks(analysis: &Analysis) -> Option<Table> {
    let readers: Vec<_> =
        analysis.statistics.conduct.iter().filter(|c| !c.blocks.is_empty()).collect();
    if readers.is_empty() {
        return None;
    }
    let rule = analysis.design.rules.first().map_or("first", |r| r.name.as_str());
    let mut columns = vec![column("Reader", Kind::Words)];
    for block in 1..=5 {
        columns.push(column(format!("Block {block}, x/n"), Kind::Number));
    }
    Some(Table {
        id: "t-blocks".to_owned(),
        caption: format!("Reads that are positive under the {rule} rule, in five blocks of reading order."),
        columns,
        rows: readers
            .iter()
            .map(|c| {
                let mut cells = vec![Cell::text(&c.reader)];
                cells.extend(c.blocks.iter().map(|b| Cell::text(numbers::ratio(*b))));
                row(cells)
            })
            .collect(),
        notes: vec!["Where decks are read one after the other, blocks differ by finding as well as by time.".to_owned()],
        width: Width::Half,
    })
}

fn no_answers(analysis: &Analysis) -> Table {
    Table {
        id: "t-no-answer".to_owned(),
        caption: "Answers without a level, by finding.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Answers", Kind::Number),
            column("Unsure", Kind::Number),
            column("Inadequate pixels", Kind::Number),
        ],
        rows: analysis
            .exclusions
            .no_answers
            .iter()
            .map(|n| {
                let name =
                    analysis.finding(&n.finding).map_or(n.finding.clone(), |f| f.name.clone());
                row(vec![
                    Cell::text(name),
                    Cell::text(numbers::count(n.answers)),
                    Cell::text(numbers::count(n.unsure)),
                    Cell::text(numbers::count(n.inadequate)),
                ])
            })
            .collect(),
        notes: Vec::new(),
        width: Width::Half,
    }
}

fn methods(analysis: &Analysis) -> Section {
    let mut out = section("s-methods", "Methods");
    out.prose.push(Prose::Paragraph(
        "Every figure is computed once, in one analysis; the tables, the plots and the data files of this report are views of it.".into(),
    ));
    let rows: Vec<(&str, &str)> = used(analysis);
    out.blocks.push(Block::Table(Table {
        id: "t-methods".to_owned(),
        caption: "Statistical methods.".to_owned(),
        columns: vec![column("Quantity", Kind::Words), column("Method", Kind::Words)],
        rows: rows
            .into_iter()
            .map(|(what, how)| row(vec![Cell::text(what), Cell::text(how)]))
            .collect(),
        notes: vec![
            "No test beyond those printed or listed in the data files was made.".to_owned(),
        ],
        width: Width::Full,
    }));
    out
}

/// The methods of the figures that this report holds.
fn used(analysis: &Analysis) -> Vec<(&'static str, &'static str)> {
    let s = &analysis.statistics;
    let rules = || s.label_quality.iter().flat_map(|f| &f.rules);
    let figures = || {
        rules().flat_map(|r| {
            [&r.ppv, &r.npv, &r.sensitivity, &r.specificity, &r.prevalence, &r.accuracy]
        })
    };
    let kind = |kind| figures().any(|figure| figure.kind == kind);
    let all = [
        (
            kind(IntervalKind::Final),
            "Proportion",
            "Ratio estimator over patients; Wilson score interval on n divided by the design effect, which is never taken below 1. Wilson 1927; Rao & Scott 1992",
        ),
        (
            kind(IntervalKind::Running),
            "Unfinished deck",
            "Robbins’ beta-binomial confidence sequence with a uniform prior, over each patient’s first study. Robbins 1970; Howard et al. 2021",
        ),
        (
            kind(IntervalKind::Weighted),
            "Weighted figures",
            "Horvitz–Thompson totals by stratum and label, sizes counted in the frame, design variance with finite-population correction, intervals on the logit; Clopper–Pearson limits plugged in where there is no variation. Within a value of an attribute: the same over its studies. Cochran 1977",
        ),
        (
            s.rules.rows.iter().any(|r| r.p.is_some()),
            "Two rules, same studies",
            "Exact McNemar test; Newcombe’s paired score interval; Holm’s correction over the comparisons. Newcombe 1998; Fagerland et al. 2013",
        ),
        (
            s.strata.rows.iter().any(|r| r.fisher_p.is_some()),
            "Two strata",
            "Fisher’s exact test; Newcombe’s interval for independent shares; Benjamini–Hochberg over all pairs tested; empirical-Bayes shrinkage of log odds ratios",
        ),
        (
            rules().any(|r| r.published.iter().any(|p| p.interval.is_some())),
            "Published value",
            "Difference of independent shares, Newcombe’s interval where the published counts are known",
        ),
        (
            !s.agreement.is_empty() || !s.against_label.is_empty(),
            "Two raters",
            "Cohen’s κ with the Fleiss–Cohen–Everitt standard error; Gwet’s AC1; specific agreement",
        ),
        (
            s.panel.iter().any(|panel| 2 < panel.readers),
            "Whole panel",
            "Fleiss’ κ, AC1, AC2 and Brennan–Prediger with Gwet’s standard error; Conger’s κ and Krippendorff’s α with a bootstrap over patients. Gwet 2014",
        ),
        (
            s.consensus.iter().any(|c| c.latent.is_some()),
            "Latent classes",
            "EM algorithm from the votes, no prior. Dawid & Skene 1979",
        ),
        (
            s.scores.models.iter().any(|m| m.auroc.is_some()),
            "Scores",
            "Area under the curve with DeLong’s variance by mid-ranks; exact McNemar test for operating points; bootstrap over patients for differences of κ. DeLong et al. 1988; Sun & Xu 2014",
        ),
        (
            !s.repeatability.is_empty(),
            "Repeats",
            "Cohen’s κ of first and second reading; exact McNemar test of direction",
        ),
        (
            !s.drift.is_empty(),
            "Drift",
            "Cochran–Armitage trend over five blocks of reading order and over hours; slope of a logistic regression, Wald test",
        ),
    ];
    all.into_iter().filter(|(used, ..)| *used).map(|(_, what, how)| (what, how)).collect()
}

fn provenance(analysis: &Analysis) -> Section {
    let mut out = section("s-provenance", "Provenance");
    out.prose.push(Prose::Paragraph(
        "The same project, options and program version give this file again, byte for byte. A chain head shows later change only to whoever kept the head: deposit it.".into(),
    ));
    let p = &analysis.provenance;
    if let Some(what) = &p.damage {
        out.prose.push(Prose::Paragraph(
            format!("The project that this report is made from is damaged, and its chain heads do not verify: {what}. No figure here can be vouched for until `overread verify` finds the project sound.").into(),
        ));
    }
    let mut rows: Vec<_> = p
        .files
        .iter()
        .map(|f| {
            (
                format!("Label file {}", f.name),
                format!("{} bytes", numbers::count(f.bytes)),
                f.sha256.clone(),
            )
        })
        .collect();
    let mut tables: Vec<(&str, &str)> = Vec::new();
    for source in analysis.design.readers.iter().filter_map(|reader| reader.elsewhere.as_ref()) {
        if !tables.contains(&(&source.file, &source.sha256)) {
            tables.push((&source.file, &source.sha256));
        }
    }
    rows.extend(tables.into_iter().map(|(file, sha256)| {
        (format!("Reads table {file}"), "reads made elsewhere".to_owned(), sha256.to_owned())
    }));
    let summary = &analysis.dataset.summary;
    rows.push((
        "Label files together".to_owned(),
        format!("{} studies", numbers::count(summary.studies)),
        summary.sha256.clone(),
    ));
    rows.push((
        "Study keys".to_owned(),
        "the collection’s identity".to_owned(),
        summary.identity.clone(),
    ));
    rows.push((
        "Protocol".to_owned(),
        format!("{} version {}", analysis.design.protocol, analysis.design.version),
        analysis.design.hash.clone(),
    ));
    for head in &analysis.heads {
        rows.push((
            format!("Event chain {}", head.chain),
            format!("head at event {}", numbers::count(head.events)),
            head.head.clone(),
        ));
    }
    rows.push(("Analysis".to_owned(), analysis.schema.to_owned(), analysis.id()));
    out.blocks.push(Block::Table(Table {
        id: "t-provenance".to_owned(),
        caption: "Inputs and their hashes.".to_owned(),
        columns: vec![
            column("Input", Kind::Words),
            column("What", Kind::Words),
            column("SHA-256", Kind::Mono),
        ],
        rows: rows
            .into_iter()
            .map(|(a, b, c)| row(vec![Cell::text(a), Cell::text(b), Cell::text(c)]))
            .collect(),
        notes: vec![format!(
            "Program: {}. Seed {}. Options: level {}, first settled answer, least support {} studies.",
            if p.program.is_empty() { numbers::NONE } else { &p.program },
            analysis.design.sampling.seed.as_deref().unwrap_or(numbers::NONE),
            analysis.options.level,
            analysis.options.minimum_support
        )],
        width: Width::Full,
    }));
    out
}

fn limits(analysis: &Analysis) -> Section {
    let mut out = section("s-limits", "Limits");
    let mut items = Vec::new();
    if analysis.provenance.damage.is_some() {
        items.push("The project’s file is damaged: its chain heads do not verify (Provenance). Every figure rests on what the file says now.".to_owned());
    }
    match analysis.design.readers.len() {
        0 => items.push("No reader has read yet.".to_owned()),
        1 => items.push(format!("One reader’s answers are the reference: a wrong answer counts as a wrong label. How far {} agrees with a second reading, or with other readers, is not known.", analysis.design.readers.first().map_or("the reader", |reader| reader.name.as_str()))),
        _ if analysis.design.latent_reference => items.push("The reference is estimated from the readers’ answers, on the assumption that they err independently given the truth. Intervals take it as known and are too narrow by what is uncertain of it; no reader is independent of it.".to_owned()),
        _ if !analysis.design.gold.is_empty() => items.push(format!("The majority of the gold panel, {}, is the reference; its members are not independent of it and stand against the majority of all other readers.", list(&analysis.design.gold))),
        _ => items.push("The majority of the readers is the reference; no reader is independent of a majority that holds the reader’s own vote.".to_owned()),
    }
    items.extend(agreed_studies(analysis));
    if analysis.release.label_known_decks > 0 {
        items.push("Where a deck holds label-positive studies only and names its finding, the reader expected the finding. This favours the label.".to_owned());
    }
    if analysis.statistics.label_quality.iter().any(|f| !f.complete) {
        items.push("Decks are unfinished: their figures will change.".to_owned());
    }
    match analysis.exclusions.total.conflicts {
        0 => {}
        n => items.push(format!(
            "{} {} answered on two devices or more; the first settled answer in the order of the chains counts. `info` lists them.",
            numbers::count(n),
            if n == 1 { "item was" } else { "items were" }
        )),
    }
    if analysis.exclusions.without_images > 0 {
        items.push(format!(
            "{}/{} studies had no image here and could not be drawn.",
            numbers::count(analysis.exclusions.without_images),
            numbers::count(analysis.exclusions.dataset_studies)
        ));
    }
    if analysis.design.sampling.elsewhere {
        items.push("How the studies were chosen for reading is not recorded: figures describe the studies read.".to_owned());
    }
    items.push(if all_elsewhere(analysis) {
        "What readers knew of a study beside its images is not recorded; some labels rest on information that is not in the image.".to_owned()
    } else {
        "Images were read without clinical information; some labels rest on information that is not in the image.".to_owned()
    });
    items.push(format!(
        "Figures speak for {} under these rules as worded, not for other datasets or rules.",
        match super::frame(analysis).as_str() {
            _ if analysis.design.sampling.elsewhere => "the studies read",
            "the dataset" => "this dataset",
            limited => limited,
        }
    ));
    out.prose.push(Prose::List(items));
    out
}

/// Findings whose bounds are said in words; the table has all.
const MOST_BOUNDS: usize = 6;

/// On which studies figures rest where several read, and what the others could change.
fn agreed_studies(analysis: &Analysis) -> Option<String> {
    if analysis.design.readers.len() < 2 {
        return None;
    }
    let all = analysis.statistics.label_quality.iter();
    let left: Vec<String> = all
        .flat_map(|f| f.rules.iter().map(move |r| (f, r)))
        .filter(|(_, r)| 0 < r.without_reference.label_positive())
        .map(|(f, r)| {
            let left = &r.without_reference;
            let percent = |share: Option<f64>| {
                share.map_or(numbers::NOT_ESTIMABLE.to_owned(), |s| numbers::share_parts(s, None, 0).0)
            };
            format!(
                "{}, {} rule: {} left out, PPV {}% of the rest, {}% if none and {}% if all of them were truly positive",
                f.name,
                r.rule,
                numbers::count(left.label_positive()),
                percent(r.ppv.value),
                percent(left.ppv_if_none),
                percent(left.ppv_if_all)
            )
        })
        .collect();
    let agree = if analysis.design.readers.len() == 2 && analysis.design.gold.is_empty() {
        "on which the two readers agree, which one alone answered, or which were adjudicated"
    } else {
        "on which there is a reference"
    };
    let more = match left.len() {
        0 => return None,
        n if n <= MOST_BOUNDS => String::new(),
        n => format!("; {} more in the table of bounds", n - MOST_BOUNDS),
    };
    let shown: Vec<String> = left.into_iter().take(MOST_BOUNDS).collect();
    Some(format!(
        "Figures rest on the studies {agree}; these tend to be the clear ones. Worst cases of the PPV: {}{more}.",
        shown.join("; ")
    ))
}

pub(super) fn references(analysis: &Analysis) -> Vec<String> {
    let mut out: Vec<String> = analysis.sources.iter().map(|s| s.citation.clone()).collect();
    out.extend([
        "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209–12.".to_owned(),
        "Newcombe RG. Interval estimation for the difference between independent proportions; improved confidence intervals for the difference between binomial proportions based on paired data. Stat Med 1998;17:873–90 and 2635–50.".to_owned(),
        "Rao JNK, Scott AJ. A simple method for the analysis of clustered binary data. Biometrics 1992;48:577–85.".to_owned(),
        "Robbins H. Statistical methods related to the law of the iterated logarithm. Ann Math Stat 1970;41:1397–409.".to_owned(),
    ]);
    out
}
