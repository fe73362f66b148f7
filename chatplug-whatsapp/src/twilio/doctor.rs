//! Live checks of a sender at Twilio: reads only, and what to do about what is wrong.

use super::provision::TwilioSetup;
use crate::common::doctor::{host_of, refused};
use chatplug_core::checkup::Checked;

/// What a sender is checked against.
#[derive(Debug, Clone)]
pub struct TwilioCheckup {
    /// The calls, with the account's credentials.
    pub setup: TwilioSetup,
    /// The sender's number.
    pub number: String,
    /// Where messages are to be posted to.
    pub webhook_url: Option<String>,
}

impl TwilioCheckup {
    /// Looks; a call, and one for each hundred senders of the account.
    pub async fn run(&self) -> Vec<Checked> {
        let account = match self.setup.account().await {
            Ok(account) => account,
            Err(error) => return vec![refused("twilio.account", "the account", &error)],
        };
        if account.status != "active" {
            let todo = "see Twilio's console for what is asked of the account";
            return vec![Checked::wrong("twilio.account", format!("the account is {}", account.status), todo)];
        }
        let mut found = vec![Checked::fine("twilio.account", "the credentials work, and the account is active")];
        const CODE: &str = "twilio.sender";
        let sender = match self.setup.find_sender(&self.number).await {
            Ok(Some(sender)) => sender,
            Ok(None) => {
                let todo = "run `chatplug tenant connect twilio`, or compare `number` and `account_sid` with Twilio's \
                    console (Messaging > Senders > WhatsApp senders)";
                found.push(Checked::wrong(CODE, "the account has no WhatsApp sender of this number", todo));
                return found;
            }
            Err(error) => {
                found.push(refused(CODE, "the account's senders", &error));
                return found;
            }
        };
        let status = sender.status.as_deref().unwrap_or("no status told");
        found.push(if status.starts_with("ONLINE") {
            Checked::fine(CODE, "the sender is online")
        } else {
            let why = sender.offline_reason().map(|(_, words)| format!(": {words}")).unwrap_or_default();
            let todo = "see Twilio's console (Messaging > Senders > WhatsApp senders); `chatplug tenant connect twilio` goes \
                on where registering stopped";
            Checked::wrong(CODE, format!("the sender is not online ({status}){why}"), todo)
        });
        if let Some(ours) = &self.webhook_url {
            // What comes after # says how often Twilio tries.
            let told = sender.callback_url().map(|url| url.split('#').next().unwrap_or_default().trim_end_matches('/'));
            found.push(match told {
                Some(told) if told == ours => Checked::fine("twilio.webhook", "messages are posted here"),
                told => {
                    let where_to =
                        told.map_or_else(|| "nowhere".to_owned(), |told| format!("elsewhere: {}", host_of(told)));
                    let todo = "run `chatplug tenant connect twilio`, which sets the sender's webhook";
                    Checked::wrong("twilio.webhook", format!("messages are posted {where_to}"), todo)
                }
            });
        }
        found
    }
}
