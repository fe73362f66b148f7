//! Files of clients: read within a limit, and followed to where a provider stores them, which must be a public place.
//! Nothing that is asked for here carries credentials.

use super::http::{BodyError, nothing_sent, read_limited, unsent_or_unknown};
use bytes::Bytes;
use chatplug_core::ports::SendError;
use reqwest::{
    Client, Response, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Files are larger than answers.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Most places that a file is followed through.
const MOST_STEPS: usize = 3;

/// Why a file cannot be had.
#[derive(Debug)]
pub(crate) enum FileError {
    /// It is larger than allowed.
    TooLarge,
    /// It leads where nothing is fetched from.
    NotPublic,
    /// It is answered with this status.
    Status(StatusCode),
    /// It cannot be had now.
    Later(SendError),
}

/// A way to places that a provider names: never to a private address, neither by a literal nor by a name that means one.
#[derive(Debug, Clone)]
pub(crate) struct PublicFiles {
    http: Client,
    /// A fake on this machine may lead to this machine.
    at_home: bool,
}

impl PublicFiles {
    /// `base_url` is the provider's, as configured: only where that is this machine itself, files may be here too.
    ///
    /// # Errors
    /// When the machine has no usable certificate store.
    pub(crate) fn new(base_url: &str) -> Result<Self, reqwest::Error> {
        /// For everybody: certificates are many, and files few.
        static ABROAD: OnceLock<Client> = OnceLock::new();
        static HOME: OnceLock<Client> = OnceLock::new();
        let at_home = Url::parse(base_url).is_ok_and(|url| is_this_machine(&url));
        let shared = if at_home { &HOME } else { &ABROAD };
        let http = match shared.get() {
            Some(http) => http.clone(),
            None => shared
                .get_or_init({
                    let http = client(at_home)?;
                    || http
                })
                .clone(),
        };
        Ok(Self { http, at_home })
    }

    /// Goes on from an answer to the file itself, without credentials.
    pub(crate) async fn follow(&self, mut answer: Response) -> Result<Response, FileError> {
        for _ in 0..MOST_STEPS {
            if !answer.status().is_redirection() {
                return Ok(answer);
            }
            let place = answer.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
            let next = place.and_then(|place| answer.url().join(place).ok()).ok_or(FileError::NotPublic)?;
            if !self.may_fetch(&next) {
                return Err(FileError::NotPublic);
            }
            let asked = self.http.get(next).send().await;
            answer = asked.map_err(|error| match refused_by_name(&error) {
                true => FileError::NotPublic,
                false => FileError::Later(nothing_sent(unsent_or_unknown(&error.without_url()))),
            })?;
        }
        Err(FileError::NotPublic)
    }

    fn may_fetch(&self, url: &Url) -> bool {
        if self.at_home && is_this_machine(url) {
            return true;
        }
        let Some(host) = url.host_str() else { return false };
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.port_or_known_default() == Some(443)
            && literal.is_none_or(is_public)
    }
}

fn client(at_home: bool) -> Result<Client, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("chatplug/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .timeout(TIMEOUT)
        // A file is fetched once, from a place that is different each time.
        .pool_max_idle_per_host(0)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .dns_resolver(Arc::new(PublicNames { at_home }))
        .build()
}

/// Reads a file within a limit.
pub(crate) async fn read(answer: Response, limit: u64) -> Result<Bytes, FileError> {
    if !answer.status().is_success() {
        return Err(FileError::Status(answer.status()));
    }
    read_limited(answer, limit).await.map_err(|error| match error {
        BodyError::TooLarge => FileError::TooLarge,
        BodyError::Cut(error) => FileError::Later(SendError::Unavailable { source: Some(error.without_url().into()) }),
    })
}

/// Names of public places; one that means a private address means nothing.
#[derive(Debug)]
struct PublicNames {
    at_home: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the name means no public address")]
struct NotPublic;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let at_home = self.at_home;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<_> =
                found.filter(|address| is_public(address.ip()) || (at_home && address.ip().is_loopback())).collect();
            if kept.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

fn refused_by_name(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an address is reached over the internet: nothing of this machine, of its network, or of a cloud's own services.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || address.is_broadcast()
        || a == 0
        || a >= 240
        // Carriers' own, protocol assignments, benchmarking.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Global unicast, without documentation (2001:db8::/32, 3fff::/20) and what protocols were assigned (2001::/23), by
    // which a tunnel could lead to an address of the old kind.
    (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200))
        && !(first == 0x3fff && second < 0x1000)
}

/// The IPv4 address that an IPv6 address stands for: mapped, translated (`64:ff9b::/96`) or tunnelled (`2002::/16`).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(inner(g, h)),
        (0x2002, ..) => Some(inner(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let public = |text: &str| is_public(text.parse().unwrap());
        for there in ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
            assert!(public(there), "{there}");
        }
        for here in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b:1::7f00:1",
            "2001:0:7f00:1::1",
            "3fff::1",
        ] {
            assert!(!public(here), "{here}");
        }
    }

    #[test]
    fn a_file_is_followed_to_public_places_only() {
        let abroad = PublicFiles::new("https://api.twilio.com").unwrap();
        let may = |url: &str| abroad.may_fetch(&Url::parse(url).unwrap());
        assert!(may("https://media.example.com/a?signature=1") && may("https://8.8.8.8/a"));
        for wrong in [
            "http://media.example.com/a",
            "https://media.example.com:8443/a",
            "https://user@media.example.com/a",
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://[::ffff:127.0.0.1]/a",
            "https://[::ffff:a9fe:a9fe]/latest",
            "https://[64:ff9b::a00:1]/a",
            "https://localhost.:8443/a",
            "https://017700000001/a",
            "http://127.0.0.1/a",
            "https://169.254.169.254/latest",
            "https://0x7f.1/a",
            "https://2130706433/a",
            "file:///etc/passwd",
        ] {
            assert!(!may(wrong), "{wrong}");
        }
        let home = PublicFiles::new("http://127.0.0.1:8081").unwrap();
        assert!(home.may_fetch(&Url::parse("http://127.0.0.1:8082/a").unwrap()));
        assert!(!home.may_fetch(&Url::parse("http://10.0.0.1/a").unwrap()));
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_no_public_place() {
        let abroad = PublicFiles::new("https://api.twilio.com").unwrap();
        let error = abroad.http.get("https://localhost/a").send().await.unwrap_err();
        assert!(refused_by_name(&error), "{error:?}");
    }
}
