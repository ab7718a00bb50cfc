use super::*;

fn built_in(name: &str) -> Audit {
    builtin(name).unwrap()
}

fn find<'a>(audit: &'a Audit, kind: &str, row: &str, metric: &str) -> &'a Finding {
    audit
        .findings
        .iter()
        .find(|f| f.kind == kind && f.row == row && f.metric.starts_with(metric))
        .unwrap_or_else(|| panic!("{kind} of {row} {metric} in {:#?}", audit.findings))
}

#[test]
fn every_built_in_table_reads_and_has_findings() {
    for name in BUILTIN {
        let audit = built_in(name);
        assert!(!audit.findings.is_empty() && audit.citation.is_some(), "{name}");
    }
    assert!(builtin("none-such").is_none());
}

#[test]
fn all_kappa_intervals_of_mura_are_variances_at_sizes_that_add_up() {
    let audit = built_in("mura-table2");
    let intervals: Vec<&Finding> =
        audit.findings.iter().filter(|f| f.kind == "impossible_interval").collect();
    assert_eq!(intervals.len(), 32);
    for finding in &intervals {
        assert_eq!(finding.verdict, Verdict::CannotBe);
        let cause = finding.looks_like.as_deref().unwrap();
        assert!(cause.contains("the square root is missing"), "{cause}");
    }
    let sizes: Vec<(&str, Option<u64>)> =
        audit.inferred.iter().map(|i| (i.row.as_str(), i.fitting)).collect();
    let expected = [
        ("Elbow", 28),
        ("Finger", 30),
        ("Forearm", 30),
        ("Hand", 30),
        ("Humerus", 30),
        ("Shoulder", 30),
        ("Wrist", 29),
    ];
    assert_eq!(sizes, expected.map(|(row, n)| (row, Some(n))));
    for (metric, low, high) in [
        ("kappa Radiologist 1", "0.638", "0.824"),
        ("kappa Radiologist 2", "0.673", "0.852"),
        ("kappa Radiologist 3", "0.693", "0.864"),
        ("kappa Model", "0.608", "0.803"),
    ] {
        let finding = find(&audit, "impossible_interval", "Overall", metric);
        assert_eq!(finding.possible_text.as_deref(), Some(format!("{low}–{high}").as_str()));
    }
    let sums = audit.holds.iter().filter(|f| f.kind == "recombination" && f.row == "Overall");
    assert_eq!(sums.count(), 4, "each overall table is a sum of regional tables");
    let text = find(&audit, "differs_from_text", "Overall", "kappa Model");
    assert_eq!(text.printed, "0.710 and 0.709");
}

#[test]
fn the_regions_of_table_3_cannot_give_its_total() {
    let audit = built_in("mura-audit-table3");
    let total = find(&audit, "recombination", "All images", "share_positive subset");
    assert_eq!(total.verdict, Verdict::CannotBe);
    let possible = total.possible.unwrap();
    assert!((possible.low - 0.409).abs() < 5e-4 && (possible.high - 0.419).abs() < 5e-4);
    let forearm = find(&audit, "impossible_at_n", "Forearm", "share_positive subset");
    assert_eq!(forearm.verdict, Verdict::CannotBe);
    for (row, x) in [("Humerus", "338/727"), ("Shoulder", "1,552/3,015")] {
        let finding = find(&audit, "differs_from_count", row, "share_positive dataset");
        assert!(finding.explanation.contains(x));
        assert!(finding.looks_like.as_deref().unwrap().starts_with("rounding twice"));
    }
    let regions = find(&audit, "similarity", "All images", "studies by row");
    assert!(regions.explanation.contains("χ² = 24.9 on 6 df"), "{}", regions.explanation);
    assert!(regions.explanation.contains("3.6e-4"), "{}", regions.explanation);
    assert_eq!(find(&audit, "similarity", "Hand", "share_positive").printed, "44% against 27%");
    let ratio = find(&audit, "differs_from_file", "All images", "abnormal : normal");
    assert_eq!(ratio.verdict, Verdict::CannotBe);
}

#[test]
fn the_regions_of_table_4_cannot_give_its_total() {
    let audit = built_in("mura-audit-table4");
    for (metric, printed) in [("sensitivity", 0.80), ("specificity", 0.75)] {
        let total = find(&audit, "recombination", "All images", metric);
        assert_eq!(total.verdict, Verdict::CannotBe);
        let possible = total.possible.unwrap();
        assert!(printed + 0.005 < possible.low || possible.high < printed - 0.005);
    }
    assert_eq!(find(&audit, "two_by_two", "Elbow", "sensitivity").verdict, Verdict::CannotBe);
}

#[test]
fn three_specificities_of_table_5_cannot_be_and_all_fit_a_predictive_value() {
    let audit = built_in("mura-audit-table5");
    for row in ["Hardware", "Degenerative disease", "Other"] {
        let finding = find(&audit, "not_a_specificity", row, "specificity");
        assert_eq!(finding.verdict, Verdict::CannotBe, "{row}");
        assert!(finding.looks_like.as_deref().unwrap().contains("negative predictive value"));
    }
    let fracture = find(&audit, "not_a_specificity", "Fracture", "specificity");
    assert_eq!(fracture.verdict, Verdict::LooksLike);
}

#[test]
fn what_the_audit_says_of_the_chest_labels_is_held_against_the_files() {
    let audit = built_in("cxr14-table1");
    let patients = find(&audit, "differs_from_count", "> 100", "share of patients");
    assert!(patients.explanation.contains("0.058%"), "{}", patients.explanation);
    assert!(patients.looks_like.is_some());
    for (row, metric) in [
        ("Normal", "share of studies"),
        ("Normal", "studies"),
        ("Infiltration", "share of studies"),
    ] {
        assert_eq!(find(&audit, "differs_from_file", row, metric).verdict, Verdict::CannotBe);
    }
    let known: Vec<&str> = audit
        .findings
        .iter()
        .filter(|f| f.kind == "differs_from_count")
        .map(|f| f.row.as_str())
        .collect();
    assert_eq!(known, ["> 100"], "the other nine shares are right");
}

#[test]
fn the_thirty_predictive_values_are_exact_and_the_claims_beside_them_are_weighed() {
    let audit = built_in("cxr14-table2");
    let exact = audit.holds.iter().find(|f| f.kind == "exact_counts").unwrap();
    assert_eq!(exact.printed, "30 values");
    let below = find(&audit, "not_shown", "Pneumothorax", "ppv permissive");
    assert_eq!(below.verdict, Verdict::LooksLike);
    let cases = find(&audit, "product", "All classes", "studies");
    assert_eq!(cases.possible_text.as_deref(), Some("750"));
    assert_eq!(audit.findings.len(), 2, "{:#?}", audit.findings);
    let splits: Vec<&str> =
        audit.holds.iter().filter(|f| f.kind == "split").map(|f| f.explanation.as_str()).collect();
    assert!(splits[0].contains("39/40 with and 6/10 without"), "{splits:?}");
    assert!(splits[1].contains("0/43 with and 7/7 without"), "{splits:?}");
}

const HEADER: &str = "row,n,metric,estimate,low,high,decimals,total\n";

fn kinds(rows: &str) -> Vec<(&'static str, Verdict)> {
    let audit = audit_table("own", &format!("{HEADER}{rows}")).unwrap();
    audit.findings.iter().map(|f| (f.kind, f.verdict)).collect()
}

#[test]
fn a_table_without_faults_has_no_findings() {
    let rows = "\
North,40,ppv,0.90,0.77,0.96,2,\nSouth,60,ppv,0.75,0.63,0.84,2,\nAll,100,ppv,0.81,0.72,0.87,2,1\n\
R1 R2,100,kappa,0.80,0.68,0.92,2,\n";
    let audit = audit_table("own", &format!("{HEADER}{rows}")).unwrap();
    assert_eq!(audit.findings, Vec::new());
    assert_eq!(audit.holds.iter().filter(|f| f.kind == "interval").count(), 4);
}

#[test]
fn each_kind_of_fault_is_found_in_a_table_of_ones_own() {
    assert_eq!(kinds("A,45,ppv,28,,,0,\n"), [("impossible_at_n", Verdict::CannotBe)]);
    // Wald with p(1-p)/n in place of its root: 0.9 ± 1.96·0.0018.
    assert_eq!(
        kinds("A,50,ppv,0.900,0.896,0.904,3,\n"),
        [("impossible_interval", Verdict::CannotBe)]
    );
    assert_eq!(
        kinds("A,40,ppv,0.90,,,2,\nB,60,ppv,0.75,,,2,\nAll,100,ppv,0.85,,,2,1\n"),
        [("recombination", Verdict::CannotBe)]
    );
    assert_eq!(
        kinds("A,,count,40,,,0,\nB,,count,61,,,0,\nAll,,count,100,,,0,1\n"),
        [("sum", Verdict::CannotBe)]
    );
    assert_eq!(kinds("A,3,kappa,0.95,,,2,\n"), [("impossible_at_n", Verdict::CannotBe)]);
    assert_eq!(
        kinds("A,,auc,0.90,0.96,0.99,2,\n"),
        [("estimate_outside_interval", Verdict::LooksLike)]
    );
}

#[test]
fn a_total_kappa_that_no_sum_of_its_strata_has_is_found() {
    let rows = "A,20,kappa,0.80,0.54,1.06,2,\nB,20,kappa,0.80,0.54,1.06,2,\n\
                All,40,kappa,0.20,-0.10,0.50,2,1\n";
    let found = kinds(rows);
    assert!(found.contains(&("recombination", Verdict::CannotBe)), "{found:?}");
}

#[test]
fn without_any_bound_on_n_nothing_is_called_proved() {
    assert_eq!(
        kinds("A,,kappa,0.850,0.830,0.871,3,\n"),
        [("impossible_interval", Verdict::LooksLike)]
    );
}

#[test]
fn tables_of_very_many_studies_are_answered_or_said_not_to_be_checked() {
    let head = "row,n,metric,estimate,low,high\n";
    for (rows, checked) in [
        ("a,112120,sensitivity,70%,,\na,112120,specificity,70%,,\n", true),
        ("a,1000000000000,ppv,71%,,\n", true),
        ("a,1000000000000,ppv,71%,70%,72%\n", false),
        ("a,100000,kappa,0.71,0.70,0.72\n", false),
        ("a,18446744073709551615,kappa,0.71,0.70,0.72\n", false),
    ] {
        let audit = audit_table("large", &format!("{head}{rows}")).unwrap();
        assert!(audit.findings.is_empty(), "{rows} {:?}", audit.findings);
        assert_eq!(audit.not_checked.is_empty(), checked, "{rows} {:?}", audit.not_checked);
    }
}
