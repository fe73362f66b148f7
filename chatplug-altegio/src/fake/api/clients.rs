//! Clients and what they have bought before.

use crate::fake::{
    answer::{Answer, Done},
    call::{Call, positive, text},
    records::{Client, digits},
    shape,
    state::{Salon, State},
};
use serde_json::{Value, json};

/// `POST /company/{id}/clients/search`. A filter that nobody knows is no filter: then everybody comes.
pub(in crate::fake) fn search(state: &mut State, call: &Call) -> Done {
    let body = &call.body;
    let salon = state.salon(call.id("company"))?;
    if !salon.shop.licensed {
        return Err(Answer::refused(402, "The licence of the location has expired."));
    }
    let mut found: Vec<&Client> = salon.clients.iter().collect();
    for filter in body["filters"].as_array().into_iter().flatten() {
        let (kind, state) = (filter["type"].as_str().unwrap_or_default(), &filter["state"]);
        let bad =
            || Answer::invalid(400, "Invalid filter value", &[("filters".into(), "Invalid filter state value".into())]);
        match kind {
            "quick_search" => {
                let wanted = state["value"].as_str().map(str::to_lowercase).ok_or_else(bad)?;
                let number = digits(&wanted);
                let in_phone = |client: &Client| !number.is_empty() && client.phone.contains(&number);
                found.retain(|client| client.name.to_lowercase().contains(&wanted) || in_phone(client));
            }
            "id" => {
                let wanted: Vec<_> = state["value"].as_array().ok_or_else(bad)?.iter().filter_map(positive).collect();
                found.retain(|client| wanted.contains(&client.id));
            }
            _ => {}
        }
    }
    found.sort_by_key(|client| client.id);
    if body["order_by_direction"].as_str().is_some_and(|order| order.eq_ignore_ascii_case("DESC")) {
        found.reverse();
    }
    let size = |key: &str| positive(&body[key]).and_then(|number| usize::try_from(number).ok()).filter(|n| *n > 0);
    let (page, count) = (size("page").unwrap_or(1), size("page_size").unwrap_or(25).min(200));
    let fields: Vec<_> = body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let meta = json!({"total_count": found.len()});
    let shown = found.iter().skip((page - 1).saturating_mul(count)).take(count);
    let data = shown.map(|client| shape::client_fields(client, &fields)).collect();
    Ok(Answer::with_meta(data, meta))
}

/// `GET /clients`, the older list.
pub(in crate::fake) fn list(state: &mut State, call: &Call) -> Done {
    let salon = state.salon(call.id("company"))?;
    let phone = call.one("phone").map(digits);
    let found = salon.clients.iter().filter(|client| phone.as_ref().is_none_or(|phone| client.phone.contains(phone)));
    let data: Vec<_> = found.map(|client| shape::client(client, salon)).collect();
    let meta = json!({"page": call.number("page").unwrap_or(1), "total_count": data.len()});
    Ok(Answer::with_meta(super::catalog::page(call, data).into(), meta))
}

pub(in crate::fake) fn create(state: &mut State, call: &Call) -> Done {
    let (company, wall, id) = (call.id("company"), state.wall(call.id("company")), state.fresh());
    let (name, phone) = required(&call.body)?;
    let salon = state.salon(company)?;
    if salon.by_phone(&phone).is_some() {
        return Err(Answer::refused(422, "A client with this phone already exists."));
    }
    let mut client = Client::new(id, &name, &phone, wall);
    set(&mut client, &call.body);
    let shown = shape::client(&client, salon);
    salon.clients.push(client);
    state.tell(company, "client", id, "create", shown.clone(), Some(&call.partner));
    Ok(Answer::created(shown))
}

pub(in crate::fake) fn one(state: &mut State, call: &Call) -> Done {
    let salon = state.salon(call.id("company"))?;
    let client = salon.client(call.id("client")).ok_or_else(|| Answer::listed(404, "Client not found."))?;
    Ok(Answer::ok(shape::client(client, salon)))
}

/// A replacement.
pub(in crate::fake) fn update(state: &mut State, call: &Call) -> Done {
    let (company, wall, id) = (call.id("company"), state.wall(call.id("company")), call.id("client"));
    let (name, phone) = required(&call.body)?;
    let salon = state.salon(company)?;
    let client = salon.clients.iter_mut().find(|client| client.id == id);
    let client = client.ok_or_else(|| Answer::listed(404, "Client not found."))?;
    (client.name, client.phone, client.changed) = (name, digits(&phone), wall);
    set(client, &call.body);
    let client = client.clone();
    let shown = shape::client(&client, salon);
    state.tell(company, "client", id, "update", shown.clone(), Some(&call.partner));
    Ok(Answer::ok(shown))
}

pub(in crate::fake) fn delete(state: &mut State, call: &Call) -> Done {
    let (company, id) = (call.id("company"), call.id("client"));
    let salon = state.salon(company)?;
    let Some(client) = salon.client(id).cloned() else { return Err(Answer::listed(404, "Client not found.")) };
    let shown = shape::client(&client, salon);
    salon.clients.retain(|client| client.id != id);
    state.tell(company, "client", id, "delete", shown, Some(&call.partner));
    Ok(Answer::no_content())
}

fn required(body: &Value) -> Result<(String, String), Answer> {
    let missing =
        |field: &str| Answer::invalid(422, "Validation error", &[(field.into(), "The field is required".into())]);
    let name = text(&body["name"]).ok_or_else(|| missing("name"))?;
    let phone = text(&body["phone"]).filter(|phone| (9..=15).contains(&digits(phone).len()));
    Ok((name.to_owned(), phone.ok_or_else(|| missing("phone"))?.to_owned()))
}

fn set(client: &mut Client, body: &Value) {
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    (client.surname, client.email, client.comment) = (text("surname"), text("email"), text("comment"));
    client.sms_not = positive(&body["sms_not"]) == Some(1);
}

/// `GET /group/{id}/clients`: a client of a chain has a card at each of its locations.
pub(in crate::fake) fn of_chain(state: &mut State, call: &Call) -> Done {
    let (group, phone) = (call.id("group"), digits(call.one("phone").unwrap_or_default()));
    let of_group = |salon: &&Salon| salon.shop.chain.as_ref().is_some_and(|(id, _)| *id == group);
    if !state.salons.values().any(|salon| of_group(&salon)) {
        return Err(Answer::not_found());
    }
    let cards = state.salons.values().filter(of_group).filter_map(|salon| {
        let client = salon.by_phone(&phone)?;
        Some(json!({"id": client.id, "company_id": salon.shop.id, "name": client.name, "email": client.email}))
    });
    Ok(Answer::ok(json!({"salon_group_id": group, "phone": phone, "clients": cards.collect::<Vec<_>>()})))
}

/// `GET /loyalty/abonements`: the phone is digits only.
pub(in crate::fake) fn memberships(state: &mut State, call: &Call) -> Done {
    let phone = call.one("phone").unwrap_or_default();
    if phone.contains('+') {
        state.violations.push("GET /loyalty/abonements: the phone is digits only".to_owned());
    }
    let salon = state.salon(call.number("company_id").unwrap_or_default())?;
    let all = salon.by_phone(phone).map(|client| client.memberships.clone()).unwrap_or_default();
    let meta = json!({"count": all.len()});
    Ok(Answer::with_meta(all.into(), meta))
}
