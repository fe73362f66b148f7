//! Any number as people write it: what is read can be read again, and stays the same.
#![no_main]

use chatplug_core::model::Phone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (region, text) = input;
    let regions = ["BR", "MX", "AR", "RU", "KZ", "FR", "ES", "PT", "GB", "US"];
    let region = regions[usize::from(region) % regions.len()];
    let Ok(phone) = Phone::written(text, region) else { return };
    let again: Phone = phone.digits().parse().expect("its own digits are a number");
    assert_eq!(phone, again);
    let canonical: Phone = phone.canonical().parse().expect("the one spelling of it is a number");
    assert_eq!(canonical.canonical(), phone.canonical(), "{text}: the one spelling has another");
});
