//! `X-Twilio-Signature`, from Twilio's side: written from the contract, apart from the adapter's check of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Which keyed hash a webhook is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// With the account's Auth Token: what is signed unless a shared key was made.
    #[default]
    HmacSha1,
    /// With a shared key, which a header then names.
    HmacSha256,
}

/// What stands in `X-Twilio-Signature` for a request: the URL, then the form's parameters by name.
///
/// For a JSON body there are no parameters, and the URL holds the body's hash ([`url_of_body`]).
///
/// ```
/// use chatplug_whatsapp::fake::twilio::{Algorithm, sign};
/// let form = [("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675310"), ("Digits", "1234"),
///     ("From", "+14158675310"), ("To", "+18005551212")].map(|(name, value)| (name.to_owned(), value.to_owned()));
/// let url = "https://example.com/myapp.php?foo=1&bar=2";
/// assert_eq!(sign(Algorithm::HmacSha1, "12345", url, &form), "L/OH5YylLD5NRKLltdqwSvS0BnU=");
/// ```
#[must_use]
pub fn sign(algorithm: Algorithm, key: &str, url: &str, form: &[(String, String)]) -> String {
    // A name that comes twice brings each of its values once.
    let mut pairs: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let text = pairs.into_iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    match algorithm {
        Algorithm::HmacSha1 => hash(Hmac::<Sha1>::new_from_slice(key.as_bytes()), &text),
        Algorithm::HmacSha256 => hash(Hmac::<Sha256>::new_from_slice(key.as_bytes()), &text),
    }
}

/// The URL that a JSON body is posted to: with the hash of the body in its query.
#[must_use]
pub fn url_of_body(url: &str, body: &[u8]) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    Sha256::digest(body).iter().fold(format!("{url}{joint}bodySHA256="), |mut url, byte| {
        // Writing into a `String` cannot fail.
        let _ = write!(url, "{byte:02x}");
        url
    })
}

/// A key of any length will do, so there is always a hash.
fn hash<M: Mac, E>(keyed: Result<M, E>, text: &str) -> String {
    keyed.map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        },
    )
}
