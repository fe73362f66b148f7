//! Templates at Meta, over HTTP, every call and every answer held against Meta's description.

use crate::{
    business::{ACCOUNT, Business, NUMBER, graph},
    meta_openapi,
};
use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse};
use chatplug_core::{
    model::{ChannelLimits, Formality, Lang},
    ports::{
        Clock, Outlook, Scoped, SystemClock, TemplateCategory, TemplateDraft, TemplateError, TemplateQuality,
        TemplateState, Templates,
    },
    reply::{RenderContext, Words},
    templates::{PlanStep, lint, plan, wanted},
    testkit::VirtualClock,
};
use chatplug_whatsapp::{
    fake::meta::{FakeMeta, FakeTemplate},
    meta::{MetaConfig, MetaConfigError, MetaTemplates, http_client},
};
use chrono::Duration;
use serde_json::Value;
use std::sync::Arc;

/// A go-between that holds everything against Meta's description.
async fn judge(graph: &FakeMeta) -> String {
    let (real, http) = (graph.base_url(), http_client().unwrap());
    let handle = move |request: Request| {
        let (real, http) = (real.clone(), http.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, 1 << 20).await.unwrap();
            let path = parts.uri.path_and_query().unwrap().to_string();
            let mut onward = http.request(parts.method.clone(), format!("{real}{path}")).body(body.clone());
            for name in ["authorization", "content-type"] {
                onward = parts.headers.get(name).into_iter().fold(onward, |onward, value| onward.header(name, value));
            }
            let answer = onward.send().await.unwrap();
            let (status, told) = (answer.status(), answer.bytes().await.unwrap());
            let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
            meta_openapi::check(&parts.method, &path, &read(&body), status.as_u16(), &read(&told));
            (status, told).into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handle)).await.unwrap() });
    base
}

fn config(graph: &FakeMeta) -> MetaConfig {
    graph.config(NUMBER).with_waba_id(ACCOUNT)
}

async fn judged(graph: &FakeMeta, clock: Arc<dyn Clock>) -> MetaTemplates {
    MetaTemplates::new(config(graph).with_base_url(judge(graph).await), http_client().unwrap(), clock).unwrap()
}

async fn templates(graph: &FakeMeta) -> MetaTemplates {
    judged(graph, Arc::new(SystemClock)).await
}

fn reminder(language: &str) -> FakeTemplate {
    FakeTemplate::new("visit_reminder", language, "Hi {{1}}, we wait for you on {{2}}. Do you come?")
        .with_quick_replies(["Confirm", "Move"])
}

mod contract {
    use super::*;
    use chatplug_core::testkit::contract::templates::TemplatesScene;

    async fn scene() -> Box<TemplatesScene> {
        let graph = graph().await;
        // So that only who reads every page finds everything.
        graph.template_pages(2);
        for language in ["en", "pt_BR"] {
            graph.approve(ACCOUNT, reminder(language));
        }
        let states =
            [("booked", "PENDING"), ("moved", "PAUSED"), ("cancelled", "REJECTED"), ("reminder_old", "DISABLED")];
        for (meaning, state) in states {
            let name = format!("visit_{meaning}");
            graph.approve(ACCOUNT, FakeTemplate::new(&name, "en", "See you at {{1}}, bye.").in_state(state));
        }
        let unapproved = states.map(|(meaning, _)| (meaning.to_owned(), Lang::EN));
        let templates = Arc::new(templates(&graph).await);
        Box::new(TemplatesScene {
            templates: Arc::new(Kept { templates, _graph: graph }),
            approved: ("reminder".to_owned(), [Lang::EN, Lang::PT]),
            unapproved: unapproved.to_vec(),
        })
    }

    /// The fake lives as long as what asks it.
    #[derive(Debug)]
    struct Kept {
        templates: Arc<MetaTemplates>,
        _graph: FakeMeta,
    }

    #[async_trait::async_trait]
    impl Templates for Kept {
        fn desk(&self) -> chatplug_core::ports::TemplateDesk {
            self.templates.desk()
        }
        async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<chatplug_core::ports::TemplateStock> {
            self.templates.find(meaning, langs).await
        }
        async fn outlook(&self, meaning: &str, langs: &[Lang]) -> Outlook {
            self.templates.outlook(meaning, langs).await
        }
        async fn status(&self) -> Result<Vec<chatplug_core::ports::ListedTemplate>, TemplateError> {
            self.templates.status().await
        }
        async fn submit(&self, draft: &TemplateDraft) -> Result<chatplug_core::ports::TemplateStock, TemplateError> {
            self.templates.submit(draft).await
        }
        async fn edit(
            &self,
            listed: &chatplug_core::ports::ListedTemplate,
            draft: &TemplateDraft,
        ) -> Result<chatplug_core::ports::TemplateStock, TemplateError> {
            self.templates.edit(listed, draft).await
        }
        fn blames(&self, code: i64) -> bool {
            self.templates.blames(code)
        }
        async fn doubt(&self, name: &str, locale: &str) {
            self.templates.doubt(name, locale).await;
        }
    }

    chatplug_core::templates_contract!(scene());
}

/// Everything that is shipped, in every language.
fn shipped() -> Vec<TemplateDraft> {
    let words = Words::shipped();
    let langs: Vec<Lang> = words.languages().collect();
    let limits = ChannelLimits::whatsapp();
    let context = RenderContext {
        country: "PT",
        formality: Formality::Informal,
        business: "Studio Bella",
        client: None,
        limits: &limits,
    };
    wanted(&words, &langs, &context, "visit_")
}

#[tokio::test]
async fn everything_shipped_is_handed_in_approved_and_found() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    let templates = templates(&graph).await;
    let wanted = shipped();
    let first = plan(&wanted, &templates.status().await.unwrap(), &templates.desk());
    assert!(first.items.iter().all(|item| item.step == PlanStep::Create));
    for item in first.changes() {
        templates.submit(&item.draft).await.unwrap();
    }
    let again = plan(&wanted, &templates.status().await.unwrap(), &templates.desk());
    assert!(again.is_fine() && again.changes().count() == 0, "{again:?}");
    let reminder = graph.templates(ACCOUNT).into_iter().find(|template| template.name() == "visit_reminder").unwrap();
    assert_eq!((reminder.status(), reminder.time_to_live()), ("PENDING", Some(43_200)));

    for draft in &wanted {
        graph.decide(ACCOUNT, &draft.name, &draft.locale, "APPROVED", None);
    }
    graph.settled().await;
    let told: Vec<_> = business.events().into_iter().map(|event| (event.external_id, event.event)).collect();
    let approved = Scoped::Templates { what: "message_template_status_update:APPROVED".into() };
    assert_eq!(told, vec![(ACCOUNT.to_owned(), approved); wanted.len()]);
    assert_eq!(templates.desk().account.as_deref(), Some(ACCOUNT));
    templates.status().await.unwrap();
    for draft in &wanted {
        let found = templates.find(&draft.meaning, &[draft.lang]).await.unwrap();
        assert_eq!((found.name, found.locale), (draft.name.clone(), draft.locale.clone()));
    }
}

#[tokio::test]
async fn what_the_lint_finds_meta_refuses() {
    let graph = graph().await;
    let templates = templates(&graph).await;
    let good = shipped().remove(1);
    let refused = async |draft: &TemplateDraft| match templates.submit(draft).await {
        Err(TemplateError::Refused(words)) => words,
        other => panic!("{draft:?}: {other:?}"),
    };
    for (body, code) in [
        ("{{1}} is booked for you, on {{2}}, at {{3}}. See you then!", "2388299"),
        ("It is booked for you: {{1}}, on {{2}}, at {{3}}", "2388299"),
        ("Booked: {{1}}, {{2}}, {{3}}. Bye!", "2388293"),
    ] {
        let draft = TemplateDraft { body: body.into(), ..good.clone() };
        assert!(!lint(std::slice::from_ref(&draft)).is_empty(), "{body}");
        assert!(refused(&draft).await.contains(code), "{body}: {}", refused(&draft).await);
    }
    let long = TemplateDraft { buttons: vec!["An awfully long label for it".into()], ..good.clone() };
    assert!(!lint(std::slice::from_ref(&long)).is_empty());
    assert!(refused(&long).await.contains("code 100"));
    let lives = TemplateDraft { time_to_live: Some(86_400), ..good.clone() };
    assert!(refused(&lives).await.contains("43200"));
    assert!(graph.templates(ACCOUNT).is_empty());
    // A name that was deleted is taken for a month.
    templates.submit(&good).await.unwrap();
    let url = format!("{}/v25.0/{ACCOUNT}/message_templates?name={}", judge(&graph).await, good.name);
    let delete = http_client().unwrap().delete(url).bearer_auth(FakeMeta::TOKEN).send().await.unwrap();
    assert_eq!(delete.status(), 200);
    assert!(refused(&good).await.contains("30 days"));
}

#[tokio::test]
async fn a_change_goes_back_to_review_and_has_its_limits() {
    let graph = graph().await;
    let templates = templates(&graph).await;
    let draft = shipped().remove(1);
    templates.submit(&draft).await.unwrap();
    // In review it cannot be changed.
    let listed = templates.status().await.unwrap().remove(0);
    let changed = TemplateDraft { body: draft.body.replace("See you then", "See you soon"), ..draft.clone() };
    assert_ne!(draft.body, changed.body);
    assert!(
        matches!(templates.edit(&listed, &changed).await, Err(TemplateError::Refused(why)) if why.contains("2388039"))
    );
    graph.decide(ACCOUNT, &draft.name, &draft.locale, "APPROVED", None);
    templates.edit(&listed, &changed).await.unwrap();
    assert_eq!(graph.templates(ACCOUNT)[0].body(), changed.body);
    assert_eq!(templates.find("booked", &[draft.lang]).await, None, "in review again");
    graph.decide(ACCOUNT, &draft.name, &draft.locale, "APPROVED", None);
    assert!(
        matches!(templates.edit(&listed, &draft).await, Err(TemplateError::Refused(why)) if why.contains("24 hours"))
    );
    graph.advance(Duration::hours(25));
    templates.edit(&listed, &draft).await.unwrap();
    // Handing in what says something else already is no change.
    let refused = templates.submit(&changed).await;
    assert!(matches!(refused, Err(TemplateError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn what_drifts_is_not_used_and_told_with_its_reason() {
    let graph = graph().await;
    let business = Business::behind(&graph).await;
    let templates = templates(&graph).await;
    graph.approve(ACCOUNT, reminder("en")).approve(ACCOUNT, reminder("pt_BR")).approve(ACCOUNT, reminder("es"));
    let usable = async |lang: Lang| {
        templates.status().await.unwrap();
        templates.find("reminder", &[lang]).await.is_some()
    };
    assert!(usable(Lang::EN).await);
    graph.recategorise(ACCOUNT, "visit_reminder", "en", "MARKETING");
    assert!(!usable(Lang::EN).await, "it would cost more and reach fewer");
    graph.decide(ACCOUNT, "visit_reminder", "pt_BR", "REJECTED", Some("INVALID_FORMAT"));
    graph.rescore(ACCOUNT, "visit_reminder", "es", "YELLOW");
    assert!(!usable(Lang::PT).await && usable(Lang::ES).await);
    graph.settled().await;
    let told: Vec<_> = business.events().into_iter().map(|event| event.event).collect();
    let words = [
        "template_category_update:MARKETING",
        "message_template_status_update:REJECTED",
        "message_template_quality_update:YELLOW",
    ];
    assert_eq!(told, words.map(|what| Scoped::Templates { what: what.into() }));
    let listed = templates.status().await.unwrap();
    let of = |locale: &str| listed.iter().find(|listed| listed.stock.locale == locale).unwrap();
    assert_eq!(of("en").category, Some(TemplateCategory::Marketing));
    assert_eq!(
        (of("pt_BR").stock.state, of("pt_BR").reason.as_deref()),
        (TemplateState::Rejected, Some("INVALID_FORMAT"))
    );
    assert_eq!(of("es").quality, Some(TemplateQuality::Yellow));
}

#[tokio::test]
async fn what_was_last_known_serves_while_meta_cannot_be_asked() {
    let graph = graph().await;
    let clock = Arc::new(VirtualClock::new(chrono::DateTime::UNIX_EPOCH));
    let templates = judged(&graph, clock.clone()).await;
    // Nothing is known yet: it may still be there.
    graph.set_token(NUMBER, "another");
    assert_eq!(templates.outlook("reminder", &[Lang::EN]).await, Outlook::Waiting);
    assert!(matches!(templates.status().await, Err(TemplateError::Unauthorized(_))));
    graph.set_token(NUMBER, FakeMeta::TOKEN).approve(ACCOUNT, reminder("en"));
    clock.advance(Duration::seconds(30));
    assert!(templates.find("reminder", &[Lang::EN]).await.is_some());
    graph.set_token(NUMBER, "another");
    clock.advance(Duration::minutes(10));
    assert!(templates.find("reminder", &[Lang::EN]).await.is_some());
    graph.set_token(NUMBER, FakeMeta::TOKEN);
    graph.decide(ACCOUNT, "visit_reminder", "en", "PAUSED", None);
    assert_eq!(templates.outlook("reminder", &[Lang::EN]).await, Outlook::Ready, "from memory");
    clock.advance(Duration::minutes(5));
    assert_eq!(templates.find("reminder", &[Lang::EN]).await, None);
    assert_eq!(templates.outlook("reminder", &[Lang::EN]).await, Outlook::Waiting);
}

#[tokio::test]
async fn a_doubt_lasts_an_hour_or_until_something_changes() {
    let graph = graph().await;
    let clock = Arc::new(VirtualClock::new(chrono::DateTime::UNIX_EPOCH));
    let templates = judged(&graph, clock.clone()).await;
    graph.approve(ACCOUNT, reminder("en"));
    let found = async || {
        templates.status().await.unwrap();
        templates.find("reminder", &[Lang::EN]).await.is_some()
    };
    assert!(found().await);
    templates.doubt("visit_reminder", "en").await;
    assert!(!found().await, "read again and unchanged");
    graph.rescore(ACCOUNT, "visit_reminder", "en", "GREEN");
    assert!(found().await, "it has changed");
    templates.doubt("visit_reminder", "en").await;
    clock.advance(Duration::minutes(59));
    assert!(!found().await);
    clock.advance(Duration::minutes(1));
    assert!(found().await);
}

#[tokio::test]
async fn tenants_who_share_an_account_have_names_of_their_own() {
    let graph = graph().await;
    let bella = templates(&graph).await.with_prefix("bella_");
    let cesar = templates(&graph).await;
    let draft = TemplateDraft { name: "bella_booked".into(), ..shipped().remove(1) };
    bella.submit(&draft).await.unwrap();
    graph.decide(ACCOUNT, "bella_booked", &draft.locale, "APPROVED", None);
    assert!(bella.find("booked", &[draft.lang]).await.is_some());
    assert_eq!(cesar.find("booked", &[draft.lang]).await, None);
    let wrong = MetaTemplates::new(graph.config(NUMBER), http_client().unwrap(), Arc::new(SystemClock));
    assert_eq!(wrong.unwrap_err(), [MetaConfigError::WabaId]);
}
