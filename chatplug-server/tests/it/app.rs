//! A whole server in this process: the real router on a real database in a temporary folder.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response, StatusCode},
};
use chatplug_core::ports::SystemClock;
use chatplug_server::{
    config::{Environment, parse},
    http::App,
};
use chatplug_whatsapp::meta::sign;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tower::ServiceExt;

pub(crate) const SECRET: &str = "app-secret";
/// The phone number id of the channel on Meta.
pub(crate) const NUMBER: &str = "106540352242922";

const CONFIG: &str = r#"
[server]
inline_secrets = true

[vault]
master_keys = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

[[meta_app]]
name = "main"
app_secret = "app-secret"
verify_token = "verify-me"
base_url = "http://127.0.0.1:9"

[[tenant]]
id = "bella"
name = "Bella"
policy = { language = "en" }
[[tenant.branch]]
id = "centre"
calendar = "calendar.toml"
[[tenant.channel]]
id = "whatsapp"
provider = "meta"
phone_number_id = "106540352242922"
access_token = "token"
[[tenant.channel]]
id = "page"
provider = "simulator"
"#;

const ANOTHER: &str = r#"
[[meta_app]]
name = "another"
endpoint = "another"
app_secret = "another-secret"
verify_token = "verify-me-too"
base_url = "http://127.0.0.1:9"

[[tenant]]
id = "norte"
name = "Norte"
[[tenant.branch]]
id = "porto"
calendar = "calendar.toml"
[[tenant.channel]]
id = "whatsapp"
provider = "meta"
app = "another"
phone_number_id = "206540352242923"
access_token = "token"
"#;

/// A server with one tenant: a number on Meta (which cannot be reached) and the simulator.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    router: Router,
    workers: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl TestApp {
    /// A server that takes requests but runs no conversations.
    pub(crate) async fn idle() -> Self {
        Self::of(CONFIG).await
    }

    /// The same, with an app and a tenant of another owner beside it.
    pub(crate) async fn beside_another() -> Self {
        let own = CONFIG.replace("provider = \"meta\"\n", "provider = \"meta\"\napp = \"main\"\n");
        Self::of(&format!("{own}{ANOTHER}")).await
    }

    async fn of(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("calendar.toml"), chatplug_calendar::demo::SALON).unwrap();
        let store = format!("[store]\nurl = \"sqlite:{}\"\n", folder.path().join("test.sqlite").display());
        let config = parse("test.toml", &format!("{store}{config}"), folder.path(), &Environment::default()).unwrap();
        let app = Arc::new(App::new(config, Arc::new(SystemClock)).await.unwrap());
        Self { router: app.router(), app, workers: None, _folder: folder }
    }

    /// A server with workers.
    pub(crate) async fn working() -> Self {
        let mut this = Self::idle().await;
        let app = this.app.clone();
        this.workers = Some(tokio::spawn(async move { app.work().await }));
        this
    }

    /// Asks for something.
    pub(crate) async fn request(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Status and text of a GET.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        whole(self.request(Request::get(path).body(Body::empty()).unwrap()).await).await
    }

    /// A GET's JSON.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Status and text of a POST of JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, String) {
        let request = Request::post(path).header("content-type", "application/json");
        whole(self.request(request.body(Body::from(body.to_string())).unwrap()).await).await
    }

    /// Status of a webhook that is signed with `secret`.
    pub(crate) async fn webhook(&self, body: impl Into<Bytes>, secret: &str) -> StatusCode {
        self.webhook_at("main", body, secret).await
    }

    /// The same, at an endpoint.
    pub(crate) async fn webhook_at(&self, endpoint: &str, body: impl Into<Bytes>, secret: &str) -> StatusCode {
        let body = body.into();
        let request =
            Request::post(format!("/webhooks/meta/{endpoint}")).header("x-hub-signature-256", sign(secret, &body));
        self.request(request.body(Body::from(body)).unwrap()).await.status()
    }

    /// A figure of `/metrics`; 0 when it is not there.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.get("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Asks again until the answer fits. Not a sleep: it goes on as soon as it fits, and fails with what it saw last.
    pub(crate) async fn until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1000 {
            let answer = self.json(path).await;
            if fits(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} never came to fit: {:#}", self.json(path).await);
    }

    /// Stops the workers and waits for them.
    pub(crate) async fn stop(mut self) {
        self.app.stop();
        if let Some(workers) = self.workers.take() {
            workers.await.unwrap();
        }
    }
}

/// Status and text.
pub(crate) async fn whole(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A message of a client as Meta posts it.
pub(crate) fn message(number: &str, id: &str, text: &str) -> String {
    message_from("351912345678", number, id, text)
}

/// The same of a certain client.
pub(crate) fn message_from(phone: &str, number: &str, id: &str, text: &str) -> String {
    serde_json::json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages",
        "value": { "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "351210000010", "phone_number_id": number },
            "contacts": [{ "profile": { "name": "Marta" }, "wa_id": phone }],
            "messages": [{ "from": phone, "id": id, "timestamp": "1763700000", "type": "text",
                "text": { "body": text } }] } }] }] })
    .to_string()
}
