//! Words and choices in the shape that a channel can carry. No option is ever dropped or reordered here: the machine
//! has paged already, and what it numbered stays numbered so.

use super::{
    fit,
    label::{LabelText, key_text, label},
    render::Note,
    say::{Choices, Key},
    voice::Voice,
    words::id,
};
use crate::model::{Button, ChannelLimits, ListRow, ListSection, Outbound};

/// Words alone: one message, or several when they are too long for one.
pub(crate) fn texts(body: &str, limits: &ChannelLimits) -> Vec<Outbound> {
    fit::split(body, limits.text).into_iter().map(|body| Outbound::Text { body }).collect()
}

/// Words with choices beneath them.
pub(crate) fn with_choices(voice: &Voice<'_>, body: &str, choices: &Choices) -> Vec<Outbound> {
    let limits = voice.context().limits;
    let options: Vec<_> = choices
        .options
        .iter()
        .map(|choice| Shaped {
            id: &choice.id,
            title: label(voice, &choice.label),
            hint: choice.hint.as_ref().map(|hint| label(voice, hint)),
            section: choice.section.as_ref().map(|section| label(voice, section)),
        })
        .collect();
    if options.is_empty() {
        return texts(body, limits);
    }
    let bare = options.iter().all(|option| option.hint.is_none() && option.section.is_none());
    let whole = options.iter().all(|option| option.title.fits(limits.button_title));
    // Buttons show everything at a glance; a list has room for more. Whatever cannot be a list but can be buttons is.
    if options.len() <= limits.buttons && ((bare && whole) || limits.rows == 0) {
        let (mut messages, body) = above(voice, body);
        messages.push(Outbound::Buttons { body, buttons: buttons(voice, &options) });
        return messages;
    }
    if options.len() <= limits.rows {
        let (mut messages, body) = above(voice, body);
        let open = fit::cut(&key_text(voice, choices.open), limits.list_open);
        messages.push(Outbound::List { body, open, sections: sections(voice, &options) });
        return messages;
    }
    texts(&format!("{body}\n\n{}", numbered(&options)), limits)
}

/// An option in words.
struct Shaped<'a> {
    id: &'a str,
    title: LabelText,
    hint: Option<LabelText>,
    section: Option<LabelText>,
}

/// What goes out before, and what stands with the choices: the last paragraphs, as many as fit, for the question comes
/// last.
fn above(voice: &Voice<'_>, body: &str) -> (Vec<Outbound>, String) {
    let limits = voice.context().limits;
    let max = limits.interactive_body;
    if body.trim().is_empty() {
        return (Vec::new(), fit::cut(&voice.plain(id::PICK_ONE), max));
    }
    if fit::length(body) <= max {
        return (Vec::new(), body.to_owned());
    }
    // Where the shortest tail that still fits begins, paragraph by paragraph from the end.
    let tail = body
        .rmatch_indices("\n\n")
        .map(|(at, _)| body.split_at(at))
        .take_while(|(_, tail)| fit::length(tail.trim_start()) <= max)
        .last();
    match tail.filter(|(head, tail)| !head.trim().is_empty() && !tail.trim().is_empty()) {
        Some((head, tail)) => (texts(head, limits), tail.trim_start().to_owned()),
        None => (texts(body, limits), fit::cut(&voice.plain(id::PICK_ONE), max)),
    }
}

fn buttons(voice: &Voice<'_>, options: &[Shaped<'_>]) -> Vec<Button> {
    let titles = titles(voice, options, voice.context().limits.button_title);
    options.iter().zip(titles).map(|(option, title)| Button { id: option.id.to_owned(), title }).collect()
}

fn sections(voice: &Voice<'_>, options: &[Shaped<'_>]) -> Vec<ListSection> {
    let limits = voice.context().limits;
    let mut sections: Vec<(Option<String>, Vec<ListRow>)> = Vec::new();
    for (option, title) in options.iter().zip(titles(voice, options, limits.row_title)) {
        let heading = option.section.as_ref().map(|section| section.cut(limits.section_title, ""));
        let hint = match &option.hint {
            Some(hint) => Some(hint.full()),
            // What had to be cut is told in full beneath.
            None => (!option.title.fits(limits.row_title)).then(|| option.title.full()),
        };
        let description = hint.map(|hint| fit::cut(&hint, limits.row_description)).filter(|hint| !hint.is_empty());
        let row = ListRow { id: option.id.to_owned(), title, description };
        match sections.last_mut() {
            Some((last, rows)) if *last == heading => rows.push(row),
            _ => sections.push((heading, vec![row])),
        }
    }
    let several = sections.len() > 1;
    let other = || fit::cut(&voice.plain(id::SECTION_OTHER), limits.section_title);
    sections
        .into_iter()
        .map(|(title, rows)| {
            let title = title.filter(|title| !title.is_empty());
            ListSection { title: if several { title.or_else(|| Some(other())) } else { title }, rows }
        })
        .collect()
}

/// Titles that fit and differ: a channel refuses buttons of the same title, and a client could not tell rows apart.
fn titles(voice: &Voice<'_>, options: &[Shaped<'_>], max: usize) -> Vec<String> {
    let mut titles: Vec<String> = Vec::with_capacity(options.len());
    for option in options {
        let whole = option.title.fits(max);
        let mut title = option.title.cut(max, "");
        if title.trim().is_empty() {
            title = key_text(voice, Key::More);
        }
        if !whole {
            voice.note(Note::LabelCut { to: fit::length(&title) });
        }
        let plain = title.clone();
        let mut number = 1;
        while titles.contains(&title) {
            number += 1;
            let mark = format!(" ({number})");
            title = option.title.cut(max, &mark);
            if title.trim() == mark.trim() {
                title = format!("{}{mark}", fit::cut(&plain, max.saturating_sub(fit::length(&mark))));
            }
        }
        if number > 1 {
            voice.note(Note::LabelsAlike { cut: !whole });
        }
        titles.push(title);
    }
    titles
}

/// Longest label and longest small print in a numbered line, in UTF-16 units: a number and its label stay together.
const NUMBERED: usize = 120;

/// Options as numbered lines, under their headings.
fn numbered(options: &[Shaped<'_>]) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    for (number, option) in (1..).zip(options) {
        let section = option.section.as_ref().map(|it| it.cut(NUMBERED, "")).filter(|section| !section.is_empty());
        if section != heading {
            if let Some(section) = &section {
                lines.push(format!("*{}*", super::clean::name(section)));
            }
            heading = section;
        }
        let title = option.title.cut(NUMBERED, "");
        lines.push(match option.hint.as_ref().map(|it| it.cut(NUMBERED, "")).filter(|hint| !hint.is_empty()) {
            None => format!("{number}. {title}"),
            Some(hint) => format!("{number}. {title} – {hint}"),
        });
    }
    lines.join("\n")
}
