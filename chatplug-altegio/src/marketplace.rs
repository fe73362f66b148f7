//! The life of a marketplace app: how Altegio sends an owner to us ([`Redirect`]), what partners may call
//! ([`Marketplace`]), and what Altegio calls back ([`Lifecycle`]).
//!
//! Pages, routes and tables are the server's. Wire facts: Altegio's articles on connecting through the marketplace, its
//! developer portal ("Developer Tools") and its integrations hub (autumn 2026).

mod answers;
mod calls;
mod lifecycle;
mod number;
mod redirect;
mod signature;

pub use calls::{
    Activation, Link, LinkPayment, LinkState, Marketplace, MarketplaceCall, PaymentTold, Tariff, TariffOption,
};
pub use lifecycle::{Lifecycle, LifecycleError, LifecycleEvent, MOST_CALLBACK_BYTES, PaymentNotice};
pub use redirect::{MOST_SALONS, Redirect, RedirectError, RedirectUser};
pub use signature::{is_partner, payment_sign, user_data_sign};
