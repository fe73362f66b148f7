//! Where a location is, and what money it takes: Altegio tells a symbol and a telephone number, not codes.

use super::AltegioBranch;
use crate::wire::shop::Company;
use chatplug_core::model::{Branch, GeoPoint, Money, OpeningHours, Place};
use chrono_tz::Tz;
use iso_currency::{Country, Currency};

/// What a country is called that nobody told: no country has this code.
const NOWHERE: &str = "ZZ";

/// The branch, or what is missing to know when things are.
pub(super) fn branch(
    at: &AltegioBranch,
    company: &Company,
    told: Option<Currency>,
    hours: Vec<OpeningHours>,
) -> Result<Branch, &'static str> {
    let zone = zone(company)?;
    let country = country(at.country.as_deref(), company);
    let name = [&company.public_title, &company.title].into_iter().find(|name| !name.trim().is_empty());
    let name = name.map(|name| name.trim().to_owned()).unwrap_or_else(|| at.branch.to_string());
    let currency = at.currency.or(told).or_else(|| currency(&country, &company.currency_short_title));
    Ok(Branch {
        id: at.branch.clone(),
        place: place(company, &name),
        name,
        zone,
        currency: currency.ok_or("the currency is not known: set it for this branch")?,
        country,
        phone: phone(company).map(str::to_owned),
        hours,
    })
}

/// The zone of every date and time there.
pub(super) fn zone(company: &Company) -> Result<Tz, &'static str> {
    company.timezone_name.trim().parse().map_err(|_| "the location has no time zone that is known")
}

/// An amount as Altegio writes it.
pub(super) fn money(amount: f64, currency: Currency) -> Money {
    let shift = 10_f64.powi(i32::from(currency.exponent().unwrap_or(2)));
    #[expect(clippy::cast_possible_truncation, reason = "an amount of money, rounded")]
    Money::new((amount * shift).round() as i64, currency)
}

fn phone(company: &Company) -> Option<&str> {
    let all = std::iter::once(&company.phone).chain(&company.phones);
    all.map(|phone| phone.trim()).find(|phone| !phone.is_empty())
}

/// The country by its code: as it is set, or as the location's telephone number tells.
pub(crate) fn country(set: Option<&str>, company: &Company) -> String {
    let told = set.map(str::to_ascii_uppercase);
    let of_phone = || {
        let number = phonenumber::parse(None, phone(company)?).ok()?;
        Some(number.country().id()?.as_ref().to_owned())
    };
    told.or_else(of_phone)
        .filter(|code| code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase()))
        .unwrap_or_else(|| NOWHERE.to_owned())
}

/// A code by its letters, or by its symbol among the currencies of the country, or the country's own.
pub(crate) fn currency(country: &str, symbol: &str) -> Option<Currency> {
    let symbol = symbol.trim();
    if let Some(code) = Currency::from_code(&symbol.to_ascii_uppercase()) {
        return Some(code);
    }
    let there = country.parse::<Country>().map(Currency::from_country).unwrap_or_default();
    let usable = || there.iter().copied().filter(|one| !one.is_fund() && !one.is_special());
    usable().find(|one| one.symbol().symbol == symbol).or_else(|| usable().next()).or(match symbol {
        "€" => Some(Currency::EUR),
        "$" => Some(Currency::USD),
        "£" => Some(Currency::GBP),
        "₽" => Some(Currency::RUB),
        _ => None,
    })
}

fn place(company: &Company, name: &str) -> Option<Place> {
    let (address, city) = (company.address.trim(), company.city.trim());
    let address = match city {
        "" => address.to_owned(),
        city if address.contains(city) => address.to_owned(),
        city if address.is_empty() => city.to_owned(),
        city => format!("{address}, {city}"),
    };
    let point = company.coordinate_lat.zip(company.coordinate_lon).filter(|(lat, lon)| {
        (*lat, *lon) != (0.0, 0.0) && (-90.0..=90.0).contains(lat) && (-180.0..=180.0).contains(lon)
    });
    let point = point.map(|(latitude, longitude)| GeoPoint { latitude, longitude });
    (!address.is_empty() || point.is_some()).then(|| Place { name: name.to_owned(), address, point })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn company(phone: &str, symbol: &str) -> Company {
        Company {
            title: "Studio".to_owned(),
            timezone_name: "America/New_York".to_owned(),
            phone: phone.to_owned(),
            currency_short_title: symbol.to_owned(),
            ..Company::default()
        }
    }

    fn at() -> AltegioBranch {
        AltegioBranch::new("centre".parse().unwrap(), "altegio".parse().unwrap(), 1)
    }

    #[test]
    fn country_and_money_are_told_by_phone_and_symbol() {
        for (phone, symbol, country, money) in [
            ("+1 315 555-01-75", "$", "US", Currency::USD),
            ("+351 21 555 01 75", "€", "PT", Currency::EUR),
            ("+7 727 250 00 00", "₸", "KZ", Currency::KZT),
            ("", "EUR", "ZZ", Currency::EUR),
        ] {
            let read = branch(&at(), &company(phone, symbol), None, Vec::new()).unwrap();
            assert_eq!((read.country.as_str(), read.currency), (country, money), "{phone}");
        }
        let mut told = at();
        (told.country, told.currency) = (Some("mx".to_owned()), Some(Currency::MXN));
        let read = branch(&told, &company("+1 315 555-01-75", "$"), Some(Currency::USD), Vec::new()).unwrap();
        assert_eq!((read.country.as_str(), read.currency), ("MX", Currency::MXN), "what is set wins");
        assert!(branch(&at(), &company("", "?"), None, Vec::new()).is_err(), "never guessed");
    }

    #[test]
    fn amounts_are_rounded_to_their_smallest_unit() {
        assert_eq!(money(55.55, Currency::EUR).minor, 5555);
        assert_eq!(money(7000.0, Currency::JPY).minor, 7000);
    }
}
