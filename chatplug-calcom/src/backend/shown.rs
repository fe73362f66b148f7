//! Event types, people and hours as clients see them.

use super::{sold, sold::Way, staff_id};
use crate::{
    CalcomBranch,
    wire::shop::{EventType, Schedule},
};
use chatplug_core::model::{Branch, Catalog, Localized, OpeningHours, Place, Service, ServiceId, Staff};
use chrono::{NaiveTime, Weekday};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What a country is called that nobody told: no country has this code.
const NOWHERE: &str = "ZZ";

/// A service, but for who does it, its price and what it asks: those depend on all ways to have it.
pub(super) fn service(id: &ServiceId, at: &CalcomBranch, one: &EventType, way: &Way) -> Option<Service> {
    let said = at.said_of(one.id);
    let minutes = u32::try_from(way.minutes).ok()?;
    let mut name = said.and_then(|said| said.name.clone()).unwrap_or_else(|| Localized::new(one.title.trim()));
    if way.minutes != one.length_in_minutes {
        let longer = |name: &str| format!("{name} · {minutes}′");
        name.main = longer(&name.main);
        name.by_lang.values_mut().for_each(|name| *name = longer(name));
    }
    let mut service = Service::new(id.clone(), name, minutes);
    service.also = said.map(|said| said.also.clone()).unwrap_or_default();
    service.category = said.and_then(|said| said.category.clone());
    service.description = plain(&one.description).map(Localized::new);
    service.gate = sold::gate(one);
    Some(service)
}

/// Those who do an event type, as they are shown.
pub(super) fn people(at: &CalcomBranch, one: &EventType) -> Vec<Staff> {
    let hosts = one.hosts.iter().map(|host| (host.user_id, &host.name, &host.username, &host.avatar_url));
    let users = one.users.iter().map(|user| (user.id, &user.name, &user.username, &user.avatar_url));
    let people = hosts.chain(users).filter(|(id, ..)| !sold::is_hidden(at, *id));
    people
        .filter_map(|(id, name, username, photo)| {
            let said = u64::try_from(id).ok().and_then(|id| at.staff.get(&id));
            let told = said.and_then(|said| said.name.as_ref());
            let name = [told, Some(name), Some(username)].into_iter().flatten().find(|name| !name.trim().is_empty())?;
            let mut staff = Staff::new(staff_id(id)?, name.trim());
            staff.also = said.map(|said| said.also.clone()).unwrap_or_default();
            staff.title = said.and_then(|said| said.title.clone());
            staff.photo = Some(photo.clone()).filter(|url| url.starts_with("https://"));
            Some(staff)
        })
        .collect()
}

/// The branch, as it was told; its address is that of its event types, when they agree.
pub(super) fn branch(at: &CalcomBranch, hours: Vec<OpeningHours>, addresses: &BTreeSet<String>) -> Branch {
    let of_phone = || {
        let number = phonenumber::parse(None, at.phone.as_deref()?).ok()?;
        Some(number.country().id()?.as_ref().to_owned())
    };
    let country = at.country.as_ref().map(|code| code.to_ascii_uppercase()).or_else(of_phone);
    let country = country.filter(|code| code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase()));
    let name = at.name.clone().unwrap_or_else(|| at.branch.to_string());
    let mut told = addresses.iter().filter(|address| !address.is_empty());
    let address = told.next().filter(|_| told.next().is_none());
    let place = address.map(|address| Place { name: name.clone(), address: address.clone(), point: None });
    Branch {
        id: at.branch.clone(),
        name,
        zone: at.zone,
        country: country.unwrap_or_else(|| NOWHERE.to_owned()),
        currency: at.currency,
        place: at.place.clone().or(place),
        phone: at.phone.clone(),
        hours,
    }
}

/// Opening hours by day of the week. Until midnight is until a minute before.
pub(super) fn opening_hours(schedule: &Schedule) -> Vec<OpeningHours> {
    let clock = |text: &str| NaiveTime::parse_from_str(text.get(..5)?, "%H:%M").ok();
    let mut hours: Vec<OpeningHours> = Vec::new();
    for stretch in &schedule.availability {
        let (Some(from), Some(to)) = (clock(&stretch.start_time), clock(&stretch.end_time)) else { continue };
        let to = if to == NaiveTime::MIN { NaiveTime::from_hms_opt(23, 59, 0).unwrap_or(to) } else { to };
        let days = stretch.days.iter().filter_map(|day| day.parse::<Weekday>().ok());
        hours.extend(days.filter(|_| from < to).map(|day| OpeningHours { day, from, to }));
    }
    hours.sort_by_key(|hours| (hours.day.num_days_from_monday(), hours.from));
    hours
}

/// A remark without its mark-up; nothing when nothing is left.
fn plain(html: &str) -> Option<String> {
    let (mut text, mut inside) = (String::with_capacity(html.len()), false);
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&nbsp;", " ").replace("&amp;", "&").replace("&quot;", "\"").replace("**", "");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// Tells one catalogue from another.
pub(super) fn version(catalog: &Catalog) -> u64 {
    let written = serde_json::to_vec(catalog).unwrap_or_default();
    let digest = Sha256::digest(written);
    digest.iter().take(8).fold(0, |version, byte| (version << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_lose_their_mark_up() {
        assert_eq!(plain("<p>A&nbsp;<b>fine</b> **cut**</p>").as_deref(), Some("A fine cut"));
        assert_eq!(plain("<br>"), None);
    }

    #[test]
    fn hours_are_told_by_day() {
        let schedule = serde_json::json!({ "availability": [
            { "days": ["Friday", "Monday"], "startTime": "09:00", "endTime": "17:00" },
            { "days": ["Monday"], "startTime": "18:00", "endTime": "00:00" },
            { "days": ["Someday"], "startTime": "09:00", "endTime": "17:00" },
        ] });
        let hours = opening_hours(&serde_json::from_value(schedule).unwrap());
        let told: Vec<_> = hours.iter().map(|hours| format!("{} {}-{}", hours.day, hours.from, hours.to)).collect();
        assert_eq!(told, ["Mon 09:00:00-17:00:00", "Mon 18:00:00-23:59:00", "Fri 09:00:00-17:00:00"]);
    }
}
