//! What is wrong with a location, named with what to do.

use crate::{
    fake::{monday, start},
    hooks::url,
};
use chatplug_altegio::{
    AltegioCheckup, AltegioClient, AltegioConfig, AltegioFinding, AltegioHooks,
    client::http_client,
    fake::{FakeAltegio, Fault},
};
use chatplug_core::{checkup::Verdict, ports::SystemClock, wrappers::Pace};
use chrono::TimeDelta;
use std::sync::Arc;

fn client(config: AltegioConfig) -> AltegioClient {
    let pace = Pace::new(Arc::new(SystemClock), 1000, TimeDelta::milliseconds(1), usize::MAX);
    AltegioClient::new(config, http_client().unwrap()).with_pace(pace)
}

async fn look(config: AltegioConfig) -> Vec<AltegioFinding> {
    let found = AltegioCheckup::new(client(config), FakeAltegio::SALON).with_webhook(url('a')).run(monday()).await;
    for finding in &found {
        let told = finding.checked();
        assert_eq!(
            told.todo.is_empty(),
            told.verdict == Verdict::Fine,
            "whoever is told what is wrong is told what to do"
        );
        for secret in [FakeAltegio::PARTNER_TOKEN, FakeAltegio::USER_TOKEN, "9f2c8e5b7a1d4036b8e2c75"] {
            assert!(!told.what.contains(secret) && !told.todo.contains(secret), "{told:?}");
        }
    }
    found
}

fn codes(found: &[AltegioFinding]) -> Vec<&'static str> {
    found.iter().map(AltegioFinding::code).collect()
}

#[tokio::test]
async fn nothing_is_wrong_where_nothing_is_wrong() {
    let (fake, _) = start().await;
    AltegioHooks::new(client(fake.config()), FakeAltegio::SALON, url('a')).register().await.unwrap();
    fake.forget_calls();
    let found = look(fake.config()).await;
    assert_eq!(
        codes(&found),
        ["altegio.location", "altegio.rights", "altegio.offers", "altegio.webhook"],
        "{found:#?}"
    );
    assert_eq!(found[0].to_string(), "location 4564 is \"Studio Bella\", Europe/Lisbon, EUR");
    assert!(found.iter().all(|finding| finding.verdict() == Verdict::Fine));
    assert_eq!((fake.calls().len(), fake.violations()), (7, Vec::<String>::new()));
}

#[tokio::test]
async fn each_token_is_blamed_for_itself() {
    let (fake, _) = start().await;
    let at =
        |partner: &str, user: &str| AltegioConfig::new(partner).with_user_token(user).with_base_url(fake.base_url());
    let found = look(at("another", FakeAltegio::USER_TOKEN)).await;
    assert_eq!(found, [AltegioFinding::PartnerTokenRefused]);
    let found = look(at(FakeAltegio::PARTNER_TOKEN, "another")).await;
    assert_eq!(codes(&found), ["altegio.location", "altegio.user_token"]);
}

#[tokio::test]
async fn a_user_without_rights_is_told_which() {
    let (fake, _) = start().await;
    fake.deny("delete_records_access").deny("webhook_read_access").deny("delete_paid_records_access");
    let found = look(fake.config()).await;
    let wrong = found.iter().find(|finding| finding.verdict() == Verdict::Wrong).unwrap();
    assert_eq!(
        wrong.to_string(),
        "the user may not cancel an appointment (delete_records_access); see and set where changes are told \
         (webhook_read_access)"
    );
    assert!(codes(&found).contains(&"altegio.rights_for_less"));
    assert!(!codes(&found).iter().any(|code| code.starts_with("altegio.webhook")), "it was said already: {found:#?}");
    fake.lock_out(FakeAltegio::SALON);
    assert_eq!(codes(&look(fake.config()).await), ["altegio.location", "altegio.location_out_of_reach"]);
}

#[tokio::test]
async fn a_location_that_is_not_there_is_named() {
    let (fake, _) = start().await;
    let found = AltegioCheckup::new(client(fake.config()), 9999).run(monday()).await;
    assert_eq!(found, [AltegioFinding::LocationUnknown(9999)]);
}

#[tokio::test]
async fn what_keeps_clients_from_booking_is_named() {
    let (fake, _) = start().await;
    let of = async |change: &dyn Fn(&mut chatplug_altegio::fake::FakeSalon)| {
        let salon = fake.salon(FakeAltegio::SALON).unwrap();
        fake.change_salon(FakeAltegio::SALON, |salon| change(salon));
        let found = look(fake.config()).await;
        fake.change_salon(FakeAltegio::SALON, |changed| *changed = salon);
        codes(&found)
    };
    assert!(of(&|salon| salon.online = false).await.contains(&"altegio.no_online_booking"));
    assert!(of(&|salon| salon.licensed = false).await.contains(&"altegio.licence"));
    let strange =
        |salon: &mut chatplug_altegio::fake::FakeSalon| (salon.currency, salon.phone) = ("¤".into(), String::new());
    assert!(of(&strange).await.contains(&"altegio.currency"));
    assert!(of(&|salon| salon.payment_policy = "deposit".to_owned()).await.contains(&"altegio.paid_before"));
    let idle = |salon: &mut chatplug_altegio::fake::FakeSalon| {
        salon.staff.iter_mut().for_each(|member| member.week = Default::default());
    };
    assert!(of(&idle).await.contains(&"altegio.no_schedules"));
}

#[tokio::test]
async fn without_a_user_it_is_told_what_that_means() {
    let (fake, _) = start().await;
    let config = AltegioConfig::new(FakeAltegio::PARTNER_TOKEN).with_base_url(fake.base_url());
    let found = look(config.clone()).await;
    assert_eq!(codes(&found), ["altegio.location", "altegio.no_user_token", "altegio.offers"]);
    fake.change_salon(FakeAltegio::SALON, |salon| salon.phone_confirmation = true);
    assert!(codes(&look(config).await).contains(&"altegio.number_confirmation"));
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn a_webhook_that_points_elsewhere_is_told_by_its_host() {
    let (fake, _) = start().await;
    assert!(codes(&look(fake.config()).await).contains(&"altegio.webhook_missing"));
    fake.hook(FakeAltegio::SALON, "https://old.example.net/webhooks/altegio/7c0e5b2a9d8f4136e0b7c2d5");
    let found = look(fake.config()).await;
    assert_eq!(found.last(), Some(&AltegioFinding::WebhookElsewhere(vec!["old.example.net".to_owned()])));
    let told = found.last().unwrap().to_string();
    assert!(told.ends_with("are told elsewhere: old.example.net"), "{told}");
}

#[tokio::test]
async fn what_is_out_of_order_is_not_blamed_on_the_salon() {
    let (fake, _) = start().await;
    fake.on("GET /company").always().answer(Fault::Html);
    let found = look(fake.config()).await;
    assert!(matches!(&found[..], [AltegioFinding::NotAsked { what: "the location", .. }]), "{found:?}");
    assert_eq!(found[0].verdict(), Verdict::Unknown);
}
