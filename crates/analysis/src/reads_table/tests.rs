use std::fmt::Write as _;

use super::*;

fn place(result: Result<Value, ReadsTableError>) -> (u64, String) {
    match result {
        Err(ReadsTableError::Table { line, column, .. }) => (line, column),
        other => panic!("{other:?}"),
    }
}

fn refused(reads: &str) -> (u64, String) {
    place(analyse_reads(reads, None, None))
}

const HEADER: &str = "study_id,reader_id,rule,finding,value\n";

#[test]
fn a_malformed_table_names_line_and_column() {
    assert_eq!(refused("study_id,reader_id,rule,value\n"), (1, "finding".to_owned()));
    let bad_value = format!("{HEADER}s1,A,clinical,opacity,1\ns2,A,clinical,opacity,maybe\n");
    assert_eq!(refused(&bad_value), (3, "value".to_owned()));
    assert_eq!(refused(&format!("{HEADER},A,clinical,opacity,1\n")), (2, "study_id".to_owned()));
    assert_eq!(refused(&format!("{HEADER}s1,A,clinical\n")), (2, "finding".to_owned()));
    let crlf = "study_id,reader_id,rule,finding,value\r\ns,A,c,f,1\r\n\r\nt,A,c,f,2\r\n";
    assert_eq!(refused(crlf), (4, "value".to_owned()), "the line that an editor shows");
    let latin = b"study_id,reader_id,rule,finding,value\r\ns,A,c,f,1\r\n\xFF,A,c,f,1\r\n";
    let broken = ReadsTable::parse(latin, &ReadsOptions::default()).unwrap_err().to_string();
    assert!(broken.contains("line 3, column study_id: is not UTF-8"), "{broken}");
    let twice = "study_id,reader_id,rule,finding,value,read_no\ns,A,c,f,1,1\ns,A,c,f,1,1\n";
    assert_eq!(refused(twice), (3, "read_no".to_owned()));
    assert_eq!(refused("study_id,study_id,reader_id,rule,finding,value\n").0, 1);
    let both = "study_id,reader_id,rule,finding,value,no_answer\ns,A,c,f,1,unsure\n";
    assert_eq!(refused(both), (2, "no_answer".to_owned()));
    let score = "study_id,reader_id,rule,finding,value,score\ns,A,c,f,1,NaN\n";
    assert_eq!(refused(score), (2, "score".to_owned()));
}

fn refusal(reads: &[u8]) -> String {
    analyse_tables(reads, None, None).unwrap_err().to_string()
}

#[test]
fn a_file_that_is_no_table_of_commas_says_what_it_is() {
    let table = |delimiter: &str| HEADER.replace(',', delimiter) + "s1,A,c,f,1\n";
    assert!(refusal(table(";").as_bytes()).contains("semicolons"));
    assert!(refusal(table("\t").as_bytes()).contains("tabs"));
    assert!(refusal(b"").contains("line 1, column 1: the table is empty"));
    assert!(refusal(b"\xFF\xFEs\0t\0").contains("UTF-16"));
    let latin = [HEADER.as_bytes(), b"s1,A,c,f,1\ns2,Zo\xEB,c,f,1\n"].concat();
    assert!(refusal(&latin).contains("line 3, column reader_id: is not UTF-8"));
    assert!(
        refusal(format!("{HEADER}s1,A,c,f,1\0\n").as_bytes())
            .contains("line 2, column value: holds a NUL")
    );
    let open = format!("{HEADER}s1,A,c,f,1\ns2,\"A,c,f,1\ns3,A,c,f,1\n");
    assert!(refusal(open.as_bytes()).contains("line 3"), "{}", refusal(open.as_bytes()));
    let open = format!("{HEADER}s1,A,c,f,\"1\n");
    assert!(refusal(open.as_bytes()).contains("quotation mark"));
}

#[test]
fn a_formula_is_refused_wherever_it_stands() {
    for row in ["=1+1,A,c,f,1", "s1,A,c,f,=1"] {
        assert!(refusal(format!("{HEADER}{row}\n").as_bytes()).contains("formula"), "{row}");
    }
}

#[test]
fn the_byte_order_mark_and_line_ends_of_other_systems_change_nothing() {
    let plain = format!("{HEADER}s1,A,c,f,1\ns2,A,c,f,0\n");
    let other = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    assert_eq!(analyse_reads(&plain, None, None), analyse_reads(&other, None, None));
}

#[test]
fn unusable_options_name_the_option() {
    let reads = format!("{HEADER}s1,A,c,f,1\n");
    for (config, part) in [
        ("{\"tei\": 1}", "tei"),
        ("{\"tie\": \"coin\"}", "coin"),
        ("{\"quorum\": -1}", "quorum"),
        ("{\"level\": 1.5}", "level"),
        ("{\"blocks\": 0}", "blocks"),
        ("{\"categories\": [1]}", "categories"),
        ("{\"population\": {\"f\": [{\"stratum\": \"a\", \"label\": 2, \"N\": 1}]}}", "label"),
        ("[1]", "config"),
        ("{", "config"),
    ] {
        let error = analyse_reads(&reads, Some(config), None).unwrap_err().to_string();
        assert!(error.contains(part) && error.starts_with("config"), "{config}: {error}");
    }
}

#[test]
fn a_malformed_scores_table_names_line_and_column() {
    let reads = format!("{HEADER}s1,A,clinical,opacity,1\n");
    let scores = "study_id,view_id,score\ns1,1,0.5\ns1,1,0.7\n";
    let result = analyse_reads(&reads, None, Some(scores));
    assert_eq!(place(result), (3, "view_id".to_owned()));
}

#[test]
fn unknown_columns_are_listed_and_unknown_options_refused() {
    let reads = "study_id,reader_id,rule,finding,value,mood\ns1,A,clinical,opacity,1,fine\n";
    let out = analyse_reads(reads, None, None).unwrap();
    assert_eq!(out["statistics"]["input"]["ignored_columns"][0], "mood");
    assert!(analyse_reads(reads, Some("{\"tei\": \"first\"}"), None).is_err());
    assert!(analyse_reads(reads, Some("{\"gold_readers\": [\"Z\"]}"), None).is_err());
}

#[test]
fn a_level_answers_every_rule_at_once() {
    let levels = "study_id,reader_id,finding,level,dataset_label\n\
        s1,A,opacity,0,1\ns2,A,opacity,1,1\ns3,A,opacity,reportable,1\ns4,A,opacity,,1\n";
    let values = "study_id,reader_id,rule,finding,value,dataset_label\n\
        s1,A,permissive,opacity,0,1\ns1,A,clinical,opacity,0,1\n\
        s2,A,permissive,opacity,1,1\ns2,A,clinical,opacity,0,1\n\
        s3,A,permissive,opacity,1,1\ns3,A,clinical,opacity,1,1\n\
        s4,A,permissive,opacity,,1\ns4,A,clinical,opacity,,1\n";
    let one = analyse_reads(levels, None, None).unwrap();
    let two = analyse_reads(values, None, None).unwrap();
    for section in ["by_rule_finding", "rule_comparison"] {
        assert_eq!(one["statistics"][section], two["statistics"][section]);
    }
    assert_eq!(one["statistics"]["input"]["blank_values"], 1);
}

#[test]
fn the_order_of_rows_changes_nothing_without_repeats() {
    let mut rows: Vec<String> = Vec::new();
    for i in 0..40 {
        for (r, reader) in ["A", "B", "C"].iter().enumerate() {
            let value = (i * 7 + r * i) % 3 % 2;
            rows.push(format!("s{i:02},{reader},clinical,opacity,{value},{},P{}", i % 2, i / 3));
        }
    }
    let header = "study_id,reader_id,rule,finding,value,dataset_label,patient_id\n";
    let forward = format!("{header}{}\n", rows.join("\n"));
    rows.reverse();
    let backward = format!("{header}{}\n", rows.join("\n"));
    let config = Some("{\"bootstrap_reps\": 50}");
    assert_eq!(analyse_reads(&forward, config, None), analyse_reads(&backward, config, None));
}

#[test]
fn two_models_are_compared_on_the_studies_both_scored() {
    let mut reads = HEADER.to_owned();
    let mut scores = "study_id,model,score\n".to_owned();
    for i in 0..20 {
        writeln!(reads, "s{i:02},A,clinical,opacity,{}", i % 2).unwrap();
        writeln!(scores, "s{i:02},m1,{}\ns{i:02},m2,{i}", i % 2).unwrap();
    }
    let out = analyse_reads(&reads, None, Some(&scores)).unwrap();
    let cell = &out["statistics"]["by_rule_finding"]["clinical|opacity"];
    assert_eq!(cell["roc_by_model"]["m1"]["delong"]["auc"], 1.0);
    assert!(cell["roc_paired"]["m1|m2"]["diff"].as_f64().unwrap() > 0.0);
}
