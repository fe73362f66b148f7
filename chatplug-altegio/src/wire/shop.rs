//! A location, what it sells, and who works there.

use super::lenient::{flag, int, list, maybe_decimal, maybe_int, maybe_object, text};
use serde::Deserialize;

/// `GET /company/{id}`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Company {
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) public_title: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) timezone_name: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) city: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) address: String,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) coordinate_lat: Option<f64>,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) coordinate_lon: Option<f64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) phone: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) phones: Vec<String>,
    /// A symbol, not a code.
    #[serde(default, deserialize_with = "text")]
    pub(crate) currency_short_title: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) bookforms: Vec<Bookform>,
}

/// A page on which clients book by themselves.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Bookform {
    #[serde(default, deserialize_with = "flag")]
    pub(crate) is_default: bool,
    #[serde(default, deserialize_with = "text")]
    pub(crate) url: String,
}

/// `GET /book_services/{id}`: what can really be sold.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Online {
    #[serde(default, deserialize_with = "list")]
    pub(crate) services: Vec<OnlineService>,
    /// Singular on the wire, plural in prose.
    #[serde(default, alias = "categories", deserialize_with = "list")]
    pub(crate) category: Vec<Category>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OnlineService {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: String,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) category_id: Option<i64>,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) price_min: Option<f64>,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) price_max: Option<f64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) comment: String,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) weight: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) image: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) prepaid: String,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) prepaid_settings: Option<PrepaidSettings>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) abonement_restriction: Option<i64>,
    /// Seconds; told for one person only.
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) seance_length: Option<i64>,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) is_composite: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct PrepaidSettings {
    #[serde(default, deserialize_with = "text")]
    pub(crate) status: String,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) prepaid_min: Option<Amount>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Amount {
    /// ISO 4217.
    #[serde(default, deserialize_with = "text")]
    pub(crate) currency: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Category {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: String,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) weight: Option<i64>,
}

/// `GET /company/{id}/services`: everything that was ever sold, with who does it and how long it takes them.
#[derive(Debug, Deserialize)]
pub(crate) struct Service {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    /// Seconds.
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) duration: Option<i64>,
    /// Seconds of the day between which it is sold, and between its beginnings.
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) seance_search_start: Option<i64>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) seance_search_finish: Option<i64>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) seance_search_step: Option<i64>,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) image_group: Option<ImageGroup>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) staff: Vec<ServiceStaff>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) abonement_restriction_value: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ServiceStaff {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    /// Seconds.
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) seance_length: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ImageGroup {
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) images: Option<Images>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Images {
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) basic: Option<Image>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Image {
    #[serde(default, deserialize_with = "text")]
    pub(crate) path: String,
}

/// `GET /book_staff/{id}`: who can be booked.
#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) specialization: String,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) position: Option<Position>,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) bookable: bool,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) fired: bool,
    /// Deleted.
    #[serde(default, deserialize_with = "flag")]
    pub(crate) status: bool,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) hidden: bool,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) rating: Option<f64>,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) show_rating: bool,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) votes_count: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) avatar: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) avatar_big: String,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) weight: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Position {
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_as_it_was_captured_and_as_older_ones_come() {
        let captured = json!({
            "id": 3_120_813, "category_id": 10_887_979, "title": "Manicure", "price_min": 7000, "price_max": 7000,
            "duration": 1800, "active": 1, "is_online": true, "seance_search_start": 0, "seance_search_finish": 86400,
            "seance_search_step": 900, "image_group": [], "abonement_restriction_value": 0,
            "staff": [{ "id": 709_425, "seance_length": 1800, "price": null, "name": "Anna" }], "resources": [135_733] });
        let read: Service = serde_json::from_value(captured).unwrap();
        assert_eq!((read.id, read.duration, read.seance_search_step), (3_120_813, Some(1800), Some(900)));
        assert!(read.image_group.is_none());
        let older = json!({ "id": "83169", "price_min": "1300.00", "active": "1", "staff": [{ "id": "5905", "seance_length": "2700" }],
            "image_group": { "id": 72234, "images": { "basic": { "id": "186791", "path": "https://a/b.jpeg" } } } });
        let read: Service = serde_json::from_value(older).unwrap();
        assert_eq!((read.id, read.duration, read.staff[0].seance_length), (83_169, None, Some(2700)));
        assert_eq!(read.image_group.unwrap().images.unwrap().basic.unwrap().path, "https://a/b.jpeg");
    }

    #[test]
    fn categories_come_under_either_name_and_people_with_or_without_a_position() {
        for name in ["category", "categories"] {
            let online: Online =
                serde_json::from_value(json!({ "events": [], "services": [], name: [{ "id": 1, "api_id": "0" }] }))
                    .unwrap();
            assert_eq!(online.category.len(), 1, "{name}");
        }
        let member: Member = serde_json::from_value(json!({
            "id": 32, "name": "Peter", "bookable": false, "position": [], "show_rating": 1, "rating": 4, "user": null }))
        .unwrap();
        assert!(member.position.is_none() && member.show_rating && !member.fired);
    }
}
