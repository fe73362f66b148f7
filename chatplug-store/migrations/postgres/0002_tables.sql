-- The first schema: tables. Functions and rights stand in the other files of the same number; all of them are one step.
-- Forward only: a released file never changes, the next number adds.
--
-- Tables lie in `public`, functions in `chatplug`, wrapped keys in `vault`. Tables and columns are those of SQLite, and so
-- are their values: times are microseconds since 1970 (UTC) as bigint, because both stores share the code that reads and
-- writes them; states are words with a CHECK (equality of an enum is not leak-proof, so no index could serve it under
-- row-level security); personal columns are bytea, sealed where the tenant asks for it.
-- Every primary key leads with the tenant, except of `route`, which says whose an address is, and of `pulse`, `pace` and
-- `worker`, which are nobody's.

CREATE SCHEMA chatplug;
CREATE SCHEMA vault;

-- The processes that take leases. Each holds the advisory lock of its number for as long as it lives.
CREATE TABLE worker (
    worker bigint PRIMARY KEY,
    began bigint NOT NULL
);

CREATE TABLE tenant (
    tenant text PRIMARY KEY,
    name text NOT NULL,
    -- Names, numbers and texts of its clients are sealed from now on.
    sealed boolean NOT NULL DEFAULT false
);

-- One row, written to find out whether writing works, and to know by what time work was done last.
CREATE TABLE pulse (
    pulse integer PRIMARY KEY CHECK (pulse = 1),
    beats bigint NOT NULL,
    newest bigint NOT NULL,
    -- Counts changes of installs and swaps, of whichever tenant.
    installs bigint NOT NULL
);
INSERT INTO pulse VALUES (1, 0, 0, 0);

CREATE TABLE branch (
    tenant text NOT NULL REFERENCES tenant (tenant),
    branch text NOT NULL,
    -- The latest swap from one booking system to another: how far it is and what became what, as JSON.
    swap text,
    swap_version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, branch)
);

-- Branches that come and go: which account of a provider each is, and how far it has come. No secret, nothing of a client.
CREATE TABLE install (
    tenant text NOT NULL REFERENCES tenant (tenant),
    branch text NOT NULL,
    provider text NOT NULL,
    external_id text NOT NULL,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'active', 'frozen', 'leaving')),
    -- Steps that are done, a JSON array of words.
    done text NOT NULL,
    facts text NOT NULL,
    version bigint NOT NULL,
    changed bigint NOT NULL,
    -- While it leaves: what was removed so far, rows by table, as JSON.
    purged text NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, branch)
);
CREATE INDEX install_by_address ON install (tenant, provider, external_id);

CREATE TABLE channel (
    tenant text NOT NULL REFERENCES tenant (tenant),
    channel text NOT NULL,
    PRIMARY KEY (tenant, channel)
);

CREATE TABLE route (
    provider text NOT NULL,
    external_id text NOT NULL,
    tenant text NOT NULL REFERENCES tenant (tenant),
    channel text,
    branch text,
    PRIMARY KEY (provider, external_id)
);
CREATE INDEX route_by_tenant ON route (tenant);

CREATE TABLE credential (
    tenant text NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- How far connecting a number to its provider has come; ids and times, no secret. The channel need not be set up yet.
CREATE TABLE connection (
    tenant text NOT NULL REFERENCES tenant (tenant),
    channel text NOT NULL,
    version bigint NOT NULL,
    progress text NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (tenant, channel)
);

CREATE TABLE contact (
    tenant text NOT NULL REFERENCES tenant (tenant),
    contact uuid NOT NULL,
    -- Names, number, id and address to write to, as JSON: the latest of each. All names ever seen are in `identity`.
    person bytea NOT NULL,
    -- Keyed hashes of what is in `person`, to compare with.
    phone text,
    user_id text,
    name text,
    -- They told it themselves, so a profile's name does not replace it.
    name_told boolean NOT NULL DEFAULT false,
    language text,
    opted_out text NOT NULL DEFAULT '[]',
    last_inbound bigint,
    -- It turned out to be this one.
    merged_into uuid,
    PRIMARY KEY (tenant, contact)
) WITH (fillfactor = 80);
CREATE INDEX contact_by_merged ON contact (tenant, merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE identity (
    tenant text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('phone', 'user')),
    -- A keyed hash.
    value text NOT NULL,
    contact uuid NOT NULL,
    PRIMARY KEY (tenant, kind, value),
    FOREIGN KEY (tenant, contact) REFERENCES contact (tenant, contact)
);
CREATE INDEX identity_by_contact ON identity (tenant, contact);

-- The small row that every write touches, and whose lock every write of a conversation takes first; the state of the
-- dialogue lies beside it.
CREATE TABLE conversation (
    tenant text NOT NULL,
    conversation uuid NOT NULL,
    channel text NOT NULL,
    contact uuid NOT NULL,
    holder text NOT NULL DEFAULT 'bot' CHECK (holder IN ('bot', 'person')),
    version bigint NOT NULL DEFAULT 0,
    turns bigint NOT NULL DEFAULT 0,
    -- Numbers mail and messages of both directions, in order of arrival.
    last_seq bigint NOT NULL DEFAULT 0,
    active bigint NOT NULL,
    token bigint NOT NULL DEFAULT 0,
    lease_until bigint,
    -- Whose process has the lease.
    worker bigint,
    -- Offered to this process only, until then.
    offered_to bigint,
    offered_until bigint,
    not_before bigint,
    wake_at bigint,
    action_open boolean NOT NULL DEFAULT false,
    -- The earliest of unread mail, timers and wake-up.
    work_due bigint,
    -- When a turn may run. Whoever opened an action and never gave the lease back is gone when the lease runs out.
    turn_due bigint GENERATED ALWAYS AS (
        CASE
            WHEN action_open AND lease_until IS NOT NULL
                THEN greatest(least(work_due, lease_until), lease_until, coalesce(not_before, 0))
            WHEN work_due IS NOT NULL THEN greatest(work_due, coalesce(lease_until, 0), coalesce(not_before, 0))
        END
    ) STORED,
    -- When the first message of the outbox that is not settled may be looked at.
    delivery_due bigint,
    -- When the team should hear the next thing.
    notice_due bigint,
    -- When the oldest unread message of the client came in that nobody attended to.
    unanswered_since bigint,
    -- Mail up to this number was attended to: its client was told that it takes longer.
    attended_seq bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, conversation),
    UNIQUE (tenant, contact, channel),
    FOREIGN KEY (tenant, channel) REFERENCES channel (tenant, channel),
    FOREIGN KEY (tenant, contact) REFERENCES contact (tenant, contact)
) WITH (fillfactor = 70);
CREATE INDEX conversation_by_turn_due ON conversation (turn_due) WHERE turn_due IS NOT NULL;
CREATE INDEX conversation_by_delivery_due ON conversation (delivery_due) WHERE delivery_due IS NOT NULL;
CREATE INDEX conversation_by_notice_due ON conversation (notice_due) WHERE notice_due IS NOT NULL;
CREATE INDEX conversation_by_unanswered ON conversation (unanswered_since) WHERE unanswered_since IS NOT NULL;
CREATE INDEX conversation_by_worker ON conversation (worker) WHERE lease_until IS NOT NULL;
CREATE INDEX conversation_by_action ON conversation (tenant) WHERE action_open;

CREATE TABLE dialogue (
    tenant text NOT NULL,
    conversation uuid NOT NULL,
    state bytea NOT NULL,
    action bytea,
    PRIMARY KEY (tenant, conversation),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
) WITH (fillfactor = 70);

-- What came in. Read mail stays until a provider can no longer deliver it again.
CREATE TABLE mailbox (
    tenant text NOT NULL,
    source text NOT NULL,
    -- Unique in its source; of a client's message the keyed hash of the provider's id.
    provider_id text NOT NULL,
    conversation uuid NOT NULL,
    seq bigint NOT NULL,
    received bigint NOT NULL,
    due bigint NOT NULL,
    unread boolean NOT NULL DEFAULT true,
    -- The message of ours that it answers: the keyed hash of the provider's id.
    quoted text,
    event bytea NOT NULL,
    PRIMARY KEY (tenant, source, provider_id),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
);
CREATE INDEX mailbox_unread ON mailbox (tenant, conversation, seq) WHERE unread;
CREATE INDEX mailbox_by_age ON mailbox (tenant, received);

CREATE TABLE timer (
    tenant text NOT NULL,
    conversation uuid NOT NULL,
    key text NOT NULL,
    at bigint NOT NULL,
    timer text NOT NULL,
    PRIMARY KEY (tenant, conversation, key),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
);

-- What goes out. `live`: not settled yet; the first live one of a conversation holds up the others.
CREATE TABLE outbox (
    tenant text NOT NULL,
    delivery uuid NOT NULL,
    conversation uuid NOT NULL,
    seq bigint NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN
        ('queued', 'sending', 'unknown', 'sent', 'delivered', 'read', 'failed', 'dead', 'withdrawn')),
    live boolean NOT NULL DEFAULT true,
    -- 0 until handed over, then 1 sent, 2 delivered, 3 read, 4 failed.
    stage integer NOT NULL DEFAULT 0,
    -- When queued: not before. While being sent or unknown: given up then.
    due bigint,
    attempt integer NOT NULL DEFAULT 0,
    -- Whose process is sending it. Of an unknown one: that process is gone, or was cut off and may yet say how it went.
    worker bigint,
    was_unknown boolean NOT NULL DEFAULT false,
    -- Of an unknown one: may be sent again.
    repeatable boolean NOT NULL DEFAULT true,
    -- The parts that were handed over: keyed hashes of the provider's ids, one a line.
    parts text NOT NULL DEFAULT '',
    -- The provider's id of the first of them.
    message_id bytea,
    -- How many parts were: of some only a later one's status tells.
    parts_out integer NOT NULL DEFAULT 0,
    -- Of an unknown one: its sender said so, hence only the part after those is in doubt.
    told boolean NOT NULL DEFAULT false,
    keep boolean NOT NULL,
    for_person boolean NOT NULL,
    about uuid,
    queued bigint NOT NULL,
    shown bytea,
    error text,
    body bytea NOT NULL,
    PRIMARY KEY (tenant, delivery),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
);
CREATE INDEX outbox_live ON outbox (tenant, conversation, seq) WHERE live;
CREATE INDEX outbox_by_conversation ON outbox (tenant, conversation, seq);
CREATE INDEX outbox_dead ON outbox (tenant, queued) WHERE status = 'dead';
CREATE INDEX outbox_by_age ON outbox (tenant, queued);

-- What was handed over, one a part, by the keyed hash of the provider's id.
CREATE TABLE part (
    tenant text NOT NULL,
    channel text NOT NULL,
    message text NOT NULL,
    delivery uuid NOT NULL,
    conversation uuid NOT NULL,
    about uuid,
    PRIMARY KEY (tenant, channel, message)
);
CREATE INDEX part_by_delivery ON part (tenant, delivery);

-- Statuses that wait: for their message to become known, or (with `delivery`) for its sender to say how it went.
CREATE TABLE early (
    tenant text NOT NULL,
    channel text NOT NULL,
    -- The keyed hash of the provider's id, and the id.
    message text NOT NULL,
    message_id bytea NOT NULL,
    stage integer NOT NULL,
    delivery uuid,
    -- Which part of its message it speaks of, and whether none comes after it, as its key says.
    part integer NOT NULL DEFAULT 0,
    last boolean NOT NULL DEFAULT true,
    status bytea NOT NULL,
    received bigint NOT NULL,
    PRIMARY KEY (tenant, channel, message, stage)
);
CREATE INDEX early_by_delivery ON early (tenant, delivery) WHERE delivery IS NOT NULL;

-- The log that people read: what came in at once, what went out when its outbox row is put away.
CREATE TABLE message (
    tenant text NOT NULL,
    conversation uuid NOT NULL,
    seq bigint NOT NULL,
    inbound boolean NOT NULL,
    -- The provider's id.
    message_id bytea,
    delivery uuid,
    at bigint NOT NULL,
    text bytea NOT NULL,
    status text NOT NULL,
    outcome text,
    PRIMARY KEY (tenant, conversation, seq),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
);
CREATE INDEX message_by_age ON message (tenant, at);

CREATE TABLE turn (
    tenant text NOT NULL,
    conversation uuid NOT NULL,
    number bigint NOT NULL,
    turn uuid NOT NULL,
    at bigint NOT NULL,
    duration_ms bigint NOT NULL,
    steps bytea NOT NULL,
    versions text NOT NULL,
    PRIMARY KEY (tenant, conversation, number),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
);
CREATE INDEX turn_by_age ON turn (tenant, at);

-- What the booking systems said of bookings; never the authority.
CREATE TABLE booking (
    tenant text NOT NULL,
    booking uuid NOT NULL,
    contact uuid NOT NULL,
    conversation uuid NOT NULL,
    starts bigint NOT NULL,
    ends bigint NOT NULL,
    standing boolean NOT NULL,
    -- Whom or what it takes.
    subject text,
    staff_id text,
    body bytea NOT NULL,
    PRIMARY KEY (tenant, booking),
    FOREIGN KEY (tenant, contact) REFERENCES contact (tenant, contact),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
);
CREATE INDEX booking_by_contact ON booking (tenant, contact, ends);
CREATE INDEX booking_by_conversation ON booking (tenant, conversation);
CREATE INDEX booking_by_subject ON booking (tenant, subject, ends) WHERE standing;
CREATE INDEX booking_by_age ON booking (tenant, ends);

CREATE TABLE booking_alias (
    tenant text NOT NULL,
    install text NOT NULL,
    branch text NOT NULL,
    backend_id text NOT NULL,
    booking uuid NOT NULL,
    PRIMARY KEY (tenant, install, branch, backend_id),
    FOREIGN KEY (tenant, booking) REFERENCES booking (tenant, booking)
);
CREATE INDEX booking_alias_by_booking ON booking_alias (tenant, booking);
CREATE INDEX booking_alias_by_branch ON booking_alias (tenant, branch);

-- Intervals being booked now: one an action.
CREATE TABLE claim (
    tenant text NOT NULL REFERENCES tenant (tenant),
    action uuid NOT NULL,
    subject text NOT NULL,
    taken_from bigint NOT NULL,
    taken_to bigint NOT NULL,
    capacity integer NOT NULL CHECK (capacity > 0),
    made bigint NOT NULL,
    expires bigint NOT NULL,
    -- A booking that is being moved: its own time does not count as taken.
    ignoring uuid,
    PRIMARY KEY (tenant, action),
    CHECK (taken_from < taken_to)
);
CREATE INDEX claim_by_subject ON claim (tenant, subject, taken_to);
CREATE INDEX claim_by_expiry ON claim (tenant, expires);

-- When somebody was last given a booking, for fairness.
CREATE TABLE assigned (
    tenant text NOT NULL REFERENCES tenant (tenant),
    subject text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (tenant, subject)
);

-- The built-in calendar. It stands by itself: a calendar can be kept without a tenant being registered for chats.
CREATE TABLE entry (
    tenant text NOT NULL,
    branch text NOT NULL,
    entry text NOT NULL,
    services text NOT NULL,
    subject text NOT NULL,
    staff text,
    starts bigint NOT NULL,
    ends bigint NOT NULL,
    taken_from bigint NOT NULL,
    taken_to bigint NOT NULL,
    capacity integer NOT NULL CHECK (capacity > 0),
    standing boolean NOT NULL DEFAULT true,
    confirmed boolean NOT NULL DEFAULT false,
    contact uuid NOT NULL,
    client_name bytea,
    price text,
    note bytea,
    key uuid NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (tenant, branch, entry),
    CHECK (taken_from < taken_to)
);
CREATE INDEX entry_by_subject ON entry (tenant, branch, subject, taken_to) WHERE standing;
CREATE INDEX entry_by_time ON entry (tenant, branch, taken_to);
CREATE INDEX entry_by_contact ON entry (tenant, contact);

-- Every key that ever wrote an entry: the same key again is the same deed, whatever happened to the entry since.
CREATE TABLE entry_key (
    tenant text NOT NULL,
    branch text NOT NULL,
    key uuid NOT NULL,
    entry text NOT NULL,
    PRIMARY KEY (tenant, branch, key),
    FOREIGN KEY (tenant, branch, entry) REFERENCES entry (tenant, branch, entry)
);

CREATE TABLE entry_assigned (
    tenant text NOT NULL,
    branch text NOT NULL,
    subject text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (tenant, branch, subject)
);

-- Where two places cannot be shared, an exclusion constraint says so as well. It wants the extension btree_gist, which an
-- owner may not be able to have; the triggers hold without it, and they alone know of capacities and of bookings.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    ALTER TABLE claim ADD CONSTRAINT claim_excludes
        EXCLUDE USING gist (tenant WITH =, subject WITH =, int8range(taken_from, taken_to) WITH &&) WHERE (capacity = 1);
    ALTER TABLE entry ADD CONSTRAINT entry_excludes
        EXCLUDE USING gist (tenant WITH =, branch WITH =, subject WITH =, int8range(taken_from, taken_to) WITH &&)
        WHERE (standing AND capacity = 1);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'btree_gist cannot be had here; triggers alone keep appointments apart';
END
$$;

-- Only ever added to: see the trigger in the file of rights.
CREATE TABLE audit (
    tenant text NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    -- Byte for byte what the hash is over.
    row text NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant, seq)
);

-- Where each chain ends.
CREATE TABLE audit_head (
    tenant text PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

-- What the team should hear, numbered in each conversation.
CREATE TABLE notice (
    tenant text NOT NULL,
    conversation uuid NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    -- When queued: not before. While it is being told: given up then.
    due bigint,
    attempt integer NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'telling', 'told', 'dead')),
    error text,
    event bytea NOT NULL,
    PRIMARY KEY (tenant, conversation, seq),
    FOREIGN KEY (tenant, conversation) REFERENCES conversation (tenant, conversation)
);
CREATE INDEX notice_open ON notice (tenant, conversation, seq) WHERE due IS NOT NULL;
CREATE INDEX notice_dead ON notice (tenant, at) WHERE status = 'dead';
CREATE INDEX notice_by_age ON notice (tenant, at);

-- Vendors' limits, by hashed names. `at`: when all places that were taken are free again.
CREATE TABLE pace (
    name text PRIMARY KEY,
    at bigint NOT NULL,
    held_until bigint NOT NULL DEFAULT 0
);

-- The keys of tenants, wrapped under a master key that is not here. A schema of its own, so that a copy of the data can be
-- made without them.
CREATE TABLE vault.tenant_key (
    tenant text NOT NULL,
    key_use text NOT NULL CHECK (key_use IN ('data', 'lookup', 'destroyed')),
    version integer NOT NULL,
    master text,
    wrapped bytea NOT NULL,
    made bigint NOT NULL,
    PRIMARY KEY (tenant, key_use, version)
-- What is destroyed or replaced shall not lie about.
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
