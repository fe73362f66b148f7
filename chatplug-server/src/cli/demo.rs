//! `chatplug demo`: a made-up salon and a simulated phone, with nothing to set up.

use super::{
    DemoArgs, DemoBooking, DemoMessenger, Failure,
    chat::{forget, temporary},
    serve,
};
use crate::{
    booking::calcom_name,
    config::{
        AltegioAccount, AltegioPlace, BookingConfig, BranchConfig, CalcomAccount, ChannelConfig, Config, Credential,
        DEFAULT_BIND, DEFAULT_MESSAGES_PER_SECOND, LogFormat, MetaApp, ProviderConfig, ReadyConfig, ServerConfig,
        StoreConfig, TenantConfig, TwilioChannel,
    },
    demo::{AtAltegio, AtCalcom, Desk, ENDPOINT, Fake, Simulator, Stage, Started, number_of, numbered},
    http::App,
    logging,
};
use anyhow::Context;
use chatplug_calcom::{CalcomAuth, CalcomEndpoint};
use chatplug_calendar::{CalendarConfig, Plan, demo as salon};
use chatplug_core::{
    model::{BranchId, ChannelId, DateRange, Lang, Policy, TenantId},
    ports::{Clock, Retention, SystemClock},
};
use chrono::Days;
use secrecy::SecretString;
use std::{net::SocketAddr, path::Path, sync::Arc};
use uuid::Uuid;

/// Days that made-up clients have booked, today included.
const FILLED_DAYS: u64 = 7;

/// Where the demo's data is, unless told.
const DATABASE: &str = "chatplug-demo.sqlite";

/// Serves the demo until it is stopped.
pub(super) async fn run(args: DemoArgs) -> Result<(), Failure> {
    logging::start(&args.log, LogFormat::Text)?;
    let stop = serve::stop_signal()?;
    let listener = serve::listen(SocketAddr::from(([127, 0, 0, 1], args.port))).await?;
    let address = listener.local_addr().context("the demo cannot listen")?;
    // A fake forgets what was booked: conversations about it would be about nothing.
    let forgotten = args.booking.is_some();
    let db = match (args.db, forgotten) {
        (Some(db), _) => db,
        (None, false) => DATABASE.into(),
        (None, true) => temporary(),
    };
    let set = set(&db, &format!("http://{address}"), args.messenger, args.booking).await?;
    let url = format!("http://{address}/demo");
    println!("chatplug demo: a made-up salon, and a phone to write to it with\n");
    println!("  open   {url}");
    for (what, at) in set.fakes {
        println!("  fake   {at} ({what})");
    }
    match forgotten {
        true => println!("  data   forgotten when it ends\n"),
        false => println!("  data   {} (delete it to start afresh)\n", db.display()),
    }
    println!("Ctrl+C stops it.");
    if args.open {
        open(&url);
    }
    let served = set.app.serve(listener, stop).await.context("the demo ended");
    if forgotten {
        forget(&db);
    }
    Ok(served?)
}

/// The demo's server on a database file, with some appointments of made-up clients.
pub(super) async fn build(db: &Path) -> Result<App, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let app = App::new(config(db, plan(salon::salon())?)?, clock.clone()).await.context(CANNOT_START)?;
    fill(&app, &*clock).await?;
    Ok(app)
}

/// A demo, ready to be served.
struct Set {
    app: App,
    /// What stands in for whom, and where it is called.
    fakes: Vec<(&'static str, String)>,
}

/// The demo with a fake of a provider behind the page, or of a booking system behind the salon, or both.
async fn set(
    db: &Path,
    origin: &str,
    messenger: Option<DemoMessenger>,
    booking: Option<DemoBooking>,
) -> Result<Set, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let plan = plan(match booking {
        None => salon::salon(),
        Some(DemoBooking::Altegio | DemoBooking::Calcom) => numbered(salon::salon()),
    })?;
    let mut config = config(db, plan.clone())?;
    config.server.public_url = Some(origin.to_owned());
    let mut fakes = Vec::new();
    let fake = match messenger {
        None => None,
        Some(provider) => {
            let (fake, at) = behind(&mut config, provider, origin).await?;
            fakes.push((provider.name(), at));
            Some(fake)
        }
    };
    let tenant = config.tenants.first_mut().context(CANNOT_START)?;
    let branch = tenant.branches.first_mut().context(CANNOT_START)?;
    let mut stage = Stage {
        tenant: tenant.id.clone(),
        name: tenant.name.clone(),
        channel: tenant.channels.first().context(CANNOT_START)?.id.clone(),
        branches: vec![(branch.id.clone(), plan.clone())],
        desk: None,
    };
    if booking == Some(DemoBooking::Altegio) {
        let endpoint = format!("{}{}", Uuid::now_v7().simple(), Uuid::new_v4().simple());
        let at = AtAltegio::start(&plan, origin, endpoint, clock.now()).await.context("the fake cannot start")?;
        fakes.push(("Altegio", at.base_url.clone()));
        branch.booking = BookingConfig::Altegio(AltegioPlace {
            account: ENDPOINT.to_owned(),
            location: AtAltegio::LOCATION,
            user_token: None,
            country: None,
            currency: None,
        });
        config.altegio.push(AltegioAccount {
            name: ENDPOINT.to_owned(),
            partner_token: at.partner_token,
            user_token: Some(at.user_token),
            application_id: None,
            unsigned_redirect: false,
            endpoint: at.endpoint,
            bearer: None,
            base_url: Some(at.base_url),
            marketplace_url: Some(at.marketplace_url),
        });
        stage.desk = Some(Desk::Altegio(at.desk));
    }
    if booking == Some(DemoBooking::Calcom) {
        let word = || SecretString::from(format!("{}{}", Uuid::now_v7().simple(), Uuid::new_v4().simple()));
        let secret = word();
        let endpoint = CalcomEndpoint::of(&secret, &calcom_name(&tenant.id, &branch.id));
        let at = AtCalcom::start(&plan, origin, (ENDPOINT, word()), &endpoint, &clock).await;
        let at = at.context("the fake cannot start")?;
        fakes.push(("Cal.com", at.base_url.clone()));
        branch.booking = BookingConfig::Calcom(Box::new(at.place));
        config.calcom.push(CalcomAccount {
            name: ENDPOINT.to_owned(),
            base_url: Some(at.base_url),
            auth: Some(CalcomAuth::ApiKey(at.api_key)),
            webhook_secrets: vec![secret],
        });
        stage.desk = Some(Desk::Calcom(at.desk));
    }
    let page = match fake {
        Some(fake) => Simulator::before(fake, stage, clock.clone()),
        None => Simulator::new(stage, clock.clone()),
    };
    let app = App::with_page(config, clock.clone(), page).await.context(CANNOT_START)?;
    if booking.is_none() {
        fill(&app, &*clock).await?;
    }
    Ok(Set { app, fakes })
}

/// Puts a fake of a provider behind the page, and an ordinary number at it; with where the fake is called.
async fn behind(config: &mut Config, provider: DemoMessenger, origin: &str) -> Result<(Fake, String), Failure> {
    let tenant = config.tenants.first_mut().context(CANNOT_START)?;
    let channel = tenant.channels.first_mut().context(CANNOT_START)?;
    let started = match provider {
        DemoMessenger::Meta => Fake::meta(&number_of(&tenant.id, &channel.id), origin).await,
        DemoMessenger::Twilio => Fake::twilio(origin).await,
    };
    let Started { fake, base_url, token, secret, account, number } = started.context("the fake cannot start")?;
    let token = Credential::Given(token.into());
    channel.provider = match provider {
        DemoMessenger::Meta => ProviderConfig::Meta {
            app: ENDPOINT.to_owned(),
            phone_number_id: number,
            waba_id: Some(account),
            access_token: token,
            messages_per_second: DEFAULT_MESSAGES_PER_SECOND,
        },
        DemoMessenger::Twilio => ProviderConfig::Twilio(Box::new(TwilioChannel {
            endpoint: ENDPOINT.to_owned(),
            account_sid: account,
            auth_token: token,
            previous_auth_token: None,
            api_key: None,
            shared_key: None,
            number,
            messaging_service: None,
            base_url: Some(base_url.clone()),
            messages_per_second: DEFAULT_MESSAGES_PER_SECOND,
        })),
    };
    if provider == DemoMessenger::Meta {
        config.meta_apps.push(MetaApp {
            name: ENDPOINT.to_owned(),
            app_id: None,
            endpoint: ENDPOINT.to_owned(),
            app_secrets: vec![secret.into()],
            verify_token: String::new().into(),
            graph_version: None,
            base_url: Some(base_url.clone()),
        });
    }
    Ok((fake, base_url))
}

impl DemoMessenger {
    const fn name(self) -> &'static str {
        match self {
            Self::Meta => "Meta",
            Self::Twilio => "Twilio",
        }
    }
}

const CANNOT_START: &str = "the demo cannot start";

/// Appointments of made-up clients.
async fn fill(app: &App, clock: &dyn Clock) -> Result<(), Failure> {
    let tenants = app.engine().directory().tenants().await.context(CANNOT_START)?;
    for tenant in tenants {
        let tenant = app.engine().directory().tenant(&tenant).await.context(CANNOT_START)?;
        for branch in &tenant.branches {
            let catalog = branch.backend.catalog(&branch.id).await.context("the demo's calendar cannot be read")?;
            let today = clock.now().with_timezone(&catalog.branch.zone).date_naive();
            let last = today.checked_add_days(Days::new(FILLED_DAYS - 1)).unwrap_or(today);
            let days = DateRange { from: today, to: last };
            salon::fill(&*branch.backend, &branch.id, days).await.context("the demo's calendar cannot be filled")?;
        }
    }
    Ok(())
}

/// A calendar, checked.
fn plan(calendar: CalendarConfig) -> Result<Plan, Failure> {
    calendar.validate().map_err(|wrong| {
        let first = wrong.first().map(ToString::to_string).unwrap_or_default();
        anyhow::anyhow!("the demo's calendar is wrong: {first}").into()
    })
}

/// The configuration that the demo needs no file for.
fn config(db: &Path, plan: Plan) -> Result<Config, Failure> {
    let id = "an id of the demo is wrong";
    let branch = BranchId::new("chiado").context(id)?;
    let channel = ChannelConfig {
        id: ChannelId::new("simulator").context(id)?,
        branches: vec![branch.clone()],
        provider: ProviderConfig::Simulator,
        templates: Vec::new(),
        template_prefix: chatplug_core::ports::TemplateDesk::PREFIX.to_owned(),
    };
    let tenant = TenantConfig {
        id: TenantId::new("studio-bella").context(id)?,
        name: plan.name().to_owned(),
        policy: Policy { language: Lang::PT, ..Policy::default() },
        texts: Vec::new(),
        branches: vec![BranchConfig::new(branch, BookingConfig::Calendar(Box::new(plan)))],
        channels: vec![channel],
        seal: false,
        transcribe: false,
        llm: None,
        facts: Vec::new(),
        notify: None,
        lobby: None,
    };
    Ok(Config {
        server: ServerConfig::at(DEFAULT_BIND.parse().context("the demo's address is wrong")?),
        store: StoreConfig::at(format!("sqlite:{}", db.display())),
        // The library's own key, in a file beside the database: there is nothing to protect from whoever has both.
        master_keys: None,
        retention: Retention::default(),
        ready: ReadyConfig::default(),
        transcriber: None,
        openai: Vec::new(),
        meta_apps: Vec::new(),
        twilio: None,
        altegio: Vec::new(),
        calcom: Vec::new(),
        tenants: vec![tenant],
    })
}

/// Asks the desktop to open a page. When it cannot, the address is on the screen.
fn open(url: &str) {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(target_os = "windows") {
        ("cmd", &["/C", "start"])
    } else {
        ("xdg-open", &[])
    };
    let _ = std::process::Command::new(program).args(arguments).arg(url).spawn();
}
