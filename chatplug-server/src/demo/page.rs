//! The page: one document, put together from the files of `assets/demo` when it is first asked for.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::LazyLock;
use uuid::Uuid;

const NONCE: &str = "__NONCE__";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let script = [
        include_str!("../../assets/demo/words.js"),
        include_str!("../../assets/demo/base.js"),
        include_str!("../../assets/demo/phone.js"),
        include_str!("../../assets/demo/salon.js"),
        include_str!("../../assets/demo/why.js"),
        include_str!("../../assets/demo/main.js"),
    ]
    .concat();
    include_str!("../../assets/demo/page.html")
        .replace("__STYLE__", include_str!("../../assets/demo/style.css"))
        .replace("__SCRIPT__", &script)
});

/// The page, with a policy that lets nothing in but itself: a text that slipped through as HTML would still do nothing.
pub(super) async fn page() -> Response {
    let nonce = Uuid::now_v7().simple().to_string();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data: https:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let Ok(policy) = HeaderValue::from_str(&policy) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, PAGE.replace(NONCE, &nonce)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_inline() {
        for placeholder in ["__STYLE__", "__SCRIPT__"] {
            assert!(!PAGE.contains(placeholder));
        }
        assert_eq!(PAGE.matches(NONCE).count(), 2);
        for outside in ["src=\"http", "<link rel=\"stylesheet\"", "@import", "innerHTML", "document.write", " style=\""]
        {
            assert!(!PAGE.contains(outside), "{outside}");
        }
    }
}
