//! Owners who connect the app and leave it, and what the marketplace tells the app of them.

use super::{FakeAltegio, market::LinkStatus, time::naive, webhook::Post};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::Duration;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// What the owner's browser is sent to the app with.
///
/// ```
/// # use chatplug_altegio::fake::FakeAltegio;
/// # fn f(fake: &FakeAltegio) {
/// let redirect = fake.connects(&[FakeAltegio::SALON]);
/// let url = format!("https://app.example.com/altegio/install?{}", redirect.query());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Redirect {
    salons: Vec<u64>,
    style: Style,
    data: Option<String>,
    sign: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Style {
    One,
    List,
    Numbered,
}

impl Redirect {
    /// `salon_ids[0]=…` instead of `salon_ids[]=…`.
    #[must_use]
    pub const fn numbered(mut self) -> Self {
        self.style = Style::Numbered;
        self
    }

    /// For an app that is told nothing of the user.
    #[must_use]
    pub fn without_user(mut self) -> Self {
        (self.data, self.sign) = (None, None);
        self
    }

    /// With another user, signed as it should be: any JSON text.
    #[must_use]
    pub fn by(mut self, user: &str) -> Self {
        self.sign = Some(sign(FakeAltegio::PARTNER_TOKEN, user.as_bytes()));
        self.data = Some(BASE64.encode(user));
        self
    }

    /// Signed by somebody who has another token.
    #[must_use]
    pub fn signed_with(mut self, token: &str) -> Self {
        let data = self.data.as_ref().and_then(|data| BASE64.decode(data).ok());
        self.sign = data.map(|data| sign(token, &data));
        self
    }

    /// Signed over the base64 text, which is wrong.
    #[must_use]
    pub fn signed_over_base64(mut self) -> Self {
        self.sign = self.data.as_ref().map(|data| sign(FakeAltegio::PARTNER_TOKEN, data.as_bytes()));
        self
    }

    /// The query, encoded as a browser sends it.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (n, salon) in self.salons.iter().enumerate() {
            let name = match self.style {
                Style::One => "salon_id".to_owned(),
                Style::List => "salon_ids[]".to_owned(),
                Style::Numbered => format!("salon_ids[{n}]"),
            };
            query.append_pair(&name, &salon.to_string());
        }
        if let Some(data) = &self.data {
            query.append_pair("user_data", data);
        }
        if let Some(sign) = &self.sign {
            query.append_pair("user_data_sign", sign);
        }
        query.finish()
    }
}

/// A connection, as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FakeLink {
    /// Where it stands.
    pub status: LinkStatus,
    /// Channels that the partner announced, and whether they can be used.
    pub channels: Vec<(String, bool)>,
}

impl FakeAltegio {
    /// Owners press "Connect" at these salons: their connections wait for the partner for an hour. One salon comes as
    /// `salon_id`, several as `salon_ids[]`.
    pub fn connects(&self, salons: &[u64]) -> Redirect {
        self.change(|state| salons.iter().for_each(|salon| state.connect(*salon)));
        self.opens_settings(salons)
    }

    /// Owners open the app's settings: the same redirect, and nothing changes.
    #[must_use]
    pub fn opens_settings(&self, salons: &[u64]) -> Redirect {
        let style = if salons.len() == 1 { Style::One } else { Style::List };
        let redirect = Redirect { salons: salons.to_vec(), style, data: None, sign: None };
        redirect.by(r#"{"user_id":123,"name":"Alex Smith","email":"alex@example.com","phone":"19990009900"}"#)
    }

    /// Where the connection of a salon stands; `None` when it is not connected (any more).
    #[must_use]
    pub fn link(&self, salon: u64) -> Option<FakeLink> {
        self.change(|state| {
            let link = state.link(salon)?;
            Some(FakeLink { status: link.status, channels: link.channels() })
        })
    }

    /// Where the app is told that a location left, was frozen, or paid.
    pub fn lifecycle_to(&self, url: &str) -> &Self {
        self.change(|state| state.market.callback = Some(url.to_owned()));
        self
    }

    /// An owner removes the app.
    pub fn uninstalls(&self, salon: u64) -> &Self {
        self.change(|state| state.disconnect(salon));
        self.tells(&self.lifecycle(salon, "uninstall", Self::PARTNER_TOKEN))
    }

    /// The licence or a payment ran out.
    pub fn freezes(&self, salon: u64) -> &Self {
        self.change(|state| state.set_link(salon, LinkStatus::Frozen, "licence"));
        self.tells(&self.lifecycle(salon, "freeze", Self::PARTNER_TOKEN))
    }

    /// It was paid: nobody is told.
    pub fn unfreezes(&self, salon: u64) -> &Self {
        self.change(|state| state.set_link(salon, LinkStatus::Active, "licence"));
        self
    }

    /// An owner pays on Altegio's page; amount and discount as the JSON has them, `990.50`.
    pub fn pays(&self, salon: u64, amount: &str, discount: Option<&str>) -> &Self {
        self.change(|state| state.set_link(salon, LinkStatus::Active, "payment"));
        self.tells(&self.paid(salon, amount, discount, Self::PARTNER_TOKEN))
    }

    /// The body of a lifecycle callback, with any partner's token.
    #[must_use]
    pub fn lifecycle(&self, salon: u64, event: &str, partner_token: &str) -> String {
        let app = Self::APP;
        format!(r#"{{"salon_id":{salon},"application_id":{app},"event":"{event}","partner_token":"{partner_token}"}}"#)
    }

    /// The body of the callback of a payment, signed with any partner's token.
    #[must_use]
    pub fn paid(&self, salon: u64, amount: &str, discount: Option<&str>, partner_token: &str) -> String {
        let (app, now) = (Self::APP, self.now().naive_utc());
        let (date, until) = (naive(now), naive(now + Duration::days(30)));
        let sign = payment_sign(salon, amount, discount, partner_token);
        let discount = discount.unwrap_or("null");
        format!(
            r#"{{"salon_id":{salon},"application_id":{app},"event":"payment","partner_token":"{partner_token}","payment_id":777,"amount":{amount},"currency_iso":"USD","discount":{discount},"period_from":"{date}","period_to":"{until}","payment_date":"{date}","tariff_option_id":12,"sign":"{sign}"}}"#
        )
    }

    /// How long a connection waits for the partner; an hour at first.
    pub fn pending_lasts(&self, time: Duration) -> &Self {
        self.change(|state| state.market.patience = time);
        self
    }

    /// What a second activation is answered with: 403 at first, 400 is the other that may be.
    pub fn repeated_activation(&self, status: u16) -> &Self {
        self.change(|state| state.market.repeat = status);
        self
    }

    /// The user of the token is the app's own: it may act only at salons where the app is active.
    pub fn technical_user(&self, technical: bool) -> &Self {
        self.change(|state| state.market.technical = technical);
        self
    }

    /// A private app's connections are active at once.
    pub fn private_app(&self, private: bool) -> &Self {
        self.change(|state| state.market.private = private);
        self
    }

    /// Whether the app has tariffs; without them there is no link to pay by.
    pub fn with_tariffs(&self, tariffs: bool) -> &Self {
        self.change(|state| state.market.tariffs = tariffs);
        self
    }

    /// The query that the back office opens an app's chat frame with.
    #[must_use]
    pub fn chat_frame(&self, salon: u64) -> String {
        format!("salon_id={salon}&hash={}&user_id=123&lang_id=2", frame_hash(salon, Self::PARTNER_TOKEN))
    }

    fn tells(&self, body: &str) -> &Self {
        let url = self.read(|state| state.market.callback.clone());
        if let Some(url) = url {
            self.inner.shared.courier.queue(Post { url, body: body.to_owned(), plain: true });
        }
        self
    }
}

/// Lowercase hex of HMAC-SHA256.
fn sign(key: &str, message: &[u8]) -> String {
    // A key may have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(message);
    hex(&mac.finalize().into_bytes())
}

fn payment_sign(salon: u64, amount: &str, discount: Option<&str>, token: &str) -> String {
    let mut message = format!("salon_id={salon}&amount={amount}");
    if let Some(discount) = discount {
        message.push_str("&discount=");
        message.push_str(discount);
    }
    sign(token, message.as_bytes())
}

fn frame_hash(salon: u64, token: &str) -> String {
    hex(&Sha1::digest(format!("{salon}{token}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "2t6u73mrh85btb8wgyfj";

    /// The vectors of the contract; the token is the one that Altegio's article prints.
    #[test]
    fn signatures_are_those_of_the_contract() {
        let data = r#"{"user_id":123,"name":"Alex Smith","email":"alex@example.com","phone":"19990009900"}"#;
        let redirect = Redirect { salons: vec![123], style: Style::One, data: None, sign: None }.by(data);
        let encoded = "eyJ1c2VyX2lkIjoxMjMsIm5hbWUiOiJBbGV4IFNtaXRoIiwiZW1haWwiOiJhbGV4QGV4YW1wbGUuY29tIiwicGhvbmUiOiIxOTk5MDAwOTkwMCJ9";
        assert_eq!(redirect.data.as_deref(), Some(encoded));
        let right = redirect.clone().signed_with(TOKEN).sign;
        assert_eq!(right.as_deref(), Some("4e32217e6d33503feb5c667304c073a9500d8546421b84d28e7738f525eba79a"));
        assert_eq!(sign(TOKEN, encoded.as_bytes()), "574f3b73487b766cc20493aa1c67d4f03586e876ce9cfae599facd3c0f76a2f5");
        let plain = payment_sign(123, "990.5", None, TOKEN);
        assert_eq!(plain, "1f4f861f9d6865f0abf8660eba6bfa4d62e66ce991551cc93d8b99f5098e7819");
        let reduced = payment_sign(123, "990.5", Some("15.5"), TOKEN);
        assert_eq!(reduced, "13a1ff5ccae3647624cdda6329148e33e325a57b97a171175c51ccf1c639973b");
        assert_eq!(frame_hash(123, TOKEN), "7aef109119084a90a190ccfa876cae02c4a1d774");
    }
}
