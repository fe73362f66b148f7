//! Claims: who is about to be booked when, decided here before the booking system is asked.

use super::db::{Columns, Db, EXCLUDED, TAKEN, again, ask, code, statements, unavailable};
use crate::codec::micros;
use chatplug_core::{
    model::{ActionKey, ClaimSubject, TenantId},
    ports::{ClaimRequest, StoreError},
};

statements! {
    CLAIM = "SELECT chatplug.claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    UNCLAIM = "SELECT chatplug.unclaim($1, $2)";
}

/// Claims a stretch of time on the fairest free candidate.
pub(super) async fn claim(
    db: &Db,
    tenant: &TenantId,
    request: &ClaimRequest,
) -> Result<Option<ClaimSubject>, StoreError> {
    let subjects: Vec<&str> = request.candidates.iter().map(|(subject, _)| subject.0.as_str()).collect();
    let claim = || {
        ask!(
            CLAIM,
            tenant.as_str(),
            request.action.as_uuid(),
            &subjects,
            micros(request.from),
            micros(request.to),
            micros(request.day_from),
            micros(request.day_to),
            i32::try_from(request.capacity).unwrap_or(i32::MAX),
            micros(request.expires),
            micros(request.now),
            request.ignoring.map(|ignoring| ignoring.as_uuid())
        )
    };
    match again!(db.row(claim()).await) {
        Ok(row) => {
            let place = Columns::of(&row).next::<Option<i64>>()?.and_then(|place| usize::try_from(place - 1).ok());
            Ok(place.and_then(|place| request.candidates.get(place)).map(|(subject, _)| subject.clone()))
        }
        // The database has the last word; asked again, the choice is made anew.
        Err(error) if code(&error).is_some_and(|code| code == TAKEN || code == EXCLUDED) => {
            Err(unavailable("the choice was not free after all"))
        }
        Err(error) => Err(error),
    }
}

/// Lets go of an action's claims.
pub(super) async fn unclaim(db: &Db, tenant: &TenantId, action: ActionKey) -> Result<(), StoreError> {
    again!(db.row(ask!(UNCLAIM, tenant.as_str(), action.as_uuid())).await).map(drop)
}
