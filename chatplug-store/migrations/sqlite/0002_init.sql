-- The first schema. Forward only: a released file never changes, the next one adds.
--
-- Times are microseconds since 1970 (UTC), ids of ours are 16-byte blobs, states are words, values of the domain are JSON.
-- Every primary key leads with the tenant, except of `route`, which says whose an address is, of `pulse`, of `pace` and of
-- `keyring`. Columns of bytes that are no id hold personal texts, sealed when the tenant asks for it.
-- What each table and column holds, of whom, and when it goes, is in `src/data_map.rs`: a test compares.

CREATE TABLE tenant (
    tenant TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- 1: personal columns are sealed.
    sealed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Which file of keys belongs to this database: the same id is there.
CREATE TABLE keyring (
    keyring INTEGER NOT NULL PRIMARY KEY CHECK (keyring = 1),
    id BLOB NOT NULL
) STRICT;

-- What opens other people's systems; always sealed.
CREATE TABLE credential (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- How far connecting a number to its provider has come; ids and times, no secret. The channel need not be set up yet.
CREATE TABLE connection (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    channel TEXT NOT NULL,
    version INTEGER NOT NULL,
    progress TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel)
) STRICT, WITHOUT ROWID;

-- One row, written to find out whether writing works, and to know by what time work was done last.
CREATE TABLE pulse (
    pulse INTEGER NOT NULL PRIMARY KEY CHECK (pulse = 1),
    beats INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    -- Counts changes of installs and swaps, of whichever tenant.
    installs INTEGER NOT NULL
) STRICT;
INSERT INTO pulse VALUES (1, 0, 0, 0);

CREATE TABLE branch (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    branch TEXT NOT NULL,
    -- The latest swap from one booking system to another: how far it is and what became what, as JSON.
    swap TEXT,
    swap_version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, branch)
) STRICT, WITHOUT ROWID;

-- Branches that come and go: which account of a provider each is, and how far it has come. No secret, nothing of a client.
CREATE TABLE install (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    branch TEXT NOT NULL,
    provider TEXT NOT NULL,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'frozen', 'leaving')),
    -- Steps that are done, a JSON array of words.
    done TEXT NOT NULL,
    facts TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    -- While it leaves: what was removed so far, rows by table, as JSON.
    purged TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, branch)
) STRICT, WITHOUT ROWID;
CREATE INDEX install_by_address ON install (tenant, provider, external_id);

CREATE TABLE channel (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    channel TEXT NOT NULL,
    PRIMARY KEY (tenant, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE route (
    provider TEXT NOT NULL,
    external_id TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    channel TEXT,
    branch TEXT,
    PRIMARY KEY (provider, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX route_by_tenant ON route (tenant);

CREATE TABLE contact (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    contact BLOB NOT NULL,
    -- Number, id and name as they are in `person`, as keyed hashes: they tell whether something is new.
    phone TEXT,
    user_id TEXT,
    name TEXT,
    -- 1: they told it themselves, so a profile's name does not replace it.
    name_told INTEGER NOT NULL DEFAULT 0,
    -- Who it is: the latest number and id, the name, the e-mail address.
    person BLOB NOT NULL,
    language TEXT,
    opted_out TEXT NOT NULL DEFAULT '[]',
    last_inbound INTEGER,
    -- It turned out to be this one.
    merged_into BLOB,
    PRIMARY KEY (tenant, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_by_merged ON contact (tenant, merged_into) WHERE merged_into IS NOT NULL;

-- All names that somebody was ever seen under, as keyed hashes.
CREATE TABLE identity (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'user')),
    value TEXT NOT NULL,
    contact BLOB NOT NULL,
    PRIMARY KEY (tenant, kind, value),
    FOREIGN KEY (tenant, contact) REFERENCES contact (tenant, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_by_contact ON identity (tenant, contact);

-- The small row that every write touches; the state of the dialogue lies beside it.
CREATE TABLE conversation (
    tenant TEXT NOT NULL,
    conversation BLOB NOT NULL,
    channel TEXT NOT NULL,
    contact BLOB NOT NULL,
    holder TEXT NOT NULL DEFAULT 'bot',
    version INTEGER NOT NULL DEFAULT 0,
    turns INTEGER NOT NULL DEFAULT 0,
    -- Numbers mail and messages of both directions, in order of arrival.
    last_seq INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL,
    token INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    not_before INTEGER,
    wake_at INTEGER,
    action_open INTEGER NOT NULL DEFAULT 0,
    -- The earliest of unread mail, timers and wake-up.
    work_due INTEGER,
    -- When a turn may run. Whoever opened an action and never gave the lease back is gone when the lease runs out.
    turn_due INTEGER GENERATED ALWAYS AS (max(
        CASE WHEN action_open AND lease_until IS NOT NULL
            THEN min(coalesce(work_due, lease_until), lease_until) ELSE work_due END,
        coalesce(lease_until, 0),
        coalesce(not_before, 0)
    )) VIRTUAL,
    -- When the first message of the outbox that is not settled may be looked at.
    delivery_due INTEGER,
    -- When the team should hear the next thing.
    notice_due INTEGER,
    -- When the oldest unread message of the client came in that nobody attended to.
    unanswered_since INTEGER,
    -- Mail up to this number was attended to: its client was told that it takes longer.
    attended_seq INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, conversation),
    UNIQUE (tenant, channel, contact),
    FOREIGN KEY (tenant, channel) REFERENCES channel (tenant, channel),
    FOREIGN KEY (tenant, contact) REFERENCES contact (tenant, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_by_turn_due ON conversation (turn_due) WHERE turn_due IS NOT NULL;
CREATE INDEX conversation_by_delivery_due ON conversation (delivery_due) WHERE delivery_due IS NOT NULL;
CREATE INDEX conversation_by_notice_due ON conversation (notice_due) WHERE notice_due IS NOT NULL;
CREATE INDEX conversation_by_unanswered ON conversation (unanswered_since) WHERE unanswered_since IS NOT NULL;
CREATE INDEX conversation_by_action ON conversation (tenant) WHERE action_open = 1;
CREATE INDEX conversation_by_contact ON conversation (tenant, contact);

CREATE TABLE dialogue (
    tenant TEXT NOT NULL,
    conversation BLOB NOT NULL,
    state BLOB NOT NULL,
    action BLOB,
    PRIMARY KEY (tenant, conversation),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT;

-- What came in. Read mail stays until a provider can no longer deliver it again.
CREATE TABLE mailbox (
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    -- Unique in its source; of a client's message the keyed hash of the provider's id.
    provider_id TEXT NOT NULL,
    conversation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    received INTEGER NOT NULL,
    due INTEGER NOT NULL,
    unread INTEGER NOT NULL DEFAULT 1,
    -- The message of ours that it answers: the keyed hash of the provider's id.
    quoted TEXT,
    event BLOB NOT NULL,
    PRIMARY KEY (tenant, source, provider_id),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT;
CREATE INDEX mailbox_unread ON mailbox (tenant, conversation, seq, due) WHERE unread = 1;

CREATE TABLE timer (
    tenant TEXT NOT NULL,
    conversation BLOB NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    timer TEXT NOT NULL,
    PRIMARY KEY (tenant, conversation, key),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT, WITHOUT ROWID;

-- What goes out. `live`: not settled yet; the first live one of a conversation holds up the others.
CREATE TABLE outbox (
    tenant TEXT NOT NULL,
    delivery BLOB NOT NULL,
    conversation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN
        ('queued', 'sending', 'unknown', 'sent', 'delivered', 'read', 'failed', 'dead', 'withdrawn')),
    live INTEGER NOT NULL DEFAULT 1,
    -- 0 until handed over, then 1 sent, 2 delivered, 3 read, 4 failed.
    stage INTEGER NOT NULL DEFAULT 0,
    -- When queued: not before. While being sent or unknown: given up then.
    due INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,
    was_unknown INTEGER NOT NULL DEFAULT 0,
    -- Of an unknown one: may be sent again.
    repeatable INTEGER NOT NULL DEFAULT 1,
    -- The parts that were handed over: keyed hashes of the provider's ids, one a line.
    parts TEXT NOT NULL DEFAULT '',
    -- The provider's id of the first of them.
    message_id BLOB,
    -- How many parts were: of some only a later one's status tells.
    parts_out INTEGER NOT NULL DEFAULT 0,
    -- Of an unknown one: its sender said so, hence only the part after those is in doubt.
    told INTEGER NOT NULL DEFAULT 0,
    keep INTEGER NOT NULL,
    for_person INTEGER NOT NULL,
    about BLOB,
    queued INTEGER NOT NULL,
    -- What the client sees: known when it is queued, for words, else when it was rendered.
    shown BLOB,
    error TEXT,
    body BLOB NOT NULL,
    PRIMARY KEY (tenant, delivery),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT;
CREATE INDEX outbox_by_conversation ON outbox (tenant, conversation, live, seq);
CREATE INDEX outbox_dead ON outbox (tenant, queued) WHERE status = 'dead';

-- What was handed over, one a part, by the keyed hash of the provider's id.
CREATE TABLE part (
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    delivery BLOB NOT NULL,
    conversation BLOB NOT NULL,
    about BLOB,
    PRIMARY KEY (tenant, channel, message)
) STRICT, WITHOUT ROWID;

-- Statuses that wait: for their message to become known, or (with `delivery`) for its sender to say how it went.
CREATE TABLE early (
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    -- The keyed hash of the provider's id, and the id.
    message TEXT NOT NULL,
    message_id BLOB NOT NULL,
    stage INTEGER NOT NULL,
    delivery BLOB,
    -- Which part of its message it speaks of, and whether none comes after it, as its key says.
    part INTEGER NOT NULL DEFAULT 0,
    last INTEGER NOT NULL DEFAULT 1,
    status BLOB NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel, message, stage)
) STRICT, WITHOUT ROWID;
CREATE INDEX early_by_delivery ON early (tenant, delivery) WHERE delivery IS NOT NULL;

-- The log that people read: what came in at once, what went out when its outbox row is put away.
CREATE TABLE message (
    tenant TEXT NOT NULL,
    conversation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    inbound INTEGER NOT NULL,
    -- The provider's id.
    message_id BLOB,
    delivery BLOB,
    at INTEGER NOT NULL,
    text BLOB NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT,
    PRIMARY KEY (tenant, conversation, seq),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT, WITHOUT ROWID;

CREATE TABLE turn (
    tenant TEXT NOT NULL,
    conversation BLOB NOT NULL,
    number INTEGER NOT NULL,
    turn BLOB NOT NULL,
    at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    steps BLOB NOT NULL,
    versions TEXT NOT NULL,
    PRIMARY KEY (tenant, conversation, number),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT;

-- What the booking systems said of bookings; never the authority.
CREATE TABLE booking (
    tenant TEXT NOT NULL,
    booking BLOB NOT NULL,
    contact BLOB NOT NULL,
    conversation BLOB NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    -- Whom or what it takes.
    subject TEXT,
    staff_id TEXT,
    body BLOB NOT NULL,
    PRIMARY KEY (tenant, booking),
    FOREIGN KEY (tenant, contact) REFERENCES contact (tenant, contact),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT;
CREATE INDEX booking_by_contact ON booking (tenant, contact, ends);
CREATE INDEX booking_by_subject ON booking (tenant, subject, ends) WHERE standing = 1;

CREATE TABLE booking_alias (
    tenant TEXT NOT NULL,
    install TEXT NOT NULL,
    branch TEXT NOT NULL,
    backend_id TEXT NOT NULL,
    booking BLOB NOT NULL,
    PRIMARY KEY (tenant, install, branch, backend_id),
    FOREIGN KEY (tenant, booking) REFERENCES booking (tenant, booking)
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_alias_by_booking ON booking_alias (tenant, booking);
CREATE INDEX booking_alias_by_branch ON booking_alias (tenant, branch);

-- Intervals being booked now: one an action.
CREATE TABLE claim (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    action BLOB NOT NULL,
    subject TEXT NOT NULL,
    taken_from INTEGER NOT NULL,
    taken_to INTEGER NOT NULL,
    capacity INTEGER NOT NULL CHECK (capacity > 0),
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    -- A booking that is being moved: its own time does not count as taken.
    ignoring BLOB,
    PRIMARY KEY (tenant, action),
    CHECK (taken_from < taken_to)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_by_subject ON claim (tenant, subject, taken_to);
CREATE INDEX claim_by_expiry ON claim (expires);

-- When somebody was last given a booking, for fairness.
CREATE TABLE assigned (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;

-- No two live claims, and no claim and standing booking, share a moment of a subject beyond capacity. The count can only
-- rise where an interval begins, so it is enough to look at those instants.
CREATE TRIGGER claim_exclusion BEFORE INSERT ON claim
BEGIN
    SELECT RAISE(ABORT, 'chatplug: taken')
    FROM (
        SELECT NEW.taken_from AS at
        UNION
        SELECT t.taken_from FROM claim AS t
        WHERE t.tenant = NEW.tenant AND t.subject = NEW.subject AND t.taken_to > NEW.taken_from
            AND t.taken_from > NEW.taken_from AND t.taken_from < NEW.taken_to
        UNION
        SELECT b.starts FROM booking AS b
        WHERE b.tenant = NEW.tenant AND b.subject = NEW.subject AND b.standing = 1 AND b.ends > NEW.taken_from
            AND b.starts > NEW.taken_from AND b.starts < NEW.taken_to
    ) AS p
    WHERE (
        SELECT count(*) FROM claim AS t
        WHERE t.tenant = NEW.tenant AND t.subject = NEW.subject AND t.taken_to > p.at AND t.taken_from <= p.at
            AND t.expires > NEW.made AND t.action <> NEW.action
    ) + (
        SELECT count(*) FROM booking AS b
        WHERE b.tenant = NEW.tenant AND b.subject = NEW.subject AND b.standing = 1 AND b.ends > p.at AND b.starts <= p.at
            AND b.booking IS NOT NEW.ignoring
    ) >= NEW.capacity;
END;

-- The built-in calendar. It stands by itself: a calendar can be kept without a tenant being registered for chats.
CREATE TABLE entry (
    tenant TEXT NOT NULL,
    branch TEXT NOT NULL,
    entry TEXT NOT NULL,
    services TEXT NOT NULL,
    subject TEXT NOT NULL,
    staff TEXT,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    taken_from INTEGER NOT NULL,
    taken_to INTEGER NOT NULL,
    capacity INTEGER NOT NULL CHECK (capacity > 0),
    standing INTEGER NOT NULL DEFAULT 1,
    confirmed INTEGER NOT NULL DEFAULT 0,
    contact BLOB NOT NULL,
    client_name BLOB,
    price TEXT,
    note BLOB,
    key BLOB NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, branch, entry),
    CHECK (taken_from < taken_to)
) STRICT;
CREATE INDEX entry_by_subject ON entry (tenant, branch, subject, taken_to) WHERE standing = 1;
CREATE INDEX entry_by_time ON entry (tenant, branch, taken_to);
CREATE INDEX entry_by_contact ON entry (tenant, branch, contact);

-- Every key that ever wrote an entry: the same key again is the same deed, whatever happened to the entry since.
CREATE TABLE entry_key (
    tenant TEXT NOT NULL,
    branch TEXT NOT NULL,
    key BLOB NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (tenant, branch, key),
    FOREIGN KEY (tenant, branch, entry) REFERENCES entry (tenant, branch, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry_assigned (
    tenant TEXT NOT NULL,
    branch TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, branch, subject)
) STRICT, WITHOUT ROWID;

-- No two standing entries share a moment of a subject beyond the capacity that the one being written states.
CREATE TRIGGER entry_exclusion_on_insert BEFORE INSERT ON entry WHEN NEW.standing = 1
BEGIN
    SELECT RAISE(ABORT, 'chatplug: taken')
    FROM (
        SELECT NEW.taken_from AS at
        UNION
        SELECT t.taken_from FROM entry AS t
        WHERE t.tenant = NEW.tenant AND t.branch = NEW.branch AND t.subject = NEW.subject AND t.standing = 1
            AND t.taken_to > NEW.taken_from AND t.taken_from > NEW.taken_from AND t.taken_from < NEW.taken_to
    ) AS p
    WHERE (
        SELECT count(*) >= NEW.capacity FROM entry AS t
        WHERE t.tenant = NEW.tenant AND t.branch = NEW.branch AND t.subject = NEW.subject AND t.standing = 1
            AND t.taken_to > p.at AND t.taken_from <= p.at AND t.entry <> NEW.entry
    );
END;

CREATE TRIGGER entry_exclusion_on_update
BEFORE UPDATE OF tenant, branch, entry, subject, taken_from, taken_to, capacity, standing ON entry WHEN NEW.standing = 1
BEGIN
    SELECT RAISE(ABORT, 'chatplug: taken')
    FROM (
        SELECT NEW.taken_from AS at
        UNION
        SELECT t.taken_from FROM entry AS t
        WHERE t.tenant = NEW.tenant AND t.branch = NEW.branch AND t.subject = NEW.subject AND t.standing = 1
            AND t.taken_to > NEW.taken_from AND t.taken_from > NEW.taken_from AND t.taken_from < NEW.taken_to
    ) AS p
    WHERE (
        SELECT count(*) >= NEW.capacity FROM entry AS t
        WHERE t.tenant = NEW.tenant AND t.branch = NEW.branch AND t.subject = NEW.subject AND t.standing = 1
            AND t.taken_to > p.at AND t.taken_from <= p.at AND t.entry <> OLD.entry
    );
END;

-- Who did what: a chain. `row` is JSON, byte for byte what `hash` was computed over, after the hash of the row before.
CREATE TABLE audit (
    tenant TEXT NOT NULL REFERENCES tenant (tenant),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    row TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

-- Where each tenant's chain ends, so that its last rows cannot be missing unseen.
CREATE TABLE audit_head (
    tenant TEXT NOT NULL REFERENCES tenant (tenant) PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Only ever added to. Whoever has the file can drop these triggers; then the chain tells.
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'chatplug: the audit is only added to');
END;
CREATE TRIGGER audit_is_not_altered BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'chatplug: the audit is only added to');
END;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'chatplug: the audit is only added to');
END;
CREATE TRIGGER audit_head_goes_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq OR NEW.tenant <> OLD.tenant
BEGIN
    SELECT RAISE(ABORT, 'chatplug: the audit is only added to');
END;

-- What the team should hear, numbered in each conversation.
CREATE TABLE notice (
    tenant TEXT NOT NULL,
    conversation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- When queued: not before. While it is being told: given up then.
    due INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'telling', 'told', 'dead')),
    error TEXT,
    event BLOB NOT NULL,
    PRIMARY KEY (tenant, conversation, seq),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_open ON notice (tenant, conversation, seq, due) WHERE due IS NOT NULL;
CREATE INDEX notice_dead ON notice (tenant, at) WHERE status = 'dead';

-- Vendors' limits: `at` is when what was given out so far is used up. Names are hashes made by callers, and no tenant's.
CREATE TABLE pace (
    name TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    held_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX pace_by_time ON pace (at);
