//! The contract of a booking system: two people with an account each, one person over a change of clocks, a team of which
//! the system picks, a class, an event type without addresses, one that waits for approval.

use super::{Harness, both, own};
use chatplug_calcom::{
    CalcomBranch, CalcomEmail,
    fake::{FakeCalcom, FakeEventType, FakeScheduling, Server},
};
use chrono_tz::Tz;

fn careless(fake: &FakeCalcom) {
    fake.traps(|traps| traps.careless = true);
}

const TWO: Harness = Harness {
    zone: chrono_tz::Europe::Lisbon,
    now: "2026-03-02T07:00:00Z",
    service: "1",
    rivals: (1, &[]),
    days: (0, 4),
    branch: both,
    prepare: careless,
};

mod two_people {
    chatplug_core::backend_contract!(super::TWO);
}

/// The week in which clocks are put forward.
mod one_person_in_spring {
    chatplug_core::backend_contract!(super::Harness {
        zone: chrono_tz::America::New_York,
        now: "2026-03-06T11:00:00Z",
        days: (0, 5),
        branch: super::own,
        ..super::TWO
    });
}

mod server_of_2026 {
    chatplug_core::backend_contract!(super::Harness {
        prepare: |fake| {
            fake.be(super::Server::Community2026);
        },
        ..super::TWO
    });
}

fn team(zone: Tz) -> CalcomBranch {
    own(zone).of_team(FakeCalcom::TEAM)
}

fn pool(fake: &FakeCalcom) {
    let hosts = [FakeCalcom::ANNA, FakeCalcom::BORIS];
    let any = FakeEventType::of_team(FakeCalcom::TEAM, FakeScheduling::RoundRobin, &hosts, "any", "Haircut", 60);
    assert_eq!(fake.add_event_type(any.every(30).notice(0)), 3);
}

mod team {
    chatplug_core::backend_contract!(super::Harness {
        service: "3",
        rivals: (3, &[super::FakeCalcom::ANNA, super::FakeCalcom::BORIS]),
        branch: super::team,
        prepare: super::pool,
        ..super::TWO
    });
}

fn class(fake: &FakeCalcom) {
    assert_eq!(fake.add_event_type(FakeEventType::new(FakeCalcom::ANNA, "yoga", "Yoga", 60).notice(0).seats(3)), 3);
}

mod class {
    chatplug_core::backend_contract!(super::Harness {
        service: "3",
        rivals: (3, &[super::FakeCalcom::ANNA]),
        branch: super::own,
        prepare: super::class,
        ..super::TWO
    });
}

fn phone_only(zone: Tz) -> CalcomBranch {
    own(zone).with_email(CalcomEmail::PhoneOnly)
}

mod without_addresses {
    chatplug_core::backend_contract!(super::Harness {
        service: "3",
        rivals: (3, &[super::FakeCalcom::ANNA]),
        branch: super::phone_only,
        prepare: |fake| {
            let cut = super::FakeEventType::new(super::FakeCalcom::ANNA, "call", "Call", 30).notice(0).phone_only();
            assert_eq!(fake.add_event_type(cut), 3);
        },
        ..super::TWO
    });
}

fn guests(zone: Tz) -> CalcomBranch {
    let rule = CalcomEmail::Guest { domain: "guest.studio.example".to_owned(), secret: "k".into() };
    own(zone).with_email(rule)
}

mod with_approval {
    chatplug_core::backend_contract!(super::Harness {
        service: "3",
        rivals: (3, &[super::FakeCalcom::ANNA]),
        branch: super::guests,
        prepare: |fake| {
            let consult = super::FakeEventType::new(super::FakeCalcom::ANNA, "consult", "Consult", 30);
            assert_eq!(fake.add_event_type(consult.notice(0).confirmed_by_host()), 3);
        },
        ..super::TWO
    });
}
