//! Files of ours: uploaded once, then sent by the id that Meta gave them.
//!
//! Source: Meta's page on media (ids live 30 days; types and sizes), limits of the contract.

use super::{
    check::refused,
    client::{CallError, GraphClient},
    wire::Uploaded,
};
use crate::common::http::nothing_sent;
use chatplug_core::{
    model::{MediaSource, Outbound, OwnFile},
    ports::SendError,
};
use chrono::{DateTime, Duration, Utc};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Ids live 30 days; the last day is left alone.
const LIVES: Duration = Duration::days(29);
/// More files than are sent again within a month.
const MOST_KEPT: usize = 1024;
/// Largest document, in bytes.
const LONGEST_DOCUMENT: usize = 100 * 1024 * 1024;
/// Largest picture, in bytes.
const LONGEST_PICTURE: usize = 5 * 1024 * 1024;
const PICTURES: [&str; 2] = ["image/jpeg", "image/png"];
/// Documents that Meta names. Any other text goes as plain text: phones open a file by the end of its name.
const DOCUMENTS: [&str; 8] = [
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];
/// Codes by which Meta refuses a message whose file it does not know (any more): bad parameter, or a file that cannot be had.
const STALE: [i64; 5] = [100, 131_008, 131_009, 131_052, 131_053];

/// Ids of one number's files, by what is in them.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<HashMap<[u8; 32], Known>>);

#[derive(Debug)]
struct Known {
    id: String,
    until: DateTime<Utc>,
}

/// An id, and whether it was given just now.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) id: String,
    pub(super) fresh: bool,
}

impl Uploads {
    /// The id of a file: the one it was given before, else a new one. Nothing of the message was sent when this fails.
    pub(super) async fn id_of(
        &self,
        graph: &GraphClient,
        file: &OwnFile,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Given, SendError> {
        let hash = hash(file);
        if let Some(id) = self.known(&hash, now) {
            return Ok(Given { id, fresh: false });
        }
        let uploaded: Result<Uploaded, CallError> = graph.upload(file.bytes.clone(), name, told(&file.mime)).await;
        let Uploaded { id } = uploaded.map_err(|error| nothing_sent(error.into()))?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEPT {
            known.retain(|_, known| known.until > now);
        }
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert(hash, Known { id: id.clone(), until: now + LIVES });
        Ok(Given { id, fresh: true })
    }

    /// Meta does not know this file any more.
    pub(super) fn forget(&self, file: &OwnFile) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash(file));
    }

    fn known(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Both ways: a clock that was put back must not make it last for years.
        let lasts = |until: DateTime<Utc>| until > now && until <= now + LIVES;
        known.get(hash).filter(|known| lasts(known.until)).map(|known| known.id.clone())
    }
}

/// The file of ours in a message, with the name that it has.
pub(super) fn own_file(message: &Outbound) -> Option<(&OwnFile, &str)> {
    match message {
        Outbound::Document { source: MediaSource::Own(file), name, .. } => Some((file, name)),
        Outbound::Image { source: MediaSource::Own(file), .. } => Some((file, "picture")),
        _ => None,
    }
}

/// The message with the id in the place of the file.
pub(super) fn with_id(message: &Outbound, id: &str) -> Outbound {
    let mut message = message.clone();
    if let Outbound::Document { source, .. } | Outbound::Image { source, .. } = &mut message {
        *source = MediaSource::Id(id.to_owned());
    }
    message
}

/// Whether a refusal may mean that the id is too old.
pub(super) fn may_be_stale(error: &CallError) -> bool {
    matches!(error, CallError::Graph { code, .. } if STALE.contains(code))
}

/// What can be seen of a file before it leaves.
pub(super) fn check(message: &Outbound) -> Result<(), SendError> {
    let Some((file, _)) = own_file(message) else { return Ok(()) };
    let is_picture = matches!(message, Outbound::Image { .. });
    let longest = if is_picture { LONGEST_PICTURE } else { LONGEST_DOCUMENT };
    let kinds: &[&str] = if is_picture { &PICTURES } else { &DOCUMENTS };
    if file.bytes.is_empty() {
        return Err(refused("file is empty"));
    }
    if file.bytes.len() > longest {
        return Err(refused("file is larger than Meta takes"));
    }
    if !kinds.contains(&told(&file.mime)) {
        return Err(refused("file is of a type that Meta does not take"));
    }
    Ok(())
}

/// The type that Meta is told.
fn told(mime: &str) -> &str {
    if mime.starts_with("text/") { "text/plain" } else { mime }
}

fn hash(file: &OwnFile) -> [u8; 32] {
    Sha256::new().chain_update(&file.mime).chain_update([0]).chain_update(&file.bytes).finalize().into()
}
