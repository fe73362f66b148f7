//! The messages that a provider approves in advance: filling in one for sending, and writing one for approval.

use super::{
    clean, fit,
    render::RenderContext,
    say::TemplateMeaning,
    voice::{Args, Voice},
    words::{Id, Words, id},
};
use crate::{
    model::{Lang, TemplateMessage},
    ports::{TemplateDesk, TemplateDraft, TemplateStock},
    templates::{self, Blank, Button, Declared},
};
use chrono::{NaiveDate, NaiveTime};

/// Longest value of a blank, in UTF-16 units: with four of them the whole stays far below the provider's 1024.
const BLANK: usize = 160;

/// A template with its blanks filled in, in the template's own language.
///
/// Blanks and buttons are those that are [declared](crate::templates::declared) for the meaning, in that order; a button
/// carries `v1:visit:<booking id>:<what it does>`. When the client's name is not known, the blank says what the language
/// says instead.
#[must_use]
pub fn render_template(
    words: &Words,
    meaning: &TemplateMeaning,
    stock: &TemplateStock,
    context: &RenderContext<'_>,
) -> TemplateMessage {
    let voice = Voice::new(words, stock.lang, context);
    let view = meaning.view();
    let value = |kind: Blank| match kind {
        Blank::Name => {
            let known =
                context.client.map(|name| clean::name(first_name(name.reveal()))).filter(|name| !name.is_empty());
            known.map_or_else(|| voice.plain(id::TEMPLATE_SOMEONE), |name| fit::cut(&name, BLANK))
        }
        Blank::Service => blank(&view.service),
        Blank::When => blank(&voice.when(view.at)),
        // Where there are several places, the one that the visit is at.
        Blank::Business => blank(view.branch.as_deref().unwrap_or(context.business)),
    };
    let (mut preview, mut body, mut buttons) = (String::new(), Vec::new(), Vec::new());
    // A test sees to it that every meaning is declared, and that its message exists.
    if let Some(declared) = templates::declared(meaning.name()) {
        body = declared.blanks().iter().map(|kind| value(*kind)).collect();
        let blanks = declared.blanks().iter().zip(&body);
        let args = blanks.fold(Args::new(), |args, (kind, value)| args.ours(kind.variable(), value.clone()));
        preview = Id::of_template(declared.text()).map(|id| voice.say(id, args)).unwrap_or_default();
        if let TemplateMeaning::Reminder { booking, .. } = meaning {
            let payload = |button: &Button| format!("v1:visit:{booking}:{}", button.does());
            buttons = declared.buttons().iter().map(payload).collect();
        }
    }
    TemplateMessage { name: stock.name.clone(), locale: stock.locale.clone(), lang: stock.lang, body, buttons, preview }
}

/// All templates in a language, for handing them in: texts with blanks `{{1}}`, `{{2}}` … in the order that is
/// [declared](crate::templates), an example for each blank, and the labels of the buttons in the order of the payloads
/// that [`render_template`] gives. `locale` is the provider's code of the language; names are `visit_reminder` and so on.
#[must_use]
pub fn template_drafts(words: &Words, lang: Lang, locale: &str, context: &RenderContext<'_>) -> Vec<TemplateDraft> {
    let voice = Voice::new(words, lang, context);
    // Any afternoon will do for an example.
    let example = NaiveDate::from_ymd_opt(2026, 3, 18).zip(NaiveTime::from_hms_opt(15, 30, 0));
    let when = example.map(|(date, time)| voice.wall_when(date, time)).unwrap_or_default();
    let example = |kind: &Blank| match kind {
        Blank::Name => "Ana".to_owned(),
        Blank::Service => voice.plain(id::TEMPLATE_EXAMPLE_SERVICE),
        Blank::When => when.clone(),
        Blank::Business => blank(context.business),
    };
    let draft = |declared: &Declared| {
        let numbered = (1..).zip(declared.blanks());
        let args = numbered.fold(Args::new(), |args, (n, kind)| args.ours(kind.variable(), format!("{{{{{n}}}}}")));
        let label = |button: &Button| Id::of_template(button.label()).map(|id| voice.plain(id)).unwrap_or_default();
        TemplateDraft {
            meaning: declared.meaning().to_owned(),
            lang,
            name: format!("{}{}", TemplateDesk::PREFIX, declared.meaning()),
            locale: locale.to_owned(),
            category: declared.category(),
            body: Id::of_template(declared.text()).map(|id| voice.say(id, args)).unwrap_or_default(),
            examples: declared.blanks().iter().map(example).collect(),
            buttons: declared.buttons().iter().map(label).collect(),
            time_to_live: declared.time_to_live(),
        }
    };
    templates::all().iter().map(draft).collect()
}

/// The first word of a name that has a letter in it: what a person is greeted by, as in the chat itself.
fn first_name(name: &str) -> &str {
    name.split_whitespace().find(|word| word.contains(char::is_alphabetic)).unwrap_or_default()
}

/// A value for a blank: one line that fits, and never empty, which providers refuse.
fn blank(text: &str) -> String {
    let text = fit::cut(&clean::name(text), BLANK);
    if text.is_empty() { "–".to_owned() } else { text }
}
