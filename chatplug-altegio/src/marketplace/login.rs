//! A user of the salon, by login and password: `POST /auth`.

use crate::{AltegioClient, Call, CallError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// Who to log in as.
#[derive(Debug, Clone)]
pub struct Login {
    /// A number with its country code, or a mail address.
    pub login: SecretString,
    /// The password.
    pub password: SecretString,
    /// The answer to a second factor: what [`LoginError::SecondFactor`] named, and the code that came.
    pub second: Option<(String, SecretString)>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Altegio answers 404 to a wrong password.
    #[error("Altegio does not know this login, or the password is another")]
    Wrong,
    /// Altegio has sent a code to the user, and wants to see it.
    #[error(
        "the user has two-factor authentication: Altegio has sent a code to them. Run this again with that code and \
         --second-factor {uuid}; or hand over a user token, or use a user without a second factor"
    )]
    SecondFactor {
        /// What the code belongs to.
        uuid: String,
    },
    /// What came holds no token.
    #[error("Altegio logged the user in, and told no token")]
    NoToken,
    /// The call failed.
    #[error("Altegio could not be asked")]
    Call(#[source] CallError),
}

impl Login {
    /// The user's token. Logging in changes nothing, so that whoever lost the answer logs in again.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn token(&self, client: &AltegioClient) -> Result<SecretString, LoginError> {
        let mut body = json!({ "login": self.login.expose_secret(), "password": self.password.expose_secret() });
        if let (Some((uuid, code)), Some(body)) = (&self.second, body.as_object_mut()) {
            body.insert("2fa".to_owned(), json!({ "uuid": uuid, "secret": code.expose_secret() }));
        }
        let call = Call::post("auth").json(&body).without_user();
        let data: Value = match client.send(&call).await {
            Ok(answer) => answer.data,
            Err(CallError::NotFound(_)) => return Err(LoginError::Wrong),
            Err(error) => return Err(LoginError::Call(error)),
        };
        let text = |key: &str| data.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text("user_token"), text("uuid")) {
            (Some(token), _) => Ok(token.to_owned().into()),
            (None, Some(uuid)) => {
                let fits = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
                Err(LoginError::SecondFactor { uuid: uuid.chars().filter(fits).take(64).collect() })
            }
            (None, None) => Err(LoginError::NoToken),
        }
    }
}
