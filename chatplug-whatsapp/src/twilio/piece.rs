//! What is sent from the pool: the resource that it needs, and the values of its variables.

use super::content::OURS;
use crate::common::words::hash;
use chatplug_core::{
    model::{Button, ListRow, ListSection, Place},
    reply::cut,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What stands where a row has no small print but others have.
const NO_PRINT: &str = "·";

/// Between the heading of a section and the small print of its rows, where a list has no sections.
const JOINT: &str = " · ";

/// Values of a resource's variables, by name.
pub(super) type Variables = BTreeMap<String, String>;

/// What is needed to send something of the pool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) shape: Shape,
    pub(super) variables: Variables,
}

/// A resource of the pool.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Buttons(usize),
    Rows {
        count: usize,
        described: bool,
    },
    /// A link to any page of a host: Twilio wants the beginning of an address to be fixed.
    Link {
        origin: String,
        bare: bool,
    },
    /// Coordinates cannot be variables: one for each place.
    Pin {
        latitude: f64,
        longitude: f64,
        label: String,
        address: String,
    },
}

/// The language of what has no words of its own.
pub(super) const LANGUAGE: &str = "en";

impl Piece {
    /// Words with buttons.
    pub(super) fn buttons(body: &str, buttons: &[Button]) -> Self {
        let texts = buttons.iter().flat_map(|button| [button.title.clone(), button.id.clone()]);
        Self { shape: Shape::Buttons(buttons.len()), variables: numbered([body.to_owned()].into_iter().chain(texts)) }
    }

    /// Words with a list. It has no sections: what stood above them stands beneath their rows.
    pub(super) fn list(body: &str, open: &str, sections: &[ListSection], longest: usize) -> Self {
        let rows: Vec<(&ListRow, Option<String>)> = sections
            .iter()
            .flat_map(|section| section.rows.iter().map(|row| (row, print(section.title.as_deref(), row, longest))))
            .collect();
        let described = rows.iter().any(|(_, print)| print.is_some());
        let texts = rows.iter().flat_map(|(row, print)| {
            let print = described.then(|| print.clone().unwrap_or_else(|| NO_PRINT.to_owned()));
            [Some(row.title.clone()), Some(row.id.clone()), print].into_iter().flatten()
        });
        let variables = numbered([body.to_owned(), open.to_owned()].into_iter().chain(texts));
        Self { shape: Shape::Rows { count: rows.len(), described }, variables }
    }

    /// Words with a button that opens a page; `None` for an address that has no host to fix.
    pub(super) fn link(body: &str, label: &str, url: &str) -> Option<Self> {
        let url = reqwest::Url::parse(url).ok()?;
        let host = url.host_str()?;
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let origin = format!("{}://{host}{port}", url.scheme());
        let rest = url.as_str().strip_prefix(&origin)?.trim_start_matches('/').to_owned();
        let bare = rest.is_empty();
        let texts = [body.to_owned(), label.to_owned()].into_iter().chain((!bare).then_some(rest));
        Some(Self { shape: Shape::Link { origin, bare }, variables: numbered(texts) })
    }

    /// A pin; `None` without coordinates.
    pub(super) fn pin(place: &Place) -> Option<Self> {
        let point = place.point?;
        let (label, address) = (place.name.trim().to_owned(), place.address.trim().to_owned());
        let (latitude, longitude) = (point.latitude, point.longitude);
        Some(Self { shape: Shape::Pin { latitude, longitude, label, address }, variables: Variables::new() })
    }

    /// Gives the rows of a list small print that says nothing; whether that was one without.
    pub(super) fn describe(&mut self) -> bool {
        let Shape::Rows { count, described: described @ false } = &mut self.shape else { return false };
        *described = true;
        let value = |n: usize| self.variables.get(&n.to_string()).cloned().unwrap_or_default();
        let rows = (0..*count).flat_map(|row| [value(3 + 2 * row), value(4 + 2 * row), NO_PRINT.to_owned()]);
        let texts: Vec<_> = [value(1), value(2)].into_iter().chain(rows).collect();
        self.variables = numbered(texts.into_iter());
        true
    }
}

impl Shape {
    pub(super) fn name(&self) -> String {
        let named = |what: &str, parts: &[&str]| {
            let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            format!("{OURS}{what}_{}", hash(&parts))
        };
        match self {
            Self::Buttons(count) => format!("{OURS}buttons_{count}"),
            Self::Rows { count, described: true } => format!("{OURS}list_{count}"),
            Self::Rows { count, described: false } => format!("{OURS}rows_{count}"),
            Self::Link { origin, bare } => named(if *bare { "page" } else { "link" }, &[origin]),
            Self::Pin { latitude, longitude, label, address } => {
                named("pin", &[&latitude.to_string(), &longitude.to_string(), label, address])
            }
        }
    }

    /// What makes it.
    pub(super) fn body(&self) -> Value {
        let blank = |n: usize| format!("{{{{{n}}}}}");
        let (kind, content, samples) = match self {
            Self::Buttons(count) => {
                let action =
                    |n: usize| json!({"type": "QUICK_REPLY", "title": blank(2 + 2 * n), "id": blank(3 + 2 * n)});
                let actions: Vec<_> = (0..*count).map(action).collect();
                let samples = (0..*count).flat_map(|n| [format!("Button {}", n + 1), format!("id-{}", n + 1)]);
                let samples = numbered([BODY.to_owned()].into_iter().chain(samples));
                ("twilio/quick-reply", json!({"body": blank(1), "actions": actions}), samples)
            }
            Self::Rows { count, described } => {
                let width = if *described { 3 } else { 2 };
                let item = |n: usize| {
                    let mut item = json!({"item": blank(3 + width * n), "id": blank(4 + width * n)});
                    if *described {
                        item["description"] = blank(5 + width * n).into();
                    }
                    item
                };
                let items: Vec<_> = (0..*count).map(item).collect();
                let samples = (0..*count).flat_map(|n| {
                    let print = described.then(|| "Description".to_owned());
                    [Some(format!("Item {}", n + 1)), Some(format!("id-{}", n + 1)), print].into_iter().flatten()
                });
                let samples = numbered([BODY.to_owned(), "Open".to_owned()].into_iter().chain(samples));
                let content = json!({"body": blank(1), "button": blank(2), "items": items});
                ("twilio/list-picker", content, samples)
            }
            Self::Link { origin, bare } => {
                let url = if *bare { origin.clone() } else { format!("{origin}/{}", blank(3)) };
                let texts = [BODY, "Open", "page"].into_iter().take(if *bare { 2 } else { 3 }).map(ToOwned::to_owned);
                let action = json!({"type": "URL", "title": blank(2), "url": url});
                ("twilio/call-to-action", json!({"body": blank(1), "actions": [action]}), numbered(texts))
            }
            Self::Pin { latitude, longitude, label, address } => {
                let mut content = json!({"latitude": latitude, "longitude": longitude});
                for (key, text) in
                    [("label", label), ("address", address)].into_iter().filter(|(_, text)| !text.is_empty())
                {
                    content[key] = text.clone().into();
                }
                ("twilio/location", content, Variables::new())
            }
        };
        let mut body = json!({"friendly_name": self.name(), "language": LANGUAGE, "types": {kind: content}});
        if !samples.is_empty() {
            body["variables"] = json!(samples);
        }
        body
    }
}

/// A sample of what stands above buttons.
const BODY: &str = "What may it be?";

/// The small print of a row: with the heading of its section before it.
fn print(heading: Option<&str>, row: &ListRow, longest: usize) -> Option<String> {
    let print = row.description.as_deref().map(str::trim).filter(|print| !print.is_empty());
    let heading = heading.map(str::trim).filter(|heading| !heading.is_empty());
    let whole = match (heading, print) {
        (Some(heading), Some(print)) => format!("{heading}{JOINT}{print}"),
        (one, other) => one.or(other)?.to_owned(),
    };
    Some(cut(&whole, longest))
}

fn numbered(texts: impl Iterator<Item = String>) -> Variables {
    (1_usize..).map(|n| n.to_string()).zip(texts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: &str, description: Option<&str>) -> ListRow {
        ListRow { id: format!("id-{title}"), title: title.into(), description: description.map(Into::into) }
    }

    fn section(title: Option<&str>, rows: Vec<ListRow>) -> ListSection {
        ListSection { title: title.map(Into::into), rows }
    }

    fn values(piece: &Piece) -> Vec<&str> {
        (1..=piece.variables.len()).map(|n| piece.variables[&n.to_string()].as_str()).collect()
    }

    #[test]
    fn every_blank_has_a_sample_and_every_sample_a_blank() {
        let pin = Shape::Pin { latitude: 1.5, longitude: -2.0, label: "Studio".into(), address: String::new() };
        let link = |bare| Shape::Link { origin: "https://pay.example.com".into(), bare };
        let rows = (1..=10).flat_map(|count| [true, false].map(|described| Shape::Rows { count, described }));
        let all = (1..=3).map(Shape::Buttons).chain(rows).chain([link(true), link(false), pin]);
        let mut names = std::collections::HashSet::new();
        for shape in all {
            let body = shape.body();
            let text = body["types"].to_string();
            let samples = body["variables"].as_object().map_or(0, serde_json::Map::len);
            assert!((1..=samples).all(|n| text.contains(&format!("{{{{{n}}}}}"))), "{body}");
            assert!(!text.contains(&format!("{{{{{}}}}}", samples + 1)) && samples <= 100, "{body}");
            assert!(names.insert(shape.name()), "{}", shape.name());
        }
    }

    #[test]
    fn sections_become_small_print() {
        let sections = [
            section(Some("Monday"), vec![row("15:30", Some("with Ana")), row("16:00", None)]),
            section(Some("Tuesday"), vec![row("9:00", Some(&"x".repeat(72)))]),
        ];
        let piece = Piece::list("Which?", "Times", &sections, 72);
        assert_eq!(piece.shape, Shape::Rows { count: 3, described: true });
        let values = values(&piece);
        assert_eq!(values[..7], ["Which?", "Times", "15:30", "id-15:30", "Monday · with Ana", "16:00", "id-16:00"]);
        assert_eq!(values[7], "Monday");
        assert!(values[10].starts_with("Tuesday · xxx") && values[10].encode_utf16().count() <= 72, "{}", values[10]);
    }

    #[test]
    fn rows_without_small_print_stay_so_unless_others_have_some() {
        let bare = [section(None, vec![row("A", None), row("B", Some(" "))])];
        let mut piece = Piece::list("?", "See", &bare, 72);
        assert_eq!(piece.shape, Shape::Rows { count: 2, described: false });
        assert_eq!(values(&piece), ["?", "See", "A", "id-A", "B", "id-B"]);
        assert!(piece.describe() && !piece.describe());
        assert_eq!(values(&piece), ["?", "See", "A", "id-A", "·", "B", "id-B", "·"]);
        let mixed = [section(None, vec![row("A", None), row("B", Some("b"))])];
        assert_eq!(values(&Piece::list("?", "See", &mixed, 72)), ["?", "See", "A", "id-A", "·", "B", "id-B", "b"]);
        assert!(!Piece::buttons("?", &[Button { id: "a".into(), title: "A".into() }]).describe());
    }

    #[test]
    fn links_have_a_fixed_beginning() {
        let link = |url: &str| {
            let piece = Piece::link("b", "l", url)?;
            Some((
                piece.shape.body()["types"]["twilio/call-to-action"]["actions"][0]["url"].clone(),
                piece.variables.get("3").cloned(),
            ))
        };
        let open = |origin: &str| json!(format!("{origin}/{{{{3}}}}"));
        let rest = |rest: &str| Some(rest.to_owned());
        assert_eq!(
            link("https://pay.example.com/s/abc?x=1#y"),
            Some((open("https://pay.example.com"), rest("s/abc?x=1#y")))
        );
        assert_eq!(link("https://pay.example.com:8443/a"), Some((open("https://pay.example.com:8443"), rest("a"))));
        assert_eq!(link("https://pay.example.com/?a=b c"), Some((open("https://pay.example.com"), rest("?a=b%20c"))));
        assert_eq!(link("https://pay.example.com"), Some((json!("https://pay.example.com"), None)));
        assert_eq!(link("https://me@pay.example.com/a"), None);
        assert_eq!(link("mailto:a@example.com"), None);
    }
}
