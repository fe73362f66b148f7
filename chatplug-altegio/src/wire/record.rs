//! Records (appointments), the clients in them, and clients by themselves.

use super::lenient::{flag, int, list, maybe_decimal, maybe_int, maybe_object, text};
use serde::Deserialize;
use serde_json::Value;

/// A record as `GET /records`, `GET /record` and the writes answer it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) staff_id: Option<i64>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) services: Vec<RecordService>,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) staff: Option<RecordStaff>,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) client: Option<RecordClient>,
    /// The wall clock of the location: the truth.
    #[serde(default, deserialize_with = "text")]
    pub(crate) date: String,
    /// With an offset, which may be that of another season.
    #[serde(default, deserialize_with = "text")]
    pub(crate) datetime: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) create_date: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) last_change_date: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) comment: String,
    /// -1 did not come, 0 waiting, 1 came, 2 confirmed.
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) attendance: Option<i64>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) visit_id: Option<i64>,
    /// Seconds, a technical break included.
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) seance_length: Option<i64>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) length: Option<i64>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) technical_break_duration: Option<i64>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) sms_remain_hours: Option<i64>,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) email_remain_hours: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) api_id: String,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) deleted: bool,
    #[serde(default, deserialize_with = "text")]
    pub(crate) custom_color: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) record_labels: Vec<Label>,
    /// `[]` when empty.
    #[serde(default)]
    pub(crate) custom_fields: Value,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) activity_id: Option<i64>,
}

impl Record {
    /// Who does it.
    pub(crate) fn member(&self) -> Option<i64> {
        self.staff_id.or_else(|| self.staff.as_ref()?.id).filter(|id| *id != 0)
    }

    /// How long it takes, in seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.seance_length.or(self.length).unwrap_or_default().max(0)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RecordService {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: String,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) cost: Option<f64>,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) first_cost: Option<f64>,
    #[serde(default, deserialize_with = "maybe_decimal")]
    pub(crate) discount: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RecordStaff {
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) id: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct RecordClient {
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) id: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) display_name: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) phone: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) email: String,
}

/// Read as an object, written as an id.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Label {
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) id: Option<i64>,
}

/// A visit, as `PUT /visits` may answer it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Visit {
    #[serde(default, deserialize_with = "list")]
    pub(crate) records: Vec<Record>,
}

/// What `POST /book_record` answers of each appointment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Made {
    #[serde(deserialize_with = "int")]
    pub(crate) record_id: i64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) record_hash: String,
}

/// A client in `POST /company/{id}/clients/search`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Client {
    #[serde(deserialize_with = "int")]
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "text")]
    pub(crate) phone: String,
}

/// A membership in `GET /loyalty/abonements`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Membership {
    #[serde(default, deserialize_with = "flag")]
    pub(crate) is_frozen: bool,
    #[serde(default, deserialize_with = "text")]
    pub(crate) expiration_date: String,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) balance_container: Option<Balance>,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) is_united_balance: bool,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) united_balance_services_count: Option<i64>,
    #[serde(default, rename = "type", deserialize_with = "maybe_object")]
    pub(crate) kind: Option<MembershipKind>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct MembershipKind {
    #[serde(default, deserialize_with = "flag")]
    pub(crate) is_united_balance: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Balance {
    #[serde(default, deserialize_with = "list")]
    pub(crate) links: Vec<BalanceLink>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BalanceLink {
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) count: Option<i64>,
    #[serde(default, deserialize_with = "maybe_object")]
    pub(crate) category: Option<BalanceCategory>,
}

/// What visits are left for: a service, or a category of them.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct BalanceCategory {
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) id: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_as_it_was_captured() {
        let record: Record = serde_json::from_value(json!({
            "id": 2, "company_id": 4564, "staff_id": 9, "clients_count": 1,
            "services": [{ "id": 1, "title": "Hair extension", "cost": 100, "cost_to_pay": 100, "manual_cost": 100,
                "cost_per_unit": 100, "discount": 0, "first_cost": 100, "amount": 1 }],
            "goods_transactions": [],
            "staff": { "id": 9, "api_id": null, "name": "Alex", "position": { "id": 1, "title": "Administrator" } },
            "client": { "id": 18_936_825, "name": "James", "display_name": "James", "phone": "+13155550175", "custom_fields": [] },
            "comer": null, "date": "2026-04-20 18:30:00", "datetime": "2026-04-20T18:30:00+05:00",
            "create_date": "2026-04-20T12:36:27+0500", "last_change_date": "2026-04-20T14:22:50+0500",
            "visit_id": "8262996", "attendance": 0, "confirmed": 1, "seance_length": 3600, "length": 3600,
            "technical_break_duration": 0, "sms_remain_hours": null, "email_remain_hours": 0, "api_id": "",
            "deleted": false, "paid_full": 0, "record_labels": [], "custom_fields": [], "activity_id": 0,
            "resource_instance_ids": [], "short_link": "https://example.alt/c/x/y/", "acceptance_free": null }))
        .unwrap();
        assert_eq!((record.member(), record.seconds(), record.visit_id), (Some(9), 3600, Some(8_262_996)));
        assert_eq!((record.sms_remain_hours, record.email_remain_hours), (None, Some(0)));
        assert!(!record.deleted && record.client.unwrap().phone == "+13155550175");
    }

    #[test]
    fn a_block_has_no_client_and_old_records_have_less() {
        let block: Record =
            serde_json::from_value(json!({ "id": "3", "client": null, "services": [], "staff": [], "deleted": 1 }))
                .unwrap();
        assert!(block.client.is_none() && block.deleted && block.member().is_none() && block.seconds() == 0);
    }
}
