//! What is known of the templates at a provider: read seldom, believed for a while, and what is in doubt left out.

use chatplug_core::{
    model::Lang,
    ports::{Clock, ListedTemplate, Outlook, TemplateDesk, TemplateError, TemplateStock},
};
use chrono::{DateTime, Duration, Utc};
use futures_util::lock::{Mutex, MutexGuard};
use std::{future::Future, sync::Arc};

/// What is known is believed for so long; approval takes minutes at least.
const FRESH: Duration = Duration::minutes(5);

/// Asked in vain, the provider is left alone for so long.
const AGAIN: Duration = Duration::seconds(30);

/// A template that could not be sent with is left out for so long, unless something about it changes.
const DOUBTED: Duration = Duration::hours(1);

/// Templates of one account, as last read; `R` is what an adapter keeps of each.
#[derive(Debug)]
pub(crate) struct Shelf<R> {
    clock: Arc<dyn Clock>,
    known: Mutex<Known<R>>,
}

/// What was last read, and when.
#[derive(Debug)]
pub(crate) struct Known<R> {
    pub(crate) rows: Vec<R>,
    at: Option<DateTime<Utc>>,
    /// It was read at all.
    read: bool,
    /// When the provider was last asked in vain.
    failed: Option<DateTime<Utc>>,
    doubts: Vec<(ListedTemplate, DateTime<Utc>)>,
}

/// What an adapter keeps of a template.
pub(crate) trait Row {
    /// As everybody sees it.
    fn listed(&self) -> &ListedTemplate;
}

impl Row for ListedTemplate {
    fn listed(&self) -> &ListedTemplate {
        self
    }
}

impl<R: Row> Shelf<R> {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let known = Known { rows: Vec::new(), at: None, read: false, failed: None, doubts: Vec::new() };
        Self { clock, known: Mutex::new(known) }
    }

    pub(crate) async fn lock(&self) -> MutexGuard<'_, Known<R>> {
        self.known.lock().await
    }

    /// The first usable one; read anew where what is known is old.
    pub(crate) async fn find(&self, read: impl ListOf<R>, meaning: &str, langs: &[Lang]) -> Option<TemplateStock> {
        let known = self.fresh(read).await;
        let now = self.clock.now();
        let in_lang = |lang: &Lang| {
            let says = |listed: &&ListedTemplate| listed.stock.meaning == meaning && listed.stock.lang == *lang;
            let mut found = known.rows.iter().map(Row::listed).filter(says);
            found.find(|listed| listed.is_usable() && !known.doubts(listed, now)).map(|listed| listed.stock.clone())
        };
        langs.iter().find_map(in_lang)
    }

    /// From what is known, however old: planning waits for nobody.
    pub(crate) fn outlook(&self, meaning: &str, langs: &[Lang]) -> Outlook {
        let Some(known) = self.known.try_lock().filter(|known| known.read) else { return Outlook::Waiting };
        let now = self.clock.now();
        let listed = known.rows.iter().map(Row::listed);
        let of_it = listed.filter(|listed| listed.stock.meaning == meaning && langs.contains(&listed.stock.lang));
        let outlook = |listed: &ListedTemplate| match listed.outlook() {
            Outlook::Ready if known.doubts(listed, now) => Outlook::Waiting,
            outlook => outlook,
        };
        of_it.map(outlook).max().unwrap_or(Outlook::Hopeless)
    }

    /// Everything, read anew.
    pub(crate) async fn status(&self, read: impl ListOf<R>) -> Result<Vec<ListedTemplate>, TemplateError> {
        let mut known = self.lock().await;
        known.put(read.await?, self.clock.now());
        Ok(known.rows.iter().map(|row| row.listed().clone()).collect())
    }

    pub(crate) async fn doubt(&self, name: &str, locale: &str) {
        let until = self.clock.now() + DOUBTED;
        let mut known = self.lock().await;
        let is_it = |listed: &&ListedTemplate| listed.stock.name == name && listed.stock.locale == locale;
        if let Some(listed) = known.rows.iter().map(Row::listed).find(is_it).cloned() {
            known.doubts.retain(|(doubted, _)| doubted.stock.name != name || doubted.stock.locale != locale);
            known.doubts.push((listed, until));
        }
    }

    async fn fresh(&self, read: impl ListOf<R>) -> MutexGuard<'_, Known<R>> {
        let mut known = self.lock().await;
        let now = self.clock.now();
        let fresh = known.at.is_some_and(|at| at <= now && now < at + FRESH);
        let failed = known.failed.is_some_and(|at| at <= now && now < at + AGAIN);
        // What was last known serves while the provider cannot be asked; messages that wait must not wait for each other's
        // turn.
        if !fresh && !failed {
            match read.await {
                Ok(rows) => known.put(rows, now),
                Err(_) => known.failed = Some(now),
            }
        }
        known
    }
}

impl<R: Row> Known<R> {
    /// What was just read.
    pub(crate) fn put(&mut self, rows: Vec<R>, now: DateTime<Utc>) {
        self.rows = rows;
        (self.at, self.read, self.failed) = (Some(now), true, None);
        self.doubts.retain(|(_, until)| now < *until);
    }

    /// Something was changed there: what is known is read anew before it is believed.
    pub(crate) const fn stale(&mut self) {
        (self.at, self.failed) = (None, None);
    }

    /// A template that has changed since is not the one that was doubted.
    fn doubts(&self, listed: &ListedTemplate, now: DateTime<Utc>) -> bool {
        self.doubts.iter().any(|(doubted, until)| now < *until && doubted == listed)
    }
}

/// A list that is being read.
pub(crate) trait ListOf<R>: Future<Output = Result<Vec<R>, TemplateError>> + Send {}
impl<R, F: Future<Output = Result<Vec<R>, TemplateError>> + Send> ListOf<R> for F {}

/// The meaning of a template by its name; another prefix than the usual one shuts out everybody else's.
pub(crate) fn meaning_of(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).filter(|meaning| !meaning.is_empty()).unwrap_or(name).to_owned()
}

/// What can be found out about a draft without a call.
pub(crate) fn check(draft: &chatplug_core::ports::TemplateDraft) -> Result<(), TemplateError> {
    let refused = |why: &str| Err(TemplateError::Refused(why.to_owned()));
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !word(&draft.name) || !word(&draft.meaning) {
        return refused("name and meaning may hold only a-z, 0-9 and _");
    }
    if draft.body.trim().is_empty() {
        return refused("the text is empty");
    }
    if draft.examples.len() < blanks(&draft.body) || draft.examples.iter().any(|example| example.trim().is_empty()) {
        return refused("every blank needs an example");
    }
    Ok(())
}

/// How many blanks a text has: they are numbered from 1.
pub(crate) fn blanks(body: &str) -> usize {
    (1..=100).take_while(|n| body.contains(&format!("{{{{{n}}}}}"))).count()
}

/// The desk of a provider where templates are handed in.
pub(crate) fn desk(provider: &'static str, account: &str, edits: bool, prefix: &str) -> TemplateDesk {
    let (account, prefix) = (Some(account.to_owned()), prefix.to_owned());
    TemplateDesk { provider, account, submits: true, edits, prefix }
}
