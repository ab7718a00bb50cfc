//! Whether an event from elsewhere is written as this program writes events.

use overread_core::event::{Event, EventBody};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::text_of;
use crate::project::events::{chain_of, check_name};

/// What an event says, where its every field is as this program would have written it; else what is not, to be
/// read behind "Event 7 of chain ann/home".
pub(super) fn in_form(event: &Event) -> Result<EventBody, String> {
    chain(event)?;
    id(&event.id)?;
    time(&event.at)?;
    body(event)
}

/// One chain per actor and device: under another name it would not count where it should.
fn chain(event: &Event) -> Result<(), String> {
    if check_name(&event.actor).is_err() {
        return Err("is by an actor whose name no reader can have".to_owned());
    }
    if !is_device(&event.device) {
        return Err("is by a device whose name no device has".to_owned());
    }
    if event.chain != chain_of(&event.actor, &event.device) {
        return Err(format!(
            "is by {} on {}, which is another chain",
            shown(&event.actor),
            shown(&event.device)
        ));
    }
    Ok(())
}

/// Letters, digits and hyphens: the names that devices and packets are given, and test benches.
fn is_device(device: &str) -> bool {
    const MOST: usize = 64;
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    device.len() <= MOST
        && device.starts_with(|c: char| c.is_ascii_alphanumeric())
        && device.chars().all(inside)
}

fn id(id: &str) -> Result<(), String> {
    match uuid::Uuid::try_parse(id) {
        Ok(known) if known.hyphenated().to_string() == id => Ok(()),
        _ => Err(format!("has the id `{}`, which is no UUID", shown(id))),
    }
}

/// Fixed width and UTC, so that the order of texts is that of times.
fn time(at: &str) -> Result<(), String> {
    match OffsetDateTime::parse(at, &Rfc3339) {
        Ok(time) if text_of(time.to_offset(time::UtcOffset::UTC)) == at => Ok(()),
        _ => Err(format!("has the time `{}`, which is none as they are written here", shown(at))),
    }
}

/// Sorted keys, no spaces, nothing unknown: the body must be what is written of it again.
fn body(event: &Event) -> Result<EventBody, String> {
    let body = event.decode().map_err(|error| {
        format!(
            "cannot be understood ({}). If a newer Overread wrote it, update this one",
            shown(&error.to_string())
        )
    })?;
    if body.to_parts() != (event.kind.clone(), event.body.clone()) {
        return Err("has a body that no Overread writes so: keys out of order, unknown or doubled, spaces, or another spelling".to_owned());
    }
    Ok(body)
}

/// A text of a stranger as it may be printed: no control characters, and not much of it.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            id: "01a21982-d19e-7a42-b639-00d8ed2a4adb".to_owned(),
            chain: "ann/d-1f-001ab".to_owned(),
            chain_seq: 1,
            at: "2026-03-01T10:00:00.250Z".to_owned(),
            actor: "ann".to_owned(),
            device: "d-1f-001ab".to_owned(),
            kind: "flag.set".to_owned(),
            body: r#"{"item":"00000000000000a1","on":true}"#.to_owned(),
            prev_hash: String::new(),
            hash: String::new(),
        }
    }

    fn refused(event: &Event) -> String {
        in_form(event).unwrap_err()
    }

    #[test]
    fn an_event_as_this_program_writes_it_is_in_form() {
        assert!(matches!(in_form(&event()), Ok(EventBody::FlagSet { on: true, .. })));
    }

    #[test]
    fn a_chain_is_named_after_its_actor_and_device() {
        for chain in ["", "zzz", "lead/d-1f-001ab", "ann/d-1f-001ab\n", "ann/d-1f-001aB"] {
            let said = refused(&Event { chain: chain.to_owned(), ..event() });
            assert!(said.contains("another chain"), "{chain:?}: {said}");
        }
    }

    #[test]
    fn no_field_holds_a_control_character_or_markup() {
        for device in ["", "!", "a\nb", "<b>x", "-a", " d", "ä", &"d".repeat(65)] {
            let device = device.to_owned();
            let chain = format!("ann/{device}");
            let said = refused(&Event { device, chain, ..event() });
            assert!(said.contains("device"), "{said}");
        }
        for actor in ["", "a\nb", " ann", "a/b"] {
            let (actor, chain) = (actor.to_owned(), format!("{actor}/d-1f-001ab"));
            assert!(refused(&Event { actor, chain, ..event() }).contains("actor"));
        }
    }

    #[test]
    fn an_id_is_a_uuid() {
        let upper = event().id.to_uppercase();
        let simple = event().id.replace('-', "");
        for id in ["", " ", "x", "\"><img src=x>", &upper, &simple] {
            assert!(refused(&Event { id: id.to_owned(), ..event() }).contains("no UUID"), "{id}");
        }
    }

    #[test]
    fn a_time_is_in_utc_with_milliseconds() {
        for at in [
            "",
            "garbage",
            "2026-03-01T10:00:00Z",
            "2026-03-01T11:00:00.250+01:00",
            "2026-03-01 10:00:00.250Z",
            "2026-13-01T10:00:00.250Z",
            "2026-03-01T10:00:00.2501Z",
        ] {
            assert!(refused(&Event { at: at.to_owned(), ..event() }).contains("the time"), "{at}");
        }
    }

    #[test]
    fn a_body_is_the_bytes_that_are_written_of_it_again() {
        for body in [
            r#"{"on":true,"item":"00000000000000a1"}"#,
            r#"{"item":"00000000000000a1", "on":true}"#,
            r#"{"item":"00000000000000a1","on":true,"x":1}"#,
            r#"{"item":"00000000000000a1","item":"00000000000000a1","on":true}"#,
            r#"{"item":"\u0030000000000000a1","on":true}"#,
            r#"{"item":"00000000000000A1","on":true}"#,
            r#"{"item":"00000000000000a1"}"#,
            "{",
            "[]",
            "",
        ] {
            let said = refused(&Event { body: body.to_owned(), ..event() });
            assert!(
                said.contains("no Overread writes so") || said.contains("understood"),
                "{said}"
            );
        }
        assert!(refused(&Event { kind: "no.such".to_owned(), ..event() }).contains("understood"));
    }

    #[test]
    fn what_a_stranger_wrote_is_printed_short_and_without_control_characters() {
        let text = format!("a\n\u{1b}[2J{}", "x".repeat(500));
        let said = shown(&text);
        assert!(said.starts_with("a\\n\\u{1b}[2J") && said.len() < 120 && said.ends_with('…'));
    }
}
