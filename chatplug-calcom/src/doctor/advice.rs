//! What each finding says, and what to do about it.

use super::{CalcomFinding as F, ServerKind};
use crate::CalcomLeftOut;

/// Names in one sentence at most.
const MOST: usize = 6;

impl F {
    /// What it is, for programs.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Server { .. } => "calcom.server",
            Self::Account { .. } | Self::Platform | Self::CredentialRefused | Self::CredentialExpired => {
                "calcom.credential"
            }
            Self::LicenceMissing => "calcom.licence",
            Self::OutOfReach(_) => "calcom.place",
            Self::WrongAddress { .. } => "calcom.base_url",
            Self::OtherVersion | Self::TooOld => "calcom.version",
            Self::ZoneDiffers { .. } => "calcom.zone",
            Self::Offers { .. } | Self::NothingOffered { .. } => "calcom.event_types",
            Self::LeftOut(_) => "calcom.left_out",
            Self::NamedUnknown(_) => "calcom.named",
            Self::EmailDemanded(_) => "calcom.email",
            Self::NoTimes | Self::SomeWithoutTimes(_) => "calcom.times",
            Self::WebhookSet { .. }
            | Self::WebhookMissing { .. }
            | Self::WebhookElsewhere(_)
            | Self::WebhookSilent
            | Self::WebhookUnsigned
            | Self::WebhookTemplated
            | Self::WebhookLacks(_)
            | Self::WebhookByHand => "calcom.webhook",
            Self::WebhookToo(_) | Self::WebhookOutdated(_) | Self::WebhookDoubled(_) => "calcom.webhook_others",
            Self::NoWebhookSecret | Self::NoPublicAddress => "calcom.webhook_address",
            Self::NotAsked { .. } => "calcom.not_asked",
        }
    }

    /// What to do; empty where there is nothing to be done.
    #[must_use]
    pub fn todo(&self) -> String {
        const CONNECT: &str = "run `chatplug tenant webhooks`, which mends it";
        match self {
            Self::Server { .. }
            | Self::Account { .. }
            | Self::Platform
            | Self::Offers { .. }
            | Self::WebhookSet { .. } => String::new(),
            Self::ZoneDiffers { .. } => {
                "clients are told times in the branch's zone; where that is wrong, mend `zone` in \
                [tenant.branch.calcom]"
                    .to_owned()
            }
            Self::LeftOut(_) => {
                "change them in Cal.com where clients should book them here; a field's answer can be given \
                as answers = { slug = \"…\" } under [[tenant.branch.calcom.event_types]]"
                    .to_owned()
            }
            Self::EmailDemanded(_) => {
                "let these event types do without (in their booking questions, phone required and \
                e-mail hidden), or write email = \"guest\", with a domain of your own"
                    .to_owned()
            }
            Self::SomeWithoutTimes(_) | Self::NoTimes => {
                "look in Cal.com at the schedules of whoever does them, at the \
                minimum notice, the booking window and the limits of the event types, and at connected calendars"
                    .to_owned()
            }
            Self::WebhookToo(_) => {
                "take it out in Cal.com under Settings > Developer > Webhooks, unless that server serves \
                these clients as well"
                    .to_owned()
            }
            Self::WebhookOutdated(_)
            | Self::WebhookDoubled(_)
            | Self::WebhookMissing { .. }
            | Self::WebhookElsewhere(_)
            | Self::WebhookSilent
            | Self::WebhookUnsigned
            | Self::WebhookTemplated => CONNECT.to_owned(),
            Self::WebhookLacks(_) => format!("{CONNECT}; a server that does not know them is too old"),
            Self::CredentialRefused => {
                "make another key in Cal.com under Settings > Developer > API keys; a key belongs to \
                one server, so see that base_url is that of this one"
                    .to_owned()
            }
            Self::CredentialExpired => {
                "make another key in Cal.com under Settings > Developer > API keys, one that does not \
                expire, or has an end that somebody remembers"
                    .to_owned()
            }
            Self::LicenceMissing => "set CALCOM_LICENSE_KEY on that server, or call it with an access token \
                (access_token in place of api_key)"
                .to_owned(),
            Self::OutOfReach(_) => "see that the number is right, and that the credential is a member's or an \
                administrator's of it"
                .to_owned(),
            Self::WrongAddress { try_this: Some(url), .. } => format!("write base_url = \"{url}\" under [[calcom]]"),
            Self::WrongAddress { try_this: None, .. } => {
                "base_url is where API v2 answers, up to what stands before /v2: not \
                the web application, and not API v1. Cal.com's own needs no base_url"
                    .to_owned()
            }
            Self::OtherVersion => {
                "something in front of that server takes the header cal-api-version away: let it pass".to_owned()
            }
            Self::TooOld => "update that server: docs/calcom.md says what is needed".to_owned(),
            Self::NothingOffered { hidden: 0 } => {
                "make an event type in Cal.com, or see that team, organization, usernames \
                and only_listed in [tenant.branch.calcom] are right"
                    .to_owned()
            }
            Self::NothingOffered { .. } => "show them in Cal.com: the switch beside each event type".to_owned(),
            Self::NamedUnknown(_) => "mend their numbers under [[tenant.branch.calcom.event_types]]".to_owned(),
            Self::NoWebhookSecret => {
                "write webhook_secret under [[calcom]] (`openssl rand -hex 24` makes one) and run \
                `chatplug tenant webhooks`"
                    .to_owned()
            }
            Self::NoPublicAddress => {
                "write public_url under [server]: how the world reaches this server; without webhooks, \
                what the team changes is noticed later"
                    .to_owned()
            }
            Self::WebhookByHand => "enter the webhook in Cal.com under Settings > Developer > Webhooks: \
                `chatplug tenant webhooks --show` prints its address and its secret"
                .to_owned(),
            Self::NotAsked { .. } => {
                "run it again in a while; where it stays so, look at base_url, at the network and at that server"
                    .to_owned()
            }
        }
    }
}

/// What a finding says.
pub(super) fn what(finding: &F) -> String {
    match finding {
        F::Server { host, kind } => {
            let kind = match kind {
                ServerKind::Cloud => "Cal.com's own server",
                ServerKind::Images2025 => "a server of 2025",
                ServerKind::Community2026 => "a server of 2026",
                ServerKind::Own => "a server of its own",
            };
            format!("{host} answers ({kind})")
        }
        F::Account { username, zone } => format!("calls are made as {username}, {zone}"),
        F::Platform => "calls are made as a platform".to_owned(),
        F::Offers { services, staff, event_types } => {
            let each = event_types
                .iter()
                .map(|(id, title, hidden)| format!("{id} {}{}", word(title), if *hidden { " (hidden)" } else { "" }));
            let each: Vec<String> = each.collect();
            format!("{services} services and {staff} people can be booked; event types: {}", each.join(", "))
        }
        F::WebhookSet { others: 0 } => "changes are told here".to_owned(),
        F::WebhookSet { others } => format!("changes are told here, beside {others} other addresses"),
        F::ZoneDiffers { there, here } => {
            format!("the user's zone in Cal.com is {}, and the branch's is {here}", word(there))
        }
        F::LeftOut(left) => {
            let each: Vec<String> =
                left.iter().map(|(id, title, why)| format!("{id} {} ({})", word(title), because(why))).collect();
            format!("event types that are not offered in a chat: {}", list(&each))
        }
        F::EmailDemanded(titles) => {
            format!("clients are asked for an e-mail address, since Cal.com demands it for {}", titled(titles))
        }
        F::SomeWithoutTimes(titles) => format!("no time in the next two weeks for {}", titled(titles)),
        F::NoTimes => "nothing is free in the next two weeks".to_owned(),
        F::WebhookToo(hosts) => format!("another server of this kind is told, too: {}", list(hosts)),
        F::WebhookOutdated(n) => format!("{n} addresses of this server stand there that it does not answer any more"),
        F::WebhookDoubled(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("event types that tell what the user's webhook tells already: {}", list(&ids))
        }
        F::CredentialRefused => "the server does not take the credential".to_owned(),
        F::CredentialExpired => "the credential has expired".to_owned(),
        F::LicenceMissing => "the server takes no API keys: it has no licence key of its own".to_owned(),
        F::OutOfReach(place) => format!("there is no {place}, or the credential does not see it"),
        F::WrongAddress { base_url, .. } => format!("what answers at {base_url} is not Cal.com's API v2"),
        F::OtherVersion => "the server answers in another version of its API than was asked for".to_owned(),
        F::TooOld => "the server does not have a call that is needed".to_owned(),
        F::NothingOffered { hidden: 0 } => "there is nothing to book".to_owned(),
        F::NothingOffered { hidden } => format!("there is nothing to book: {hidden} event types are hidden"),
        F::NamedUnknown(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("the configuration names event types that are not there: {}", list(&ids))
        }
        F::WebhookMissing { listed: 0, .. } => "changes are not told here".to_owned(),
        F::WebhookMissing { listed, wanted } => {
            format!("changes are told here by {listed} of {wanted} event types: each of a team's has its own webhooks")
        }
        F::WebhookElsewhere(hosts) => format!("changes are told elsewhere: {}", list(hosts)),
        F::WebhookSilent => "changes are not told here: the webhook is there, and switched off".to_owned(),
        F::WebhookUnsigned => "the webhook has another secret than ours, or none: what it tells is refused".to_owned(),
        F::WebhookTemplated => "the webhook has a template of its own: what it tells is not understood".to_owned(),
        F::WebhookLacks(kinds) => format!("not all changes are told here; missing: {}", list(kinds)),
        F::NoWebhookSecret => {
            "there is no webhook_secret, so changes by the team are found by looking, within minutes".to_owned()
        }
        F::NoPublicAddress => "it is not configured how the world reaches this server".to_owned(),
        F::WebhookByHand => "the webhooks cannot be read with this credential, or over this server's API".to_owned(),
        F::NotAsked { what, why } => format!("{what} could not be looked at: {why}"),
    }
}

/// Why an event type is not offered.
fn because(why: &CalcomLeftOut) -> String {
    match why {
        CalcomLeftOut::Parent => "the parent of others".to_owned(),
        CalcomLeftOut::EmailCode => "wants a code by e-mail".to_owned(),
        CalcomLeftOut::Recurring => "makes several bookings at once".to_owned(),
        CalcomLeftOut::Instant => "begins at once".to_owned(),
        CalcomLeftOut::Nobody => "nobody does it, or nobody who is shown".to_owned(),
        CalcomLeftOut::OwnerOnly => "only its owner may book it".to_owned(),
        CalcomLeftOut::Asks { slug } => format!("asks for `{}`", word(slug)),
        CalcomLeftOut::Place => "the client would have to name the place".to_owned(),
        CalcomLeftOut::Nameless => "has no name, or takes no time".to_owned(),
    }
}

fn titled(titles: &[String]) -> String {
    list(&titles.iter().map(|title| word(title)).collect::<Vec<_>>())
}

/// Some of a list, and how many more there are.
fn list(words: &[String]) -> String {
    let shown = words.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match words.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{shown}, and {more} more"),
        _ => shown,
    }
}

/// Somebody's words on a screen: no control characters, and not too many.
fn word(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
