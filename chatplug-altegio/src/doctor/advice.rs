//! What a finding is called, and what to do about it: the sentences that an operator reads.

use super::{AltegioFinding as F, Right, list};

impl F {
    /// What it is, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Location { .. } => "altegio.location",
            Self::RightsGranted => "altegio.rights",
            Self::Offers { .. } => "altegio.offers",
            Self::WebhookSet { .. } => "altegio.webhook",
            Self::NoUserToken => "altegio.no_user_token",
            Self::RightsForLess(_) => "altegio.rights_for_less",
            Self::NumberConfirmation => "altegio.number_confirmation",
            Self::PaidBefore(_) => "altegio.paid_before",
            Self::WebhookToo(_) => "altegio.webhook_too",
            Self::WebhookOutdated(_) => "altegio.webhook_outdated",
            Self::PartnerTokenRefused => "altegio.partner_token",
            Self::UserTokenRefused => "altegio.user_token",
            Self::LocationUnknown(_) => "altegio.location_unknown",
            Self::LocationOutOfReach(_) => "altegio.location_out_of_reach",
            Self::RightsMissing(_) => "altegio.rights_missing",
            Self::OneMemberOnly => "altegio.one_member_only",
            Self::LicenceExpired => "altegio.licence",
            Self::NoOnlineBooking => "altegio.no_online_booking",
            Self::NoStaff => "altegio.no_staff",
            Self::NoSchedules => "altegio.no_schedules",
            Self::ZoneUnknown(_) => "altegio.zone",
            Self::CurrencyUnknown(_) => "altegio.currency",
            Self::WebhookMissing => "altegio.webhook_missing",
            Self::WebhookElsewhere(_) => "altegio.webhook_elsewhere",
            Self::WebhookSilent => "altegio.webhook_silent",
            Self::WebhookLacks(_) => "altegio.webhook_lacks",
            Self::NoPublicAddress => "altegio.no_public_address",
            Self::WebhookFull => "altegio.webhook_full",
            Self::WebhookByHand => "altegio.webhook_by_hand",
            Self::NotAsked { .. } => "altegio.not_asked",
        }
    }

    /// What to do about it; empty where there is nothing to be done.
    #[must_use]
    pub fn todo(&self) -> String {
        const HOOKS: &str = "run `chatplug tenant webhooks`, which adds this server and leaves the other addresses";
        match self {
            Self::Location { .. } | Self::RightsGranted | Self::Offers { .. } | Self::WebhookSet { .. } => String::new(),
            Self::NoUserToken => "to move and cancel, and to know clients again, set user_token: of an employee's account with \
                rights at this location, or of the marketplace app's own user"
                .to_owned(),
            Self::RightsForLess(_) | Self::RightsMissing(_) => "the owner grants them in Altegio, in the access rights of this \
                user; a marketplace app asks for them in its settings in the developer's cabinet, and every location then \
                connects it again"
                .to_owned(),
            Self::NumberConfirmation => "set user_token, with which no code is asked for; or switch the confirmation by SMS off \
                in the settings of the online booking"
                .to_owned(),
            Self::PaidBefore(_) => "nothing, where the team sees to the payment; else let clients of such services book through \
                Altegio's own widget"
                .to_owned(),
            Self::WebhookToo(_) => "take that address out, unless two systems are meant to answer the same clients: Settings > \
                System settings > For developers"
                .to_owned(),
            Self::WebhookOutdated(_) | Self::WebhookMissing | Self::WebhookSilent | Self::WebhookLacks(_) => HOOKS.to_owned(),
            Self::WebhookElsewhere(_) => {
                format!("if this server is to answer the location's clients now, {HOOKS}; the old one stops by its own command")
            }
            Self::PartnerTokenRefused => "copy it again, from Marketplace > Account settings of the developer's account; it \
                belongs to that account, not to the location"
                .to_owned(),
            Self::UserTokenRefused => "make a new one: a token ends when its user changes the password (for a marketplace app, \
                the developer's cabinet shows the application's token)"
                .to_owned(),
            Self::LocationUnknown(_) => "compare it with the number in the address of the location's timetable, and base_url \
                with the platform: Altegio and YCLIENTS number their locations apart"
                .to_owned(),
            Self::LocationOutOfReach(_) => "the owner adds the user to the location, or connects the marketplace app there; or \
                the branch names the user_token of somebody who is there"
                .to_owned(),
            Self::OneMemberOnly => "the owner lets the user see the appointments of all members, in the user's access rights"
                .to_owned(),
            Self::LicenceExpired => "the owner pays for Altegio; until then nothing can be booked".to_owned(),
            Self::NoOnlineBooking => "in Altegio, switch services on for online booking (Settings > Services), give each a member \
                of the team who provides it, and give those a schedule; what Altegio's own widget shows is what is offered"
                .to_owned(),
            Self::NoStaff => "in Altegio, show members of the team in the online booking (Settings > Team members)".to_owned(),
            Self::NoSchedules => "in Altegio, fill in the team's working schedule: without it there is no free time".to_owned(),
            Self::ZoneUnknown(_) => "set the time zone in the location's basic settings in Altegio".to_owned(),
            Self::CurrencyUnknown(_) => "write currency = \"…\" (three letters, such as \"EUR\") under [tenant.branch.altegio]"
                .to_owned(),
            Self::NoPublicAddress => "write public_url under [server]: how the world reaches this server; without webhooks, \
                what the team changes is noticed later"
                .to_owned(),
            Self::WebhookFull => "take out an address that nobody answers any more: Settings > System settings > For \
                developers"
                .to_owned(),
            Self::WebhookByHand => "enter the webhook's address in Settings > System settings > For developers, with the events \
                of appointments, services, categories, team members, schedule and location"
                .to_owned(),
            Self::NotAsked { .. } => "run it again in a while; where it stays so, look at base_url and at the network".to_owned(),
        }
    }
}

/// What a finding says.
pub(super) fn what(finding: &F) -> String {
    let hosts = |hosts: &[String]| list(hosts.iter().map(String::as_str));
    match finding {
        F::Location { location, title, zone, currency } => {
            format!("location {location} is \"{title}\", {zone}, {}", currency.code())
        }
        F::RightsGranted => "the user may do everything that is used".to_owned(),
        F::Offers { services, staff } => format!("{services} services and {staff} people can be booked online"),
        F::WebhookSet { others: 0 } => "changes are told here".to_owned(),
        F::WebhookSet { others } => format!("changes are told here, beside {others} other addresses"),
        F::NoUserToken => {
            "there is no user token: bookings are made as on a website, and can be neither moved nor cancelled \
            here; those that others made are not seen"
                .to_owned()
        }
        F::RightsForLess(rights) => format!("the user may not {}", lets(rights)),
        F::NumberConfirmation => {
            "clients confirm their number by a code in the online booking, and without a user token \
            that is the only way to book: nothing can be booked here"
                .to_owned()
        }
        F::PaidBefore(policy) => {
            format!(
                "online bookings are paid for or secured before ({policy}); this chat takes no payment, and books without"
            )
        }
        F::WebhookToo(known) => format!("another server of this kind is told, too: {}", hosts(known)),
        F::WebhookOutdated(n) => format!("{n} addresses of this server stand there that it does not answer any more"),
        F::PartnerTokenRefused => "Altegio does not take the partner token".to_owned(),
        F::UserTokenRefused => "Altegio takes the partner token, and does not take the user token".to_owned(),
        F::LocationUnknown(location) => format!("Altegio knows no location {location}"),
        F::LocationOutOfReach(location) => format!("the user has nothing to do with location {location}"),
        F::RightsMissing(rights) => format!("the user may not {}", lets(rights)),
        F::OneMemberOnly => {
            "the user sees the appointments of one member of the team only: others' times would look free".to_owned()
        }
        F::LicenceExpired => "the location's licence has expired".to_owned(),
        F::NoOnlineBooking => "nothing can be booked online at this location: Altegio offers no services".to_owned(),
        F::NoStaff => "nobody can be booked online at this location".to_owned(),
        F::NoSchedules => "nobody has working hours in the next two weeks".to_owned(),
        F::ZoneUnknown(zone) if zone.is_empty() => "the location has no time zone".to_owned(),
        F::ZoneUnknown(zone) => format!("the location's time zone \"{zone}\" is none that is known"),
        F::CurrencyUnknown(symbol) if symbol.is_empty() => "the location tells no currency".to_owned(),
        F::CurrencyUnknown(symbol) => format!("\"{symbol}\" stands for no currency, or for several"),
        F::WebhookMissing => "changes at the location are not told here".to_owned(),
        F::WebhookElsewhere(known) => format!("changes at the location are told elsewhere: {}", hosts(known)),
        F::WebhookSilent => "changes are not told here: the address is there, and switched off".to_owned(),
        F::WebhookLacks(kinds) => {
            format!("not all changes are told here; missing: {}", list(kinds.iter().map(String::as_str)))
        }
        F::NoPublicAddress => "it is not configured how the world reaches this server".to_owned(),
        F::WebhookFull => "the location has as many webhook addresses as it can have, all of others".to_owned(),
        F::WebhookByHand => "this platform does not tell over its API where changes are told".to_owned(),
        F::NotAsked { what, why } => format!("{what} could not be looked at: {why}"),
    }
}

/// What rights are for, with their names.
fn lets(rights: &[Right]) -> String {
    let named: Vec<String> = rights.iter().map(|right| format!("{} ({})", right.lets, right.name)).collect();
    named.join("; ")
}
