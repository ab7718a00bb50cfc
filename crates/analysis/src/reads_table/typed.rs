//! The reads and scores of a project, which never were text.

use overread_core::DatasetLabel;

use super::parse::{Names, Read, number};
use super::{OptionsError, ReadsOptions, ReadsTable};
use crate::long::ReadRow;

/// One score of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRow<'a> {
    /// The study's opaque number.
    pub study: u32,
    /// Name of the model.
    pub model: &'a str,
    /// Id of the finding; empty where the model has one score for all.
    pub finding: &'a str,
    /// The score; `None` for a view without one.
    pub score: Option<f64>,
}

/// The columns that a project's reads fill.
const COLUMNS: [&str; 10] = [
    "study_id",
    "reader_id",
    "finding",
    "rule",
    "value",
    "patient_id",
    "dataset_label",
    "tag",
    "seq",
    "no_answer",
];

impl ReadsTable {
    /// The reads of a project in the order given; [`ReadRow::value`] is category 0 or 1.
    pub(super) fn of_rows(rows: &[ReadRow], options: &ReadsOptions) -> Result<Self, OptionsError> {
        let [no, yes] = [0.0, 1.0].map(|value| {
            options.category(value).and_then(|at| u16::try_from(at).ok()).ok_or_else(|| {
                OptionsError::Value {
                    name: "categories".to_owned(),
                    reason: format!("the reads of a project need the category {value}"),
                }
            })
        });
        let (no, yes) = (no?, yes?);
        let mut table = Self { columns: COLUMNS.to_vec(), ..Self::default() };
        let mut names: [Names; 4] = Default::default();
        let mut texts = Names::default();
        for row in rows {
            let [studies, readers, rules, findings] = &mut names;
            let tags = row.tags.join(";");
            table.reads.push(Read {
                study: studies.place(&row.study.to_string()),
                reader: readers.place(&row.reader),
                rule: rules.place(&row.rule),
                finding: findings.place(&row.finding),
                value: row.value.map(|value| if value { yes } else { no }),
                label: match row.dataset_label {
                    DatasetLabel::Positive => Some(yes),
                    DatasetLabel::Negative => Some(no),
                    DatasetLabel::Uncertain | DatasetLabel::Blank => None,
                },
                patient: Some(texts.place(&row.patient.to_string())),
                stratum: None,
                tags: (!tags.is_empty()).then(|| texts.place(&tags)),
                number: 0,
                seq: Some(row.seq as f64),
                score: None,
            });
            table.rows += 1;
            table.blank_values += u64::from(row.value.is_none());
            table.unsure += u64::from(row.no_answer == Some("unsure"));
            table.inadequate += u64::from(row.no_answer == Some("inadequate"));
        }
        table.settle(names, texts);
        number(&mut table.reads, false);
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::{analyse_reads, analyse_rows};
    use super::*;

    /// Two readers, one with a name that no cell of a table may hold; several studies of a patient, tags, gaps.
    fn rows(names: [&str; 2]) -> Vec<ReadRow> {
        let mut rows = Vec::new();
        for study in 1..=24_u32 {
            for (at, reader) in (0_u32..).zip(names) {
                for (strict, rule) in (0_u32..).zip(["permissive", "clinical"]) {
                    let level = (study * 7 + at * (study % 3)) % 5;
                    let missing = (study + at) % 11 == 0;
                    rows.push(ReadRow {
                        study,
                        study_key: None,
                        standing: "used",
                        patient: study / 2 + 1,
                        reader: reader.to_owned(),
                        finding: "hernia".to_owned(),
                        rule: rule.to_owned(),
                        value: (!missing).then_some(level > 1 + strict),
                        level: None,
                        level_name: None,
                        no_answer: missing.then_some(if at == 0 { "unsure" } else { "inadequate" }),
                        grey_levels: None,
                        dataset_label: match study % 5 {
                            0 => DatasetLabel::Uncertain,
                            1 | 2 => DatasetLabel::Negative,
                            _ => DatasetLabel::Positive,
                        },
                        tags: if study % 4 == 0 {
                            vec!["drain".to_owned(), "rotated".to_owned()]
                        } else {
                            Vec::new()
                        },
                        seq: (study * 5 % 24) as usize + 1,
                        active_ms: 0,
                        protocol_version: 1,
                        after_release: false,
                    });
                }
            }
        }
        rows
    }

    fn as_table(rows: &[ReadRow]) -> String {
        let mut csv = String::from(
            "study_id,reader_id,finding,rule,value,patient_id,dataset_label,tag,seq,no_answer\n",
        );
        for row in rows {
            let value = row.value.map_or("", |v| if v { "1" } else { "0" });
            let label = match row.dataset_label {
                DatasetLabel::Positive => "positive",
                DatasetLabel::Negative => "negative",
                DatasetLabel::Uncertain | DatasetLabel::Blank => "",
            };
            let (tags, why) = (row.tags.join(";"), row.no_answer.unwrap_or(""));
            let (study, reader, patient, seq) = (row.study, &row.reader, row.patient, row.seq);
            let (finding, rule) = (&row.finding, &row.rule);
            writeln!(
                csv,
                "{study},{reader},{finding},{rule},{value},{patient},{label},{tags},{seq},{why}"
            )
            .unwrap();
        }
        csv
    }

    fn score_rows() -> Vec<ScoreRow<'static>> {
        (1..=24)
            .map(|study| ScoreRow {
                study,
                model: "net",
                finding: "",
                score: (study % 7 != 0).then(|| f64::from(study * 13 % 24) / 24.0),
            })
            .collect()
    }

    #[test]
    fn a_project_and_the_table_of_its_reads_have_the_same_statistics() {
        let rows = rows(["R1", "R2"]);
        let mut scores = String::from("study_id,model,score\n");
        for row in score_rows() {
            let score = row.score.map_or_else(String::new, |score| score.to_string());
            writeln!(scores, "{},net,{score}", row.study).unwrap();
        }
        let config = r#"{"bootstrap_reps": 50}"#;
        let table = analyse_reads(&as_table(&rows), Some(config), Some(&scores)).unwrap();
        let typed = analyse_rows(&rows, Some(config), &score_rows()).unwrap();
        assert!(typed["statistics"]["by_rule_finding"]["clinical|hernia"]["roc"].is_object());
        assert_eq!(typed, table);
    }

    #[test]
    fn a_name_that_no_table_may_hold_changes_no_figure() {
        let odd = analyse_rows(&rows(["=A1", "=B\"1,\n"]), None, &[]).unwrap();
        let plain = analyse_rows(&rows(["R1", "R2"]), None, &[]).unwrap();
        let agreement = |json: &serde_json::Value| {
            json["statistics"]["by_rule_finding"]["clinical|hernia"]["agreement"]["fleiss"].clone()
        };
        assert!(agreement(&plain).is_object());
        assert_eq!(agreement(&odd), agreement(&plain));
    }

    #[test]
    fn categories_without_0_and_1_are_refused_by_name() {
        let error = analyse_rows(&rows(["R1", "R2"]), Some(r#"{"categories": [1, 2]}"#), &[]);
        assert!(error.unwrap_err().to_string().contains("categories"));
    }
}
