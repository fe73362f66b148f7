//! What the business does with bookings: to approve, to decline, to mark who did not come. Clients never do.

use super::{
    CalcomBackend,
    refs::Name,
    write::{gone, unreadable},
};
use crate::{CallError, wire::lenient::OneOf};
use chatplug_core::{
    model::{Booking, BookingRef},
    ports::BookError,
};
use serde_json::json;

impl CalcomBackend {
    /// Approves a booking that waits. One that stands already stays as it is.
    ///
    /// # Errors
    /// See [`BookError`].
    pub async fn approve(&self, booking: &BookingRef) -> Result<Booking, BookError> {
        self.decide(booking, "confirm", &json!({}), true).await
    }

    /// Declines a booking that waits, with a word to its client, who gets it from Cal.com. One that was declined already is
    /// not declined again: that would tell everybody once more.
    ///
    /// # Errors
    /// See [`BookError`].
    pub async fn decline(&self, booking: &BookingRef, reason: Option<&str>) -> Result<Booking, BookError> {
        let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
        self.decide(booking, "decline", &body, false).await
    }

    /// Marks that the client did not come, or did after all. Cal.com takes it only once the visit has begun.
    ///
    /// # Errors
    /// See [`BookError`].
    pub async fn mark_absent(&self, booking: &BookingRef, absent: bool) -> Result<Booking, BookError> {
        let (told, name) = self.there(booking).await?;
        // The address is the identity: that of whoever has none was invented.
        let email = told.booker(name.seat()).map(|booker| booker.email.clone()).ok_or_else(unreadable)?;
        let body = json!({ "attendees": [{ "email": email, "absent": absent }] });
        self.act(&name, "mark-absent", &body).await
    }

    async fn decide(
        &self,
        booking: &BookingRef,
        how: &str,
        body: &serde_json::Value,
        stands: bool,
    ) -> Result<Booking, BookError> {
        let (told, name) = self.there(booking).await?;
        if !told.waits() {
            let shop = self.shop().await.map_err(BookError::NotDone)?;
            let is_done = told.stands() == stands;
            return if is_done { Ok(self.booking(&shop, &told, &name)) } else { Err(gone()) };
        }
        self.act(&name, how, body).await
    }

    async fn there(&self, booking: &BookingRef) -> Result<(crate::wire::booking::Booking, Name), BookError> {
        let name = Name::of(booking).filter(|_| self.is_ours(booking)).ok_or_else(gone)?;
        let read = self.read_now(&name).await.map_err(|error| BookError::NotDone(error.into_read()))?;
        read.ok_or_else(gone)
    }

    async fn act(&self, name: &Name, how: &str, body: &serde_json::Value) -> Result<Booking, BookError> {
        let shop = self.shop().await.map_err(BookError::NotDone)?;
        let acted =
            self.client.post::<OneOf<crate::wire::booking::Booking>>(format!("bookings/{}/{how}", name.uid()), body);
        let OneOf(told) = acted.await.map_err(|error| match error {
            CallError::NotFound(_) => gone(),
            error => error.into_write(),
        })?;
        self.forget_times();
        Ok(self.booking(&shop, &told, name))
    }
}
