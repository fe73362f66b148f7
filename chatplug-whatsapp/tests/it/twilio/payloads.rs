//! Every webhook of the contract says what its index says.

use super::receiver::{ACCOUNT, now, receive, receive_json};
use crate::contracts;
use chatplug_core::{
    model::{ChannelUser, Content, Inbound, MediaRef, Private},
    ports::{ReceivedEvent, Scoped},
};

/// File, and its events in one line each.
#[rustfmt::skip]
const SAYS: &[(&str, &[&str])] = &[
    ("inbound_text", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "Book a haircut tomorrow at 15:30""#]),
    ("inbound_text_with_external_user_id", &[r#"/15550009999 m: 15551230001/US.13491208655302741918 "Ana Ivanova": text "hi""#]),
    ("inbound_text_messaging_service", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "hi""#]),
    ("inbound_text_without_phone", &[r#"/15550009999 m: -/US.13491208655302741918 "Ana Ivanova": text "hi""#]),
    ("inbound_quick_reply_tap", &[r#"/15550009999 m: 15551230001/US.13491208655302741918 "Ana Ivanova": tap Button "v1:confirm:bk_42" "Confirm" quoting MM…a01"#]),
    ("inbound_template_button_tap", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": tap Template "v1:confirm:bk_42" "Confirm" quoting MM…a02"#]),
    ("inbound_list_pick_variant_list_fields", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": tap Row "v1:slot:1" "15:30" quoting MM…a03"#]),
    ("inbound_list_pick_variant_button_fields", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": tap Button "v1:slot:1" "15:30" quoting MM…a04"#]),
    ("inbound_list_pick_variant_body_only", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "15:30" quoting MM…a05"#]),
    ("inbound_image", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": Image MM…00a/ME…00b "image/jpeg" None"#]),
    ("inbound_image_with_caption", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": Image MM…00c/ME…00d "image/jpeg" Some("like this")"#]),
    ("inbound_voice", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": Voice MM…00e/ME…00f "audio/ogg" None"#]),
    ("inbound_document", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": Document MM…010/ME…011 "application/pdf" Some("invoice.pdf")"#]),
    ("inbound_sticker", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": Sticker MM…012/ME…013 "image/webp" None"#]),
    ("inbound_contact_vcard", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": Contacts { phones: [] }"#]),
    ("inbound_location", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": location 37.7749 -122.4194 Some("Salon") Some("1 Main St, San Francisco")"#]),
    ("inbound_reply", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "yes" quoting SM…a06"#]),
    ("inbound_forwarded", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "look" forwarded"#]),
    ("inbound_ad_referral", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "Hi! Can I get more info?" from Some("120226305854810726") Some("https://fb.me/3cr4Wqqkv") Some("Chat with us")"#]),
    ("inbound_flow_reply", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": form {"screen_0_name":"Ana","flow_token":"ft_01"}"#]),
    ("inbound_unknown_extra_fields", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "hi""#]),
    ("status_queued", &["/15550009999 s: Sent"]),
    ("status_sent", &["/15550009999 s: Sent"]),
    ("status_delivered", &["/15550009999 s: Delivered"]),
    ("status_read", &["/15550009999 s: Read"]),
    ("status_failed_63016", &[r#"/15550009999 s: Failed 63016 OutsideWindow "Failed to send freeform message because you are outside the allowed window.""#]),
    ("status_undelivered_63024", &[r#"/15550009999 s: Failed 63024 Unreachable "Invalid message recipient""#]),
    ("status_minimal", &["/15550009999 s: Delivered"]),
    ("retry_of_inbound_text", &[r#"/15550009999 m: 15551230001/- "Ana Ivanova": text "hi""#]),
    ("event_template_approval_updated", &[" v: templates template:approved"]),
];

#[test]
fn every_payload_says_what_its_name_says() {
    let Some(index) = contracts::read("twilio/webhooks/INDEX.json") else { return };
    let listed: Vec<_> = index.as_array().unwrap().iter().map(|row| row["file"].as_str().unwrap()).collect();
    let expected: Vec<_> = SAYS.iter().map(|(file, _)| format!("{file}.json")).collect();
    let mut wrong = Vec::new();
    for file in &listed {
        let payload = contracts::read(&format!("twilio/webhooks/{file}")).unwrap();
        let received = match payload["body"].as_str() {
            Some(body) => receive(body.to_owned()),
            None => receive_json(payload["json"].to_string()),
        };
        let received = received.unwrap_or_else(|error| panic!("{file}: {error}"));
        let said: Vec<_> = received.events.iter().map(said).collect();
        let file = file.trim_end_matches(".json");
        if !SAYS.iter().any(|(name, says)| *name == file && *says == said) {
            wrong.push(format!("    ({file:?}, &{said:?}),"));
        }
    }
    assert!(wrong.is_empty(), "these say something else:\n{}", wrong.join("\n"));
    assert_eq!(listed, expected, "a payload without a row here, or a row without a payload");
}

/// An event in one line: whom it is for, how it is told apart, and what it says.
fn said(event: &ReceivedEvent) -> String {
    let external = event.external_id.strip_prefix(ACCOUNT).unwrap_or_else(|| panic!("{event:?}"));
    let (kind, what) = match &event.event {
        Scoped::Message(message) => {
            assert_eq!((event.key.clone(), message.at), (format!("m:{}", message.id), now()));
            ("m", message_said(message))
        }
        Scoped::Status(status) => {
            assert!(event.key.starts_with(&format!("s:{}:", status.message)) && status.at == now());
            let failure = status.failure.as_ref().map(|f| format!(" {} {:?} {:?}", f.code, f.kind, f.detail));
            ("s", format!("{:?}{}", status.stage, failure.unwrap_or_default()))
        }
        Scoped::Account { what } => ("v", format!("account {what}")),
        Scoped::Templates { what } => ("v", format!("templates {what}")),
        other => panic!("{other:?}"),
    };
    assert!(event.key.starts_with(&format!("{kind}:")) && event.provider == "twilio", "{event:?}");
    format!("{external} {kind}: {what}")
}

fn message_said(message: &Inbound) -> String {
    let Inbound { from, profile_name, at: _, content, quoted, forwarded, referral, id: _ } = message;
    let show = |text: &Private<String>| text.reveal().clone();
    let said = match content {
        Content::Text { body } => format!("text {:?}", show(body)),
        Content::Tap(tap) => format!("tap {:?} {:?} {:?}", tap.on, tap.id, tap.title),
        Content::Location { point, name, address } => {
            format!("location {} {} {name:?} {address:?}", point.latitude, point.longitude)
        }
        Content::Media(MediaRef { kind, id, mime, caption }) => {
            format!("{kind:?} {} {mime:?} {:?}", end(id), caption.as_ref().map(show))
        }
        Content::Form { json } => format!("form {}", show(json)),
        other => format!("{other:?}"),
    };
    let mut out = format!("{} {:?}: {said}", name(from), profile_name.as_ref().map(show).unwrap_or_default());
    if let Some(quoted) = quoted {
        out += &format!(" quoting {}", end(quoted.as_str()));
    }
    if *forwarded {
        out += " forwarded";
    }
    if let Some(referral) = referral {
        out += &format!(" from {:?} {:?} {:?}", referral.source_id, referral.source_url, referral.headline);
        assert!(referral.click_id.as_ref().is_some_and(|id| id.starts_with("Aff-")));
    }
    out
}

/// The end of every SID.
fn end(id: &str) -> String {
    id.split('/').map(|id| format!("{}…{}", &id[..2], &id[id.len() - 3..])).collect::<Vec<_>>().join("/")
}

fn name(user: &ChannelUser) -> String {
    let phone = user.phone.as_ref().map_or("-", |phone| phone.digits());
    let id = user.user_id.as_ref().map_or("-", |id| id.reveal().as_str());
    format!("{phone}/{id}")
}
