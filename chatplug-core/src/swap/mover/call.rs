//! Calls to the two systems: each within its time, each write noted before it is made, an unknown outcome asked about.

use super::{
    Mover,
    journal::Journal,
    receipt::{Left, Refusal, Step, SwapError},
    until,
};
use crate::{
    model::{ActionKey, Booking, BookingStatus, CancelReason, ServiceId, Slot, SlotQuery, StaffChoice},
    ports::{
        Action, AuditRow, BackendError, BookError, BookedFor, BookingFilter, BranchSetup, ClientDetails, Resolution,
    },
};
use chrono::{DateTime, Utc};

/// How often it is asked what became of a write.
const QUESTIONS: usize = 5;

impl Mover {
    pub(super) async fn find(&self, at: &BranchSetup, filter: &BookingFilter) -> Result<Vec<Booking>, SwapError> {
        match tokio::time::timeout(self.answer_within, at.backend.find(filter)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(BackendError::NotFound { .. })) if filter.reference.is_some() => Ok(Vec::new()),
            Ok(Err(source)) => Err(SwapError::System { install: at.install.clone(), source }),
            Err(_) => Err(self.silent(at)),
        }
    }

    pub(super) async fn free(&self, query: &SlotQuery) -> Result<Vec<Slot>, SwapError> {
        match tokio::time::timeout(self.answer_within, self.to.backend.availability(query)).await {
            Ok(Ok(free)) => Ok(free.slots),
            // Somebody or something is gone since it was mapped.
            Ok(Err(BackendError::StaleCatalog | BackendError::NotFound { .. })) => Ok(Vec::new()),
            Ok(Err(source)) => Err(SwapError::System { install: self.to.install.clone(), source }),
            Err(_) => Err(self.silent(&self.to)),
        }
    }

    pub(super) async fn whose(&self, old: &Booking) -> Result<Option<BookedFor>, SwapError> {
        match tokio::time::timeout(self.answer_within, self.from.backend.whose(&old.reference)).await {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(BackendError::NotFound { .. })) => Ok(None),
            Ok(Err(source)) => Err(SwapError::System { install: self.from.install.clone(), source }),
            Err(_) => Err(self.silent(&self.from)),
        }
    }

    fn silent(&self, at: &BranchSetup) -> SwapError {
        SwapError::System { install: at.install.clone(), source: BackendError::Unavailable { source: None } }
    }

    /// "I will come" is told the new system too; a courtesy that nothing waits for.
    pub(super) async fn confirm(&self, made: &Booking) {
        if self.to.backend.capabilities().confirms_visits {
            let told = tokio::time::timeout(self.answer_within, self.to.backend.confirm_visit(&made.reference)).await;
            if !matches!(told, Ok(Ok(_))) {
                tracing::warn!(tenant.id = %self.tenant, branch.id = %self.to.id, "that a visit was confirmed is not known at the new booking system");
            }
        }
    }

    /// Makes the booking. What an earlier run left in doubt is asked about first.
    pub(super) async fn make(
        &self,
        old: &Booking,
        key: ActionKey,
        wanted: &(Vec<ServiceId>, StaffChoice),
        client: ClientDetails,
        journal: &Journal,
    ) -> Result<Result<Booking, Step>, SwapError> {
        if let Some(attempted) = journal.in_doubt(key) {
            let action = Action::Book(Self::request(self.presumed(old, wanted), client.clone()));
            match self.settle(&action, key, attempted).await {
                Settled::Done(made) => return Ok(self.fits(old, *made, key).await),
                Settled::NotDone => {}
                Settled::Open => return Ok(Err(Step::Later(Left::InDoubt))),
                Settled::CannotTell => return Ok(Err(Step::Refused(Refusal::Unclear))),
            }
        }
        let Some(slot) = self.slot(old, wanted).await? else { return Ok(Err(Step::Refused(Refusal::NotOffered))) };
        let request = Self::request(slot, client);
        let records = self.records.records(&self.tenant);
        let attempted = self.clock.now();
        records.append_audit(vec![self.row("making", key, old, None)]).await?;
        let answer = tokio::time::timeout(self.answer_within, self.to.backend.book(&request, key)).await;
        let refused = match answer.unwrap_or(Err(BookError::OutcomeUnknown { source: None })) {
            Ok(made) => return Ok(self.fits(old, made, key).await),
            Err(BookError::OutcomeUnknown { .. }) => match self.settle(&Action::Book(request), key, attempted).await {
                Settled::Done(made) => return Ok(self.fits(old, *made, key).await),
                Settled::NotDone => Step::Later(Left::NoAnswer),
                Settled::Open => return Ok(Err(Step::Later(Left::InDoubt))),
                Settled::CannotTell => return Ok(Err(Step::Refused(Refusal::Unclear))),
            },
            Err(BookError::SlotTaken) => Step::Refused(Refusal::NotOffered),
            Err(BookError::Needs { fields }) => Step::Refused(Refusal::Needs(fields)),
            Err(BookError::Rejected { reason }) => Step::Refused(Refusal::Rejected(reason)),
            Err(BookError::NotDone(error)) => {
                tracing::warn!(tenant.id = %self.tenant, error = &error as &dyn std::error::Error, "a booking was not moved");
                Step::Later(Left::NoAnswer)
            }
        };
        records.append_audit(vec![self.row("not_made", key, old, None)]).await?;
        Ok(Err(refused))
    }

    /// What the new system made must be what stood at the old one, or it is taken back.
    async fn fits(&self, old: &Booking, made: Booking, key: ActionKey) -> Result<Booking, Step> {
        let stands = matches!(made.status, BookingStatus::Booked | BookingStatus::Requested);
        if made.start == old.start && stands {
            return Ok(made);
        }
        let undo = ActionKey::derive(&[&key.to_string(), "undo"]);
        if stands && self.to.backend.cancel(&made.reference, CancelReason::Moved, undo).await.is_err() {
            return Err(Step::Refused(Refusal::Unclear));
        }
        Err(Step::Refused(Refusal::Differs))
    }

    /// Asks what became of a write, as long as it may still be carried out.
    async fn settle(&self, action: &Action, key: ActionKey, attempted: DateTime<Utc>) -> Settled {
        for _ in 0..QUESTIONS {
            let answer =
                tokio::time::timeout(self.answer_within, self.to.backend.resolve(action, key, attempted)).await;
            match answer {
                Ok(Ok(Resolution::Done(made))) => return Settled::Done(made),
                Ok(Ok(Resolution::NotDone)) => return Settled::NotDone,
                Ok(Ok(Resolution::CannotTell)) => return Settled::CannotTell,
                Ok(Ok(Resolution::TooEarly(at))) => tokio::time::sleep(until(at, self.clock.now())).await,
                Ok(Err(_)) | Err(_) => tokio::time::sleep(self.answer_within / 10).await,
            }
        }
        Settled::Open
    }

    /// A row of the journal: which step, by key; our stable id and the instant, nothing of the client and no id of a vendor's.
    pub(super) fn row(&self, step: &str, key: ActionKey, old: &Booking, made: Option<&Booking>) -> AuditRow {
        AuditRow {
            at: self.clock.now(),
            actor: self.by.clone(),
            what: "swap_booking".to_owned(),
            conversation: None,
            action: Some(key),
            detail: serde_json::json!({
                "step": step,
                "branch": self.from.id,
                "from": self.from.install,
                "to": self.to.install,
                "start": old.start,
                "services": made.map_or(&old.services, |made| &made.services),
                "staff": made.map_or(&old.staff, |made| &made.staff),
            }),
        }
    }
}

/// What became of a write.
enum Settled {
    Done(Box<Booking>),
    NotDone,
    Open,
    CannotTell,
}
