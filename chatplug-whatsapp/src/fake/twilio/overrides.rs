//! Connection overrides: how a webhook is tried again, told in the fragment of its URL.

use std::time::Duration;

/// What the fragment says, with Twilio's defaults where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overrides {
    /// Tries after the first.
    pub(super) retries: u32,
    /// Time for one answer.
    pub(super) read: Duration,
    /// Time for all of it.
    pub(super) total: Duration,
    connect: bool,
    late: bool,
    client: bool,
    server: bool,
}

impl Default for Overrides {
    fn default() -> Self {
        let time = Duration::from_secs(15);
        Self { retries: 1, read: time, total: time, connect: true, late: false, client: false, server: false }
    }
}

/// How one try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    Answered(u16),
    NotConnected,
    /// Connected, and no answer in time, or none at all.
    NoAnswer,
}

impl Overrides {
    /// Reads `rc=3&rp=ct,rt,5xx`; what is out of range, or unknown, is as if it were not there.
    pub(super) fn of(fragment: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in fragment.split('&').filter_map(|part| part.split_once('=')) {
            let number = value.parse::<u64>().ok();
            let millis = number.filter(|ms| (100..=15_000).contains(ms)).map(Duration::from_millis);
            match name {
                "rc" => read.retries = number.and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= 5).unwrap_or(1),
                "rt" => read.read = millis.unwrap_or(read.read),
                "tt" => read.total = millis.unwrap_or(read.total),
                "rp" => {
                    let has = |what: &str| value.split(',').any(|part| part == what || part == "all");
                    (read.connect, read.late, read.client, read.server) =
                        (has("ct"), has("rt"), has("4xx"), has("5xx"));
                }
                _ => {}
            }
        }
        read
    }

    /// Whether a try that ended so is followed by another, if any is left.
    pub(super) const fn again(&self, ended: Try) -> bool {
        match ended {
            Try::NotConnected => self.connect,
            Try::NoAnswer => self.late,
            Try::Answered(400..500) => self.client,
            Try::Answered(500..) => self.server,
            Try::Answered(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_is_read_as_documented() {
        let plain = Overrides::of("");
        assert_eq!(plain, Overrides::default());
        assert!(plain.again(Try::NotConnected));
        assert!(![Try::NoAnswer, Try::Answered(500), Try::Answered(404)].into_iter().any(|ended| plain.again(ended)));

        let sure = Overrides::of("rc=3&rp=all");
        assert_eq!(sure.retries, 3);
        assert!(
            [Try::NotConnected, Try::NoAnswer, Try::Answered(503), Try::Answered(401)]
                .into_iter()
                .all(|ended| sure.again(ended))
        );
        assert!(!sure.again(Try::Answered(200)));

        let some = Overrides::of("rc=2&rp=rt,5xx&rt=500&e=dublin");
        assert!(some.again(Try::NoAnswer) && some.again(Try::Answered(500)));
        assert!(!some.again(Try::NotConnected) && !some.again(Try::Answered(404)));
        assert_eq!(some.read, Duration::from_millis(500));
        assert_eq!(Overrides::of("rc=9&rt=99").retries, 1);
    }
}
