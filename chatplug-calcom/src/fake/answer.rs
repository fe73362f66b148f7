//! Answers: the envelope, and the two shapes that errors have. Contract: "Envelopes".

use serde_json::{Map, Value, json};

/// What a handler says: an answer, or a refusal, which is an answer as well.
pub(super) type Done = Result<Answer, Answer>;

/// An answer before anything goes wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `None`: no body at all.
    pub(super) body: Option<Value>,
    /// A body that is not JSON, with its type.
    pub(super) raw: Option<(&'static str, String)>,
}

impl Answer {
    /// Data in the envelope.
    pub(super) fn ok(data: Value) -> Self {
        Self::bare(200, json!({"status": "success", "data": data}))
    }

    pub(super) fn created(data: Value) -> Self {
        Self { status: 201, ..Self::ok(data) }
    }

    /// A list that is paged.
    pub(super) fn page(data: Value, pagination: Value) -> Self {
        Self::bare(200, json!({"status": "success", "data": data, "pagination": pagination}))
    }

    /// A body as it is.
    pub(super) const fn bare(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), raw: None }
    }

    /// Something that is not JSON.
    pub(super) fn raw(status: u16, media: &'static str, text: impl Into<String>) -> Self {
        Self { status, body: None, raw: Some((media, text.into())) }
    }

    /// The standard shape of an error, with the class that goes with the status.
    pub(super) fn refused(status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        let (code, reason) = class(status);
        Self::standard(status, code, &message, Some(json!({"message": message, "error": reason, "statusCode": status})))
    }

    /// The standard shape without `details`, as some filters leave it.
    pub(super) fn brief(status: u16, code: &str, message: &str) -> Self {
        Self::standard(status, code, message, None)
    }

    /// What is wrong with a body or a query, outside bookings and slots.
    pub(super) fn invalid(errors: Vec<Value>) -> Self {
        Self::standard(400, "BadRequestException", "Bad Request Exception", Some(json!({"errors": errors})))
    }

    /// The bare shape: business logic that no filter catches.
    pub(super) fn token(status: u16, message: &str) -> Self {
        Self::bare(status, json!({"statusCode": status, "message": message}))
    }

    /// 500, of which nothing is said.
    pub(super) fn broken() -> Self {
        Self::token(500, "Internal server error")
    }

    /// Too many calls.
    pub(super) fn throttled() -> Self {
        let message = "CustomThrottlerGuard - Too many requests. Please try again later.";
        Self::standard(429, "ThrottlerException", message, Some(json!(message)))
    }

    /// There is no such route.
    pub(super) fn no_route(method: &str, path: &str) -> Self {
        Self::refused(404, format!("Cannot {method} {path}"))
    }

    /// Nobody called a route that wants somebody: 403, not 401.
    pub(super) fn nobody() -> Self {
        Self::refused(
            403,
            "PermissionsGuard - no authentication provided. Provide either authorization bearer token containing managed user access token or oAuth client id in 'x-cal-client-id' header.",
        )
    }

    fn standard(status: u16, code: &str, message: &str, details: Option<Value>) -> Self {
        let mut error = Map::new();
        error.insert("code".to_owned(), json!(code));
        error.insert("message".to_owned(), json!(message));
        error.extend(details.map(|details| ("details".to_owned(), details)));
        Self::bare(status, json!({"status": "error", "error": error}))
    }

    /// The standard shape says when and where.
    pub(super) fn stamped(mut self, now: &str, path: &str) -> Self {
        if let Some(body) = self.body.as_mut().and_then(Value::as_object_mut)
            && body.get("status").is_some_and(|status| status == "error")
        {
            body.insert("timestamp".to_owned(), json!(now));
            body.insert("path".to_owned(), json!(path));
        }
        self
    }
}

const fn class(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("UnauthorizedException", "Unauthorized"),
        403 => ("ForbiddenException", "Forbidden"),
        404 => ("NotFoundException", "Not Found"),
        409 => ("ConflictException", "Conflict"),
        413 => ("PayloadTooLargeException", "Payload Too Large"),
        422 => ("UnprocessableEntityException", "Unprocessable Entity"),
        500 => ("InternalServerErrorException", "Internal Server Error"),
        _ => ("BadRequestException", "Bad Request"),
    }
}
