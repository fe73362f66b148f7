//! The page as HTML: everything that is not ours is escaped here, and nowhere else is HTML written.

use super::words::Words;
use crate::marketplace::Note;
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chatplug_core::ports::InstallState;
use std::fmt::Write as _;
use uuid::Uuid;

const STYLE: &str = include_str!("../../../assets/install/style.css");

/// How often a page renews itself while something is under way, in seconds.
const REFRESH: u32 = 4;

/// A salon on the page.
#[derive(Debug, Clone)]
pub(super) struct Salon {
    pub(super) id: u64,
    /// What Altegio calls it, where that is known.
    pub(super) name: Option<String>,
    pub(super) shows: Shows,
}

/// How a salon stands, for whoever looks.
#[derive(Debug, Clone)]
pub(super) enum Shows {
    New,
    Refused(Note),
    Working,
    Waiting { step: String, what: String },
    Failed { step: String, what: String },
    Is(InstallState),
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) words: Words,
    /// Whom Altegio says that it sent.
    pub(super) user: Option<String>,
    pub(super) salons: Vec<Salon>,
    pub(super) needs_code: bool,
    /// Key of what went wrong.
    pub(super) alert: Option<&'static str>,
    pub(super) ticket: String,
    /// Where the form goes, and the page itself when it renews.
    pub(super) action: String,
    /// Who may show the page in a frame, beside ourselves.
    pub(super) frame: String,
}

impl Shows {
    const fn class(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Working => "working",
            Self::Waiting { .. } => "waiting",
            Self::Refused(_) | Self::Failed { .. } => "failed",
            Self::Is(InstallState::Active) => "connected",
            Self::Is(InstallState::Frozen) => "frozen",
            Self::Is(InstallState::Leaving) => "leaving",
            Self::Is(InstallState::Pending) => "working",
        }
    }

    const fn is_done(&self) -> bool {
        matches!(self, Self::Is(InstallState::Active))
    }
}

impl Page {
    /// The answer.
    pub(super) fn answer(&self, status: StatusCode) -> Response {
        let words = self.words;
        let moving =
            self.salons.iter().any(|salon| matches!(salon.shows, Shows::Working | Shows::Is(InstallState::Leaving)));
        let mut body = String::new();
        let _ = write!(body, "<h1>{}</h1><p class=\"soft\">{}</p>", text(words.get("title")), text(words.get("lead")));
        if let Some(user) = &self.user {
            let _ = write!(body, "<p class=\"soft small\">{}</p>", text(&words.get("hello").replace("{name}", user)));
        }
        if let Some(alert) = self.alert {
            let _ = write!(body, "<p class=\"alert\" role=\"alert\">{}</p>", text(words.get(alert)));
        }
        body.push_str("<ul>");
        for salon in &self.salons {
            self.salon(salon, &mut body);
        }
        body.push_str("</ul>");
        self.form(&mut body);
        let refresh = moving.then(|| format!("{}?ticket={}", self.action, self.ticket));
        answer(status, words, &body, refresh.as_deref(), &self.frame)
    }

    fn salon(&self, salon: &Salon, body: &mut String) {
        let words = self.words;
        let class = salon.shows.class();
        let number = words.get("salon").replace("{id}", &salon.id.to_string());
        let _ = write!(body, "<li class=\"{class}\"><div class=\"row\"><span class=\"name\">");
        let _ = match &salon.name {
            Some(name) => write!(body, "{}</span><span class=\"state\">", text(name)),
            None => write!(body, "{}</span><span class=\"state\">", text(&number)),
        };
        let _ = write!(body, "{}</span></div>", text(words.get(&format!("state_{class}"))));
        if salon.name.is_some() {
            let _ = write!(body, "<p class=\"soft small\">{}</p>", text(&number));
        }
        match &salon.shows {
            Shows::Refused(note) => {
                let key = match note {
                    Note::Elsewhere => "note_elsewhere",
                    Note::Absent => "note_absent",
                    Note::Known => "note_known",
                    Note::Code => "note_code",
                    Note::Later => "note_later",
                };
                let _ = write!(body, "<p>{}</p>", text(words.get(key)));
            }
            Shows::Waiting { step, what } | Shows::Failed { step, what } => {
                let said = words.get(&format!("step_{step}"));
                let _ = write!(body, "<p>{}</p><p class=\"soft small\" lang=\"en\">{}</p>", text(said), text(what));
            }
            Shows::Is(InstallState::Frozen) => {
                let _ = write!(body, "<p>{}</p>", text(words.get("frozen_why")));
            }
            _ => {}
        }
        body.push_str("</li>");
    }

    fn form(&self, body: &mut String) {
        let words = self.words;
        let done = self.salons.iter().all(|salon| salon.shows.is_done());
        let going = self.salons.iter().all(|salon| salon.shows.is_done() || matches!(salon.shows, Shows::Working));
        if going && !done {
            let _ = write!(body, "<p class=\"next soft\">{}</p>", text(words.get("refresh")));
            return;
        }
        let fresh = self.salons.iter().any(|salon| matches!(salon.shows, Shows::New));
        let (next, button) = match (done, self.needs_code, fresh) {
            (true, ..) => ("next_done", None),
            (false, true, _) => ("next_code", Some("connect")),
            (false, false, true) => ("next_connect", Some("connect")),
            (false, false, false) => ("next_some", Some("again")),
        };
        let _ = write!(body, "<p class=\"next\">{}</p>", text(words.get(next)));
        let Some(button) = button else { return };
        let (action, ticket) = (text(&self.action), text(&self.ticket));
        let _ = write!(
            body,
            "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">"
        );
        if self.needs_code {
            let _ = write!(
                body,
                "<label for=\"code\">{}</label><input type=\"text\" id=\"code\" name=\"code\" required autocomplete=\"off\" \
                 autocapitalize=\"off\" spellcheck=\"false\" maxlength=\"120\" aria-describedby=\"hint\">\
                 <p id=\"hint\" class=\"soft small\">{}</p>",
                text(words.get("code_label")),
                text(words.get("code_hint"))
            );
        }
        let _ = write!(body, "<button type=\"submit\">{}</button></form>", text(words.get(button)));
    }
}

/// A page that says what is wrong, and nothing else.
pub(super) fn problem(status: StatusCode, words: Words, key: &str, frame: &str) -> Response {
    let (title, said) = (text(words.get("error_title")), text(words.get(key)));
    answer(status, words, &format!("<h1>{title}</h1><p>{said}</p>"), None, frame)
}

fn answer(status: StatusCode, words: Words, body: &str, refresh: Option<&str>, frame: &str) -> Response {
    let nonce = Uuid::now_v7().simple().to_string();
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'self'; frame-ancestors 'self' {frame}"
    );
    let Ok(policy) = HeaderValue::from_str(&policy) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let refresh = refresh
        .map(|url| format!("<meta http-equiv=\"refresh\" content=\"{REFRESH}; url={}\">", text(url)))
        .unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{}</title>{refresh}<style nonce=\"{nonce}\">{STYLE}</style></head><body><main>{body}</main></body></html>",
        words.lang,
        text(words.get("title"))
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Who posts the form must be known by its origin; the address is nobody else's business.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// Text that stays text, between tags and in quoted attributes.
fn text(of: &str) -> String {
    let mut out = String::with_capacity(of.len());
    for c in of.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(text("<b a='\"&\u{0}"), "&lt;b a=&#39;&quot;&amp; ");
    }
}
