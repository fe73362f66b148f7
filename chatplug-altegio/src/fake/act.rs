//! What happens to records, whoever does it, and who is told.

use super::{
    answer::Answer,
    hooks::Event,
    shape,
    state::State,
    time::{self, offset},
};
use chrono::NaiveDateTime;
use serde_json::{Value, json};

impl State {
    /// The wall time of a `datetime` of a request. Its offset is ignored, and noted when it is not the salon's.
    pub(super) fn moment(&mut self, salon: u64, text: &str) -> Result<NaiveDateTime, Answer> {
        let wrong = || Answer::invalid(422, "Validation error", &[("datetime".into(), "This is no date".into())]);
        let (wall, given) = time::read(text).ok_or_else(wrong)?;
        let zone = self.salon(salon)?.shop.zone;
        let expected = [offset(wall, zone, false), offset(wall, zone, self.traps.winter_offset)];
        if given.is_some_and(|given| !expected.contains(&given)) {
            self.violations.push(format!("datetime {text}: the offset of {zone} is {}", expected[0]));
        }
        Ok(wall)
    }

    /// A record as the wire has it now.
    pub(super) fn shown(&self, salon: u64, record: u64) -> Value {
        let phones = self.users.may(salon, "timetable_phones_access");
        let found = self.salons.get(&salon).and_then(|salon| Some((salon, salon.record(record)?)));
        found.map_or(Value::Null, |(salon, record)| shape::record(record, salon, phones, &self.traps))
    }

    /// Tells what happened to a record. In webhooks phone numbers are always shown.
    pub(super) fn tell_record(&mut self, salon: u64, record: u64, status: &'static str, by: Option<&str>) {
        let found = self.salons.get(&salon).and_then(|salon| Some((salon, salon.record(record)?)));
        let Some((place, found)) = found else { return };
        let mut data = shape::record(found, place, true, &self.traps);
        // Of nothing, a webhook makes a list.
        for at in ["/custom_fields", "/client/custom_fields"] {
            let empty = data.pointer_mut(at).filter(|fields| **fields == json!({}));
            if let Some(fields) = empty {
                *fields = json!([]);
            }
        }
        if self.traps.mixed_types {
            // Looser than over the API, and not deleted even when it is.
            for (key, value) in [("paid_full", json!(false)), ("is_mobile", json!(false)), ("notified", json!("0"))] {
                data[key] = value;
            }
            data["deleted"] = json!(false);
            data["composite"] = json!([]);
            data["comer_person_info"] = Value::Null;
        }
        self.tell(salon, "record", record, status, data, by);
    }

    /// Tells anything.
    pub(super) fn tell(
        &mut self,
        salon: u64,
        resource: &'static str,
        id: u64,
        status: &'static str,
        data: Value,
        by: Option<&str>,
    ) {
        self.events.push(Event { salon, resource, id, status, data, by: by.map(str::to_owned) });
    }

    /// Deletes a record, which is how it is cancelled; `false` when it was not there any more.
    pub(super) fn delete_record(&mut self, salon: u64, record: u64, by: Option<&str>) -> bool {
        let wall = self.wall(salon);
        let found = self.salons.get_mut(&salon).and_then(|salon| salon.record_mut(record));
        let Some(found) = found.filter(|found| !found.deleted) else { return false };
        (found.deleted, found.changed) = (true, wall);
        self.tell_record(salon, record, "delete", by);
        true
    }
}
