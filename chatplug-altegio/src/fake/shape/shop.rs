//! A location, its services and its staff.

use super::{joined, mixed, money, number, object};
use crate::fake::{
    salon::{FakeMember, FakeSalon, FakeService},
    state::Salon,
    time,
    traps::Traps,
};
use chrono::{Duration, NaiveDateTime};
use serde_json::{Value, json};

const NO_PICTURE: &str = "https://app.alteg.io/images/no-master.png";

/// `GET /company`.
pub(in crate::fake) fn company(salon: &FakeSalon, traps: &Traps) -> Value {
    let chain = salon.chain.as_ref().map(|(id, title)| json!({"id": id, "title": title}));
    let groups = salon.chain.as_ref().map(|(id, title)| json!({id.to_string(): {"id": id, "title": title}}));
    let (lat, lon) = salon.place;
    let place = |at: f64| if traps.mixed_types && salon.id % 2 == 1 { json!(at.to_string()) } else { json!(at) };
    let working = salon.staff.iter().filter(|member| member.bookable()).count();
    let first = json!({
        "id": salon.id,
        "title": salon.title,
        "public_title": salon.title,
        "short_descr": "",
        "description": "",
        "logo": "https://assets.alteg.io/logo.png",
        "active": 1,
        "country_id": salon.country.0,
        "country": salon.country.1,
        "city_id": 181,
        "city": salon.city,
        "timezone_name": salon.zone.name(),
        // Older than `timezone_name`, and no help.
        "timezone": 3,
        "schedule": "",
        "address": salon.address,
        "zip": "",
        "coordinate_lat": place(lat),
        "coordinate_lon": place(lon),
        "phone": salon.phone,
        "phones": [salon.phone],
        "email": "",
        "site": "",
        "social": {"facebook": "", "instagram": "", "telegram": "", "whatsapp": "", "viber": ""},
        "currency_short_title": salon.currency,
    });
    let second = json!({
        "business_type_id": 1,
        "phone_confirmation": salon.phone_confirmation,
        "push_notification_phone_confirm": u8::from(salon.phone_confirmation),
        "active_staff_count": working,
        "group_priority": 900,
        "main_group_id": salon.chain.as_ref().map_or(0, |(id, _)| *id),
        "main_group": object(chain),
        "groups": object(groups),
        "bookforms": if salon.online { json!([{"id": salon.id + 10_000, "title": "Form", "is_default": 1,
            "url": format!("https://n{}.alteg.io/", salon.id + 10_000)}]) } else { json!([]) },
        "online_sales_form_url": "",
        "payment_policy": {"type": salon.payment_policy},
        "allow_change_record": true,
        "allow_delete_record": true,
        "allow_change_record_delay_step": 0,
        "allow_delete_record_delay_step": 0,
        "booking_comment_required": false,
        "booking_email_required": false,
        "reminds_sms_disabled": false,
    });
    joined(first, second)
}

pub(in crate::fake) fn category(id: u64, title: &str, salon: &FakeSalon, traps: &Traps) -> Value {
    let does = |member: &&FakeMember| {
        member.bookable() && salon.services.iter().any(|service| service.category == id && member.does(service))
    };
    let staff: Vec<_> = salon.staff.iter().filter(does).map(|member| member.id).collect();
    json!({
        "id": id,
        "category_id": mixed(id, id, traps),
        "salon_service_id": id + 8,
        "title": title,
        "api_id": if traps.mixed_types && id % 2 == 1 { json!(0) } else { json!("0") },
        "weight": 100 - id.min(99),
        "staff": staff,
    })
}

/// A service of the business side.
pub(in crate::fake) fn service(service: &FakeService, salon: &FakeSalon, traps: &Traps) -> Value {
    let does = |member: &&FakeMember| {
        (traps.dead_entries || member.bookable()) && !member.deleted && member.does(service) && service.parts.is_empty()
    };
    let staff = salon.staff.iter().filter(does).map(|member| {
        json!({
            "id": member.id,
            "seance_length": member.takes(service),
            "technological_card_id": 0,
            "image_url": member.avatar.as_deref().unwrap_or(NO_PICTURE),
            "price": null,
            "name": member.name,
        })
    });
    let first = json!({
        "id": service.id,
        "salon_service_id": service.id + 200_985,
        "category_id": service.category,
        "title": service.title,
        "original_title": service.title,
        "booking_title": service.title,
        "print_title": "",
        "comment": service.comment,
        "price_min": money(service.price_min, service.id, traps),
        "price_max": money(service.price_max, service.id, traps),
        "discount": 0,
        "duration": service.seconds,
        "step": 0,
        "weight": service.weight,
        "active": mixed(u64::from(service.active), service.id, traps),
        "is_online": service.active,
        "service_type": 1,
        "api_id": "0",
        "api_service_id": 0,
        "is_multi": false,
        "capacity": 0,
        "is_composite": !service.parts.is_empty(),
        "is_chain": false,
        "prepaid": service.prepaid,
        "price_prepaid_amount": number(service.prepaid_amount),
        "price_prepaid_percent": 100,
    });
    let second = json!({
        "online_invoicing_status": 0,
        "is_abonement_autopayment_enabled": 0,
        "autopayment_before_visit_time": 0,
        "abonement_restriction_value": service.abonement_restriction,
        "seance_search_start": 0,
        "seance_search_finish": 86400,
        "seance_search_step": u64::from(salon.step) * 60,
        "is_need_limit_date": false,
        "date_from": "0000-00-00",
        "date_to": "0000-00-00",
        "dates": [],
        "schedule_template_type": 2,
        "repeat_visit_days_step": null,
        "technical_break_duration": null,
        "default_technical_break_duration": 0,
        "tax_variant": null,
        "vat_id": null,
        "is_price_managed_only_in_chain": false,
        "is_comment_managed_only_in_chain": false,
        "image_group": object(service.image.as_ref().map(|path| image_group(service.id, path))),
        "staff": staff.collect::<Vec<_>>(),
        "resources": [],
    });
    joined(first, second)
}

/// A service as clients are offered it; its length is told for a member only.
pub(in crate::fake) fn online_service(
    service: &FakeService,
    salon: &FakeSalon,
    member: Option<&FakeMember>,
    traps: &Traps,
) -> Value {
    let amount = number(service.prepaid_amount);
    let currency = |amount: &Value| json!({"amount": amount, "currency": "EUR"});
    json!({
        "id": service.id,
        "title": service.title,
        "category_id": service.category,
        "price_min": number(service.price_min),
        "price_max": number(service.price_max),
        "discount": 0,
        "comment": service.comment,
        "weight": service.weight,
        // What the platform's own example has of a service that can be booked.
        "active": if traps.mixed_types { 0 } else { 1 },
        "sex": 0,
        "image": service.image.as_deref().unwrap_or_default(),
        "images": service.image.as_ref().map(|path| image_group(service.id, path)),
        "prepaid": service.prepaid,
        "prepaid_settings": {
            "status": service.prepaid,
            "prepaid_full": currency(&amount),
            "prepaid_min": currency(&amount),
        },
        "abonement_restriction": service.abonement_restriction,
        "seance_length": member.map(|member| member.takes(service)),
        "is_chain": false,
        "is_composite": !service.parts.is_empty(),
        "composite_details": composite(service, salon),
    })
}

/// What a service is made of.
fn composite(service: &FakeService, salon: &FakeSalon) -> Value {
    if service.parts.is_empty() {
        return Value::Null;
    }
    let link = |(n, part): (usize, &u64)| {
        let title = salon.service(*part).map_or("", |part| part.title.as_str());
        json!({"id": 12_933 + n, "service_id": part, "position": n + 1, "title": title})
    };
    let mut links: Vec<_> = service.parts.iter().enumerate().map(link).collect();
    // They are ordered by `position`, not by where they stand.
    links.reverse();
    json!({"type": "sequential", "links": links})
}

fn image_group(entity: u64, path: &str) -> Value {
    json!({
        "id": 72_234,
        "entity": "settings_service",
        "entity_id": entity,
        "images": {"basic": {"id": "186791", "path": path, "width": "372", "height": "280", "type": "jpeg",
            "image_group_id": 72_234, "version": "basic"}},
    })
}

/// A member in the long form.
pub(in crate::fake) fn member(member: &FakeMember, salon: &FakeSalon, now: NaiveDateTime, traps: &Traps) -> Value {
    let till = if member.week.iter().all(Vec::is_empty) && member.days.is_empty() {
        "1970-01-01".to_owned()
    } else {
        (now.date() + Duration::days(i64::from(salon.horizon))).to_string()
    };
    json!({
        "id": member.id,
        "api_id": null,
        "company_id": salon.id,
        "name": member.name,
        "specialization": member.specialization,
        "position": position(member),
        "position_id": member.position.as_ref().map(|(id, _)| *id),
        "rating": number(member.rating),
        "show_rating": mixed(u64::from(member.votes > 0), member.id, traps),
        "votes_count": member.votes,
        "comments_count": member.votes,
        "avatar": member.avatar.as_deref().unwrap_or(NO_PICTURE),
        "avatar_big": member.avatar.as_deref().unwrap_or(NO_PICTURE),
        "information": "",
        "weight": member.weight,
        "schedule_till": till,
        // It means something in the online booking only.
        "bookable": false,
        "hidden": mixed(u64::from(member.hidden), member.id, traps),
        "fired": u8::from(member.fired),
        "status": u8::from(member.deleted),
        "prepaid": member.prepaid,
        "has_access_timetable": true,
        "is_paid_staff": true,
        "user_id": null,
        "user": [],
        "image_group": [],
    })
}

/// A member in the short form.
pub(in crate::fake) fn member_short(member: &FakeMember, salon: &FakeSalon) -> Value {
    json!({
        "id": member.id,
        "name": member.name,
        "company_id": salon.id,
        "specialization": member.specialization,
        "position": position(member),
        "avatar": member.avatar.as_deref().unwrap_or(NO_PICTURE),
        "avatar_big": member.avatar.as_deref().unwrap_or(NO_PICTURE),
        "fired": u8::from(member.fired),
        "status": u8::from(member.deleted),
        "hidden": u8::from(member.hidden),
        "user_id": null,
    })
}

/// A member as clients are offered them.
pub(in crate::fake) fn online_member(
    who: &FakeMember,
    salon: &Salon,
    bookable: bool,
    now: NaiveDateTime,
    traps: &Traps,
) -> Value {
    let mut shown = member(who, &salon.shop, now, traps);
    shown["bookable"] = json!(bookable);
    shown["information"] = json!("<span></span>");
    if !traps.mixed_types {
        // Of all numbers this one is text, by the description; its example and production have a number.
        shown["weight"] = json!(who.weight.to_string());
    }
    if bookable {
        let days = (0..=i64::from(salon.shop.horizon)).map(|days| now.date() + Duration::days(days));
        let mut days = days.filter(|day| !who.shifts(*day).is_empty());
        shown["seance_date"] = json!(days.next().map(|day| day.to_string()));
        shown["seances"] = json!([]);
    }
    shown
}

/// The position, or the list that PHP makes of none.
pub(super) fn position(member: &FakeMember) -> Value {
    let position = member.position.as_ref();
    object(position.map(|(id, title)| json!({"id": id, "title": title, "services_binding_type": 0})))
}

/// A time that is offered.
pub(in crate::fake) fn offered(start: NaiveDateTime, seconds: i64, salon: &FakeSalon, traps: &Traps) -> Value {
    let clock = start.format(if traps.mixed_types { "%-H:%M" } else { "%H:%M" }).to_string();
    json!({
        "time": clock,
        "seance_length": seconds,
        "sum_length": seconds,
        "datetime": time::with_colon(start, salon.zone, traps.winter_offset),
    })
}
