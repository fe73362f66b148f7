//! `X-Hub-Signature-256`: HMAC-SHA256 with the app secret over the raw body.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::fmt::Write;

type HmacSha256 = Hmac<Sha256>;

/// What Meta writes before the digits.
const PREFIX: &str = "sha256=";

/// The value of `X-Hub-Signature-256` for a body: what Meta sends, and what tests and the browser simulator need.
///
/// ```
/// use chatplug_whatsapp::meta::sign;
/// assert!(sign("app secret", b"{}").starts_with("sha256="));
/// ```
#[must_use]
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    let digest = keyed(app_secret.as_bytes()).map(|mut mac| {
        mac.update(body);
        mac.finalize().into_bytes()
    });
    let mut out = PREFIX.to_owned();
    for byte in digest.unwrap_or_default() {
        // Writing into a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Whether a header's value is the signature of a body by any of the secrets; in constant time, and never without one.
///
/// Meta escapes what is not ASCII, and a proxy on the way may have undone that: when the raw bytes do not match and hold
/// something that is not ASCII, the escaped form is tried too.
pub(super) fn is_signed(secrets: &[SecretString], header: Option<&[u8]>, body: &[u8]) -> bool {
    let Some(claimed) = header.and_then(digest_of) else { return false };
    if matches_any(secrets, &claimed, body) {
        return true;
    }
    if body.is_ascii() {
        return false;
    }
    std::str::from_utf8(body).is_ok_and(|text| matches_any(secrets, &claimed, escaped(text).as_bytes()))
}

fn matches_any(secrets: &[SecretString], claimed: &[u8; 32], body: &[u8]) -> bool {
    secrets.iter().map(|secret| secret.expose_secret().as_bytes()).filter(|secret| !secret.is_empty()).any(|secret| {
        keyed(secret).is_some_and(|mut mac| {
            mac.update(body);
            mac.verify_slice(claimed).is_ok()
        })
    })
}

/// HMAC takes keys of any length, so this is always something.
fn keyed(secret: &[u8]) -> Option<HmacSha256> {
    HmacSha256::new_from_slice(secret).ok()
}

/// The 32 bytes that a header claims; upper-case digits pass, a missing prefix does not.
fn digest_of(header: &[u8]) -> Option<[u8; 32]> {
    let hex = header.strip_prefix(PREFIX.as_bytes())?;
    let mut digest = [0; 32];
    if hex.len() != digest.len() * 2 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}

/// Every UTF-16 unit outside ASCII as `\u` and four lower-case digits.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut units = [0; 2];
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_key_nothing_is_signed() {
        let header = sign("", b"{}");
        assert!(!is_signed(&[], Some(header.as_bytes()), b"{}"));
        assert!(!is_signed(&["".into()], Some(header.as_bytes()), b"{}"));
    }

    #[test]
    fn both_secrets_work_while_one_is_changed() {
        let ring = ["old".into(), "new".into()];
        for secret in ["old", "new"] {
            assert!(is_signed(&ring, Some(sign(secret, b"{}").as_bytes()), b"{}"));
        }
        assert!(!is_signed(&ring, Some(sign("other", b"{}").as_bytes()), b"{}"));
    }

    #[test]
    fn escaping_is_by_utf16_unit() {
        assert_eq!(escaped("a Ж 💇"), "a \\u0416 \\ud83d\\udc87");
    }
}
