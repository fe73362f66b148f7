//! Accounts at Cal.com, and what a branch must say to book there.

use super::{
    super::{
        CalcomAccount, CalcomEmail, CalcomEventType, CalcomPlace, CalcomStaff, CalcomUser, problem::suggestion, raw,
    },
    Check, Path, collect_all,
};
use chatplug_calcom::{CalcomAuth, CalcomConfigError, CalcomEndpoint};
use chatplug_calendar::{ConfigProblem, PlaceConfig, Text};
use chatplug_core::model::{GeoPoint, Localized, Place};
use iso_currency::Currency;
use secrecy::SecretString;
use std::collections::BTreeSet;

impl Check<'_> {
    pub(super) fn calcom_account(&mut self, account: raw::Calcom, at: &Path) -> Option<CalcomAccount> {
        let name = self.required(account.name, at, "name");
        let name = name.filter(|name| self.unique("calcom", name, &at.key("name"), "another [[calcom]]"));
        let auth = self.calcom_auth((account.api_key, account.access_token, account.client_id, account.secret_key), at);
        let mut secrets = Some(Vec::new());
        let given =
            [("webhook_secret", account.webhook_secret), ("previous_webhook_secret", account.previous_webhook_secret)];
        if let [(_, None), (previous, Some(_))] = &given {
            self.wrong(&at.key(previous), "there is a previous secret and none of now: write webhook_secret");
        }
        for (key, secret) in given {
            let Some(secret) = secret else { continue };
            let fit = self.calcom_secret(secret, at, key);
            secrets = secrets.zip(fit).map(|(mut secrets, fit): (Vec<_>, _)| {
                secrets.push(fit);
                secrets
            });
        }
        let base_url = match &account.base_url {
            Some(url) => self.web_address(url, &at.key("base_url")).map(Some),
            None => Some(None),
        };
        let (auth, base_url) = (auth?, base_url?);
        let account = CalcomAccount { name: name?, base_url, auth, webhook_secrets: secrets? };
        // Whatever the key: the address is checked too.
        let auth = account.auth.clone().unwrap_or_else(|| CalcomAuth::ApiKey("cal_".into()));
        match account.config(auth).check() {
            Ok(()) => Some(account),
            Err(error @ CalcomConfigError::BaseUrl) => self.fail(&at.key("base_url"), &error.to_string()),
            Err(error @ CalcomConfigError::Credential(what)) => {
                let key = what.to_lowercase().replace(' ', "_");
                self.fail(&at.key(&key), &error.to_string())
            }
            Err(error) => self.fail(at, &error.to_string()),
        }
    }

    /// As whom an account calls: at most one way.
    fn calcom_auth(
        &mut self,
        (api_key, access_token, client_id, secret_key): (
            Option<raw::Secret>,
            Option<raw::Secret>,
            Option<String>,
            Option<raw::Secret>,
        ),
        at: &Path,
    ) -> Option<Option<CalcomAuth>> {
        let platform = client_id.is_some() || secret_key.is_some();
        let ways = [("api_key", api_key.is_some()), ("access_token", access_token.is_some()), ("client_id", platform)];
        let given: Vec<&str> = ways.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        match given.as_slice() {
            [] => Some(None),
            ["api_key"] => self.secret(api_key, at, "api_key").map(|key| Some(CalcomAuth::ApiKey(key))),
            ["access_token"] => {
                self.secret(access_token, at, "access_token").map(|token| Some(CalcomAuth::AccessToken(token)))
            }
            ["client_id"] => {
                let client_id = self.required(client_id, at, "client_id");
                let secret_key = self.secret(secret_key, at, "secret_key");
                Some(Some(CalcomAuth::Platform { client_id: client_id?, secret_key: secret_key? }))
            }
            [first, second, ..] => {
                let message =
                    format!("calls are made as one user, and this has `{first}` and `{second}`: leave one of them");
                self.fail(&at.key(second), &message)
            }
            [_] => None,
        }
    }

    /// What addresses and keys of webhooks are derived from.
    fn calcom_secret(&mut self, secret: raw::Secret, at: &Path, key: &str) -> Option<SecretString> {
        let secret = self.secret(Some(secret), at, key)?;
        match CalcomEndpoint::check(&secret) {
            Ok(()) => Some(secret),
            Err(error) => self.fail(&at.key(key), &error.to_string()),
        }
    }

    pub(super) fn calcom_branch(&mut self, branch: raw::CalcomBranch, at: &Path) -> Option<CalcomPlace> {
        let account = self.calcom_of(branch.account, at);
        let user = self.calcom_user(branch.api_key, branch.access_token, at);
        if let (Some(account), Some(None)) = (&account, &user)
            && self.calcom_nobody.contains(account)
        {
            let message = format!(
                "nobody to call as: the [[calcom]] `{account}` names no user, so write api_key (or access_token) here"
            );
            self.wrong(at, &message);
        }
        for (key, number) in [("organization", branch.organization), ("team", branch.team)] {
            if number == Some(0) {
                self.wrong(&at.key(key), "must be Cal.com's number of it: GET /v2/me and /v2/teams tell it");
            }
        }
        for (i, name) in branch.usernames.iter().enumerate() {
            if name.trim().is_empty() || name.contains(['/', '?', '&', ',']) {
                self.wrong(&at.key("usernames").index(i), "must be a name as in the address of that user's page");
            }
        }
        let zone = self.required(branch.zone, at, "zone").and_then(|zone| {
            let read = chatplug_calendar::zone(&zone);
            read.map_err(|error| self.wrong(&at.key("zone"), &error.message)).ok()
        });
        let country = self.required(branch.country, at, "country");
        if let Some(country) = &country
            && !(country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_uppercase()))
        {
            let message = format!("`{country}` is not a country: write its two capital letters, such as \"PT\"");
            self.wrong(&at.key("country"), &message);
        }
        let currency = self.required(branch.currency, at, "currency").and_then(|code| {
            let message = format!("`{code}` is not a currency: write its three letters, such as \"EUR\"");
            Currency::from_code(&code).or_else(|| self.fail(&at.key("currency"), &message))
        });
        let email = self.calcom_email((branch.email, branch.guest_domain, branch.guest_secret), at);
        let event_types = collect_all(branch.event_types, |i, one| {
            self.calcom_event_type(one, currency, &at.key("event_types").index(i))
        });
        let staff = collect_all(branch.staff, |i, one| self.calcom_staff(one, &at.key("staff").index(i)));
        if branch.only_listed && event_types.as_ref().is_some_and(Vec::is_empty) {
            self.wrong(&at.key("only_listed"), "nothing is listed, so nothing could be booked: add event_types");
        }
        if let Some(event_types) = &event_types {
            let ids: Vec<u64> = event_types.iter().map(|one| one.id).collect();
            self.calcom_once(&ids, at, "event_types", "event type");
        }
        if let Some(staff) = &staff {
            let ids: Vec<u64> = staff.iter().map(|one| one.user).collect();
            self.calcom_once(&ids, at, "staff", "user");
        }
        Some(CalcomPlace {
            account: account?,
            user: user?,
            organization: branch.organization,
            team: branch.team,
            usernames: branch.usernames,
            name: branch.name,
            zone: zone?,
            country: country?,
            currency: currency?,
            phone: branch.phone,
            place: branch.place.map(placed),
            email: email?,
            only_listed: branch.only_listed,
            event_types: event_types?,
            staff: staff?,
        })
    }

    /// What may be named once only.
    fn calcom_once(&mut self, ids: &[u64], at: &Path, key: &str, what: &str) {
        let mut seen = BTreeSet::new();
        for (i, id) in ids.iter().enumerate() {
            if !seen.insert(id) {
                self.wrong(&at.key(key).index(i), &format!("the {what} {id} is named twice: leave one of them"));
            }
        }
    }

    fn calcom_user(
        &mut self,
        api_key: Option<raw::Secret>,
        access_token: Option<raw::Secret>,
        at: &Path,
    ) -> Option<Option<CalcomUser>> {
        match (api_key, access_token) {
            (None, None) => Some(None),
            (key @ Some(_), None) => self.credential(key, at, "api_key").map(|key| Some(CalcomUser::ApiKey(key))),
            (None, token @ Some(_)) => {
                self.credential(token, at, "access_token").map(|token| Some(CalcomUser::AccessToken(token)))
            }
            (Some(_), Some(_)) => self.fail(
                &at.key("access_token"),
                "calls are made as one user, and this has `api_key` and `access_token`: leave one of them",
            ),
        }
    }

    fn calcom_email(
        &mut self,
        (rule, domain, secret): (Option<raw::CalcomEmail>, Option<String>, Option<raw::Secret>),
        at: &Path,
    ) -> Option<CalcomEmail> {
        if rule == Some(raw::CalcomEmail::Guest) {
            let secret = self.credential(secret, at, "guest_secret");
            let domain = self.required(domain, at, "guest_domain").and_then(|domain| {
                let label = |label: &str| {
                    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                };
                if domain.contains('.') && domain.split('.').all(label) {
                    return Some(domain.to_ascii_lowercase());
                }
                let message = format!("`{domain}` is not a domain such as guest.bella.example");
                self.fail(&at.key("guest_domain"), &message)
            });
            return Some(CalcomEmail::Guest { domain: domain?, secret: secret? });
        }
        for (key, _) in
            [("guest_domain", domain.is_some()), ("guest_secret", secret.is_some())].iter().filter(|it| it.1)
        {
            self.wrong(&at.key(key), "goes with email = \"guest\", and with nothing else");
        }
        Some(if rule == Some(raw::CalcomEmail::PhoneOnly) { CalcomEmail::PhoneOnly } else { CalcomEmail::Ask })
    }

    fn calcom_event_type(
        &mut self,
        one: raw::CalcomEventType,
        currency: Option<Currency>,
        at: &Path,
    ) -> Option<CalcomEventType> {
        let id = self.calcom_number(one.id, at, "id", "event type");
        let (name, category) = (self.wording(one.name, at, "name"), self.wording(one.category, at, "category"));
        let price = match (one.price, currency) {
            (Some(price), Some(currency)) => match price.price(currency) {
                Ok(price) => Some(Some(price)),
                Err(ConfigProblem { message, .. }) => self.fail(&at.key("price"), &message),
            },
            _ => Some(None),
        };
        if one.service.as_ref().is_some_and(|word| word.trim().is_empty()) {
            self.wrong(&at.key("service"), "`service` is empty");
        }
        Some(CalcomEventType {
            id: id?,
            name: name?,
            also: one.also,
            category: category?,
            price: price?,
            hidden: one.hidden,
            service: one.service,
            answers: one.answers,
        })
    }

    fn calcom_staff(&mut self, one: raw::CalcomStaff, at: &Path) -> Option<CalcomStaff> {
        let user = self.calcom_number(one.user, at, "user", "user");
        let title = self.wording(one.title, at, "title");
        Some(CalcomStaff { user: user?, name: one.name, also: one.also, title: title?, hidden: one.hidden })
    }

    fn calcom_number(&mut self, number: Option<u64>, at: &Path, key: &str, what: &str) -> Option<u64> {
        let number = self.required(number, at, key)?;
        let message = format!("must be Cal.com's number of the {what}: `chatplug doctor` lists them");
        if number > 0 { Some(number) } else { self.fail(&at.key(key), &message) }
    }

    /// A text of the business, with its translations.
    fn wording(&mut self, text: Option<Text>, at: &Path, key: &str) -> Option<Option<Localized>> {
        let Some(text) = text else { return Some(None) };
        match text.localized() {
            Ok(text) => Some(Some(text)),
            Err(ConfigProblem { message, .. }) => self.fail(&at.key(key), &message),
        }
    }

    /// The account of a branch; the only one need not be named.
    fn calcom_of(&mut self, account: Option<String>, at: &Path) -> Option<String> {
        let known = self.written_calcom.clone();
        match (account, known.as_slice()) {
            (None, [only]) => Some(only.clone()),
            (None, []) => self.fail(at, "there is no [[calcom]]: the server that is called, and as whom"),
            (account, _) => {
                let account = self.required(account, at, "account")?;
                if known.contains(&account) {
                    return Some(account);
                }
                let hint = suggestion(&account, known.iter().map(String::as_str));
                self.fail(&at.key("account"), &format!("there is no [[calcom]] `{account}`{hint}"))
            }
        }
    }
}

fn placed(place: PlaceConfig) -> Place {
    let point = place.latitude.zip(place.longitude);
    let point = point.map(|(latitude, longitude)| GeoPoint { latitude, longitude });
    Place { name: place.name.unwrap_or_default(), address: place.address, point }
}
