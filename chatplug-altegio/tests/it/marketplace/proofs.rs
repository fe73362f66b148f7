//! Who is believed: redirects and callbacks, against the contract's vectors and against those who make things up.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chatplug_altegio::marketplace::{
    Lifecycle, LifecycleError, LifecycleEvent, MOST_CALLBACK_BYTES, MOST_SALONS, Redirect, RedirectError, payment_sign,
    user_data_sign,
};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::json;

const TOKEN: &str = "2t6u73mrh85btb8wgyfj";
const DATA: &str =
    "eyJ1c2VyX2lkIjoxMjMsIm5hbWUiOiJBbGV4IFNtaXRoIiwiZW1haWwiOiJhbGV4QGV4YW1wbGUuY29tIiwicGhvbmUiOiIxOTk5MDAwOTkwMCJ9";
const SIGN: &str = "4e32217e6d33503feb5c667304c073a9500d8546421b84d28e7738f525eba79a";
/// HMAC over the base64 text, which is not what Altegio signs.
const SIGN_OF_TEXT: &str = "574f3b73487b766cc20493aa1c67d4f03586e876ce9cfae599facd3c0f76a2f5";

fn parse(query: &str) -> Result<Redirect, RedirectError> {
    Redirect::parse(query, &TOKEN.into(), true)
}

fn signed(json: &[u8]) -> String {
    let data: String = form_urlencoded::byte_serialize(STANDARD.encode(json).as_bytes()).collect();
    format!("user_data={data}&user_data_sign={}", user_data_sign(TOKEN, json))
}

#[test]
fn an_owner_is_who_the_signature_says() {
    let redirect = parse(&format!("salon_id=123&user_data={DATA}&user_data_sign={SIGN}")).unwrap();
    let user = redirect.user.unwrap();
    assert_eq!((redirect.salons, user.id), (vec![123], Some(123)));
    assert_eq!(user.name.unwrap().reveal(), "Alex Smith");
    assert_eq!(user.phone.unwrap().reveal(), "19990009900");
    assert!(!format!("{:?}", parse(&format!("salon_id=1&user_data={DATA}&user_data_sign={SIGN}"))).contains("Alex"));
}

#[rstest]
#[case::plain("salon_id=4564", &[4564])]
#[case::list("salon_ids[]=4564&salon_ids[]=4232", &[4564, 4232])]
#[case::encoded("salon_ids%5B%5D=4564&salon_ids%5B%5D=4232", &[4564, 4232])]
#[case::numbered("salon_ids[0]=4564&salon_ids[1]=4232", &[4564, 4232])]
#[case::both("salon_ids[]=4564&salon_ids[]=4232&salon_id=4564", &[4564, 4232])]
#[case::again("salon_ids[]=7&salon_ids[]=7&utm=x", &[7])]
fn salons_come_in_three_ways(#[case] query: &str, #[case] salons: &[u64]) {
    assert_eq!(Redirect::parse(query, &TOKEN.into(), false).unwrap().salons, salons);
    assert_eq!(parse(query), Err(RedirectError::Unsigned), "where the account has user data transmitted");
}

#[rstest]
#[case::nothing("", RedirectError::Unsigned)]
#[case::no_salon(&format!("user_data={DATA}&user_data_sign={SIGN}"), RedirectError::NoSalon)]
#[case::no_number(&format!("salon_id=12a&user_data={DATA}&user_data_sign={SIGN}"), RedirectError::Salon)]
#[case::negative(&format!("salon_ids[]=-1&user_data={DATA}&user_data_sign={SIGN}"), RedirectError::Salon)]
#[case::nought(&format!("salon_id=0&user_data={DATA}&user_data_sign={SIGN}"), RedirectError::Salon)]
#[case::two_words("salon_id=1&salon_id=2", RedirectError::Twice)]
#[case::two_users(&format!("salon_id=1&user_data={DATA}&user_data={DATA}&user_data_sign={SIGN}"), RedirectError::Twice)]
#[case::text_signed(&format!("salon_id=1&user_data={DATA}&user_data_sign={SIGN_OF_TEXT}"), RedirectError::Forged)]
#[case::no_sign(&format!("salon_id=1&user_data={DATA}"), RedirectError::Unsigned)]
#[case::no_data(&format!("salon_id=1&user_data_sign={SIGN}"), RedirectError::Unsigned)]
#[case::other_data(&format!("salon_id=1&user_data={}&user_data_sign={SIGN}", DATA.replace("123", "124").replace("eyJ1", "eyJ2")), RedirectError::Forged)]
#[case::no_base64(&format!("salon_id=1&user_data=***&user_data_sign={SIGN}"), RedirectError::Malformed)]
#[case::no_json(&format!("salon_id=1&{}", signed(b"user_id=1")), RedirectError::Malformed)]
#[case::no_object(&format!("salon_id=1&{}", signed(b"[1]")), RedirectError::Malformed)]
#[case::huge(&format!("salon_id=1&user_data={}&user_data_sign={SIGN}", "A".repeat(9000)), RedirectError::TooLong)]
#[case::endless(&format!("salon_id=1&x={}", "A".repeat(30_000)), RedirectError::TooLong)]
fn what_is_not_altegio_s_is_refused(#[case] query: &str, #[case] wrong: RedirectError) {
    assert_eq!(parse(query), Err(wrong));
}

#[test]
fn no_owner_has_so_many_salons() {
    let query = |most: usize| (1..=most).map(|id| format!("salon_ids[]={id}")).collect::<Vec<_>>().join("&");
    let parse = |most| Redirect::parse(&query(most), &TOKEN.into(), false).map(|redirect| redirect.salons.len());
    assert_eq!(parse(MOST_SALONS), Ok(MOST_SALONS));
    assert_eq!(parse(MOST_SALONS + 1), Err(RedirectError::TooManySalons));
}

/// What is written `+` in base64 arrives as a space when somebody forgot to escape it.
#[test]
fn a_plus_that_became_a_space_is_one_again() {
    let json = "{\"id\":5,\"name\":\"\u{7e}\u{7e}\u{7f}>>>???Ünï\"}".as_bytes();
    let data = STANDARD.encode(json);
    assert!(data.contains('+'), "{data}");
    let query = format!("salon_id=1&user_data={data}&user_data_sign={}", user_data_sign(TOKEN, json));
    assert_eq!(parse(&query).unwrap().user.unwrap().id, Some(5));
}

#[test]
fn another_key_signs_nothing_and_no_key_neither() {
    let query = format!("salon_id=1&user_data={DATA}&user_data_sign={SIGN}");
    for key in ["2t6u73mrh85btb8wgyfk", ""] {
        assert_eq!(Redirect::parse(&query, &key.into(), true), Err(RedirectError::Forged), "{key}");
    }
}

fn callback(body: &serde_json::Value) -> Result<Lifecycle, LifecycleError> {
    Lifecycle::parse(body.to_string().as_bytes(), &SecretString::from(TOKEN))
}

#[test]
fn callbacks_are_read_and_strange_ones_are_no_error() {
    for (word, event) in [
        ("uninstall", LifecycleEvent::Uninstall),
        ("freeze", LifecycleEvent::Freeze),
        ("tariff<b>_changed", LifecycleEvent::Other("tariffb_changed".to_owned())),
    ] {
        let body =
            json!({ "salon_id": 123, "application_id": "45", "event": word, "partner_token": TOKEN, "more": [] });
        assert_eq!(callback(&body), Ok(Lifecycle { salon: 123, application: 45, event }));
    }
}

#[rstest]
#[case::none(json!({ "salon_id": 1, "application_id": 4, "event": "uninstall" }), LifecycleError::Forged)]
#[case::other(json!({ "salon_id": 1, "application_id": 4, "event": "uninstall", "partner_token": "x" }), LifecycleError::Forged)]
#[case::part(json!({ "salon_id": 1, "application_id": 4, "event": "uninstall", "partner_token": &TOKEN[..19] }), LifecycleError::Forged)]
#[case::no_salon(json!({ "application_id": 4, "event": "uninstall", "partner_token": TOKEN }), LifecycleError::Malformed)]
#[case::salon_of_letters(json!({ "salon_id": "x", "application_id": 4, "event": "freeze", "partner_token": TOKEN }), LifecycleError::Malformed)]
#[case::no_event(json!({ "salon_id": 1, "application_id": 4, "partner_token": TOKEN }), LifecycleError::Malformed)]
#[case::no_object(json!([1]), LifecycleError::Malformed)]
#[case::unsigned(json!({ "salon_id": 1, "application_id": 4, "event": "payment", "partner_token": TOKEN, "amount": 5 }), LifecycleError::Forged)]
fn whoever_lacks_the_token_is_not_believed(#[case] body: serde_json::Value, #[case] wrong: LifecycleError) {
    assert_eq!(callback(&body), Err(wrong));
}

#[test]
fn a_callback_has_an_end() {
    let body =
        json!({ "salon_id": 1, "application_id": 4, "event": "x".repeat(MOST_CALLBACK_BYTES), "partner_token": TOKEN });
    assert_eq!(callback(&body), Err(LifecycleError::Malformed));
}

/// The signature is over the numbers as they are written: 990.50 is not 990.5 there.
#[rstest]
#[case("123", "990.5", None)]
#[case("123", "990.50", Some("15.5"))]
#[case("\"123\"", "\"990\"", Some("\"0.00\""))]
#[case("123", "990.5", Some("null"))]
fn a_payment_is_signed_as_it_is_written(#[case] salon: &str, #[case] amount: &str, #[case] discount: Option<&str>) {
    let bare = |text: &str| text.trim_matches('"').to_owned();
    let covered = discount.filter(|discount| *discount != "null").map(bare);
    let sign = payment_sign(TOKEN, &bare(salon), &bare(amount), covered.as_deref());
    let discounted = discount.map(|discount| format!("\"discount\":{discount},")).unwrap_or_default();
    let body = |sign: &str| {
        format!(
            "{{\"event\":\"payment\",{discounted}\"salon_id\":{salon},\"application_id\":45,\"amount\":{amount},\
             \"payment_id\":777,\"currency_iso\":\"EUR\",\"partner_token\":\"{TOKEN}\",\"sign\":\"{sign}\"}}"
        )
    };
    let read = |sign: &str| Lifecycle::parse(body(sign).as_bytes(), &TOKEN.into());
    let LifecycleEvent::Payment(payment) = read(&sign).unwrap().event else { panic!() };
    assert_eq!((payment.payment_id, payment.amount, payment.discount), (Some(777), bare(amount), covered));
    let other = payment_sign(TOKEN, "124", &bare(amount), None);
    assert_eq!(read(&other), Err(LifecycleError::Forged));
}
