//! A place of a business, and the booking systems that it may keep its bookings in.

use super::{AltegioPlace, CalcomEmail, CalcomPlace, CalcomUser, Credential};
use chatplug_calendar::Plan;
use chatplug_core::model::BranchId;

/// A place of a business.
#[derive(Debug, Clone)]
pub struct BranchConfig {
    /// Its id.
    pub id: BranchId,
    /// Where its bookings are kept: the system that acts.
    pub booking: BookingConfig,
    /// Further systems that it has blocks of and that do not act: where it comes from, or is about to go.
    pub others: Vec<BookingConfig>,
}

impl BranchConfig {
    /// A branch with one booking system.
    #[must_use]
    pub const fn new(id: BranchId, booking: BookingConfig) -> Self {
        Self { id, booking, others: Vec::new() }
    }

    /// All its booking systems, first the one that acts.
    pub fn blocks(&self) -> impl Iterator<Item = &BookingConfig> {
        std::iter::once(&self.booking).chain(&self.others)
    }

    /// The booking system of this name, whether it acts or not.
    #[must_use]
    pub fn block(&self, backend: &str) -> Option<&BookingConfig> {
        self.blocks().find(|block| block.backend() == backend)
    }

    /// Its calendar, where that is the built-in one.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        if let BookingConfig::Calendar(plan) = &self.booking { Some(plan) } else { None }
    }

    /// What is known of it at Altegio, where it books there.
    #[must_use]
    pub fn altegio(&self) -> Option<&AltegioPlace> {
        self.booking.altegio()
    }

    /// What is known of it at Cal.com, where it books there.
    #[must_use]
    pub fn calcom(&self) -> Option<&CalcomPlace> {
        self.booking.calcom()
    }
}

/// A booking system of a branch.
#[derive(Debug, Clone)]
pub enum BookingConfig {
    /// The built-in calendar, checked.
    Calendar(Box<Plan>),
    /// A location at Altegio.
    Altegio(AltegioPlace),
    /// Event types at Cal.com.
    Calcom(Box<CalcomPlace>),
}

impl BookingConfig {
    /// What the file calls it: the name of its block, and the word after `backend =`.
    #[must_use]
    pub const fn backend(&self) -> &'static str {
        match self {
            Self::Calendar(_) => "calendar",
            Self::Altegio(_) => "altegio",
            Self::Calcom(_) => "calcom",
        }
    }

    /// Every credential that it names.
    pub fn credentials(&self) -> impl Iterator<Item = &Credential> {
        let (user, guest) = match self {
            Self::Calendar(_) => (None, None),
            Self::Altegio(place) => (place.user_token.as_ref(), None),
            Self::Calcom(place) => {
                let guest = if let CalcomEmail::Guest { secret, .. } = &place.email { Some(secret) } else { None };
                (place.user.as_ref().map(CalcomUser::credential), guest)
            }
        };
        user.into_iter().chain(guest)
    }

    /// The location, where it is at Altegio.
    #[must_use]
    pub const fn altegio(&self) -> Option<&AltegioPlace> {
        if let Self::Altegio(place) = self { Some(place) } else { None }
    }

    /// What it is there, where it is at Cal.com.
    #[must_use]
    pub fn calcom(&self) -> Option<&CalcomPlace> {
        if let Self::Calcom(place) = self { Some(place) } else { None }
    }
}
