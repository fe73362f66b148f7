//! Whether an endpoint is of use: reachable, with this key, this model, and answers in a strict schema.

use super::{Failed, OpenAiModel, answer::Reading, client, keyed, prompt};
use chatplug_core::{
    checkup::Checked,
    model::{Branch, BranchId, Catalog, Lang, Private, Service, ServiceId},
    ports::{Context, OpenQuestion, Utterance},
    understand::FactBook,
};
use serde::Deserialize;
use std::time::Instant;

/// A list of models is not longer.
const LONGEST_LIST: usize = 4 * 1024 * 1024;

/// Looks at a model. The second of its two calls costs some hundred tokens.
#[derive(Debug)]
pub struct OpenAiCheckup<'m>(pub &'m OpenAiModel);

#[derive(Deserialize)]
struct Models {
    data: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl OpenAiCheckup<'_> {
    /// Looks, and tells.
    pub async fn run(&self) -> Vec<Checked> {
        let mut found = vec![self.models().await];
        if found.iter().all(|checked| !matches!(checked.verdict, chatplug_core::checkup::Verdict::Wrong)) {
            found.push(self.schema().await);
        }
        found
    }

    /// Whether the endpoint lists the model.
    async fn models(&self) -> Checked {
        const CODE: &str = "openai.model";
        let model = &self.0.config.model;
        let url = format!("{}/models", self.0.config.base_url);
        let answer = match keyed(&self.0.config, self.0.http.get(url)).send().await {
            Ok(answer) => answer,
            Err(error) => return down(CODE, &Failed::of(error)),
        };
        match answer.status().as_u16() {
            200 => {}
            code @ (401 | 403) => {
                return Checked::wrong(
                    CODE,
                    format!("the endpoint refuses the key (HTTP {code})"),
                    "renew api_key of this [[openai]]",
                );
            }
            404 | 405 => {
                return Checked::note(CODE, "the endpoint does not list its models", "see below whether it answers");
            }
            code => return down(CODE, &Failed::Status(code)),
        }
        let listed =
            client::read(answer, LONGEST_LIST).await.ok().and_then(|body| serde_json::from_slice::<Models>(&body).ok());
        match listed {
            Some(models) if models.data.iter().any(|one| one.id == *model) => {
                Checked::fine(CODE, format!("the endpoint has the model {model}"))
            }
            Some(_) => Checked::note(
                CODE,
                format!("the endpoint does not list the model {model}"),
                "see below whether it answers; if not, correct `model`",
            ),
            None => Checked::note(CODE, "the endpoint's list of models cannot be read", "see below whether it answers"),
        }
    }

    /// Whether a question is answered in the schema.
    async fn schema(&self) -> Checked {
        const CODE: &str = "openai.schema";
        let Some(catalog) = catalog() else { return Checked::unknown(CODE, "no sample to ask about", "") };
        let context = Context {
            catalog: &catalog,
            language: Some(Lang::EN),
            default_language: Lang::EN,
            open: OpenQuestion::None,
            options: 0,
        };
        let utterance =
            Utterance { text: Private::new("a haircut tomorrow please".to_owned()), at: self.0.clock.now() };
        let lists = prompt::Lists::new(&context, &FactBook::default());
        let body = prompt::request(&self.0.config.model, &utterance, &context, &lists);
        let began = Instant::now();
        let asked = self.0.ask(&body).await;
        let took = began.elapsed().as_millis();
        let read = asked.and_then(|completion| {
            let spent = completion.tokens(&body);
            completion.content().and_then(Reading::parse)?.interpretation(&lists).map(|_| spent)
        });
        match read {
            Ok((sent, came)) => {
                Checked::fine(CODE, format!("it answers in the strict schema: {took} ms, {sent} tokens in, {came} out"))
            }
            Err(Failed::Refused(code @ (400 | 404 | 422))) => Checked::wrong(
                CODE,
                format!("the endpoint does not take the question (HTTP {code})"),
                "take a model that is there and takes response_format json_schema with strict = true",
            ),
            Err(Failed::Refused(code)) => {
                Checked::wrong(CODE, format!("the endpoint refuses (HTTP {code})"), "renew api_key of this [[openai]]")
            }
            Err(failed @ Failed::Nonsense(_)) => Checked::wrong(
                CODE,
                failed.to_string(),
                "take a model that keeps to response_format json_schema with strict = true; until then the offline engine's \
                 answers are used",
            ),
            Err(Failed::Slow) => Checked::wrong(
                CODE,
                format!("no answer within {} ms", self.0.config.timeout.as_millis()),
                "take a faster model, or raise `timeout` of this [[openai]]",
            ),
            Err(failed) => down(CODE, &failed),
        }
    }
}

fn down(code: &'static str, failed: &Failed) -> Checked {
    Checked::unknown(code, failed.to_string(), "see whether base_url is right and can be reached from here")
}

fn catalog() -> Option<Catalog> {
    let branch = Branch {
        id: BranchId::new("sample").ok()?,
        name: String::new(),
        zone: chrono_tz::UTC,
        country: "GB".to_owned(),
        currency: iso_currency::Currency::EUR,
        place: None,
        phone: None,
        hours: Vec::new(),
    };
    let service = Service::new(ServiceId::new("haircut").ok()?, "Haircut", 30);
    Some(Catalog { version: 1, branch, services: vec![service], staff: Vec::new() })
}
