//! Calls that go wrong on purpose, the same way on every fake.

use std::{fmt, time::Duration};

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
    /// Nothing is taken; a bare HTTP status without the provider's envelope, as a gateway answers.
    Status(u16),
    /// The message is taken, and yet a bare HTTP status comes back.
    StatusAfter(u16),
    /// Refused with one of the provider's codes, in its envelope.
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
#[must_use = "a rule does nothing until it is told what to answer"]
pub struct FaultRule {
    rule: Rule,
    put: Box<dyn FnOnce(Rule) + Send>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    left: u32,
    fault: Option<Fault>,
}

impl fmt::Debug for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)
    }
}

impl FaultRule {
    /// A rule for one call, with what puts it into force.
    pub(super) fn new(put: impl FnOnce(Rule) + Send + 'static) -> Self {
        Self { rule: Rule { left: 1, ..Rule::default() }, put: Box::new(put) }
    }

    /// Only calls that send from this number: Meta's id of it, or Twilio's address.
    pub fn from(mut self, number: &str) -> Self {
        self.rule.from = Some(number.to_owned());
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
        (self.put)(self.rule);
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
