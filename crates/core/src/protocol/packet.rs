//! The protocol as a reader's packet carries it.

use toml::{Table, Value};

use super::Protocol;

/// Keys that may name people, wherever they stand.
const PEOPLE: [&str; 4] = ["gold", "readers", "adjudicator", "adjudicators"];

impl Protocol {
    /// The document without remarks and without anybody's name, sealed: what a packet holds.
    ///
    /// Nothing that a reader answers by is left out. Remarks of a lead may say anything, so none goes along.
    pub fn packet_text(&self) -> String {
        let Ok(mut document) = self.source.parse::<Table>() else { return self.source.clone() };
        forget_people(&mut document);
        let blinding = document.entry("blinding").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(blinding) = blinding {
            blinding.remove("block");
            blinding.insert("release".to_owned(), Value::String("sealed".to_owned()));
        }
        document.to_string()
    }
}

fn forget_people(table: &mut Table) {
    for key in PEOPLE {
        table.remove(key);
    }
    for (_, value) in table.iter_mut() {
        if let Value::Table(inner) = value {
            forget_people(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::{Protocol, Release, builtin, builtin_names};

    #[test]
    fn a_packets_protocol_asks_the_same_and_is_sealed() {
        for name in builtin_names() {
            let protocol = Protocol::from_toml(builtin(name).unwrap()).unwrap();
            let text = protocol.packet_text();
            let packet = Protocol::from_toml(&text).unwrap();
            let same = Protocol { source: text, release: Release::Sealed, ..protocol };
            assert_eq!(packet, same, "{name}");
        }
    }

    #[test]
    fn names_of_readers_do_not_go_along() {
        let text = builtin("panel").unwrap();
        let text = format!("{text}\n[panel]\ngold = [\"Tamsin\", \"Beatrix\", \"Cyd\"]\n");
        let packet = Protocol::from_toml(&text).unwrap().packet_text();
        for name in ["Tamsin", "Beatrix", "Cyd"] {
            assert!(text.contains(name) && !packet.contains(name), "{packet}");
        }
        assert!(Protocol::from_toml(&packet).is_ok());
    }

    #[test]
    fn remarks_do_not_go_along() {
        let text = format!("# Dr Tamsin reads first\n{}", builtin("cxr14-verify").unwrap());
        let protocol = Protocol::from_toml(&text).unwrap();
        assert!(!protocol.packet_text().contains("Tamsin"));
    }
}
