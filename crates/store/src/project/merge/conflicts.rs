//! Items that one reader answered on more than one device.

use std::collections::BTreeMap;

use overread_core::event::{EventBody, FindingAnswer};
use overread_core::{Answer, ItemId};
use rusqlite::Connection;

use crate::project::events::events_of;
use crate::project::projection::{FoldError, fold_reader};

/// One answer to an item that two devices answered.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ConflictAnswer {
    /// Actor and device.
    pub chain: String,
    /// When it was locked, by that device's clock.
    pub at: String,
    /// What was answered there last.
    pub answers: Vec<FindingAnswer>,
    /// Whether it is the settled answer, which analysis uses.
    pub used: bool,
}

/// An item that one reader answered on more than one device. Every answer is kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Conflict {
    /// Pseudonym.
    pub reader: String,
    /// The item.
    pub item: ItemId,
    /// Whether all devices say the same.
    pub same: bool,
    /// What each device says, in the order in which the chains count.
    pub answers: Vec<ConflictAnswer>,
}

type Locks = BTreeMap<ItemId, Vec<(String, String, Vec<FindingAnswer>)>>;

pub(super) fn conflicts_of(conn: &Connection) -> Result<Vec<Conflict>, FoldError> {
    let readers: Vec<String> = conn
        .prepare(
            // Not by the view: a file of an older schema that is only looked at has none.
            "SELECT actor FROM (
                 SELECT actor, chain FROM event WHERE kind = 'read.locked' GROUP BY actor, chain
             ) GROUP BY actor HAVING count(*) > 1 ORDER BY actor",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut conflicts = Vec::new();
    for reader in readers {
        let mut locks: Locks = BTreeMap::new();
        for event in events_of(conn, Some(&reader))? {
            if event.kind != "read.locked" {
                continue;
            }
            let body = event
                .decode()
                .map_err(|source| FoldError::Event(event.chain.clone(), event.chain_seq, source))?;
            let EventBody::ReadLocked { item, answers, .. } = body else { continue };
            let of_item = locks.entry(item).or_default();
            // The last answer of each device; chains come one after the other.
            of_item.retain(|(chain, ..)| *chain != event.chain);
            of_item.push((event.chain, event.at, answers));
        }
        let state = fold_reader(conn, &reader)?;
        for (item, answers) in locks.into_iter().filter(|(_, answers)| 1 < answers.len()) {
            let settled = state.item(item).and_then(|item| item.settled_lock());
            let levels = |answers: &[FindingAnswer]| -> Vec<(String, Answer)> {
                answers.iter().map(|a| (a.finding.clone(), a.answer)).collect()
            };
            let same = answers
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if levels(&a.2) == levels(&b.2)));
            let answers = answers
                .into_iter()
                .map(|(chain, at, answers)| ConflictAnswer {
                    used: settled.is_some_and(|lock| lock.at == at && lock.answers == answers),
                    chain,
                    at,
                    answers,
                })
                .collect();
            conflicts.push(Conflict { reader: reader.clone(), item, same, answers });
        }
    }
    Ok(conflicts)
}
