//! Plain types: what the parts of a booking conversation are called and how they are checked on construction.
//!
//! Nothing here does I/O or knows a vendor.

mod booking;
mod catalog;
mod contact;
mod fact;
mod ids;
mod lang;
mod message;
mod money;
mod outbound;
mod phone;
mod policy;
mod private;
mod slot;
mod time;

pub use booking::{Booking, BookingRef, BookingStatus, CancelReason, shown_name};
pub use catalog::{Branch, Catalog, ClientField, Gate, GeoPoint, OpeningHours, Place, Rating, Service, Staff};
pub use contact::{Address, CameFrom, ChannelUser, Consent, Contact};
pub use fact::{Fact, FactMention};
pub use ids::{
    ActionKey, BookingId, BranchId, ChannelId, ContactId, ConversationId, DeliveryKey, DeliveryPart, FactId, IdError,
    InstallId, MessageId, NoticeId, ServiceId, StaffId, TenantId, TurnId,
};
pub use lang::{Lang, LangError, Localized};
pub use message::{
    Content, DeliveryStatus, FailureKind, Inbound, MediaKind, MediaRef, MessageRef, Pricing, Referral, Stage,
    StatusFailure, Tap, TapKind,
};
pub use money::{Money, Price};
pub use outbound::{Button, ChannelLimits, ListRow, ListSection, MediaSource, Outbound, OwnFile, TemplateMessage};
pub use phone::{Phone, PhoneError};
pub use policy::{Formality, Policy};
pub use private::Private;
pub use slot::{Availability, ClaimSubject, Slot, SlotQuery, StaffChoice};
pub use time::{DateRange, LocalTimeError, local_or_next, local_to_utc};
