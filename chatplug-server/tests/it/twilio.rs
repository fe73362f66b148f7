//! A tenant whose number is at Twilio: the same program, another block in the file, and a fake Twilio at the other end.

use chatplug_core::{model::OwnFile, ports::SystemClock};
use chatplug_server::{
    config::{Config, Credential, Environment, ProviderConfig, TwilioChannel, parse},
    http::{App, AppError},
};
use chatplug_whatsapp::fake::twilio::{FakeClient, FakeTwilio, ListPick};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;
use tokio::task::JoinHandle;

const NUMBER: &str = "+15550009999";

/// A file with one channel, whose block is `channel`.
fn file(public_url: &str, channel: &str) -> String {
    format!(
        r#"
[server]
inline_secrets = true
{public_url}

[vault]
master_keys = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

[[tenant]]
id = "bella"
name = "Bella"
policy = {{ language = "en", calendar_file = true }}
[[tenant.branch]]
id = "centre"
calendar = "calendar.toml"
[[tenant.channel]]
id = "whatsapp"
{channel}
"#
    )
}

fn block(base_url: &str, auth_token: &str) -> String {
    format!(
        "provider = \"twilio\"\naccount_sid = \"{}\"\nauth_token = {auth_token}\nnumber = \"{NUMBER}\"\n\
         base_url = \"{base_url}\"\n",
        FakeTwilio::ACCOUNT
    )
}

fn read(text: &str, folder: &Path) -> Result<Config, Vec<String>> {
    std::fs::write(folder.join("calendar.toml"), chatplug_calendar::demo::SALON).unwrap();
    let text = format!("[store]\nurl = \"sqlite:{}\"\n{text}", folder.join("test.sqlite").display());
    let environment = Environment([("SET".to_owned(), "x".to_owned())].into());
    let told = parse("f.toml", &text, folder, &environment);
    told.map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

/// A server that listens, with a fake Twilio that posts to it.
struct Served {
    twilio: FakeTwilio,
    app: Arc<App>,
    tasks: [JoinHandle<()>; 2],
    public: String,
    _folder: TempDir,
}

impl Served {
    async fn start() -> Self {
        let twilio = FakeTwilio::start().await.unwrap();
        twilio.add_account(FakeTwilio::ACCOUNT, FakeTwilio::TOKEN).add_sender(FakeTwilio::ACCOUNT, NUMBER);
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public = format!("http://{}", listener.local_addr().unwrap());
        let channel = block(&twilio.base_url(), &format!("\"{}\"", FakeTwilio::TOKEN));
        let config = read(&file(&format!("public_url = \"{public}\""), &channel), folder.path()).unwrap();
        let app = Arc::new(App::new(config, Arc::new(SystemClock)).await.unwrap());
        twilio.callback(&format!("{public}/webhooks/twilio/main"));
        let (router, worker) = (app.router(), app.clone());
        let tasks = [
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }),
            tokio::spawn(async move { worker.work().await }),
        ];
        Self { twilio, app, tasks, public, _folder: folder }
    }

    fn client(&self) -> FakeClient {
        self.twilio.client("+351912345678").named("Marta")
    }

    async fn stop(self) {
        self.app.stop();
        let [server, worker] = self.tasks;
        worker.await.unwrap();
        server.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_writes_taps_and_is_answered() {
    let served = Served::start().await;
    let marta = served.client();
    marta.says("Hi").await;
    let greeting = marta.next().await;
    assert!(!greeting.choices().is_empty(), "{greeting:?}");
    marta.chooses_nth(1).await;
    let answer = marta.next().await;
    assert!(!answer.text().is_empty() && answer.text() != greeting.text(), "{answer:?}");
    served.twilio.settled().await;
    // Messages are answered with an empty document, statuses with nothing at all.
    let answers = served.twilio.answers();
    assert!(answers.contains(&200) && answers.contains(&204), "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 200 | 204)) && served.twilio.alerts().is_empty());
    // What was sent names its key, and was taken once.
    assert!(served.twilio.all_sent().iter().all(|sent| sent.key.is_some() && sent.failure.is_none()));
    assert_eq!(served.twilio.refused(), 0);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pick_is_understood_however_it_is_told() {
    let served = Served::start().await;
    let mut told = Vec::new();
    for (n, how) in [ListPick::ListFields, ListPick::ButtonFields, ListPick::BodyOnly].into_iter().enumerate() {
        let client = served.twilio.client(&format!("+35191234500{n}")).named("Marta").picking_by(how);
        client.says("I would like a haircut").await;
        let mut offered = vec![client.next().await];
        for _ in 0..2 {
            let newest = offered.last().unwrap();
            assert_eq!(newest.kind, "list-picker", "{newest:?}");
            client.chooses_nth(1).await;
            offered.push(client.next().await);
        }
        told.push(offered.into_iter().map(|message| message.text().to_owned()).collect::<Vec<_>>());
    }
    assert!(told[0] == told[1] && told[1] == told[2], "{told:#?}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_changes_nothing() {
    let served = Served::start().await;
    let marta = served.client();
    let event = marta.text("Hi");
    let (body, _) = served.twilio.signed(&event).unwrap();
    for signature in [None, Some(""), Some("c2lnbmF0dXJlIHRoYXQgaXMgbm90")] {
        assert_eq!(served.twilio.post_raw(body.clone(), signature).await, 401);
    }
    // The same, rightly signed, and once more: one conversation, one answer.
    served.twilio.deliver([event.clone(), event]).await;
    marta.next().await;
    served.twilio.settled().await;
    assert_eq!(served.twilio.all_sent().len(), 1);
    served.stop().await;
}

fn channel(config: &Config) -> &TwilioChannel {
    match &config.tenants[0].channels[0].provider {
        ProviderConfig::Twilio(channel) => channel,
        other => panic!("{other:?}"),
    }
}

const PUBLIC: &str = "public_url = \"https://chat.example.com\"";

#[test]
fn a_block_is_read_with_what_it_may_leave_out() {
    let folder = tempfile::tempdir().unwrap();
    let config = read(&file(PUBLIC, &block("http://127.0.0.1:9", "{ env = \"SET\" }")), folder.path()).unwrap();
    let least = channel(&config);
    assert_eq!((least.endpoint.as_str(), least.messages_per_second, least.credentials().count()), ("main", 80, 1));
    assert_eq!(least.webhook_url("https://chat.example.com"), "https://chat.example.com/webhooks/twilio/main");
    let more = "endpoint = \"bella\"\nprevious_auth_token = { vault = \"old\" }\n\
        api_key = \"SK00000000000000000000000000000001\"\napi_key_secret = { vault = \"key\" }\n\
        shared_key = \"webhooks_sharedkey_0001\"\nshared_key_secret = { vault = \"shared\" }\n\
        messaging_service = \"MG00000000000000000000000000000001\"\nmessages_per_second = 5\n";
    let text = file(PUBLIC, &(block("http://127.0.0.1:9", "{ vault = \"twilio\" }") + more));
    let config = read(&text, folder.path()).unwrap();
    let most = channel(&config);
    let kept = most.credentials().map(|credential| match credential {
        Credential::Kept(name) => name.as_str(),
        Credential::Given(_) => "given",
    });
    assert_eq!(kept.collect::<Vec<_>>(), ["twilio", "old", "key", "shared"]);
    assert_eq!((most.endpoint.as_str(), most.messages_per_second), ("bella", 5));
}

#[test]
fn the_block_of_the_sample_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/config.sample.toml");
    let sample = std::fs::read_to_string(sample).unwrap();
    let (_, block) = sample.split_once("# [[tenant.channel]]\n# id = \"main\"\n").unwrap();
    let block: String = block.lines().take_while(|line| *line != "#").map(|line| format!("{}\n", &line[2..])).collect();
    let block = block.replace("{ env = \"BELLA_TWILIO_TOKEN\" }", "{ env = \"SET\" }").replace("centro", "centre");
    let config = read(&file(PUBLIC, &block), folder.path()).unwrap();
    assert_eq!((channel(&config).endpoint.as_str(), channel(&config).credentials().count()), ("main", 4));
}

#[test]
fn check_tells_the_address_to_give_to_twilio() {
    let folder = tempfile::tempdir().unwrap();
    let text = file(PUBLIC, &block("http://127.0.0.1:9", "\"t\""));
    std::fs::write(folder.path().join("calendar.toml"), chatplug_calendar::demo::SALON).unwrap();
    std::fs::write(folder.path().join("chatplug.toml"), text).unwrap();
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_chatplug"));
    let output = check.args(["check", "--config"]).arg(folder.path().join("chatplug.toml")).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let told = "webhook of whatsapp of bella: https://chat.example.com/webhooks/twilio/main#rc=3&rp=all\n";
    assert!(output.status.success() && out.ends_with(told), "{out}");
}

#[test]
fn everything_wrong_in_a_block_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let told = |public: &str, channel: &str| {
        let told = read(&file(public, channel), folder.path()).unwrap_err();
        told.iter().map(|line| line.splitn(4, ':').nth(3).unwrap().trim().to_owned()).collect::<Vec<_>>()
    };
    let wrong = "provider = \"twilio\"\nendpoint = \"Über\"\naccount_sid = \"AC1\"\nauth_token = { vault = \"Über\" }\n\
        api_key = \"AC1\"\nshared_key_secret = { env = \"SET\" }\nnumber = \"bella\"\nmessaging_service = \"MG1\"\n\
        base_url = \"api.twilio.com\"\nmessages_per_second = 0\nphone_number_id = \"1\"\n";
    let expected = [
        "`api_key_secret` is missing here",
        "`shared_key` is missing here",
        "Twilio signs the address that it calls, and is told where to report what became of a message: write public_url \
         under [server]",
        "an endpoint may hold only a-z, 0-9, - and _",
        "must be AC and 32 hexadecimal digits",
        "a credential's name has 1 to 64 characters of a-z, 0-9, -, _ and .",
        "must be SK and 32 hexadecimal digits",
        "must be the sender's number with its country code, such as `+15550009999`",
        "must be MG and 32 hexadecimal digits",
        "`api.twilio.com` is not an address that begins with https:// or http://",
        "must be 1 to 1000",
        "`phone_number_id` is a key of provider \"meta\"",
    ];
    assert_eq!(told("", wrong), expected);
    let bare = told(PUBLIC, "provider = \"twilio\"\n");
    assert_eq!(bare, ["account_sid", "auth_token", "number"].map(|key| format!("`{key}` is missing here")));
    let near = told(PUBLIC, &(block("http://127.0.0.1:9", "\"t\"") + "mesaging_service = \"MG\"\n"));
    assert_eq!(near, ["unknown key `mesaging_service`; did you mean `messaging_service`?"]);
    let near = told(PUBLIC, "provider = \"twillio\"\n");
    assert_eq!(near, ["unknown value `twillio`; did you mean `twilio`?"]);
    let twice = format!("{0}[[tenant.channel]]\nid = \"other\"\n{0}", block("http://127.0.0.1:9", "\"t\""));
    let twice = told(PUBLIC, &twice);
    assert!(twice.len() == 1 && twice[0].contains("belongs to another channel already"), "{twice:?}");
}

#[tokio::test]
async fn a_token_that_is_not_in_the_database_is_asked_for_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let config = read(&file(PUBLIC, &block("http://127.0.0.1:9", "{ vault = \"twilio\" }")), folder.path()).unwrap();
    let refused = App::new(config, Arc::new(SystemClock)).await.err();
    assert!(matches!(refused, Some(AppError::NoCredential { name, .. }) if name == "twilio"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_ours_is_served_to_whoever_has_its_address_and_nothing_else_is() {
    let served = Served::start().await;
    let now = chatplug_core::ports::Clock::now(&SystemClock);
    let file = OwnFile { mime: "text/calendar".into(), bytes: b"BEGIN:VCALENDAR".to_vec().into() };
    // As the channel itself makes them: by its own secret.
    let files = |channel: &str| {
        let base = format!("{}/files/bella/{channel}", served.public);
        chatplug_whatsapp::ServedFiles::new(base, &FakeTwilio::TOKEN.to_owned().into())
    };
    let get = async |address: String| {
        let answer = reqwest::get(address).await.unwrap();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        (answer.status().as_u16(), kind.unwrap_or_default(), answer.bytes().await.unwrap())
    };
    let address = files("whatsapp").address(&file, now).unwrap();
    assert_eq!(get(address.clone()).await, (200, "text/calendar".to_owned(), file.bytes.clone()));
    let old = files("whatsapp").address(&file, now - chrono::Duration::hours(6)).unwrap();
    assert_eq!(get(old).await.0, 410);
    let forged = format!("{}A", address.trim_end_matches(|c: char| c != '/'));
    for wrong in [forged, files("other").address(&file, now).unwrap(), address.replace("/bella/", "/other/")] {
        assert_eq!(get(wrong).await.0, 404);
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_books_gets_the_appointment_for_their_calendar() {
    let served = Served::start().await;
    let marta = served.client();
    marta.says("I would like a haircut tomorrow at 15:30").await;
    let mut files = Vec::new();
    for _ in 0..8 {
        let shown = marta.next().await;
        files.extend(shown.media.iter().cloned());
        if !files.is_empty() {
            break;
        }
        if !shown.choices().is_empty() {
            marta.chooses_nth(1).await;
        }
    }
    let text = reqwest::get(&files[0]).await.unwrap().text().await.unwrap();
    assert!(text.starts_with("BEGIN:VCALENDAR") && text.contains("METHOD:PUBLISH"), "{text}");
    served.stop().await;
}
