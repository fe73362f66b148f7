//! What live checks of every provider have in common.

use chatplug_core::{checkup::Checked, provision::ProvisionError};

/// What could not be read, by whose fault it is.
pub(crate) fn refused(code: &'static str, what: &str, error: &ProvisionError) -> Checked {
    match error {
        ProvisionError::Refused { code: number, advice, .. } => {
            Checked::wrong(code, format!("{what} cannot be read (code {number})"), *advice)
        }
        ProvisionError::Wait { code: number, advice, .. } => {
            Checked::unknown(code, format!("{what} cannot be read for now (code {number})"), *advice)
        }
        error => {
            let todo = "run this again in a while; where it stays so, look at base_url and at the network";
            Checked::unknown(code, format!("{what} could not be looked at: {error}"), todo)
        }
    }
}

/// The host of an address: the rest of it may be a secret.
pub(crate) fn host_of(url: &str) -> String {
    let url = reqwest::Url::parse(url).ok();
    url.as_ref().and_then(|url| url.host_str()).unwrap_or("an address without a host").to_owned()
}
