//! Calls that go wrong on purpose.

use std::{fmt, time::Duration};

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is done, then the connection closes without an answer.
    DropAnswer,
    /// The connection closes and nothing is done. The caller cannot know the difference.
    DropRequest,
    /// It is done, and the answer breaks off in its middle.
    CutAnswer,
    /// It is done, and the answer is 200 with a page of HTML.
    Html,
    /// It is done, and the answer is 200 with JSON that ends too early.
    Truncated,
    /// It is done, and the answer is 204 without a body.
    NoContent,
    /// It is done, and there is never an answer: for callers with a time limit.
    Hang,
    /// Nothing is done, and there is never an answer.
    Deaf,
    /// It is done, and the answer comes late.
    Delay(Duration),
    /// Nothing is done; a status with a page of HTML, as a gateway answers.
    Status(u16),
    /// It is done, and yet such a status comes back.
    StatusAfter(u16),
    /// Nothing is done; refused with a status and a message in the standard shape.
    Refuse(u16, String),
    /// Nothing is done; refused with a status in the bare shape, whose message is a token.
    Token(u16, String),
}

impl Fault {
    /// Nothing is done at all.
    pub(super) const fn prevents(&self) -> bool {
        matches!(self, Self::DropRequest | Self::Deaf | Self::Status(_) | Self::Refuse(..) | Self::Token(..))
    }
}

/// Which calls go wrong: those of a route, of one event type or all, once or several times.
///
/// ```no_run
/// # use chatplug_calcom::fake::{FakeCalcom, Fault};
/// # fn f(fake: &FakeCalcom) {
/// fake.on("POST /bookings").answer(Fault::DropAnswer);
/// fake.on("GET /slots").times(2).answer(Fault::Status(502));
/// fake.on("POST /bookings/*").always().answer(Fault::Token(500, "Internal server error".into()));
/// # }
/// ```
///
/// Rules are asked in the order in which they were made; the first that fits and is not used up wins.
#[must_use = "a rule does nothing until it is told what to answer"]
pub struct FaultRule {
    rule: Rule,
    put: Box<dyn FnOnce(Rule) + Send>,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    route: String,
    event_type: Option<u64>,
    spared: u32,
    left: u32,
    fault: Option<Fault>,
}

impl fmt::Debug for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)
    }
}

impl FaultRule {
    pub(super) fn new(route: &str, put: impl FnOnce(Rule) + Send + 'static) -> Self {
        let rule = Rule { route: route.to_owned(), event_type: None, spared: 0, left: 1, fault: None };
        Self { rule, put: Box::new(put) }
    }

    /// Only calls whose body or query names this event type.
    pub const fn at(mut self, event_type: u64) -> Self {
        self.rule.event_type = Some(event_type);
        self
    }

    /// So many calls go well before.
    pub const fn after(mut self, n: u32) -> Self {
        self.rule.spared = n;
        self
    }

    /// So many calls instead of one.
    pub const fn times(mut self, n: u32) -> Self {
        self.rule.left = n;
        self
    }

    /// Every call from now on.
    pub const fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// Puts the rule into force.
    pub fn answer(mut self, fault: Fault) {
        self.rule.fault = Some(fault);
        (self.put)(self.rule);
    }
}

/// Whether a name that a test gave means a route: the route itself, all below it (`GET /slots/*`), or all.
pub(super) fn means(given: &str, route: &str) -> bool {
    let below = given.strip_suffix("/*").and_then(|above| route.strip_prefix(above));
    given == "*" || given == route || below.is_some_and(|rest| rest.starts_with('/'))
}

/// What the rules say about a call, using them up.
pub(super) fn take(rules: &mut Vec<Rule>, route: &str, event_type: Option<u64>) -> Option<Fault> {
    let fits = |rule: &Rule| means(&rule.route, route) && (rule.event_type.is_none() || rule.event_type == event_type);
    let at = rules.iter().position(fits)?;
    let rule = rules.get_mut(at)?;
    if rule.spared > 0 {
        rule.spared -= 1;
        return None;
    }
    let fault = rule.fault.clone();
    if rule.left != u32::MAX {
        rule.left = rule.left.saturating_sub(1);
    }
    if rule.left == 0 {
        rules.remove(at);
    }
    fault
}
