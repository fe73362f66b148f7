//! What Twilio answers when it refuses, and what it calls its codes.

use http::StatusCode;
use serde_json::{Value, json};

/// A refusal with Twilio's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) details: String,
}

impl Refusal {
    pub(super) fn new(code: i64, details: impl Into<String>) -> Self {
        Self { code, details: details.into() }
    }

    /// The code with Twilio's own words for it.
    pub(super) fn code(code: i64) -> Self {
        Self::new(code, title(code))
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(20404, format!("The requested resource {what} was not found"))
    }

    /// The HTTP status that goes with the code.
    pub(super) const fn status(&self) -> StatusCode {
        match self.code {
            20003 => StatusCode::UNAUTHORIZED,
            20005 | 20403 => StatusCode::FORBIDDEN,
            20404 => StatusCode::NOT_FOUND,
            20004 => StatusCode::METHOD_NOT_ALLOWED,
            20409 => StatusCode::CONFLICT,
            20422 => StatusCode::UNPROCESSABLE_ENTITY,
            20429 | 21611 | 63017 | 63038 => StatusCode::TOO_MANY_REQUESTS,
            20500 => StatusCode::INTERNAL_SERVER_ERROR,
            20503 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The envelope that every API answers.
    pub(super) fn envelope(&self) -> Value {
        json!({
            "code": self.code,
            "message": self.details,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status().as_u16(),
        })
    }

    /// The envelope that newer APIs may answer.
    pub(super) fn problem(&self, path: &str) -> Value {
        json!({
            "type": format!("https://www.twilio.com/docs/api/errors/{}", self.code),
            "title": title(self.code),
            "status": self.status().as_u16(),
            "code": self.code,
            "detail": self.details,
            "instance": path,
        })
    }
}

/// Twilio's words for a code.
pub(super) const fn title(code: i64) -> &'static str {
    match code {
        20001 => "Unknown parameters",
        20003 => "Authenticate",
        20004 => "Method not allowed",
        20005 => "Account not active",
        20007 => "Page size too large",
        20404 => "The requested resource was not found",
        20422 => "Invalid Parameter",
        20429 => "Too Many Requests",
        21211 => "Invalid 'To' Phone Number",
        21212 => "Invalid From Number (caller ID)",
        21602 => "Message body is required.",
        21603 => "A 'From' or 'MessagingServiceSid' parameter is required to send a message",
        21604 => "A 'To' phone number is required.",
        21606 => {
            "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination."
        }
        21609 => "Invalid 'StatusCallback'",
        21610 => "Attempt to send to unsubscribed recipient",
        21611 => "This 'From' number has exceeded the maximum number of queued messages",
        21617 => "The concatenated message body exceeds the 1600 character limit",
        21620 => "Invalid media URL(s)",
        21623 => "Number of media files exceeds allowed limit",
        21624 => "Invalid validity period value",
        21654 => "ContentSid Required",
        21655 => "The ContentSid is Invalid",
        21656 => "The ContentVariables Parameter is invalid",
        21703 => "The Messaging Service does not have a phone number available to send a message",
        21704 => "The Messaging Service contains no phone numbers",
        21705 => "The Messaging Service Sid is invalid",
        30008 => "Unknown error",
        63003 => "Channel could not find To address",
        63005 => "Channel did not accept given content. Please see Channel specific error message for more information",
        63007 => "Twilio could not find a Channel with the specified From address",
        63013 => "Channel policy violation",
        63015 => "Channel Sandbox can only send messages to phone numbers that have joined the Sandbox",
        63016 => {
            "Failed to send freeform message because you are outside the allowed window. \
             If you are using WhatsApp, please use a Message Template."
        }
        63017 => "Rate limit exceeded",
        63018 => "Rate limit exceeded for Channel",
        63019 => "Media failed to download",
        63024 => "Invalid message recipient",
        63028 => "Number of parameters provided does not match the expected number of parameters",
        63030 => "Unsupported parameter for type of channels message",
        63031 => "Channels message cannot have same From and To",
        63038 => "Account exceeded the daily messages limit",
        63040 => "Template Rejected",
        63041 => "Template paused",
        63042 => "Template disabled",
        63049 => "Meta chose not to deliver this WhatsApp marketing message",
        92001 => "'Types' Parameter Required",
        92002 => "The 'variables' parameter exceeds the allowed limit",
        92003 => "'language' Parameter Required",
        92004 => "Invalid language code",
        92008 => "Unsupported Content Type",
        _ => "An error that the fake was told to have",
    }
}
