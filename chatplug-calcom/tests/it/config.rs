//! What can be known to be wrong without a call.

use chatplug_calcom::{CalcomAuth, CalcomConfig, CalcomConfigError};

#[test]
fn a_key_of_the_cloud_is_enough() {
    assert_eq!(CalcomConfig::new(CalcomAuth::ApiKey("cal_live_0123".into())).check(), Ok(()));
}

#[test]
fn what_no_header_can_carry_is_named() {
    let wrong = |auth| CalcomConfig::new(auth).check().unwrap_err();
    assert_eq!(wrong(CalcomAuth::ApiKey("".into())), CalcomConfigError::Credential("API key"));
    assert_eq!(wrong(CalcomAuth::AccessToken("two words".into())), CalcomConfigError::Credential("access token"));
    let platform = |id: &str, key: &str| CalcomAuth::Platform { client_id: id.into(), secret_key: key.into() };
    assert_eq!(wrong(platform("", "secret")), CalcomConfigError::Credential("client id"));
    assert_eq!(wrong(platform("id", "line\nbreak")), CalcomConfigError::Credential("secret key"));
}

#[test]
fn an_address_must_be_whole() {
    let config = CalcomConfig::new(CalcomAuth::ApiKey("cal_0123".into()));
    assert_eq!(config.clone().with_base_url("https://calendar.example/v2/").check(), Ok(()));
    assert_eq!(config.with_base_url("calendar.example").check(), Err(CalcomConfigError::BaseUrl));
}
