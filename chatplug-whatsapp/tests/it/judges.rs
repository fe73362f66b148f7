//! Judges that others made, between our adapters and our fakes: Prism with the providers' official descriptions, and the
//! clients `pywa` and `twilio`; see the crate `chatplug-judges`.

mod connect;
mod meta;
mod twilio;

use serde_json::Value;
use std::path::Path;

/// Runs one of our scripts, in Python.
async fn ask(judges: &Path, script: &str, given: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(script);
    chatplug_judges::ask(judges, &script, given).await
}
