//! Answers: the envelope, and the shapes that errors have.

use serde_json::{Value, json};

/// What a handler says: an answer, or a refusal, which is an answer as well.
pub(super) type Done = Result<Answer, Answer>;

/// An answer before anything goes wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `None`: no body at all.
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, String)>,
    /// A body that is not JSON, with its type.
    pub(super) raw: Option<(&'static str, String)>,
}

impl Answer {
    /// Data in the envelope, with `meta: []`, which is how PHP prints nothing.
    pub(super) fn ok(data: Value) -> Self {
        Self::with_meta(data, json!([]))
    }

    pub(super) fn with_meta(data: Value, meta: Value) -> Self {
        Self::bare(200, json!({"success": true, "data": data, "meta": meta}))
    }

    pub(super) fn created(data: Value) -> Self {
        Self { status: 201, ..Self::ok(data) }
    }

    pub(super) const fn no_content() -> Self {
        Self { status: 204, body: None, headers: Vec::new(), raw: None }
    }

    /// A body as it is.
    pub(super) const fn bare(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new(), raw: None }
    }

    /// Something that is not JSON.
    pub(super) fn raw(status: u16, media: &'static str, text: impl Into<String>) -> Self {
        Self { status, body: None, headers: Vec::new(), raw: Some((media, text.into())) }
    }

    /// The general shape of an error.
    pub(super) fn refused(status: u16, message: &str) -> Self {
        Self::bare(status, json!({"success": false, "data": null, "meta": {"message": message}}))
    }

    /// The shape of the online booking: a list of codes.
    pub(super) fn coded(status: u16, code: u16, message: &str, appointment: Option<u64>) -> Self {
        let mut error = json!({"code": code, "message": message});
        if let (Some(id), Some(error)) = (appointment, error.as_object_mut()) {
            error.insert("id".to_owned(), json!(id));
        }
        let meta = json!({"message": "An error has occurred", "errors": [error]});
        Self::bare(status, json!({"success": false, "data": null, "meta": meta}))
    }

    /// The shape of validation: an object of fields.
    pub(super) fn invalid(status: u16, message: &str, errors: &[(String, String)]) -> Self {
        let errors: serde_json::Map<_, _> = errors.iter().map(|(field, said)| (field.clone(), json!([said]))).collect();
        let meta = json!({"message": message, "errors": errors});
        Self::bare(status, json!({"success": false, "data": null, "meta": meta}))
    }

    /// The shape of some catalogue calls: a list of messages.
    pub(super) fn listed(status: u16, message: &str) -> Self {
        let meta = json!({"message": "Possible errors", "errors": [{"message": message}]});
        Self::bare(status, json!({"success": false, "data": null, "meta": meta}))
    }

    /// 404 with nothing to say.
    pub(super) fn not_found() -> Self {
        Self::bare(404, json!({"success": false, "data": null, "meta": []}))
    }
}
