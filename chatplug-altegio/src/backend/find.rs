//! Looking for bookings: by name, by client, by time; what changed since; who has a membership.

use super::{
    AltegioBackend,
    free::record,
    number,
    records::{Listing, Terms, days_between, is_of},
};
use crate::{
    Call, CallError,
    wire::{
        record::{BalanceCategory, BalanceLink, Membership, Record},
        time,
    },
};
use chatplug_core::{
    model::{Booking, BookingRef, BookingStatus, Private, ServiceId},
    ports::{BackendError, BookedFor, BookingFilter, Changed, ClientDetails},
};
use chrono::{DateTime, NaiveDate, Utc};

impl AltegioBackend {
    pub(super) async fn find_at_business(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        let records = match (&filter.reference, &filter.client) {
            (Some(reference), _) => match record(reference).filter(|_| self.is_ours(reference)) {
                Some(id) => self.read_record(id).await.map_err(CallError::into_read)?.into_iter().collect(),
                None => Vec::new(),
            },
            (None, Some(client)) => self.records_of_client(client, filter).await?,
            (None, None) => {
                let listing = self.listing(filter).await?;
                self.list_records(&listing).await.map_err(CallError::into_read)?
            }
        };
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let terms = self.terms().await?;
        Ok(self.fitting(&records, filter, terms))
    }

    /// For whom a record is, as the location knows them.
    pub(super) async fn client_of(&self, booking: &BookingRef) -> Result<Option<BookedFor>, BackendError> {
        let Some(id) = record(booking).filter(|_| self.is_ours(booking)) else { return Ok(None) };
        let record = self.read_record(id).await.map_err(CallError::into_read)?;
        Ok(record.and_then(|record| record.client).map(|client| {
            let said = |text: &str| (!text.trim().is_empty()).then(|| Private::new(text.trim().to_owned()));
            BookedFor {
                name: said(&client.name).or_else(|| said(&client.display_name)),
                phone: client.phone.parse().ok(),
                email: said(&client.email),
            }
        }))
    }

    /// Bookings among records: never more than was asked for.
    fn fitting(&self, records: &[Record], filter: &BookingFilter, terms: Terms) -> Vec<Booking> {
        let now = self.now();
        let mut found: Vec<Booking> = records
            .iter()
            // A record without a client is a time that somebody blocked.
            .filter(|record| record.client.is_some())
            .filter(|record| filter.client.as_ref().is_none_or(|client| is_of(record, &client.user)))
            .filter_map(|record| self.booking(record, terms))
            .filter(|booking| {
                let stands = matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested);
                (filter.all_statuses || (stands && booking.end > now))
                    && filter.from.is_none_or(|from| booking.start >= from)
                    && filter.until.is_none_or(|until| booking.start < until)
            })
            .collect();
        found.sort_by(|one, other| (one.start, &one.reference).cmp(&(other.start, &other.reference)));
        found
    }

    async fn listing(&self, filter: &BookingFilter) -> Result<Listing, BackendError> {
        let days = match (filter.from, filter.until) {
            (None, None) => None,
            (from, until) => Some(days_between(from, until, self.terms().await?.zone)),
        };
        Ok(Listing {
            from: days.map(|days| days.from).filter(|day| *day != NaiveDate::MIN),
            to: days.map(|days| days.to).filter(|day| *day != NaiveDate::MAX),
            deleted: filter.all_statuses,
            ..Listing::default()
        })
    }

    /// A client's records: the client by number, then what they have.
    async fn records_of_client(
        &self,
        client: &ClientDetails,
        filter: &BookingFilter,
    ) -> Result<Vec<Record>, BackendError> {
        let Some(phone) = &client.user.phone else { return Ok(Vec::new()) };
        let clients = self.clients_of(phone).await.map_err(CallError::into_read)?;
        let mut all = Vec::new();
        if clients.is_empty() {
            return Ok(all);
        }
        let listing = self.listing(filter).await?;
        for id in clients {
            let listing = Listing { client: Some(id), ..listing.clone() };
            all.extend(self.list_records(&listing).await.map_err(CallError::into_read)?);
        }
        Ok(all)
    }

    /// Records that changed, deleted ones included.
    pub(super) async fn changed_since(&self, since: DateTime<Utc>) -> Result<Vec<Changed>, BackendError> {
        let terms = self.terms().await?;
        // In whose zone the parameter is read is not documented: the earlier reading tells too much at most.
        let wall = since.with_timezone(&terms.zone).naive_local().min(since.naive_utc());
        let after = wall.format("%Y-%m-%dT%H:%M:%S").to_string();
        let listing = Listing { changed_after: Some(after), deleted: true, ..Listing::default() };
        let records = self.list_records(&listing).await.map_err(CallError::into_read)?;
        let changed = records.into_iter().filter(|record| record.client.is_some()).filter_map(|record| {
            let told = [&record.last_change_date, &record.create_date].into_iter().find_map(|text| time::wall(text))?;
            let changed_at = time::instant(told, terms.zone)?;
            Some(Changed { reference: self.reference(record.id.to_string()), changed_at })
        });
        Ok(changed.collect())
    }

    /// Whether a client has a membership that lasts and covers a service.
    pub(super) async fn has_membership(
        &self,
        service: &ServiceId,
        client: &ClientDetails,
    ) -> Result<bool, BackendError> {
        use chatplug_core::model::Gate;
        let shop = self.shop().await?;
        let gate = shop.catalog.service(service).and_then(|service| service.gate.clone());
        let (Some(Gate::Membership), Some(phone), Some(id)) = (gate, &client.user.phone, number(service.as_str()))
        else {
            return Ok(false);
        };
        let call =
            Call::get("loyalty/abonements/").query("company_id", self.at.location).query("phone", phone.digits());
        let all: Vec<Membership> = match self.client.send(&call).await {
            Ok(answer) => answer.data,
            Err(CallError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error.into_read()),
        };
        let today = self.now().with_timezone(&shop.branch().zone).date_naive();
        let sold = shop.catalog.service(service);
        let category = sold.and_then(|sold| sold.category.as_ref()).map(|category| category.main.as_str());
        let covered = Covered {
            ids: [Some(id), shop.category(id)],
            titles: [sold.map(|sold| sold.name.main.as_str()), category],
        };
        Ok(all.iter().any(|membership| lasts(membership, today) && covers(membership, &covered)))
    }
}

/// Not frozen, and not expired; one that was never used has no end yet.
fn lasts(membership: &Membership, today: NaiveDate) -> bool {
    !membership.is_frozen && time::day(&membership.expiration_date).is_none_or(|end| today <= end)
}

/// What a membership may be for: a service, or its category. How it names them is not documented; by either.
struct Covered<'a> {
    ids: [Option<i64>; 2],
    titles: [Option<&'a str>; 2],
}

impl Covered<'_> {
    fn is(&self, named: &BalanceCategory) -> bool {
        let title = named.title.trim().to_lowercase();
        let same = |known: &Option<&str>| known.is_some_and(|known| !title.is_empty() && known.to_lowercase() == title);
        (named.id.is_some() && self.ids.contains(&named.id)) || self.titles.iter().any(same)
    }
}

/// Whether there are visits left for this.
fn covers(membership: &Membership, covered: &Covered<'_>) -> bool {
    let united = membership.is_united_balance || membership.kind.as_ref().is_some_and(|kind| kind.is_united_balance);
    let links = membership.balance_container.as_ref().map(|balance| balance.links.as_slice()).unwrap_or_default();
    let named = |link: &BalanceLink| link.category.as_ref().is_some_and(|named| covered.is(named));
    match united {
        true => {
            membership.united_balance_services_count.is_some_and(|left| left > 0)
                && (links.is_empty() || links.iter().any(named))
        }
        false => links.iter().any(|link| named(link) && link.count.is_some_and(|left| left > 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn membership(change: impl FnOnce(&mut serde_json::Value)) -> Membership {
        let mut told = json!({ "id": 659_878, "is_frozen": false, "expiration_date": null,
            "balance_container": { "links": [{ "count": 10, "category": { "id": 11, "title": "Surfing" } }] },
            "type": { "is_united_balance": false, "balance_container": { "links": [] } } });
        change(&mut told);
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn a_membership_counts_while_it_lasts_and_has_visits_for_this() {
        let today = "2026-06-01".parse().unwrap();
        let covered = Covered { ids: [Some(331), Some(11)], titles: [Some("Haircut"), None] };
        let opens = |membership: &Membership| lasts(membership, today) && covers(membership, &covered);
        assert!(opens(&membership(|_| ())));
        assert!(opens(&membership(|told| told["expiration_date"] = json!("2026-06-01T00:00:00+0300"))));
        assert!(!opens(&membership(|told| told["expiration_date"] = json!("2026-05-31"))));
        assert!(!opens(&membership(|told| told["is_frozen"] = json!("1"))));
        assert!(!opens(&membership(|told| told["balance_container"]["links"][0]["count"] = json!(0))));
        assert!(!opens(&membership(|told| told["balance_container"]["links"][0]["category"]["id"] = json!(12))));
        assert!(opens(&membership(|told| {
            told["balance_container"]["links"][0]["category"] = json!({ "id": 12, "title": "haircut" });
        })));
        assert!(opens(&membership(|told| {
            told["type"]["is_united_balance"] = json!(true);
            told["united_balance_services_count"] = json!(3);
        })));
    }
}
