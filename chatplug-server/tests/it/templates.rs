//! `chatplug templates` against a fake of Meta, as a process.

use crate::house::{House, K1, Told};
use chatplug_whatsapp::fake::meta::FakeMeta;

const WABA: &str = "102290129340398";

async fn house(own: Option<&str>) -> (House, FakeMeta) {
    let graph = FakeMeta::start().await.unwrap();
    graph.add_number("106540352242922", "15550783881", WABA).set_token("106540352242922", "token");
    let house = House::new();
    if let Some(own) = own {
        std::fs::write(house.path("own.ftl"), own).unwrap();
    }
    let texts = own.map_or("", |_| "texts = { en = \"own.ftl\" }\n");
    let url = graph.base_url();
    house.configure(|text| {
        text.replace("http://127.0.0.1:9", &url)
            .replacen("access_token = \"token\"", &format!("access_token = \"token\"\nwaba_id = \"{WABA}\""), 1)
            .replacen("seal = true\n", &format!("seal = true\n{texts}"), 1)
    });
    (house, graph)
}

fn run(house: &House, what: &str) -> Told {
    house.run(K1, &["templates", what, "--tenant", "bella"])
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_pushed_approved_and_told() {
    let (house, graph) = house(None).await;
    let planned = run(&house, "plan");
    assert_eq!(planned.code, Some(3), "{planned:?}");
    assert!(planned.out.starts_with(&format!("bella · whatsapp (meta {WABA})\n  create")), "{planned:?}");
    assert!(
        planned.out.contains("Hi {{1}}, this is a reminder") && planned.out.contains("to push: 4\n"),
        "{planned:?}"
    );
    assert!(graph.templates(WABA).is_empty(), "planning changes nothing");
    assert_eq!(run(&house, "status").code, Some(1));

    let pushed = run(&house, "push");
    assert_eq!(pushed.code, Some(0), "{pushed:?}");
    assert!(pushed.out.contains("handed in       reminder  en  visit_reminder: in review"), "{pushed:?}");
    assert_eq!(graph.templates(WABA).len(), 4);
    let again = run(&house, "push");
    assert!(again.code == Some(0) && again.out.contains("handed in: 0"), "{again:?}");
    assert_eq!(run(&house, "plan").code, Some(0), "what is in review is nobody's task");

    for name in ["visit_reminder", "visit_booked", "visit_moved"] {
        graph.decide(WABA, name, "en", "APPROVED", None);
    }
    graph.decide(WABA, "visit_cancelled", "en", "REJECTED", Some("INVALID_FORMAT"));
    graph.recategorise(WABA, "visit_moved", "en", "MARKETING").rescore(WABA, "visit_booked", "en", "YELLOW");
    let status = run(&house, "status");
    assert_eq!(status.code, Some(1), "{status:?}");
    for line in [
        "approved        reminder  en  visit_reminder  utility\n",
        "approved        booked  en  visit_booked  utility, quality yellow\n",
        "approved        moved  en  visit_moved  marketing, not sent\n",
        "rejected        cancelled  en  visit_cancelled  utility, INVALID_FORMAT, not sent\n",
        "not to be sent: 2\n",
    ] {
        assert!(status.out.contains(line), "{line}{status:?}");
    }
    let planned = run(&house, "plan");
    assert_eq!(planned.code, Some(1), "{planned:?}");
    assert!(planned.out.contains("INVALID_FORMAT. Change its text (template-cancelled"), "{planned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_the_tenants_own_is_linted_and_not_handed_in() {
    let own =
        "template-booked = Your visit is booked with a discount: { $service }, { $when }, at { $business }. Bye!\n";
    let (house, graph) = house(Some(own)).await;
    let checked = house.run(K1, &["check"]);
    assert!(checked.code == Some(0) && checked.out.contains("marketing-word: booked in en"), "{checked:?}");
    let planned = run(&house, "plan");
    assert!(planned.code == Some(1) && planned.out.contains("to push: 3, 1 for a person to see to"), "{planned:?}");
    let pushed = run(&house, "push");
    assert_eq!(pushed.code, Some(1), "{pushed:?}");
    let names: Vec<_> = graph.templates(WABA).iter().map(|template| template.name().to_owned()).collect();
    assert_eq!(names, ["visit_reminder", "visit_moved", "visit_cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_said() {
    let (house, graph) = house(None).await;
    graph.set_token("106540352242922", "another");
    let told = run(&house, "plan");
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.out.contains("does not let these credentials at the templates"), "{told:?}");
    let listed = house.run(K1, &["templates", "plan", "--tenant", "norte"]);
    assert!(
        listed.code == Some(1) && listed.out.contains("not listed under [[tenant.channel.templates]]"),
        "{listed:?}"
    );
    let nobody = house.run(K1, &["templates", "plan", "--channel", "telegram"]);
    assert!(nobody.code == Some(2) && nobody.err.contains("no channel of that name"), "{nobody:?}");
}
