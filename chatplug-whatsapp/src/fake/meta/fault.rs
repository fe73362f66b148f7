//! Calls that go wrong on purpose.

use super::state::Shared;
use std::{sync::Arc, time::Duration};

/// What goes wrong with a call that sends a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The message is taken, then the connection closes without an answer.
    DropAnswer,
    /// The connection closes and nothing is taken. The caller cannot know the difference.
    DropRequest,
    /// The message is taken, and the answer breaks off in its middle.
    CutAnswer,
    /// The message is taken, and the answer is 200 with a body that is not JSON.
    GarbleAnswer,
    /// The message is taken, and there is never an answer: for callers with a time limit.
    Hang,
    /// The message is taken, and the answer comes late.
    Delay(Duration),
    /// Nothing is taken; a bare HTTP status without Graph's envelope, as a gateway answers.
    Status(u16),
    /// The message is taken, and yet a bare HTTP status comes back.
    StatusAfter(u16),
    /// Refused with one of Meta's codes, in its envelope.
    Code(i64),
    /// Taken, and failed later by a status with the code.
    FailLater(i64),
}

impl Fault {
    /// The caller learns nothing, or something false, about a message that was taken.
    pub(super) const fn hides_the_answer(&self) -> bool {
        matches!(self, Self::DropAnswer | Self::CutAnswer | Self::GarbleAnswer | Self::Hang | Self::StatusAfter(_))
    }
}

/// Which calls go wrong: all of them, or those of one number or to one person, once or several times.
///
/// ```no_run
/// # use chatplug_whatsapp::fake::meta::{FakeMeta, Fault};
/// # fn f(graph: &FakeMeta) {
/// graph.on_send().to("34600111222").times(2).answer(Fault::Code(131_056));
/// graph.on_send().answer(Fault::DropAnswer);
/// # }
/// ```
///
/// Rules are asked in the order in which they were made; the first that fits and is not used up wins.
#[derive(Debug)]
#[must_use = "a rule does nothing until it is told what to answer"]
pub struct FaultRule {
    shared: Arc<Shared>,
    rule: Rule,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    from: Option<String>,
    to: Option<String>,
    left: u32,
    fault: Option<Fault>,
}

impl FaultRule {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, rule: Rule { left: 1, ..Rule::default() } }
    }

    /// Only calls of this number.
    pub fn from(mut self, phone_number_id: &str) -> Self {
        self.rule.from = Some(phone_number_id.to_owned());
        self
    }

    /// Only messages to this person, by number or user id.
    pub fn to(mut self, user: &str) -> Self {
        self.rule.to = Some(user.to_owned());
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
        let Self { shared, mut rule } = self;
        shared.with(|state| {
            rule.to = rule.to.map(|to| state.person_key(&to));
            state.faults.push(rule);
        });
    }
}

/// What the rules say about a call, using them up.
pub(super) fn take(rules: &mut Vec<Rule>, from: &str, to: &str) -> Option<Fault> {
    let fits = |rule: &Rule| {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        same(&rule.from, from) && same(&rule.to, to)
    };
    let at = rules.iter().position(fits)?;
    let rule = rules.get_mut(at)?;
    let fault = rule.fault.clone();
    if rule.left != u32::MAX {
        rule.left = rule.left.saturating_sub(1);
    }
    if rule.left == 0 {
        rules.remove(at);
    }
    fault
}
