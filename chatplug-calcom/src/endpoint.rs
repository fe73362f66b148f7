//! Where a branch's webhook is, and what is signed with there: both are derived from one secret, so that branches share no
//! address and no key, and nobody has to keep two secrets for each.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::{collections::BTreeSet, fmt::Write};

/// The provider's name in routes and in the webhook's URL.
pub const PROVIDER: &str = "calcom";

/// The webhook of one branch: the end of its address, which nobody may guess, and the secret that Cal.com signs with.
///
/// ```
/// use chatplug_calcom::CalcomEndpoint;
///
/// let secret = "9f2c8e5b7a1d4036b8e2c75a".into();
/// let (north, south) = (CalcomEndpoint::of(&secret, "bella/north"), CalcomEndpoint::of(&secret, "bella/south"));
/// assert_ne!(north.expose(), south.expose());
/// ```
#[derive(Debug, Clone)]
pub struct CalcomEndpoint {
    name: String,
    path: SecretString,
    secret: SecretString,
}

/// Why a text is no secret to derive endpoints from; none of these repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalcomSecretError {
    /// It is too short, or too long.
    #[error("the secret must have 24 to 200 characters, and this has {0}: make one with `openssl rand -hex 24`")]
    Length(usize),
    /// It is the same few characters again and again.
    #[error("the secret can be guessed: make one with `openssl rand -hex 24`")]
    Guessable,
}

/// Characters that random text of this length has with certainty.
const LEAST_DIFFERENT: usize = 8;

impl CalcomEndpoint {
    /// Derives the endpoint of a branch. `name` tells it from every other that is derived from the same secret, and stays
    /// the same for good: `tenant/branch`. It is the `external_id` of the events that come in here.
    #[must_use]
    pub fn of(secret: &SecretString, name: &str) -> Self {
        let derived = |what: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok();
            if let Some(mac) = &mut mac {
                mac.update(what.as_bytes());
                mac.update(&[0]);
                mac.update(name.as_bytes());
            }
            mac.map(|mac| hex(&mac.finalize().into_bytes())).unwrap_or_default()
        };
        let path = derived("chatplug calcom address").get(..48).unwrap_or_default().to_owned();
        Self { name: name.to_owned(), path: path.into(), secret: derived("chatplug calcom signature").into() }
    }

    /// An endpoint that is not derived: the end of its address, which nobody may guess, and the secret, as they are.
    #[must_use]
    pub fn given(name: &str, end: impl Into<SecretString>, secret: impl Into<SecretString>) -> Self {
        Self { name: name.to_owned(), path: end.into(), secret: secret.into() }
    }

    /// Whether a secret is one to derive from.
    ///
    /// # Errors
    /// See [`CalcomSecretError`].
    pub fn check(secret: &SecretString) -> Result<(), CalcomSecretError> {
        let text = secret.expose_secret();
        let length = text.chars().count();
        if !(24..=200).contains(&length) {
            return Err(CalcomSecretError::Length(length));
        }
        let different = text.chars().collect::<BTreeSet<_>>().len();
        if different < LEAST_DIFFERENT { Err(CalcomSecretError::Guessable) } else { Ok(()) }
    }

    /// Whose it is: `tenant/branch`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The end of the address, for whoever sets up routes: a secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.path.expose_secret()
    }

    /// The whole address, given how the world reaches the server (`https://chat.example.com`).
    #[must_use]
    pub fn address(&self, public_url: &str) -> SecretString {
        format!("{}/webhooks/{PROVIDER}/{}", public_url.trim_end_matches('/'), self.expose()).into()
    }

    /// What Cal.com is to sign with.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.secret
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_secret_makes_many_that_have_nothing_in_common() {
        let secret: SecretString = "9f2c8e5b7a1d4036b8e2c75a".into();
        let one = CalcomEndpoint::of(&secret, "bella/north");
        let again = CalcomEndpoint::of(&secret, "bella/north");
        assert_eq!((one.expose(), one.expose().len()), (again.expose(), 48));
        let other = CalcomEndpoint::of(&"9f2c8e5b7a1d4036b8e2c75b".into(), "bella/north");
        let texts = [&one, &other, &CalcomEndpoint::of(&secret, "bella/south")]
            .map(|one| [one.expose().to_owned(), one.secret().expose_secret().to_owned()]);
        let different: BTreeSet<_> = texts.iter().flatten().collect();
        assert_eq!(different.len(), 6);
        let address = one.address("https://chat.example.com/");
        assert_eq!(address.expose_secret(), format!("https://chat.example.com/webhooks/calcom/{}", one.expose()));
        let shown = format!("{one:?}");
        assert!(!shown.contains(one.expose()) && !shown.contains(one.secret().expose_secret()), "{shown}");
    }

    #[test]
    fn what_can_be_guessed_is_refused() {
        let check = |text: &str| CalcomEndpoint::check(&text.into());
        assert_eq!(check("short"), Err(CalcomSecretError::Length(5)));
        assert_eq!(check(&"ab".repeat(12)), Err(CalcomSecretError::Guessable));
        assert_eq!(check("9f2c8e5b7a1d4036b8e2c75a"), Ok(()));
    }
}
