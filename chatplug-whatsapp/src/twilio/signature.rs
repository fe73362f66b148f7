//! `X-Twilio-Signature`: HMAC over the address that Twilio was told to call, and over every parameter of a form.
//!
//! Source: Twilio's page on webhook security and the validators of its Python and Node libraries (9.13.0 and 6.2.0).

use super::config::{Key, KeyKind};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, fmt::Write};
use subtle::ConstantTimeEq;

/// The parameter of an address that holds the hash of a JSON body.
const BODY_HASH: &str = "bodySHA256";

/// Names and values of a form, in the order that they are signed in.
pub(super) type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The value of `X-Twilio-Signature` for a request: what Twilio sends, and what fakes and tests need.
///
/// `url` is the whole address with its query, `form` the body of a form request; empty for GET and for JSON, whose address
/// is made by [`json_url`].
///
/// ```
/// use chatplug_whatsapp::twilio::sign;
/// let form = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212";
/// assert_eq!(sign("12345", "https://example.com/myapp.php?foo=1&bar=2", form), "L/OH5YylLD5NRKLltdqwSvS0BnU=");
/// ```
#[must_use]
pub fn sign(auth_token: &str, url: &str, form: &[u8]) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).ok();
    mac.map(|mac| STANDARD.encode(over(mac, url, &fields(form)).finalize().into_bytes())).unwrap_or_default()
}

/// The same with a shared key of Twilio's webhook configuration: HMAC-SHA256. Such a request names the key in
/// `X-Twilio-Webhooks-Signature-Settings: key=<id>,algorithm=HMAC_SHA256`.
#[must_use]
pub fn sign_with_shared_key(secret: &str, url: &str, form: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok();
    mac.map(|mac| STANDARD.encode(over(mac, url, &fields(form)).finalize().into_bytes())).unwrap_or_default()
}

/// The address that a JSON body is posted to: with the hash of the body in its query.
#[must_use]
pub fn json_url(url: &str, body: &[u8]) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{BODY_HASH}={}", hex(&Sha256::digest(body)))
}

/// Names and values of a form or a query, sorted by name and value, each pair once. Never fails: what is not a form reads
/// as a strange one.
pub(super) fn fields(form: &[u8]) -> Fields<'_> {
    let mut fields: Fields<'_> = form_urlencoded::parse(form).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// Whether the query is that of a JSON body.
pub(super) fn names_body_hash(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == BODY_HASH)
}

/// Whether the query names the hash of this body.
pub(super) fn is_body_hashed(query: &str, body: &[u8]) -> bool {
    let told = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == BODY_HASH);
    told.is_some_and(|(_, told)| {
        bool::from(told.to_ascii_lowercase().as_bytes().ct_eq(hex(&Sha256::digest(body)).as_bytes()))
    })
}

/// What a request claims to be signed with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    AuthToken([u8; 20]),
    Shared { id: String, digest: [u8; 32] },
}

impl Claim {
    /// Reads the signature and, where there is one, the header that names a shared key. `None`: no signature of a kind
    /// that is known.
    pub(super) fn read(signature: &[u8], settings: Option<&[u8]>) -> Option<Self> {
        let digest = STANDARD.decode(signature).ok()?;
        let Some(settings) = settings else { return Some(Self::AuthToken(digest.try_into().ok()?)) };
        let settings = std::str::from_utf8(settings).ok()?;
        let told = |name: &str| {
            settings.split(',').filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name)
        };
        match told("algorithm")?.1 {
            "HMAC_SHA1" => Some(Self::AuthToken(digest.try_into().ok()?)),
            "HMAC_SHA256" => Some(Self::Shared { id: told("key")?.1.to_owned(), digest: digest.try_into().ok()? }),
            _ => None,
        }
    }

    /// Whether it is the key's signature over one of the addresses; in constant time.
    pub(super) fn holds(&self, key: &Key, urls: &[String], fields: &Fields<'_>) -> bool {
        let secret = key.secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return false;
        }
        match (self, &key.kind) {
            (Self::AuthToken(digest), KeyKind::AuthToken) => urls.iter().any(|url| {
                let mac = Hmac::<Sha1>::new_from_slice(secret).ok();
                mac.is_some_and(|mac| over(mac, url, fields).verify_slice(digest).is_ok())
            }),
            (Self::Shared { id, digest }, KeyKind::Shared(known)) if id == known => urls.iter().any(|url| {
                let mac = Hmac::<Sha256>::new_from_slice(secret).ok();
                mac.is_some_and(|mac| over(mac, url, fields).verify_slice(digest).is_ok())
            }),
            _ => false,
        }
    }
}

/// The addresses that Twilio may have signed: as configured, and without its port, or with the port of its scheme when it
/// has none. Whatever Twilio leaves out (user, password, fragment) is left out.
pub(super) fn addresses(url: &str) -> Vec<String> {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let Some((scheme, rest)) = url.split_once("://") else { return Vec::new() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let other = match authority.rsplit_once(':').filter(|(_, text)| port(text)) {
        Some((host, _)) => host.to_owned(),
        None => format!("{authority}:{}", if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 }),
    };
    vec![format!("{scheme}://{authority}{path}"), format!("{scheme}://{other}{path}")]
}

fn over<M: Mac>(mut mac: M, url: &str, fields: &Fields<'_>) -> M {
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing into a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_an_address_are_tried() {
        let cases = [
            ("https://a.example/x?y=1", ["https://a.example/x?y=1", "https://a.example:443/x?y=1"]),
            ("http://a.example/", ["http://a.example/", "http://a.example:80/"]),
            ("https://a.example:8443/x", ["https://a.example:8443/x", "https://a.example/x"]),
            ("https://u:p@a.example/x#rc=3&rp=all", ["https://a.example/x", "https://a.example:443/x"]),
            ("https://[::1]:81/x", ["https://[::1]:81/x", "https://[::1]/x"]),
            ("https://a.example", ["https://a.example", "https://a.example:443"]),
            ("https://a.example?x=@:1", ["https://a.example?x=@:1", "https://a.example:443?x=@:1"]),
        ];
        for (url, both) in cases {
            assert_eq!(addresses(url), both, "{url}");
        }
        assert!(addresses("a.example/x").is_empty());
    }

    #[test]
    fn a_claim_names_its_key_and_nothing_unknown_is_one() {
        let (short, long) = (STANDARD.encode([1; 20]), STANDARD.encode([2; 32]));
        let read =
            |signature: &str, settings: Option<&str>| Claim::read(signature.as_bytes(), settings.map(str::as_bytes));
        assert_eq!(read(&short, None), Some(Claim::AuthToken([1; 20])));
        assert_eq!(read(&short, Some("algorithm=HMAC_SHA1")), Some(Claim::AuthToken([1; 20])));
        let shared = Some(Claim::Shared { id: "k1".into(), digest: [2; 32] });
        assert_eq!(read(&long, Some("key=k1,algorithm=HMAC_SHA256")), shared);
        assert_eq!(read(&long, Some("algorithm=HMAC_SHA256, key=k1")), shared);
        for (signature, settings) in [
            (long.as_str(), None),
            (&short, Some("key=k1,algorithm=HMAC_SHA256")),
            (&long, Some("key=k1,algorithm=HMAC_SHA512")),
            (&long, Some("algorithm=HMAC_SHA256")),
            (&long, Some("key=k1")),
            (&long, Some("")),
            ("", None),
            ("?", None),
        ] {
            assert_eq!(read(signature, settings), None, "{signature} {settings:?}");
        }
    }

    #[test]
    fn the_hash_of_a_body_is_compared_whole() {
        let url = json_url("https://a.example/x", b"{}");
        let query = url.split_once('?').unwrap().1;
        assert!(
            is_body_hashed(query, b"{}") && is_body_hashed(&query.to_uppercase().replace("BODYSHA", "bodySHA"), b"{}")
        );
        assert!(!is_body_hashed(query, b"{} ") && !is_body_hashed("", b"{}") && !is_body_hashed("bodySHA256=", b"{}"));
        assert_eq!(json_url("https://a.example/x?k=1", b"{}"), url.replace("/x?", "/x?k=1&"));
    }
}
