//! A salon goes from Altegio to Cal.com while its clients write to it: the real program serves, `chatplug swap` is run beside
//! it and killed in the middle, and in the end everybody has their visit once.

use crate::support::{
    altegio,
    program::{MASTER_KEY, Program, binary},
};
use chatplug::{
    calendar::demo,
    model::{BranchId, Catalog, Lang, local_to_utc},
    ports::{Clock as _, SystemClock},
    whatsapp::fake::meta::{FakeClient, FakeMeta, SentMessage},
};
use chatplug_altegio::fake::FakeAltegio;
use chatplug_calcom::fake::{FakeCalcom, FakeEventType, FakeRole, FakeSchedule, FakeStatus, FakeTeam, FakeUser, Fault};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use std::{
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
};
use tokio::process::Command;

const NUMBER: &str = "101";
/// The first user of the salon at Cal.com: those before it are the fake's own.
const FIRST: u64 = 71;

struct Move {
    dir: tempfile::TempDir,
    altegio: FakeAltegio,
    calcom: FakeCalcom,
    meta: FakeMeta,
    config: PathBuf,
    /// A day that the salon works on, within the next six.
    day: NaiveDate,
}

impl Move {
    async fn new() -> Self {
        let clock = Arc::new(SystemClock);
        let plan = demo::salon();
        let told = plan.validate().unwrap().catalog(&BranchId::new("baixa").unwrap());
        let (altegio, calcom, meta) =
            (FakeAltegio::start().await.unwrap(), FakeCalcom::start().await.unwrap(), FakeMeta::start().await.unwrap());
        altegio.use_clock(clock.clone()).add_salon(altegio::salon(&plan, &told));
        calcom.use_clock(clock.clone());
        fill(&calcom, &told);
        meta.use_clock(clock.clone()).add_number(NUMBER, "351210000000", "waba-1");
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("chatplug.toml");
        std::fs::write(&config, file(dir.path(), &altegio, &calcom, &meta, &told)).unwrap();
        let today = clock.now().with_timezone(&told.branch.zone).date_naive();
        let day = (2..7)
            .map(|days| today + Days::new(days))
            .find(|day| (1..4).contains(&day.weekday().num_days_from_monday()));
        Self { dir, altegio, calcom, meta, config, day: day.unwrap() }
    }

    /// What `chatplug swap` prints, and whether it went well.
    async fn swap(&self, arguments: &[&str]) -> (bool, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().await.unwrap();
        let told = format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        println!("$ chatplug swap {}\n{told}", arguments.join(" "));
        (status.success(), told)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.arg("swap").args(arguments).arg("--config").arg(&self.config).current_dir(self.dir.path());
        command.args(["--from", "altegio", "--to", "calcom"]).kill_on_drop(true);
        command
    }

    /// Waits until a client has read such a message, and answers it.
    async fn reads(&self, client: &FakeClient, what: &str, such: impl Fn(&SentMessage) -> bool) -> String {
        let theirs = |message: &&SentMessage| message.to == client.key();
        let sent = self.meta.wait_until(what, |sent| sent.iter().rev().find(theirs).is_some_and(&such)).await;
        sent.iter().rev().find(theirs).unwrap().text().to_owned()
    }

    fn at(&self, hour: u32) -> DateTime<Utc> {
        let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        local_to_utc(self.day.and_time(time), chrono_tz::Europe::Lisbon).unwrap()
    }

    /// Begins of what stands, at both.
    fn standing(&self) -> (Vec<DateTime<Utc>>, Vec<DateTime<Utc>>) {
        let records = self.altegio.records();
        let zone = chrono_tz::Europe::Lisbon;
        let ours = records.iter().filter(|it| it.client.is_some() && !it.deleted && it.start.date() == self.day);
        let mut old: Vec<_> = ours.map(|it| local_to_utc(it.start, zone).unwrap()).collect();
        let bookings = self.calcom.bookings();
        let mut new: Vec<_> =
            bookings.iter().filter(|it| it.status == FakeStatus::Accepted).map(|it| it.start).collect();
        old.sort();
        new.sort();
        (old, new)
    }
}

/// The salon at Cal.com: everybody with a schedule and event types of their own, in English.
fn fill(fake: &FakeCalcom, told: &Catalog) {
    fake.bare();
    // Whose key is used must see the bookings of all of them.
    let mut team = FakeTeam::new(9, &told.branch.name, "bella");
    for (member, id) in told.staff.iter().zip(FIRST..) {
        let mut user = FakeUser::new(id, member.id.as_str(), &member.name, told.branch.zone);
        if id == FIRST {
            user = user.with_key(FakeCalcom::KEY);
            fake.remove_user(FakeCalcom::ANNA);
        }
        fake.add_user(user);
        team = team.with(id, if id == FIRST { FakeRole::Owner } else { FakeRole::Member });
        fake.add_schedule(FakeSchedule::new(id, told.branch.zone).also(
            &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
            "09:00",
            "19:00",
        ));
        for service in told.services.iter().filter(|service| service.staff.contains(&member.id)) {
            let made = FakeEventType::new(id, service.id.as_str(), service.name.get(Lang::EN), service.minutes);
            fake.add_event_type(made.every(15));
        }
    }
    fake.add_team(team);
}

fn file(folder: &Path, altegio: &FakeAltegio, calcom: &FakeCalcom, meta: &FakeMeta, told: &Catalog) -> String {
    let mut event_types = String::new();
    for id in 1..200 {
        let Some(known) = calcom.event_type(id) else { continue };
        event_types += &format!("[[tenant.branch.calcom.event_types]]\nid = {id}\nservice = \"{}\"\n", known.title);
    }
    let names: Vec<String> = told.staff.iter().map(|member| format!("\"{}\"", member.id)).collect();
    format!(
        r#"
[server]
bind = "127.0.0.1:0"
inline_secrets = true
log = "warn,chatplug_server=info"
[store]
url = "sqlite:{database}"
[vault]
master_keys = "{MASTER_KEY}"
[[meta_app]]
name = "app"
app_secret = "{secret}"
verify_token = "{verify}"
base_url = "{graph}"
[[altegio]]
name = "main"
partner_token = "{partner}"
user_token = "{user}"
endpoint = "{endpoint}"
base_url = "{altegio_url}"
[[calcom]]
name = "main"
api_key = "{key}"
webhook_secret = "3f2c8e5b7a1d4036b8e2c75a9d1e"
base_url = "{calcom_url}"
[[tenant]]
id = "bella"
name = "Studio Bella"
policy = {{ language = "en" }}
[[tenant.channel]]
id = "whatsapp"
provider = "meta"
phone_number_id = "{NUMBER}"
access_token = "{token}"
[[tenant.branch]]
id = "baixa"
backend = "altegio"
[tenant.branch.altegio]
location = {salon}
country = "PT"
currency = "EUR"
[tenant.branch.calcom]
usernames = [{names}]
zone = "Europe/Lisbon"
country = "PT"
currency = "EUR"
email = "guest"
guest_domain = "guest.bella.example"
guest_secret = "stays the same"
{event_types}"#,
        database = folder.join("bella.sqlite").display(),
        secret = FakeMeta::APP_SECRET,
        verify = FakeMeta::VERIFY_TOKEN,
        graph = meta.base_url(),
        partner = FakeAltegio::PARTNER_TOKEN,
        user = FakeAltegio::USER_TOKEN,
        endpoint = altegio::ENDPOINT,
        altegio_url = altegio.base_url(),
        key = FakeCalcom::KEY,
        calcom_url = calcom.base_url(),
        token = FakeMeta::TOKEN,
        salon = FakeAltegio::SALON,
        names = names.join(", "),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_salon_swaps_its_booking_system_in_the_middle_of_a_conversation_and_of_a_kill() {
    let salon = Move::new().await;
    let program = Program::start(&salon.config).await;
    salon.meta.callback(&format!("{}/webhooks/meta/app", program.url));
    let weekday = salon.day.format("%A").to_string();

    // Ana books; Ben is asked whom with; somebody has telephoned.
    let (ana, ben) =
        (salon.meta.client("351911111111").named("Ana P"), salon.meta.client("351922222222").named("Ben Q"));
    ana.says(&format!("I'd like to book a women's haircut with Ana on {weekday} at 15:00")).await;
    salon.reads(&ana, "Ana's summary", |message| message.choice("Yes, book it").is_some()).await;
    ana.chooses("Yes, book it").await;
    salon.reads(&ana, "Ana's booking", |message| message.text().contains("You're booked!")).await;
    ben.says("I'd like to book a women's haircut please").await;
    let asked = salon.reads(&ben, "whom Ben wants", |message| !message.titles().is_empty()).await;
    let start = salon.day.and_hms_opt(11, 0, 0).unwrap();
    salon.altegio.desk().books(72, 401, start, "351933333333", "Carla R");
    let (old, new) = salon.standing();
    assert_eq!((old, new), (vec![salon.at(11), salon.at(15)], Vec::new()), "{asked}");

    // The plan is looked over; what is wrong in it is told with its line, and what was edited is not written over.
    let (done, told) = salon.swap(&["plan"]).await;
    assert!(done && told.contains("Corte de senhora") && told.contains("Women's haircut"), "{told}");
    let mapping = salon.dir.path().join("swap-bella-baixa.toml");
    let text = std::fs::read_to_string(&mapping).unwrap();
    let first = text.lines().position(|line| line.starts_with("to = ") && line.contains("Women")).unwrap();
    let broken: String = text
        .lines()
        .enumerate()
        .map(|(at, line)| if at == first { "to = \"Women's hairct\"\n".to_owned() } else { format!("{line}\n") })
        .collect();
    std::fs::write(&mapping, &broken).unwrap();
    let (done, told) = salon.swap(&["check"]).await;
    assert!(!done && told.contains(&format!(":{}: ", first + 1)) && told.contains("the nearest is"), "{told}");
    let (done, told) = salon.swap(&["plan"]).await;
    assert!(!done && told.contains("was edited") && std::fs::read_to_string(&mapping).unwrap() == broken, "{told}");
    assert!(salon.swap(&["plan", "--force"]).await.0);
    let (done, told) = salon.swap(&["check"]).await;
    assert!(done && told.contains("Free times from"), "{told}");
    let (done, told) = salon.swap(&["apply"]).await;
    assert!(done && told.contains("Nothing was changed. 2 would be moved"), "{told}");
    assert_eq!(salon.standing().1.len(), 0);

    // Killed when the first one was made and nobody was told so.
    salon.calcom.on("POST /bookings").answer(Fault::Hang);
    let mut killed = salon.command(&["apply", "--yes", "--settle", "0"]).spawn().unwrap();
    let booking = |calls: &[chatplug_calcom::fake::FakeCall]| calls.iter().any(|call| call.route == "POST /bookings");
    salon.calcom.wait_until("a booking", booking).await;
    killed.kill().await.unwrap();
    assert_eq!(salon.standing().0.len(), 2, "the old ones stand as long as anything is undecided");
    let (done, told) = salon.swap(&["apply", "--yes", "--settle", "3"]).await;
    assert!(done, "{told}");
    assert_eq!(salon.standing(), (Vec::new(), vec![salon.at(11), salon.at(15)]), "{told}");
    assert!(!told.contains("Carla") && !told.contains("35193"), "{told}");

    // Ben goes on with what he was shown.
    ben.chooses("Bruno").await;
    let next = salon.reads(&ben, "Ben's next question", |message| message.text().contains("just been renewed")).await;
    ben.says(&format!("{weekday} at 16:00")).await;
    let summed = salon.reads(&ben, "Ben's summary", |message| message.choice("Yes, book it").is_some()).await;
    assert!(summed.contains("Bruno") && summed.contains("16:00"), "{next}\n{summed}");
    ben.chooses("Yes, book it").await;
    salon.reads(&ben, "Ben's booking", |message| message.text().contains("You're booked!")).await;
    assert_eq!(salon.standing(), (Vec::new(), vec![salon.at(11), salon.at(15), salon.at(16)]));

    // Ana heard nothing of it, has one visit, and cancels it where it stands now.
    ana.says("what have I booked?").await;
    let list = salon
        .reads(&ana, "Ana's visits", |message| message.text().contains("15:00") && !message.text().contains("booked!"))
        .await;
    assert_eq!(list.matches("15:00").count(), 1, "{list}");
    let heard: Vec<String> = salon.meta.sent_to(ana.key()).iter().map(|sent| sent.text().to_owned()).collect();
    // The summary, the booking with its place on the map, the list.
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert!(salon.calcom.violations().is_empty(), "{:?}", salon.calcom.violations());
    assert!(salon.altegio.violations().is_empty(), "{:?}", salon.altegio.violations());
    let again = salon.swap(&["apply", "--yes", "--settle", "0"]).await;
    assert!(again.0 && again.1.contains("0 moved"), "{}", again.1);
    let log = program.stop().await;
    for secret in salon.calcom.bookings().iter().map(|booking| &booking.uid) {
        assert!(!log.contains(secret), "a uid is logged");
    }
}
