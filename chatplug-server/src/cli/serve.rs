//! `chatplug serve`: a server from a configuration, until it is told to stop.

use super::Failure;
use crate::{config::Config, http::App, logging};
use anyhow::Context;
use chatplug_core::ports::SystemClock;
use std::{io::ErrorKind, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// Serves until SIGTERM or Ctrl+C.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    logging::start(&config.server.log, config.server.log_format)?;
    // The port first: a second server on one machine should not touch the store.
    let stop = stop_signal()?;
    let listener = listen(config.server.bind).await?;
    let tenants = config.tenants.len();
    let app = App::new(config, Arc::new(SystemClock)).await.context("the server cannot start")?;
    let address = listener.local_addr().context("the server cannot listen")?;
    tracing::info!(server.address = %address, tenants, version = env!("CARGO_PKG_VERSION"), "listening");
    app.serve(listener, stop).await.context("the server ended")?;
    tracing::info!("stopped");
    Ok(())
}

/// Takes an address, or says what to do when it is taken.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::usage(format!(
            "error: port {port} is taken by another program: stop that one, or choose another port \
             (demo: --port {next}, serve: bind under [server])",
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
