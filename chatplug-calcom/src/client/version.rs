//! Which version of the API each family of calls is spoken in. It is set here and nowhere else: a wrong one is silent, it
//! answers another shape and ignores filters. Contract: "`cal-api-version`: per endpoint, and silently wrong".

/// A family of calls that has a version of its own. Never send a newer one than these: a server that does not know it falls
/// back to the very first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// `/v2/slots` and reservations.
    Slots,
    /// `/v2/bookings` and everything below.
    Bookings,
    /// Event types, of people and of teams.
    EventTypes,
    /// `/v2/schedules` and everything below.
    Schedules,
    /// Everything else takes any.
    Any,
}

impl Version {
    /// The family of a path, which begins behind `/v2/`. What stands last decides: the webhooks of an event type are
    /// webhooks.
    pub(super) fn of(path: &str) -> Self {
        let path = path.split('?').next().unwrap_or(path);
        let mut family = Self::Any;
        for (position, part) in path.split('/').enumerate() {
            family = match part {
                "slots" if position == 0 => Self::Slots,
                "bookings" => Self::Bookings,
                "event-types" => Self::EventTypes,
                "schedules" => Self::Schedules,
                "webhooks" | "private-links" => Self::Any,
                _ => family,
            };
        }
        family
    }

    /// What goes into `cal-api-version`; `None`: nothing needs to.
    #[must_use]
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::Slots => Some("2024-09-04"),
            Self::Bookings => Some("2024-08-13"),
            Self::EventTypes => Some("2024-06-14"),
            Self::Schedules => Some("2024-06-11"),
            Self::Any => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_its_version() {
        for (path, header) in [
            ("slots", Some("2024-09-04")),
            ("slots/reservations/aac5", Some("2024-09-04")),
            ("bookings?take=1", Some("2024-08-13")),
            ("bookings/syVn/mark-absent", Some("2024-08-13")),
            ("organizations/1/teams/2/bookings", Some("2024-08-13")),
            ("event-types/7", Some("2024-06-14")),
            ("teams/1/event-types", Some("2024-06-14")),
            ("event-types/7/webhooks/x", None),
            ("schedules/default", Some("2024-06-11")),
            ("organizations/1/users/2/ooo", None),
            ("webhooks", None),
            ("me", None),
        ] {
            assert_eq!(Version::of(path).header(), header, "{path}");
        }
    }
}
