//! Files of ours for a provider that fetches them itself: each is its own address, sealed and short-lived.
//!
//! Nothing is kept anywhere: the address holds the file, encrypted, with the instant at which it ends. Whoever has one can
//! read that file and nothing else; whoever has none cannot make one; and every process with the same key serves it.

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, Payload},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatplug_core::model::OwnFile;
use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::fmt;

/// Largest file that is served so, in bytes: the address must stay one that every server on the way takes.
pub const LONGEST_SERVED: usize = 1300;

/// Longest address that is given out.
const LONGEST_ADDRESS: usize = 2000;

/// How long an address works. Twilio may keep a message for four hours before it fetches what belongs to it.
const LIVES: Duration = Duration::hours(5);
/// What is sealed begins with its end, in seconds.
const TIME: usize = 8;
const NONCE: usize = 12;
const VERSION: &[u8] = b"chatplug file v1";

/// Makes and opens addresses of files.
#[derive(Clone)]
pub struct ServedFiles {
    base_url: String,
    cipher: Aes256Gcm,
    nonces: Hmac<Sha256>,
}

/// Why there is no file at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoFile {
    /// We never made it, or it was changed: 404.
    #[error("there is no such file")]
    Unknown,
    /// Its time is over: 410.
    #[error("the file is not there any more")]
    Gone,
}

impl ServedFiles {
    /// Addresses that begin with this one, which leads to a route that answers with what [`open`](Self::open) gives. The
    /// secret makes them; it may be one that serves something else too.
    #[must_use]
    pub fn new(base_url: impl Into<String>, secret: &SecretString) -> Self {
        let base_url = base_url.into();
        let key = derive(secret, b"seal");
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            cipher: Aes256Gcm::new(&key.into()),
            nonces: mac(&derive(secret, b"nonce")),
        }
    }

    /// The address of a file, for the next hours; `None` when it is too large.
    #[must_use]
    pub fn address(&self, file: &OwnFile, now: DateTime<Utc>) -> Option<String> {
        let mime = file.mime.as_bytes();
        let length = u8::try_from(mime.len()).ok()?;
        if file.bytes.len() > LONGEST_SERVED {
            return None;
        }
        let ends = (now + LIVES).timestamp().to_be_bytes();
        let plain = [&ends[..], &[length], mime, &file.bytes].concat();
        // Made of what is sealed: one nonce never seals two different files.
        let tag = self.nonces.clone().chain_update(&plain).finalize().into_bytes();
        let nonce: [u8; NONCE] = tag.get(..NONCE)?.try_into().ok()?;
        let sealed = self.cipher.encrypt(&nonce.into(), Payload { msg: &plain, aad: VERSION }).ok()?;
        let token = URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat());
        Some(format!("{}/{token}", self.base_url)).filter(|address| address.len() <= LONGEST_ADDRESS)
    }

    /// The file of an address, by the last part of it.
    ///
    /// # Errors
    /// See [`NoFile`].
    pub fn open(&self, token: &str, now: DateTime<Utc>) -> Result<OwnFile, NoFile> {
        if token.len() > 2 * LONGEST_SERVED {
            return Err(NoFile::Unknown);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| NoFile::Unknown)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or(NoFile::Unknown)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| NoFile::Unknown)?;
        // The tag is compared in constant time, before anything of it is looked at.
        let opened = self.cipher.decrypt(&nonce.into(), Payload { msg: sealed, aad: VERSION });
        let opened = opened.map_err(|_| NoFile::Unknown)?;
        let (ends, rest) = opened.split_at_checked(TIME).ok_or(NoFile::Unknown)?;
        let ends = i64::from_be_bytes(ends.try_into().map_err(|_| NoFile::Unknown)?);
        if now.timestamp() >= ends {
            return Err(NoFile::Gone);
        }
        let (length, rest) = rest.split_first().ok_or(NoFile::Unknown)?;
        let (mime, file) = rest.split_at_checked(usize::from(*length)).ok_or(NoFile::Unknown)?;
        let mime = String::from_utf8(mime.to_vec()).map_err(|_| NoFile::Unknown)?;
        Ok(OwnFile { mime, bytes: file.to_vec().into() })
    }
}

impl fmt::Debug for ServedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedFiles").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// A key of its own for each purpose.
fn derive(secret: &SecretString, purpose: &[u8]) -> [u8; 32] {
    let mac = mac(secret.expose_secret().as_bytes());
    mac.chain_update(VERSION).chain_update([0]).chain_update(purpose).finalize().into_bytes().into()
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of every length; a block of zeros would stand for one that it did not.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(secret: &str) -> ServedFiles {
        ServedFiles::new("https://bella.example/files/wa/", &secret.to_owned().into())
    }

    fn calendar() -> OwnFile {
        OwnFile { mime: "text/calendar".to_owned(), bytes: b"BEGIN:VCALENDAR\r\n".to_vec().into() }
    }

    fn token(files: &ServedFiles) -> String {
        let address = files.address(&calendar(), DateTime::UNIX_EPOCH).unwrap();
        address.strip_prefix("https://bella.example/files/wa/").unwrap().to_owned()
    }

    #[test]
    fn an_address_opens_its_file_until_its_time_is_over() {
        let files = files("secret");
        let token = token(&files);
        let at = |time: Duration| files.open(&token, DateTime::UNIX_EPOCH + time);
        assert_eq!(at(Duration::zero()), Ok(calendar()));
        assert_eq!(at(LIVES - Duration::seconds(1)), Ok(calendar()));
        assert_eq!(at(LIVES), Err(NoFile::Gone));
        assert!(!token.contains("VCALENDAR") && !token.contains(&URL_SAFE_NO_PAD.encode("BEGIN:VCAL")[..8]));
    }

    #[test]
    fn no_other_address_opens_anything() {
        let ours = files("secret");
        let good = token(&ours);
        assert_eq!(files("another").open(&good, DateTime::UNIX_EPOCH), Err(NoFile::Unknown));
        for at in 0..good.len() {
            let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            assert_eq!(ours.open(&changed, DateTime::UNIX_EPOCH), Err(NoFile::Unknown), "at {at}");
        }
        for odd in ["", "AAAA", "..", "é", &"A".repeat(100_000), &good[..good.len() - 4]] {
            assert_eq!(ours.open(odd, DateTime::UNIX_EPOCH), Err(NoFile::Unknown), "{}", odd.len());
        }
    }

    #[test]
    fn what_is_too_large_has_no_address() {
        let file = |bytes| OwnFile { mime: "text/calendar".to_owned(), bytes: vec![0; bytes].into() };
        let files = files("secret");
        assert!(files.address(&file(LONGEST_SERVED), DateTime::UNIX_EPOCH).is_some());
        assert!(files.address(&file(LONGEST_SERVED + 1), DateTime::UNIX_EPOCH).is_none());
    }
}
