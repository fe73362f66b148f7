//! One webhook, verified and parsed: signature, envelope, event. No store, no HTTP.

use crate::figures::Times;
use anyhow::{Result, anyhow, ensure};
use bytes::Bytes;
use chatplug::{
    ports::WebhookReceiver,
    whatsapp::{
        meta::{self, MetaKeyring, MetaWebhook},
        twilio::{self, TwilioKeyring, TwilioWebhook},
    },
};
use chrono::{DateTime, Utc};
use std::{hint::black_box, time::Instant};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ACCOUNT: &str = "AC00000000000000000000000000000001";
const CALLBACK: &str = "https://chat.example.com/webhooks/twilio/main";

const ROUNDS: usize = 50_000;

/// Times a text, a tap, a batch of fifty, and a status of either provider.
pub(crate) fn webhook() -> Result<()> {
    let meta = MetaWebhook::new(MetaKeyring::new(SECRET, "verify"));
    let twilio = TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, SECRET), CALLBACK);
    let now = DateTime::UNIX_EPOCH;
    for (name, body, events) in [
        ("Meta, a text", of_meta("messages", &[text(1)]), 1),
        ("Meta, a tap", of_meta("messages", &[tap()]), 1),
        ("Meta, three statuses", of_meta("statuses", &["sent", "delivered", "read"].map(status)), 3),
        ("Meta, fifty texts", of_meta("messages", &(0..50).map(text).collect::<Vec<_>>()), 50),
    ] {
        let request = http::Request::post("/webhooks/meta/main")
            .header("x-hub-signature-256", meta::sign(SECRET, body.as_bytes()))
            .header("content-type", "application/json")
            .body(Bytes::from(body))?;
        tell(name, &meta, &request, events, now)?;
    }
    for (name, form, query) in [
        (
            "Twilio, a text",
            message(&[("SmsStatus", "received"), ("Body", "ol%C3%A1%2C+amanh%C3%A3+%C3%A0s+17h%3F")]),
            "",
        ),
        (
            "Twilio, a tap",
            message(&[
                ("SmsStatus", "received"),
                ("Body", "Sim"),
                ("ButtonText", "Sim"),
                ("ButtonPayload", "v1%3Ayes%3Aq7"),
            ]),
            "",
        ),
        (
            "Twilio, a status",
            message(&[("MessageStatus", "delivered"), ("SmsStatus", "delivered")]),
            "?k=1068fe08aaa6535d83687f70e0cc0000",
        ),
    ] {
        let request = http::Request::post(format!("/webhooks/twilio/main{query}"))
            .header("x-twilio-signature", twilio::sign(SECRET, &format!("{CALLBACK}{query}"), form.as_bytes()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form))?;
        tell(name, &twilio, &request, 1, now)?;
    }
    Ok(())
}

fn tell(
    name: &str,
    receiver: &dyn WebhookReceiver,
    request: &http::Request<Bytes>,
    events: usize,
    now: DateTime<Utc>,
) -> Result<()> {
    let received = receiver.receive(request, now).map_err(|error| anyhow!("{name}: {error}"))?;
    ensure!(received.events.len() == events, "{name}: {} events", received.events.len());
    let mut times = Times::default();
    for _ in 0..ROUNDS / events {
        let start = Instant::now();
        let received = receiver.receive(black_box(request), now);
        times.0.push(start.elapsed());
        drop(black_box(received));
    }
    println!("{name:<22} {:>6} bytes: {}", request.body().len(), times.told("µs"));
    Ok(())
}

fn of_meta(kind: &str, parts: &[String]) -> String {
    let parts = parts.join(",");
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"102290129340398","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550783881","phone_number_id":"106540352242922"}},"contacts":[{{"profile":{{"name":"Maria"}},"wa_id":"16505551234","user_id":"US.13491208655302741918"}}],"{kind}":[{parts}]}},"field":"messages"}}]}}]}}"#
    )
}

fn text(n: usize) -> String {
    format!(
        r#"{{"from":"16505551234","from_user_id":"US.13491208655302741918","id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFF{n:04}","timestamp":"1749416383","type":"text","text":{{"body":"ol\u00e1, amanh\u00e3 \u00e0s 17h?"}}}}"#
    )
}

fn tap() -> String {
    r#"{"context":{"from":"15550783881","id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJGMzEyNzhENTZDMzNGODlDRDgA"},"from":"16505551234","id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFF0000","timestamp":"1749416383","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"v1:yes:q7","title":"Sim"}}}"#.to_owned()
}

fn status(stage: &str) -> String {
    format!(
        r#"{{"id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJGMzEyNzhENTZDMzNGODlDRDgA","status":"{stage}","timestamp":"1749416383","recipient_id":"16505551234","biz_opaque_callback_data":"1068fe08aaa6535d83687f70e0cc0000","pricing":{{"billable":false,"pricing_model":"PMP","category":"service","type":"regular"}}}}"#
    )
}

fn message(fields: &[(&str, &str)]) -> String {
    let sid = "SM00000000000000000000000000000001";
    let mut form = format!(
        "SmsMessageSid={sid}&NumMedia=0&ProfileName=Maria&MessageType=text&SmsSid={sid}&WaId=15551230001\
         &To=whatsapp%3A%2B15550009999&NumSegments=1&ReferralNumMedia=0&MessageSid={sid}&AccountSid={ACCOUNT}\
         &From=whatsapp%3A%2B15551230001&ApiVersion=2010-04-01"
    );
    for (name, value) in fields {
        form.push_str(&format!("&{name}={value}"));
    }
    form
}
