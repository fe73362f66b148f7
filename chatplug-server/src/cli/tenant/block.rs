//! The block of the configuration that a connected number needs: ids only, and the names of secrets.

use chatplug_core::model::ChannelId;
use chatplug_whatsapp::{meta::provision::known as meta, provision::Progress, twilio::provision::known as twilio};
use std::fmt::Write as _;

/// At Meta.
pub(super) fn of_meta(channel: &ChannelId, app: &str, token: &str, progress: &Progress) -> String {
    let mut block = head(channel, "meta");
    line(&mut block, "app", Some(app));
    line(&mut block, "phone_number_id", progress.known(meta::PHONE_NUMBER_ID));
    line(&mut block, "waba_id", progress.known(meta::WABA_ID));
    secret(&mut block, "access_token", token);
    block
}

/// At Twilio.
pub(super) fn of_twilio(
    channel: &ChannelId,
    endpoint: &str,
    token: &str,
    base_url: Option<&str>,
    progress: &Progress,
) -> String {
    let mut block = head(channel, "twilio");
    line(&mut block, "endpoint", Some(endpoint));
    line(&mut block, "account_sid", progress.known(twilio::ACCOUNT_SID));
    secret(&mut block, "auth_token", token);
    line(&mut block, "number", progress.known(twilio::NUMBER));
    line(&mut block, "base_url", base_url);
    block
}

fn head(channel: &ChannelId, provider: &str) -> String {
    let mut block = String::from("[[tenant.channel]]\n");
    line(&mut block, "id", Some(channel.as_str()));
    line(&mut block, "provider", Some(provider));
    block
}

fn line(block: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        // Writing into a `String` cannot fail.
        let _ = writeln!(block, "{key} = {}", toml::Value::from(value));
    }
}

fn secret(block: &mut String, key: &str, name: &str) {
    let _ = writeln!(block, "{key} = {{ vault = {} }}", toml::Value::from(name));
}
