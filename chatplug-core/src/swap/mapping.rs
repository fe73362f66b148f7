//! What of one booking system is what at another: a proposal with a score and a reason for each, for a person to look at.

use super::names::{self, Alike};
use crate::{
    model::{Catalog, Lang, Money, Price, Private, Service, ServiceId, Staff, StaffId},
    ports::{Context, IntentEngine, OpenQuestion, Utterance},
};
use chrono::{DateTime, Utc};
use std::{cmp::Ordering, collections::BTreeMap};

/// From this on two are proposed as one.
const ENOUGH: f32 = 0.62;
/// Without this much of a like name, length and price prove nothing.
const LEAST_NAME: f32 = 0.45;
/// The next best one so near leaves it open which is meant, unless one has the very name.
const TOO_NEAR: f32 = 0.03;
/// Name, length, price: what each weighs.
const WEIGHTS: (f32, f32, f32) = (0.72, 0.18, 0.10);

/// What is proposed to be what.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Every service of the old system, in its order.
    pub services: Vec<Pair<ServiceId>>,
    /// Everybody of the old system, in its order.
    pub staff: Vec<Pair<StaffId>>,
    /// Services of the new system that none of the old one is.
    pub new_services: Vec<(ServiceId, String)>,
    /// People of the new system whom nobody of the old one is.
    pub new_staff: Vec<(StaffId, String)>,
}

/// One of the old system, and its partner.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<Id> {
    /// Its id at the old system.
    pub id: Id,
    /// What it is called there, with length and price where it has them.
    pub name: String,
    /// What it is at the new system.
    pub partner: Option<Partner<Id>>,
    /// Why it has none, when it has none.
    pub why_not: Option<String>,
}

/// What something is at the new system.
#[derive(Debug, Clone, PartialEq)]
pub struct Partner<Id> {
    /// Its id there.
    pub id: Id,
    /// What it is called there, with length and price where it has them.
    pub name: String,
    /// How sure, in percent.
    pub score: u8,
    /// Why.
    pub reason: String,
}

/// One of the old against one of the new.
struct Fit {
    old: usize,
    new: usize,
    score: f32,
    name: f32,
    reason: String,
}

/// Proposes what is what. `intents` reads names as a client's words, which finds the same service in another language.
pub async fn propose(from: &Catalog, to: &Catalog, intents: &dyn IntentEngine, now: DateTime<Utc>) -> Proposal {
    let there = understood(&from.services, to, intents, now).await;
    let back = understood(&to.services, from, intents, now).await;
    let mut fits = Vec::new();
    for (old, one) in from.services.iter().enumerate() {
        for (new, other) in to.services.iter().enumerate() {
            let meant = meant(there.get(&one.id), &other.id).or(meant(back.get(&other.id), &one.id));
            fits.push(service_fit((old, one), (new, other), meant));
        }
    }
    let chosen = choose(&fits, from.services.len(), to.services.len());
    let services = pairs(&from.services, &to.services, &fits, &chosen, |service| &service.id, service_name);
    let same: BTreeMap<&ServiceId, &ServiceId> =
        services.iter().filter_map(|pair| Some((&pair.id, &pair.partner.as_ref()?.id))).collect();
    let mut fits = Vec::new();
    for (old, one) in from.staff.iter().enumerate() {
        for (new, other) in to.staff.iter().enumerate() {
            fits.push(staff_fit((old, one, from), (new, other, to), &same));
        }
    }
    let chosen = choose(&fits, from.staff.len(), to.staff.len());
    let staff = pairs(&from.staff, &to.staff, &fits, &chosen, |member| &member.id, |member| member.name.clone());
    Proposal {
        new_services: left(&to.services, &services, |service| &service.id, service_name),
        new_staff: left(&to.staff, &staff, |member| &member.id, |member| member.name.clone()),
        services,
        staff,
    }
}

/// A service as it is listed: "Women's haircut, 60 min, 45.00 EUR".
pub(super) fn service_name(service: &Service) -> String {
    let price = service.price.map(|price| format!(", {}", price_text(price))).unwrap_or_default();
    format!("{}, {} min{price}", service.name.main, service.minutes)
}

fn price_text(price: Price) -> String {
    let amount = |money: Money| {
        let digits = usize::from(money.exponent());
        let unit = 10_i64.checked_pow(u32::from(money.exponent())).unwrap_or(1);
        match digits {
            0 => money.minor.to_string(),
            _ => format!("{}.{:0digits$}", money.minor / unit, (money.minor % unit).abs()),
        }
    };
    match price.to {
        Some(to) => format!("{}–{} {}", amount(price.from), amount(to), price.from.currency.code()),
        None => format!("{} {}", amount(price.from), price.from.currency.code()),
    }
}

/// What each name means in another catalogue, read as if a client had said it.
async fn understood<'a>(
    services: &'a [Service],
    catalog: &Catalog,
    intents: &dyn IntentEngine,
    now: DateTime<Utc>,
) -> BTreeMap<&'a ServiceId, Vec<ServiceId>> {
    let context =
        Context { catalog, language: None, default_language: Lang::EN, open: OpenQuestion::Service, options: 0 };
    let mut meanings = BTreeMap::new();
    for service in services {
        let utterance = Utterance { text: Private::new(service.name.main.clone()), at: now };
        if let Ok(meaning) = intents.interpret(&utterance, &context).await {
            meanings.insert(&service.id, meaning.services);
        }
    }
    meanings
}

fn meant(found: Option<&Vec<ServiceId>>, id: &ServiceId) -> Alike {
    match found.map(Vec::as_slice) {
        Some([only]) if only == id => Alike { score: 0.88, why: "the names mean the same" },
        Some(several) if several.len() <= 3 && several.contains(id) => {
            Alike { score: 0.6, why: "the names may mean the same" }
        }
        _ => Alike::NOT,
    }
}

fn service_fit((old, one): (usize, &Service), (new, other): (usize, &Service), meant: Alike) -> Fit {
    let wordings = |service: &Service| -> Vec<String> {
        service.name.all().map(str::to_owned).chain(service.also.iter().cloned()).collect()
    };
    let mut name = meant;
    for (at, wording) in wordings(one).iter().enumerate() {
        for (place, word) in wordings(other).iter().enumerate() {
            let mut alike = names::services(wording, word);
            if at + place > 0 && alike.score >= 1.0 {
                alike = Alike { score: 0.97, why: "same name in one of its wordings" };
            }
            name = name.or(alike);
        }
    }
    let share = |a: u32, b: u32| -> f32 { f32_of(a.min(b)) / f32_of(a.max(b)).max(1.0) };
    let length = share(one.minutes, other.minutes);
    let (by_name, by_length, by_price) = WEIGHTS;
    let mut reason = name.why.to_owned();
    reason += &match one.minutes == other.minutes {
        true => format!("; {} min", one.minutes),
        false => format!("; {} min, there {}", one.minutes, other.minutes),
    };
    let mut score = name.score * by_name + length * by_length;
    match (one.price, other.price) {
        (Some(price), Some(there)) if price.from.currency == there.from.currency => {
            let minor = |price: Price| u32::try_from(price.from.minor.max(0)).unwrap_or(u32::MAX);
            let price_share = if price == there { 1.0 } else { 0.8 * share(minor(price), minor(there)) };
            score += price_share * by_price;
            reason += &match price == there {
                true => format!("; {}", price_text(price)),
                false => format!("; {}, there {}", price_text(price), price_text(there)),
            };
        }
        // Nothing to compare: the others count for it.
        _ => score /= by_name + by_length,
    }
    Fit { old, new, score, name: name.score, reason }
}

fn staff_fit(
    (old, one, from): (usize, &Staff, &Catalog),
    (new, other, to): (usize, &Staff, &Catalog),
    same: &BTreeMap<&ServiceId, &ServiceId>,
) -> Fit {
    let wordings =
        |member: &Staff| -> Vec<String> { std::iter::once(member.name.clone()).chain(member.also.clone()).collect() };
    let mut name = Alike::NOT;
    for wording in wordings(one) {
        for word in wordings(other) {
            name = name.or(names::people(&wording, &word));
        }
    }
    let does = |catalog: &Catalog, id: &ServiceId, member: &StaffId| {
        catalog.service(id).is_some_and(|service| service.staff.contains(member))
    };
    let theirs: Vec<_> = same.iter().filter(|(old, _)| does(from, old, &one.id)).collect();
    let kept = theirs.iter().filter(|(_, new)| does(to, new, &other.id)).count();
    let (of, kept) = (u32::try_from(theirs.len()).unwrap_or(0), u32::try_from(kept).unwrap_or(0));
    let share = if of == 0 { 1.0 } else { f32_of(kept) / f32_of(of) };
    let reason = match of {
        0 => name.why.to_owned(),
        _ if kept == of => format!("{}; the same services", name.why),
        _ => format!("{}; {kept} of {of} services the same", name.why),
    };
    Fit { old, new, score: name.score * (0.85 + 0.15 * share), name: name.score, reason }
}

/// The partner of each: the surest pairs first, each side once, nobody where two fit as well.
fn choose(fits: &[Fit], old: usize, new: usize) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..fits.len()).collect();
    let by_score = |a: &usize, b: &usize| match (fits.get(*a), fits.get(*b)) {
        (Some(a), Some(b)) => b
            .score
            .total_cmp(&a.score)
            .then((a.old.abs_diff(a.new)).cmp(&b.old.abs_diff(b.new)))
            .then(a.old.cmp(&b.old)),
        _ => Ordering::Equal,
    };
    order.sort_by(by_score);
    let (mut chosen, mut taken) = (vec![None; old], vec![false; new]);
    for at in order {
        let Some(fit) = fits.get(at).filter(|fit| fit.score >= ENOUGH && fit.name >= LEAST_NAME) else { continue };
        let free = chosen.get(fit.old).is_some_and(Option::is_none) && taken.get(fit.new) == Some(&false);
        if !free || is_open(fits, fit, &chosen, &taken) {
            continue;
        }
        if let (Some(place), Some(gone)) = (chosen.get_mut(fit.old), taken.get_mut(fit.new)) {
            (*place, *gone) = (Some(at), true);
        }
    }
    chosen
}

/// Whether another one that is still free fits as well, on either side.
fn is_open(fits: &[Fit], fit: &Fit, chosen: &[Option<usize>], taken: &[bool]) -> bool {
    fits.iter().any(|other| {
        let rival = (other.old == fit.old) != (other.new == fit.new);
        let free = chosen.get(other.old).is_some_and(Option::is_none) && taken.get(other.new) == Some(&false);
        rival && free && other.name >= LEAST_NAME && fit.score - other.score < TOO_NEAR
    })
}

fn pairs<T, Id: Clone>(
    old: &[T],
    new: &[T],
    fits: &[Fit],
    chosen: &[Option<usize>],
    id: impl Fn(&T) -> &Id,
    name: impl Fn(&T) -> String,
) -> Vec<Pair<Id>> {
    let pair = |(at, one): (usize, &T)| {
        let fit = chosen.get(at).copied().flatten().and_then(|fit| fits.get(fit));
        let partner = fit.and_then(|fit| {
            let other = new.get(fit.new)?;
            Some(Partner {
                id: id(other).clone(),
                name: name(other),
                score: percent(fit.score),
                reason: fit.reason.clone(),
            })
        });
        let why_not = partner.is_none().then(|| {
            let near = fits.iter().filter(|fit| fit.old == at && fit.name >= LEAST_NAME);
            let mut near: Vec<&Fit> = near.collect();
            near.sort_by(|a, b| b.score.total_cmp(&a.score));
            let told: Vec<String> = near
                .iter()
                .take(3)
                .filter_map(|fit| {
                    Some(format!("{} ({} %: {})", name(new.get(fit.new)?), percent(fit.score), fit.reason))
                })
                .collect();
            if told.is_empty() { "nothing like it".to_owned() } else { format!("nearest: {}", told.join(" or ")) }
        });
        Pair { id: id(one).clone(), name: name(one), partner, why_not }
    };
    old.iter().enumerate().map(pair).collect()
}

fn left<T, Id: Clone + PartialEq>(
    new: &[T],
    pairs: &[Pair<Id>],
    id: impl Fn(&T) -> &Id,
    name: impl Fn(&T) -> String,
) -> Vec<(Id, String)> {
    let taken = |one: &&T| pairs.iter().any(|pair| pair.partner.as_ref().is_some_and(|partner| partner.id == *id(one)));
    new.iter().filter(|one| !taken(one)).map(|one| (id(one).clone(), name(one))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "minutes and prices: a share of two is all that is wanted")]
const fn f32_of(number: u32) -> f32 {
    number as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
fn percent(score: f32) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}
