//! `chatplug serve`: a server from a configuration, until it is told to stop.

use super::Failure;
use crate::{
    clocks,
    config::{Config, ProviderConfig},
    http::Role,
    logging,
    stores::Stores,
    wiring,
};
use anyhow::Context;
use chatplug_core::ports::SystemClock;
use std::{io::ErrorKind, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// Serves until SIGTERM or Ctrl+C.
pub(super) async fn run(config: Config, role: Role) -> Result<(), Failure> {
    let bind = config.server.bind;
    start(config, role, Some(bind)).await
}

/// Runs a server in a role until SIGTERM or Ctrl+C; without an address nothing listens.
pub(super) async fn start(config: Config, role: Role, bind: Option<SocketAddr>) -> Result<(), Failure> {
    logging::start(&config.server.log, config.server.log_format)?;
    let simulated = config.tenants.iter().flat_map(|tenant| &tenant.channels);
    if role != Role::Both && simulated.into_iter().any(|channel| matches!(channel.provider, ProviderConfig::Simulator))
    {
        return Err(Failure::usage(
            "error: the simulator lives in one process: run `chatplug serve` without --no-work, or take the channel with \
             provider = \"simulator\" out of the configuration",
        ));
    }
    // The port first: a second server on one machine should not touch the store.
    let stop = stop_signal()?;
    let listener = match bind {
        Some(bind) => Some(listen(bind).await?),
        None => None,
    };
    let tenants = config.tenants.len();
    let stores = Stores::open(&config).await?;
    if let Err(error) = clocks::begin(&config, &stores).await {
        stores.close().await;
        return Err(error.into());
    }
    let app = wiring::wire(config, stores.clone(), Arc::new(SystemClock), None).await?;
    let keeping = tokio::spawn(async move { clocks::keep(&*stores.store).await });
    let version = env!("CARGO_PKG_VERSION");
    match &listener {
        Some(listener) => {
            let address = listener.local_addr().context("the server cannot listen")?;
            tracing::info!(server.address = %address, tenants, ?role, version, "listening");
        }
        None => tracing::info!(tenants, ?role, version, "working"),
    }
    let ended = app.run(role, listener, stop).await;
    keeping.abort();
    ended.context("the server ended")?;
    tracing::info!("stopped");
    Ok(())
}

/// Takes an address, or says what to do when it is taken.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::usage(format!(
            "error: port {port} is taken by another program: stop that one, or choose another port \
             (demo: --port {next}, others: --bind, or bind under [server])",
            port = address.port(),
            next = address.port().checked_add(1).unwrap_or(8080),
        )),
        ErrorKind::PermissionDenied => {
            Failure::usage(format!("error: this user may not listen on port {}: choose one above 1023", address.port()))
        }
        ErrorKind::AddrNotAvailable => {
            Failure::usage(format!("error: this machine has no address {}: see bind under [server]", address.ip()))
        }
        _ => Failure::from(anyhow::Error::from(error).context(format!("{address} cannot be listened on"))),
    })
}

/// Comes when the process is asked to stop. Asking counts from now on, not from when it is first waited for.
///
/// # Errors
/// When the system lets nobody hear its signals.
#[cfg(unix)]
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be heard")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be heard")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Comes when the process is asked to stop.
///
/// # Errors
/// None here.
#[cfg(not(unix))]
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
