//! Whatever happens, in whatever order. What must hold of every step is checked by the script's oracle; here are the
//! sequences, and what must hold at the end of each.

use crate::{
    dialogue::{
        ActionOutcome, Effect, Holder, Input, Operator, Outcome, SaidWhat, Timer, Trouble,
        script::{Script, Turn, Words, intent},
    },
    model::{BookingId, BookingStatus, ChannelLimits, ClientField, DateRange, Gate, Lang, Private},
    ports::{
        DateMention, Intent, Interpretation, LangGuess, Ordinal, RejectReason, StaffMention, TimeMention, TimeReading,
    },
};
use chrono::{Days, Duration, NaiveDate, NaiveTime};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    Said(Vec<Message>),
    Wait(i64),
    Operator(u8),
    Outcome(u8),
    Reminder(usize),
    Changed(usize, Option<i64>),
    Trouble(Option<Trouble>),
    TakeEverything(u64),
    Forget(usize),
    Leaves(u8),
}

/// Something a client sends.
#[derive(Debug, Clone)]
enum Message {
    Words {
        text: String,
        meaning: Box<Interpretation>,
        about: Option<usize>,
    },
    Tap(usize),
    /// An id from any list ever shown.
    OldTap(usize),
    Garbage(String),
    Visit(usize, bool),
    Reaction(bool, Option<usize>),
    Unreadable,
    Location,
}

fn day() -> impl Strategy<Value = NaiveDate> {
    let base = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    prop_oneof![
        8 => (0..40_u64).prop_map(move |days| base + Days::new(days)),
        1 => (0..4000_u64).prop_map(move |days| base + Days::new(days)),
        1 => Just(NaiveDate::MAX),
        1 => Just(NaiveDate::MIN),
    ]
}

fn range() -> impl Strategy<Value = DateRange> {
    prop_oneof![
        4 => day().prop_map(DateRange::day),
        2 => (day(), day()).prop_map(|(from, to)| DateRange { from, to }),
    ]
}

fn reading() -> impl Strategy<Value = TimeReading> {
    let time = || (0..24_u32, 0..2_u32).prop_map(|(h, m)| NaiveTime::from_hms_opt(h, m * 30, 0).unwrap());
    prop_oneof![
        3 => time().prop_map(TimeReading::At),
        1 => (option::of(time()), option::of(time())).prop_map(|(from, to)| TimeReading::Between { from, to }),
    ]
}

fn meaning() -> impl Strategy<Value = Interpretation> {
    let intents = vec![
        Intent::AskAvailability,
        Intent::AskHours,
        Intent::AskLocation,
        Intent::AskPrice,
        Intent::AskService,
        Intent::Back,
        Intent::Book,
        Intent::Book,
        Intent::Book,
        Intent::Cancel,
        Intent::ChangeLanguage,
        Intent::ConfirmVisit,
        Intent::Greet,
        Intent::Human,
        Intent::ListBookings,
        Intent::Menu,
        Intent::No,
        Intent::OptIn,
        Intent::OptOut,
        Intent::Other,
        Intent::Reschedule,
        Intent::Review,
        Intent::RunningLate,
        Intent::Thanks,
        Intent::Yes,
        Intent::Yes,
        Intent::Yes,
    ];
    let services = || select(vec!["cut", "trim", "manicure", "colour", "ghost"]);
    let staff = || select(vec!["ana", "bruno", "carla", "ghost"]);
    let langs = || select(vec![Lang::PT, Lang::EN, "de".parse().unwrap()]);
    let what =
        (select(intents), select(vec![0.0, 0.3, 0.5, 0.9, 0.9, 0.9, f32::NAN]), vec(services(), 0..3), any::<bool>());
    let staff = prop_oneof![
        4 => Just(None),
        1 => Just(Some(StaffMention::Any)),
        2 => vec(staff(), 1..3).prop_map(|ids| {
            Some(StaffMention::Named(ids.into_iter().map(|id| id.parse().unwrap()).collect()))
        }),
    ];
    let date = prop_oneof![
        3 => Just(DateMention::None),
        3 => range().prop_map(DateMention::Exact),
        1 => vec(range(), 0..4).prop_map(DateMention::Ambiguous),
    ];
    let time = prop_oneof![
        3 => Just(TimeMention::None),
        3 => reading().prop_map(TimeMention::Exact),
        1 => vec(reading(), 0..4).prop_map(TimeMention::Ambiguous),
    ];
    let ordinal = prop_oneof![
        6 => Just(None),
        2 => (0..12_u16).prop_map(|n| Some(Ordinal::Nth(n))),
        1 => Just(Some(Ordinal::Last)),
    ];
    let lang = option::of((langs(), select(vec![0.2, 0.6, 0.95])));
    let rest = (vec(range(), 0..2), 0..5_u8, ordinal, option::of(langs()), option::of(0..90_u16));
    (what, staff, date, time, lang, rest).prop_map(
        |((intent, confidence, services, all), staff, date, time, lang, (not, party, ordinal, wanted, late))| {
            Interpretation {
                lang: lang.map(|(lang, confidence)| LangGuess { lang, confidence }),
                services: services.into_iter().map(|id| id.parse().unwrap()).collect(),
                all_services: all,
                staff,
                date,
                time,
                not_dates: not,
                party,
                ordinal,
                wanted_lang: wanted,
                late_minutes: late,
                ..Interpretation::of(intent, confidence)
            }
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let texts =
        vec!["", "ok", "👍👍", "Maria", "maria@example.com", "not@an@address", "Studio Bella Beach", "Manicure"];
    let text = prop_oneof![
        8 => select(texts).prop_map(str::to_owned),
        1 => Just("שלום ".repeat(800)),
        1 => "\\PC{0,40}",
    ];
    prop_oneof![
        8 => (text, meaning(), option::weighted(0.1, 0..3_usize))
            .prop_map(|(text, meaning, about)| Message::Words { text, meaning: Box::new(meaning), about }),
        8 => (1..11_usize).prop_map(Message::Tap),
        2 => any::<usize>().prop_map(Message::OldTap),
        1 => "v1:[0-9]{1,3}:[0-9]{1,3}|\\PC{0,20}|v1:visit:[0-9a-f]{32}:come".prop_map(Message::Garbage),
        1 => (0..3_usize, any::<bool>()).prop_map(|(n, come)| Message::Visit(n, come)),
        1 => (any::<bool>(), option::of(0..3_usize)).prop_map(|(up, about)| Message::Reaction(up, about)),
        1 => Just(Message::Unreadable),
        1 => Just(Message::Location),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => vec(message(), 1..4).prop_map(Event::Said),
        2 => (0..200_i64).prop_map(Event::Wait),
        2 => (0..3_u8).prop_map(Event::Operator),
        8 => (0..14_u8).prop_map(Event::Outcome),
        1 => (0..4_usize).prop_map(Event::Reminder),
        1 => (0..3_usize, option::of(-50..50_i64)).prop_map(|(n, hours)| Event::Changed(n, hours)),
        1 => select(vec![None, None, Some(Trouble::Down), Some(Trouble::Stale)]).prop_map(Event::Trouble),
        1 => (0..20_u64).prop_map(Event::TakeEverything),
        1 => (0..4_usize).prop_map(Event::Forget),
        1 => (0..2_u8).prop_map(Event::Leaves),
    ]
}

/// A world to play in.
#[derive(Debug, Clone)]
struct Setup {
    two_branches: bool,
    rows: usize,
    ask_staff: bool,
    change_until: u32,
    insists: bool,
    answers: bool,
}

fn setup() -> impl Strategy<Value = Setup> {
    let rows = select(vec![10, 0, 3]);
    (any::<bool>(), rows, any::<bool>(), select(vec![0, 60, 3000]), any::<bool>(), any::<bool>()).prop_map(
        |(two_branches, rows, ask_staff, change_until, insists, answers)| Setup {
            two_branches,
            rows,
            ask_staff,
            change_until,
            insists,
            answers,
        },
    )
}

impl Setup {
    fn script(&self) -> Script {
        let mut script = if self.two_branches { Script::two_branches() } else { Script::salon() };
        script.limits = ChannelLimits { rows: self.rows, ..ChannelLimits::whatsapp() };
        script.policy.ask_staff = self.ask_staff;
        script.policy.change_until_minutes = self.change_until;
        script.policy.hand_back_hours = if self.ask_staff { 12 } else { 0 };
        script.hold_outcomes = !self.answers;
        if self.insists {
            script.name(None);
            script.catalog(|catalog| {
                for service in &mut catalog.services {
                    service.requires = vec![ClientField::Name, ClientField::Email];
                }
                for service in catalog.services.iter_mut().take(2) {
                    service.gate = Some(Gate::Membership);
                }
            });
            script.member = self.ask_staff;
        }
        script
    }
}

struct Player {
    script: Script,
    ids: Vec<String>,
}

impl Player {
    fn booking(&self, n: usize) -> Option<BookingId> {
        self.script.bookings.get(n).and_then(|booking| booking.id)
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Said(messages) => {
                let words: Vec<Words> = messages.into_iter().map(|message| self.words(message)).collect();
                let silent = words.iter().all(|words| matches!(words.what(), SaidWhat::Reaction { .. }));
                let held = self.script.holder == Holder::Person;
                let turn = self.script.burst(words);
                self.note(&turn);
                never_silent(&turn, held, silent);
            }
            Event::Wait(hours) => {
                let turn = self.script.wait(Duration::hours(hours));
                self.note(&turn);
            }
            Event::Operator(which) => {
                let operator = match which {
                    0 => Operator::TakeOver,
                    1 => Operator::Say { text: Private::new("Hi".to_owned()) },
                    _ => Operator::HandBack,
                };
                let turn = self.script.operator(operator);
                self.note(&turn);
            }
            Event::Outcome(which) => self.outcome(which),
            Event::Reminder(n) => {
                let booking = self.booking(n).unwrap_or_else(|| BookingId::derive(&["nobody's"]));
                let turn = self.script.input(Input::Timer { timer: Timer::Reminder { booking } });
                self.note(&turn);
            }
            Event::Changed(n, hours) => self.changed(n, hours),
            Event::Trouble(trouble) => self.script.trouble = trouble,
            Event::TakeEverything(days) => {
                let today = self.script.now.date_naive();
                self.script.closed.extend((0..days).map(|n| today + Days::new(n)));
            }
            Event::Leaves(0) => self.script.uninstall("beach"),
            // It is there, and cannot be read.
            Event::Leaves(_) => self.script.branches.truncate(1),
            Event::Forget(n) => self.script.catalog(|catalog| {
                if catalog.services.len() > 1 && n < catalog.services.len() {
                    catalog.services.remove(n);
                }
            }),
        }
    }

    fn words(&self, message: Message) -> Words {
        let known = |about: Option<usize>| about.and_then(|n| self.booking(n));
        match message {
            Message::Words { text, meaning, about } => {
                let words = intent(Intent::Other).text(&text).meaning(|old| *old = *meaning);
                known(about).map_or_else(|| words.clone(), |booking| words.clone().quoting(booking))
            }
            Message::Tap(n) => Words::tap(&self.script.id_of(n)),
            Message::OldTap(n) => Words::tap(self.ids.get(n % self.ids.len().max(1)).map_or("", |id| id)),
            Message::Garbage(id) => Words::tap(&id),
            Message::Visit(n, come) => {
                let booking = self.booking(n).unwrap_or_else(|| BookingId::derive(&["nobody's"]));
                Words::tap(&format!("v1:visit:{booking}:{}", if come { "come" } else { "change" }))
            }
            Message::Reaction(up, about) => {
                let words = Words::reaction(if up { "👍" } else { "👎" });
                known(about).map_or_else(|| words.clone(), |booking| words.clone().quoting(booking))
            }
            Message::Unreadable => Words::media(crate::model::MediaKind::Audio),
            Message::Location => Words::location(38.7, -9.4),
        }
    }

    fn outcome(&mut self, which: u8) {
        let Some(action) = self.script.committed.last().cloned().filter(|_| self.script.dialogue.is_committing())
        else {
            // News of nothing: nothing happens.
            let before = self.script.dialogue.clone();
            assert_eq!(self.script.outcome(ActionOutcome::Taken).effects, []);
            assert_eq!(self.script.dialogue, before);
            return;
        };
        let outcome = match which {
            0 => ActionOutcome::Taken,
            1 => match action.slot() {
                Some(slot) => ActionOutcome::Changed { slot: slot.clone() },
                None => ActionOutcome::Unclear,
            },
            2 => ActionOutcome::Needs { fields: [ClientField::Email].into() },
            3 => ActionOutcome::Needs { fields: [ClientField::Phone, ClientField::Name].into() },
            4 => ActionOutcome::Rejected { reason: RejectReason::TooLate },
            5 => ActionOutcome::Rejected { reason: RejectReason::TooMany },
            6 => ActionOutcome::Rejected { reason: RejectReason::Other },
            13 => ActionOutcome::Rejected { reason: RejectReason::NotBookableHere },
            7 => ActionOutcome::Delayed { certain: true },
            8 => ActionOutcome::Delayed { certain: false },
            9 => ActionOutcome::GaveUp,
            10 => ActionOutcome::UnsafeMove,
            _ => self.script.execute(&action),
        };
        let turn = self.script.outcome(outcome);
        assert!(turn.replies().next().is_some(), "an outcome is told");
        self.note(&turn);
    }

    fn changed(&mut self, n: usize, hours: Option<i64>) {
        let Some(before) = self.script.bookings.get(n).cloned() else { return };
        let after = hours.map(|hours| {
            let mut after = before.clone();
            after.start += Duration::hours(hours);
            after.end += Duration::hours(hours);
            after
        });
        match &after {
            Some(after) => self.script.bookings[n] = after.clone(),
            None => {
                self.script.bookings.remove(n);
            }
        }
        let after = after
            .or_else(|| (n == 0).then(|| crate::model::Booking { status: BookingStatus::Cancelled, ..before.clone() }));
        let turn = self.script.input(Input::BookingChanged { before, after });
        self.note(&turn);
    }

    fn note(&mut self, turn: &Turn) {
        self.ids.extend(
            turn.replies()
                .flat_map(|reply| reply.choices.iter().flat_map(|choices| &choices.options))
                .map(|choice| choice.id.clone()),
        );
    }
}

/// A client who said something that wants an answer has got one, or a person, or an action under way.
fn never_silent(turn: &Turn, held: bool, only_reactions: bool) {
    if held || only_reactions {
        return;
    }
    let told = turn.effects.iter().any(|effect| matches!(effect, Effect::Say { .. } | Effect::Commit { .. }));
    assert!(told, "silent: {:?}", turn.effects);
    assert!(turn.outcomes().iter().any(|outcome| !matches!(outcome, Outcome::NothingToSay | Outcome::Merged)));
}

/// However it got there, "menu" leads to something to choose from.
fn there_is_a_way_out(script: &Script) {
    let mut script = script.clone();
    if script.holder == Holder::Person {
        script.operator(Operator::HandBack);
    }
    let turn = script.say(intent(Intent::Menu));
    assert!(!turn.options().is_empty(), "no way out: {:?} {}", script.dialogue.describe(), turn.text());
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(setup in setup(), events in vec(event(), 1..24)) {
        let mut player = Player { script: setup.script(), ids: Vec::new() };
        for event in events {
            player.play(event);
            there_is_a_way_out(&player.script);
        }
    }
}
