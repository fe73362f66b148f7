//! Who calls.

use super::super::{
    account::FakeUser,
    answer::{Answer, Done},
    call::Call,
    server::Server,
    state::State,
};
use serde_json::{Value, json};

pub(crate) fn read(state: &mut State, call: &Call) -> Done {
    let user = call.user.and_then(|user| state.users.get(&user));
    let user = user.ok_or_else(|| Answer::refused(404, "User not found"))?;
    let organization = organization(state, user.id);
    let mut shown = shown(user);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("organizationId".to_owned(), json!(organization.map(|team| team.id)));
        if state.server != Server::SelfHosted2025 {
            shown.insert("name".to_owned(), json!(user.name));
            shown.extend(["avatarUrl", "bio"].map(|name| (name.to_owned(), Value::Null)));
            shown.extend(organization.map(|team| {
                ("organization".to_owned(), json!({"isPlatform": false, "id": team.id, "name": team.name}))
            }));
        }
    }
    Ok(Answer::ok(shown))
}

fn organization(state: &State, user: u64) -> Option<&super::super::account::FakeTeam> {
    state.teams.values().find(|team| team.organization && team.role(user).is_some())
}

/// What everybody is told of a user.
pub(crate) fn shown(user: &FakeUser) -> Value {
    json!({
        "id": user.id, "username": user.username, "email": user.email, "timeFormat": 12,
        "defaultScheduleId": user.default_schedule, "weekStart": "Sunday", "timeZone": user.zone.name(),
    })
}
