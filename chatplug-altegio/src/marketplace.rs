//! The life of a marketplace app: how Altegio sends an owner to us ([`Redirect`]), what partners may call
//! ([`Marketplace`]), what Altegio calls back ([`Lifecycle`]), and the way from a link to a branch that takes bookings
//! ([`Installing`]).
//!
//! Pages, routes and tables are the server's. Wire facts: Altegio's articles on connecting through the marketplace, its
//! developer portal ("Developer Tools") and its integrations hub (autumn 2026).

mod answers;
mod calls;
pub mod install;
mod lifecycle;
mod login;
mod number;
mod redirect;
mod signature;

pub use calls::{
    Activation, Link, LinkPayment, LinkState, Marketplace, MarketplaceCall, PaymentTold, Tariff, TariffOption,
};
pub use install::{BackendOf, InstallWish, Installing};
pub use lifecycle::{Lifecycle, LifecycleError, LifecycleEvent, MOST_CALLBACK_BYTES, PaymentNotice};
pub use login::{Login, LoginError};
pub use redirect::{MOST_SALONS, Redirect, RedirectError, RedirectUser};
pub use signature::{is_partner, payment_sign, user_data_sign};
