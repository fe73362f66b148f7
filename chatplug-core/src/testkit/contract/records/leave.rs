//! A branch that goes for good takes its own with it, and nothing else.

use super::*;
use crate::{
    dialogue::Timer,
    model::{Booking, BranchId, ConversationId, Lang, Private},
    ports::{BranchPurge, Install, InstallState, NewOutbox, OutboxBody, Purge, SaveInstall},
    reply::{Reply, Say},
};
use futures_util::future::join_all;
use secrecy::SecretString;
use serde_json::{Value, json};

/// Planted in everything that is kept of the branch that leaves.
const MARK: &str = "mark-of-south";
const BY: &str = "operator:olga";

fn branch(name: &str) -> BranchId {
    name.parse().unwrap()
}

/// What the story is told of: a branch `south` that was installed, beside `centre`.
async fn installed(store: &impl Recording, business: &Business) {
    stands(store, business, InstallState::Active).await;
    let secret = SecretString::from(format!("{MARK}-secret"));
    let install = store.installs(&business.id).install(&branch("south")).await.unwrap().unwrap();
    store.secrets(&business.id).put_credential(&install.credential("token"), &secret, BY, at(0)).await.unwrap();
    store.secrets(&business.id).put_credential("other", &secret, BY, at(0)).await.unwrap();
}

async fn stands(store: &impl Recording, business: &Business, state: InstallState) {
    let installs = store.installs(&business.id);
    let account = format!("account-{}", business.id);
    let new = Install::begin(branch("south"), "crm", &account, MARK, at(0));
    let install = Install { state, ..installs.install(&branch("south")).await.unwrap().unwrap_or(new) };
    let save = SaveInstall { install, by: BY.to_owned(), detail: json!({}) };
    assert!(installs.save_install(save).await.unwrap().is_some());
}

async fn purge(business: &Business, last: bool, seconds: i64) -> Result<Purge, StoreError> {
    let purge = BranchPurge { branch: branch("south"), last, by: BY.to_owned(), now: at(seconds) };
    business.records.purge_branch(&purge).await
}

/// A visit of somebody at a branch, with a stable id of who and where.
fn visit(who: &str, place: &str, start: i64) -> Booking {
    let name = format!("{who}-{place}");
    let mut visit = booking(&name, start, start + 3600);
    visit.reference.branch = branch(place);
    visit.title = marked(place, "title");
    visit
}

/// A word that carries the mark where it is of the branch that leaves.
fn marked(place: &str, word: &str) -> String {
    if place == "south" { format!("{MARK} {word}") } else { format!("of {place} {word}") }
}

/// Somebody says something, which a turn takes to be about a branch, and is answered; they book there, too.
async fn visits(business: &Business, who: &str, place: &str, seconds: i64) -> ConversationId {
    let salon = &business.salon;
    let name = format!("{who}-{place}");
    let conversation = salon.hears(who, &format!("{name}-in"), &marked(place, "asked for"), seconds).await;
    let reply = OutboxBody::Reply {
        reply: Box::new(Reply::of(Say::Menu)),
        lang: Lang::PT,
        as_template: false,
        branch: Some(branch(place)),
    };
    let ahead = visit(who, place, 90_000 + seconds * 100);
    let first = NewOutbox { body: reply, about: ahead.id, ..words(&format!("{name}-1")) };
    let told = OutboxBody::Words { text: Private::new(marked(place, "words")) };
    let second = NewOutbox { body: told, about: ahead.id, ..words(&format!("{name}-2")) };
    salon
        .turn(conversation, seconds, |commit| {
            commit.set_timers = vec![(Timer::Reminder { booking: booking_id(&name) }, at(80_000))];
            commit.bookings = vec![ahead];
            commit.outbox = vec![first, second];
            let mut record = commit.record.take().unwrap();
            record.duration_ms = 0;
            let steps = json!([{ "input": { "branch": place, "what": marked(place, "step") } }]);
            record.steps = serde_json::value::to_raw_value(&steps).unwrap();
            commit.record = Some(record);
        })
        .await;
    conversation
}

async fn export(business: &Business, who: &str) -> Value {
    let contact = business.contact(who).await;
    serde_json::to_value(business.records.export_person(contact, BY, at(0)).await.unwrap()).unwrap()
}

/// Everything that the branch had, or was only its clients', in every table; what the others have is as it was.
pub async fn a_branch_that_leaves_takes_its_own_with_it(store: &impl Recording) {
    for business in Business::both(store).await {
        installed(store, &business).await;
        let talk = visits(&business, "ana", "south", 10).await;
        business.salon.hands_over(talk, "ana-south-1", 11).await;
        let talk = visits(&business, "bruno", "south", 20).await;
        business.salon.hands_over(talk, "bruno-south-1", 21).await;
        visits(&business, "bruno", "centre", 300).await;
        visits(&business, "carla", "centre", 400).await;
        let claim = |name: &str, place: &str| {
            let mut wish = wish(name, &["ana"], 200_000, 203_600);
            wish.candidates[0].0 = crate::model::ClaimSubject::staff(&branch(place), &"ana".parse().unwrap());
            wish
        };
        business.salon.claims(claim("here", "south")).await.unwrap();
        business.salon.claims(claim("there", "centre")).await.unwrap();
        let (ana, before) = (business.contact("ana").await, export(&business, "carla").await);
        is_not_found(purge(&business, false, 500).await);
        stands(store, &business, InstallState::Leaving).await;
        let mark = store.installs_mark().await.unwrap();

        let Ok(Purge::Done { removed }) = purge(&business, false, 500).await else { panic!("nothing is under way") };
        for table in [
            "people",
            "contact",
            "booking",
            "booking_alias",
            "timer",
            "outbox",
            "turn",
            "message",
            "mailbox",
            "claim",
            "credential",
            "route",
            "install",
            "branch",
        ] {
            assert!(removed.get(table).is_some_and(|rows| *rows > 0), "{table}: {removed:?}");
        }
        assert_eq!(removed["people"], 1, "{removed:?}");
        is_not_found(business.records.count_person(ana, at(500)).await);
        assert_eq!(export(&business, "carla").await, before, "somebody of another branch");
        let bruno = export(&business, "bruno").await.to_string();
        assert!(!bruno.contains(MARK) && !bruno.contains("\"south\""), "{bruno}");
        for word in ["title", "words", "step", "asked for"] {
            assert!(bruno.contains(&marked("centre", word)), "{word}: {bruno}");
        }
        assert!(bruno.contains("reminder"), "that of the other visit: {bruno}");
        let everything = business.everything(store, &["bruno", "carla"]).await;
        assert!(!everything.contains(MARK), "{everything}");
        assert_eq!(store.route("crm", &format!("account-{}", business.id)).await.unwrap(), None);
        assert_eq!(store.installs(&business.id).all_installs().await.unwrap(), []);
        assert_ne!(store.installs_mark().await.unwrap(), mark, "whoever knows of it must look again");
        let names: Vec<String> =
            store.secrets(&business.id).credentials().await.unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["other"]);
        // What was queued of the other branch goes out, and the conversation goes on.
        let next = business.salon.next(talk, 501).await.unwrap();
        assert_eq!(next.key, key("bruno-centre-1"));

        let audit = business.salon.rows.audit(0, 1000).await.unwrap();
        let rows: Vec<_> = audit.iter().filter(|(_, row)| row.what == "purge_branch").collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].1.actor, BY);
        assert_eq!(rows[0].1.detail, json!({ "branch": "south", "last": false, "removed": removed }));
        business.verify().await.unwrap();
        is_not_found(purge(&business, false, 600).await);
        business.verify().await.unwrap();
    }
}

/// Nothing of them is cut off in the middle; and the receipt has what was removed before as well.
pub async fn whoever_is_in_the_middle_of_something_is_waited_for(store: &impl Recording) {
    let [business, _] = Business::both(store).await;
    installed(store, &business).await;
    visits(&business, "ana", "south", 10).await;
    let talk = visits(&business, "bruno", "south", 20).await;
    business.salon.hears("bruno", "again", "hello", 30).await;
    let leased = business.salon.lease(talk, 30).await;
    stands(store, &business, InstallState::Leaving).await;
    assert_eq!(purge(&business, false, 31).await.unwrap(), Purge::Busy { people: 1 });
    assert!(business.records.find_person(&user("ana")).await.unwrap().is_none(), "she was in the middle of nothing");
    // The turn opens an action, and is lost; then it is settled.
    let open = crate::ports::TurnCommit { action: Some("{}".to_owned()), ..reading(&leased, 31) };
    business.salon.rows.commit(open).await.unwrap();
    assert_eq!(purge(&business, false, 40).await.unwrap(), Purge::Busy { people: 1 });
    business.salon.hears("bruno", "third", "hello", 41).await;
    business.salon.turn(talk, 41, |_| ()).await;
    let Purge::Done { removed } = purge(&business, false, 50).await.unwrap() else { panic!("nothing is under way") };
    assert_eq!(removed["people"], 2, "{removed:?}");
    business.verify().await.unwrap();
}

/// Whoever of them wrote to it, whatever about.
pub async fn with_the_last_branch_everybody_goes(store: &impl Recording) {
    let [business, other] = Business::both(store).await;
    installed(store, &business).await;
    visits(&business, "ana", "south", 10).await;
    business.salon.answers("bruno", 20, Vec::new()).await;
    other.salon.answers("bruno", 20, Vec::new()).await;
    stands(store, &business, InstallState::Leaving).await;
    let Purge::Done { removed } = purge(&business, true, 50).await.unwrap() else { panic!("nothing is under way") };
    assert_eq!(removed["people"], 2, "{removed:?}");
    assert!(business.salon.rows.conversations(10).await.unwrap().is_empty());
    assert_eq!(other.salon.rows.conversations(10).await.unwrap().len(), 1, "another business");
}

/// One of them writes the receipt, and it counts everything once.
pub async fn of_many_who_remove_a_branch_one_ends_it(store: &impl Recording) {
    let [business, _] = Business::both(store).await;
    installed(store, &business).await;
    for (seconds, who) in (1..).zip(["ana", "bruno", "carla", "dora"]) {
        visits(&business, who, "south", seconds * 10).await;
    }
    stands(store, &business, InstallState::Leaving).await;
    let all = join_all((0..6).map(|_| purge(&business, false, 100))).await;
    let receipts: Vec<_> = all
        .iter()
        .filter_map(|one| match one {
            Ok(Purge::Done { removed }) => Some(removed),
            Ok(other) => panic!("{other:?}"),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        })
        .collect();
    assert_eq!(receipts.len(), 1, "{all:?}");
    assert_eq!((receipts[0]["people"], receipts[0]["booking"]), (4, 4));
    business.verify().await.unwrap();
}
