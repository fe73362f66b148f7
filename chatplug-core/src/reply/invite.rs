//! An appointment as a file for the client's own calendar (RFC 5545). What stands in it stands in the message before it.

use super::say::Invite;
use crate::model::{OwnFile, Place};
use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What a calendar file is.
const MIME: &str = "text/calendar";
/// Changes are numbered by the seconds since then: no two of one appointment have the same number, whoever made them, and
/// nothing has to be counted. Enough for 136 years.
const NUMBERED_SINCE: i64 = 1_577_836_800;

/// The file. Its times are instants (UTC): no calendar can read them in a wrong zone.
pub(super) fn file(invite: &Invite, business: &str) -> OwnFile {
    let Invite { cancelled, start, end, service, staff, place, changed, .. } = invite;
    let mut event = Event::new();
    event.uid(&uid(invite)).timestamp(*changed).sequence(number(*changed)).starts(*start).ends(*end);
    let title: Vec<&str> = [service.as_str(), business].into_iter().filter(|part| !part.trim().is_empty()).collect();
    event.summary(&title.join(" · "));
    event.status(if *cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed });
    if let Some(staff) = staff {
        event.description(staff);
    }
    if let Some(Place { name, address, point }) = place {
        let parts: Vec<&str> = [name.as_str(), address].into_iter().filter(|part| !part.trim().is_empty()).collect();
        event.location(&parts.join(", "));
        if let Some(point) = point {
            event.add_property("GEO", format!("{};{}", point.latitude, point.longitude));
        }
    }
    let mut calendar = Calendar::empty();
    let method = if *cancelled { "CANCEL" } else { "PUBLISH" };
    for (name, value) in
        [("VERSION", "2.0"), ("PRODID", "-//chatplug//chatplug//EN"), ("CALSCALE", "GREGORIAN"), ("METHOD", method)]
    {
        calendar.append_property((name, value));
    }
    calendar.push(event);
    OwnFile { mime: MIME.to_owned(), bytes: calendar.to_string().into_bytes().into() }
}

/// Its name: the local time, which every language reads.
pub(super) fn name(invite: &Invite) -> String {
    invite.start.with_timezone(&invite.zone).format("%Y-%m-%d_%H-%M.ics").to_string()
}

/// The same for one appointment through all its changes. A hash: the id it is made of is derived from the booking
/// system's, which may be a secret.
fn uid(invite: &Invite) -> String {
    let hash = Sha256::new().chain_update("chatplug appointment ").chain_update(invite.booking.to_string()).finalize();
    let mut uid = String::with_capacity(41);
    for byte in hash.iter().take(16) {
        // Writing into a `String` cannot fail.
        let _ = write!(uid, "{byte:02x}");
    }
    uid + "@chatplug"
}

fn number(changed: DateTime<Utc>) -> u32 {
    u32::try_from((changed.timestamp() - NUMBERED_SINCE).max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BookingId, GeoPoint};
    use chrono::Duration;

    fn invite() -> Invite {
        let start = DateTime::parse_from_rfc3339("2026-03-29T00:30:00Z").unwrap().to_utc();
        Invite {
            booking: BookingId::derive(&["b1"]),
            cancelled: false,
            start,
            end: start + Duration::minutes(45),
            zone: chrono_tz::Europe::Lisbon,
            service: "Cut; wash, dry\nBEGIN:VEVENT".to_owned(),
            staff: Some("Ana Souza".to_owned()),
            place: Some(Place {
                name: "Bella".to_owned(),
                address: "Rua do Ouro, 1".to_owned(),
                point: Some(GeoPoint { latitude: 38.71, longitude: -9.14 }),
            }),
            changed: start - Duration::days(1),
        }
    }

    fn lines(invite: &Invite) -> Vec<String> {
        let text = String::from_utf8(file(invite, "Bella").bytes.to_vec()).unwrap();
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{text}");
        text.replace("\r\n ", "").split("\r\n").map(ToOwned::to_owned).collect()
    }

    #[test]
    fn a_calendar_reads_the_instant_and_nothing_else_can_be_smuggled_in() {
        let lines = lines(&invite());
        for line in [
            "METHOD:PUBLISH",
            "DTSTART:20260329T003000Z",
            "DTEND:20260329T011500Z",
            "DTSTAMP:20260328T003000Z",
            "STATUS:CONFIRMED",
            "DESCRIPTION:Ana Souza",
            "LOCATION:Bella\\, Rua do Ouro\\, 1",
            "GEO:38.71;-9.14",
            "SUMMARY:Cut\\; wash\\, dry\\nBEGIN:VEVENT · Bella",
        ] {
            assert!(lines.iter().any(|have| have == line), "{line} is not in {lines:#?}");
        }
        assert_eq!(lines.iter().filter(|line| line.as_str() == "BEGIN:VEVENT").count(), 1);
        assert_eq!(name(&invite()), "2026-03-29_00-30.ics");
    }

    #[test]
    fn a_cancellation_names_the_same_appointment_with_a_higher_number() {
        let (made, gone) =
            (invite(), Invite { cancelled: true, changed: invite().changed + Duration::seconds(1), ..invite() });
        let value = |invite: &Invite, name: &str| {
            let found = lines(invite).into_iter().find_map(|line| Some(line.strip_prefix(name)?.to_owned()));
            found.unwrap_or_default()
        };
        assert_eq!(value(&made, "UID:"), value(&gone, "UID:"));
        assert!(!value(&made, "UID:").contains(&made.booking.to_string()), "the id itself is not told");
        assert_eq!((value(&gone, "METHOD:"), value(&gone, "STATUS:")), ("CANCEL".to_owned(), "CANCELLED".to_owned()));
        let number = |invite: &Invite| value(invite, "SEQUENCE:").parse::<u32>().unwrap();
        assert!(number(&gone) > number(&made));
    }
}
