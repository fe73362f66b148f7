//! What reads the messages of a tenant's clients: the offline engine, with the tenant's facts and a model where there are.

use crate::{
    config::{Config, TenantConfig},
    http::AppError,
};
use chatplug_core::{
    engine::Observer,
    ports::{Clock, IntentEngine, RateLimiter},
    understand::{Cascade, FactBook, OfflineEngine},
};
use chatplug_openai::{OpenAiIntents, OpenAiModel};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What a model is waited for beyond its own limit, so that it is the one to say that it was slow.
const GRACE: Duration = Duration::from_millis(500);

/// Models by the name of their endpoint, and what tenants share beside them.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    pub(crate) offline: Arc<OfflineEngine>,
    pub(crate) models: BTreeMap<String, Arc<OpenAiModel>>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Readers {
    /// What reads the messages of a tenant's clients.
    pub(crate) fn of(&self, tenant: &TenantConfig, facts: &Arc<FactBook>) -> Arc<dyn IntentEngine> {
        let model = self.model(tenant, facts);
        if facts.is_empty() && model.is_none() {
            return self.offline.clone();
        }
        let cascade = Cascade::new(self.offline.clone()).with_facts(facts.clone());
        match model {
            Some((model, patience)) => Arc::new(cascade.with_patience(patience).with_model(Arc::new(model))),
            None => Arc::new(cascade),
        }
    }

    /// A tenant's model, and how long it is waited for.
    pub(crate) fn model(&self, tenant: &TenantConfig, facts: &Arc<FactBook>) -> Option<(OpenAiIntents, Duration)> {
        let llm = tenant.llm.as_ref()?;
        let model = self.models.get(&llm.endpoint)?.clone();
        let patience = model.timeout() + GRACE;
        let model = OpenAiIntents::new(model, tenant.id.clone(), self.limiter.clone())
            .with_facts(facts.clone())
            .with_daily_tokens(llm.daily_tokens)
            .with_observer(self.observer.clone());
        Some((model, patience))
    }
}

/// The models of a configuration, by name.
pub(crate) fn models(config: &Config, clock: &Arc<dyn Clock>) -> Result<BTreeMap<String, Arc<OpenAiModel>>, AppError> {
    let made = config.openai.iter().map(|endpoint| {
        let model = OpenAiModel::new(endpoint.config.clone(), clock.clone());
        let model = model.map_err(|error| AppError::setup("a model", &error))?.with_price(endpoint.price);
        Ok((endpoint.name.clone(), Arc::new(model)))
    });
    made.collect()
}
