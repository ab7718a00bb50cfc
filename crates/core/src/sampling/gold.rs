//! The readers whose majority is the reference.

use super::SampleError;
use crate::protocol::{Gold, Protocol};
use crate::random::SplitMix64;

/// The gold panel among these readers, by name; empty where everybody belongs to it.
pub fn gold_panel(
    protocol: &Protocol,
    readers: &[&str],
    seed: u64,
) -> Result<Vec<String>, SampleError> {
    let mut panel: Vec<String> = match &protocol.panel.gold {
        Gold::All => return Ok(Vec::new()),
        Gold::Named(names) => {
            if let Some(missing) = names.iter().find(|name| !readers.contains(&name.as_str())) {
                return Err(SampleError::Gold(format!(
                    "the protocol names `{missing}` for the gold panel, who is not among the readers ({}); add the readers first",
                    list(readers)
                )));
            }
            names.clone()
        }
        Gold::Draw(count) => {
            let count = *count as usize;
            if readers.len() < count {
                return Err(SampleError::Gold(format!(
                    "the protocol draws a gold panel of {count}, and there are {} readers ({}); add the readers first",
                    readers.len(),
                    list(readers)
                )));
            }
            let mut names: Vec<String> = readers.iter().map(|&name| name.to_owned()).collect();
            names.sort_unstable();
            SplitMix64::for_purpose(seed, &["gold"]).choose_front(&mut names, count);
            names.truncate(count);
            names
        }
    };
    panel.sort_unstable();
    Ok(panel)
}

fn list(readers: &[&str]) -> String {
    if readers.is_empty() { "nobody yet".to_owned() } else { readers.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::builtin;

    fn protocol(gold: &str) -> Protocol {
        let text = format!("{}\n[panel]\ngold = {gold}\n", builtin("panel").unwrap());
        Protocol::from_toml(&text).unwrap()
    }

    #[test]
    fn a_drawn_panel_depends_on_seed_and_names_alone() {
        let six = ["F", "A", "E", "B", "D", "C"];
        let drawn = gold_panel(&protocol("{ draw = 3 }"), &six, 7).unwrap();
        assert_eq!(drawn.len(), 3);
        let again = gold_panel(&protocol("{ draw = 3 }"), &["A", "B", "C", "D", "E", "F"], 7);
        assert_eq!(again.unwrap(), drawn);
        let others: Vec<_> = (0..20)
            .map(|seed| gold_panel(&protocol("{ draw = 3 }"), &six, seed).unwrap())
            .collect();
        assert!(others.iter().any(|other| *other != drawn));
    }

    #[test]
    fn a_panel_that_cannot_be_formed_says_who_is_missing() {
        let named = gold_panel(&protocol("[\"A\", \"B\", \"X\"]"), &["A", "B"], 7).unwrap_err();
        assert!(named.to_string().contains("`X`"), "{named}");
        let few = gold_panel(&protocol("{ draw = 3 }"), &["A", "B"], 7).unwrap_err();
        assert!(few.to_string().contains("2 readers (A, B)"), "{few}");
        assert_eq!(gold_panel(&protocol("[\"B\"]"), &["A", "B"], 7).unwrap(), ["B"]);
    }
}
