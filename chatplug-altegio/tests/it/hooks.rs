//! Registering webhooks where other vendors have theirs.

use crate::fake::start;
use chatplug_altegio::{
    AltegioClient, AltegioEndpoint, AltegioHooks, CallError, HookChange, HookError,
    client::http_client,
    fake::{FakeAltegio, Fault},
};
use secrecy::{ExposeSecret, SecretString};

const THEIRS: &str = "https://bi.example.org/hook?k=secret";

pub(crate) fn url(end: char) -> SecretString {
    let endpoint = AltegioEndpoint::new(format!("9f2c8e5b7a1d4036b8e2c75{end}")).unwrap();
    endpoint.address("https://chat.example.com")
}

fn hooks(fake: &FakeAltegio, url: SecretString) -> AltegioHooks {
    let client = AltegioClient::new(fake.config(), http_client().unwrap());
    AltegioHooks::new(client, FakeAltegio::SALON, url)
}

#[tokio::test]
async fn ours_comes_beside_theirs_and_goes_alone() {
    let (fake, _) = start().await;
    fake.hook(FakeAltegio::SALON, THEIRS);
    let (ours, old) = (hooks(&fake, url('a')), hooks(&fake, url('b')));
    assert_eq!(old.register().await.unwrap(), HookChange::Written { kept: 1 });
    // Another end of the address takes the place of the one before.
    assert_eq!(ours.standing().await.unwrap().outdated, 1);
    assert_eq!(ours.register().await.unwrap(), HookChange::Written { kept: 1 });
    assert_eq!(fake.hooks(FakeAltegio::SALON), [THEIRS, url('a').expose_secret()]);
    let standing = ours.standing().await.unwrap();
    assert!(standing.is_well() && standing.others == 1 && standing.outdated == 0, "{standing:?}");

    let written = fake.calls_of("POST /hooks_settings").len();
    assert_eq!(ours.register().await.unwrap(), HookChange::Already);
    assert_eq!(fake.calls_of("POST /hooks_settings").len(), written, "what is right is not written again");

    assert_eq!(ours.unregister().await.unwrap(), HookChange::Written { kept: 1 });
    assert_eq!(fake.hooks(FakeAltegio::SALON), [THEIRS]);
    assert_eq!(ours.unregister().await.unwrap(), HookChange::Already);
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn the_only_address_is_silenced_since_no_empty_list_is_taken() {
    let (fake, _) = start().await;
    let ours = hooks(&fake, url('a'));
    assert_eq!(ours.register().await.unwrap(), HookChange::Written { kept: 0 });
    assert_eq!(ours.unregister().await.unwrap(), HookChange::Silenced);
    assert!(!ours.standing().await.unwrap().active);
    assert_eq!(ours.unregister().await.unwrap(), HookChange::Already);
    assert_eq!(ours.register().await.unwrap(), HookChange::Written { kept: 0 });
    assert!(ours.standing().await.unwrap().is_well());
}

#[tokio::test]
async fn what_was_not_kept_is_not_claimed() {
    let (fake, _) = start().await;
    let ours = hooks(&fake, url('a'));
    // The platform says 204 and does it; what counts is what is read.
    fake.on("POST /hooks_settings").answer(Fault::NoContent);
    assert_eq!(ours.register().await.unwrap(), HookChange::Written { kept: 0 });
    fake.deny("webhook_edit_access");
    let other = hooks(&fake, url('b'));
    assert!(matches!(other.register().await, Err(HookError::Call(CallError::Forbidden(_)))));
    assert_eq!(fake.hooks(FakeAltegio::SALON), [url('a').expose_secret()]);
}
