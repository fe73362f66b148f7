//! Clients who wait too long, and what the team should hear.

use super::super::salon::*;
use crate::{
    dialogue::TeamEvent,
    model::ConversationId,
    ports::{Attention, Due, NoticeRecord, NoticeResult, OVERDUE_AFTER, QueuedNotice, Store, Work},
};
use futures_util::future::join_all;

fn attention(conversation: ConversationId, before: i64, seconds: i64) -> Attention {
    Attention {
        conversation,
        received_before: at(before),
        holding: Some(words(&format!("holding-{conversation}-{seconds}"))),
        notice: TeamEvent::Unanswered,
        audit: crate::ports::AuditRow { conversation: Some(conversation), ..audit_row("unanswered", seconds) },
        now: at(seconds),
    }
}

fn undeliverable(detail: &str) -> TeamEvent {
    TeamEvent::Undeliverable { detail: detail.to_owned() }
}

async fn overdue(store: &dyn Store, before: i64) -> Vec<ConversationId> {
    let overdue = store.overdue(at(before), 100).await.unwrap();
    overdue.into_iter().map(|(_, conversation)| conversation).collect()
}

async fn notices_due(store: &dyn Store, seconds: i64) -> Vec<Due> {
    let due = store.due(at(seconds), 100).await.unwrap();
    due.into_iter().filter(|due| due.work == Work::Notice).collect()
}

impl Salon {
    /// A client who wrote, and a turn that tells the team these things.
    async fn notes(&self, who: &str, seconds: i64, events: Vec<TeamEvent>) -> ConversationId {
        let conversation = self.hears(who, &format!("note-{who}-{seconds}"), "hello", seconds).await;
        self.turn(conversation, seconds, |commit| commit.notify = events).await;
        conversation
    }

    async fn next_notice(&self, conversation: ConversationId, seconds: i64) -> Option<QueuedNotice> {
        self.rows.next_notice(conversation, at(seconds + HOLD), at(seconds)).await.unwrap()
    }

    async fn records_notice(&self, of: ConversationId, notice: &QueuedNotice, result: NoticeResult, seconds: i64) {
        let record =
            NoticeRecord { conversation: of, seq: notice.seq, attempt: notice.attempt, result, now: at(seconds) };
        self.rows.record_notice(record).await.unwrap();
    }
}

/// A client who wrote and got no outcome is overdue from the arrival on; one who was answered is not.
pub async fn whoever_waits_is_overdue_until_answered(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    assert_eq!(overdue(store, 1000).await, []);
    let conversation = bella.hears("ana", "m1", "hi", 5).await;
    assert_eq!(overdue(store, 5).await, [], "received at 5, not before 5");
    assert_eq!(overdue(store, 6).await, [conversation]);
    bella.hears("ana", "m2", "hello?", 50).await;
    assert_eq!(overdue(store, 6).await, [conversation], "the first message counts, not the last");
    bella.reads_mail(conversation, 60).await;
    assert_eq!(overdue(store, 1000).await, []);
    bella.hears("ana", "m3", "and now?", 70).await;
    assert_eq!(overdue(store, 70).await, []);
    assert_eq!(overdue(store, 71).await, [conversation]);
}

/// A worker that hangs in its turn hides nobody who waits, nor does one that gave up for a while.
pub async fn who_waits_is_overdue_while_leased_and_while_put_off(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let leased = bella.lease(conversation, 0).await;
    assert_eq!(overdue(store, 1).await, [conversation]);
    assert!(bella.rows.attend(attention(conversation, 1, 10)).await.unwrap(), "though a worker has the lease");
    bella.rows.release(&leased.lease, at(500)).await.unwrap();
    bella.hears("ana", "m2", "hello?", 20).await;
    assert_eq!(overdue(store, 100).await, [conversation]);
}

/// Part of the mail read at a checkpoint leaves the rest waiting.
pub async fn a_checkpoint_leaves_waiting_who_was_not_answered(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.hears("ana", "m2", "hello?", 30).await;
    let leased = bella.lease(conversation, 40).await;
    let mut commit = reading(&leased, 40);
    commit.read.truncate(1);
    (commit.record, commit.keep_until) = (None, Some(at(100)));
    bella.rows.commit(commit).await.unwrap();
    assert_eq!(overdue(store, 30).await, []);
    assert_eq!(overdue(store, 31).await, [conversation]);
}

/// Nobody waits because of a booking system, an operator or a message of ours that failed.
pub async fn only_a_client_s_message_waits(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.books("ana", booking("b1", 1000, 2000), 0).await;
    bella.ingest(hint(reference("b1"), "h1", 1)).await;
    bella.ingest(operator(conversation, "k1", crate::dialogue::Operator::TakeOver, 2)).await;
    assert_eq!(overdue(store, 1000).await, []);
}

/// The longest waiting come first, of all tenants, and no more than asked.
pub async fn the_longest_waiting_come_first(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let second = bella.hears("ana", "m1", "hi", 2).await;
    let first = cesar.hears("ana", "m1", "hi", 1).await;
    bella.hears("bia", "m2", "hi", 3).await;
    let whose = store.overdue(at(100), 2).await.unwrap();
    assert_eq!(whose, [("cesar".parse().unwrap(), first), ("bella".parse().unwrap(), second)]);
}

/// Attending queues the holding message, notes the alarm and the audit row, and leaves the mail to its turn.
pub async fn attending_says_alarms_and_leaves_the_mail(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    assert!(bella.rows.attend(attention(conversation, 50, 100)).await.unwrap());
    assert_eq!(overdue(store, 1000).await, []);
    let holding = bella.next(conversation, 100).await.unwrap();
    bella.records(&holding, sent("w1"), 101).await;
    let notice = bella.next_notice(conversation, 100).await.unwrap();
    assert_eq!((notice.event, notice.at, notice.attempt), (TeamEvent::Unanswered, at(100), 1));
    let audit = bella.rows.audit(0, 10).await.unwrap();
    assert_eq!(audit.iter().map(|(_, row)| row.what.as_str()).collect::<Vec<_>>(), ["unanswered"]);
    assert_eq!(texts(&bella.lease(conversation, 110).await.mail), ["hi"]);
    assert_eq!(bella.log(conversation).await.len(), 2, "what came in and what was said");
}

/// Where there is nothing to say, the team is alarmed all the same.
pub async fn attending_without_words_alarms_only(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let attention = Attention { holding: None, ..attention(conversation, 50, 100) };
    assert!(bella.rows.attend(attention).await.unwrap());
    assert!(bella.next(conversation, 100).await.is_none());
    assert!(bella.next_notice(conversation, 100).await.is_some());
}

/// However many watch, a client is attended to once; a new message waits anew.
pub async fn of_many_who_attend_at_once_one_does(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.hears("ana", "m2", "hello?", 10).await;
    let tasks = (0..30).map(|watcher| {
        let rows = bella.rows.clone();
        tokio::spawn(async move {
            let holding = Some(words(&format!("watcher-{watcher}")));
            rows.attend(Attention { holding, ..attention(conversation, 50, 100) }).await.unwrap()
        })
    });
    let attended = join_all(tasks).await.into_iter().filter(|attended| *attended.as_ref().unwrap()).count();
    assert_eq!(attended, 1);
    assert_eq!(bella.rows.audit(0, 100).await.unwrap().len(), 1);
    let log = bella.log(conversation).await;
    assert_eq!(log.iter().filter(|entry| !entry.inbound).count(), 1, "{log:?}");
    assert_eq!(overdue(store, 1000).await, []);
    bella.hears("ana", "m3", "anybody?", 120).await;
    assert_eq!(overdue(store, 121).await, [conversation]);
    assert!(!bella.rows.attend(attention(conversation, 120, 200)).await.unwrap(), "not waiting that long");
    assert!(bella.rows.attend(attention(conversation, 121, 200)).await.unwrap());
    bella.reads_mail(conversation, 210).await;
    assert_eq!(overdue(store, 1000).await, [], "what was attended to does not come back");
}

/// A client who was answered meanwhile, or whom nobody knows, is not attended to, and nothing is written.
pub async fn who_does_not_wait_is_left_alone(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    assert!(!cesar.rows.attend(attention(conversation, 50, 100)).await.unwrap(), "another tenant's");
    assert!(cesar.rows.audit(0, 10).await.unwrap().is_empty());
    assert_eq!(overdue(store, 50).await, [conversation]);
    bella.reads_mail(conversation, 60).await;
    assert!(!bella.rows.attend(attention(conversation, 50, 100)).await.unwrap(), "answered");
    assert!(bella.rows.audit(0, 10).await.unwrap().is_empty());
    assert!(bella.next(conversation, 100).await.is_none());
    assert_eq!(notices_due(store, 100).await, []);
}

/// What a turn tells the team is due at once, taken in order, each by one, and whoever died leaves it to the next.
pub async fn the_team_hears_everything_in_order(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.notes("ana", 0, vec![undeliverable("one"), undeliverable("two")]).await;
    let due = Due { tenant: "bella".parse().unwrap(), conversation, work: Work::Notice };
    assert_eq!(notices_due(store, 0).await, std::slice::from_ref(&due));
    assert_eq!(store.next_due().await.unwrap(), Some(at(0)));
    let one = bella.next_notice(conversation, 0).await.unwrap();
    assert_eq!((&one.event, one.at), (&undeliverable("one"), at(0)));
    let two = bella.next_notice(conversation, 0).await.unwrap();
    assert_eq!(two.event, undeliverable("two"));
    assert!(bella.next_notice(conversation, 0).await.is_none());
    assert_eq!(notices_due(store, HOLD - 1).await, []);
    bella.records_notice(conversation, &two, NoticeResult::Told, 1).await;
    assert_eq!(notices_due(store, HOLD).await, [due], "the first teller recorded nothing");
    let again = bella.next_notice(conversation, HOLD).await.unwrap();
    assert_eq!((again.seq, again.attempt), (one.seq, 2));
    bella.records_notice(conversation, &one, NoticeResult::Told, HOLD).await;
    assert!(
        bella.next_notice(conversation, 2 * HOLD).await.is_some(),
        "a late word of the first teller changes nothing"
    );
}

/// One that must wait holds up neither the others nor the conversation, and is told when its time comes.
pub async fn a_notice_that_waits_holds_up_nothing(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.notes("ana", 0, vec![undeliverable("one"), undeliverable("two")]).await;
    let one = bella.next_notice(conversation, 0).await.unwrap();
    bella.records_notice(conversation, &one, NoticeResult::Retry { at: at(30) }, 1).await;
    let two = bella.next_notice(conversation, 1).await.unwrap();
    bella.records_notice(conversation, &two, NoticeResult::Dead { error: "nobody there".to_owned() }, 2).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(30)));
    bella.hears("ana", "m2", "hi", 3).await;
    bella.turn(conversation, 3, |_| ()).await;
    assert!(bella.next_notice(conversation, 29).await.is_none());
    let again = bella.next_notice(conversation, 30).await.unwrap();
    assert_eq!((again.seq, again.attempt), (one.seq, 2));
    bella.records_notice(conversation, &again, NoticeResult::Told, 31).await;
    assert_eq!(store.next_due().await.unwrap(), None);
    let figures = store.figures(OVERDUE_AFTER, at(40)).await.unwrap();
    assert_eq!((figures.notices_queued, figures.notices_dead), (0, 1));
}

/// However many tell, each notice goes to one of them.
pub async fn tellers_at_once_never_get_the_same_notice(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let events = (0..5).map(|number| undeliverable(&number.to_string())).collect();
    let conversation = bella.notes("ana", 0, events).await;
    let tasks = (0..30).map(|_| {
        let rows = bella.rows.clone();
        tokio::spawn(async move { rows.next_notice(conversation, at(HOLD), at(1)).await.unwrap() })
    });
    let mut taken: Vec<i64> =
        join_all(tasks).await.into_iter().filter_map(|taken| taken.unwrap().map(|notice| notice.seq)).collect();
    taken.sort_unstable();
    let all = taken.len();
    taken.dedup();
    assert_eq!((all, taken.len()), (5, 5));
}

/// Another tenant neither gets a notice nor settles one.
pub async fn another_tenant_s_notices_are_out_of_reach(store: &dyn Store) {
    let (bella, cesar) = (Salon::open(store, "bella").await, Salon::open(store, "cesar").await);
    let conversation = bella.notes("ana", 0, vec![undeliverable("one")]).await;
    assert!(cesar.next_notice(conversation, 1).await.is_none());
    let one = bella.next_notice(conversation, 1).await.unwrap();
    cesar.records_notice(conversation, &one, NoticeResult::Told, 2).await;
    assert!(bella.next_notice(conversation, 1 + HOLD).await.is_some(), "settled by another tenant");
}

/// Figures: leases that run, clients who wait too long, notices that wait.
pub async fn figures_tell_who_waits(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let late = OVERDUE_AFTER.num_seconds();
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.notes("bia", 1, vec![undeliverable("one"), undeliverable("two")]).await;
    bella.lease(conversation, 1).await;
    let figures = store.figures(OVERDUE_AFTER, at(2)).await.unwrap();
    assert_eq!((figures.turns_open, figures.overdue, figures.notices_queued), (1, 0, 2));
    let impatient = store.figures(chrono::Duration::seconds(1), at(2)).await.unwrap();
    assert_eq!(impatient.overdue, 1, "by the limit that is asked about");
    let patient = store.figures(chrono::Duration::seconds(late + 1), at(late + 1)).await.unwrap();
    assert_eq!(patient.overdue, 0, "by the limit that is asked about");
    let figures = store.figures(OVERDUE_AFTER, at(late + 1)).await.unwrap();
    assert_eq!((figures.turns_open, figures.overdue), (0, 1));
}
