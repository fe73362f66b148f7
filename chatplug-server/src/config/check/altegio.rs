//! Accounts at Altegio, and what a branch must say to book there.

use super::{
    super::{AltegioAccount, AltegioPlace, problem::suggestion, raw},
    Check, Path,
};
use chatplug_altegio::{AltegioConfigError, AltegioEndpoint};
use iso_currency::Currency;
use secrecy::ExposeSecret as _;

impl Check<'_> {
    pub(super) fn altegio_account(&mut self, account: raw::Altegio, at: &Path) -> Option<AltegioAccount> {
        let name = self.required(account.name, at, "name");
        let name = name.filter(|name| self.unique("altegio", name, &at.key("name"), "another [[altegio]]"));
        let partner_token = self.secret(account.partner_token, at, "partner_token");
        let mut optional = |secret: Option<raw::Secret>, key: &str| match secret {
            Some(secret) => self.secret(Some(secret), at, key).map(Some),
            None => Some(None),
        };
        let user_token = optional(account.user_token, "user_token");
        let bearer = optional(account.bearer, "bearer");
        let endpoint = self.altegio_endpoint(account.endpoint, at);
        if account.application_id == Some(0) {
            self.wrong(&at.key("application_id"), "must be the number of the app, from the developer's cabinet");
        }
        let mut address = |url: Option<String>, key: &str| match url {
            Some(url) => self.web_address(&url, &at.key(key)).map(Some),
            None => Some(None),
        };
        let base_url = address(account.base_url, "base_url");
        let marketplace_url = address(account.marketplace_url, "marketplace_url");
        let account = AltegioAccount {
            name: name?,
            partner_token: partner_token?,
            user_token: user_token?,
            application_id: account.application_id,
            unsigned_redirect: account.unsigned_redirect,
            endpoint: endpoint?,
            bearer: bearer?,
            base_url: base_url?,
            marketplace_url: marketplace_url?,
        };
        match account.config(None).check() {
            Ok(()) => Some(account),
            Err(error @ AltegioConfigError::Token(which)) => {
                self.fail(&at.key(&format!("{which}_token")), &error.to_string())
            }
            Err(error) => self.fail(at, &error.to_string()),
        }
    }

    fn altegio_endpoint(&mut self, secret: Option<raw::Secret>, at: &Path) -> Option<AltegioEndpoint> {
        let place = at.key("endpoint");
        let before = self.problems.len();
        let Some(secret) = self.secret(secret, at, "endpoint") else {
            if let Some(problem) = self.problems.get_mut(before) {
                problem.message.push_str(
                    "; it ends the webhook's address, which nobody may guess: `openssl rand -hex 24` makes one",
                );
            }
            return None;
        };
        // Two accounts under one address could not be told apart.
        let free = self.unique_secret("altegio endpoint", secret.expose_secret(), &place, "another [[altegio]]");
        match AltegioEndpoint::new(secret) {
            Ok(endpoint) => free.then_some(endpoint),
            Err(error) => self.fail(&place, &error.to_string()),
        }
    }

    pub(super) fn altegio_branch(&mut self, branch: raw::AltegioBranch, at: &Path) -> Option<AltegioPlace> {
        let account = self.altegio_of(branch.account, at);
        let location = self.required(branch.location, at, "location").filter(|location| {
            let place = at.key("location");
            if *location == 0 {
                self.wrong(&place, "must be Altegio's number of the location: it stands in the timetable's address");
                return false;
            }
            self.unique("location", &location.to_string(), &place, "another branch")
        });
        let user_token = match branch.user_token {
            Some(token) => self.credential(Some(token), at, "user_token").map(Some),
            None => Some(None),
        };
        if let Some(country) = &branch.country
            && !(country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_uppercase()))
        {
            let message = format!("`{country}` is not a country: write its two capital letters, such as \"PT\"");
            self.wrong(&at.key("country"), &message);
        }
        let currency = match &branch.currency {
            Some(code) => match Currency::from_code(code) {
                Some(currency) => Some(Some(currency)),
                None => {
                    let message = format!("`{code}` is not a currency: write its three letters, such as \"EUR\"");
                    self.fail(&at.key("currency"), &message)
                }
            },
            None => Some(None),
        };
        Some(AltegioPlace {
            account: account?,
            location: location?,
            user_token: user_token?,
            country: branch.country,
            currency: currency?,
        })
    }

    /// The account of a branch; the only one need not be named.
    fn altegio_of(&mut self, account: Option<String>, at: &Path) -> Option<String> {
        let known = self.written_altegio.clone();
        match (account, known.as_slice()) {
            (None, [only]) => Some(only.clone()),
            (None, []) => self.fail(at, "there is no [[altegio]]: the developer's account that calls are made with"),
            (account, _) => {
                let account = self.required(account, at, "account")?;
                if known.contains(&account) {
                    return Some(account);
                }
                let hint = suggestion(&account, known.iter().map(String::as_str));
                self.fail(&at.key("account"), &format!("there is no [[altegio]] `{account}`{hint}"))
            }
        }
    }
}
