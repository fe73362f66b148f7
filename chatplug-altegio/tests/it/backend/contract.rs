//! The contract of a booking system, five times: a week by the schedules, one near day by the online booking, a long
//! service, summer times with winter's offsets in another zone, and, as far as that goes, without a user.

use super::Harness;
use chatplug_altegio::fake::{Deleted, FakeAltegio};

const fn plain(_: &FakeAltegio) {}

const WEEK: Harness = Harness {
    zone: chrono_tz::Europe::Lisbon,
    now: "2026-03-02T07:00:00Z",
    service: "331",
    days: (0, 4),
    with_user: true,
    prepare: plain,
};

mod week {
    chatplug_core::backend_contract!(super::WEEK);
}

mod near_day {
    chatplug_core::backend_contract!(super::Harness { days: (1, 1), ..super::WEEK });
}

mod long_service {
    chatplug_core::backend_contract!(super::Harness { days: (1, 1), service: "333", ..super::WEEK });
}

/// `datetime` is an hour off, and what is deleted can still be read.
fn odd(fake: &FakeAltegio) {
    fake.traps(|traps| {
        traps.winter_offset = true;
        traps.deleted = Deleted::Marked;
    });
}

mod winter_in_summer {
    chatplug_core::backend_contract!(super::Harness {
        zone: chrono_tz::Europe::Belgrade,
        now: "2026-07-13T05:00:00Z",
        prepare: super::odd,
        ..super::WEEK
    });
}

/// What holds without a user; everything else takes a list of bookings, which is not given to everybody.
mod without_a_user {
    chatplug_core::backend_contract! { @each super::Harness { with_user: false, ..super::WEEK },
        catalogue_is_sane
        catalogue_is_the_same_when_read_again
        unknown_branch_is_not_found
        unknown_service_is_a_stale_catalogue
        unknown_person_is_a_stale_catalogue
        free_times_are_in_order_and_ahead
        free_times_are_the_same_when_read_again
        anyone_is_the_sum_of_everyone
        booking_is_what_was_asked
        booking_takes_the_time
        booking_leaves_other_people_free
        unknown_service_cannot_be_booked
        anyone_becomes_someone
        resolve_finds_a_booking
        resolve_finds_a_cancellation
        resolve_says_what_was_not_done
        resolve_waits_until_it_is_settled
        resolve_claims_nobody_elses_booking
    }
}
