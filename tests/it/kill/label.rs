//! Where the process is killed: points of a turn, of a critical action and of a delivery, each with a name.

use crate::support::{people::Plan, server::Point};

/// A labelled point.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    pub name: &'static str,
    pub place: Place,
    /// Since where on it counts.
    pub since: Since,
    /// Comes once per call of the booking system: a move by two calls has it twice.
    pub per_call: bool,
    /// The actions that come by here.
    pub plans: &'static [Plan],
}

/// Who kills it.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// It dies at a call of a port.
    Call(Point),
    /// The same, when the answer to the write before was lost.
    CallAfterLostAnswer(Point),
    /// The booking system kills it: it has executed a write and not answered.
    Executed,
    /// The messenger kills it: it has taken a message and not answered.
    Taken,
}

/// Since which step of the client on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// They say what they want.
    Asking,
    /// They say yes.
    Agreeing,
    /// One of the two, by the seed.
    Either,
}

const ANYTHING: &[Plan] = &[Plan::Book, Plan::Move, Plan::Cancel, Plan::Help];
const ACTIONS: &[Plan] = &[Plan::Book, Plan::Move, Plan::Cancel];
/// Actions that take a time.
const TAKING: &[Plan] = &[Plan::Book, Plan::Move];
/// Actions on a visit that there is.
const CHANGING: &[Plan] = &[Plan::Move, Plan::Cancel];
const HELP: &[Plan] = &[Plan::Help];
const WRITES: &[&str] = &["book", "reschedule", "cancel"];
const INBOUND: &[&str] = &["ingest_message"];

const fn before(port: &'static str, operations: &'static [&'static str]) -> Place {
    Place::Call(Point { after: false, port, operations })
}

const fn after(port: &'static str, operations: &'static [&'static str]) -> Place {
    Place::Call(Point { after: true, port, operations })
}

const fn label(name: &'static str, place: Place, since: Since, plans: &'static [Plan]) -> Label {
    Label { name, place, since, per_call: false, plans }
}

const fn each_call(name: &'static str, place: Place) -> Label {
    Label { name, place, since: Since::Agreeing, per_call: true, plans: ACTIONS }
}

const LOST: fn(bool) -> Place =
    |after| Place::CallAfterLostAnswer(Point { after, port: "backend", operations: &["resolve"] });

/// All of them, in the order of a conversation.
pub fn labels() -> Vec<Label> {
    use Since::{Agreeing, Asking, Either};
    vec![
        label("webhook-not-stored", before("store", INBOUND), Either, ANYTHING),
        label("webhook-stored-not-answered", after("store", INBOUND), Either, ANYTHING),
        label("turn-claimed", after("store", &["lease"]), Either, ANYTHING),
        label("visits-read", after("backend", &["find"]), Asking, CHANGING),
        label("times-read", after("backend", &["availability"]), Either, TAKING),
        label("question-not-committed", before("store", &["commit"]), Asking, ANYTHING),
        label("question-committed", after("store", &["commit"]), Asking, ANYTHING),
        label("time-not-claimed", before("store", &["claim"]), Agreeing, TAKING),
        label("time-claimed", after("store", &["claim"]), Agreeing, TAKING),
        each_call("intent-not-committed", before("store", &["checkpoint"])),
        each_call("intent-committed", after("store", &["checkpoint"])),
        each_call("call-not-sent", before("backend", WRITES)),
        each_call("call-executed-not-answered", Place::Executed),
        each_call("call-answered", after("backend", WRITES)),
        each_call("lost-answer-not-asked-about", LOST(false)),
        each_call("lost-answer-asked-about", LOST(true)),
        label("outcome-not-committed", before("store", &["commit_action"]), Agreeing, ACTIONS),
        label("outcome-committed", after("store", &["commit_action"]), Agreeing, ACTIONS),
        label("message-taken-not-sent", before("messenger", &["send"]), Either, ANYTHING),
        label("message-sent-not-answered", Place::Taken, Either, ANYTHING),
        label("message-answered-not-recorded", after("messenger", &["send"]), Either, ANYTHING),
        label("message-recorded", after("store", &["record_sent"]), Either, ANYTHING),
        label("status-stored", after("store", &["ingest_status"]), Either, ANYTHING),
        label("notice-taken-not-told", before("notifier", &["notify"]), Asking, HELP),
        label("notice-told-not-recorded", after("notifier", &["notify"]), Asking, HELP),
        label("notice-recorded", after("store", &["record_notice"]), Asking, HELP),
        label("hint-stored", after("store", &["ingest"]), Agreeing, ACTIONS),
    ]
}

/// The point at which a process dies by itself.
pub fn point(name: &str) -> Option<Point> {
    match labels().into_iter().find(|label| label.name == name)?.place {
        Place::Call(point) | Place::CallAfterLostAnswer(point) => Some(point),
        Place::Executed | Place::Taken => None,
    }
}
