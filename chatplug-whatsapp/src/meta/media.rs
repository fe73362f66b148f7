//! Files that clients sent: look up, then download. The token goes to Meta's hosts only.

use super::{check::refused, client::GraphClient, wire::MediaInfo};
use crate::common::http::{BodyError, nothing_sent, read_limited};
use chatplug_core::{
    model::MediaRef,
    ports::{Media, SendError},
};
use reqwest::{StatusCode, Url, header};
use std::time::Duration;

/// Meta's code for a file that cannot be fetched.
const DOWNLOAD_FAILED: i64 = 131_052;

/// Files are larger than answers.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Where Meta keeps files, by the last labels of the host.
const META_HOSTS: [&str; 2] = ["fbsbx.com", "fbcdn.net"];

/// Fetches a file. Its URL lives five minutes, so one that is gone is looked up once more.
pub(super) async fn fetch(graph: &GraphClient, media: &MediaRef) -> Result<Media, SendError> {
    // The id came from outside and goes into a path.
    if media.id.is_empty() || !media.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(refused("media id is not one"));
    }
    let mut looked_up = 0;
    loop {
        looked_up += 1;
        let path = format!("{}?phone_number_id={}", media.id, graph.config().phone_number_id);
        let info: MediaInfo = graph.get(&path).await.map_err(|error| nothing_sent(error.into()))?;
        let limit = graph.config().media_limit;
        if info.file_size.is_some_and(|size| size > limit) {
            return Err(too_large());
        }
        let url = Url::parse(&info.url).ok().filter(|url| may_hold_token(url, &graph.config().base_url));
        let url = url.ok_or_else(|| gone("the file is not on one of Meta's hosts"))?;
        let response = graph.download(url, TIMEOUT).await.map_err(nothing_sent)?;
        match response.status() {
            StatusCode::OK => {
                let told = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let mime = info.mime_type.or_else(|| told.map(ToOwned::to_owned)).unwrap_or_else(|| media.mime.clone());
                let bytes = read_limited(response, limit).await.map_err(|error| match error {
                    BodyError::TooLarge => too_large(),
                    BodyError::Cut(error) => SendError::Unavailable { source: Some(error.without_url().into()) },
                })?;
                return Ok(Media { mime, bytes });
            }
            StatusCode::NOT_FOUND if looked_up == 1 => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(SendError::Unauthorized { code: i64::from(response.status().as_u16()) });
            }
            status if status.is_server_error() => return Err(SendError::Unavailable { source: None }),
            status => return Err(gone(&format!("HTTP status {}", status.as_u16()))),
        }
    }
}

/// Whether the token may be sent there: HTTPS on Meta's hosts, or the very host that Graph is configured to be.
fn may_hold_token(url: &Url, base_url: &str) -> bool {
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    if Url::parse(base_url).is_ok_and(|base| base.origin() == url.origin()) {
        return true;
    }
    let Some(host) = url.domain().filter(|_| url.scheme() == "https") else { return false };
    let metas = |own: &str| host == own || host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'));
    url.port_or_known_default() == Some(443) && META_HOSTS.into_iter().any(metas)
}

fn too_large() -> SendError {
    gone("the file is larger than allowed")
}

fn gone(why: &str) -> SendError {
    SendError::Rejected { code: DOWNLOAD_FAILED, detail: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_metas_hosts_only() {
        let base = "https://graph.facebook.com";
        let may = |url: &str| may_hold_token(&Url::parse(url).unwrap(), base);
        for fine in [
            "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
            "https://scontent.xx.fbcdn.net/a",
            "https://graph.facebook.com/a",
        ] {
            assert!(may(fine), "{fine}");
        }
        for wrong in [
            "http://lookaside.fbsbx.com/a",
            "https://lookaside.fbsbx.com:8443/a",
            "https://evilfbsbx.com/a",
            "https://fbsbx.com.evil.example/a",
            "https://fbsbx.com@evil.example/a",
            "https://user@lookaside.fbsbx.com/a",
            "https://169.254.169.254/latest/meta-data",
            "http://127.0.0.1/a",
            "file:///etc/passwd",
        ] {
            assert!(!may(wrong), "{wrong}");
        }
        let fake = Url::parse("http://127.0.0.1:8081/media/1").unwrap();
        assert!(may_hold_token(&fake, "http://127.0.0.1:8081"));
        assert!(!may_hold_token(&fake, "http://127.0.0.1:8082"));
    }
}
