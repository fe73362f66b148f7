//! Signs of currencies and digits of amounts. Where the sign stands is each language's own (`money` in its catalogue);
//! the digits are written by the locale.

use super::locale::Locale;
use crate::model::Money;
use iso_currency::Currency;

/// The sign of an amount in a country: its own currency by the short sign, a foreign dollar by the one that tells whose.
pub(crate) fn symbol(currency: Currency, country: &str) -> &'static str {
    let code = currency.code();
    match SIGNS.iter().find(|(known, ..)| *known == code) {
        Some((_, short, home, long)) if home.is_empty() || home.contains(&country) || short == long => short,
        Some((.., long)) => long,
        None => code,
    }
}

/// The digits of an amount: cents only when there are some, except where prices are always written with them.
pub(crate) fn digits(money: Money, locale: &Locale) -> String {
    let exponent = money.exponent();
    let unit = 10_i64.checked_pow(u32::from(exponent)).unwrap_or(1);
    if money.minor % unit == 0 && !WITH_CENTS.contains(&money.currency.code()) {
        locale.number(money.minor / unit, 0)
    } else {
        locale.number(money.minor, i16::try_from(exponent).unwrap_or(0))
    }
}

/// Currencies whose prices are written with cents even when these are zero: "R$ 45,00", "$45.00".
const WITH_CENTS: [&str; 6] = ["AUD", "BRL", "CAD", "MXN", "NZD", "USD"];

/// Code, sign at home, countries that are home (none: everywhere), sign elsewhere.
type Sign = (&'static str, &'static str, &'static [&'static str], &'static str);

const SIGNS: &[Sign] = &[
    ("AOA", "Kz", &[], "Kz"),
    ("ARS", "$", &["AR"], "AR$"),
    ("AUD", "$", &["AU"], "A$"),
    ("BOB", "Bs", &[], "Bs"),
    ("BRL", "R$", &[], "R$"),
    ("BYN", "Br", &[], "Br"),
    ("CAD", "$", &["CA"], "CA$"),
    ("CLP", "$", &["CL"], "CL$"),
    ("CNY", "¥", &["CN"], "CN¥"),
    ("COP", "$", &["CO"], "CO$"),
    ("CRC", "₡", &[], "₡"),
    ("CZK", "Kč", &[], "Kč"),
    ("DKK", "kr", &["DK"], "DKK"),
    ("DOP", "RD$", &[], "RD$"),
    ("EUR", "€", &[], "€"),
    ("GBP", "£", &[], "£"),
    ("GEL", "₾", &[], "₾"),
    ("GTQ", "Q", &["GT"], "GTQ"),
    ("HUF", "Ft", &["HU"], "HUF"),
    ("ILS", "₪", &[], "₪"),
    ("INR", "₹", &[], "₹"),
    ("JPY", "¥", &[], "¥"),
    ("KRW", "₩", &[], "₩"),
    ("KZT", "₸", &[], "₸"),
    ("MXN", "$", &["MX"], "MX$"),
    ("MZN", "MT", &["MZ"], "MZN"),
    ("NOK", "kr", &["NO"], "NOK"),
    ("NZD", "$", &["NZ"], "NZ$"),
    ("PEN", "S/", &[], "S/"),
    ("PHP", "₱", &[], "₱"),
    ("PLN", "zł", &[], "zł"),
    ("PYG", "₲", &[], "₲"),
    ("RUB", "₽", &[], "₽"),
    ("SEK", "kr", &["SE"], "SEK"),
    ("THB", "฿", &[], "฿"),
    ("TRY", "₺", &[], "₺"),
    ("UAH", "₴", &[], "₴"),
    ("USD", "$", &["EC", "PA", "PR", "SV", "US"], "US$"),
    ("UYU", "$", &["UY"], "$U"),
    ("VND", "₫", &[], "₫"),
];
