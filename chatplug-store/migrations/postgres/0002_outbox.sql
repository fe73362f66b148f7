-- Messages out and their statuses. A status may come before anybody knows its message: whoever puts a message's id on
-- record, and whoever keeps a status for later, takes the id's lock first, then the conversation's row.

-- Waits until nobody else works on what a provider calls by the id with this keyed hash.
CREATE FUNCTION chatplug.lock_message(p_tenant text, p_channel text, p_message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(
        concat_ws(E'\x01', 'chatplug message', p_tenant, p_channel, p_message), 0));
END
$$;

-- Takes the first message that is not settled, when it may be sent now. One that was being sent and has statuses waiting
-- may have arrived: it is left for `unblock` unless that looked (`p_looked`), and so is one whose answer was lost and that
-- must not be repeated.
CREATE FUNCTION chatplug.take(
    p_tenant text, p_conversation uuid, p_until bigint, p_now bigint, p_worker bigint, p_looked boolean
) RETURNS chatplug.taken LANGUAGE plpgsql AS $$
DECLARE
    answer chatplug.taken;
BEGIN
    UPDATE outbox AS o SET status = 'sending', due = p_until, attempt = o.attempt + 1, worker = p_worker,
        was_unknown = o.was_unknown OR o.status <> 'queued'
        WHERE o.tenant = p_tenant AND o.delivery = (SELECT f.delivery FROM outbox AS f
            WHERE f.tenant = p_tenant AND f.conversation = p_conversation AND f.live ORDER BY f.seq LIMIT 1)
        AND o.due <= p_now AND (o.status = 'queued' OR (o.status = 'unknown' AND o.repeatable)
            OR (o.status = 'sending' AND (p_looked OR NOT EXISTS
                (SELECT FROM early AS e WHERE e.tenant = p_tenant AND e.delivery = o.delivery))))
        RETURNING o.delivery, o.body, o.for_person, o.attempt, o.parts_out, o.was_unknown, o.queued
        INTO answer.delivery, answer.body, answer.for_person, answer.attempt, answer.parts_out, answer.was_unknown,
            answer.queued;
    IF FOUND THEN
        -- The latest of their messages is the first that is looked at, or nearly.
        SELECT v.channel, v.holder, (SELECT m.message_id FROM message AS m
                WHERE m.tenant = p_tenant AND m.conversation = p_conversation AND m.inbound ORDER BY m.seq DESC LIMIT 1),
                v.contact, c.person, c.language, c.opted_out, c.last_inbound
            INTO answer.channel, answer.holder, answer.last_message, answer.contact, answer.person, answer.language,
                answer.opted_out, answer.last_inbound
            FROM conversation AS v JOIN contact AS c ON c.tenant = v.tenant AND c.contact = v.contact
            WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
    END IF;
    RETURN answer;
END
$$;

-- The same by itself.
CREATE FUNCTION chatplug.next_delivery(
    p_tenant text, p_conversation uuid, p_until bigint, p_now bigint, p_worker bigint, p_looked boolean
) RETURNS chatplug.taken LANGUAGE plpgsql AS $$
DECLARE
    answer chatplug.taken;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    PERFORM FROM conversation AS v WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    answer := chatplug.take(p_tenant, p_conversation, p_until, p_now, p_worker, p_looked);
    UPDATE conversation AS v SET delivery_due = chatplug.first_delivery(p_tenant, p_conversation)
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation
        RETURNING v.delivery_due INTO answer.delivery_due;
    RETURN answer;
END
$$;

-- Puts the first message off that may be sent now.
CREATE FUNCTION chatplug.postpone(p_tenant text, p_conversation uuid, p_until bigint, p_now bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    PERFORM FROM conversation AS v WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    UPDATE outbox AS o SET due = p_until
        WHERE o.tenant = p_tenant AND o.delivery = (SELECT f.delivery FROM outbox AS f
            WHERE f.tenant = p_tenant AND f.conversation = p_conversation AND f.live ORDER BY f.seq LIMIT 1)
        AND o.due <= p_now;
    UPDATE conversation AS v SET delivery_due = chatplug.first_delivery(p_tenant, p_conversation)
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
END
$$;

-- A status speaks of a part of which no sender told: it went out, and so did those before it. With the last one the
-- message is handed over, whatever was known of it; the rest may go at once when only this answer was lost. Answers
-- whether the message is settled.
CREATE FUNCTION chatplug.adopt(
    p_tenant text, p_delivery uuid, p_channel text, p_message text, p_id bytea, p_part integer, p_last boolean,
    p_now bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_live boolean;
BEGIN
    UPDATE outbox AS o SET parts = CASE o.parts WHEN '' THEN p_message ELSE o.parts || E'\n' || p_message END,
        message_id = coalesce(o.message_id, p_id), parts_out = greatest(o.parts_out, p_part + 1),
        stage = CASE WHEN p_last THEN greatest(o.stage, 1) ELSE o.stage END,
        status = CASE WHEN p_last THEN CASE o.stage WHEN 0 THEN 'sent' ELSE o.status END
            WHEN o.status = 'unknown' AND o.told AND p_part >= o.parts_out THEN 'queued' ELSE o.status END,
        due = CASE WHEN p_last THEN NULL
            WHEN o.status = 'unknown' AND o.told AND p_part >= o.parts_out THEN p_now ELSE o.due END,
        live = o.live AND NOT p_last, worker = CASE WHEN p_last THEN NULL ELSE o.worker END
        WHERE o.tenant = p_tenant AND o.delivery = p_delivery RETURNING o.live INTO v_live;
    INSERT INTO part (tenant, channel, message, delivery, conversation, about)
        SELECT o.tenant, p_channel, p_message, o.delivery, o.conversation, o.about FROM outbox AS o
        WHERE o.tenant = p_tenant AND o.delivery = p_delivery ON CONFLICT DO NOTHING;
    RETURN NOT v_live;
END
$$;

-- Learns from the statuses that wait which parts went out of which no sender told. Whether the message is settled by that.
CREATE FUNCTION chatplug.adopt_lost(p_tenant text, p_delivery uuid, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    lost record;
    v_settled boolean := false;
BEGIN
    FOR lost IN SELECT e.channel, e.message, max(e.part) AS part, bool_or(e.last) AS last,
            (array_agg(e.message_id))[1] AS id FROM early AS e
        WHERE e.tenant = p_tenant AND e.delivery = p_delivery AND NOT EXISTS (SELECT FROM part AS p
            WHERE p.tenant = e.tenant AND p.channel = e.channel AND p.message = e.message)
        GROUP BY e.channel, e.message ORDER BY 3
    LOOP
        v_settled := chatplug.adopt(p_tenant, p_delivery, lost.channel, lost.message, lost.id, lost.part, lost.last,
            p_now);
    END LOOP;
    RETURN v_settled;
END
$$;

-- Applies the statuses that waited for a message that is settled now. Answers the status by which it failed, if it did.
CREATE FUNCTION chatplug.apply_waiting(p_tenant text, p_channel text, p_delivery uuid)
RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    v_live boolean;
    v_stage integer;
    v_parts text;
    v_furthest integer := 0;
    v_failed bytea;
    waiting record;
BEGIN
    SELECT o.live, o.stage, o.parts INTO v_live, v_stage, v_parts FROM outbox AS o
        WHERE o.tenant = p_tenant AND o.delivery = p_delivery;
    IF NOT FOUND OR v_live THEN
        RETURN NULL;
    END IF;
    FOR waiting IN
        DELETE FROM early AS e WHERE e.tenant = p_tenant AND e.delivery = p_delivery
            RETURNING e.channel, e.message, e.stage, e.status
    LOOP
        INSERT INTO part (tenant, channel, message, delivery, conversation, about)
            SELECT o.tenant, waiting.channel, waiting.message, o.delivery, o.conversation, o.about FROM outbox AS o
            WHERE o.tenant = p_tenant AND o.delivery = p_delivery ON CONFLICT DO NOTHING;
        v_furthest := greatest(v_furthest, waiting.stage);
        IF waiting.stage = 4 THEN v_failed := waiting.status; END IF;
    END LOOP;
    IF v_parts <> '' THEN
        FOR waiting IN
            DELETE FROM early AS e WHERE e.tenant = p_tenant AND e.channel = p_channel
                AND e.message = ANY (string_to_array(v_parts, E'\n')) RETURNING e.stage, e.status
        LOOP
            v_furthest := greatest(v_furthest, waiting.stage);
            IF waiting.stage = 4 THEN v_failed := waiting.status; END IF;
        END LOOP;
    END IF;
    IF v_stage > 0 AND v_furthest > v_stage THEN
        UPDATE outbox AS o SET stage = v_furthest,
            status = CASE v_furthest WHEN 2 THEN 'delivered' WHEN 3 THEN 'read' WHEN 4 THEN 'failed' ELSE o.status END
            WHERE o.tenant = p_tenant AND o.delivery = p_delivery;
        IF v_furthest = 4 THEN
            RETURN v_failed;
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Settles what holds up the queue until something can be taken or must be waited for. Answers the messages of which a
-- status says that they failed.
CREATE FUNCTION chatplug.unblock(
    p_tenant text, p_conversation uuid, p_now bigint, p_error text, p_report bytea,
    OUT failed_keys uuid[], OUT failed bytea[], OUT wakes boolean
) LANGUAGE plpgsql AS $$
DECLARE
    head record;
    v_channel text;
    v_failed bytea;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    SELECT v.channel INTO v_channel FROM conversation AS v
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    failed_keys := '{}';
    failed := '{}';
    wakes := false;
    LOOP
        SELECT o.delivery, o.status, o.due, o.repeatable INTO head FROM outbox AS o
            WHERE o.tenant = p_tenant AND o.conversation = p_conversation AND o.live ORDER BY o.seq LIMIT 1;
        EXIT WHEN NOT FOUND OR head.due > p_now;
        IF head.status = 'unknown' AND NOT head.repeatable THEN
            UPDATE outbox AS o SET status = 'dead', live = false, due = NULL, worker = NULL, error = p_error
                WHERE o.tenant = p_tenant AND o.delivery = head.delivery;
            PERFORM chatplug.put_mail(p_tenant, p_conversation, 'delivery', head.delivery || '/dead', p_now, p_now, NULL,
                p_report, NULL);
            wakes := true;
        ELSIF head.status = 'sending' AND chatplug.adopt_lost(p_tenant, head.delivery, p_now) THEN
            v_failed := chatplug.apply_waiting(p_tenant, v_channel, head.delivery);
            IF v_failed IS NOT NULL THEN
                failed_keys := array_append(failed_keys, head.delivery);
                failed := array_append(failed, v_failed);
            END IF;
        ELSE
            EXIT;
        END IF;
    END LOOP;
    UPDATE conversation AS v SET delivery_due = chatplug.first_delivery(p_tenant, p_conversation)
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
END
$$;

-- Records what became of sending, and takes the next message when asked. `later`: it was not tried, and is queued again.
-- `p_parts` are keyed hashes of the provider's ids of what was handed over, `p_id` is the first of the ids. A row that is no longer being sent under this
-- attempt is left alone; one that was taken for lost while its sender was merely cut off is not. When a status that waited
-- says that the message failed, which only its text tells more of, the step is undone with CP003 unless `p_whole`: the
-- caller repeats it in a transaction of its own and goes on there.
CREATE FUNCTION chatplug.record_delivery(
    p_tenant text, p_conversation uuid, p_delivery uuid, p_attempt integer, p_status text, p_due bigint,
    p_repeatable boolean, p_parts text[], p_id bytea, p_body bytea, p_shown bytea, p_error text, p_report bytea, p_now bigint,
    p_whole boolean, p_take_until bigint, p_worker bigint
) RETURNS chatplug.taken LANGUAGE plpgsql AS $$
DECLARE
    answer chatplug.taken;
    v_channel text;
    v_failed bytea;
    v_wakes boolean := false;
    v_part text;
    v_parts text := array_to_string(p_parts, E'\n');
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    SELECT v.channel INTO v_channel FROM conversation AS v
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation;
    FOR v_part IN SELECT x FROM unnest(p_parts) AS x ORDER BY x LOOP
        PERFORM chatplug.lock_message(p_tenant, v_channel, v_part);
    END LOOP;
    PERFORM FROM conversation AS v WHERE v.tenant = p_tenant AND v.conversation = p_conversation FOR NO KEY UPDATE;
    UPDATE outbox AS o SET status = CASE p_status WHEN 'later' THEN 'queued' ELSE p_status END,
        attempt = o.attempt - (p_status = 'later')::integer, stage = (p_status = 'sent')::integer,
        live = p_due IS NOT NULL, due = p_due,
        parts = CASE WHEN v_parts = '' THEN o.parts WHEN o.parts = '' THEN v_parts ELSE o.parts || E'\n' || v_parts END,
        message_id = coalesce(o.message_id, p_id),
        body = coalesce(p_body, o.body), shown = coalesce(p_shown, o.shown), error = p_error,
        parts_out = o.parts_out + cardinality(p_parts), was_unknown = o.was_unknown OR p_status = 'unknown',
        told = p_status = 'unknown', repeatable = p_repeatable, worker = NULL
        WHERE o.tenant = p_tenant AND o.delivery = p_delivery AND o.conversation = p_conversation
        AND o.attempt = p_attempt AND (o.status = 'sending' OR (o.status = 'unknown' AND o.worker IS NOT NULL));
    IF FOUND THEN
        INSERT INTO part (tenant, channel, message, delivery, conversation, about)
            SELECT p_tenant, v_channel, x, p_delivery, p_conversation, o.about FROM unnest(p_parts) AS x, outbox AS o
            WHERE o.tenant = p_tenant AND o.delivery = p_delivery ON CONFLICT DO NOTHING;
        IF p_report IS NOT NULL THEN
            v_wakes := chatplug.put_mail(p_tenant, p_conversation, 'delivery', p_delivery || '/dead', p_now, p_now, NULL,
                p_report, NULL);
        END IF;
        IF p_due IS NOT NULL THEN
            PERFORM chatplug.adopt_lost(p_tenant, p_delivery, p_now);
        END IF;
        v_failed := chatplug.apply_waiting(p_tenant, v_channel, p_delivery);
        IF v_failed IS NOT NULL AND NOT p_whole THEN
            RAISE EXCEPTION 'chatplug: a status has more to tell' USING ERRCODE = 'CP003';
        END IF;
    END IF;
    IF p_take_until IS NOT NULL THEN
        answer := chatplug.take(p_tenant, p_conversation, p_take_until, p_now, p_worker, false);
    END IF;
    answer.failed := v_failed;
    answer.wakes := v_wakes;
    UPDATE conversation AS v SET active = greatest(v.active, p_now),
        delivery_due = chatplug.first_delivery(p_tenant, p_conversation)
        WHERE v.tenant = p_tenant AND v.conversation = p_conversation
        RETURNING v.delivery_due INTO answer.delivery_due;
    RETURN answer;
END
$$;

-- A status came in, of the message with this keyed hash of its id and with this id, and with the key of a whole message and
-- which part of it it speaks of: `applied`, `duplicate` or `unknown`. `failed` names a message that failed by it, or by one
-- that waited (`failed_by`): the caller goes on in the same transaction. Without one (not `p_whole`), what waited and failed
-- undoes the step with CP003.
CREATE FUNCTION chatplug.ingest_status(
    p_tenant text, p_channel text, p_message text, p_id bytea, p_word text, p_stage integer, p_key uuid, p_part integer,
    p_last boolean, p_status bytea, p_received bigint, p_whole boolean,
    OUT outcome text, OUT failed uuid, OUT conversation uuid, OUT wakes boolean, OUT failed_by bytea
) LANGUAGE plpgsql AS $$
DECLARE
    v_delivery uuid;
    v_live boolean;
    v_state text;
    v_settled boolean;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    PERFORM chatplug.lock_message(p_tenant, p_channel, p_message);
    wakes := false;
    SELECT p.delivery, p.conversation INTO v_delivery, conversation FROM part AS p
        JOIN outbox AS o ON o.tenant = p.tenant AND o.delivery = p.delivery
        WHERE p.tenant = p_tenant AND p.channel = p_channel AND p.message = p_message;
    IF FOUND THEN
        PERFORM FROM conversation AS v
            WHERE v.tenant = p_tenant AND v.conversation = ingest_status.conversation FOR NO KEY UPDATE;
        UPDATE outbox AS o SET status = p_word, stage = p_stage WHERE o.tenant = p_tenant AND o.delivery = v_delivery
            AND o.stage > 0 AND o.stage < p_stage;
        IF FOUND THEN
            outcome := 'applied';
            failed := CASE WHEN p_stage = 4 THEN v_delivery END;
            RETURN;
        END IF;
        SELECT o.live INTO v_live FROM outbox AS o WHERE o.tenant = p_tenant AND o.delivery = v_delivery;
        IF NOT v_live THEN
            outcome := 'duplicate';
            RETURN;
        END IF;
        -- One of several parts, the others being on their way: noted until the sender says how it went.
    ELSIF p_key IS NOT NULL THEN
        SELECT v.conversation INTO conversation FROM outbox AS o
            JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation
            WHERE o.tenant = p_tenant AND o.delivery = p_key AND v.channel = p_channel FOR NO KEY UPDATE OF v;
        IF FOUND THEN
            v_delivery := p_key;
            SELECT o.status, o.live INTO v_state, v_live FROM outbox AS o
                WHERE o.tenant = p_tenant AND o.delivery = p_key;
            -- While it is being sent its sender is about to say which parts went out: until then it is only noted.
            v_settled := false;
            IF v_state <> 'sending' THEN
                -- The answer of an earlier attempt was lost, and this is what became of it.
                v_settled := chatplug.adopt(p_tenant, p_key, p_channel, p_message, p_id, p_part, p_last, p_received);
                wakes := v_live;
            END IF;
            IF v_settled THEN
                UPDATE outbox AS o SET status = p_word, stage = p_stage WHERE o.tenant = p_tenant
                    AND o.delivery = p_key AND o.stage > 0 AND o.stage < p_stage;
                failed := CASE WHEN FOUND AND p_stage = 4 THEN p_key END;
                failed_by := chatplug.apply_waiting(p_tenant, p_channel, p_key);
                IF failed_by IS NOT NULL THEN
                    IF NOT p_whole THEN
                        RAISE EXCEPTION 'chatplug: a status has more to tell' USING ERRCODE = 'CP003';
                    END IF;
                    failed := p_key;
                END IF;
            END IF;
            IF v_state <> 'sending' THEN
                UPDATE conversation AS v SET delivery_due = chatplug.first_delivery(p_tenant, v.conversation)
                    WHERE v.tenant = p_tenant AND v.conversation = ingest_status.conversation;
            END IF;
            IF v_settled THEN
                outcome := 'applied';
                RETURN;
            END IF;
        END IF;
    END IF;
    INSERT INTO early AS e (tenant, channel, message, message_id, stage, delivery, part, last, status, received)
        VALUES (p_tenant, p_channel, p_message, p_id, p_stage, v_delivery, coalesce(p_part, 0), coalesce(p_last, true),
            p_status, p_received)
        ON CONFLICT ON CONSTRAINT early_pkey DO UPDATE
            SET delivery = coalesce(excluded.delivery, e.delivery), part = excluded.part, last = excluded.last;
    outcome := CASE WHEN v_delivery IS NULL THEN 'unknown' ELSE 'applied' END;
END
$$;
