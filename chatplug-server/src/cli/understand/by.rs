//! What reads the messages: the offline engine, a model, or both.

use super::super::{Failure, Reader, UnderstandArgs, read};
use crate::{
    config::{Config, Environment, TenantConfig},
    models::{self, Readers},
};
use anyhow::Context as _;
use async_trait::async_trait;
use chatplug_core::{
    engine::Quiet,
    ports::{IntentEngine, Rate, RateLimiter, StoreError, SystemClock, Taken},
    understand::{
        FactBook, OfflineEngine, Shielded,
        eval::{CatalogFile, EvalError, Prediction, predict, predict_by},
    },
};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What reads the messages.
pub(super) enum By {
    Offline(Box<OfflineEngine>),
    Engine(Arc<dyn IntentEngine>, Runtime),
}

impl By {
    pub(super) fn new(
        args: &UnderstandArgs,
        offline: OfflineEngine,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let Some(file) = args.config.as_ref().filter(|_| args.engine != Reader::Offline) else {
            return Ok(Self::Offline(Box::new(offline)));
        };
        let config = read(file, environment)?;
        let tenant = tenant(&config, args.tenant.as_deref())?;
        let facts = Arc::new(FactBook::new(tenant.facts.clone()));
        let readers = Readers {
            offline: Arc::new(offline),
            models: models::models(&config, &(Arc::new(SystemClock) as Arc<_>))?,
            limiter: Arc::new(Unlimited),
            observer: Arc::new(Quiet),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("the runtime cannot be made")?;
        let engine: Arc<dyn IntentEngine> = match (args.engine, readers.model(tenant, &facts)) {
            (Reader::Llm, Some((model, _))) => {
                Arc::new(Shielded::new(Arc::new(model), readers.offline.clone()).with_facts(facts))
            }
            _ => readers.of(tenant, &facts),
        };
        Ok(Self::Engine(engine, runtime))
    }

    pub(super) fn predict(&self, catalog: &CatalogFile, line: &str) -> Result<Prediction, EvalError> {
        match self {
            Self::Offline(engine) => predict(engine, catalog, line),
            Self::Engine(engine, runtime) => {
                let (prediction, error) = runtime.block_on(predict_by(engine.as_ref(), catalog, line))?;
                if let Some(error) = error {
                    let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
                    eprintln!("{}: {error}{why}", prediction.id);
                }
                Ok(prediction)
            }
        }
    }
}

/// The tenant of that id, or the only one with a model.
fn tenant<'c>(config: &'c Config, id: Option<&str>) -> Result<&'c TenantConfig, Failure> {
    let mut with_model = config.tenants.iter().filter(|tenant| tenant.llm.is_some());
    let found = match id {
        Some(id) => with_model.find(|tenant| tenant.id.as_str() == id),
        None => with_model.next().filter(|_| with_model.next().is_none()),
    };
    found.ok_or_else(|| {
        Failure::usage(match id {
            Some(id) => format!("error: there is no tenant {id} with a [tenant.llm]"),
            None => "error: name a tenant with a [tenant.llm]: --tenant ID".to_owned(),
        })
    })
}

/// Messages that are read on purpose count towards nobody's budget.
#[derive(Debug)]
struct Unlimited;

#[async_trait]
impl RateLimiter for Unlimited {
    async fn take(&self, _: &str, _: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        Ok(Taken { granted: want, next: now })
    }

    async fn hold(&self, _: &str, _: DateTime<Utc>) -> Result<(), StoreError> {
        Ok(())
    }
}
