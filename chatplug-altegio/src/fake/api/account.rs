//! Users, their rights, and figures.

use crate::fake::{
    answer::{Answer, Done},
    call::Call,
    state::State,
};
use serde_json::{Value, json};

/// Rights that are asked for somewhere.
const RIGHTS: [&str; 16] = [
    "timetable_access",
    "timetable_phones_access",
    "timetable_transferring_record_access",
    "timetable_schedule_edit_access",
    "record_form_client_access",
    "create_records_access",
    "edit_records_access",
    "edit_records_attendance_access",
    "delete_records_access",
    "delete_customer_came_records_access",
    "delete_paid_records_access",
    "record_edit_full_paid_access",
    "webhook_read_access",
    "webhook_edit_access",
    "send_sms",
    "stat_access",
];
/// What the second factor is, when one is asked for.
const SECRET: &str = "123456";

pub(in crate::fake) fn nothing(_: &mut State, _: &Call) -> Done {
    Err(Answer::not_found())
}

/// `POST /auth`: a user token for a login.
pub(in crate::fake) fn auth(state: &mut State, call: &Call) -> Done {
    let text = |key: &str| call.body[key].as_str().unwrap_or_default();
    let fits = |user: &&crate::fake::users::User| user.login == text("login") && user.password == text("password");
    let Some(user) = state.users.users.iter().find(fits) else {
        return Err(Answer::refused(404, "Wrong login or password"));
    };
    if state.users.second_factor && call.body["2fa"]["secret"] != SECRET {
        let transport = json!({"type": "email", "recipient": "j***@example.com"});
        let data = json!({"uuid": "a0f6c1b4-0000-4000-8000-000000000001", "flow": "login", "transport": transport,
            "refresh_ttl_sec": 60, "attempts_left": 3});
        return Ok(Answer::ok(data));
    }
    Ok(Answer::created(json!({
        "id": user.id,
        "user_token": user.token,
        "name": "James Smith",
        "phone": "+13155550175",
        "login": user.login,
        "email": "j.smith@example.com",
        "avatar": "https://assets.alteg.io/general/0/01/x.png",
        "is_approved": true,
        "is_email_confirmed": false,
    })))
}

pub(in crate::fake) fn permissions(state: &mut State, call: &Call) -> Done {
    let salon = call.id("company");
    let mixed = state.traps.mixed_types;
    let shown = |may: bool| if mixed { json!(u8::from(may)) } else { json!(may) };
    let rights = RIGHTS.iter().map(|right| ((*right).to_owned(), shown(state.users.may(salon, right))));
    Ok(Answer::ok(rights.collect::<Value>()))
}

/// `GET /company/{id}/analytics/overall`: of records only.
pub(in crate::fake) fn overall(state: &mut State, call: &Call) -> Done {
    let range = ["date_from", "date_to"].map(|key| call.one(key).and_then(crate::fake::time::day));
    let [Some(from), Some(to)] = range else {
        return Err(Answer::invalid(422, "Validation error", &[("date_from".into(), "The field is required".into())]));
    };
    let salon = state.salon(call.id("company"))?;
    let within = |record: &&crate::fake::records::Record| (from..=to).contains(&record.start.date());
    let all: Vec<_> = salon.records.iter().filter(within).filter(|record| record.client.is_some()).collect();
    let (deleted, came) = (
        all.iter().filter(|record| record.deleted).count(),
        all.iter().filter(|record| !record.deleted && record.attendance == 1).count(),
    );
    let currency =
        json!({"id": 1, "iso": "EUR", "name": "Euro", "symbol": salon.shop.currency, "is_symbol_after_amount": true});
    let money = json!({"current_sum": "0", "previous_sum": "0", "change_percent": null, "currency": currency});
    Ok(Answer::ok(json!({
        "income_total_stats": money,
        "income_services_stats": money,
        "income_goods_stats": money,
        "income_average_stats": money,
        "income_average_services_stats": money,
        "fullness_stats": {"current_percent": 0.0, "previous_percent": 0.0, "change_percent": null},
        "record_stats": {
            "current_completed_count": came, "current_completed_percent": null,
            "current_pending_count": all.len() - deleted - came, "current_pending_percent": null,
            "current_canceled_count": deleted, "current_canceled_percent": null,
            "current_total_count": all.len(), "previous_total_count": 0, "change_percent": null,
        },
        "client_stats": {"total_count": salon.clients.len(), "new_count": 0, "new_percent": null, "return_count": 0,
            "return_percent": null, "active_count": 0, "lost_count": 0, "lost_percent": null},
    })))
}
