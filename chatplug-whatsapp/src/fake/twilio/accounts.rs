//! Accounts, subaccounts and API keys.

use super::{
    call::{Answer, Call, Caller, knows},
    errors::Refusal,
    form,
    messages::rfc2822,
    page::Page,
    state::{Account, Key, State},
};
use serde_json::{Value, json};

/// `POST /2010-04-01/Accounts.json`: a subaccount, which has a token of its own.
pub(super) fn create(state: &mut State, caller: &Caller, call: &Call) -> Result<Answer, Refusal> {
    main_only(state, caller)?;
    let form = call.form();
    knows(&form, &["FriendlyName"])?;
    let now = state.time.now();
    let name = form::value(&form, "FriendlyName").map_or_else(|| format!("SubAccount Created at {now}"), str::to_owned);
    let account = Account {
        sid: state.sid("AC"),
        token: state.secret(),
        owner: caller.account.clone(),
        name,
        status: "active",
        trial: false,
        keys: Vec::new(),
        created: now,
        updated: now,
    };
    let answer = json(&account);
    state.accounts.push(account);
    Ok(Answer::Json(201, answer))
}

/// `GET /2010-04-01/Accounts.json`: the account and its subaccounts.
pub(super) fn list(state: &State, caller: &Caller, call: &Call) -> Result<Answer, Refusal> {
    call.knows_query(&["FriendlyName", "Status"])?;
    let page = Page::of(&call.path, &call.query)?;
    let value = |name: &str| form::value(&call.query, name);
    let wanted = |account: &&Account| {
        (account.sid == caller.account || account.owner == caller.account)
            && value("FriendlyName").is_none_or(|name| account.name == name)
            && value("Status").is_none_or(|status| account.status == status)
    };
    let all: Vec<_> = state.accounts.iter().filter(wanted).map(json).collect();
    Ok(Answer::Json(200, page.classic("accounts", &all)))
}

/// `GET /2010-04-01/Accounts/{sid}.json`.
pub(super) fn fetch(state: &State, sid: &str) -> Result<Answer, Refusal> {
    state.account(sid).map(|account| Answer::Json(200, json(account))).ok_or_else(|| Refusal::not_found(sid))
}

/// `POST /2010-04-01/Accounts/{sid}.json`: another name, or suspended, active again, or closed for good.
pub(super) fn update(state: &mut State, caller: &Caller, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let form = call.form();
    knows(&form, &["FriendlyName", "Status"])?;
    let now = state.time.now();
    let wrong = |what: &str| Refusal::new(20422, what);
    let account = state.account_mut(sid).ok_or_else(|| Refusal::not_found(sid))?;
    if let Some(status) = form::value(&form, "Status") {
        let known = ["active", "suspended", "closed"].into_iter().find(|known| *known == status);
        let status = known.ok_or_else(|| wrong("Status must be active, suspended or closed"))?;
        if account.owner == account.sid || caller.account == account.sid {
            return Err(wrong("only the parent changes the status of an account"));
        }
        if account.status == "closed" {
            return Err(wrong("a closed account stays closed"));
        }
        account.status = status;
    }
    if let Some(name) = form::value(&form, "FriendlyName") {
        name.clone_into(&mut account.name);
    }
    account.updated = now;
    Ok(Answer::Json(200, json(account)))
}

/// `POST …/Keys.json`: the secret is told this once.
pub(super) fn create_key(state: &mut State, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    let form = call.form();
    knows(&form, &["FriendlyName"])?;
    let name = form::value(&form, "FriendlyName").unwrap_or_default().to_owned();
    let key = Key { sid: state.sid("SK"), secret: state.secret(), name, created: state.time.now() };
    let mut answer = key_json(&key);
    answer["secret"] = key.secret.clone().into();
    state.account_mut(sid).ok_or_else(|| Refusal::not_found(sid))?.keys.push(key);
    Ok(Answer::Json(201, answer))
}

/// `GET …/Keys.json`.
pub(super) fn keys(state: &State, sid: &str, call: &Call) -> Result<Answer, Refusal> {
    call.knows_query(&[])?;
    let page = Page::of(&call.path, &call.query)?;
    let all: Vec<_> = state.account(sid).map(|account| account.keys.iter().map(key_json).collect()).unwrap_or_default();
    Ok(Answer::Json(200, page.classic("keys", &all)))
}

/// Subaccounts are made by a main account, with its token.
fn main_only(state: &State, caller: &Caller) -> Result<(), Refusal> {
    let is_main = state.account(&caller.account).is_some_and(|account| account.owner == account.sid);
    if is_main && caller.by_token { Ok(()) } else { Err(Refusal::code(20003)) }
}

fn json(account: &Account) -> Value {
    let uri = format!("/2010-04-01/Accounts/{}", account.sid);
    json!({
        "sid": account.sid,
        "auth_token": account.token,
        "owner_account_sid": account.owner,
        "friendly_name": account.name,
        "status": account.status,
        "type": if account.trial { "Trial" } else { "Full" },
        "date_created": rfc2822(account.created),
        "date_updated": rfc2822(account.updated),
        "uri": format!("{uri}.json"),
        "subresource_uris": {"messages": format!("{uri}/Messages.json"), "keys": format!("{uri}/Keys.json")},
    })
}

fn key_json(key: &Key) -> Value {
    json!({
        "sid": key.sid,
        "friendly_name": key.name,
        "date_created": rfc2822(key.created),
        "date_updated": rfc2822(key.created),
    })
}
