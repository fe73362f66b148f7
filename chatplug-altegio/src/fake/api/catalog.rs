//! What a location offers, from the business's side.

use crate::fake::{
    answer::{Answer, Done},
    call::Call,
    http::no_such_company,
    salon::{FakeMember, FakeService},
    shape,
    state::State,
};
use serde_json::{Value, json};

pub(in crate::fake) fn company(state: &mut State, call: &Call) -> Done {
    let (traps, wall) = (state.traps.clone(), state.wall(call.id("company")));
    let Some(salon) = state.salons.get(&call.id("company")) else { return no_such_company() };
    let mut shown = shape::company(&salon.shop, &traps);
    if call.one("my") == Some("1") && call.user.is_some() {
        shown["access"] = json!({"timetable_access": true});
    }
    if call.one("forBooking") == Some("1") {
        let all: Vec<_> = salon.shop.services.iter().filter(|service| salon.shop.sells(service)).take(1).collect();
        let days = (0..7).map(|days| wall.date() + chrono::Duration::days(days));
        let mut starts = days.flat_map(|day| salon.starts(0, &all, day, wall, false));
        let next = starts.next().map(|next| crate::fake::time::with_colon(next, salon.shop.zone, traps.winter_offset));
        shown["next_slot"] = json!(next);
    }
    Ok(Answer::ok(shown))
}

/// The technical user of an app sees none with `my=1`.
pub(in crate::fake) fn companies(state: &mut State, call: &Call) -> Done {
    let traps = &state.traps;
    let mine = call.one("my") == Some("1");
    let all = state.salons.values().map(|salon| &salon.shop).filter(|shop| {
        let chain = shop.chain.as_ref().map(|(id, _)| *id);
        (!mine || !traps.dead_entries)
            && call.number("group_id").is_none_or(|group| chain == Some(group))
            && call.number("id").is_none_or(|id| shop.id == id)
    });
    let data: Vec<_> = all.map(|shop| shape::company(shop, traps)).collect();
    Ok(Answer::ok(page(call, data).into()))
}

pub(in crate::fake) fn categories(state: &mut State, call: &Call) -> Done {
    let traps = state.traps.clone();
    let shop = &state.salon(call.id("company"))?.shop;
    let wanted = call.id("category");
    let all = shop.categories.iter().filter(|(id, _)| wanted == 0 || *id == wanted);
    let data: Vec<_> = all.map(|(id, title)| shape::category(*id, title, shop, &traps)).collect();
    if wanted != 0 && data.is_empty() {
        return Err(Answer::listed(404, "Category not found."));
    }
    let meta = json!({"total_count": data.len()});
    Ok(Answer::with_meta(data.into(), meta))
}

/// Dead ones are among them. One that is asked for by id comes alone or in a list.
pub(in crate::fake) fn services(state: &mut State, call: &Call) -> Done {
    let traps = state.traps.clone();
    let shop = &state.salon(call.id("company"))?.shop;
    let wanted = call.id("service");
    let member = call.number("staff_id").filter(|id| *id != 0);
    let fits = |service: &&FakeService| {
        let done = member.is_none_or(|id| shop.member(id).is_some_and(|member| member.does(service)));
        (wanted == 0 || service.id == wanted)
            && done
            && call.number("category_id").is_none_or(|category| service.category == category)
            && (traps.dead_entries || service.active)
    };
    let data: Vec<_> = shop.services.iter().filter(fits).map(|service| shape::service(service, shop, &traps)).collect();
    if wanted != 0 {
        let one = data.first().cloned().ok_or_else(|| Answer::listed(404, "Service not found."))?;
        // By an even id it comes without its list.
        let alone = wanted.is_multiple_of(2) && traps.mixed_types;
        return Ok(Answer::with_meta(if alone { one } else { json!([one]) }, json!({"total_count": 1})));
    }
    let meta = json!({"total_count": data.len()});
    Ok(Answer::with_meta(data.into(), meta))
}

pub(in crate::fake) fn positions(state: &mut State, call: &Call) -> Done {
    let shop = &state.salon(call.id("company"))?.shop;
    let mut all: Vec<_> = shop.staff.iter().filter_map(|member| member.position.clone()).collect();
    all.sort_unstable();
    all.dedup();
    Ok(Answer::ok(all.into_iter().map(|(id, title)| json!({"id": id, "title": title})).collect()))
}

pub(in crate::fake) fn staff_short(state: &mut State, call: &Call) -> Done {
    let traps = state.traps.clone();
    let shop = &state.salon(call.id("company"))?.shop;
    let all = listed(&shop.staff, call, traps.dead_entries);
    let data: Vec<_> = all.map(|member| shape::member_short(member, shop)).collect();
    one_or_all(call, data)
}

pub(in crate::fake) fn staff(state: &mut State, call: &Call) -> Done {
    let (traps, wall) = (state.traps.clone(), state.wall(call.id("company")));
    let shop = &state.salon(call.id("company"))?.shop;
    let all = listed(&shop.staff, call, traps.dead_entries);
    let data: Vec<_> = all.map(|member| shape::member(member, shop, wall, &traps)).collect();
    one_or_all(call, data)
}

/// Those who left are among them.
fn listed<'a>(staff: &'a [FakeMember], call: &Call, dead: bool) -> impl Iterator<Item = &'a FakeMember> {
    let wanted = call.id("staff");
    staff.iter().filter(move |member| (wanted == 0 || member.id == wanted) && (dead || member.bookable()))
}

fn one_or_all(call: &Call, data: Vec<Value>) -> Done {
    if call.id("staff") != 0 {
        let one = data.into_iter().next().ok_or_else(|| Answer::listed(404, "Team member not found."))?;
        return Ok(Answer::ok(one));
    }
    let meta = json!({"total_count": data.len()});
    Ok(Answer::with_meta(data.into(), meta))
}

pub(in crate::fake) fn resources(state: &mut State, call: &Call) -> Done {
    state.salon(call.id("company"))?;
    Ok(Answer::with_meta(json!([]), json!({"count": 0})))
}

pub(in crate::fake) fn settings(state: &mut State, call: &Call) -> Done {
    let shop = &state.salon(call.id("company"))?.shop;
    Ok(Answer::ok(json!({
        "confirm_number": shop.phone_confirmation,
        "any_master": true,
        "seance_delay_step": shop.delay,
        "activity_online_record_clients_count_max": 1,
    })))
}

pub(in crate::fake) fn privacy_policy(state: &mut State, call: &Call) -> Done {
    let shop = &state.salon(call.id("company"))?.shop;
    Ok(Answer::ok(json!({"agreement": {"content": shop.privacy_policy.as_deref().unwrap_or_default()}})))
}

/// A rating is text here, and sometimes a number.
pub(in crate::fake) fn comments(state: &mut State, call: &Call) -> Done {
    let mixed = state.traps.mixed_types;
    let shop = &state.salon(call.id("company"))?.shop;
    let wanted = call.number("staff_id").filter(|id| *id != 0);
    let all = shop.reviews.iter().enumerate().filter(|(_, review)| wanted.is_none_or(|id| review.staff == id));
    let data = all.map(|(n, review)| {
        json!({
            "id": 18_437 + n,
            "salon_id": shop.id,
            "type": u8::from(review.staff != 0),
            "master_id": review.staff,
            "text": review.text,
            "date": crate::fake::time::naive(review.at),
            "rating": if mixed && n % 2 == 1 { json!(review.rating) } else { json!(review.rating.to_string()) },
            "user_id": 0,
            "user_name": review.author,
            "user_avatar": "/images/no-master.png",
            "record_id": 0,
        })
    });
    Ok(Answer::ok(page(call, data.collect()).into()))
}

/// The page that was asked for; without one, all.
pub(in crate::fake) fn page(call: &Call, all: Vec<Value>) -> Vec<Value> {
    let Some(count) = call.number("count").and_then(|count| usize::try_from(count).ok()) else { return all };
    let page = call.number("page").and_then(|page| usize::try_from(page).ok()).unwrap_or(1).max(1);
    all.into_iter().skip((page - 1) * count).take(count).collect()
}
