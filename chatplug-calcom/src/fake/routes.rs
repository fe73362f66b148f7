//! Every route: how it is called, in which version, by whom, on which servers, and what does it.

use super::{
    answer::Done,
    api::{bookings, calendars, change, create, event_types, list, me, old, organizations, people, reservations},
    api::{schedules, slots, teams},
    call::{Call, PathParts},
    hooks,
    server::Server,
    state::State,
};

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Anybody; but a wrong key is refused.
    Anybody,
    /// A user; nobody gets 403.
    User,
    /// A user; nobody gets 401.
    Myself,
}

/// Which `cal-api-version` a route has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// Whatever is sent.
    Any,
    /// This one alone.
    Only(&'static str),
    /// Whatever is sent but this one: what was there before it.
    Not(&'static str),
}

pub(super) const SLOTS: &str = "2024-09-04";
pub(super) const BOOKINGS: &str = "2024-08-13";
pub(super) const EVENT_TYPES: &str = "2024-06-14";
pub(super) const SCHEDULES: &str = "2024-06-11";

/// Which servers have a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Every,
    /// Those of 2026.
    New,
    /// All but the community edition.
    NotCommunity,
}

impl On {
    const fn has(self, server: Server) -> bool {
        match self {
            Self::Every => true,
            Self::New => server.is_newer(),
            Self::NotCommunity => !matches!(server, Server::Community2026),
        }
    }
}

/// What a handler is.
pub(super) type Run = fn(&mut State, &Call) -> Done;

/// A route.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: &'static str,
    pub(super) version: Version,
    pub(super) who: Who,
    pub(super) on: On,
    /// Parameters of the query that it knows; others are ignored.
    pub(super) query: &'static [&'static str],
    /// It decides between two who want the same time.
    pub(super) arbitrates: bool,
    pub(super) run: Run,
}

/// Finds the route of a call on a server.
pub(super) fn find(server: Server, method: &str, path: &str, version: &str) -> Option<(&'static Route, PathParts)> {
    let fits = |route: &&Route| {
        route.on.has(server)
            && match route.version {
                Version::Any => true,
                Version::Only(wanted) => wanted == version,
                Version::Not(other) => other != version,
            }
    };
    // Literal parts come before those that stand for anything: the table is in that order.
    ROUTES.iter().filter(fits).find_map(|route| Some((route, parts(route.name, method, path)?)))
}

/// Whether some version of a route is there.
pub(super) fn exists(server: Server, method: &str, path: &str) -> bool {
    ROUTES.iter().any(|route| route.on.has(server) && parts(route.name, method, path).is_some())
}

/// Whether a name that a test gives means any route.
pub(super) fn known(name: &str) -> bool {
    name == "*" || ROUTES.iter().any(|route| super::fault::means(name, route.name))
}

fn parts(name: &'static str, method: &str, path: &str) -> Option<PathParts> {
    let (verb, pattern) = name.split_once(' ')?;
    if verb != method {
        return None;
    }
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut parts = PathParts::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parts),
            (Some(wanted), Some(given)) => match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !given.is_empty() => parts.push((name, given.to_owned())),
                None if wanted == given => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

const fn route(name: &'static str, version: Version, who: Who, run: Run) -> Route {
    Route { name, version, who, on: On::Every, query: &[], arbitrates: false, run }
}

const fn slot(name: &'static str, run: Run) -> Route {
    route(name, Version::Only(SLOTS), Who::Anybody, run)
}

const fn booking(name: &'static str, who: Who, run: Run) -> Route {
    route(name, Version::Only(BOOKINGS), who, run)
}

const fn user(name: &'static str, run: Run) -> Route {
    route(name, Version::Any, Who::User, run)
}

const fn in_organization(name: &'static str, run: Run) -> Route {
    Route { on: On::NotCommunity, ..user(name, run) }
}

impl Route {
    const fn asks(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    const fn deciding(self) -> Self {
        Self { arbitrates: true, ..self }
    }

    const fn only(self, on: On) -> Self {
        Self { on, ..self }
    }
}

const PAGE: &[&str] = &["take", "skip"];

static ROUTES: &[Route] = &[
    // ── Slots ───────────────────────────────────────────────────────────────────────────────────────────────────────
    slot("GET /slots", slots::list).asks(&[
        "eventTypeId",
        "eventTypeSlug",
        "username",
        "teamSlug",
        "organizationSlug",
        "usernames",
        "start",
        "end",
        "timeZone",
        "duration",
        "format",
        "bookingUidToReschedule",
    ]),
    route("GET /slots/available", Version::Not(SLOTS), Who::Anybody, old::slots).asks(&[
        "eventTypeId",
        "startTime",
        "endTime",
        "timeZone",
        "duration",
    ]),
    slot("POST /slots/reservations", reservations::create),
    slot("GET /slots/reservations/{uid}", reservations::read),
    slot("PATCH /slots/reservations/{uid}", reservations::update),
    slot("DELETE /slots/reservations/{uid}", reservations::delete),
    // ── Bookings ────────────────────────────────────────────────────────────────────────────────────────────────────
    booking("POST /bookings", Who::Anybody, create::create).deciding(),
    route("POST /bookings", Version::Not(BOOKINGS), Who::Anybody, old::book),
    booking("GET /bookings", Who::User, list::mine).asks(list::KNOWN),
    route("GET /bookings", Version::Not(BOOKINGS), Who::User, old::bookings),
    booking("GET /bookings/by-seat/{seat}", Who::Anybody, bookings::by_seat).only(On::New),
    booking("GET /bookings/{uid}", Who::Anybody, bookings::read),
    booking("POST /bookings/{uid}/reschedule", Who::Anybody, change::reschedule).deciding(),
    booking("POST /bookings/{uid}/cancel", Who::Anybody, change::cancel),
    booking("POST /bookings/{uid}/confirm", Who::User, bookings::confirm),
    booking("POST /bookings/{uid}/decline", Who::User, bookings::decline),
    booking("POST /bookings/{uid}/mark-absent", Who::User, bookings::mark_absent),
    booking("POST /bookings/{uid}/reassign", Who::User, bookings::reassign),
    booking("POST /bookings/{uid}/reassign/{user}", Who::User, bookings::reassign_to),
    booking("GET /bookings/{uid}/attendees", Who::User, people::list).only(On::New),
    booking("POST /bookings/{uid}/attendees", Who::User, people::add).only(On::New),
    booking("GET /bookings/{uid}/attendees/{attendee}", Who::User, people::one).only(On::New),
    booking("POST /bookings/{uid}/guests", Who::User, people::guests).only(On::New),
    booking("PATCH /bookings/{uid}/location", Who::User, people::location).only(On::New),
    // ── Event types ─────────────────────────────────────────────────────────────────────────────────────────────────
    route("GET /event-types", Version::Only(EVENT_TYPES), Who::Anybody, event_types::list).asks(&[
        "username",
        "eventSlug",
        "usernames",
        "orgSlug",
        "orgId",
        "sortCreatedAt",
    ]),
    route("GET /event-types", Version::Not(EVENT_TYPES), Who::User, old::event_types),
    route("POST /event-types", Version::Only(EVENT_TYPES), Who::User, event_types::create),
    route("GET /event-types/{id}", Version::Only(EVENT_TYPES), Who::User, event_types::read),
    route("PATCH /event-types/{id}", Version::Only(EVENT_TYPES), Who::User, event_types::update),
    route("DELETE /event-types/{id}", Version::Only(EVENT_TYPES), Who::User, event_types::delete),
    user("GET /event-types/{id}/webhooks", hooks::list_of_type).asks(PAGE),
    user("POST /event-types/{id}/webhooks", hooks::create_of_type),
    user("DELETE /event-types/{id}/webhooks", hooks::clear_type),
    user("GET /event-types/{id}/webhooks/{hook}", hooks::read),
    user("PATCH /event-types/{id}/webhooks/{hook}", hooks::update),
    user("DELETE /event-types/{id}/webhooks/{hook}", hooks::delete),
    // ── Schedules ───────────────────────────────────────────────────────────────────────────────────────────────────
    route("GET /schedules/default", Version::Only(SCHEDULES), Who::User, schedules::default),
    route("GET /schedules", Version::Only(SCHEDULES), Who::User, schedules::list),
    route("GET /schedules", Version::Not(SCHEDULES), Who::User, old::schedules),
    route("POST /schedules", Version::Only(SCHEDULES), Who::User, schedules::create),
    route("GET /schedules/{id}", Version::Only(SCHEDULES), Who::User, schedules::read),
    route("PATCH /schedules/{id}", Version::Only(SCHEDULES), Who::User, schedules::update),
    route("DELETE /schedules/{id}", Version::Only(SCHEDULES), Who::User, schedules::delete),
    // ── Oneself ─────────────────────────────────────────────────────────────────────────────────────────────────────
    route("GET /me", Version::Any, Who::Myself, me::read),
    user("GET /calendars", calendars::list),
    route("GET /calendars/busy-times", Version::Any, Who::User, calendars::busy),
    // ── Webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────
    user("GET /webhooks", hooks::list).asks(PAGE),
    user("POST /webhooks", hooks::create),
    user("GET /webhooks/{hook}", hooks::read),
    user("PATCH /webhooks/{hook}", hooks::update),
    user("DELETE /webhooks/{hook}", hooks::delete),
    // ── Teams ───────────────────────────────────────────────────────────────────────────────────────────────────────
    user("GET /teams", teams::list),
    user("GET /teams/{team}", teams::read),
    user("GET /teams/{team}/memberships", teams::members).asks(PAGE),
    user("GET /teams/{team}/event-types", event_types::of_team).asks(&["eventSlug", "take", "skip", "sortCreatedAt"]),
    user("POST /teams/{team}/event-types", event_types::create_in_team),
    user("GET /teams/{team}/event-types/{id}", event_types::read_in_team),
    user("PATCH /teams/{team}/event-types/{id}", event_types::update_in_team),
    user("DELETE /teams/{team}/event-types/{id}", event_types::delete_in_team),
    user("GET /teams/{team}/event-types/{id}/webhooks", hooks::list_of_type).asks(PAGE),
    user("POST /teams/{team}/event-types/{id}/webhooks", hooks::create_of_type),
    user("PATCH /teams/{team}/event-types/{id}/webhooks/{hook}", hooks::update),
    user("DELETE /teams/{team}/event-types/{id}/webhooks/{hook}", hooks::delete),
    user("GET /teams/{team}/schedules", teams::schedules).asks(PAGE).only(On::New),
    user("GET /teams/{team}/bookings", list::of_team).asks(list::KNOWN).only(On::New),
    // ── Organisations ───────────────────────────────────────────────────────────────────────────────────────────────
    in_organization("GET /organizations/{org}/teams", organizations::teams).asks(PAGE),
    in_organization("GET /organizations/{org}/users", organizations::users).asks(&["take", "skip", "emails"]),
    in_organization("GET /organizations/{org}/memberships", organizations::members).asks(PAGE),
    in_organization("GET /organizations/{org}/bookings", list::of_organization).asks(list::KNOWN),
    in_organization("GET /organizations/{org}/schedules", organizations::schedules).asks(PAGE),
    in_organization("GET /organizations/{org}/users/{user}/schedules", organizations::schedules_of),
    in_organization("GET /organizations/{org}/users/{user}/schedules/{id}", organizations::schedule),
    in_organization("POST /organizations/{org}/users/{user}/schedules", organizations::add_schedule),
    in_organization("PATCH /organizations/{org}/users/{user}/schedules/{id}", organizations::change_schedule),
    in_organization("DELETE /organizations/{org}/users/{user}/schedules/{id}", organizations::remove_schedule),
    in_organization("GET /organizations/{org}/users/{user}/bookings", list::of_member).asks(list::KNOWN),
    in_organization("GET /organizations/{org}/users/{user}/ooo", organizations::absences).asks(PAGE),
    in_organization("POST /organizations/{org}/users/{user}/ooo", organizations::add_absence),
    in_organization("PATCH /organizations/{org}/users/{user}/ooo/{ooo}", organizations::change_absence),
    in_organization("DELETE /organizations/{org}/users/{user}/ooo/{ooo}", organizations::remove_absence),
    in_organization("GET /organizations/{org}/webhooks", hooks::list_of_organization).asks(PAGE),
    in_organization("POST /organizations/{org}/webhooks", hooks::create_of_organization),
    in_organization("GET /organizations/{org}/webhooks/{hook}", hooks::read),
    in_organization("PATCH /organizations/{org}/webhooks/{hook}", hooks::update),
    in_organization("DELETE /organizations/{org}/webhooks/{hook}", hooks::delete),
    in_organization("GET /organizations/{org}/teams/event-types", event_types::of_organization).asks(PAGE),
    in_organization("GET /organizations/{org}/ooo", organizations::all_absences).asks(PAGE),
    in_organization("GET /organizations/{org}/teams/{team}", teams::read),
    in_organization("GET /organizations/{org}/teams/{team}/memberships", teams::members).asks(PAGE),
    in_organization("GET /organizations/{org}/teams/{team}/event-types", event_types::of_team).asks(&[
        "eventSlug",
        "take",
        "skip",
        "sortCreatedAt",
    ]),
    in_organization("POST /organizations/{org}/teams/{team}/event-types", event_types::create_in_team),
    in_organization("GET /organizations/{org}/teams/{team}/event-types/{id}", event_types::read_in_team),
    in_organization("PATCH /organizations/{org}/teams/{team}/event-types/{id}", event_types::update_in_team),
    in_organization("DELETE /organizations/{org}/teams/{team}/event-types/{id}", event_types::delete_in_team),
    in_organization("GET /organizations/{org}/teams/{team}/bookings", list::of_team).asks(list::KNOWN),
    // ── Managed users ───────────────────────────────────────────────────────────────────────────────────────────────
    user("GET /oauth-clients/{client}/webhooks", hooks::list_of_client).asks(PAGE),
    user("POST /oauth-clients/{client}/webhooks", hooks::create_of_client),
    user("DELETE /oauth-clients/{client}/webhooks", hooks::clear_client),
    user("GET /oauth-clients/{client}/webhooks/{hook}", hooks::read),
    user("PATCH /oauth-clients/{client}/webhooks/{hook}", hooks::update),
    user("DELETE /oauth-clients/{client}/webhooks/{hook}", hooks::delete),
    user("GET /oauth-clients/{client}/users", organizations::managed).asks(&["offset", "limit", "emails"]),
    user("POST /oauth-clients/{client}/users", organizations::manage),
    user("GET /oauth-clients/{client}/users/{user}", organizations::managed_one),
    user("POST /oauth-clients/{client}/users/{user}/force-refresh", organizations::refreshed),
];
