//! What is drawn later: more of a deck, items for an adjudicator, items to look at again.

use overread_core::event::{Event, EventBody};
use overread_core::sampling::Extension;
use overread_core::{Sample, Worklist};
use rusqlite::Connection;

use super::Project;
use super::sample::{Numbers, insert_decks, insert_worklist, sample_hash};
use crate::error::StoreError;

/// Items that a later drawing added, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// Disagreements, for this adjudicator.
    Adjudication,
    /// Discordances with the label, for their own reader.
    Review,
}

impl Project {
    /// The worklists of all readers who have one, by name.
    pub fn worklists(&self) -> Result<Vec<Worklist>, StoreError> {
        let mut lists = Vec::new();
        for reader in self.readers()? {
            lists.extend(self.worklist(&reader.name)?);
        }
        Ok(lists)
    }

    /// Stores a larger deck and the worklists that go with it.
    pub fn save_extension(
        &mut self,
        extension: &Extension,
        more: u32,
        worklists: &[Worklist],
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        self.hash_drawn(&extension.sample)?;
        let deck = extension.sample.decks.get(extension.deck as usize);
        let name = deck.and_then(|deck| deck.finding.clone());
        let body = EventBody::SampleExtended {
            deck: name.unwrap_or_else(|| "all".to_owned()),
            more: u64::from(more),
            added: extension.added.len() as u64,
            protocol_version: self.protocol()?.version,
            hash: sample_hash(&extension.sample, worklists),
        };
        self.replace_drawn(&extension.sample, worklists, body, actor, device)
    }

    /// Stores a worklist that has grown by items for adjudication or review.
    pub fn save_later_items(
        &mut self,
        list: &Worklist,
        later: Later,
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        let Some(sample) = self.sample()? else {
            let what = "items need a sample, and nothing was drawn".to_owned();
            return Err(StoreError::Content { path: self.path.clone(), what });
        };
        if !self.readers()?.iter().any(|reader| reader.name == list.reader) {
            let (path, name) = (self.path.clone(), list.reader.clone());
            return Err(StoreError::NoReader { path, name });
        }
        let mut lists = self.worklists()?;
        let before = lists.iter().find(|old| old.reader == list.reader);
        let before = before.map_or(0, |old| old.items.len());
        lists.retain(|old| old.reader != list.reader);
        lists.push(list.clone());
        let added = list.items.len().saturating_sub(before) as u64;
        let protocol_version = self.protocol()?.version;
        let hash = sample_hash(&sample, &lists);
        let body = match later {
            Later::Adjudication => EventBody::AdjudicationDrawn {
                adjudicator: list.reader.clone(),
                added,
                protocol_version,
                hash,
            },
            Later::Review => EventBody::ReviewDrawn {
                reader: list.reader.clone(),
                added,
                protocol_version,
                hash,
            },
        };
        self.replace_drawn(&sample, &lists, body, actor, device)
    }

    fn replace_drawn(
        &mut self,
        sample: &Sample,
        worklists: &[Worklist],
        body: EventBody,
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        let number = self.rows_of(sample, worklists)?;
        let event = self
            .one_event(actor, device, body, |conn| write_anew(conn, sample, worklists, &number))?;
        // What was folded before knew fewer items.
        self.states.clear();
        Ok(event)
    }
}

/// The tables of what was drawn, written anew in one transaction: places move, items keep their ids.
fn write_anew(
    conn: &Connection,
    sample: &Sample,
    worklists: &[Worklist],
    number: &Numbers,
) -> rusqlite::Result<()> {
    for table in ["item", "worklist", "deck_member", "deck", "explore", "shortfall", "gold"] {
        conn.execute(&format!("DELETE FROM {table}"), [])?;
    }
    insert_decks(conn, sample, number)?;
    worklists.iter().try_for_each(|list| insert_worklist(conn, list, number))
}
