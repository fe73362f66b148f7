//! Setting a fake up: who is registered, where webhooks go, what is enforced, and what goes wrong.

use super::{
    FakeTwilio,
    approval::{self, ApprovalShape, Unsubmitted},
    content::Content,
    event::ListPick,
    form::Form,
    state::{Account, Key, Port, Sender, Service, address, plain},
    template::FakeTemplate,
};
use crate::fake::{fault::FaultRule, plan::StatusPlan};
use chrono::Duration;
use serde_json::{Value, json};
use std::sync::Arc;

/// The client that webhooks are posted with: it follows redirects as Twilio does, which makes a GET of a POST.
pub(super) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent("TwilioProxy/1.1")
        .connect_timeout(std::time::Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::limited(5))
        .retry(reqwest::retry::never())
        .build()
}

impl FakeTwilio {
    // ── Who is registered ───────────────────────────────────────────────────────────────────────────────────────────

    /// Adds a main account with its Auth Token, which signs its webhooks.
    pub fn add_account(&self, sid: &str, token: &str) -> &Self {
        self.add_owned(sid, token, sid)
    }

    /// Adds a subaccount, which has a token of its own; its parent's credentials work for it too.
    pub fn add_subaccount(&self, parent: &str, sid: &str, token: &str) -> &Self {
        self.add_owned(sid, token, parent)
    }

    fn add_owned(&self, sid: &str, token: &str, owner: &str) -> &Self {
        self.change(|state| {
            let now = state.time.now();
            state.accounts.push(Account {
                sid: sid.to_owned(),
                token: token.to_owned(),
                owner: owner.to_owned(),
                name: "chatplug".to_owned(),
                status: "active",
                trial: false,
                keys: Vec::new(),
                created: now,
                updated: now,
            });
        });
        self
    }

    /// Adds an API key to an account.
    pub fn add_key(&self, account: &str, sid: &str, secret: &str) -> &Self {
        self.change(|state| {
            let (created, name) = (state.time.now(), "chatplug".to_owned());
            if let Some(account) = state.account_mut(account) {
                account.keys.push(Key { sid: sid.to_owned(), secret: secret.to_owned(), name, created });
            }
        });
        self
    }

    /// Gives an account another Auth Token; the old one is then refused with 20003, and webhooks are signed with the new.
    pub fn set_token(&self, account: &str, token: &str) -> &Self {
        self.change(|state| {
            if let Some(account) = state.account_mut(account) {
                token.clone_into(&mut account.token);
            }
        });
        self
    }

    /// Makes an account a trial, which may send 50 messages in a day (63038).
    pub fn set_trial(&self, account: &str, trial: bool) -> &Self {
        self.change(|state| {
            if let Some(account) = state.account_mut(account) {
                account.trial = trial;
            }
        });
        self
    }

    /// Adds a WhatsApp number that can send. The first one is where clients write unless told otherwise.
    pub fn add_sender(&self, account: &str, number: &str) -> &Self {
        self.change(|state| {
            let sid = state.sid("XE");
            state.senders.push(Sender::online(sid, account, &address(number)));
        });
        self
    }

    /// Puts a sender into a state, such as `TWILIO_REVIEW`, or `OFFLINE` with a code and words of why.
    pub fn set_sender(&self, number: &str, status: &'static str, why: Option<(i64, &str)>) -> &Self {
        self.change(|state| {
            if let Some(sender) = state.sender_mut(&address(number)) {
                (sender.status, sender.offline) = (status, why.map(|(code, words)| (code, words.to_owned())));
            }
        });
        self
    }

    /// Where messages to a sender are posted, as it was set.
    #[must_use]
    pub fn webhook_of(&self, number: &str) -> Option<String> {
        self.read(|state| Some(state.sender(&address(number))?.webhook.get("callback_url")?.as_str()?.to_owned()))
    }

    /// How many calls were carried out, whatever their caller learnt of it: those whose method and path have this part, such
    /// as `POST /v2/Channels/Senders`.
    #[must_use]
    pub fn carried_out(&self, part: &str) -> usize {
        self.read(|state| state.calls.iter().filter(|call| call.contains(part)).count())
    }

    /// Adds the sandbox: who has not written these words within three days is not reached (63015).
    pub fn add_sandbox(&self, account: &str, number: &str, join: &str) -> &Self {
        self.add_sender(account, number);
        self.change(|state| {
            if let Some(sender) = state.sender_mut(&address(number)) {
                sender.join = Some(join.to_owned());
            }
        });
        self
    }

    /// Adds a Messaging Service with senders of the account.
    pub fn add_service<'a>(&self, account: &str, sid: &str, senders: impl IntoIterator<Item = &'a str>) -> &Self {
        self.change(|state| {
            let mut service = Service::of(state, sid.to_owned(), account, Form::new());
            service.senders = senders
                .into_iter()
                .filter_map(|number| state.sender(&address(number)).map(|sender| sender.sid.clone()))
                .collect();
            state.services.push(service);
        });
        self
    }

    /// Sets a field of a service under its name in the API, such as `InboundRequestUrl` or `StatusCallback`.
    pub fn set_service(&self, sid: &str, field: &str, value: &str) -> &Self {
        self.change(|state| {
            if let Some(service) = state.services.iter_mut().find(|service| service.sid == sid) {
                service.fields.insert(field.to_owned(), value.to_owned());
            }
        });
        self
    }

    /// Adds a template to an account and returns its SID.
    #[must_use]
    pub fn approve(&self, account: &str, template: FakeTemplate) -> String {
        self.change(|state| {
            let content = template.content(state, account);
            let sid = content.sid.clone();
            state.contents.push(content);
            sid
        })
    }

    /// Adds content to an account as `POST /v1/Content` would, and returns its SID.
    ///
    /// # Errors
    /// With Twilio's code when the API would refuse it.
    pub fn add_content(&self, account: &str, content: &Value) -> Result<String, i64> {
        self.change(|state| {
            let content = Content::of(state, account, content).map_err(|refusal| refusal.code)?;
            let sid = content.sid.clone();
            state.contents.push(content);
            Ok(sid)
        })
    }

    /// Puts the approval of content into a state (`pending`, `approved`, `rejected`, `paused`, `disabled`), with the reason
    /// of a rejection. Tells it to the event sink.
    pub fn set_approval(&self, content: &str, status: &str, reason: &str) -> &Self {
        let known = approval::STATES.into_iter().find(|known| *known == status).unwrap_or("pending");
        self.change(|state| approval::set(state, content, known, reason));
        self
    }

    // ── Where webhooks go ───────────────────────────────────────────────────────────────────────────────────────────

    /// Where messages of clients are posted, for every sender without a webhook of its own.
    pub fn callback(&self, url: &str) -> &Self {
        self.change(|state| state.hooks.callback = Some(url.to_owned()));
        self
    }

    /// Where they are posted when the callback does not take them.
    pub fn fallback(&self, url: &str) -> &Self {
        self.change(|state| state.hooks.fallback = Some(url.to_owned()));
        self
    }

    /// Where statuses are told that neither the message nor its service or sender says a place for.
    pub fn status_callback(&self, url: &str) -> &Self {
        self.change(|state| state.hooks.status_callback = Some(url.to_owned()));
        self
    }

    /// Sets a URL of a sender under its name in the API: `callback_url`, `fallback_url` or `status_callback_url`.
    pub fn set_webhook(&self, sender: &str, name: &str, url: &str) -> &Self {
        self.change(|state| {
            if let Some(sender) = state.sender_mut(&address(sender)) {
                if !sender.webhook.is_object() {
                    sender.webhook = json!({});
                }
                sender.webhook[name] = url.into();
            }
        });
        self
    }

    /// Where events of Event Streams are posted, as JSON.
    pub fn event_sink(&self, url: &str) -> &Self {
        self.change(|state| state.hooks.event_sink = Some(url.to_owned()));
        self
    }

    /// URLs that begin with the public origin are reached at another: what a proxy in front of the business does. They are
    /// signed as they were configured.
    pub fn behind_proxy(&self, public: &str, real: &str) -> &Self {
        self.change(|state| state.hooks.origins.insert(public.to_owned(), real.to_owned()));
        self
    }

    /// Whether the port stands in the URL that is signed.
    pub fn sign_port(&self, port: Port) -> &Self {
        self.change(|state| state.hooks.port = port);
        self
    }

    /// Signs with a shared key in place of the Auth Token, and names it in a header; `None` as before.
    pub fn sign_with(&self, key: Option<(&str, &str)>) -> &Self {
        self.change(|state| state.hooks.shared_key = key.map(|(id, secret)| (id.to_owned(), secret.to_owned())));
        self
    }

    // ── Behaviour ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Which statuses follow a message that was taken, and when. At first: sent, delivered and read, after the answer.
    pub fn statuses(&self, plan: StatusPlan) -> &Self {
        self.change(|state| state.plan = plan);
        self
    }

    /// Makes messages go wrong; see [`FaultRule`]. `from` takes a sender's number or a service's SID.
    pub fn on_send(&self) -> FaultRule {
        let shared = Arc::clone(&self.inner.shared);
        FaultRule::new(move |mut rule| {
            shared.with(|state| {
                rule.to = rule.to.map(|to| state.person_key(&to));
                rule.from = rule.from.map(|from| plain(&from));
                state.faults.push(rule);
            });
        })
    }

    /// Makes other calls go wrong: those whose path holds this part, such as `/v1/Content`.
    pub fn on_call(&self, part: &str) -> FaultRule {
        let (shared, part) = (Arc::clone(&self.inner.shared), part.to_owned());
        FaultRule::new(move |rule| shared.with(|state| state.call_faults.push((part, vec![rule]))))
    }

    /// Whether the 24-hour window is kept (at first it is): what may not be sent outside it is taken and fails with 63016.
    pub fn keep_window(&self, keep: bool) -> &Self {
        self.change(|state| state.rules.window = keep);
        self
    }

    /// Whether the word STOP ends what a sender may write to that person (21610), until START. At first it does not:
    /// Twilio does so only where Advanced Opt-Out is on.
    pub fn keep_opt_outs(&self, keep: bool) -> &Self {
        self.change(|state| state.rules.opt_outs = keep);
        self
    }

    /// How many messages a sender may send in a second; more are taken and fail with 63018. At first there is no limit,
    /// while Twilio's is 80.
    pub fn keep_rate(&self, per_second: Option<usize>) -> &Self {
        self.change(|state| state.rules.rate = per_second);
        self
    }

    /// How many calls may be under way at once; the others are refused with 20429 and create nothing.
    pub fn keep_concurrency(&self, calls: usize) -> &Self {
        self.change(|state| state.rules.concurrency = calls);
        self
    }

    /// Whether a status callback must have a public host (21609), as Twilio wants. At first this machine will do.
    pub fn keep_public_callbacks(&self, keep: bool) -> &Self {
        self.change(|state| state.rules.public_callbacks = keep);
        self
    }

    /// Whether files can be had without credentials, as of accounts of old.
    pub fn open_media(&self, open: bool) -> &Self {
        self.change(|state| state.rules.open_media = open);
        self
    }

    /// Tells statuses with the fewest parameters that were ever seen.
    pub fn minimal_statuses(&self, minimal: bool) -> &Self {
        self.change(|state| state.rules.minimal_statuses = minimal);
        self
    }

    /// Adds a parameter to every message of a client that did not exist when the adapter was written.
    pub fn extra_fields(&self, extra: bool) -> &Self {
        self.change(|state| state.rules.extra_fields = extra);
        self
    }

    /// Whether the newer hosts explain a refusal as problem details.
    pub fn problem_details(&self, problem: bool) -> &Self {
        self.change(|state| state.rules.problem_details = problem);
        self
    }

    /// How picks from lists arrive.
    pub fn list_picks(&self, how: ListPick) -> &Self {
        self.change(|state| state.rules.list_pick = how);
        self
    }

    /// How long WhatsApp takes to judge a template, `None` until [`FakeTwilio::set_approval`] does. At first it is done by
    /// the time somebody looks.
    pub fn review_after(&self, time: Option<Duration>) -> &Self {
        self.change(|state| state.reviews.after = time);
        self
    }

    /// How lists show approvals, and what the approval of content is that was never submitted.
    pub fn approvals_as(&self, shape: ApprovalShape, unsubmitted: Unsubmitted) -> &Self {
        self.change(|state| (state.reviews.shape, state.reviews.unsubmitted) = (shape, unsubmitted));
        self
    }

    /// Messages to this person are taken and told to be undelivered, with 63024.
    pub fn unreachable(&self, user: &str) -> &Self {
        self.change(|state| {
            let key = state.person_key(user);
            state.unreachable.insert(key)
        });
        self
    }
}
