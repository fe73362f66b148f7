//! Golden transcripts: whole conversations in five languages, over HTTP as a provider would send them, with the provider's
//! fake receiving. The snapshots are the specification of how it feels to be a client, the same over Meta and over Twilio;
//! read them when they change.

use crate::support::{
    house::House,
    phone::{AnyPhone, Seen as _},
    stage::{Provider, Stage, System},
    talk::Talk,
};
use chatplug::{
    dialogue::{Holder, Operator},
    model::{BookingStatus, TenantId},
    ports::TenantStore,
    whatsapp::fake::twilio::ListPick,
};
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

/// Where each conversation is held.
const PROVIDERS: [Provider; 2] = [Provider::Meta, Provider::Twilio];

/// Where each conversation is held and what the salon books in: a client must not notice.
const PLACES: [(Provider, System); 4] = [
    (Provider::Meta, System::Calendar),
    (Provider::Twilio, System::Calendar),
    (Provider::Meta, System::Altegio),
    (Provider::Meta, System::Calcom),
];

/// What a client says in one language.
struct Voice {
    lang: &'static str,
    book: &'static str,
    to_friday: &'static str,
    cancel: &'static str,
    yes: &'static str,
    begin: &'static str,
    price: &'static str,
    place: &'static str,
    day: &'static str,
    person: &'static str,
    operator: &'static str,
}

const VOICES: [Voice; 5] = [
    Voice {
        lang: "pt",
        book: "Oi! Queria marcar corte de senhora com a Ana na quinta às 15h",
        to_friday: "Preciso remarcar para sexta às 16h",
        cancel: "Quero cancelar a minha marcação",
        yes: "sim",
        begin: "Quero marcar manicure",
        price: "Quanto custa?",
        place: "E onde vocês ficam?",
        day: "quarta de manhã",
        person: "Quero falar com uma pessoa",
        operator: "Olá, é a Rita. Em que posso ajudar?",
    },
    Voice {
        lang: "en",
        book: "Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm",
        to_friday: "I need to move my appointment to Friday at 4pm",
        cancel: "I want to cancel my appointment",
        yes: "yes",
        begin: "I'd like to book a manicure",
        price: "How much is it?",
        place: "And where are you?",
        day: "Wednesday morning",
        person: "I want to talk to a person",
        operator: "Hello, this is Rita. How can I help?",
    },
    Voice {
        lang: "es",
        book: "¡Hola! Quiero reservar un corte de mujer con Ana el jueves a las 15:00",
        to_friday: "Necesito cambiar mi cita al viernes a las 16:00",
        cancel: "Quiero cancelar mi cita",
        yes: "sí",
        begin: "Quiero reservar manicura",
        price: "¿Cuánto cuesta?",
        place: "¿Y dónde están?",
        day: "el miércoles por la mañana",
        person: "Quiero hablar con una persona",
        operator: "Hola, soy Rita. ¿En qué puedo ayudar?",
    },
    Voice {
        lang: "fr",
        book: "Bonjour ! Je voudrais réserver une coupe femme avec Ana jeudi à 15h",
        to_friday: "Je dois déplacer mon rendez-vous à vendredi 16h",
        cancel: "Je veux annuler mon rendez-vous",
        yes: "oui",
        begin: "Je voudrais réserver une manucure",
        price: "C'est combien ?",
        place: "Et vous êtes où ?",
        day: "mercredi matin",
        person: "Je veux parler à quelqu'un",
        operator: "Bonjour, c'est Rita. Comment puis-je aider ?",
    },
    Voice {
        lang: "ru",
        book: "Здравствуйте! Хочу записаться на женскую стрижку к Анне в четверг в 15:00",
        to_friday: "Перенесите мою запись на пятницу на 16:00, пожалуйста",
        cancel: "Хочу отменить запись",
        yes: "да",
        begin: "Хочу записаться на маникюр",
        price: "Сколько стоит?",
        place: "А где вы находитесь?",
        day: "в среду утром",
        person: "Позовите человека, пожалуйста",
        operator: "Здравствуйте, это Рита. Чем помочь?",
    },
];

fn everywhere() -> impl Iterator<Item = (&'static Voice, (Provider, System))> {
    VOICES.iter().flat_map(|voice| PLACES.map(|place| (voice, place)))
}

fn at_both_providers() -> impl Iterator<Item = (&'static Voice, Provider)> {
    VOICES.iter().flat_map(|voice| PROVIDERS.map(|provider| (voice, provider)))
}

async fn stage(place: (Provider, System)) -> Stage {
    Stage::at(place.1, place.0).await
}

fn bella(stage: &Stage) -> Arc<dyn TenantStore> {
    chatplug::ports::Store::tenant(&*stage.store, &TenantId::new("bella").unwrap())
}

/// Begin and state of the client's bookings, as we know them.
async fn bookings(stage: &Stage, talk: &Talk<'_, AnyPhone>) -> Vec<(DateTime<Utc>, BookingStatus, bool)> {
    let contact = talk.conversation().await.contact.id;
    let all = bella(stage).bookings(contact, stage.clock.now() - Duration::days(1)).await.unwrap();
    all.into_iter().map(|b| (b.start, b.status, b.confirmed)).collect()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

use chatplug::ports::Clock as _;

async fn booked<'s>(stage: &'s Stage, voice: &Voice) -> Talk<'s, AnyPhone> {
    let mut talk = stage.caller("351911111111", "Maria Silva");
    talk.says(voice.book).await;
    talk.taps(1).await;
    assert_eq!(
        bookings(stage, &talk).await,
        [(at("2026-03-12T15:00:00Z"), BookingStatus::Booked, false)],
        "{}",
        talk.transcript()
    );
    talk
}

#[tokio::test]
async fn book() {
    for (voice, place) in everywhere() {
        let stage = stage(place).await;
        let talk = booked(&stage, voice).await;
        insta::assert_snapshot!(format!("book_{}", voice.lang), talk.transcript());
    }
}

#[tokio::test]
async fn move_a_visit() {
    for (voice, place) in everywhere() {
        let stage = stage(place).await;
        let mut talk = booked(&stage, voice).await;
        talk.says(voice.to_friday).await;
        talk.taps(1).await;
        insta::assert_snapshot!(format!("move_{}", voice.lang), talk.transcript());
        assert_eq!(
            bookings(&stage, &talk).await,
            [(at("2026-03-13T16:00:00Z"), BookingStatus::Booked, false)],
            "{}",
            talk.transcript()
        );
    }
}

#[tokio::test]
async fn cancel_a_visit() {
    for (voice, place) in everywhere() {
        let stage = stage(place).await;
        let mut talk = booked(&stage, voice).await;
        talk.says(voice.cancel).await;
        talk.says(voice.yes).await;
        insta::assert_snapshot!(format!("cancel_{}", voice.lang), talk.transcript());
        let left = bookings(&stage, &talk).await;
        assert!(
            left.iter().all(|(_, status, _)| *status == BookingStatus::Cancelled),
            "{left:?}\n{}",
            talk.transcript()
        );
    }
}

/// The reminder goes out after the window closed, hence as a template; a tap on it confirms the visit.
#[tokio::test]
async fn confirm_a_visit_from_its_reminder() {
    for (voice, place) in everywhere() {
        let stage = stage(place).await;
        let mut talk = booked(&stage, voice).await;
        talk.note("two days later");
        stage.wait(Duration::hours(55)).await;
        talk.look();
        assert!(talk.last.iter().any(|message| message.is_template()), "{}", talk.transcript());
        talk.taps(1).await;
        insta::assert_snapshot!(format!("confirm_{}", voice.lang), talk.transcript());
        assert_eq!(
            bookings(&stage, &talk).await,
            [(at("2026-03-12T15:00:00Z"), BookingStatus::Booked, true)],
            "{}",
            talk.transcript()
        );
    }
}

async fn asks_in_mid_booking(stage: &Stage, voice: &Voice) {
    let mut talk = stage.caller("351911111111", "Maria Silva");
    talk.says(voice.begin).await;
    talk.says(voice.price).await;
    talk.says(voice.place).await;
    talk.says(voice.day).await;
    talk.taps(1).await;
    talk.taps(1).await;
    insta::assert_snapshot!(format!("question_{}", voice.lang), talk.transcript());
    assert_eq!(bookings(stage, &talk).await.len(), 1, "{}", talk.transcript());
}

#[tokio::test]
async fn question_in_mid_booking() {
    for (voice, place) in everywhere() {
        let stage = stage(place).await;
        asks_in_mid_booking(&stage, voice).await;
    }
}

/// Nobody has written down how Twilio tells of a pick from a list: a client must not notice.
#[tokio::test]
async fn a_pick_from_a_list_reads_the_same_however_it_is_told() {
    for how in [ListPick::ListFields, ListPick::ButtonFields, ListPick::BodyOnly] {
        let stage = Stage::over(Provider::Twilio).await;
        stage.twilio.as_ref().unwrap().list_picks(how);
        for voice in VOICES.iter().filter(|voice| voice.lang == "en") {
            asks_in_mid_booking(&stage, voice).await;
        }
    }
}

#[tokio::test]
async fn hand_off_and_return() {
    for (voice, place) in everywhere() {
        let stage = stage(place).await;
        let mut talk = stage.caller("351911111111", "Maria Silva");
        talk.says(voice.begin).await;
        talk.says(voice.person).await;
        assert_eq!(talk.conversation().await.holder, Holder::Person, "{}", talk.transcript());
        talk.says(voice.price).await;
        assert!(talk.last.is_empty(), "the bot talked over a person:\n{}", talk.transcript());
        talk.operator("op-1", Operator::Say { text: voice.operator.to_owned().into() }).await;
        talk.operator("op-2", Operator::HandBack).await;
        assert_eq!(talk.conversation().await.holder, Holder::Bot, "{}", talk.transcript());
        insta::assert_snapshot!(format!("hand_off_{}", voice.lang), talk.transcript());
    }
}

// From here on the program puts itself together, from a file that is the same but for the channel's block.

#[tokio::test]
async fn another_block_in_the_configuration_changes_nothing_in_a_visit_and_its_reminder() {
    for (voice, provider) in at_both_providers() {
        let house = House::at(provider).await;
        let mut guest = house.client("351911111111", "Maria Silva");
        guest.says(voice.book).await;
        guest.taps(1).await;
        guest.note("two days later");
        house.wait(Duration::hours(55)).await;
        guest.look();
        assert!(guest.last.iter().any(|message| message.is_template()), "{}", guest.transcript());
        guest.taps(1).await;
        insta::assert_snapshot!(format!("confirm_{}", voice.lang), guest.transcript());
        let bookings = guest.bookings().await;
        assert!(bookings.len() == 1 && bookings[0].confirmed, "{}", guest.transcript());
    }
}

#[tokio::test]
async fn another_block_in_the_configuration_changes_nothing_in_lists() {
    for (voice, provider) in at_both_providers() {
        let house = House::at(provider).await;
        let mut guest = house.client("351911111111", "Maria Silva");
        for text in [voice.begin, voice.price, voice.place, voice.day] {
            guest.says(text).await;
        }
        guest.taps(1).await;
        guest.taps(1).await;
        insta::assert_snapshot!(format!("question_{}", voice.lang), guest.transcript());
        assert_eq!(guest.bookings().await.len(), 1, "{}", guest.transcript());
    }
}
