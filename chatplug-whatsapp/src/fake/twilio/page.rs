//! Lists in pages: the older API's fields, and the newer ones' `meta`.

use super::{errors::Refusal, form, form::Form};
use serde_json::{Value, json};

const SIZE: usize = 50;
const LARGEST: usize = 1000;

/// Which part of a list is asked for, and what the links to the other parts repeat.
#[derive(Debug)]
pub(super) struct Page {
    size: usize,
    number: usize,
    start: usize,
    /// Path and filters, without the page.
    link: String,
}

impl Page {
    /// Reads the page from the query. A page other than the first is reached by its token only, as Twilio has it: links
    /// are followed, not made up.
    pub(super) fn of(path: &str, query: &[(String, String)]) -> Result<Self, Refusal> {
        let wrong = |name: &str| Refusal::new(20422, format!("{name} is not valid"));
        let number =
            |name: &str| form::value(query, name).map(|text| text.parse().map_err(|_| wrong(name))).transpose();
        let size = number("PageSize")?.unwrap_or(SIZE);
        if !(1..=LARGEST).contains(&size) {
            return Err(Refusal::code(20007));
        }
        let token = form::value(query, "PageToken").map(|token| token.strip_prefix("PA").unwrap_or_default().parse());
        let start = token.transpose().map_err(|_| wrong("PageToken"))?;
        let page = number("Page")?.unwrap_or(0);
        if page > 0 && start.is_none() {
            return Err(Refusal::new(20422, "a page is reached by the link to it"));
        }
        let filters: Form = query
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "PageSize" | "Page" | "PageToken"))
            .cloned()
            .collect();
        let filters = form::encode(&filters);
        let link = if filters.is_empty() { format!("{path}?") } else { format!("{path}?{filters}&") };
        Ok(Self { size, number: page, start: start.unwrap_or(0), link })
    }

    fn link(&self, number: usize, start: usize) -> String {
        let token = if number == 0 { String::new() } else { format!("&PageToken=PA{start}") };
        format!("{}PageSize={}&Page={number}{token}", self.link, self.size)
    }

    fn next(&self, total: usize) -> Option<String> {
        let start = self.start + self.size;
        (start < total).then(|| self.link(self.number + 1, start))
    }

    fn previous(&self) -> Option<String> {
        (self.number > 0).then(|| self.link(self.number - 1, self.start.saturating_sub(self.size)))
    }

    fn cut<'a>(&self, all: &'a [Value]) -> &'a [Value] {
        let start = self.start.min(all.len());
        all.get(start..(start + self.size).min(all.len())).unwrap_or_default()
    }

    /// As `api.twilio.com` answers: links are paths.
    pub(super) fn classic(&self, key: &str, all: &[Value]) -> Value {
        let part = self.cut(all);
        json!({
            key: part,
            "page": self.number,
            "page_size": self.size,
            "start": self.start,
            "end": (self.start + part.len()).saturating_sub(1),
            "uri": self.link(self.number, self.start),
            "first_page_uri": self.link(0, 0),
            "next_page_uri": self.next(all.len()),
            "previous_page_uri": self.previous(),
        })
    }

    /// As the newer hosts answer: links are whole URLs, in `meta`.
    pub(super) fn modern(&self, base_url: &str, key: &str, all: &[Value]) -> Value {
        let whole = |link: String| format!("{base_url}{link}");
        json!({
            key: self.cut(all),
            "meta": {
                "key": key,
                "page": self.number,
                "page_size": self.size,
                "url": whole(self.link(self.number, self.start)),
                "first_page_url": whole(self.link(0, 0)),
                "next_page_url": self.next(all.len()).map(whole),
                "previous_page_url": self.previous().map(whole),
            },
        })
    }
}
