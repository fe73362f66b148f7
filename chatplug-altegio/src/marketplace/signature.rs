//! What proves that something comes from Altegio: HMAC-SHA256 with the partner token, or the token itself. Compared in
//! constant time.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use subtle::ConstantTimeEq;

type HmacSha256 = Hmac<Sha256>;

/// `user_data_sign` of a redirect, over the JSON that `user_data` is the base64 of: what Altegio sends, and what tests need.
///
/// ```
/// use chatplug_altegio::marketplace::user_data_sign;
/// assert_eq!(user_data_sign("partner token", b"{}").len(), 64);
/// ```
#[must_use]
pub fn user_data_sign(partner_token: &str, json: &[u8]) -> String {
    hex(keyed(partner_token.as_bytes()).map(|mac| mac.chain_update(json)))
}

/// `sign` of a payment's callback, over the numbers as the callback has them.
#[must_use]
pub fn payment_sign(partner_token: &str, salon_id: &str, amount: &str, discount: Option<&str>) -> String {
    let message = payment_message(salon_id, amount, discount);
    hex(keyed(partner_token.as_bytes()).map(|mac| mac.chain_update(message)))
}

/// Whether a token is the partner's own: how Altegio's callbacks say who they are.
#[must_use]
pub fn is_partner(partner_token: &SecretString, claimed: &str) -> bool {
    let known = partner_token.expose_secret();
    // Digests have one length, whatever the tokens have.
    let same = Sha256::digest(known).ct_eq(&Sha256::digest(claimed));
    !known.is_empty() && bool::from(same)
}

/// What a payment's signature is over.
pub(super) fn payment_message(salon_id: &str, amount: &str, discount: Option<&str>) -> String {
    let mut message = format!("salon_id={salon_id}&amount={amount}");
    if let Some(discount) = discount {
        // Writing into a `String` cannot fail.
        let _ = write!(message, "&discount={discount}");
    }
    message
}

/// Whether 64 hexadecimal digits are the signature of a message. Never without a key.
pub(super) fn is_signed(partner_token: &SecretString, claimed: &str, message: &[u8]) -> bool {
    let key = partner_token.expose_secret().as_bytes();
    let Some(claimed) = digest_of(claimed).filter(|_| !key.is_empty()) else { return false };
    keyed(key).is_some_and(|mac| mac.chain_update(message).verify_slice(&claimed).is_ok())
}

/// HMAC takes keys of any length, so this is always something.
fn keyed(key: &[u8]) -> Option<HmacSha256> {
    HmacSha256::new_from_slice(key).ok()
}

fn hex(mac: Option<HmacSha256>) -> String {
    let mut out = String::with_capacity(64);
    for byte in mac.map(|mac| mac.finalize().into_bytes()).unwrap_or_default() {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn digest_of(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if hex.len() != digest.len() * 2 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "2t6u73mrh85btb8wgyfj";

    #[test]
    fn the_published_token_signs_as_the_contract_says() {
        let json = br#"{"user_id":123,"name":"Alex Smith","email":"alex@example.com","phone":"19990009900"}"#;
        let signed = "4e32217e6d33503feb5c667304c073a9500d8546421b84d28e7738f525eba79a";
        assert_eq!(user_data_sign(TOKEN, json), signed);
        let plain = "1f4f861f9d6865f0abf8660eba6bfa4d62e66ce991551cc93d8b99f5098e7819";
        assert_eq!(payment_sign(TOKEN, "123", "990.5", None), plain);
        let less = "13a1ff5ccae3647624cdda6329148e33e325a57b97a171175c51ccf1c639973b";
        assert_eq!(payment_sign(TOKEN, "123", "990.5", Some("15.5")), less);
        assert!(is_signed(&TOKEN.into(), signed, json) && is_signed(&TOKEN.into(), &signed.to_uppercase(), json));
    }

    #[test]
    fn without_a_key_nothing_is_signed() {
        assert!(!is_signed(&"".into(), &user_data_sign("", b"{}"), b"{}"));
        assert!(!is_partner(&"".into(), ""));
        assert!(is_partner(&TOKEN.into(), TOKEN) && !is_partner(&TOKEN.into(), &TOKEN[1..]));
    }

    #[test]
    fn half_a_signature_is_none() {
        let signed = user_data_sign(TOKEN, b"{}");
        for wrong in ["", &signed[..62], &format!("{signed}00"), &signed.replace(|c: char| c.is_ascii_digit(), "é")] {
            assert!(!is_signed(&TOKEN.into(), wrong, b"{}"), "{wrong}");
        }
    }
}
