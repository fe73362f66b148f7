//! Records and clients.

use super::{joined, mixed, number, object, shop::position};
use crate::fake::{
    records::{Client, Line, Record},
    salon::FakeMember,
    state::Salon,
    time,
    traps::Traps,
};
use serde_json::{Map, Value, json};

/// A record of the business side: `GET /records`, `GET /record`, webhooks.
pub(in crate::fake) fn record(record: &Record, salon: &Salon, phones: bool, traps: &Traps) -> Value {
    let zone = salon.shop.zone;
    let who = salon.shop.member(record.staff);
    let client = record.client.and_then(|id| salon.client(id)).map(|client| within(client, phones, traps));
    let labels = record.labels.iter().map(|id| {
        json!({"id": id, "salon_id": salon.shop.id, "company_id": salon.shop.id, "title": "label", "color": "#5495b0",
            "icon": "tag", "entity": 1, "entity_slug": "record", "deleted": 0})
    });
    let first = json!({
        "id": record.id,
        "company_id": salon.shop.id,
        "staff_id": record.staff,
        "clients_count": 1,
        "services": record.lines.iter().map(|one| line(one, salon)).collect::<Vec<_>>(),
        "goods_transactions": [],
        "staff": who.map(short),
        "client": client,
        "comer": null,
        "date": time::naive(record.start),
        "datetime": time::with_colon(record.start, zone, traps.winter_offset),
        "create_date": time::without_colon(record.created, zone),
        "last_change_date": time::without_colon(record.changed, zone),
        "comment": record.comment,
        "online": record.online,
        "visit_id": mixed(record.visit, record.id, traps),
        "visit_attendance": record.attendance,
        "attendance": record.attendance,
        // Whatever it means, it is not the client's word.
        "confirmed": 1,
        "seance_length": record.seconds,
        "length": record.seconds,
        "technical_break_duration": record.pause,
    });
    let document = json!({"id": record.id + 172_891, "type_id": 7, "storage_id": 0, "user_id": record.user,
            "company_id": salon.shop.id, "number": 4163, "comment": "", "date_created": time::naive(record.start),
            "category_id": 0, "visit_id": record.visit, "record_id": record.id, "type_title": "Visit",
            "is_sale_bill_printed": record.billed});
    let second = json!({
        "sms_before": 0,
        "sms_now": 0,
        "sms_now_text": "",
        "email_now": 0,
        "notified": 0,
        "sms_remain_hours": record.sms_hours,
        "email_remain_hours": record.email_hours,
        "master_request": 1,
        "api_id": record.api_id,
        "from_url": "",
        "review_requested": 0,
        "created_user_id": record.user,
        "deleted": record.deleted,
        "paid_full": 0,
        "payment_status": 0,
        "prepaid": record.blocked,
        "prepaid_confirmed": false,
        "is_update_blocked": record.blocked,
        "is_sale_bill_printed": record.billed,
        "custom_color": record.color,
        "custom_font_color": "",
        "record_labels": labels.collect::<Vec<_>>(),
        "custom_fields": fields(record.custom.clone(), traps),
        "activity_id": 0,
        "bookform_id": 0,
        "record_from": if record.online { "Online" } else { "" },
        "is_mobile": 0,
        "documents": [document],
        "resource_instance_ids": [],
        "resource_instances": [],
        "short_link": format!("https://{}.alteg.io/c/{}/", salon.shop.id, record.id),
        "acceptance_free": null,
        "consumables": [],
        "finance_transactions": [],
    });
    joined(first, second)
}

/// A record as clients see it: `GET /book_record`, `GET /user/records`.
pub(in crate::fake) fn view(record: &Record, salon: &Salon, changed: bool, traps: &Traps) -> Value {
    let (shop, zone) = (&salon.shop, salon.shop.zone);
    let services = record.lines.iter().map(|one| {
        let mut shown = line(one, salon);
        shown["price_min"] = shown["cost"].clone();
        shown["price_max"] = shown["cost"].clone();
        shown["seance_length"] = json!(record.seconds);
        shown
    });
    let staff = shop.member(record.staff).map(|member| {
        let mut staff = short(member);
        staff["show_rating"] = if changed { json!(member.votes > 0) } else { json!(u8::from(member.votes > 0)) };
        staff["comments_count"] = json!(member.votes);
        if changed && let Some(staff) = staff.as_object_mut() {
            let does = staff.remove("specialization").unwrap_or_default();
            staff.insert("spec".to_owned(), does);
        }
        staff
    });
    // After a change some numbers are text.
    let timezone = if changed { json!("3") } else { json!(3) };
    json!({
        "id": record.id,
        "services": services.collect::<Vec<_>>(),
        "company": {
            "id": shop.id, "title": shop.title, "country_id": shop.country.0, "country": shop.country.1, "city_id": 181,
            "city": shop.city, "phone": shop.phone, "phones": [shop.phone], "timezone": timezone, "address": shop.address,
            "coordinate_lat": shop.place.0, "coordinate_lon": shop.place.1, "allow_delete_record": true,
            "allow_change_record": true, "allow_change_record_delay_step": 0, "allow_delete_record_delay_step": 0,
            "site": "", "currency_short_title": shop.currency,
        },
        "staff": staff,
        "clients_count": 1,
        "date": time::naive(record.start),
        "datetime": time::without_colon(record.start, zone),
        "create_date": time::without_colon(record.created, zone),
        "comment": record.comment,
        "deleted": record.deleted,
        "attendance": record.attendance,
        "length": if changed && traps.mixed_types { json!(record.seconds.to_string()) } else { json!(record.seconds) },
        "notify_by_sms": record.sms_hours.unwrap_or_default(),
        "notify_by_email": record.email_hours.unwrap_or_default(),
        "master_requested": false,
        "online": record.online,
        "api_id": record.api_id,
        "last_change_date": time::without_colon(record.changed, zone),
        "prepaid": false,
        "prepaid_confirmed": false,
        "activity_id": 0,
    })
}

/// A client: `GET /client`, webhooks.
pub(in crate::fake) fn client(client: &Client, salon: &Salon) -> Value {
    let categories = if client.blacklisted {
        json!([{"id": 9_220_531, "title": "Blacklist", "color": "#000000"}])
    } else {
        json!([])
    };
    json!({
        "id": client.id,
        "name": client.name,
        "surname": client.surname,
        "patronymic": "",
        "display_name": client.name,
        "phone": format!("+{}", client.phone),
        "email": client.email,
        "card": "",
        "birth_date": "1900-01-01",
        "comment": client.comment,
        "discount": 0,
        "visits": client.visits,
        "sex_id": 0,
        "sex": "unknown",
        "importance_id": 0,
        "importance": "No priority level",
        "sms_check": 0,
        "sms_not": u8::from(client.sms_not),
        "sms_bot": 0,
        "spent": 0,
        "paid": 0,
        "balance": 0,
        "categories": categories,
        "custom_fields": [],
        "last_change_date": time::without_colon(client.changed, salon.shop.zone),
    })
}

/// What a search tells of a client: `id`, and what was asked for and is known.
pub(in crate::fake) fn client_fields(client: &Client, fields: &[&str]) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(client.id));
    for field in fields {
        let value = match *field {
            "name" => json!(client.name),
            "surname" => json!(client.surname),
            "patronymic" | "first_visit_date" | "last_visit_date" => json!(""),
            "phone" => json!(format!("+{}", client.phone)),
            "email" => json!(client.email),
            "visits_count" => json!(client.visits),
            "sold_amount" | "discount" => json!(0),
            _ => continue,
        };
        shown.insert((*field).to_owned(), value);
    }
    Value::Object(shown)
}

/// Fields of the salon's own: an object, and `[]` without any.
fn fields(value: Value, traps: &Traps) -> Value {
    if traps.mixed_types { object(Some(value)) } else { value }
}

/// The client inside a record.
fn within(client: &Client, phones: bool, traps: &Traps) -> Value {
    json!({
        "id": client.id,
        "name": client.name,
        "surname": client.surname,
        "patronymic": "",
        "display_name": client.name,
        "phone": if phones { format!("+{}", client.phone) } else { String::new() },
        "card": "",
        "email": client.email,
        "success_visits_count": client.visits,
        "fail_visits_count": 0,
        "discount": 0,
        "is_new": client.visits == 0,
        "custom_fields": fields(json!({}), traps),
        "client_tags": [],
    })
}

fn line(line: &Line, salon: &Salon) -> Value {
    let title = salon.shop.service(line.service).map_or("", |service| service.title.as_str());
    json!({
        "id": line.service,
        "title": title,
        "cost": number(line.cost),
        "cost_to_pay": number(line.cost),
        "manual_cost": number(line.cost),
        "cost_per_unit": number(line.cost),
        "discount": number(line.discount),
        "first_cost": number(line.first_cost),
        "amount": 1,
    })
}

fn short(member: &FakeMember) -> Value {
    json!({
        "id": member.id,
        "api_id": null,
        "name": member.name,
        "specialization": member.specialization,
        "position": position(member),
        "avatar": member.avatar.as_deref().unwrap_or_default(),
        "avatar_big": member.avatar.as_deref().unwrap_or_default(),
        "rating": number(member.rating),
        "votes_count": member.votes,
    })
}
