//! What a channel's provider needs: one block of keys for each.

use super::{
    super::{DEFAULT_MESSAGES_PER_SECOND, ProviderConfig, TwilioAccount, TwilioChannel, problem::suggestion, raw},
    Check, Path,
};
use chatplug_whatsapp::twilio;

/// Last part of the address of Twilio's webhook, unless configured.
const TWILIO_ENDPOINT: &str = "main";

impl Check<'_> {
    pub(super) fn provider(&mut self, channel: raw::Channel, at: &Path) -> Option<ProviderConfig> {
        let provider = self.required(channel.provider, at, "provider")?;
        self.strangers(&channel, provider, at);
        match provider {
            raw::Provider::Simulator => {
                let place = at.key("provider");
                let (one, free) = ("another channel, and there is one page", "the webhook of a [[meta_app]]");
                let fine = self.unique("simulator", "simulator", &place, one);
                let fine = fine && self.unique("endpoint", crate::demo::ENDPOINT, &place, free);
                fine.then_some(ProviderConfig::Simulator)
            }
            raw::Provider::Shared => self.shared(channel, at),
            raw::Provider::Meta => self.meta(channel, at),
            raw::Provider::Twilio => self.twilio(channel, at),
        }
    }

    /// Keys of one provider say nothing to another.
    fn strangers(&mut self, channel: &raw::Channel, provider: raw::Provider, at: &Path) {
        let metas = [
            ("app", channel.app.is_some()),
            ("phone_number_id", channel.phone_number_id.is_some()),
            ("waba_id", channel.waba_id.is_some()),
            ("access_token", channel.access_token.is_some()),
        ];
        let twilios = [
            ("endpoint", channel.endpoint.is_some()),
            ("account_sid", channel.account_sid.is_some()),
            ("auth_token", channel.auth_token.is_some()),
            ("previous_auth_token", channel.previous_auth_token.is_some()),
            ("api_key", channel.api_key.is_some()),
            ("api_key_secret", channel.api_key_secret.is_some()),
            ("shared_key", channel.shared_key.is_some()),
            ("shared_key_secret", channel.shared_key_secret.is_some()),
            ("number", channel.number.is_some()),
            ("messaging_service", channel.messaging_service.is_some()),
            ("base_url", channel.base_url.is_some()),
        ];
        let shares = [("shared_number", channel.shared_number.is_some())];
        let strangers: &[(&[_], _)] = match provider {
            raw::Provider::Meta => &[(&twilios, "twilio"), (&shares, "shared")],
            raw::Provider::Twilio => &[(&metas, "meta"), (&shares, "shared")],
            raw::Provider::Shared => &[(&metas, "meta"), (&twilios, "twilio")],
            raw::Provider::Simulator => &[],
        };
        for (keys, whose) in strangers {
            for (key, _) in keys.iter().filter(|(_, given)| *given) {
                self.wrong(&at.key(key), &format!("`{key}` is a key of provider \"{whose}\""));
            }
        }
    }

    fn meta(&mut self, channel: raw::Channel, at: &Path) -> Option<ProviderConfig> {
        let app = self.app(channel.app, at);
        let number = self.required(channel.phone_number_id, at, "phone_number_id").filter(|number| {
            let place = at.key("phone_number_id");
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                let message = "must be Meta's id of the number (digits only), not the phone number";
                self.wrong(&place, message);
                return false;
            }
            self.unique("phone_number_id", number, &place, "another channel")
        });
        let access_token = self.credential(channel.access_token, at, "access_token");
        let messages_per_second = self.messages_per_second(channel.messages_per_second, at);
        Some(ProviderConfig::Meta {
            app: app?,
            phone_number_id: number?,
            waba_id: channel.waba_id,
            access_token: access_token?,
            messages_per_second,
        })
    }

    fn twilio(&mut self, channel: raw::Channel, at: &Path) -> Option<ProviderConfig> {
        if !self.public {
            let message = "Twilio signs the address that it calls, and is told where to report what became of a message: \
                           write public_url under [server]";
            self.wrong(&at.key("provider"), message);
        }
        let endpoint = channel.endpoint.unwrap_or_else(|| TWILIO_ENDPOINT.to_owned());
        let endpoint = self.endpoint(&endpoint, at).then_some(endpoint);
        let account = self.required(channel.account_sid, at, "account_sid");
        let account = self.sid(account, "AC", at, "account_sid");
        let auth_token = self.credential(channel.auth_token, at, "auth_token");
        let previous_auth_token = match channel.previous_auth_token {
            Some(token) => self.credential(Some(token), at, "previous_auth_token").map(Some),
            None => Some(None),
        };
        let api_key = match (channel.api_key, channel.api_key_secret) {
            (None, None) => Some(None),
            (sid, secret) => {
                let sid = self.required(sid, at, "api_key");
                let sid = self.sid(sid, "SK", at, "api_key");
                let secret = self.credential(secret, at, "api_key_secret");
                sid.zip(secret).map(Some)
            }
        };
        let shared_key = match (channel.shared_key, channel.shared_key_secret) {
            (None, None) => Some(None),
            (id, secret) => {
                let id = self.required(id, at, "shared_key");
                let secret = self.credential(secret, at, "shared_key_secret");
                id.zip(secret).map(Some)
            }
        };
        let number = self.required(channel.number, at, "number").filter(|number| {
            let place = at.key("number");
            if twilio::external_id("", number) == "/" {
                self.wrong(&place, "must be the sender's number with its country code, such as `+15550009999`");
                return false;
            }
            let owner = account.as_deref().unwrap_or_default();
            self.unique("number", &twilio::external_id(owner, number), &place, "another channel")
        });
        let messaging_service = match channel.messaging_service {
            Some(sid) => self.sid(Some(sid), "MG", at, "messaging_service").map(Some),
            None => Some(None),
        };
        let base_url = match &channel.base_url {
            Some(url) => self.web_address(url, &at.key("base_url")).map(Some),
            None => Some(None),
        };
        let messages_per_second = self.messages_per_second(channel.messages_per_second, at);
        Some(ProviderConfig::Twilio(Box::new(TwilioChannel {
            endpoint: endpoint?,
            account_sid: account?,
            auth_token: auth_token?,
            previous_auth_token: previous_auth_token?,
            api_key: api_key?,
            shared_key: shared_key?,
            number: number?,
            messaging_service: messaging_service?,
            base_url: base_url?,
            messages_per_second,
        })))
    }

    /// The main account, in which subaccounts are made.
    pub(super) fn twilio_account(&mut self, twilio: raw::Twilio, at: &Path) -> Option<TwilioAccount> {
        let account = self.required(twilio.account_sid, at, "account_sid");
        let account = self.sid(account, "AC", at, "account_sid");
        let auth_token = self.secret(twilio.auth_token, at, "auth_token");
        let base_url = match &twilio.base_url {
            Some(url) => self.web_address(url, &at.key("base_url")).map(Some),
            None => Some(None),
        };
        Some(TwilioAccount { account_sid: account?, auth_token: auth_token?, base_url: base_url? })
    }

    /// An SID of Twilio's.
    fn sid(&mut self, sid: Option<String>, kind: &str, at: &Path, key: &str) -> Option<String> {
        let sid = sid?;
        let digits = sid.strip_prefix(kind).unwrap_or_default();
        if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(sid);
        }
        self.fail(&at.key(key), &format!("must be {kind} and 32 hexadecimal digits"))
    }

    fn messages_per_second(&mut self, given: Option<u32>, at: &Path) -> u32 {
        let messages_per_second = given.unwrap_or(DEFAULT_MESSAGES_PER_SECOND);
        if !(1..=1000).contains(&messages_per_second) {
            self.wrong(&at.key("messages_per_second"), "must be 1 to 1000");
        }
        messages_per_second
    }

    /// Whether a text may be the last part of a webhook's address.
    pub(super) fn endpoint(&mut self, endpoint: &str, at: &Path) -> bool {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        let fine = !endpoint.is_empty() && endpoint.chars().all(fits);
        if !fine {
            self.wrong(&at.key("endpoint"), "an endpoint may hold only a-z, 0-9, - and _");
        }
        fine
    }

    /// The app of a channel; the only one need not be named.
    fn app(&mut self, app: Option<String>, at: &Path) -> Option<String> {
        let known = self.written_apps.clone();
        match (app, known.as_slice()) {
            (None, [only]) => Some(only.clone()),
            (app, _) => {
                let app = self.required(app, at, "app")?;
                if known.contains(&app) {
                    return Some(app);
                }
                let hint = suggestion(&app, known.iter().map(String::as_str));
                self.fail(&at.key("app"), &format!("there is no [[meta_app]] `{app}`{hint}"))
            }
        }
    }
}
