//! The end of the webhook's address, which nobody may guess: the platform signs nothing.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// Last part of the webhook's address: `/webhooks/altegio/<endpoint>`. Whoever knows it may post there, so it is a secret.
#[derive(Debug, Clone)]
pub struct AltegioEndpoint(SecretString);

/// Why a text is no [`AltegioEndpoint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AltegioEndpointError {
    /// It holds what an address should not hold.
    #[error("the end of the webhook's address may hold only a-z, A-Z, 0-9, - and _; {HOW}")]
    Characters,
    /// It is too short, or too long.
    #[error(
        "the end of the webhook's address must have 24 to 128 characters, and this has {0}: Altegio signs nothing, \
        so that whoever guesses it may post there; {HOW}"
    )]
    Length(usize),
    /// It is a word, a run, or the same again and again.
    #[error(
        "the end of the webhook's address can be guessed, and Altegio signs nothing: whoever guesses it may post \
        there; {HOW}"
    )]
    Guessable,
}

/// How to make one.
const HOW: &str = "make one with `openssl rand -hex 24`";

/// Characters that random text of this length has with certainty.
const LEAST_DIFFERENT: usize = 8;

/// Words that make no address harder to guess.
const WORDS: [&str; 9] =
    ["altegio", "chatplug", "endpoint", "example", "password", "secret", "test", "webhook", "yclients"];

impl AltegioEndpoint {
    /// Characters at least.
    pub const LEAST: usize = 24;
    /// Characters at most.
    pub const MOST: usize = 128;

    /// Takes a text that nobody guesses.
    ///
    /// # Errors
    /// See [`AltegioEndpointError`]; none of them repeats the text.
    pub fn new(text: impl Into<SecretString>) -> Result<Self, AltegioEndpointError> {
        let secret: SecretString = text.into();
        let text = secret.expose_secret();
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(AltegioEndpointError::Characters);
        }
        if !(Self::LEAST..=Self::MOST).contains(&text.len()) {
            return Err(AltegioEndpointError::Length(text.len()));
        }
        if is_guessable(text) { Err(AltegioEndpointError::Guessable) } else { Ok(Self(secret)) }
    }

    /// Whether a text is this; how long that takes tells nothing of how much of it is right.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0.expose_secret().as_bytes().ct_eq(text.as_bytes()).into()
    }

    /// The webhook's whole address, given how the world reaches the server (`https://chat.example.com`).
    #[must_use]
    pub fn address(&self, public_url: &str) -> SecretString {
        format!("{}/webhooks/altegio/{}", public_url.trim_end_matches('/'), self.0.expose_secret()).into()
    }

    /// The text, for whoever sets up routes.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn is_guessable(text: &str) -> bool {
    let mut rest = text.to_ascii_lowercase();
    for word in WORDS {
        rest = rest.replace(word, "");
    }
    let letters = rest.as_bytes();
    let different = letters.iter().collect::<std::collections::BTreeSet<_>>().len();
    // Steps of `aaaa`, `abcd` and `4321`.
    let steps = letters.windows(2).filter(|pair| match pair {
        [one, two] => one.abs_diff(*two) <= 1,
        _ => false,
    });
    rest.len() < AltegioEndpoint::LEAST
        || different < LEAST_DIFFERENT
        || steps.count() * 2 > rest.len()
        // Words have none.
        || !letters.iter().any(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AltegioEndpointError::{Characters, Guessable, Length};

    #[test]
    fn what_can_be_guessed_is_refused() {
        for (text, wrong) in [
            ("", Length(0)),
            ("main", Length(4)),
            ("9f2c8e5b7a1d4036b8e2c7", Length(22)),
            ("9f2c8e5b7a1d4036b8e2c7/5a", Characters),
            ("9f2c8e5b7a1d4036b8e2c7 5a", Characters),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", Guessable),
            ("abcdefghijklmnopqrstuvwxyz", Guessable),
            ("123456789012345678901234567890", Guessable),
            ("a1b2a1b2a1b2a1b2a1b2a1b2a1b2", Guessable),
            ("altegio-webhook-secret-endpoint-1", Guessable),
            ("studio-bella-lisboa-rua-garrett", Guessable),
        ] {
            assert_eq!(AltegioEndpoint::new(text).err(), Some(wrong), "{text}");
        }
        assert_eq!(AltegioEndpoint::new("x1".repeat(65)).err(), Some(Length(130)));
    }

    #[test]
    fn what_is_random_is_taken_and_not_printed() {
        for text in [
            "9f2c8e5b7a1d4036b8e2c75a",
            "3f1e9bd0-6f0a-4c58-9d5e-8f2a61c7b340",
            "kQ7v_mZ2-xR4tB9nW1sL6yD3",
            "c0ffee00c0ffee11decade22f00dbabe",
        ] {
            let endpoint = AltegioEndpoint::new(text).unwrap();
            assert!(endpoint.is(text) && !endpoint.is(&text[1..]) && !endpoint.is(""));
            assert!(!format!("{endpoint:?}").contains(text));
            let address = endpoint.address("https://chat.example.com/");
            assert_eq!(address.expose_secret(), format!("https://chat.example.com/webhooks/altegio/{text}"));
        }
    }
}
