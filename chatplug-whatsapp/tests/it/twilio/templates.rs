//! Templates: found when they are approved, handed in, and sent by SID or by name.

use super::business::{ACCOUNT, config, judge, judged, maria, messenger, send, twilio};
use chatplug_core::{
    model::{Lang, Outbound, TemplateMessage},
    ports::{SendError, SystemClock, TemplateCategory, TemplateDraft, TemplateError, TemplateState, Templates},
    testkit::VirtualClock,
};
use chatplug_whatsapp::{
    fake::twilio::{ApprovalShape, FakeTemplate, Fault, Unsubmitted},
    twilio::{TwilioTemplates, http_client},
};
use chrono::Duration;
use std::sync::Arc;

fn templates(base_url: &str) -> TwilioTemplates {
    TwilioTemplates::new(config(base_url), http_client().unwrap(), Arc::new(SystemClock)).unwrap()
}

fn reminder(language: &str) -> FakeTemplate {
    FakeTemplate::new("visit_reminder", language, "Hi {{1}}, we wait for you on {{2}}. Do you come?")
        .with_quick_replies(["Confirm", "Move"])
}

mod contract {
    use super::*;
    use chatplug_core::testkit::contract::templates::TemplatesScene;

    async fn scene_as(shape: ApprovalShape) -> Box<TemplatesScene> {
        let twilio = twilio().await;
        twilio.approvals_as(shape, Unsubmitted::Null).review_after(None);
        for language in ["en", "pt_BR"] {
            let _ = twilio.approve(ACCOUNT, reminder(language));
        }
        for (name, state) in [("visit_booked", "pending"), ("visit_moved", "paused"), ("visit_cancelled", "rejected")] {
            let _ = twilio.approve(ACCOUNT, FakeTemplate::new(name, "en", "See you at {{1}}, bye.").in_state(state));
        }
        let unapproved = ["booked", "moved", "cancelled"].map(|meaning| (meaning.to_owned(), Lang::EN));
        Box::new(TemplatesScene {
            templates: Arc::new(templates(&judge(&twilio).await)),
            approved: ("reminder".to_owned(), [Lang::EN, Lang::PT]),
            unapproved: unapproved.to_vec(),
        })
    }

    async fn flat() -> Box<TemplatesScene> {
        scene_as(ApprovalShape::Flat).await
    }

    chatplug_core::templates_contract!(flat());

    mod keyed {
        use super::*;

        async fn keyed() -> Box<TemplatesScene> {
            scene_as(ApprovalShape::Keyed).await
        }

        chatplug_core::templates_contract!(keyed());
    }
}

fn draft() -> TemplateDraft {
    TemplateDraft {
        meaning: "reminder".into(),
        lang: Lang::PT,
        name: "visit_reminder".into(),
        locale: "pt_BR".into(),
        category: TemplateCategory::Utility,
        time_to_live: Some(43_200),
        body: "Olá {{1}}, esperamos por si em {{2}}. Vem?".into(),
        examples: vec!["Ana".into(), "2 de março".into()],
        buttons: vec!["Sim".into(), "Mudar".into()],
    }
}

fn message(name: &str, body: &[&str], buttons: &[&str]) -> Outbound {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Outbound::Template(TemplateMessage {
        name: name.into(),
        locale: "en".into(),
        lang: Lang::EN,
        body: texts(body),
        buttons: texts(buttons),
        preview: String::new(),
    })
}

#[tokio::test]
async fn what_is_handed_in_and_approved_is_sent_outside_the_window() {
    let twilio = twilio().await;
    let clock = Arc::new(VirtualClock::new(chrono::DateTime::UNIX_EPOCH));
    twilio.review_after(None);
    let templates = TwilioTemplates::new(config(&judge(&twilio).await), http_client().unwrap(), clock.clone()).unwrap();
    let stock = templates.submit(&draft()).await.unwrap();
    assert_eq!((stock.state, stock.meaning.as_str()), (TemplateState::Pending, "reminder"));
    // Handing it in once more changes nothing.
    assert_eq!(templates.submit(&draft()).await.unwrap().name, stock.name);
    assert_eq!(twilio.contents(ACCOUNT), std::slice::from_ref(&stock.name));
    assert_eq!(templates.find("reminder", &[Lang::PT]).await, None);
    twilio.set_approval(&stock.name, "approved", "");
    // What is known is believed for a while.
    assert_eq!(templates.find("reminder", &[Lang::PT]).await, None);
    clock.advance(Duration::minutes(5));
    assert_eq!(
        templates.find("reminder", &[Lang::EN, Lang::PT]).await.map(|stock| stock.name),
        Some(stock.name.clone())
    );
    twilio.set_approval(&stock.name, "paused", "");
    templates.status().await.unwrap();
    assert_eq!(templates.find("reminder", &[Lang::PT]).await, None);
    twilio.set_approval(&stock.name, "approved", "");

    let messenger = judged(&twilio).await;
    send(&messenger, &message(&stock.name, &["Ana\nMaria", "2    de      março"], &["v1:come", "v1:move"]))
        .await
        .unwrap();
    let sent = twilio.all_sent().remove(0);
    assert_eq!((sent.text(), sent.failure), ("Olá Ana Maria, esperamos por si em 2 de março. Vem?", None));
    let choices: Vec<_> = sent.choices().iter().map(|choice| (choice.id.as_str(), choice.title.as_str())).collect();
    assert_eq!(choices, [("v1:come", "Sim"), ("v1:move", "Mudar")]);
}

#[tokio::test]
async fn an_interrupted_submission_is_taken_up_again() {
    let twilio = twilio().await;
    let templates = templates(&twilio.base_url());
    twilio.on_call("/ApprovalRequests").answer(Fault::Status(503));
    assert!(matches!(templates.submit(&draft()).await, Err(TemplateError::Unavailable { .. })));
    assert_eq!(twilio.contents(ACCOUNT).len(), 1);
    templates.submit(&draft()).await.unwrap();
    assert_eq!(twilio.contents(ACCOUNT).len(), 1, "the same one");
    // One that is refused leaves nothing behind.
    twilio.on_call("/ApprovalRequests").answer(Fault::Code(20_422));
    let refused = templates.submit(&TemplateDraft { meaning: "moved".into(), ..draft() }).await;
    assert!(matches!(refused, Err(TemplateError::Refused(_))), "{refused:?}");
    assert_eq!(twilio.contents(ACCOUNT).len(), 1);
}

#[tokio::test]
async fn what_was_last_known_serves_while_twilio_cannot_be_asked() {
    let twilio = twilio().await;
    let clock = Arc::new(VirtualClock::new(chrono::DateTime::UNIX_EPOCH));
    let _ = twilio.approve(ACCOUNT, reminder("en"));
    let templates = TwilioTemplates::new(config(&twilio.base_url()), http_client().unwrap(), clock.clone()).unwrap();
    assert!(templates.find("reminder", &[Lang::EN]).await.is_some());
    clock.advance(Duration::minutes(10));
    twilio.on_call("/v1/ContentAndApprovals").answer(Fault::Status(503));
    assert!(templates.find("reminder", &[Lang::EN]).await.is_some());
    // Twilio is not asked at once again, but soon.
    let _ = twilio.approve(ACCOUNT, FakeTemplate::new("visit_moved", "en", "See you at {{1}}, bye."));
    assert!(templates.find("moved", &[Lang::EN]).await.is_none());
    clock.advance(Duration::seconds(30));
    assert!(templates.find("moved", &[Lang::EN]).await.is_some());
    twilio.on_call("/v1/ContentAndApprovals").answer(Fault::Status(503));
    assert!(matches!(templates.status().await, Err(TemplateError::Unavailable { .. })));
}

#[tokio::test]
async fn of_several_of_one_name_the_last_is_meant() {
    let twilio = twilio().await;
    maria(&twilio);
    let _ = twilio.approve(ACCOUNT, reminder("en").in_state("rejected"));
    let _ = twilio.approve(ACCOUNT, reminder("pt_BR"));
    let sid = twilio.approve(ACCOUNT, reminder("en"));
    send(&messenger(&twilio), &message("visit_reminder", &["Ana", "Monday"], &["a", "b"])).await.unwrap();
    assert_eq!(twilio.all_sent().remove(0).content.unwrap().sid, sid);
}

#[tokio::test]
async fn a_template_may_be_named_or_numbered() {
    let twilio = twilio().await;
    maria(&twilio);
    let messenger = messenger(&twilio);
    let refused = send(&messenger, &message("visit_reminder", &["Ana", "Monday"], &[])).await;
    assert!(matches!(refused, Err(SendError::Rejected { code: 63_027, .. })), "{refused:?}");
    let sid = twilio.approve(ACCOUNT, reminder("en"));
    send(&messenger, &message("visit_reminder", &["Ana", "Monday"], &["a", "b"])).await.unwrap();
    send(&messenger, &message(&sid, &["Ana", "Monday"], &["a", "b"])).await.unwrap();
    let sids: Vec<_> = twilio.all_sent().into_iter().map(|sent| sent.content.unwrap().sid).collect();
    assert_eq!(sids, [sid.clone(), sid]);
    let gone = send(&messenger, &message("HX00000000000000000000000000000abc", &["x"], &[])).await;
    assert!(matches!(gone, Err(SendError::Rejected { code: 21_655, .. })), "{gone:?}");
}
