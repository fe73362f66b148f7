//! What only words can answer: the client's name and e-mail address, asked for where the booking system insists.

use super::{
    ContactChange, Effect,
    listen::Heard,
    misunderstanding::PATIENCE,
    state::{Flow, Form},
    step::Step,
};
use crate::{
    model::{ClientField, Private},
    ports::{Intent, OpenQuestion},
    reply::{HandOverReason, Say},
};

/// Longest name that is taken for one, in characters.
const NAME: usize = 80;

impl Step<'_> {
    /// The first thing about the client that is required and not known.
    pub(super) fn wanting(&self, form: &Form) -> Option<ClientField> {
        let contact = self.world.contact;
        let required = |field: ClientField| {
            let service =
                form.draft.service.get().and_then(|id| self.branch(form.draft.branch.as_ref())?.catalog.service(id));
            form.draft.needs.contains(&field) || service.is_some_and(|service| service.requires.contains(&field))
        };
        let known = |field: ClientField| match field {
            ClientField::Email => form.draft.email.is_some() || contact.email.is_some(),
            ClientField::Name => form.draft.name.is_some() || contact.name.is_some(),
            ClientField::Phone => contact.user.phone.is_some(),
        };
        [ClientField::Phone, ClientField::Name, ClientField::Email]
            .into_iter()
            .find(|field| required(*field) && !known(*field))
    }

    /// A name or an address, when one was asked for; `None`: the message is something else.
    pub(super) fn free_text(&mut self, text: &str, intent: Option<Intent>) -> Option<Heard> {
        let kind = self.state.asked.as_ref()?.kind;
        let Flow::Form(_) = self.state.flow else { return None };
        let text = text.trim();
        let leaves = !matches!(
            intent,
            None | Some(
                Intent::Book | Intent::AskAvailability | Intent::Other | Intent::Yes | Intent::Greet | Intent::Thanks
            )
        );
        match kind {
            OpenQuestion::Email => {
                if let Some(email) = email_in(text) {
                    return Some(self.take_detail(ClientField::Email, email));
                }
                if leaves {
                    return None;
                }
                self.say(Say::BadEmail);
                self.state.misses = self.state.misses.saturating_add(1);
                if self.state.misses >= PATIENCE {
                    return Some(self.hand_over(HandOverReason::NotUnderstood));
                }
                self.ask_again();
                Some(Heard::Amiss)
            }
            OpenQuestion::Name if !leaves && is_name(text) && !matches!(intent, Some(Intent::Yes | Intent::Thanks)) => {
                Some(self.take_detail(ClientField::Name, text.to_owned()))
            }
            _ => None,
        }
    }

    fn take_detail(&mut self, field: ClientField, text: String) -> Heard {
        if let Flow::Form(mut form) = self.leave() {
            let text = Private::new(text);
            let change = match field {
                ClientField::Email => {
                    form.draft.email = Some(text.clone());
                    ContactChange::Email { email: text }
                }
                _ => {
                    form.draft.name = Some(text.clone());
                    ContactChange::Name { name: text }
                }
            };
            self.effect(Effect::UpdateContact { change });
            self.advance(form);
        }
        Heard::Understood
    }
}

/// The address in a text: one `@`, something before it, a dotted name behind it.
fn email_in(text: &str) -> Option<String> {
    let word = text.split_whitespace().find(|word| word.contains('@'))?;
    let word = word.trim_matches(|c: char| matches!(c, '<' | '>' | ',' | ';' | '.' | '"' | '\'' | '(' | ')'));
    let (local, domain) = word.split_once('@')?;
    let dotted = domain.split('.').all(|label| !label.is_empty()) && domain.contains('.');
    (!local.is_empty() && dotted && !domain.contains('@') && word.len() <= 254).then(|| word.to_owned())
}

/// Whether a text can be a person's name: a few words with letters in them, no sentence, no number.
fn is_name(text: &str) -> bool {
    let words = text.split_whitespace().count();
    (1..=6).contains(&words)
        && text.chars().count() <= NAME
        && text.chars().any(char::is_alphabetic)
        && !text.chars().any(|c| c.is_numeric() || c.is_control() || matches!(c, '@' | '?' | '!' | '/'))
}
