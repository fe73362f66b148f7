//! Live checks of a number at Meta: reads only, and what to do about what is wrong.

use super::provision::MetaSetup;
use crate::common::doctor::{host_of, refused};
use chatplug_core::checkup::Checked;
use secrecy::SecretString;

/// What a number is checked against.
#[derive(Debug, Clone)]
pub struct MetaCheckup {
    /// The calls.
    pub setup: MetaSetup,
    /// What may send from the number.
    pub access_token: SecretString,
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// The WhatsApp Business Account.
    pub waba_id: Option<String>,
    /// Meta's id of the app that is to be told of messages.
    pub app_id: Option<String>,
    /// Where messages are to be posted to.
    pub webhook_url: Option<String>,
}

impl MetaCheckup {
    /// Looks; two calls at most.
    pub async fn run(&self) -> Vec<Checked> {
        let number = match self.setup.number(&self.access_token, &self.phone_number_id).await {
            Ok(number) => number,
            Err(error) => return vec![refused("meta.number", "the number", &error)],
        };
        let shown = number.display_phone_number.as_deref().unwrap_or(&self.phone_number_id);
        let mut found = vec![if number.is_registered() {
            let named = number.verified_name.as_ref().map_or_else(String::new, |name| format!(", \"{name}\""));
            Checked::fine("meta.number", format!("the token works, and {shown}{named} is registered"))
        } else {
            let status = number.status.as_deref().unwrap_or("no status told");
            let todo = "run `chatplug tenant connect meta`, which registers it";
            Checked::wrong("meta.number", format!("{shown} is not registered for the Cloud API ({status})"), todo)
        }];
        let told = number.webhook_configuration.as_ref().and_then(|urls| urls.effective());
        if let (Some(told), Some(ours)) = (told, self.webhook_url.as_deref()) {
            found.push(if told.trim_end_matches('/') == ours {
                Checked::fine("meta.webhook", "messages are posted here")
            } else {
                let todo = format!(
                    "set the callback URL in the app's dashboard (WhatsApp > Configuration) to {ours}, or run `chatplug \
                     tenant connect meta --override-webhook`"
                );
                Checked::wrong("meta.webhook", format!("messages are posted elsewhere: {}", host_of(told)), todo)
            });
        }
        if let Some(waba_id) = &self.waba_id {
            found.push(self.subscription(waba_id).await);
        }
        found
    }

    async fn subscription(&self, waba_id: &str) -> Checked {
        const CODE: &str = "meta.subscription";
        let apps = match self.setup.subscriptions(&self.access_token, waba_id).await {
            Ok(apps) => apps,
            Err(error) => return refused(CODE, "the account's apps", &error),
        };
        let ours = |app: &Option<String>| self.app_id.is_none() || *app == self.app_id;
        if apps.iter().any(|app| ours(&app.app_id)) {
            return Checked::fine(CODE, "the app is told of the account's messages");
        }
        let todo = "run `chatplug tenant connect meta`, which subscribes it";
        Checked::wrong(CODE, "the app is not told of the account's messages: nothing arrives", todo)
    }
}
