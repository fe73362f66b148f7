//! The simulator as people use it: the real program, a real Chromium, taps and keys. Pictures are kept in
//! `target/artifacts/`. Without Chromium and its driver, or with `CHATPLUG_NO_BROWSER` set, these tests say so and
//! return. What the bot answers in which words is tested elsewhere; here, that the page shows and sends it.

use chatplug_core::ports::{Clock, SystemClock};
use chrono::{Days, NaiveDate};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader},
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use thirtyfour::{extensions::query::ElementPollerWithTimeout, prelude::*};

/// How long a condition may take to come true; a loaded machine is slow.
const WAIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const EMMA: &str = "447700900101";
const MARIA: &str = "5511990000101";

#[tokio::test]
async fn books_by_tapping_only() {
    in_browser("tapping", Screen::Desk, async |page| {
        page.open(&format!("client={MARIA}&lang=pt")).await?;
        page.answered("(//*[@data-testid='suggestion'])[1]").await?;
        page.pick("starts-with(., 'Fazer marcação')").await?;
        page.tap(&page.last("list-open").await?).await?;
        page.see("//*[@data-testid='list-sheet']//*[starts-with(., 'Corte de senhora')]").await?;
        page.keep("list").await?;
        page.answered(&row("starts-with(., 'Corte de senhora')")).await?;
        page.pick("starts-with(., 'Sem preferência')").await?;
        page.pick("position()=2").await?;
        // The day that was asked for is looked at beside the phone.
        page.see("//*[@data-testid='state']//*[@data-testid='asked'][@data-asked='time']").await?;
        let time = page.pick("position()=1").await?;
        let time = time.lines().next().unwrap().to_owned();
        assert!(page.bubble().await?.contains(&time), "the summary names {time}");
        page.answered(&page.last("reply-button").await?).await?;
        page.see("//*[@data-testid='bubble'][@data-mine='false'][contains(., 'está marcado')]").await?;
        page.see("//*[@data-testid='bubble'][@data-kind='location'][contains(., 'Rua Garrett 48')]").await?;
        page.see(&format!("//*[@data-testid='entry'][@data-client='{MARIA}'][@data-start='{time}']")).await?;
        page.see("//*[@data-testid='turn'][contains(., 'Sim, marcar')]//*[contains(., 'commit')]").await?;
        page.see("//*[@data-testid='state']//*[@data-testid='flow'][@data-flow='idle']").await?;
        page.see("//*[@data-testid='bubble'][@data-mine='true']//*[@data-status='read']").await?;
        page.keep("booked").await
    })
    .await;
}

#[tokio::test]
async fn books_by_typing_a_sentence() {
    in_browser("typing", Screen::Desk, async |page| {
        let date = page.free_afternoon().await;
        let day = date.format("%A %-d %B").to_string();
        page.open(&format!("client={EMMA}&lang=en")).await?;
        page.say(&format!("Women's haircut with Ana on {day} at 15:00")).await?;
        let summary = page.bubble().await?;
        assert!(summary.contains(&format!("{day} at 15:00")) && summary.contains("Ana Marques"), "{summary}");
        page.see(&format!(r#"//*[@data-testid="turn"]//q[contains(., "Women's haircut with Ana on {day}")]"#)).await?;
        page.keep("summary").await?;
        page.say("yes").await?;
        page.see(r#"//*[@data-testid="bubble"][@data-mine="false"][contains(., "You're booked")]"#).await?;
        let entry = "//*[@data-testid='entry'][@data-staff='ana'][@data-start='15:00']";
        assert!(page.text(&format!("{entry}[@data-client='{EMMA}']")).await?.contains("Emma Clark"));
        let shown = page.see("//*[@data-testid='day']//label[.//*[@data-testid='day-date']]").await?;
        let shown = shown.find(By::Testid("day-date")).await?.value().await?;
        assert_eq!(shown, Some(date.to_string()), "the calendar went along to the day");
        page.keep("booked").await
    })
    .await;
}

#[tokio::test]
async fn lets_a_person_take_over_on_a_small_screen() {
    in_browser("take-over", Screen::Phone, async |page| {
        page.open(&format!("client={EMMA}&lang=en")).await?;
        page.say("How much is a pedicure?").await?;
        assert!(page.bubble().await?.contains("28"));
        page.keep("chat").await?;

        page.tap(&testid("tab-why")).await?;
        page.tap(&testid("take-over")).await?;
        page.see("//*[@data-testid='holder'][@data-holder='person']").await?;
        page.tap(&testid("operator-text")).await?;
        page.type_in("Carla here: bring your own colour <b>if you like</b>").await?;
        page.keep("person").await?;
        page.tap(&testid("operator-send")).await?;
        page.tap(&testid("tab-chat")).await?;
        let bubble = "//*[@data-testid='bubble'][@data-mine='false']";
        page.see(&format!("{bubble}[contains(., 'Team')][contains(., '<b>if you like</b>')]")).await?;
        page.send("How much is a haircut?").await?;
        page.see("//*[@data-testid='bubble'][@data-mine='true'][contains(., 'haircut')]").await?;
        page.keep("both").await?;

        page.tap(&testid("tab-why")).await?;
        page.tap(&testid("hand-back")).await?;
        page.see("//*[@data-testid='holder'][@data-holder='bot']").await?;
        page.tap(&testid("tab-chat")).await?;
        page.send("Where are you?").await?;
        page.see(&format!("{bubble}[contains(., 'Rua Garrett 48')]")).await?;
        let prices = page.driver.find_all(By::XPath(format!("{bubble}[contains(., '€')]"))).await?;
        assert_eq!(prices.len(), 1, "the bot kept silent while a person had the conversation");
        page.tap(&testid("tab-day")).await?;
        page.see("//*[@data-testid='day-column'][@data-staff='ana']").await?;
        page.keep("day").await
    })
    .await;
}

#[tokio::test]
async fn needs_no_mouse() {
    in_browser("keyboard", Screen::Desk, async |page| {
        page.open(&format!("client={EMMA}&lang=en")).await?;
        page.say("I would like a pedicure").await?;
        let opener = page.see(&page.last("list-open").await?).await?;
        page.walk_back_to(&opener).await?;
        page.press(Key::Enter).await?;
        page.see(&testid("list-sheet")).await?;
        let first = page.driver.active_element().await?;
        assert_eq!(first.attr("data-testid").await?.as_deref(), Some("list-row"), "an open list takes the focus");
        page.press(Key::Up).await?;
        page.press(Key::Tab).await?;
        let inside = page.driver.active_element().await?;
        assert_eq!(inside.attr("data-testid").await?.as_deref(), Some("list-close"), "Tab stays inside the list");
        page.press(Key::Escape).await?;
        page.driver.query(By::XPath("//*[@data-testid='list-sheet'][@hidden]")).first().await?;
        assert_eq!(page.driver.active_element().await?, opener, "the focus comes back");

        page.press(Key::Enter).await?;
        page.see(&testid("list-sheet")).await?;
        page.press(Key::Down).await?;
        page.keep("list").await?;
        let chosen = page.driver.active_element().await?;
        let chosen = chosen.text().await?.lines().next().unwrap().to_owned();
        let before = page.bubbles().await?;
        page.press(Key::Enter).await?;
        page.see(&format!("{}[@data-mine='true'][contains(., '{chosen}')]", nth(before + 1))).await?;
        page.see(&format!("{}[@data-mine='false']", nth(before + 2))).await?;
        Ok(())
    })
    .await;
}

/// Path of what carries a `data-testid`.
fn testid(id: &str) -> String {
    format!("//*[@data-testid='{id}']")
}

/// Path of a row of the open list.
fn row(which: &str) -> String {
    format!("(//*[@data-testid='list-row'])[{which}]")
}

/// Path of a bubble, counted from 1.
fn nth(bubble: usize) -> String {
    format!("(//*[@data-testid='bubble'])[{bubble}]")
}

#[derive(Debug, Clone, Copy)]
enum Screen {
    Desk,
    Phone,
}

/// The page of a demo of its own, in a browser of its own.
struct Page {
    driver: WebDriver,
    /// Address of the page.
    url: String,
    http: reqwest::Client,
    name: &'static str,
}

impl Page {
    async fn open(&self, query: &str) -> WebDriverResult<()> {
        self.driver.goto(format!("{}?{query}", self.url)).await?;
        self.see("//*[@data-testid='suggestion']").await?;
        Ok(())
    }

    /// Waits until it is there and can be seen.
    async fn see(&self, xpath: &str) -> WebDriverResult<WebElement> {
        self.driver.query(By::XPath(xpath)).desc(xpath).ignore_errors(true).and_displayed().first().await
    }

    /// Taps it as soon as it is there.
    async fn tap(&self, xpath: &str) -> WebDriverResult<()> {
        self.with(xpath, async |found| found.click().await).await
    }

    /// Its text, as soon as it is there.
    async fn text(&self, xpath: &str) -> WebDriverResult<String> {
        self.with(xpath, async |found| found.text().await).await
    }

    /// Does something with what is there; when the page was drawn anew meanwhile, looks again.
    async fn with<T>(&self, xpath: &str, act: impl AsyncFn(WebElement) -> WebDriverResult<T>) -> WebDriverResult<T> {
        let begun = Instant::now();
        loop {
            match act(self.see(xpath).await?).await {
                Err(error) if begun.elapsed() > WAIT => return Err(error),
                Err(_) => {}
                done => return done,
            }
        }
    }

    async fn bubbles(&self) -> WebDriverResult<usize> {
        Ok(self.driver.find_all(By::Testid("bubble")).await?.len())
    }

    /// Text of the last bubble.
    async fn bubble(&self) -> WebDriverResult<String> {
        self.text("(//*[@data-testid='bubble'])[last()]").await
    }

    /// Path of the latest of its kind in the chat.
    async fn last(&self, id: &str) -> WebDriverResult<String> {
        let bubble = nth(self.bubbles().await?);
        self.see(&format!("({bubble}//*[@data-testid='{id}'])[1]")).await?;
        Ok(format!("({bubble}//*[@data-testid='{id}'])[1]"))
    }

    /// Taps what says something, and waits for the salon's answer to it.
    async fn answered(&self, xpath: &str) -> WebDriverResult<()> {
        let before = self.bubbles().await?;
        self.tap(xpath).await?;
        self.see(&format!("{}[@data-mine='true']", nth(before + 1))).await?;
        self.see(&format!("{}[@data-mine='false']", nth(before + 2))).await?;
        Ok(())
    }

    /// Opens the latest list, takes a row, and waits for the answer to it; answers what the row said.
    async fn pick(&self, which: &str) -> WebDriverResult<String> {
        self.tap(&self.last("list-open").await?).await?;
        let row = row(which);
        let text = self.text(&row).await?;
        self.answered(&row).await?;
        Ok(text)
    }

    /// Types into what has the focus.
    async fn type_in(&self, text: &str) -> WebDriverResult<()> {
        self.driver.active_element().await?.send_keys(text).await
    }

    async fn press(&self, key: Key) -> WebDriverResult<()> {
        self.driver.action_chain().send_keys(key).perform().await
    }

    /// Presses Shift+Tab until it has the focus.
    async fn walk_back_to(&self, target: &WebElement) -> WebDriverResult<()> {
        for _ in 0..40 {
            let back = self.driver.action_chain().key_down(Key::Shift).send_keys(Key::Tab).key_up(Key::Shift);
            back.perform().await?;
            if self.driver.active_element().await? == *target {
                return Ok(());
            }
        }
        panic!("Shift+Tab never comes there");
    }

    /// Writes a message and sends it with Enter.
    async fn send(&self, text: &str) -> WebDriverResult<()> {
        self.tap(&testid("composer")).await?;
        self.type_in(text).await?;
        self.press(Key::Enter).await
    }

    /// Sends a message and waits for the answer to it.
    async fn say(&self, text: &str) -> WebDriverResult<()> {
        let before = self.bubbles().await?;
        self.send(text).await?;
        self.see(&format!("{}[@data-mine='false']", nth(before + 2))).await?;
        Ok(())
    }

    /// A day, past the made-up appointments, on which Ana works at 15:00 and has nothing to do.
    async fn free_afternoon(&self) -> NaiveDate {
        for ahead in 8..40 {
            let date = SystemClock.now().date_naive() + Days::new(ahead);
            let answer = self.http.get(format!("{}/api/day?date={date}", self.url)).send().await.unwrap();
            let day: Value = answer.error_for_status().unwrap().json().await.unwrap();
            let ana = day["staff"].as_array().unwrap().iter().find(|person| person["id"] == "ana").unwrap();
            let works = |stretch: &Value| stretch["from"].as_i64() <= Some(900) && stretch["to"].as_i64() >= Some(960);
            let free = day["entries"].as_array().unwrap().iter().all(|entry| entry["staff"] != "ana");
            if free && ana["hours"].as_array().unwrap().iter().any(works) {
                return date;
            }
        }
        panic!("Ana has no free afternoon");
    }

    /// Keeps a picture of the window.
    async fn keep(&self, what: &str) -> WebDriverResult<()> {
        let folder = target().join("../artifacts");
        std::fs::create_dir_all(&folder).unwrap();
        self.driver.screenshot(&folder.join(format!("browser-{}-{what}.png", self.name))).await
    }
}

/// Runs a story on a fresh demo in a fresh browser, and leaves neither running, whatever happens.
async fn in_browser(name: &'static str, screen: Screen, story: impl AsyncFnOnce(&Page) -> WebDriverResult<()>) {
    let browsers = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found = (browsers.into_iter().find_map(on_path), on_path("chromedriver"));
    let (Some(browser), Some(driver), None) = (found.0, found.1, env::var_os("CHATPLUG_NO_BROWSER")) else {
        println!("skipped: no chromium, no chromedriver, or CHATPLUG_NO_BROWSER is set");
        return;
    };
    let program = target().join("chatplug");
    assert!(program.exists(), "{program:?} is missing: cargo build -p chatplug-server --bin chatplug");
    let folder = TempDir::new().unwrap();
    let mut demo = Command::new(program);
    demo.env_remove("RUST_LOG").args(["demo", "--port", "0", "--db"]).arg(folder.path().join("demo.sqlite"));
    let demo = Running::start(&mut demo, |line| line.trim().strip_prefix("open   ").map(str::to_owned));
    let mut driver = Command::new(driver);
    let started = "started successfully on port ";
    let driver = Running::start(driver.arg("--port=0"), |line| {
        let port = line.split_once(started)?.1.trim_end_matches('.');
        Some(format!("http://127.0.0.1:{port}"))
    });

    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().timeout(2 * WAIT).build().unwrap();
    let session = WebDriver::builder(&driver.told, capabilities(screen, &browser, folder.path()).unwrap())
        .client(http.clone())
        .poller(Arc::new(ElementPollerWithTimeout::new(WAIT, LOOK_EVERY)))
        .connect();
    let page = Page { driver: session.await.unwrap(), url: demo.told.clone(), http, name };
    let outcome = AssertUnwindSafe(story(&page)).catch_unwind().await;
    if !matches!(outcome, Ok(Ok(()))) {
        let _ = page.keep("failed").await;
    }
    let closed = page.driver.quit().await;
    match outcome {
        Ok(outcome) => outcome.unwrap(),
        Err(panic) => resume_unwind(panic),
    }
    closed.unwrap();
}

fn capabilities(screen: Screen, browser: &Path, folder: &Path) -> WebDriverResult<thirtyfour::ChromeCapabilities> {
    let mut wanted = DesiredCapabilities::chrome();
    wanted.set_binary(&browser.display().to_string())?;
    let flags = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run \
                 --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage \
                 --force-prefers-reduced-motion --hide-scrollbars --window-size=1440,900";
    for flag in flags.split_whitespace() {
        wanted.add_arg(flag)?;
    }
    wanted.add_arg(&format!("--user-data-dir={}", folder.join("profile").display()))?;
    if matches!(screen, Screen::Phone) {
        let metrics = json!({ "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true, "mobile": true });
        wanted.add_experimental_option("mobileEmulation", json!({ "deviceMetrics": metrics }))?;
    }
    Ok(wanted)
}

/// The folder that the programs of this build lie in.
fn target() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

fn on_path(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program.as_ref())).find(|file| file.is_file())
}

/// A program that runs until this is dropped.
struct Running {
    child: Child,
    /// What it said about where it listens.
    told: String,
    /// Kept open: who writes to a closed pipe is killed.
    out: BufReader<ChildStdout>,
}

impl Running {
    /// Starts it, and waits for the line that says where it listens.
    fn start(command: &mut Command, address: impl Fn(&str) -> Option<String>) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { child, told: String::new(), out };
        loop {
            let mut line = String::new();
            assert!(running.out.read_line(&mut line).unwrap() > 0, "{command:?} ended without listening");
            if let Some(told) = address(line.trim_end()) {
                running.told = told;
                return running;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
