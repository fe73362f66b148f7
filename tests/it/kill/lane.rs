//! A lane: one database, booking system, messenger and set of processes, on which runs follow each other; and the judge who
//! looks at what stands when all are over.

use super::{
    label::{Place, Since},
    run::{Desk, LaneKind, Run},
};
use crate::support::{
    crm::{Crm, Fault as CrmFault},
    database::Database,
    fleet::{Fleet, Member},
    people::{Ending, Person, Plan, Step},
    server::{Orders, Role},
    stage::{BELLA, approve_templates},
};
use chatplug::{
    model::{BookingStatus, ChannelId, ChannelUser, DeliveryKey, TenantId},
    ports::{Clock as _, SystemClock, TenantStore},
    whatsapp::fake::meta::{FakeMeta, Fault, StatusPlan},
};
use chrono::Days;
use futures_util::FutureExt as _;
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A process that is not killed within this did not come by its label.
const PATIENCE: Duration = Duration::from_secs(45);

/// So often it may not come by before that counts.
const ATTEMPTS: u32 = 3;

/// What became of a run.
#[derive(Debug)]
pub struct Verdict {
    pub run: Run,
    /// Processes that died in it.
    pub deaths: u32,
    /// Messages that the client read twice, and how many of them are recorded as unknown.
    pub repeated: usize,
    /// What is not as it must be; nothing, if all is well.
    pub wrong: Vec<Wrong>,
    pub transcript: String,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The client never got an answer, or a message of theirs has no outcome.
    Lost(String),
    /// Two bookings where one was wanted, or told twice.
    Doubled(String),
    /// What the client was told is not what stands.
    Untrue(String),
    /// A message came twice and nobody knows why.
    Repeated(String),
    /// The process did not come by the label.
    NotKilled,
}

pub struct Lane {
    graph: FakeMeta,
    crm: Arc<Crm>,
    fleet: Arc<Fleet>,
    database: Database,
}

impl Lane {
    pub async fn open(kind: LaneKind) -> Self {
        let database = Database::new(kind.database).await;
        let graph = FakeMeta::start().await.unwrap();
        graph.add_number(BELLA, "351210000000", "waba-1").keep_pair_rate(false);
        approve_templates(&graph);
        if !kind.statuses {
            graph.statuses(StatusPlan::none());
        }
        let crm = Crm::new(chrono_tz::Europe::Lisbon);
        crm.keep_keys(kind.desk == Desk::Keyed);
        let orders = Orders {
            database: database.url(),
            graph: graph.base_url(),
            crm: format!("http://{}", crm.start().await),
            moves: kind.desk != Desk::TwoCalls,
            keyed: kind.desk == Desk::Keyed,
            role: Role::Both,
            concurrency: 16,
            sealed: kind.desk == Desk::Keyed,
            patient: false,
        };
        let fleet = Arc::new(Fleet::start("kill::process", &orders, kind.layout.roles()).await);
        graph.callback(&format!("{}/webhooks/meta/app", fleet.front.url()));
        crm.webhook_to(format!("{}/webhooks/crm/desk", fleet.front.url()), 2);
        Self { graph, crm, fleet, database }
    }

    /// Plays runs one after the other, and judges them when everything is quiet.
    pub async fn play(self, runs: Vec<Run>) -> Vec<Verdict> {
        let mut played = Vec::new();
        let mut left: VecDeque<_> = runs.into_iter().map(|run| (run, 1)).collect();
        let mut people = 0..;
        while let (Some((run, attempt)), Some(n)) = (left.pop_front(), people.next()) {
            let before = self.fleet.deaths();
            let ending = self.hold(n, run).await;
            let died = tokio::time::timeout(PATIENCE, self.fleet.died(before + 1)).await.is_ok();
            self.crm.forgive();
            self.fleet.disarm().await;
            let mut wrong = Vec::new();
            if !died && attempt < ATTEMPTS {
                // A machine that is too busy gives an answer up before it is read, and there is no such point then.
                left.push_front((run, attempt + 1));
            } else if !died {
                wrong.push(Wrong::NotKilled);
            }
            let ending = match ending {
                Ok(ending) => Some(ending),
                Err(why) => {
                    wrong.push(Wrong::Lost(why));
                    None
                }
            };
            played.push((run, n, self.fleet.deaths() - before, ending, wrong));
        }
        if tokio::time::timeout(PATIENCE, self.fleet.finish()).await.is_err() {
            played.iter_mut().for_each(|(.., wrong)| wrong.push(Wrong::Lost("never quiet again".to_owned())));
            return played
                .into_iter()
                .map(|(run, _, deaths, _, wrong)| Verdict {
                    run,
                    deaths,
                    repeated: 0,
                    wrong,
                    transcript: String::new(),
                })
                .collect();
        }
        let judge = Judge::new(&self).await;
        let mut verdicts = Vec::new();
        for (run, n, deaths, ending, wrong) in played {
            let mut verdict = Verdict { run, deaths, repeated: 0, wrong, transcript: String::new() };
            if let Some(ending) = ending {
                judge.look(&phone(n), &ending, &mut verdict).await;
            }
            verdicts.push(verdict);
        }
        verdicts
    }

    /// Holds the conversation of a run to its end.
    async fn hold(&self, n: usize, run: Run) -> Result<Ending, String> {
        let n_days = u64::try_from(n).unwrap();
        let day = SystemClock.now().date_naive() + Days::new(9 + n_days % 30);
        let hour = [10, 12, 14, 16][n / 30 % 4];
        let client = self.graph.client(&phone(n)).named(&format!("Client {n}"));
        let killer = Arc::new(Killer {
            run,
            phone: phone(n),
            graph: self.graph.clone(),
            crm: self.crm.clone(),
            fleet: self.fleet.clone(),
            prepared: AtomicBool::new(false),
        });
        let person = Person::new(&self.graph, client, "Corte", run.plan, day, hour)
            .posting(run.post)
            .before(Box::new(move |step| killer.clone().before(step).boxed()));
        tokio::spawn(person.talk()).await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "stuck".to_owned()),
            Err(error) => error.to_string(),
        })
    }
}

fn phone(n: usize) -> String {
    format!("35191{n:07}")
}

/// Prepares the death of a run.
struct Killer {
    run: Run,
    phone: String,
    graph: FakeMeta,
    crm: Arc<Crm>,
    fleet: Arc<Fleet>,
    /// A person may come to a step again, with another time: one death is enough.
    prepared: AtomicBool,
}

impl Killer {
    async fn before(self: Arc<Self>, step: Step) {
        let wanted = match self.run.since() {
            Since::Asking => Step::Asks(self.run.plan),
            _ => Step::Agrees(self.run.plan),
        };
        if step != wanted || self.prepared.swap(true, Ordering::SeqCst) {
            return;
        }
        let nth = self.run.nth();
        match self.run.label.place {
            Place::Call(_) => self.fleet.arm(self.run.label.name, nth).await,
            Place::CallAfterLostAnswer(_) => {
                self.crm.fail_after(usize::try_from(nth - 1).unwrap(), CrmFault::DropAnswer);
                self.fleet.arm(self.run.label.name, 1).await;
            }
            Place::Executed => {
                let victim = self.victim();
                self.crm.when_executed(nth, move || victim.kill());
            }
            Place::Taken => {
                let before = self.graph.sent_to(&self.phone).len();
                self.graph.on_send().to(&self.phone).answer(Fault::Hang);
                let me = self.clone();
                tokio::spawn(async move {
                    let more = |_: &[_]| me.graph.sent_to(&me.phone).len() > before;
                    me.graph.wait_until("a message that is not answered", more).await;
                    me.victim().kill();
                });
            }
        }
    }

    /// Who is killed from outside: who works, or by the seed who serves.
    fn victim(&self) -> Arc<Member> {
        let server = (self.run.seed / 4).is_multiple_of(3);
        if server { self.fleet.server().clone() } else { self.fleet.worker().clone() }
    }
}

/// Compares what was told with what stands.
struct Judge<'l> {
    lane: &'l Lane,
    rows: Arc<dyn TenantStore>,
    unknown: BTreeSet<DeliveryKey>,
}

impl<'l> Judge<'l> {
    async fn new(lane: &'l Lane) -> Self {
        let unknown = lane.database.unknown().await;
        let store = lane.database.open().await;
        let rows = store.tenant(&TenantId::new("bella").unwrap());
        Self { lane, rows, unknown }
    }

    async fn look(&self, phone: &str, ending: &Ending, verdict: &mut Verdict) {
        let wrong = &mut verdict.wrong;
        verdict.transcript.clone_from(&ending.transcript);
        // There.
        let standing = self.lane.crm.standing();
        let theirs: Vec<_> = standing.iter().filter(|made| made.phone == phone).map(|made| made.start).collect();
        if theirs.len() > ending.visit.len() {
            wrong.push(Wrong::Doubled(format!("{theirs:?} stand, {:?} was told", ending.visit)));
        } else if theirs != ending.visit {
            wrong.push(Wrong::Untrue(format!("{theirs:?} stand, {:?} was told", ending.visit)));
        }
        if self.lane.crm.overlaps() > 0 {
            wrong.push(Wrong::Doubled("visits overlap".to_owned()));
        }
        // What the client read.
        let (bookings, changes) = match ending.plan {
            Plan::Book => (1, 0),
            Plan::Move | Plan::Cancel => (1, 1),
            Plan::Help => (0, 1),
        };
        if (ending.booked, ending.changed) != (bookings, changes) {
            wrong.push(Wrong::Doubled(format!("told of {} bookings, {} changes", ending.booked, ending.changed)));
        }
        verdict.repeated = ending.repeated.len();
        for (key, times) in &ending.repeated {
            // Each time somebody died who had sent it.
            if *times > verdict.deaths || !self.was_unknown(key) {
                wrong.push(Wrong::Repeated(format!("{key}, {times} times more")));
            }
        }
        // Here.
        let channel = ChannelId::new("whatsapp").unwrap();
        let user = ChannelUser { phone: phone.parse().ok(), user_id: None };
        let Some(view) = self.rows.conversation_of(&channel, &user).await.unwrap() else {
            return wrong.push(Wrong::Lost("no conversation".to_owned()));
        };
        if view.action.is_some() {
            wrong.push(Wrong::Lost("an action is still open".to_owned()));
        }
        if ending.plan == Plan::Help {
            // At least once is what is promised: whoever tells it may die before it is noted.
            if self.lane.crm.notices(&view.id.to_string()) == 0 {
                wrong.push(Wrong::Lost("the team was not told".to_owned()));
            }
        }
        let log = self.rows.messages(view.id, 1000).await.unwrap();
        let heard: Vec<_> = log.iter().filter(|line| line.inbound).collect();
        if heard.len() != ending.wrote {
            wrong.push(Wrong::Lost(format!("{} written, {} heard", ending.wrote, heard.len())));
        }
        if heard.iter().any(|line| line.outcome.is_none()) {
            wrong.push(Wrong::Lost("a message without an outcome".to_owned()));
        }
        for line in log.iter().filter(|line| !line.inbound) {
            if !["sent", "delivered", "read"].contains(&line.status.as_str()) {
                wrong.push(Wrong::Lost(format!("a message is {}", line.status)));
            }
        }
        let known = self.rows.bookings(view.contact.id, SystemClock.now()).await.unwrap();
        let known: Vec<_> = known.iter().filter(|b| b.status == BookingStatus::Booked).map(|b| b.start).collect();
        if known != ending.visit {
            wrong.push(Wrong::Untrue(format!("{known:?} are known, {:?} was told", ending.visit)));
        }
    }

    /// Whether a message, or the one whose part it is, was in doubt.
    fn was_unknown(&self, key: &str) -> bool {
        self.unknown.contains(&key.parse::<DeliveryKey>().unwrap().part_of().whole)
    }
}
