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
    ports::{TemplateDraft, TemplateStock},
};
use chrono::{NaiveDate, NaiveTime};

/// Longest value of a blank, in UTF-16 units: with four of them the whole stays far below the provider's 1024.
const BLANK: usize = 160;

/// A template with its blanks filled in, in the template's own language.
///
/// Blanks, in order: for a reminder name, service, when, business; for the others service, when, business. Buttons of a
/// reminder: `v1:visit:<booking id>:come` and `v1:visit:<booking id>:change`. When the client's name is not known, the
/// blank says what the language says instead.
#[must_use]
pub fn render_template(
    words: &Words,
    meaning: &TemplateMeaning,
    stock: &TemplateStock,
    context: &RenderContext<'_>,
) -> TemplateMessage {
    let voice = Voice::new(words, stock.lang, context);
    let view = meaning.view();
    let service = blank(&view.service);
    let when = blank(&voice.when(view.at));
    let business = blank(context.business);
    let args = Args::new().ours("service", &service).ours("when", &when).ours("business", &business);
    let (preview, body, buttons) = match meaning {
        TemplateMeaning::Reminder { booking, .. } => {
            let known =
                context.client.map(|name| clean::name(first_name(name.reveal()))).filter(|name| !name.is_empty());
            let name = known.map_or_else(|| voice.plain(id::TEMPLATE_SOMEONE), |name| fit::cut(&name, BLANK));
            let preview = voice.say(id::TEMPLATE_REMINDER, args.ours("name", name.clone()));
            let buttons = vec![format!("v1:visit:{booking}:come"), format!("v1:visit:{booking}:change")];
            (preview, vec![name, service.clone(), when.clone(), business.clone()], buttons)
        }
        TemplateMeaning::Booked { .. } => {
            (voice.say(id::TEMPLATE_BOOKED, args), vec![service.clone(), when.clone(), business.clone()], Vec::new())
        }
        TemplateMeaning::Moved { .. } => {
            (voice.say(id::TEMPLATE_MOVED, args), vec![service.clone(), when.clone(), business.clone()], Vec::new())
        }
        TemplateMeaning::Cancelled { .. } => {
            (voice.say(id::TEMPLATE_CANCELLED, args), vec![service.clone(), when.clone(), business.clone()], Vec::new())
        }
    };
    TemplateMessage { name: stock.name.clone(), locale: stock.locale.clone(), lang: stock.lang, body, buttons, preview }
}

/// All templates in a language, for handing them in: texts with blanks `{{1}}`, `{{2}}` … in the order that
/// [`TemplateMeaning`] documents, an example for each blank, and the labels of the buttons in the order of the payloads
/// that [`render_template`] gives. `locale` is the provider's code of the language; names are `visit_reminder` and so on.
#[must_use]
pub fn template_drafts(words: &Words, lang: Lang, locale: &str, context: &RenderContext<'_>) -> Vec<TemplateDraft> {
    let voice = Voice::new(words, lang, context);
    // Any afternoon will do for an example.
    let example = NaiveDate::from_ymd_opt(2026, 3, 18).zip(NaiveTime::from_hms_opt(15, 30, 0));
    let when = example.map(|(date, time)| voice.wall_when(date, time)).unwrap_or_default();
    let draft = |meaning: &str, id: Id, blanks: &[&'static str], buttons: Vec<String>| {
        let args = (1..).zip(blanks).fold(Args::new(), |args, (n, name)| args.ours(name, format!("{{{{{n}}}}}")));
        let examples = blanks.iter().map(|name| match *name {
            "name" => "Ana".to_owned(),
            "service" => voice.plain(id::TEMPLATE_EXAMPLE_SERVICE),
            "when" => when.clone(),
            _ => blank(context.business),
        });
        TemplateDraft {
            meaning: meaning.to_owned(),
            lang,
            name: format!("visit_{meaning}"),
            locale: locale.to_owned(),
            body: voice.say(id, args),
            examples: examples.collect(),
            buttons,
        }
    };
    let buttons = vec![voice.plain(id::TEMPLATE_REMINDER_COME), voice.plain(id::TEMPLATE_REMINDER_CHANGE)];
    let three = ["service", "when", "business"];
    vec![
        draft("reminder", id::TEMPLATE_REMINDER, &["name", "service", "when", "business"], buttons),
        draft("booked", id::TEMPLATE_BOOKED, &three, Vec::new()),
        draft("moved", id::TEMPLATE_MOVED, &three, Vec::new()),
        draft("cancelled", id::TEMPLATE_CANCELLED, &three, Vec::new()),
    ]
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
