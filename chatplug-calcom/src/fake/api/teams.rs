//! Teams and who belongs to them. Contract: "Teams, organisations, tenants".

use super::{
    super::{
        account::{FakeRole, FakeTeam},
        answer::{Answer, Done},
        call::Call,
        state::State,
    },
    event_types::administers,
    list::take_skip,
};
use serde_json::{Value, json};

pub(crate) fn list(state: &mut State, call: &Call) -> Done {
    let user = call.user.unwrap_or_default();
    let own = state.teams.values().filter(|team| !team.organization && team.role(user).is_some());
    Ok(Answer::ok(own.map(shown).collect()))
}

pub(crate) fn read(state: &mut State, call: &Call) -> Done {
    Ok(Answer::ok(shown(member(state, call, call.id("team"))?)))
}

pub(crate) fn members(state: &mut State, call: &Call) -> Done {
    let team = member(state, call, call.id("team"))?;
    Ok(Answer::ok(memberships(state, call, team)?))
}

/// Everybody's schedules, for those who administer the team.
pub(crate) fn schedules(state: &mut State, call: &Call) -> Done {
    let team = administrator(state, call, call.id("team"))?;
    let (take, skip) = take_skip(call, 250, 250)?;
    let theirs = state.schedules.values().filter(|schedule| team.role(schedule.owner).is_some());
    Ok(Answer::ok(theirs.skip(skip).take(take).map(|schedule| super::schedules::shown(state, schedule)).collect()))
}

/// The members of a team or an organisation, by pages.
pub(crate) fn memberships(state: &State, call: &Call, team: &FakeTeam) -> Result<Value, Answer> {
    let (take, skip) = take_skip(call, 250, 250)?;
    let one = |(n, (id, role)): (usize, &(u64, FakeRole))| {
        let user = state.users.get(id)?;
        Some(json!({
            "id": team.id * 1000 + n as u64 + 1, "userId": id, "teamId": team.id, "accepted": true,
            "role": role.word(), "disableImpersonation": false,
            "user": {"avatarUrl": null, "bio": null, "metadata": {}, "email": user.email, "username": user.username,
                "name": user.name},
        }))
    };
    Ok(team.members.iter().enumerate().skip(skip).take(take).filter_map(one).collect())
}

/// The team, for one of its members; an organisation's for those who administer it.
pub(crate) fn member<'a>(state: &'a State, call: &Call, id: u64) -> Result<&'a FakeTeam, Answer> {
    let (team, role) = known(state, call, id)?;
    if role.is_none() {
        return Err(Answer::refused(403, format!("RolesGuard - User is not a member of the team with id={id}.")));
    }
    Ok(team)
}

pub(crate) fn administrator<'a>(state: &'a State, call: &Call, id: u64) -> Result<&'a FakeTeam, Answer> {
    let team = member(state, call, id)?;
    let (_, role) = known(state, call, id)?;
    if !administers(role) {
        let text = format!("RolesGuard - User is not an admin or owner of the team with id={id}.");
        return Err(Answer::refused(403, text));
    }
    Ok(team)
}

fn known<'a>(state: &'a State, call: &Call, id: u64) -> Result<(&'a FakeTeam, Option<FakeRole>), Answer> {
    let team = state.teams.get(&id).filter(|team| !team.organization);
    let team = team.ok_or_else(|| Answer::refused(404, format!("Team with id {id} not found")))?;
    let user = call.user.unwrap_or_default();
    let above = || team.parent.and_then(|id| state.teams.get(&id)?.role(user)).filter(|role| role.administers());
    Ok((team, team.role(user).or_else(above)))
}

pub(crate) fn shown(team: &FakeTeam) -> Value {
    json!({
        "id": team.id, "parentId": team.parent, "name": team.name, "slug": team.slug, "logoUrl": null,
        "calVideoLogo": null, "appLogo": null, "appIconLogo": null, "bio": null, "hideBranding": false,
        "isOrganization": team.organization, "isPrivate": false, "hideBookATeamMember": false, "metadata": null,
        "theme": null, "brandColor": null, "darkBrandColor": null, "bannerUrl": null, "timeFormat": null,
        "timeZone": "Europe/London", "weekStart": "Sunday",
    })
}
