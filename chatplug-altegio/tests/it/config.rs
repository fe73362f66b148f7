use chatplug_altegio::{AltegioConfig, AltegioConfigError};
use rstest::rstest;

#[rstest]
#[case::no_scheme(AltegioConfig::new("p").with_base_url("api.alteg.io"), AltegioConfigError::BaseUrl)]
#[case::no_host(AltegioConfig::new("p").with_marketplace_url("https://"), AltegioConfigError::BaseUrl)]
#[case::empty(AltegioConfig::new(""), AltegioConfigError::Token("partner"))]
#[case::two_in_one(AltegioConfig::new("p, User u"), AltegioConfigError::Token("partner"))]
#[case::a_line_more(AltegioConfig::new("p").with_user_token("u\r\nHost: elsewhere"), AltegioConfigError::Token("user"))]
fn what_cannot_work_is_named(#[case] config: AltegioConfig, #[case] wrong: AltegioConfigError) {
    assert_eq!(config.check(), Err(wrong));
}

#[test]
fn tokens_are_not_printed() {
    let printed = format!("{:?}", AltegioConfig::new("secret-p").with_user_token("secret-u"));
    assert!(!printed.contains("secret-"), "{printed}");
}
