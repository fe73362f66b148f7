-- What comes in, and turns. Every function here begins by saying whose rows it is about, works with the caller's rights
-- under row-level security, and locks the conversation before anything else of it.

-- What a turn starts from.
CREATE TYPE chatplug.leased AS (
    token bigint, version bigint, turns bigint, channel text, holder text,
    contact uuid, person bytea, language text, opted_out text, last_inbound bigint,
    state bytea, action bytea, bookings bytea[], timers text[],
    mail_seq bigint[], mail_received bigint[], mail_due bigint[], mail_event bytea[], mail_about uuid[]
);

-- A message that was taken for sending (no `delivery`: none was), and how the conversation stands after the step.
CREATE TYPE chatplug.taken AS (
    delivery uuid, body bytea, for_person boolean, attempt integer, parts_out integer, was_unknown boolean, queued bigint,
    channel text, holder text, last_message bytea,
    contact uuid, person bytea, language text, opted_out text, last_inbound bigint,
    version bigint, turn_due bigint, delivery_due bigint, notice_due bigint,
    -- Something came into the mailbox.
    wakes boolean,
    -- A status said that this message failed, and this is the status.
    failed bytea
);

-- Makes a tenant known, or brings it up to date. A route of somebody else's is refused with CP002 and its number.
CREATE FUNCTION chatplug.register(
    p_tenant text, p_name text, p_sealed boolean, p_branches text[], p_channels text[],
    p_providers text[], p_addresses text[], p_route_channels text[], p_route_branches text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place integer;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    INSERT INTO tenant AS t (tenant, name, sealed) VALUES (p_tenant, p_name, p_sealed)
        ON CONFLICT ON CONSTRAINT tenant_pkey DO UPDATE SET name = excluded.name, sealed = excluded.sealed;
    -- What is installed keeps its address.
    DELETE FROM route AS r WHERE r.tenant = p_tenant AND NOT EXISTS (SELECT FROM install AS i
        WHERE i.tenant = p_tenant AND i.provider = r.provider AND i.external_id = r.external_id);
    INSERT INTO branch (tenant, branch) SELECT p_tenant, b FROM unnest(p_branches) AS b ON CONFLICT DO NOTHING;
    INSERT INTO channel (tenant, channel) SELECT p_tenant, c FROM unnest(p_channels) AS c ON CONFLICT DO NOTHING;
    FOR place IN 1 .. cardinality(p_providers) LOOP
        INSERT INTO route (provider, external_id, tenant, channel, branch)
            VALUES (p_providers[place], p_addresses[place], p_tenant, p_route_channels[place], p_route_branches[place])
            ON CONFLICT DO NOTHING;
        CONTINUE WHEN FOUND;
        -- Named twice, the last word counts.
        UPDATE route AS r SET channel = p_route_channels[place], branch = p_route_branches[place]
            WHERE r.provider = p_providers[place] AND r.external_id = p_addresses[place] AND r.tenant = p_tenant;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'chatplug: the address is taken' USING ERRCODE = 'CP002', DETAIL = place::text;
        END IF;
    END LOOP;
END
$$;

-- When the first message that is not settled is due.
CREATE FUNCTION chatplug.first_delivery(p_tenant text, p_conversation uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT o.due FROM outbox AS o WHERE o.tenant = p_tenant AND o.conversation = p_conversation AND o.live
        ORDER BY o.seq LIMIT 1);
END
$$;

-- The earliest of unread mail, timers and a wake-up.
CREATE FUNCTION chatplug.first_work(p_tenant text, p_conversation uuid, p_wake bigint)
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN least(
        (SELECT min(m.due) FROM mailbox AS m WHERE m.tenant = p_tenant AND m.conversation = p_conversation AND m.unread),
        (SELECT min(t.at) FROM timer AS t WHERE t.tenant = p_tenant AND t.conversation = p_conversation),
        p_wake);
END
$$;

-- When the team should hear the next thing.
CREATE FUNCTION chatplug.first_notice(p_tenant text, p_conversation uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT min(n.due) FROM notice AS n
        WHERE n.tenant = p_tenant AND n.conversation = p_conversation AND n.due IS NOT NULL);
END
$$;

-- Puts one piece of mail into the box of a conversation whose row is locked; whether it is new there. `p_text` and `p_id`
-- (the provider's id) are the line for the log, of a client's message only.
CREATE FUNCTION chatplug.put_mail(
    p_tenant text, p_conversation uuid, p_source text, p_key text, p_received bigint, p_due bigint, p_quoted text,
    p_event bytea, p_text bytea, p_id bytea DEFAULT NULL
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    INSERT INTO mailbox (tenant, source, provider_id, conversation, seq, received, due, quoted, event)
        SELECT p_tenant, p_source, p_key, p_conversation, v.last_seq + 1, p_received, p_due, p_quoted, p_event
        FROM conversation AS v WHERE v.tenant = p_tenant AND v.conversation = p_conversation
        ON CONFLICT DO NOTHING RETURNING seq INTO number;
    IF number IS NULL THEN
        RETURN false;
    END IF;
    UPDATE conversation AS v SET last_seq = number, active = greatest(v.active, p_received),
        work_due = least(v.work_due, p_due),
        unanswered_since = CASE WHEN p_text IS NULL THEN v.unanswered_since
            ELSE coalesce(v.unanswered_since, p_received) END
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
    IF p_text IS NOT NULL THEN
        INSERT INTO message (tenant, conversation, seq, inbound, message_id, at, text, status)
            VALUES (p_tenant, p_conversation, number, true, p_id, p_received, p_text, '');
    END IF;
    RETURN true;
END
$$;

-- A client's message. Nearly every one is of somebody who is known, under the same names, in a conversation that exists;
-- whoever is met for the first time becomes a contact with a conversation here, too. Answers `queued` and where,
-- `duplicate`, `no channel`, or `new`: somebody who is known otherwise, whom the caller must meet.
CREATE FUNCTION chatplug.ingest_message(
    p_tenant text, p_channel text, p_source text, p_key text, p_received bigint, p_due bigint, p_at bigint, p_quoted text,
    p_event bytea, p_text bytea, p_id bytea, p_kind text, p_value text, p_phone text, p_user text, p_name text,
    p_contact uuid, p_conversation uuid, p_person bytea,
    OUT outcome text, OUT conversation uuid
) LANGUAGE plpgsql AS $$
DECLARE
    v_contact uuid;
    v_locked boolean := false;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    LOOP
        SELECT v.conversation, v.contact INTO conversation, v_contact FROM identity AS i
            JOIN contact AS c ON c.tenant = i.tenant AND c.contact = i.contact
            JOIN conversation AS v ON v.tenant = c.tenant AND v.contact = c.contact AND v.channel = p_channel
            WHERE i.tenant = p_tenant AND i.kind = p_kind AND i.value = p_value
            AND (p_phone IS NULL OR c.phone = p_phone) AND (p_user IS NULL OR c.user_id = p_user)
            AND (c.name_told OR p_name IS NULL OR c.name = p_name)
            FOR NO KEY UPDATE OF v;
        IF FOUND THEN
            IF chatplug.put_mail(p_tenant, conversation, p_source, p_key, p_received, p_due, p_quoted, p_event, p_text,
                p_id)
            THEN
                UPDATE contact AS c SET last_inbound = p_at WHERE c.tenant = p_tenant AND c.contact = v_contact
                    AND (c.last_inbound IS NULL OR c.last_inbound < p_at);
                outcome := 'queued';
            ELSE
                outcome := 'duplicate';
            END IF;
            RETURN;
        END IF;
        IF NOT v_locked THEN
            IF NOT EXISTS (SELECT FROM channel AS c WHERE c.tenant = p_tenant AND c.channel = p_channel) THEN
                outcome := 'no channel';
                RETURN;
            ELSIF EXISTS (SELECT FROM mailbox AS m
                WHERE m.tenant = p_tenant AND m.source = p_source AND m.provider_id = p_key) THEN
                outcome := 'duplicate';
                RETURN;
            END IF;
        END IF;
        IF p_value IS NULL
            OR EXISTS (SELECT FROM identity AS i
                WHERE i.tenant = p_tenant AND i.kind = 'user' AND i.value = p_user)
            OR EXISTS (SELECT FROM identity AS i
                WHERE i.tenant = p_tenant AND i.kind = 'phone' AND i.value = p_phone)
        THEN
            outcome := 'new';
            RETURN;
        END IF;
        EXIT WHEN v_locked;
        -- Somebody else may be meeting the same person now: looked at again under their names' locks.
        PERFORM chatplug.lock_names(p_tenant, p_user, p_phone);
        v_locked := true;
    END LOOP;
    INSERT INTO contact (tenant, contact, phone, user_id, name, person, last_inbound)
        VALUES (p_tenant, p_contact, p_phone, p_user, p_name, p_person, p_at);
    INSERT INTO identity (tenant, kind, value, contact) SELECT p_tenant, n.kind, n.value, p_contact
        FROM (VALUES ('user', p_user), ('phone', p_phone)) AS n (kind, value) WHERE n.value IS NOT NULL;
    conversation := p_conversation;
    INSERT INTO conversation (tenant, conversation, channel, contact, active)
        VALUES (p_tenant, p_conversation, p_channel, p_contact, p_received);
    PERFORM chatplug.put_mail(p_tenant, p_conversation, p_source, p_key, p_received, p_due, p_quoted, p_event, p_text,
        p_id);
    outcome := 'queued';
END
$$;

-- Waits until nobody else meets a person under one of these names, and until nobody meets somebody of this tenant who is
-- known otherwise, which may be anybody. Different new people do not wait for each other.
CREATE FUNCTION chatplug.lock_names(p_tenant text, p_user text, p_phone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_user bigint := hashtextextended(concat_ws(E'\x01', 'chatplug name', p_tenant, 'user', p_user), 0);
    v_phone bigint := hashtextextended(concat_ws(E'\x01', 'chatplug name', p_tenant, 'phone', p_phone), 0);
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat_ws(E'\x01', 'chatplug meeting', p_tenant), 0));
    -- In the order of the locks, whatever the names.
    IF p_user IS NULL OR p_phone IS NULL THEN
        PERFORM pg_advisory_xact_lock(CASE WHEN p_user IS NULL THEN v_phone ELSE v_user END);
    ELSE
        PERFORM pg_advisory_xact_lock(least(v_user, v_phone));
        PERFORM pg_advisory_xact_lock(greatest(v_user, v_phone));
    END IF;
END
$$;

-- A deed of somebody of the business.
CREATE FUNCTION chatplug.ingest_deed(
    p_tenant text, p_conversation uuid, p_source text, p_key text, p_received bigint, p_event bytea
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    PERFORM FROM conversation AS v WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    IF chatplug.put_mail(p_tenant, p_conversation, p_source, p_key, p_received, p_received, NULL, p_event, NULL) THEN
        RETURN 'queued';
    END IF;
    RETURN 'duplicate';
END
$$;

-- A hint of a booking system, for the conversation whose booking it is.
CREATE FUNCTION chatplug.ingest_hint(
    p_tenant text, p_source text, p_key text, p_received bigint, p_event bytea, p_install text, p_branch text,
    p_backend_id text, OUT outcome text, OUT conversation uuid
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    SELECT v.conversation INTO conversation FROM booking_alias AS a
        JOIN booking AS b ON b.tenant = a.tenant AND b.booking = a.booking
        JOIN conversation AS v ON v.tenant = b.tenant AND v.conversation = b.conversation
        WHERE a.tenant = p_tenant AND a.install = p_install AND a.branch = p_branch AND a.backend_id = p_backend_id
        FOR NO KEY UPDATE OF v;
    IF NOT FOUND THEN
        outcome := 'unknown';
    ELSIF chatplug.put_mail(p_tenant, conversation, p_source, p_key, p_received, p_received, NULL, p_event, NULL) THEN
        outcome := 'queued';
    ELSE
        outcome := 'duplicate';
    END IF;
END
$$;

-- Takes the lease of a conversation that has due work and nobody else's unexpired lease, and reads what a turn needs.
-- It waits for whoever writes the conversation this moment; that takes milliseconds, and to pass it over would leave due
-- work lying.
CREATE FUNCTION chatplug.lease(p_tenant text, p_conversation uuid, p_until bigint, p_now bigint, p_worker bigint)
RETURNS chatplug.leased LANGUAGE plpgsql AS $$
DECLARE
    answer chatplug.leased;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    -- `+ 0`: never by the index of what is due, which is everybody's; the row is found by its key.
    UPDATE conversation AS v SET token = v.token + 1, lease_until = p_until, worker = p_worker, not_before = NULL
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation AND v.turn_due + 0 <= p_now
        RETURNING v.token, v.version, v.turns, v.channel, v.holder, v.contact
        INTO answer.token, answer.version, answer.turns, answer.channel, answer.holder, answer.contact;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT c.person, c.language, c.opted_out, c.last_inbound
        INTO answer.person, answer.language, answer.opted_out, answer.last_inbound
        FROM contact AS c WHERE c.tenant = p_tenant AND c.contact = answer.contact;
    SELECT d.state, d.action INTO answer.state, answer.action
        FROM dialogue AS d WHERE d.tenant = p_tenant AND d.conversation = p_conversation;
    answer.bookings := ARRAY(SELECT b.body FROM booking AS b
        WHERE b.tenant = p_tenant AND b.contact = answer.contact AND b.ends > p_now ORDER BY b.starts);
    answer.timers := ARRAY(SELECT t.timer FROM timer AS t
        WHERE t.tenant = p_tenant AND t.conversation = p_conversation AND t.at <= p_now ORDER BY t.at);
    SELECT array_agg(m.seq ORDER BY m.seq), array_agg(m.received ORDER BY m.seq), array_agg(m.due ORDER BY m.seq),
        array_agg(m.event ORDER BY m.seq), array_agg(p.about ORDER BY m.seq)
        INTO answer.mail_seq, answer.mail_received, answer.mail_due, answer.mail_event, answer.mail_about
        FROM mailbox AS m
        LEFT JOIN part AS p ON p.tenant = m.tenant AND p.channel = answer.channel AND p.message = m.quoted
        WHERE m.tenant = p_tenant AND m.conversation = p_conversation AND m.unread;
    RETURN answer;
END
$$;

-- Gives a lease back without a commit.
CREATE FUNCTION chatplug.release(p_tenant text, p_conversation uuid, p_token bigint, p_version bigint, p_retry bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    UPDATE conversation AS v SET lease_until = NULL, worker = NULL, not_before = p_retry,
        work_due = CASE WHEN v.action_open AND v.wake_at IS NULL THEN least(v.work_due, p_retry) ELSE v.work_due END,
        wake_at = CASE WHEN v.action_open THEN coalesce(v.wake_at, p_retry) ELSE v.wake_at END
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation AND v.token = p_token AND v.version = p_version
        AND v.lease_until IS NOT NULL;
END
$$;

-- Queues messages of a conversation whose row is locked, in order, numbered after `p_after`; those whose keys are known
-- are queued already.
CREATE FUNCTION chatplug.queue(
    p_tenant text, p_conversation uuid, p_after bigint, p_now bigint, p_keys uuid[], p_bodies bytea[], p_shown bytea[],
    p_about uuid[], p_keep boolean[], p_for_person boolean[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (tenant, delivery, conversation, seq, due, keep, for_person, about, queued, body, shown)
        SELECT p_tenant, n.key, p_conversation, p_after + n.place, p_now, n.keep, n.for_person, n.about, p_now, n.body,
            n.shown
        FROM unnest(p_keys, p_bodies, p_shown, p_about, p_keep, p_for_person) WITH ORDINALITY
            AS n (key, body, shown, about, keep, for_person, place)
        ON CONFLICT DO NOTHING;
END
$$;

-- Queues one message by itself, and counts it.
CREATE FUNCTION chatplug.queue_one(
    p_tenant text, p_conversation uuid, p_now bigint, p_key uuid, p_body bytea, p_shown bytea, p_about uuid,
    p_keep boolean, p_for_person boolean
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_after bigint;
BEGIN
    SELECT v.last_seq INTO v_after FROM conversation AS v
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    PERFORM chatplug.queue(p_tenant, p_conversation, v_after, p_now, ARRAY[p_key], ARRAY[p_body], ARRAY[p_shown],
        ARRAY[p_about], ARRAY[p_keep], ARRAY[p_for_person]);
    UPDATE conversation AS v SET last_seq = v_after + 1,
        delivery_due = chatplug.first_delivery(p_tenant, p_conversation)
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
END
$$;

-- Notes what the team should hear, in a conversation whose row is locked.
CREATE FUNCTION chatplug.note(p_tenant text, p_conversation uuid, p_now bigint, p_events bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notice (tenant, conversation, seq, at, due, event)
        SELECT p_tenant, p_conversation, n.place + coalesce((SELECT max(o.seq) FROM notice AS o
            WHERE o.tenant = p_tenant AND o.conversation = p_conversation), 0), p_now, p_now, n.event
        FROM unnest(p_events) WITH ORDINALITY AS n (event, place);
END
$$;

-- Commits a turn or a part of it; no `version` comes back when another worker has the conversation.
CREATE FUNCTION chatplug.commit_turn(
    p_tenant text, p_conversation uuid, p_token bigint, p_version bigint, p_now bigint, p_keep_until bigint,
    p_holder text, p_wake bigint, p_state bytea, p_action bytea,
    p_read bigint[], p_ended bigint[], p_outcomes text[],
    p_drop_timers text[], p_timer_keys text[], p_timer_at bigint[], p_timers text[],
    p_withdraw boolean, p_keys uuid[], p_bodies bytea[], p_shown bytea[], p_about uuid[], p_keep boolean[],
    p_for_person boolean[],
    p_bookings uuid[], p_starts bigint[], p_ends bigint[], p_standing boolean[], p_subjects text[], p_staff text[],
    p_booked bytea[], p_installs text[], p_branches text[], p_backend_ids text[],
    p_unclaim uuid[], p_audit_at bigint[], p_audit text[], p_notices bytea[],
    p_turn uuid, p_number bigint, p_turn_at bigint, p_duration bigint, p_steps bytea, p_versions text,
    p_take_until bigint, p_worker bigint
) RETURNS chatplug.taken LANGUAGE plpgsql AS $$
DECLARE
    answer chatplug.taken;
    v_contact uuid;
    v_seq bigint;
    v_waits boolean;
    v_attended bigint;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    SELECT v.contact, v.last_seq, v.unanswered_since IS NOT NULL, v.attended_seq
        INTO v_contact, v_seq, v_waits, v_attended FROM conversation AS v
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation AND v.token = p_token AND v.version = p_version
        AND v.lease_until IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF cardinality(p_read) > 0 THEN
        UPDATE mailbox AS m SET unread = false WHERE m.tenant = p_tenant AND m.conversation = p_conversation
            AND m.seq = ANY (p_read) AND m.unread;
    END IF;
    IF cardinality(p_ended) > 0 THEN
        UPDATE message AS m SET outcome = e.outcome FROM unnest(p_ended, p_outcomes) AS e (seq, outcome)
            WHERE m.tenant = p_tenant AND m.conversation = p_conversation AND m.seq = e.seq;
    END IF;
    IF cardinality(p_drop_timers) > 0 THEN
        DELETE FROM timer AS t WHERE t.tenant = p_tenant AND t.conversation = p_conversation
            AND t.key = ANY (p_drop_timers);
    END IF;
    FOR place IN 1 .. cardinality(p_timer_keys) LOOP
        INSERT INTO timer AS t (tenant, conversation, key, at, timer)
            VALUES (p_tenant, p_conversation, p_timer_keys[place], p_timer_at[place], p_timers[place])
            ON CONFLICT ON CONSTRAINT timer_pkey DO UPDATE SET at = excluded.at, timer = excluded.timer;
    END LOOP;
    IF cardinality(p_unclaim) > 0 THEN
        DELETE FROM claim AS c WHERE c.tenant = p_tenant AND c.action = ANY (p_unclaim);
    END IF;
    FOR place IN 1 .. cardinality(p_audit) LOOP
        INSERT INTO audit (tenant, at, row) VALUES (p_tenant, p_audit_at[place], p_audit[place]);
    END LOOP;
    IF cardinality(p_notices) > 0 THEN
        PERFORM chatplug.note(p_tenant, p_conversation, p_now, p_notices);
    END IF;
    IF p_withdraw THEN
        UPDATE outbox AS o SET status = 'withdrawn', live = false, due = NULL WHERE o.tenant = p_tenant
            AND o.conversation = p_conversation AND o.live AND o.status = 'queued' AND NOT o.keep;
    END IF;
    IF cardinality(p_keys) > 0 THEN
        PERFORM chatplug.queue(p_tenant, p_conversation, v_seq, p_now, p_keys, p_bodies, p_shown, p_about, p_keep,
            p_for_person);
    END IF;
    INSERT INTO dialogue AS d (tenant, conversation, state, action) VALUES (p_tenant, p_conversation, p_state, p_action)
        ON CONFLICT ON CONSTRAINT dialogue_pkey DO UPDATE SET state = excluded.state, action = excluded.action;
    IF p_turn IS NOT NULL THEN
        INSERT INTO turn (tenant, conversation, number, turn, at, duration_ms, steps, versions)
            VALUES (p_tenant, p_conversation, p_number, p_turn, p_turn_at, p_duration, p_steps, p_versions)
            ON CONFLICT DO NOTHING;
    END IF;
    FOR place IN 1 .. cardinality(p_bookings) LOOP
        INSERT INTO booking AS b
            (tenant, booking, contact, conversation, starts, ends, standing, subject, staff_id, body)
            VALUES (p_tenant, p_bookings[place], v_contact, p_conversation, p_starts[place], p_ends[place],
                p_standing[place], p_subjects[place], p_staff[place], p_booked[place])
            ON CONFLICT ON CONSTRAINT booking_pkey DO UPDATE SET contact = excluded.contact,
                conversation = excluded.conversation, starts = excluded.starts, ends = excluded.ends,
                standing = excluded.standing, subject = excluded.subject, staff_id = excluded.staff_id,
                body = excluded.body;
        INSERT INTO booking_alias AS a (tenant, install, branch, backend_id, booking)
            VALUES (p_tenant, p_installs[place], p_branches[place], p_backend_ids[place], p_bookings[place])
            ON CONFLICT ON CONSTRAINT booking_alias_pkey DO UPDATE SET booking = excluded.booking;
    END LOOP;
    IF p_take_until IS NOT NULL THEN
        answer := chatplug.take(p_tenant, p_conversation, p_take_until, p_now, p_worker, false);
    END IF;
    UPDATE conversation AS v SET version = v.version + 1, lease_until = p_keep_until,
        worker = CASE WHEN p_keep_until IS NOT NULL THEN p_worker END, not_before = NULL,
        holder = coalesce(p_holder, v.holder), wake_at = p_wake, action_open = p_action IS NOT NULL,
        active = greatest(v.active, p_now), turns = v.turns + (p_turn IS NOT NULL)::integer,
        last_seq = v.last_seq + cardinality(p_keys),
        notice_due = CASE WHEN cardinality(p_notices) > 0 THEN chatplug.first_notice(p_tenant, p_conversation)
            ELSE v.notice_due END,
        unanswered_since = CASE WHEN v_waits THEN (SELECT min(m.received) FROM mailbox AS m
            WHERE m.tenant = p_tenant AND m.conversation = p_conversation AND m.unread AND m.seq > v_attended
            AND starts_with(m.source, 'message/')) END,
        work_due = chatplug.first_work(p_tenant, p_conversation, p_wake),
        delivery_due = chatplug.first_delivery(p_tenant, p_conversation)
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation
        RETURNING v.version, v.turn_due, v.delivery_due, v.notice_due, v.holder
        INTO answer.version, answer.turn_due, answer.delivery_due, answer.notice_due, answer.holder;
    RETURN answer;
END
$$;

-- Attends to a conversation whose client waits since before an instant; whether they did.
CREATE FUNCTION chatplug.attend(
    p_tenant text, p_conversation uuid, p_before bigint, p_now bigint, p_key uuid, p_body bytea, p_shown bytea,
    p_about uuid, p_keep boolean, p_for_person boolean, p_notice bytea, p_audit_at bigint, p_audit text
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    -- `+ 0`: by the row's key, never by the index of whoever waits, which is everybody's.
    UPDATE conversation AS v SET unanswered_since = NULL, attended_seq = v.last_seq
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation AND v.unanswered_since + 0 < p_before;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM chatplug.note(p_tenant, p_conversation, p_now, ARRAY[p_notice]);
    INSERT INTO audit (tenant, at, row) VALUES (p_tenant, p_audit_at, p_audit);
    IF p_key IS NOT NULL THEN
        PERFORM chatplug.queue_one(p_tenant, p_conversation, p_now, p_key, p_body, p_shown, p_about, p_keep,
            p_for_person);
    END IF;
    UPDATE conversation AS v SET notice_due = chatplug.first_notice(p_tenant, p_conversation)
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
    RETURN true;
END
$$;

-- Takes the first thing that the team should hear and that is due.
CREATE FUNCTION chatplug.next_notice(
    p_tenant text, p_conversation uuid, p_until bigint, p_now bigint,
    OUT seq bigint, OUT event bytea, OUT at bigint, OUT attempt integer
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    PERFORM FROM conversation AS v WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    UPDATE notice AS n SET status = 'telling', due = p_until, attempt = n.attempt + 1
        WHERE n.tenant = p_tenant AND n.conversation = p_conversation AND n.seq = (SELECT f.seq FROM notice AS f
            WHERE f.tenant = p_tenant AND f.conversation = p_conversation AND f.due <= p_now ORDER BY f.seq LIMIT 1)
        RETURNING n.seq, n.event, n.at, n.attempt INTO seq, event, at, attempt;
    IF FOUND THEN
        UPDATE conversation AS v SET notice_due = chatplug.first_notice(p_tenant, p_conversation)
            WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
    END IF;
END
$$;

-- Records what became of telling the team.
CREATE FUNCTION chatplug.record_notice(
    p_tenant text, p_conversation uuid, p_seq bigint, p_attempt integer, p_status text, p_due bigint, p_error text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    PERFORM FROM conversation AS v WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    UPDATE notice AS n SET status = p_status, due = p_due, error = p_error WHERE n.tenant = p_tenant
        AND n.conversation = p_conversation AND n.seq = p_seq AND n.status = 'telling' AND n.attempt = p_attempt;
    IF FOUND THEN
        UPDATE conversation AS v SET notice_due = chatplug.first_notice(p_tenant, p_conversation)
            WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
    END IF;
END
$$;
