//! What a project knows, against which everything from elsewhere is held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use overread_core::{DeckId, ItemId, Phase, Protocol};
use rusqlite::Connection;

use crate::error::StoreError;
use crate::project::{Project, load};

/// An item that was given out.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// To whom.
    pub(super) reader: Rc<str>,
    /// Its deck, by number.
    pub(super) deck: usize,
    /// What it is read for.
    pub(super) phase: Phase,
    /// What is asked in place of the deck's question.
    pub(super) finding: Option<Rc<str>>,
}

/// What the project has, and what earlier files of this merge bring.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Hash of every event, by chain and place.
    pub(super) chains: HashMap<String, Vec<String>>,
    /// Id and hash of every event.
    pub(super) ids: HashMap<String, String>,
    /// The readers.
    pub(super) readers: BTreeSet<String>,
    /// Items that were given out.
    pub(super) items: HashMap<ItemId, Given>,
    /// The decks and what they ask, by number.
    pub(super) decks: Vec<(DeckId, Option<String>)>,
    /// The protocols that were ever in force.
    pub(super) protocols: BTreeMap<u32, Protocol>,
    /// Version of the one that is.
    pub(super) version: u32,
}

impl Known {
    /// Takes in the next event of a chain.
    pub(super) fn take(&mut self, id: &str, chain: &str, hash: &str) {
        match self.chains.get_mut(chain) {
            Some(hashes) => hashes.push(hash.to_owned()),
            None => {
                self.chains.insert(chain.to_owned(), vec![hash.to_owned()]);
            }
        }
        self.ids.insert(id.to_owned(), hash.to_owned());
    }
}

impl Project {
    pub(super) fn known(&self) -> Result<Known, StoreError> {
        let mut known = Known { version: self.protocol()?.version, ..Known::default() };
        let mut read = || -> rusqlite::Result<()> {
            let mut events =
                self.conn.prepare("SELECT id, chain, hash FROM event ORDER BY chain, chain_seq")?;
            let mut rows = events.query([])?;
            while let Some(row) = rows.next()? {
                let text =
                    |column| -> rusqlite::Result<&str> { Ok(row.get_ref(column)?.as_str()?) };
                known.take(text(0)?, text(1)?, text(2)?);
            }
            Ok(())
        };
        read().map_err(self.sql("read the log"))?;
        known.items = given_out(&self.conn).map_err(self.sql("read the worklists"))?;
        known.decks = decks(&self.conn).map_err(self.sql("read the decks"))?;
        known.readers = self.readers()?.into_iter().map(|reader| reader.name).collect();
        known.protocols = self.protocols()?;
        Ok(known)
    }

    fn protocols(&self) -> Result<BTreeMap<u32, Protocol>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(u32, String)>> {
            self.conn
                .prepare("SELECT version, text FROM protocol")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let texts = read().map_err(self.sql("read the protocol"))?;
        let parsed = texts.into_iter().map(|(version, text)| {
            let protocol = Protocol::from_toml(&text)
                .map_err(|source| StoreError::Protocol { path: self.path.clone(), source })?;
            Ok((version, protocol))
        });
        parsed.collect()
    }
}

fn decks(conn: &Connection) -> rusqlite::Result<Vec<(DeckId, Option<String>)>> {
    let ids = load::deck_ids(conn)?;
    let findings: Vec<Option<String>> = conn
        .prepare("SELECT finding FROM deck ORDER BY no")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(ids.into_iter().zip(findings).collect())
}

/// Items by whose worklist they are in.
fn given_out(conn: &Connection) -> rusqlite::Result<HashMap<ItemId, Given>> {
    let mut items = HashMap::new();
    let mut last: Rc<str> = Rc::from("");
    let mut statement = conn.prepare("SELECT reader, id, deck, phase, finding FROM item")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let reader = row.get_ref(0)?.as_str()?;
        if *last != *reader {
            last = Rc::from(reader);
        }
        let finding = row.get_ref(4)?.as_str_or_null()?.map(Rc::from);
        let deck = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX);
        if let Ok(item) = row.get_ref(1)?.as_str()?.parse() {
            let phase = load::phase_at(row, 3)?;
            items.insert(item, Given { reader: Rc::clone(&last), deck, phase, finding });
        }
    }
    Ok(items)
}
