//! Messages as plain text, for transcripts and for people who read logs.

use crate::model::{ListRow, MediaSource, Outbound, Place};

/// Messages as a person would read them: words, then `[ button ]` for each button and `[1] row` for each row of a list;
/// an empty line between messages. No-break spaces become ordinary ones.
#[must_use]
pub fn preview(messages: &[Outbound]) -> String {
    messages.iter().map(one).collect::<Vec<_>>().join("\n\n").replace(['\u{a0}', '\u{202f}'], " ")
}

fn one(message: &Outbound) -> String {
    match message {
        Outbound::Text { body } | Outbound::AskLocation { body } => body.clone(),
        Outbound::Buttons { body, buttons } => {
            let buttons = buttons.iter().map(|button| format!("[ {} ]", button.title));
            lines(std::iter::once(body.clone()).chain(buttons))
        }
        Outbound::List { body, open, sections } => {
            let mut out = vec![body.clone(), format!("[ {open} ▾ ]")];
            let mut number = 0;
            for section in sections {
                out.extend(section.title.as_ref().map(|title| format!("— {title} —")));
                for row in &section.rows {
                    number += 1;
                    out.push(row_line(number, row));
                }
            }
            lines(out)
        }
        Outbound::Link { body, label, url } => format!("{body}\n[ {label} ] {url}"),
        Outbound::Location(Place { name, address, .. }) => format!("📍 {name}, {address}"),
        Outbound::Image { source, caption } => file("🖼", &origin(source), caption.as_deref()),
        Outbound::Document { name, caption, .. } => file("📄", name, caption.as_deref()),
        Outbound::Contact { name, .. } => format!("👤 {name}"),
        Outbound::Reaction { emoji, .. } => emoji.clone().unwrap_or_else(|| "–".to_owned()),
        Outbound::Template(template) => {
            let buttons = template.buttons.iter().map(|payload| format!("[ {payload} ]"));
            lines(std::iter::once(template.preview.clone()).chain(buttons))
        }
    }
}

fn row_line(number: usize, row: &ListRow) -> String {
    match &row.description {
        None => format!("[{number}] {}", row.title),
        Some(description) => format!("[{number}] {} – {description}", row.title),
    }
}

fn origin(source: &MediaSource) -> String {
    match source {
        MediaSource::Url(at) | MediaSource::Id(at) => at.clone(),
        MediaSource::Own(file) => file.mime.clone(),
    }
}

fn file(sign: &str, name: &str, caption: Option<&str>) -> String {
    caption.map_or_else(|| format!("{sign} {name}"), |caption| format!("{sign} {name}\n{caption}"))
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().collect::<Vec<_>>().join("\n")
}
