//! `/altegio/install`, where Altegio sends owners, and `/altegio/callback`, which it posts to when something became of an
//! app.
//!
//! The page has no cookies and no login: what may be done stands in its ticket, which is sealed and comes from a redirect,
//! and in the code that somebody types. So a foreign page can send nothing in a visitor's name that it could not send itself.

mod page;
mod words;

use crate::marketplace::{Account, Claim, CodeError, Codes, Facts, Installer, Note, Owner, Ticket};
use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use chatplug_altegio::marketplace::{
    Lifecycle, LifecycleError, LifecycleEvent, MOST_CALLBACK_BYTES, Redirect, RedirectError,
};
use chatplug_core::ports::{InstallState, StoreError};
use page::{Page, Salon, Shows};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;
use words::Words;

/// Longest form, in bytes.
const LONGEST_FORM: usize = 32 * 1024;

/// How long a press of the button asks Altegio about salons; what is left is asked about at the next.
const PATIENCE: Duration = Duration::from_secs(15);

/// What answers owners, and Altegio.
#[derive(Debug)]
pub(crate) struct Marketplaces {
    /// Does what is to be done.
    pub(crate) installer: Arc<Installer>,
    /// Tries codes.
    pub(crate) codes: Codes,
}

impl Marketplaces {
    /// The page, for the account of this name or the only one.
    pub(crate) async fn install(&self, account: Option<&str>, request: Request) -> Response {
        let words = Words::of(request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
        let Some(account_of) = self.installer.accounts.of(account) else {
            return page::problem(StatusCode::NOT_FOUND, words, "error_address", "");
        };
        let visit = Visit { words, account: account_of, short: account.is_none() };
        let method = request.method().clone();
        let answered = match method {
            Method::GET | Method::HEAD => self.shown(&visit, request.uri()).await,
            Method::POST => self.pressed(&visit, request).await,
            _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
        };
        answered.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "the page of an installation cannot be shown");
            page::problem(StatusCode::SERVICE_UNAVAILABLE, words, "error_later", &visit.frame())
        })
    }

    async fn shown(&self, visit: &Visit<'_>, uri: &Uri) -> Result<Response, StoreError> {
        let query = uri.query().unwrap_or_default();
        let now = self.installer.clock.now();
        if let Some(sealed) = query.strip_prefix("ticket=") {
            return match visit.open(sealed, now) {
                Some(ticket) => self.page(visit, &ticket, None, None).await,
                None => Ok(visit.problem(StatusCode::GONE, "error_old")),
            };
        }
        let token = &visit.account.config.partner_token;
        match Redirect::parse(query, token, !visit.account.config.unsigned_redirect) {
            Ok(redirect) => {
                let ticket = Ticket::new(&visit.account.config.name, redirect.salons, now);
                let user = redirect.user.and_then(|user| user.name).map(|name| name.into_inner());
                self.page(visit, &ticket, None, user).await
            }
            Err(error) => {
                tracing::info!(error = %error, "a redirect of Altegio's marketplace is not followed");
                let signature =
                    matches!(error, RedirectError::Unsigned | RedirectError::Forged | RedirectError::Malformed);
                Ok(match signature {
                    true => visit.problem(StatusCode::FORBIDDEN, "error_unsigned"),
                    false => visit.problem(StatusCode::BAD_REQUEST, "error_address"),
                })
            }
        }
    }

    async fn pressed(&self, visit: &Visit<'_>, request: Request) -> Result<Response, StoreError> {
        let now = self.installer.clock.now();
        if !self.is_own_form(request.headers()) {
            return Ok(visit.problem(StatusCode::FORBIDDEN, "error_old"));
        }
        let Ok(form) = to_bytes(request.into_body(), LONGEST_FORM).await else {
            return Ok(visit.problem(StatusCode::PAYLOAD_TOO_LARGE, "error_address"));
        };
        let mut fields: BTreeMap<String, String> = form_urlencoded::parse(&form).into_owned().collect();
        let sealed = fields.remove("ticket").unwrap_or_default();
        let Some(mut ticket) = visit.open(&sealed, now) else {
            return Ok(visit.problem(StatusCode::GONE, "error_old"));
        };
        let mut right = None;
        let code = fields.remove("code").unwrap_or_default();
        if !code.trim().is_empty() {
            right = match self.codes.check(&code).await {
                Ok(right) => Some(right),
                Err(CodeError::Wrong) => {
                    tracing::info!("a connect code was wrong");
                    return self.page(visit, &ticket, Some((StatusCode::FORBIDDEN, "error_code")), None).await;
                }
                Err(CodeError::TooMany) => {
                    tracing::warn!("too many connect codes were tried");
                    return self.page(visit, &ticket, Some((StatusCode::TOO_MANY_REQUESTS, "error_many")), None).await;
                }
                Err(CodeError::Store(error)) => return Err(error),
            };
        }
        let before = std::mem::take(&mut ticket.notes);
        let end = Instant::now() + PATIENCE;
        let mut taken = false;
        for salon in ticket.salons.clone() {
            let known = self.installer.owner(salon).await?;
            let named = self.installer.accounts.salon(salon).is_some();
            let (owner, is_named) = match (known, &right, &ticket.tenant) {
                (Some(owner), Some(right), _) if owner.tenant != right.tenant => {
                    ticket.notes.insert(salon, Note::Elsewhere);
                    continue;
                }
                (Some(owner), _, _) => (owner, named),
                (None, Some(right), _) if right.is_for(salon) => match Owner::derived(&right.tenant, salon) {
                    Some(owner) => (owner, !right.salons.is_empty()),
                    None => continue,
                },
                (None, Some(_), _) => {
                    ticket.notes.insert(salon, Note::Code);
                    continue;
                }
                // What the code was not for is not for its ticket either.
                (None, None, Some(_)) if before.get(&salon) == Some(&Note::Code) => {
                    ticket.notes.insert(salon, Note::Code);
                    continue;
                }
                (None, None, Some(tenant)) => match Owner::derived(tenant, salon) {
                    Some(owner) => (owner, ticket.is_named),
                    None => continue,
                },
                // Its code is still asked for.
                (None, None, None) => continue,
            };
            if Instant::now() >= end {
                ticket.notes.insert(salon, Note::Later);
                continue;
            }
            let note = match self.installer.claim(visit.account, salon, &owner, is_named).await? {
                Claim::Taken => {
                    taken = true;
                    continue;
                }
                Claim::Elsewhere => Note::Elsewhere,
                Claim::Absent => Note::Absent,
                Claim::Known => Note::Known,
                Claim::Later => Note::Later,
            };
            ticket.notes.insert(salon, note);
        }
        if let Some(right) = right {
            // A code is used up by the first salon that it brings; the page goes on with its ticket.
            if taken {
                self.codes.used(&right).await?;
            }
            ticket.is_named = !right.salons.is_empty();
            ticket.tenant = Some(right.tenant);
        }
        let ticket = ticket.seal(&visit.account.config.partner_token);
        let to = format!("{}?ticket={ticket}", visit.name());
        let Ok(to) = HeaderValue::from_str(&to) else { return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()) };
        Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
    }

    async fn page(
        &self,
        visit: &Visit<'_>,
        ticket: &Ticket,
        wrong: Option<(StatusCode, &'static str)>,
        user: Option<String>,
    ) -> Result<Response, StoreError> {
        let mut salons = Vec::new();
        let mut needs_code = false;
        for salon in &ticket.salons {
            let owner = self.installer.owner(*salon).await?;
            let install = match &owner {
                Some(owner) => self.installer.install(owner).await?,
                None => None,
            };
            let refused = ticket.notes.get(salon) == Some(&Note::Code);
            needs_code |= owner.is_none() && (ticket.tenant.is_none() || refused);
            let mut name = None;
            let shows = match install {
                None => ticket.notes.get(salon).map_or(Shows::New, |note| Shows::Refused(*note)),
                Some(install) => {
                    name = Some(install.name.clone()).filter(|name| *name != install.external_id);
                    match (install.state, Facts::of(&install).shown) {
                        (InstallState::Pending, None) => Shows::Working,
                        (InstallState::Pending, Some(shown)) if shown.waits => {
                            Shows::Waiting { step: shown.step, what: shown.what }
                        }
                        (InstallState::Pending, Some(shown)) => Shows::Failed { step: shown.step, what: shown.what },
                        (state, _) => Shows::Is(state),
                    }
                }
            };
            salons.push(Salon { id: *salon, name, shows });
        }
        let (status, alert) = wrong.map_or((StatusCode::OK, None), |(status, alert)| (status, Some(alert)));
        let page = Page {
            words: visit.words,
            user,
            salons,
            needs_code,
            alert,
            ticket: ticket.seal(&visit.account.config.partner_token),
            action: visit.action(),
            frame: visit.frame(),
        };
        Ok(page.answer(status))
    }

    /// Whether a form came from a page of this server, as far as the browser tells.
    fn is_own_form(&self, headers: &HeaderMap) -> bool {
        let value = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let Some(origin) = value(header::ORIGIN) else {
            return !headers.contains_key(header::ORIGIN);
        };
        let host = |url: &str| url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest).to_owned());
        let ours =
            [self.installer.accounts.public_url.as_deref().and_then(host), value(header::HOST).map(str::to_owned)];
        host(origin).is_some_and(|origin| ours.into_iter().flatten().any(|ours| ours.eq_ignore_ascii_case(&origin)))
    }

    /// A callback of Altegio's about an app.
    pub(crate) async fn callback(&self, endpoint: &str, request: Request) -> Response {
        let Some(account) = self.installer.accounts.posted_to(endpoint) else {
            return (StatusCode::NOT_FOUND, "no such endpoint\n").into_response();
        };
        if request.method() != Method::POST {
            return (StatusCode::METHOD_NOT_ALLOWED, "only POST is answered here\n").into_response();
        }
        let Ok(body) = to_bytes(request.into_body(), MOST_CALLBACK_BYTES).await else {
            return (StatusCode::PAYLOAD_TOO_LARGE, "too long\n").into_response();
        };
        let told = match Lifecycle::parse(&body, &account.config.partner_token) {
            Ok(told) => told,
            Err(error) => {
                tracing::warn!(error = %error, "a callback of Altegio's marketplace is not believed");
                let status = match error {
                    LifecycleError::Forged => StatusCode::UNAUTHORIZED,
                    _ => StatusCode::BAD_REQUEST,
                };
                return (status, "not believed\n").into_response();
            }
        };
        match self.follow(account, told).await {
            Ok(()) => (StatusCode::OK, "ok\n").into_response(),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a callback of Altegio's marketplace cannot be kept"
                );
                (StatusCode::SERVICE_UNAVAILABLE, "try again\n").into_response()
            }
        }
    }

    /// Does what a callback tells. One that concerns nothing here is answered well: it would only come again.
    async fn follow(&self, account: &Account, told: Lifecycle) -> Result<(), StoreError> {
        let Lifecycle { salon, application, event } = told;
        if account.config.application_id != Some(application) {
            tracing::warn!(altegio.application = application, "a callback is about an app that is not configured");
            return Ok(());
        }
        let owner = self.installer.owner(salon).await?;
        let install = match &owner {
            Some(owner) => self.installer.install(owner).await?,
            None => None,
        };
        let ours = install.filter(|install| Facts::of(install).account == account.config.name);
        let (Some(owner), Some(install)) = (owner, ours) else {
            tracing::info!(altegio.salon = salon, "a callback is about a salon that is not connected here");
            return Ok(());
        };
        let (tenant, branch) = (&owner.tenant, &owner.branch);
        match event {
            LifecycleEvent::Uninstall => {
                let news = self.installer.leave(&owner, chatplug_altegio::PROVIDER).await?;
                tracing::info!(tenant.id = %tenant, branch.id = %branch, news, "a salon took the app off: its branch ends");
            }
            LifecycleEvent::Freeze => {
                let news = self.installer.freeze(&owner, chatplug_altegio::PROVIDER).await?;
                tracing::info!(tenant.id = %tenant, branch.id = %branch, news, "Altegio froze the app at a branch: it is silent");
            }
            LifecycleEvent::Payment(payment) => {
                self.installer.paid(&owner, &payment).await?;
                if install.state == InstallState::Frozen {
                    self.installer.look(&owner, install).await?;
                }
            }
            LifecycleEvent::Other(word) => {
                tracing::info!(tenant.id = %tenant, branch.id = %branch, event = %word, "a callback tells what is not known");
            }
            _ => {}
        }
        Ok(())
    }
}

/// One look at the page.
struct Visit<'a> {
    words: Words,
    account: &'a Account,
    /// The address does not name the account.
    short: bool,
}

impl Visit<'_> {
    fn open(&self, sealed: &str, now: chrono::DateTime<chrono::Utc>) -> Option<Ticket> {
        Ticket::open(sealed, &self.account.config.name, &self.account.config.partner_token, now)
    }

    fn problem(&self, status: StatusCode, key: &str) -> Response {
        page::problem(status, self.words, key, &self.frame())
    }

    /// Where the form goes, from this page.
    fn action(&self) -> String {
        if self.short { format!("install/{}", self.name()) } else { self.name() }
    }

    fn name(&self) -> String {
        form_urlencoded::byte_serialize(self.account.config.name.as_bytes()).collect::<String>().replace('+', "%20")
    }

    /// Altegio shows the page in a frame, where the app asks for that.
    fn frame(&self) -> String {
        let url = self.account.config.marketplace_url.as_deref().unwrap_or(chatplug_altegio::DEFAULT_MARKETPLACE_URL);
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        format!("{scheme}://{}", rest.split('/').next().unwrap_or(rest))
    }
}
