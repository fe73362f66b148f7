//! Every route: who may call it, what it takes, who answers.

mod fields;

use super::{
    answer::Done,
    api::{account, catalog, clients, online, records, schedule},
    call::{Call, PathParts},
    contract::{Field, Kind, may, must},
    hooks,
    http::Host,
    market,
    state::State,
};
use fields::{
    ACTIVATION, APPLICATION_ID, APPOINTMENT, CLIENT, COUNT, HOOKS, INCLUDES, PAGE, RECORD, SALON_ID, SERVICE_IDS,
    STAFF_QUERY,
};

/// A route.
#[derive(Debug)]
pub(super) struct Route {
    /// Verb and path; `{staff?}` may be missing.
    pub(super) name: &'static str,
    pub(super) who: Who,
    pub(super) query: &'static [Field],
    /// `None`: no body.
    pub(super) body: Option<&'static [Field]>,
    /// Refused when the location does not pay.
    pub(super) licensed: bool,
    /// Checks whether a time is free before it writes.
    pub(super) arbitrates: bool,
    pub(super) run: fn(&mut State, &Call) -> Done,
}

/// Whose token is needed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    /// The partner's.
    Partner,
    /// The partner's and that of a user with a right.
    User(&'static str),
}

/// The route of a call with the parts of its path, or whether there is one for another verb.
pub(super) fn find(host: Host, method: &str, path: &str) -> Result<(&'static Route, PathParts), bool> {
    let mut other_verb = false;
    for route in ROUTES.iter().filter(|route| route.is_at(host)) {
        let Some((verb, pattern)) = route.name.split_once(' ') else { continue };
        if let Some(parts) = fits(pattern, path) {
            if verb == method {
                return Ok((route, parts));
            }
            other_verb = true;
        }
    }
    Err(other_verb)
}

/// Whether a name that a test gave means any route at all.
pub(super) fn known(given: &str) -> bool {
    ROUTES.iter().any(|route| super::fault::means(given, route.name))
}

impl Route {
    /// Whether it is of the marketplace.
    pub(super) fn marketplace(&self) -> bool {
        self.name.contains(" /marketplace/")
    }

    /// Some calls of the marketplace are printed under the API's host as well.
    fn is_at(&self, host: Host) -> bool {
        match host {
            Host::Api => !self.marketplace() || self.name.contains(" /marketplace/application/"),
            Host::Marketplace => self.marketplace(),
        }
    }
}

fn fits(pattern: &'static str, path: &str) -> Option<PathParts> {
    let mut given = path.split('/').filter(|part| !part.is_empty());
    let mut parts = Vec::new();
    for wanted in pattern.split('/').filter(|part| !part.is_empty()) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => match (given.next(), name.strip_suffix('?')) {
                (Some(value), optional) => parts.push((optional.unwrap_or(name), value.to_owned())),
                (None, Some(_)) => {}
                (None, None) => return None,
            },
            None if given.next() == Some(wanted) => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(parts)
}

const READ: Route = Route {
    name: "",
    who: Who::Partner,
    query: &[],
    body: None,
    licensed: false,
    arbitrates: false,
    run: account::nothing,
};

/// The business API. Of two that fit, the first is meant.
static ROUTES: &[Route] = &[
    // ── Who one is ──────────────────────────────────────────────────────────────────────────────────────────────────
    Route {
        name: "POST /auth",
        body: Some(&[
            must("login", Kind::Text),
            must("password", Kind::Text),
            may("2fa", Kind::Object(&[must("uuid", Kind::Text), must("secret", Kind::Text)])),
        ]),
        run: account::auth,
        ..READ
    },
    Route {
        name: "GET /user/permissions/{company}",
        who: Who::User("timetable_access"),
        run: account::permissions,
        ..READ
    },
    // ── What is offered ─────────────────────────────────────────────────────────────────────────────────────────────
    Route {
        name: "GET /companies",
        query: &[
            may("id", Kind::Int),
            may("group_id", Kind::Int),
            may("my", Kind::Bit),
            may("active", Kind::Bit),
            may("moderated", Kind::Bit),
            may("forBooking", Kind::Bit),
            may("show_groups", Kind::Bit),
            may("showBookforms", Kind::Bit),
            may("city_id", Kind::Int),
            may("title", Kind::Text),
            may("coordinate_lat", Kind::Number),
            may("coordinate_lon", Kind::Number),
            may("distance", Kind::Number),
            may("include", Kind::Texts),
            PAGE,
            COUNT,
        ],
        run: catalog::companies,
        ..READ
    },
    Route {
        name: "GET /company/{company}",
        query: &[
            may("my", Kind::Bit),
            may("forBooking", Kind::Bit),
            may("show_groups", Kind::Bit),
            may("showBookforms", Kind::Bit),
            may("bookform_id", Kind::Int),
        ],
        run: catalog::company,
        ..READ
    },
    Route {
        name: "GET /company/{company}/service_categories/{category?}",
        query: STAFF_QUERY,
        who: Who::User("timetable_access"),
        licensed: true,
        run: catalog::categories,
        ..READ
    },
    Route {
        name: "GET /service_categories/{company}/{category?}",
        query: STAFF_QUERY,
        licensed: true,
        run: catalog::categories,
        ..READ
    },
    Route {
        name: "GET /company/{company}/services/{service?}",
        query: STAFF_QUERY,
        who: Who::User("timetable_access"),
        licensed: true,
        run: catalog::services,
        ..READ
    },
    Route {
        name: "GET /services/{company}/{service?}",
        query: STAFF_QUERY,
        who: Who::User("timetable_access"),
        licensed: true,
        run: catalog::services,
        ..READ
    },
    Route {
        name: "GET /company/{company}/staff/positions",
        who: Who::User("timetable_access"),
        run: catalog::positions,
        ..READ
    },
    Route {
        name: "GET /company/{company}/staff/schedule",
        query: &[
            must("start_date", Kind::Day),
            must("end_date", Kind::Day),
            may("staff_ids", Kind::Ints),
            may("include", Kind::Texts),
        ],
        who: Who::User("timetable_access"),
        run: schedule::read,
        ..READ
    },
    Route {
        name: "PUT /company/{company}/staff/schedule",
        body: Some(&[may("schedules_to_set", Kind::Any), may("schedules_to_delete", Kind::Any)]),
        who: Who::User("timetable_schedule_edit_access"),
        run: schedule::write,
        ..READ
    },
    Route {
        name: "GET /company/{company}/staff/{staff?}",
        who: Who::User("timetable_access"),
        licensed: true,
        run: catalog::staff_short,
        ..READ
    },
    Route {
        name: "GET /staff/{company}/{staff?}",
        who: Who::User("timetable_access"),
        licensed: true,
        run: catalog::staff,
        ..READ
    },
    Route { name: "GET /resources/{company}", who: Who::User("timetable_access"), run: catalog::resources, ..READ },
    Route {
        name: "GET /company/{company}/settings/online",
        who: Who::User("timetable_access"),
        run: catalog::settings,
        ..READ
    },
    Route { name: "GET /privacy_policy/{company}", run: catalog::privacy_policy, ..READ },
    Route {
        name: "GET /comments/{company}",
        query: &[
            may("staff_id", Kind::Int),
            may("start_date", Kind::Day),
            may("end_date", Kind::Day),
            may("rating", Kind::Int),
            PAGE,
            COUNT,
        ],
        who: Who::User("timetable_access"),
        run: catalog::comments,
        ..READ
    },
    Route {
        name: "GET /schedule/{company}/{staff}/{from}/{to}",
        who: Who::User("timetable_access"),
        run: schedule::one,
        ..READ
    },
    // ── Online booking ──────────────────────────────────────────────────────────────────────────────────────────────
    Route { name: "GET /bookform/{form}", run: online::form, ..READ },
    Route {
        name: "GET /book_services/{company}",
        query: &[may("staff_id", Kind::Int), may("datetime", Kind::Moment), SERVICE_IDS],
        run: online::services,
        ..READ
    },
    Route {
        name: "GET /book_staff/{company}",
        query: &[may("datetime", Kind::Moment), SERVICE_IDS],
        run: online::staff,
        ..READ
    },
    Route {
        name: "GET /book_dates/{company}",
        query: &[may("staff_id", Kind::Int), may("date", Kind::Day), SERVICE_IDS],
        run: online::dates,
        ..READ
    },
    Route { name: "GET /book_times/{company}/{staff}/{date}", query: &[SERVICE_IDS], run: online::times, ..READ },
    Route {
        name: "GET /book_staff_seances/{company}/{staff}",
        query: &[may("datetime", Kind::Moment), SERVICE_IDS],
        run: online::seances,
        ..READ
    },
    Route {
        name: "POST /book_check/{company}",
        body: Some(&[must("appointments", Kind::Objects(APPOINTMENT))]),
        run: online::check,
        ..READ
    },
    Route {
        name: "POST /book_record/{company}",
        body: Some(&[
            must("fullname", Kind::Text),
            must("phone", Kind::Text),
            may("email", Kind::Text),
            may("code", Kind::Code),
            may("comment", Kind::Text),
            may("type", Kind::Text),
            may("notify_by_sms", Kind::Int),
            may("notify_by_email", Kind::Int),
            may("api_id", Kind::Key),
            may("is_personal_data_processing_allowed", Kind::Flag),
            may("is_newsletter_allowed", Kind::Flag),
            may("custom_fields", Kind::Any),
            must("appointments", Kind::Objects(APPOINTMENT)),
        ]),
        arbitrates: true,
        run: online::record,
        ..READ
    },
    Route { name: "GET /book_record/{company}/{record}/{hash}", run: online::one, ..READ },
    Route {
        name: "PUT /book_record/{company}/{record}",
        body: Some(&[must("datetime", Kind::Moment), may("comment", Kind::Text)]),
        arbitrates: true,
        run: online::relocate,
        ..READ
    },
    Route { name: "GET /user/records/{record}/{hash}", run: online::mine, ..READ },
    Route { name: "DELETE /user/records/{record}/{hash}", run: online::cancel, ..READ },
    // ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────
    Route {
        name: "GET /records/{company}",
        query: &[
            PAGE,
            COUNT,
            may("staff_id", Kind::Int),
            may("client_id", Kind::Int),
            may("created_user_id", Kind::Int),
            may("start_date", Kind::Day),
            may("end_date", Kind::Day),
            may("c_start_date", Kind::Day),
            may("c_end_date", Kind::Day),
            may("changed_after", Kind::Moment),
            may("changed_before", Kind::Moment),
            may("with_deleted", Kind::Bit),
            may("include_consumables", Kind::Bit),
            may("include_finance_transactions", Kind::Bit),
        ],
        who: Who::User("timetable_access"),
        run: records::list,
        ..READ
    },
    Route {
        name: "POST /records/{company}",
        body: Some(RECORD),
        who: Who::User("create_records_access"),
        arbitrates: true,
        run: records::create,
        ..READ
    },
    Route {
        name: "GET /record/{company}/{record}",
        query: INCLUDES,
        who: Who::User("timetable_access"),
        run: records::one,
        ..READ
    },
    Route {
        name: "PUT /record/{company}/{record}",
        body: Some(RECORD),
        who: Who::User("edit_records_access"),
        arbitrates: true,
        run: records::update,
        ..READ
    },
    Route {
        name: "DELETE /record/{company}/{record}",
        who: Who::User("delete_records_access"),
        run: records::delete,
        ..READ
    },
    Route { name: "GET /visits/{visit}", who: Who::User("timetable_access"), run: records::visit, ..READ },
    Route {
        name: "PUT /visits/{visit}/{record}",
        body: Some(&[
            must("attendance", Kind::Int),
            must("comment", Kind::Text),
            may("services", Kind::Any),
            may("goods_transactions", Kind::Any),
            may("new_transactions", Kind::Any),
            may("deleted_transaction_ids", Kind::Ints),
            may("fast_payment", Kind::Int),
        ]),
        who: Who::User("edit_records_attendance_access"),
        run: records::attend,
        ..READ
    },
    // ── Clients ─────────────────────────────────────────────────────────────────────────────────────────────────────
    Route {
        name: "POST /company/{company}/clients/search",
        body: Some(&[
            may("page", Kind::Int),
            may("page_size", Kind::Int),
            may("fields", Kind::Texts),
            may("order_by", Kind::Text),
            may("order_by_direction", Kind::Text),
            may("operation", Kind::Text),
            may(
                "filters",
                Kind::Objects(&[must("type", Kind::Text), must("state", Kind::Any), may("invert", Kind::Flag)]),
            ),
        ]),
        who: Who::User("record_form_client_access"),
        run: clients::search,
        ..READ
    },
    Route {
        name: "GET /clients/{company}",
        query: &[PAGE, COUNT, may("phone", Kind::Text), may("fullname", Kind::Text)],
        who: Who::User("record_form_client_access"),
        run: clients::list,
        ..READ
    },
    Route {
        name: "POST /clients/{company}",
        body: Some(CLIENT),
        who: Who::User("record_form_client_access"),
        run: clients::create,
        ..READ
    },
    Route {
        name: "GET /client/{company}/{client}",
        who: Who::User("record_form_client_access"),
        run: clients::one,
        ..READ
    },
    Route {
        name: "PUT /client/{company}/{client}",
        body: Some(CLIENT),
        who: Who::User("record_form_client_access"),
        run: clients::update,
        ..READ
    },
    Route {
        name: "DELETE /client/{company}/{client}",
        who: Who::User("record_form_client_access"),
        run: clients::delete,
        ..READ
    },
    Route {
        name: "GET /group/{group}/clients",
        query: &[must("phone", Kind::Text)],
        who: Who::User("record_form_client_access"),
        run: clients::of_chain,
        ..READ
    },
    Route {
        name: "GET /loyalty/abonements",
        query: &[must("company_id", Kind::Int), must("phone", Kind::Text)],
        who: Who::User("record_form_client_access"),
        run: clients::memberships,
        ..READ
    },
    // ── Webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────
    Route { name: "GET /hooks_settings/{company}", who: Who::User("webhook_read_access"), run: hooks::read, ..READ },
    Route {
        name: "POST /hooks_settings/{company}",
        body: Some(HOOKS),
        who: Who::User("webhook_edit_access"),
        run: hooks::write,
        ..READ
    },
    Route {
        name: "GET /company/{company}/analytics/overall",
        query: &[
            must("date_from", Kind::Day),
            must("date_to", Kind::Day),
            may("staff_id", Kind::Int),
            may("position_id", Kind::Int),
            may("user_id", Kind::Int),
        ],
        who: Who::User("stat_access"),
        run: account::overall,
        ..READ
    },
    // ── Marketplace ─────────────────────────────────────────────────────────────────────────────────────────────────
    Route { name: "POST /marketplace/partner/callback", body: Some(ACTIVATION), run: market::activate, ..READ },
    Route {
        name: "POST /marketplace/partner/callback/redirect",
        body: Some(ACTIVATION),
        run: market::activate,
        ..READ
    },
    Route { name: "GET /marketplace/salon/{salon}/application/{app}", run: market::status, ..READ },
    Route {
        name: "GET /marketplace/application/{app}/salons",
        query: &[must("page", Kind::Int), must("count", Kind::Int)],
        run: market::salons,
        ..READ
    },
    Route { name: "POST /marketplace/salon/{salon}/application/{app}/uninstall", run: market::uninstall, ..READ },
    Route {
        name: "POST /marketplace/partner/payment",
        body: Some(&[
            SALON_ID,
            APPLICATION_ID,
            must("payment_sum", Kind::Number),
            must("currency_iso", Kind::Text),
            must("payment_date", Kind::Moment),
            must("period_from", Kind::Moment),
            must("period_to", Kind::Moment),
        ]),
        run: market::payment,
        ..READ
    },
    Route { name: "POST /marketplace/partner/payment/refund/{payment}", run: market::refund, ..READ },
    Route {
        name: "GET /marketplace/application/payment_link",
        query: &[SALON_ID, APPLICATION_ID, may("discount", Kind::Number), may("tariff_option_id", Kind::Int)],
        run: market::payment_link,
        ..READ
    },
    Route { name: "GET /marketplace/application/{app}/tariffs", run: market::tariffs, ..READ },
    Route {
        name: "POST /marketplace/application/add_discount",
        body: Some(&[must("salon_ids", Kind::Ints), APPLICATION_ID, must("discount", Kind::Number)]),
        run: market::add_discount,
        ..READ
    },
    Route {
        name: "POST /marketplace/application/update_channel",
        body: Some(&[SALON_ID, APPLICATION_ID, must("channel_slug", Kind::Text), must("is_available", Kind::Flag)]),
        run: market::update_channel,
        ..READ
    },
    Route {
        name: "POST /marketplace/partner/short_names",
        body: Some(&[SALON_ID, APPLICATION_ID, must("short_names", Kind::Texts)]),
        run: market::short_names,
        ..READ
    },
    Route {
        name: "POST /marketplace/application/new_message",
        body: Some(&[
            SALON_ID,
            APPLICATION_ID,
            must("phone_from", Kind::Text),
            must("message", Kind::Text),
            may("name", Kind::Text),
        ]),
        run: market::taken,
        ..READ
    },
];
