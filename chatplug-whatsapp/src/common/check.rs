//! What every provider would refuse in the same way. The limits themselves are each provider's.

use chatplug_core::{model::ChannelLimits, ports::SendError};
use std::collections::HashSet;

/// Longest web address that any provider takes.
const URL: usize = 2000;

/// Checks that refuse under a provider's code for a parameter that is wrong; none of them repeats a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checks {
    /// That code.
    pub(crate) code: i64,
}

impl Checks {
    /// A message of ours that must not leave.
    pub(crate) fn refused(self, why: &str) -> SendError {
        SendError::Rejected { code: self.code, detail: why.to_owned() }
    }

    /// A text that says something and is not too long, in UTF-16 units.
    pub(crate) fn length(self, what: &str, text: &str, longest: usize) -> Result<(), SendError> {
        if text.trim().is_empty() {
            return Err(self.refused(&format!("{what} is empty")));
        }
        self.at_most(what, text, longest)
    }

    /// A text that may be empty and is not too long.
    pub(crate) fn at_most(self, what: &str, text: &str, longest: usize) -> Result<(), SendError> {
        if ChannelLimits::length(text) > longest {
            return Err(self.refused(&format!("{what} is too long")));
        }
        Ok(())
    }

    /// At least one, and not too many.
    pub(crate) fn count(self, what: &str, number: usize, most: usize) -> Result<(), SendError> {
        match number {
            0 => Err(self.refused(&format!("{what}: none"))),
            n if n > most => Err(self.refused(&format!("{what}: too many"))),
            _ => Ok(()),
        }
    }

    /// No two of them the same.
    pub(crate) fn unique<'a>(self, what: &str, mut texts: impl Iterator<Item = &'a str>) -> Result<(), SendError> {
        let mut seen = HashSet::new();
        if texts.all(|text| seen.insert(text)) { Ok(()) } else { Err(self.refused(&format!("{what} is there twice"))) }
    }

    /// An address that a provider or a person can open.
    pub(crate) fn web_address(self, url: &str) -> Result<(), SendError> {
        self.length("address", url, URL)?;
        let parsed = reqwest::Url::parse(url).ok();
        if parsed.is_some_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
            Ok(())
        } else {
            Err(self.refused("address is not an http(s) URL"))
        }
    }

    /// Coordinates on earth.
    pub(crate) fn on_earth(self, point: chatplug_core::model::GeoPoint) -> Result<(), SendError> {
        let on_earth = (-90.0..=90.0).contains(&point.latitude) && (-180.0..=180.0).contains(&point.longitude);
        if on_earth { Ok(()) } else { Err(self.refused("location is not on earth")) }
    }
}
