//! `chatplug work`: workers alone, until they are told to stop.

use super::{Failure, serve};
use crate::{config::Config, http::Role};

/// Works until SIGTERM or Ctrl+C; answers for its health where it is told to.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let bind = config.server.work_bind;
    serve::start(config, Role::Work, bind).await
}
