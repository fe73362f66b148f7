//! A server put together from a configuration: from here on there are no files and no environment.

use super::{
    Webhooks,
    routes::{self, Routes},
};
use crate::{config::Config, demo::Simulator, metrics::Metrics, wiring};
use axum::Router;
use chatplug_core::{
    engine::Engine,
    ports::{CalendarStore, Clock, RecordStore as _, Retention},
};
use chatplug_store::SqliteStore;
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

/// Between two looks at what is kept long enough.
const HOUR: Duration = Duration::from_secs(3600);

/// A server, ready to listen.
#[derive(Debug)]
pub struct App {
    pub(crate) engine: Engine,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) store: SqliteStore,
    pub(crate) calendars: Arc<dyn CalendarStore>,
    pub(crate) simulator: Option<Arc<Simulator>>,
    pub(crate) working: Arc<AtomicBool>,
    pub(crate) stop: watch::Sender<bool>,
}

/// Why a server cannot be put together or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The store cannot be opened, or what is in it contradicts the configuration.
    #[error("the store {url} cannot be used")]
    Store {
        /// Which.
        url: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something of the configuration cannot be carried out.
    #[error("{what} cannot be set up: {why}")]
    Setup {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// The network failed.
    #[error("the server cannot listen")]
    Listen(#[source] std::io::Error),
    /// The workers ended by themselves: nothing would be answered any more.
    #[error("the workers ended unexpectedly")]
    Workers,
}

impl App {
    /// Puts a server together: opens the store, registers tenants and routes, builds adapters.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        wiring::wire(config, clock).await
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
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

    /// All routes.
    pub fn router(&self) -> Router {
        let routes =
            Routes { webhooks: self.webhooks.clone(), metrics: self.metrics.clone(), working: self.working.clone() };
        let simulator = self.simulator.as_ref();
        let simulator =
            simulator.map(|it| it.router(self.webhooks.clone(), self.calendars.clone(), self.stop.subscribe()));
        routes::router(routes, simulator)
    }

    /// Runs conversations in this process until `stop`; what is under way is finished first.
    pub async fn work(&self) {
        let stop = self.stop.subscribe();
        self.working.store(true, Ordering::Relaxed);
        let _end = OnEnd(self.working.clone());
        let statuses = async {
            if let Some(simulator) = &self.simulator {
                simulator.post_statuses(&self.webhooks, stop.clone()).await;
            }
        };
        tokio::join!(self.engine.run(stop.clone()), statuses, self.forget_old(stop.clone()));
    }

    /// Lets go of what is kept long enough, now and every hour, until `stop`.
    async fn forget_old(&self, mut stop: watch::Receiver<bool>) {
        let mut hourly = tokio::time::interval(HOUR);
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                _ = hourly.tick() => {}
            }
            for tenant in self.engine.directory().tenants().await.unwrap_or_default() {
                let records = self.store.records(&tenant);
                match records.forget(&Retention::default(), self.engine.clock().now()).await {
                    Ok(gone) => tracing::debug!(tenant.id = %tenant, rows = ?gone.deleted, "old rows removed"),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(tenant.id = %tenant, error, "old rows not removed; tried again in an hour");
                    }
                }
            }
        }
    }

    /// Ends the store in good order. What was answered is safe without it.
    pub async fn close(&self) {
        if let Err(error) = self.store.close().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the store was not closed in good order");
        }
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
        let app = Arc::new(self);
        let mut workers = tokio::spawn({
            let app = app.clone();
            async move { app.work().await }
        });
        let mut stopping = app.stop.subscribe();
        let mut stopped = app.stop.subscribe();
        let server = axum::serve(listener, app.router()).with_graceful_shutdown(async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        });
        let mut server = tokio::spawn(server.into_future());
        let signal = app.clone();
        let signal = tokio::spawn(async move {
            shutdown.await;
            tracing::info!("stopping: open requests and turns are finished first");
            signal.stop.send_replace(true);
        });
        let result = tokio::select! {
            // In this order: a server that ended because it was asked to is no failure.
            biased;
            _ = stopped.wait_for(|stop| *stop) => Ok(()),
            ended = &mut server => Err(AppError::Listen(match ended {
                Ok(Err(error)) => error,
                _ => std::io::Error::other("the server ended by itself"),
            })),
            _ = &mut workers => Err(AppError::Workers),
        };
        app.stop.send_replace(true);
        signal.abort();
        if result.is_ok() {
            let finished = async { tokio::join!(&mut server, &mut workers) };
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
