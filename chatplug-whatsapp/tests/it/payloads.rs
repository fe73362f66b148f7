//! Every payload of the contract says what its name says: one row of expectations a file.

use crate::{contracts, receiver::receive};
use chatplug_core::{
    model::{ChannelUser, Content, Inbound, MediaRef, MessageId, Private},
    ports::{ReceivedEvent, Scoped},
};

/// Files and the events in them. A message reads: number, key, phone/user id, profile name, what it says.
#[rustfmt::skip]
const SAYS: &[(&str, &[&str])] = &[
    ("account_alerts", &["102290129340398 h: account account_alerts:INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED"]),
    ("account_review_update", &["102290129340398 h: account account_review_update:APPROVED"]),
    ("account_update_account_offboarded", &["862475293675413 h: account account_update:ACCOUNT_OFFBOARDED"]),
    ("account_update_account_reconnected", &["862475293675413 h: account account_update:ACCOUNT_RECONNECTED"]),
    ("account_update_deleted", &["102290129340398 h: account account_update:ACCOUNT_DELETED"]),
    ("account_update_disabled", &["102290129340398 h: account account_update:DISABLED_UPDATE"]),
    ("account_update_partner_added", &["2949482758682047 h: account account_update:PARTNER_ADDED"]),
    ("account_update_partner_app_installed", &["2949482758682047 h: account account_update:PARTNER_APP_INSTALLED"]),
    ("account_update_partner_app_uninstalled", &["2949482758682047 h: account account_update:PARTNER_APP_UNINSTALLED"]),
    ("account_update_partner_removed", &["102290129340398 h: account account_update:PARTNER_REMOVED"]),
    ("account_update_restriction", &["102290129340398 h: account account_update:ACCOUNT_RESTRICTION"]),
    ("account_update_violation", &["102290129340398 h: account account_update:ACCOUNT_VIOLATION"]),
    ("account_update_volume_tier", &["102290129340398 h: account account_update:VOLUME_BASED_PRICING_TIER_UPDATE"]),
    ("batch_two_messages_and_statuses", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": text "hi" at 1774860500"#, "106540352242922 s: Read of AAAAAgA= at 1774860499", "106540352242922 s: Sent of AAAAAgA= at 1774860490", r#"206540352242923 m: 16505559876/- "Pablo Morales": text "hola" at 1774860501"#]),
    ("bsuid_message_contacts_shared_by_request", &[r#"106540352242922 m: -/US.13491208655302741918 "Sheena Nelson": contacts ["+16505551234"] at 1774860400"#]),
    ("bsuid_message_interactive_button_reply_without_phone", &[r#"106540352242922 m: -/US.13491208655302741918 "Sheena Nelson": tap Button "confirm:bk_42" "Confirm" at 1774860100 quoting MzQ5MkEA"#]),
    ("bsuid_message_system_user_changed_user_id", &["106540352242922 m: ignored message:system:sender"]),
    ("bsuid_message_text", &[r#"106540352242922 m: -/US.13491208655302741918 "Sheena Nelson": text "Does it come in another color?" at 1749416383"#]),
    ("bsuid_message_text_with_phone", &[r#"106540352242922 m: 16505551234/US.13491208655302741918 "Sheena Nelson": text "Hello from a username user" at 1774860000"#]),
    ("bsuid_message_text_without_phone", &[r#"106540352242922 m: -/US.13491208655302741918 "Sheena Nelson": text "Can I book a haircut?" at 1774860000"#]),
    ("bsuid_status_delivered_1", &["106540352242922 s: Delivered of MUMxMAA= at 1750030073"]),
    ("bsuid_status_delivered_2", &["106540352242922 s: Delivered of MUMxMAA= at 1750030073"]),
    ("bsuid_status_failed_sent_to_phone", &["106540352242922 s: Failed 131047 OutsideWindow of MzQ5MkEA at 1774860200"]),
    ("bsuid_status_read_sent_to_bsuid", &["106540352242922 s: Read of MzQ5MkEA at 1774860200"]),
    ("bsuid_user_id_update", &[r#"106540352242922 h: 16505555678/US.13491208655302741918 "": now 16505555678/US.24817305912873645029 at 1774860301"#]),
    ("business_capability_update", &["524126980791429 h: account business_capability_update"]),
    ("business_username_update", &["102290129340398 h: account business_username_update:approved"]),
    ("message_audio_voice", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": Voice 1908647269898587 "audio/ogg; codecs=opus" None at 1744344496"#]),
    ("message_button_template_quick_reply", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": tap Template "Unsubscribe" "Unsubscribe" at 1750091045 quoting M0VBRAA="#]),
    ("message_button_without_context", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": tap Template "callback_data" "title" at 1698269027"#]),
    ("message_contacts", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": contacts ["+1 (415) 555-0829"] at 1744344496"#]),
    ("message_document", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": Document 622684793477189 "application/pdf" Some("my receipt") at 1744344496"#]),
    ("message_edit_coexistence", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": edit of M0VBRAA= Some("Updated image caption") at 1749854575"#]),
    ("message_edit_image", &[r#"106540352242922 m: 16505551234/US.13491208655302741918 "Sheena Nelson": edit of M0VBRAA= Some("Updated image caption") at 1749854575"#]),
    ("message_forwarded", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": text "forwarded text" at 1697044815 forwarded"#]),
    ("message_forwarded_many_times", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": text "text forwarded many times" at 1697044968 forwarded"#]),
    ("message_group_text", &["106540352242922 m: ignored group"]),
    ("message_image", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": Image 1003383421387256 "image/jpeg" Some("Taj Mahal") at 1744344496"#]),
    ("message_interactive_button_reply", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": tap Button "cancel-button" "Cancel" at 1750025136 quoting QTVDRjUA"#]),
    ("message_interactive_flow_reply", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": form {"comment_text":"Comment Text","delivery_rating":"4","flow_token":"AQAAAAACS5FpgQ_cAAAAAD0QI3s.","purchase_rating":"2","recommend_radio":"0","cs_rating":"0"} at 1702502473 quoting gfretgc="#]),
    ("message_interactive_flow_reply_no_token", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": form {"comment_text":"Comment Text","delivery_rating":"4","purchase_rating":"2","recommend_radio":"0","cs_rating":"0"} at 1702502473 quoting gfretgc="#]),
    ("message_interactive_list_reply", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": tap Row "priority_express" "Priority Mail Express" at 1749854575 quoting M0VBRAA="#]),
    ("message_interactive_list_reply_with_description", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": tap Row "callback_data" "title" at 1698266905 quoting xyzxyw=="#]),
    ("message_interactive_with_error", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": unsupported interactive at 1700505494 quoting gfretgc="#, "16505551234 h: account error:131000"]),
    ("message_location", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": location 37.44221496582 -122.16165924072 Some("Philz Coffee") Some("101 Forest Ave, Palo Alto, CA 94301") at 1744344496"#]),
    ("message_location_chosen", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": location 37.4611978 -122.2164385 Some("Facebook HQ") Some("1 Hacker Way, Menlo Park, CA 94025") at 1697044557 forwarded"#]),
    ("message_location_current", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": location 12.25089 43.90539 None None at 1697044557 forwarded"#]),
    ("message_location_reply_to_request", &[r#"106540352242922 m: 16505551234/- "Pablo Morales": location 40.782910059774 -73.959075808525 Some("Solomon R. Guggenheim Museum") Some("1071 5th Ave, New York, NY 10128") at 1702920965 quoting Nzg4QzcA"#]),
    ("message_media_with_url", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": Image 65463453 "image/jpeg" None at 1697043379"#]),
    ("message_order", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": order at 1750096325"#]),
    ("message_reaction", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": reaction Some("👍") on M0VBRAA= at 1749419544"#]),
    ("message_reaction_removed", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": reaction None on M0VBRAA= at 1749419544"#]),
    ("message_reaction_removed_empty_emoji", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": reaction None on yzxyzw== at 1697044456"#]),
    ("message_reaction_removed_no_emoji", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": reaction None on yzxyzw== at 1697044456"#]),
    ("message_revoke", &[r#"106540352242922 m: 16505551234/US.13491208655302741918 "Sheena Nelson": revoke of MTQ0RgA= at 1697043223"#]),
    ("message_revoke_coexistence", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": revoke of M0VBRAA= at 1749854575"#]),
    ("message_sticker", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": Sticker 1908647269898587 "image/webp" None at 1744344496"#]),
    ("message_sticker_animated", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": Sticker 1234567890987654321 "image/webp" None at 1697043785"#]),
    ("message_system_customer_identity_changed", &[r#"16505551234 m: 16505551234/- "User A": now -/- at 1697044706"#]),
    ("message_system_user_changed_number", &[r#"106540352242922 m: 16505551234/- "": now 12195555358/- at 1750269342"#]),
    ("message_template_components_update", &["102290129340398 h: templates message_template_components_update"]),
    ("message_template_quality_update", &["102290129340398 h: templates message_template_quality_update:YELLOW"]),
    ("message_template_status_update_approved", &["102290129340398 h: templates message_template_status_update:APPROVED"]),
    ("message_template_status_update_rejected", &["102290129340398 h: templates message_template_status_update:REJECTED"]),
    ("message_text", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": text "Body Text" at 1697043223"#]),
    ("message_text_click_to_whatsapp_ad_referral", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": text "Can I get more info about this?" at 1750275992 from Some("120226305854810726") Some("https://fb.me/3cr4Wqqkv") Some("Chat with us")"#]),
    ("message_text_message_business_button", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": text "Is this still available?" at 1750016800 quoting cXVpcnkA"#]),
    ("message_text_reply", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": text "replied text" at 1697044746 quoting xyzxyw=="#]),
    ("message_unsupported", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": unsupported unsupported at 1697044706"#]),
    ("message_unsupported_poll", &[r#"16505551234 m: 16505551234/US.13491208655302741918 "Sheena Nelson": unsupported pool at 1697044706"#]),
    ("message_unsupported_with_type", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": unsupported edit at 1750090702"#]),
    ("message_video", &[r#"106540352242922 m: 16505551234/- "Sheena Nelson": Video 731675419373506 "video/mp4" Some("Timelapse of growth") at 1744344496"#]),
    ("phone_number_name_update", &["102290129340398 h: account phone_number_name_update:APPROVED"]),
    ("phone_number_quality_update_flagged", &["495709166956424 h: account phone_number_quality_update:FLAGGED"]),
    ("phone_number_quality_update_throughput", &["102290129340398 h: account phone_number_quality_update:THROUGHPUT_UPGRADE"]),
    ("security_pin_reset_request", &["102290129340398 h: account security:PIN_RESET_REQUEST"]),
    ("smb_app_state_sync", &["106540352242922 h: ignored smb_app_state_sync"]),
    ("smb_message_echoes_delete", &["16505551234 e: staff wrote to 16505551234/-"]),
    ("smb_message_echoes_edit", &["16505551234 e: staff wrote to 16505551234/-"]),
    ("smb_message_echoes_text", &["16505551234 e: staff wrote to 16505551234/US.13491208655302741918"]),
    ("status_delivered", &["106540352242922 s: Delivered of QUVFM0YA at 1750263773"]),
    ("status_failed", &["106540352242922 s: Failed 131049 Permanent of NjMyREUA at 1751142888"]),
    ("status_failed_130472", &["16505551234 s: Failed 130472 Permanent of xyzxyw== at 1689380458"]),
    ("status_group", &["106540352242922 s: Read of MTQ0RwA= at 1698266945"]),
    ("status_played", &["16505551234 s: Read of xyzxyw== at 1689380458"]),
    ("status_read", &["16505551234 s: Read of xyzxyw== at 1689380458"]),
    ("status_sent", &["106540352242922 s: Sent of MUMxMAA= at 1750030073"]),
    ("status_sent_2", &["106540352242922 s: Sent of MUMxMAA= at 1750030073"]),
    ("status_with_biz_opaque_callback_data", &["16505551234 s: Sent of xyzxyw== at 1698266945"]),
    ("template_category_update_1", &["102290129340398 h: templates template_category_update:UTILITY"]),
    ("template_category_update_2", &["102290129340398 h: templates template_category_update:MARKETING"]),
    ("user_preferences", &["106540352242922 h: marketing true for 16505551234/-"]),
    ("user_preferences_resume", &["106540352242922 h: marketing true for 16505551234/US.13491208655302741918"]),
    ("value_errors", &["106540352242922 h: account error:130429"]),
];

#[test]
fn every_payload_says_what_its_name_says() {
    let Some(index) = contracts::read("meta/webhooks/INDEX.json") else { return };
    let listed: Vec<_> = index.as_array().unwrap().iter().map(|row| row["file"].as_str().unwrap()).collect();
    let expected: Vec<_> = SAYS.iter().map(|(file, _)| format!("{file}.json")).collect();
    assert_eq!(listed, expected, "a payload without a row here, or a row without a payload");
    for (file, says) in SAYS {
        let payload = contracts::read(&format!("meta/webhooks/{file}.json")).unwrap();
        let events = receive(payload.to_string()).unwrap().events;
        assert_eq!(events.iter().map(said).collect::<Vec<_>>(), *says, "{file}");
    }
}

/// An event in one line: whom it is for, how it is told apart, and what it says. Message ids are cut to their end.
fn said(event: &ReceivedEvent) -> String {
    let (key, what) = match &event.event {
        Scoped::Message(message) => {
            let own = format!("m:{}", message.id);
            // What has no id of its own is named by the hash of its text.
            let kind = if event.key == own { "m" } else { "h" };
            assert!(kind == "m" || event.key == message.id.as_str());
            (kind, message_said(message))
        }
        Scoped::Status(status) => {
            assert!(event.key.starts_with(&format!("s:{}:", status.message)));
            let failure = status.failure.as_ref().map(|f| format!(" {} {:?}", f.code, f.kind)).unwrap_or_default();
            let said = format!("{:?}{failure} of {} at {}", status.stage, end(&status.message), status.at.timestamp());
            ("s", said)
        }
        Scoped::MarketingPreference { user, wanted } => ("h", format!("marketing {wanted} for {}", name(user))),
        Scoped::StaffWrote { user } => ("e", format!("staff wrote to {}", name(user))),
        Scoped::Account { what } => ("h", format!("account {what}")),
        Scoped::Templates { what } => ("h", format!("templates {what}")),
        Scoped::Ignored { what } => (if event.key.starts_with("m:") { "m" } else { "h" }, format!("ignored {what}")),
        other => panic!("{other:?}"),
    };
    assert!(event.key.starts_with(&format!("{key}:")) && event.provider == "meta", "{event:?}");
    format!("{} {key}: {what}", event.external_id)
}

fn end(id: &MessageId) -> &str {
    let id = id.as_str();
    &id[id.len().saturating_sub(8)..]
}

fn message_said(message: &Inbound) -> String {
    let Inbound { from, profile_name, at, content, quoted, forwarded, referral, id } = message;
    let show = |text: &Private<String>| text.reveal().clone();
    let said = match content {
        Content::Text { body } => format!("text {:?}", show(body)),
        Content::Tap(tap) => format!("tap {:?} {:?} {:?}", tap.on, tap.id, tap.title),
        Content::Location { point, name, address } => {
            format!("location {} {} {name:?} {address:?}", point.latitude, point.longitude)
        }
        Content::Media(MediaRef { kind, id, mime, caption }) => {
            format!("{kind:?} {id} {mime:?} {:?}", caption.as_ref().map(show))
        }
        Content::Contacts { phones } => format!("contacts {:?}", phones.iter().map(show).collect::<Vec<_>>()),
        Content::Reaction { target, emoji } => format!("reaction {emoji:?} on {}", end(target)),
        Content::Edit { original, body } => format!("edit of {} {:?}", end(original), body.as_ref().map(show)),
        Content::Revoke { original } => format!("revoke of {}", end(original)),
        Content::Order => "order".to_owned(),
        Content::Form { json } => format!("form {}", show(json)),
        Content::IdentityChanged { new } => format!("now {}", name(new)),
        Content::Unsupported { name, .. } => format!("unsupported {name}"),
        other => format!("{other:?}"),
    };
    let mut out = format!(
        "{} {:?}: {said} at {}",
        name(from),
        profile_name.as_ref().map(show).unwrap_or_default(),
        at.timestamp()
    );
    if let Some(quoted) = quoted {
        out += &format!(" quoting {}", end(quoted));
    }
    if *forwarded {
        out += " forwarded";
    }
    if let Some(referral) = referral {
        out += &format!(" from {:?} {:?} {:?}", referral.source_id, referral.source_url, referral.headline);
        assert!(referral.click_id.as_ref().is_some_and(|id| id.starts_with("Aff-")));
    }
    assert!(!id.as_str().is_empty());
    out
}

fn name(user: &ChannelUser) -> String {
    let phone = user.phone.as_ref().map_or("-", |phone| phone.digits());
    let id = user.user_id.as_ref().map_or("-", |id| id.reveal().as_str());
    format!("{phone}/{id}")
}
