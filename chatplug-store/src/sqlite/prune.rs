//! What is forgotten, and when. Each step is small, so that the writer is never held up.

use super::{
    db::{Script, put, statements},
    writer::{Command, Tx},
};
use chatplug_core::ports::StoreError;
use chrono::{DateTime, Duration, Utc};

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Read mail, by which a second delivery of the same message is recognised; and statuses whose message never became
    /// known. Providers deliver again for up to seven days. Default: 8 days.
    pub mail: Duration,
    /// Settled messages of the outbox with the provider's ids of them, by which statuses and quoting answers find them.
    /// After that their line in the log remains. Providers tell of a message for up to 30 days. Default: 31 days.
    pub outbox: Duration,
    /// Records of turns, by which a conversation can be replayed. Default: 90 days.
    pub turns: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { mail: Duration::days(8), outbox: Duration::days(31), turns: Duration::days(90) }
    }
}

/// How much was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Pieces of read mail, and statuses that found no message.
    pub mail: u64,
    /// Messages of the outbox; their lines in the log remain.
    pub outbox: u64,
    /// Claims that ran out.
    pub claims: u64,
    /// Records of turns.
    pub turns: u64,
}

impl Pruned {
    /// Whether nothing was left to forget.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            mail: self.mail + other.mail,
            outbox: self.outbox + other.outbox,
            claims: self.claims + other.claims,
            turns: self.turns + other.turns,
        }
    }
}

// Rows lie in order of arrival, so only the oldest thousand are looked at each time.
statements! {
    MAIL = "DELETE FROM mailbox WHERE rowid IN (SELECT rowid FROM \
        (SELECT rowid, received, unread FROM mailbox ORDER BY rowid LIMIT 1000) WHERE received < ? AND unread = 0)";
    EARLY = "DELETE FROM early WHERE received < ?";
    PUT_AWAY = "INSERT INTO message (tenant, conversation, seq, inbound, message, delivery, at, text, status) \
        SELECT tenant, conversation, seq, 0, \
        nullif(substr(parts, 1, coalesce(nullif(instr(parts, char(10)), 0), length(parts) + 1) - 1), ''), \
        delivery, queued, coalesce(shown, x''), status FROM \
        (SELECT * FROM outbox ORDER BY rowid LIMIT 1000) WHERE queued < ? AND live = 0 ON CONFLICT DO NOTHING";
    PARTS = "DELETE FROM part WHERE (tenant, channel, message) IN (SELECT o.tenant, v.channel, p.value FROM \
        (SELECT * FROM outbox ORDER BY rowid LIMIT 1000) AS o \
        JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        JOIN json_each('[\"' || replace(replace(replace(o.parts, '\\', '\\\\'), '\"', '\\\"'), char(10), '\",\"') || '\"]') \
        AS p WHERE o.queued < ? AND o.live = 0)";
    OUTBOX = "DELETE FROM outbox WHERE rowid IN (SELECT rowid FROM \
        (SELECT rowid, queued, live FROM outbox ORDER BY rowid LIMIT 1000) WHERE queued < ? AND live = 0)";
    CLAIMS = "DELETE FROM claim WHERE expires <= ?";
    TURNS = "DELETE FROM turn WHERE rowid IN (SELECT rowid FROM \
        (SELECT rowid, at FROM turn ORDER BY rowid LIMIT 1000) WHERE at < ?)";
}

/// One step of forgetting.
#[derive(Debug)]
pub(super) struct Prune {
    pub(super) retention: Retention,
    pub(super) now: DateTime<Utc>,
}

impl Command for Prune {
    type Output = Pruned;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Pruned, StoreError> {
        let Self { retention, now } = self;
        let mut script = Script::default();
        let mail = put!(script, MAIL, now - retention.mail);
        let early = put!(script, EARLY, now - retention.mail);
        put!(script, PUT_AWAY, now - retention.outbox);
        put!(script, PARTS, now - retention.outbox);
        let outbox = put!(script, OUTBOX, now - retention.outbox);
        let claims = put!(script, CLAIMS, now);
        let turns = put!(script, TURNS, now - retention.turns);
        let answers = tx.run(script)?;
        Ok(Pruned {
            mail: answers.changed(mail) + answers.changed(early),
            outbox: answers.changed(outbox),
            claims: answers.changed(claims),
            turns: answers.changed(turns),
        })
    }
}
