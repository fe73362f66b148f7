//! What the larger requests hold.

use crate::fake::contract::{Field, Kind, may, must};

pub(super) const SERVICE_IDS: Field = may("service_ids", Kind::Ints);
pub(super) const PAGE: Field = may("page", Kind::Int);
pub(super) const COUNT: Field = may("count", Kind::Int);

/// Who books, online.
pub(super) const APPOINTMENT: &[Field] = &[
    must("id", Kind::Int),
    may("services", Kind::Ints),
    must("staff_id", Kind::Int),
    must("datetime", Kind::Moment),
    may("custom_fields", Kind::Any),
];
/// A record as it is written.
pub(super) const RECORD: &[Field] = &[
    must("staff_id", Kind::Int),
    must(
        "services",
        Kind::Objects(&[
            must("id", Kind::Int),
            may("first_cost", Kind::Number),
            may("discount", Kind::Number),
            may("cost", Kind::Number),
            may("amount", Kind::Int),
        ]),
    ),
    must(
        "client",
        Kind::Object(&[
            may("id", Kind::Int),
            may("phone", Kind::Text),
            may("name", Kind::Text),
            may("surname", Kind::Text),
            may("patronymic", Kind::Text),
            may("email", Kind::Text),
        ]),
    ),
    must("datetime", Kind::Moment),
    must("seance_length", Kind::Int),
    // What happens without it is not known: it is always sent.
    must("save_if_busy", Kind::Flag),
    may("send_sms", Kind::Flag),
    may("comment", Kind::Text),
    may("sms_remain_hours", Kind::Int),
    may("email_remain_hours", Kind::Int),
    may("attendance", Kind::Int),
    may("api_id", Kind::Key),
    may("custom_color", Kind::Text),
    may("record_labels", Kind::Ids),
    may("technical_break_duration", Kind::Int),
    may("custom_fields", Kind::Any),
    may("clients_count", Kind::Int),
    may("activity_id", Kind::Int),
    may("fast_payment", Kind::Int),
    may(
        "client_agreements",
        Kind::Object(&[
            may("is_newsletter_allowed", Kind::Flag),
            may("is_personal_data_processing_allowed", Kind::Flag),
        ]),
    ),
];
pub(super) const INCLUDES: &[Field] =
    &[may("include_consumables", Kind::Bit), may("include_finance_transactions", Kind::Bit)];
pub(super) const CLIENT: &[Field] = &[
    must("name", Kind::Text),
    must("phone", Kind::Text),
    may("surname", Kind::Text),
    may("patronymic", Kind::Text),
    may("email", Kind::Text),
    may("comment", Kind::Text),
    may("birth_date", Kind::Text),
    may("sex_id", Kind::Int),
    may("importance_id", Kind::Int),
    may("discount", Kind::Number),
    may("card", Kind::Text),
    may("spent", Kind::Number),
    may("balance", Kind::Number),
    may("sms_check", Kind::Bit),
    may("sms_not", Kind::Bit),
    may("categories", Kind::Ids),
    may("custom_fields", Kind::Any),
];
pub(super) const HOOKS: &[Field] = &[
    must("urls", Kind::Texts),
    must("active", Kind::Bit),
    may("salon", Kind::Bit),
    may("service_category", Kind::Bit),
    may("service", Kind::Bit),
    may("master", Kind::Bit),
    may("good", Kind::Bit),
    may("client", Kind::Bit),
    may("record", Kind::Bit),
    may("schedule", Kind::Bit),
    may("loyalty_card", Kind::Bit),
    may("goods_operations_sale", Kind::Bit),
    may("goods_operations_receipt", Kind::Bit),
    may("goods_operations_consumable", Kind::Bit),
    may("goods_operations_stolen", Kind::Bit),
    may("goods_operations_move", Kind::Bit),
    may("finances_operation", Kind::Bit),
    may("self_sending", Kind::Bit),
];
pub(super) const SALON_ID: Field = must("salon_id", Kind::Int);
pub(super) const APPLICATION_ID: Field = must("application_id", Kind::Int);
/// What a partner says when a location is ready.
pub(super) const ACTIVATION: &[Field] = &[
    SALON_ID,
    APPLICATION_ID,
    may("webhook_urls", Kind::Texts),
    may("api_key", Kind::Text),
    may("channels", Kind::Texts),
    may("chat_url", Kind::Text),
    may("tips_url", Kind::Text),
    may("login", Kind::Text),
    may("secret_key", Kind::Text),
];
pub(super) const STAFF_QUERY: &[Field] = &[may("staff_id", Kind::Int), may("category_id", Kind::Int)];
