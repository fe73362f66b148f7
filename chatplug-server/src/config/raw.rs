//! The keys of the configuration file, before they are checked. Nearly everything is optional here, so that one mistake
//! never hides another: what is required is said by the check.

use chatplug_calendar::{PlaceConfig, PriceConfig, Text};
use chatplug_core::model::{Lang, Policy};
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Root {
    pub(super) server: Server,
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) retention: Retention,
    pub(super) ready: Ready,
    pub(super) transcriber: Option<Transcriber>,
    pub(super) openai: Vec<OpenAi>,
    pub(super) meta_app: Vec<MetaApp>,
    pub(super) twilio: Option<Twilio>,
    pub(super) altegio: Vec<Altegio>,
    pub(super) calcom: Vec<Calcom>,
    pub(super) tenant: Vec<Tenant>,
    pub(super) shared_number: Vec<SharedNumber>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Server {
    pub(super) bind: Option<String>,
    pub(super) work_bind: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) log: Option<String>,
    pub(super) log_format: super::LogFormat,
    pub(super) workers: Option<usize>,
    pub(super) answer_within: Option<u32>,
    pub(super) inline_secrets: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Store {
    pub(super) url: Option<Secret>,
    pub(super) pool: Option<u32>,
    pub(super) admin_url: Option<Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Vault {
    pub(super) master_keys: Option<Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Transcriber {
    pub(super) base_url: Option<String>,
    pub(super) model: Option<String>,
    pub(super) api_key: Option<Secret>,
    /// In seconds.
    pub(super) timeout: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OpenAi {
    pub(super) name: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) model: Option<String>,
    pub(super) api_key: Option<Secret>,
    /// In seconds.
    pub(super) timeout: Option<u32>,
    pub(super) input_price: Option<f64>,
    pub(super) output_price: Option<f64>,
}

/// In days.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Retention {
    pub(super) mail: Option<u32>,
    pub(super) outbox: Option<u32>,
    pub(super) turns: Option<u32>,
    pub(super) notices: Option<u32>,
    pub(super) messages: Option<u32>,
    pub(super) bookings: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Ready {
    pub(super) mail_age: Option<u32>,
    pub(super) outbox_age: Option<u32>,
    pub(super) overdue: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MetaApp {
    pub(super) name: Option<String>,
    pub(super) app_id: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) app_secret: Option<Secret>,
    pub(super) previous_app_secret: Option<Secret>,
    pub(super) verify_token: Option<Secret>,
    pub(super) graph_version: Option<String>,
    pub(super) base_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Twilio {
    pub(super) account_sid: Option<String>,
    pub(super) auth_token: Option<Secret>,
    pub(super) base_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Altegio {
    pub(super) name: Option<String>,
    pub(super) partner_token: Option<Secret>,
    pub(super) user_token: Option<Secret>,
    pub(super) application_id: Option<u64>,
    pub(super) unsigned_redirect: bool,
    pub(super) endpoint: Option<Secret>,
    pub(super) bearer: Option<Secret>,
    pub(super) base_url: Option<String>,
    pub(super) marketplace_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Calcom {
    pub(super) name: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) api_key: Option<Secret>,
    pub(super) access_token: Option<Secret>,
    pub(super) client_id: Option<String>,
    pub(super) secret_key: Option<Secret>,
    pub(super) webhook_secret: Option<Secret>,
    pub(super) previous_webhook_secret: Option<Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) policy: Policy,
    pub(super) texts: BTreeMap<Lang, PathBuf>,
    pub(super) seal: bool,
    pub(super) transcribe: bool,
    pub(super) notify: Option<Notify>,
    pub(super) llm: Option<Llm>,
    pub(super) fact: Vec<Fact>,
    pub(super) branch: Vec<Branch>,
    pub(super) channel: Vec<Channel>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Notify {
    pub(super) url: Option<String>,
    pub(super) secret: Option<Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Llm {
    pub(super) endpoint: Option<String>,
    pub(super) daily_tokens: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fact {
    pub(super) id: Option<String>,
    pub(super) ask: Vec<String>,
    pub(super) text: Option<FactText>,
}

/// One wording for everybody, or one a language.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "give the words, or a table of them by language: { pt = \"…\", en = \"…\" }")]
pub(super) enum FactText {
    One(String),
    Several(BTreeMap<Lang, String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Branch {
    pub(super) id: Option<String>,
    /// A file name, or the calendar itself: read separately, since its keys are the calendar's.
    pub(super) calendar: Option<toml::Value>,
    pub(super) altegio: Option<AltegioBranch>,
    pub(super) calcom: Option<CalcomBranch>,
    /// Which of several acts.
    pub(super) backend: Option<String>,
}

/// A branch whose bookings are kept at Altegio.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AltegioBranch {
    pub(super) account: Option<String>,
    pub(super) location: Option<u64>,
    pub(super) user_token: Option<Secret>,
    pub(super) country: Option<String>,
    pub(super) currency: Option<String>,
}

/// A branch whose bookings are kept at Cal.com.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CalcomBranch {
    pub(super) account: Option<String>,
    pub(super) api_key: Option<Secret>,
    pub(super) access_token: Option<Secret>,
    pub(super) organization: Option<u64>,
    pub(super) team: Option<u64>,
    pub(super) usernames: Vec<String>,
    pub(super) name: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) country: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) place: Option<PlaceConfig>,
    pub(super) email: Option<CalcomEmail>,
    pub(super) guest_domain: Option<String>,
    pub(super) guest_secret: Option<Secret>,
    pub(super) only_listed: bool,
    pub(super) event_types: Vec<CalcomEventType>,
    pub(super) staff: Vec<CalcomStaff>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CalcomEmail {
    Ask,
    Guest,
    PhoneOnly,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CalcomEventType {
    pub(super) id: Option<u64>,
    pub(super) name: Option<Text>,
    pub(super) also: Vec<String>,
    pub(super) category: Option<Text>,
    pub(super) price: Option<PriceConfig>,
    pub(super) hidden: bool,
    pub(super) service: Option<String>,
    pub(super) answers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CalcomStaff {
    pub(super) user: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) also: Vec<String>,
    pub(super) title: Option<Text>,
    pub(super) hidden: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Channel {
    pub(super) id: Option<String>,
    pub(super) provider: Option<Provider>,
    pub(super) app: Option<String>,
    pub(super) phone_number_id: Option<String>,
    pub(super) waba_id: Option<String>,
    pub(super) access_token: Option<Secret>,
    pub(super) endpoint: Option<String>,
    pub(super) account_sid: Option<String>,
    pub(super) auth_token: Option<Secret>,
    pub(super) previous_auth_token: Option<Secret>,
    pub(super) api_key: Option<String>,
    pub(super) api_key_secret: Option<Secret>,
    pub(super) shared_key: Option<String>,
    pub(super) shared_key_secret: Option<Secret>,
    pub(super) number: Option<String>,
    pub(super) messaging_service: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) messages_per_second: Option<u32>,
    pub(super) shared_number: Option<String>,
    pub(super) branches: Option<Vec<String>>,
    pub(super) templates: Vec<Template>,
    pub(super) template_prefix: Option<String>,
}

/// A number of several tenants.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SharedNumber {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) language: Option<Lang>,
    pub(super) texts: BTreeMap<Lang, PathBuf>,
    pub(super) seal: bool,
    /// In days.
    pub(super) sticky: Option<u32>,
    pub(super) words: Vec<String>,
    pub(super) channel: Option<Channel>,
    pub(super) member: Vec<SharedMember>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SharedMember {
    pub(super) tenant: Option<String>,
    pub(super) name: Option<String>,
    pub(super) code: Option<String>,
    pub(super) keywords: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Provider {
    Meta,
    Twilio,
    Simulator,
    Shared,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Template {
    pub(super) meaning: Option<String>,
    pub(super) lang: Option<Lang>,
    pub(super) name: Option<String>,
    pub(super) locale: Option<String>,
}

/// Where a secret comes from: never its value, except where a development flag allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Secret {
    Environment(String),
    File(PathBuf),
    /// A credential of the tenant, kept in the database.
    Vault(String),
    Inline(String),
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "snake_case")]
        enum Key {
            Env,
            File,
            Vault,
        }

        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Secret;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("{ env = \"NAME\" } or { file = \"PATH\" }")
            }

            fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::Inline(text.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key()? {
                    let secret = match key {
                        Key::Env => Secret::Environment(map.next_value()?),
                        Key::File => Secret::File(map.next_value()?),
                        Key::Vault => Secret::Vault(map.next_value()?),
                    };
                    if found.replace(secret).is_some() {
                        return Err(serde::de::Error::custom("give one of `env`, `file` and `vault`, not several"));
                    }
                }
                found.ok_or_else(|| serde::de::Error::custom("give { env = \"NAME\" } or { file = \"PATH\" }"))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
