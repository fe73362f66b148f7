//! The [`Transcriber`] port on `POST {base_url}/audio/transcriptions`.
//!
//! Source: OpenAI's reference of that call: `file`, `model`, `language` (ISO 639-1), `response_format`; the answer is
//! `{"text": …}`, an error `{"error": {"message", "type", "code"}}`.

use super::{
    client::{self, Unread, keyed, retry_after},
    config::{OpenAiConfig, OpenAiConfigError},
};
use async_trait::async_trait;
use chatplug_core::{
    model::Private,
    ports::{Recording, TranscribeError, Transcriber},
};
use reqwest::{
    Client, Response, StatusCode,
    multipart::{Form, Part},
};
use serde::Deserialize;

/// Nobody says so much in a message; a longer answer is nonsense.
const LONGEST_ANSWER: usize = 256 * 1024;
/// Longest words that are taken, in characters: as much as a client may write in one message.
const LONGEST_WORDS: usize = 4096;

/// Writes recordings down by an OpenAI-compatible endpoint.
#[derive(Debug, Clone)]
pub struct OpenAiTranscriber {
    config: OpenAiConfig,
    http: Client,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl OpenAiTranscriber {
    /// One for an endpoint, with a client of its own: it follows no redirects, so that the key goes nowhere else.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn new(config: OpenAiConfig) -> Result<Self, OpenAiConfigError> {
        let http = client::client(&config)?;
        Ok(Self { config, http })
    }

    fn form(&self, recording: &Recording) -> Result<Form, TranscribeError> {
        let (mime, ending) = kind(&recording.mime).ok_or(TranscribeError::Rejected { code: 415 })?;
        let length = recording.bytes.len() as u64;
        let part = Part::stream_with_length(recording.bytes.clone(), length).file_name(format!("voice.{ending}"));
        let part = part.mime_str(mime).map_err(|_| TranscribeError::Rejected { code: 415 })?;
        let form = Form::new().text("model", self.config.model.clone()).text("response_format", "json");
        let form = match recording.language {
            Some(language) => form.text("language", language.code().to_owned()),
            None => form,
        };
        Ok(form.part("file", part))
    }
}

#[async_trait]
impl Transcriber for OpenAiTranscriber {
    fn limit(&self) -> usize {
        self.config.limit
    }

    async fn transcribe(&self, recording: &Recording) -> Result<Private<String>, TranscribeError> {
        if recording.bytes.len() > self.config.limit {
            return Err(TranscribeError::TooLarge);
        }
        if recording.bytes.is_empty() {
            return Err(TranscribeError::Silent);
        }
        let url = format!("{}/audio/transcriptions", self.config.base_url);
        let request = keyed(&self.config, self.http.post(url).multipart(self.form(recording)?));
        let answer = request.send().await.map_err(down)?;
        let answer = refused(answer)?;
        let body = client::read(answer, LONGEST_ANSWER).await.map_err(unread)?;
        // What stands in it is what was said, so an error of the parser is not passed on: it may quote.
        let Answer { text } =
            serde_json::from_slice(&body).map_err(|_| nonsense("the answer is not what it should be"))?;
        let words: String = text.trim().chars().take(LONGEST_WORDS).collect();
        if words.is_empty() { Err(TranscribeError::Silent) } else { Ok(Private::new(words)) }
    }
}

/// The type that the endpoint is told, and the end of the file's name, which some go by.
fn kind(mime: &str) -> Option<(&'static str, &'static str)> {
    let plain = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Some(match plain.as_str() {
        "audio/ogg" | "audio/opus" => ("audio/ogg", "ogg"),
        "audio/mpeg" | "audio/mp3" => ("audio/mpeg", "mp3"),
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" => ("audio/mp4", "m4a"),
        "audio/wav" | "audio/x-wav" => ("audio/wav", "wav"),
        "audio/webm" => ("audio/webm", "webm"),
        "audio/flac" => ("audio/flac", "flac"),
        _ => return None,
    })
}

/// What a status asks to be done.
fn refused(answer: Response) -> Result<Response, TranscribeError> {
    let status = answer.status();
    let code = i64::from(status.as_u16());
    Err(match status {
        status if status.is_success() => return Ok(answer),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PAYMENT_REQUIRED => {
            TranscribeError::Unauthorized { code }
        }
        StatusCode::PAYLOAD_TOO_LARGE => TranscribeError::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => TranscribeError::RateLimited { retry_after: retry_after(&answer) },
        StatusCode::REQUEST_TIMEOUT | StatusCode::NOT_FOUND => nonsense(&format!("HTTP status {code}")),
        status if status.is_client_error() => TranscribeError::Rejected { code },
        _ => nonsense(&format!("HTTP status {code}")),
    })
}

fn unread(why: Unread) -> TranscribeError {
    match why {
        Unread::Broken(error) => down(error),
        Unread::TooLong => nonsense("the answer is too long"),
    }
}

fn down(error: reqwest::Error) -> TranscribeError {
    TranscribeError::Unavailable { source: Some(error.without_url().into()) }
}

fn nonsense(what: &str) -> TranscribeError {
    TranscribeError::Unavailable { source: Some(what.to_owned().into()) }
}
