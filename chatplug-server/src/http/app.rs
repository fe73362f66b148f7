//! A server put together from a configuration: from here on there are no files and no environment.

use super::{
    Marketplaces, Webhooks,
    ready::Readiness,
    routes::{self, Files, Routes},
};
use crate::{
    config::{Config, StoreConfig},
    demo::Simulator,
    leaving::Leaving,
    metrics::Metrics,
    retention::Forgetting,
    stores::Stores,
    wiring,
};
use axum::Router;
use chatplug_core::{
    engine::Engine,
    ports::{Clock, ClockBehind, StoreError},
};
use chatplug_store::OpenError;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

/// Open turns and requests are waited for so long when the server stops.
const GRACE: Duration = Duration::from_secs(30);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Takes webhooks and answers them.
    #[default]
    Both,
    /// Takes webhooks; others on the same database answer them.
    Webhooks,
    /// Answers what others took.
    Work,
}

impl Role {
    /// Whether it runs conversations.
    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::Both | Self::Work)
    }

    /// Whether it takes webhooks.
    #[must_use]
    pub const fn listens(self) -> bool {
        matches!(self, Self::Both | Self::Webhooks)
    }
}

/// A server, ready to listen.
#[derive(Debug)]
pub struct App {
    pub(crate) engine: Engine,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stores: Stores,
    pub(crate) simulator: Option<Arc<Simulator>>,
    pub(crate) forgetting: Forgetting,
    pub(crate) leaving: Leaving,
    pub(crate) ready: Readiness,
    pub(crate) working: Arc<AtomicBool>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) files: Arc<Files>,
    pub(crate) marketplaces: Option<Arc<Marketplaces>>,
}

/// Why a server cannot be put together or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The store cannot be opened, or what is in it contradicts the configuration.
    #[error("the store {url} cannot be used")]
    Store {
        /// Which, without a password.
        url: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A credential that the configuration names is not there.
    #[error(
        "{tenant} has no credential \"{name}\" in the database; keep it with\n\n    \
         chatplug credential set --config FILE --tenant {tenant} {name}\n\nwhich reads it from standard input"
    )]
    NoCredential {
        /// Whose.
        tenant: String,
        /// Which.
        name: String,
    },
    /// Something of the configuration cannot be carried out.
    #[error("{what} cannot be set up: {why}")]
    Setup {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// The clock that this process would go by is far behind what the store knows.
    #[error(
        "the time cannot be trusted: put the clock of this machine, or of the database's, right and start again; \
         what to do when it is right is told in docs/operations.md under \"Clocks\""
    )]
    Clock(#[source] ClockBehind),
    /// The network failed.
    #[error("the server cannot listen")]
    Listen(#[source] std::io::Error),
    /// The workers ended by themselves: nothing would be answered any more.
    #[error("the workers ended unexpectedly")]
    Workers,
}

impl AppError {
    pub(crate) fn store(config: &StoreConfig, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Store { url: config.shown(), source: Box::new(error) }
    }

    /// Whether it can be mended in the configuration or by whoever runs the program, rather than waited for.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::NoCredential { .. } | Self::Setup { .. } | Self::Clock(_) => true,
            Self::Store { source, .. } => match (source.downcast_ref(), source.downcast_ref()) {
                (Some(error), _) => !matches!(error, OpenError::Unavailable { .. }),
                (_, Some(error)) => matches!(error, StoreError::Vault(_) | StoreError::RouteTaken { .. }),
                _ => false,
            },
            Self::Listen(_) | Self::Workers => false,
        }
    }

    pub(crate) fn setup(what: &str, error: &dyn std::error::Error) -> Self {
        Self::Setup { what: what.to_owned(), why: error.to_string() }
    }
}

impl App {
    /// Puts a server together: opens the store, registers tenants and routes, builds adapters.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        let stores = Stores::open(&config).await?;
        wiring::wire(config, stores, clock, None).await
    }

    /// The same, with the page of a channel that talks to a fake of its provider.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn with_page(config: Config, clock: Arc<dyn Clock>, page: Simulator) -> Result<Self, AppError> {
        let stores = Stores::open(&config).await?;
        wiring::wire(config, stores, clock, Some(Arc::new(page))).await
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What everything is kept in.
    #[must_use]
    pub const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// The simulator, where a channel has it.
    #[must_use]
    pub const fn simulator(&self) -> Option<&Arc<Simulator>> {
        self.simulator.as_ref()
    }

    /// The webhooks, for those who bring requests by another way than HTTP.
    #[must_use]
    pub const fn webhooks(&self) -> &Arc<Webhooks> {
        &self.webhooks
    }

    /// Asks [`work`](Self::work) and open streams to end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// All routes of a process that takes webhooks and answers them.
    pub fn router(&self) -> Router {
        self.router_of(Role::Both)
    }

    /// The routes of a process with this role: one that only works answers for its health and nothing else.
    pub fn router_of(&self, role: Role) -> Router {
        let routes = Routes {
            webhooks: self.webhooks.clone(),
            metrics: self.metrics.clone(),
            ready: self.ready,
            role,
            working: self.working.clone(),
            files: self.files.clone(),
            marketplaces: self.marketplaces.clone(),
        };
        let simulator = self.simulator.as_ref().filter(|_| role.listens()).map(|simulator| {
            simulator.router(self.webhooks.clone(), self.stores.calendars.clone(), self.stop.subscribe())
        });
        routes::router(routes, simulator)
    }

    /// Runs conversations in this process until `stop`; what is under way is finished first.
    pub async fn work(&self) {
        let stop = self.stop.subscribe();
        self.working.store(true, Ordering::Relaxed);
        let _end = OnEnd(self.working.clone());
        let simulated = async {
            if let Some(simulator) = &self.simulator {
                simulator.run(&self.webhooks, stop.clone()).await;
            }
        };
        let installing = async {
            if let Some(marketplaces) = &self.marketplaces {
                marketplaces.installer.work(stop.clone()).await;
            }
        };
        tokio::join!(
            self.engine.run(stop.clone()),
            simulated,
            self.forgetting.run(stop.clone()),
            self.leaving.run(stop.clone()),
            installing
        );
    }

    /// Ends the store in good order. What was answered is safe without it.
    pub async fn close(&self) {
        self.stores.close().await;
    }

    /// Listens and works until `shutdown`, then stops taking connections, answers the open requests, finishes the open
    /// turns and returns.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), AppError> {
        self.run(Role::Both, Some(listener), shutdown).await
    }

    /// The same in one role: one that only works need not listen.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn run(
        self,
        role: Role,
        listener: Option<TcpListener>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), AppError> {
        let app = Arc::new(self);
        let mut workers = tokio::spawn({
            let (app, mut stopping) = (app.clone(), app.stop.subscribe());
            async move {
                if role.works() {
                    app.work().await;
                } else {
                    let _ = stopping.wait_for(|stop| *stop).await;
                }
            }
        });
        let mut stopping = app.stop.subscribe();
        let mut stopped = app.stop.subscribe();
        let router = app.router_of(role);
        let mut server = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            match listener {
                Some(listener) => axum::serve(listener, router).with_graceful_shutdown(stopped).await,
                None => {
                    stopped.await;
                    Ok(())
                }
            }
        });
        let signal = app.clone();
        let signal = tokio::spawn(async move {
            shutdown.await;
            tracing::info!("stopping: open requests and turns are finished first");
            signal.stop.send_replace(true);
        });
        let result = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => Ok(()),
            ended = &mut server => Err(AppError::Listen(match ended {
                Ok(Err(error)) => error,
                _ => std::io::Error::other("the server ended by itself"),
            })),
            _ = &mut workers => Err(AppError::Workers),
        };
        // What ended because it was asked to is no failure.
        let result = if app.stop.send_replace(true) { Ok(()) } else { result };
        signal.abort();
        if result.is_ok() {
            let finished = async {
                // One that ended has been heard already.
                if !server.is_finished() {
                    let _ = (&mut server).await;
                }
                if !workers.is_finished() {
                    let _ = (&mut workers).await;
                }
            };
            if tokio::time::timeout(GRACE, finished).await.is_err() {
                tracing::warn!("not everything was finished in time; it is taken up again at the next start");
            }
            app.close().await;
        }
        result
    }
}

/// Says that nobody works any more, a panic included.
struct OnEnd(Arc<AtomicBool>);

impl Drop for OnEnd {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
