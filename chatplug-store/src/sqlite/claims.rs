//! Claims: who is about to be booked when, decided here before the booking system is asked.

use super::{
    calendar::candidates,
    db::{Script, is_taken, put, statements, store_error, unavailable},
    turn::LET_GO,
    writer::{Command, Tx},
};
use crate::{
    codec::to_json,
    fair::{Stretch, fairest},
};
use chatplug_core::{
    model::{ActionKey, ClaimSubject, TenantId},
    ports::{ClaimRequest, StoreError},
};

statements! {
    DROP_EXPIRED = "DELETE FROM claim WHERE tenant = ? AND expires <= ?";
    /// Everything that takes time of the candidates around the day and the wanted time.
    TAKEN = "SELECT j.key, t.taken_from, t.taken_to FROM json_each(?) AS j \
        JOIN claim AS t ON t.tenant = ? AND t.subject = j.value AND t.taken_to > ? \
        WHERE t.taken_from < ? AND t.expires > ? AND t.action <> ? \
        UNION ALL SELECT j.key, b.starts, b.ends FROM json_each(?) AS j \
        JOIN booking AS b ON b.tenant = ? AND b.subject = j.value AND b.standing = 1 AND b.ends > ? \
        WHERE b.starts < ? AND b.booking IS NOT ?";
    ASSIGNED = "SELECT j.key, a.at FROM json_each(?) AS j JOIN assigned AS a ON a.tenant = ? AND a.subject = j.value";
    CLAIM = "INSERT INTO claim (tenant, action, subject, taken_from, taken_to, capacity, made, expires, ignoring) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ASSIGN = "INSERT INTO assigned (tenant, subject, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at";
}

/// Claims a stretch of time on the fairest free candidate.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) tenant: TenantId,
    pub(super) request: ClaimRequest,
}

impl Command for Claim {
    type Output = Option<ClaimSubject>;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<ClaimSubject>, StoreError> {
        let Self { tenant, request } = self;
        let ClaimRequest { action, from, to, day_from, day_to, capacity, expires, now, ignoring, .. } = request;
        let subjects: Vec<&str> = request.candidates.iter().map(|(subject, _)| subject.0.as_str()).collect();
        let subjects = to_json(&subjects, "candidates")?;
        let (earliest, latest) = (from.min(day_from), to.max(day_to));

        let mut script = Script::default();
        put!(script, DROP_EXPIRED, &tenant, now);
        let taken = put!(
            script, TAKEN, &subjects, &tenant, earliest, latest, now, action, &subjects, &tenant, earliest, latest,
            ignoring
        );
        let assigned = put!(script, ASSIGNED, &subjects, &tenant);
        let answers = tx.run(script)?;
        let candidates = candidates(&answers, request.candidates.len(), taken, assigned)?;
        let (wanted, day) = (Stretch { from, to }, Stretch { from: day_from, to: day_to });
        let chosen = fairest(&candidates, wanted, day, i64::from(capacity));
        let Some((subject, _)) = chosen.and_then(|place| request.candidates.get(place)) else { return Ok(None) };

        let mut script = Script::default();
        put!(script, LET_GO, &tenant, action);
        put!(script, CLAIM, &tenant, action, &subject.0, from, to, capacity, now, expires, ignoring);
        put!(script, ASSIGN, &tenant, &subject.0, now);
        match tx.attempt(script) {
            Ok(_) => Ok(Some(subject.clone())),
            // The database has the last word; asked again, the choice is made anew.
            Err(error) if is_taken(&error) => Err(unavailable("the choice was not free after all")),
            Err(error) => Err(store_error(error)),
        }
    }
}

/// Lets go of an action's claims.
#[derive(Debug)]
pub(super) struct Unclaim {
    pub(super) tenant: TenantId,
    pub(super) action: ActionKey,
}

impl Command for Unclaim {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut script = Script::default();
        put!(script, LET_GO, &self.tenant, self.action);
        tx.run(script).map(drop)
    }
}
