//! Grey-level adequacy, kept with the images it was measured on.

use std::collections::{BTreeSet, HashMap};

use overread_core::{AdequacyClass, ImageId};
use rusqlite::{Connection, params};

use super::Project;
use super::load::sample_of;
use crate::error::StoreError;

/// What was measured on one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageAdequacy {
    /// The image.
    pub image: ImageId,
    /// The judgement.
    pub class: AdequacyClass,
    /// Every measure, as a JSON object.
    pub measures: String,
}

impl Project {
    /// Images whose file was found and whose grey levels were not measured yet, by id: those of the studies in
    /// decks, or of the whole dataset.
    pub fn unmeasured_images(&self, whole_dataset: bool) -> Result<Vec<ImageId>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ImageId>> {
            let drawn: Option<BTreeSet<_>> = (!whole_dataset)
                .then(|| -> rusqlite::Result<BTreeSet<_>> {
                    let sample = sample_of(&self.conn)?.unwrap_or_default();
                    Ok(sample.studies().into_iter().map(|id| id.0).collect())
                })
                .transpose()?;
            let mut statement = self.conn.prepare(
                "SELECT i.id, s.id FROM image AS i JOIN study AS s ON s.no = i.study
                 LEFT JOIN image_adequacy AS a ON a.image = i.id
                 WHERE i.path IS NOT NULL AND a.image IS NULL ORDER BY i.id",
            )?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
            })?;
            rows.filter(|row| match (row, &drawn) {
                (Ok((_, study)), Some(drawn)) => drawn.contains(study),
                _ => true,
            })
            .map(|row| row.map(|(image, _)| ImageId(image)))
            .collect()
        };
        read().map_err(self.sql("look for images to measure"))
    }

    /// Keeps what was measured. An image that has a measure keeps it.
    pub fn keep_adequacy(&mut self, measured: &[ImageAdequacy]) -> Result<(), StoreError> {
        self.writable()?;
        let sql = |error| StoreError::sqlite(&self.path, "keep the grey-level measures", error);
        let tx = self.conn.transaction().map_err(sql)?;
        let mut insert = tx
            .prepare(
                "INSERT INTO image_adequacy (image, class, measures) VALUES (?1, ?2, ?3)
                 ON CONFLICT (image) DO NOTHING",
            )
            .map_err(sql)?;
        for one in measured {
            let image = one.image.0.cast_signed();
            insert.execute(params![image, one.class.word(), one.measures]).map_err(sql)?;
        }
        drop(insert);
        tx.commit().map_err(sql)
    }

    /// Every measure there is, by image id.
    pub fn adequacies(&self) -> Result<Vec<ImageAdequacy>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ImageAdequacy>> {
            self.conn
                .prepare("SELECT image, class, measures FROM image_adequacy ORDER BY image")?
                .query_map([], |row| {
                    Ok(ImageAdequacy {
                        image: ImageId(row.get::<_, i64>(0)?.cast_unsigned()),
                        class: class_of(row)?,
                        measures: row.get(2)?,
                    })
                })?
                .collect()
        };
        read().map_err(self.sql("read the grey-level measures"))
    }
}

fn class_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<AdequacyClass> {
    let word: String = row.get(1)?;
    AdequacyClass::from_word(&word).ok_or_else(|| {
        let what = format!("`{word}` is no judgement on grey levels");
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, what.into())
    })
}

/// The judgements by image; few beside the images of a dataset, since only those that are drawn are measured.
pub(super) fn classes(conn: &Connection) -> rusqlite::Result<HashMap<i64, AdequacyClass>> {
    conn.prepare("SELECT image, class FROM image_adequacy")?
        .query_map([], |row| Ok((row.get(0)?, class_of(row)?)))?
        .collect()
}
