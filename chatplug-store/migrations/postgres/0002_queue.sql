-- What looks across tenants: which conversations are due, whose an address is, how much there is. Each function answers
-- ids, instants or counts only, runs as the tables' owner with its search path pinned, and is all that the ordinary role
-- may do across tenants. The owner's policies at the end of the file of rights let these see; forced row-level security
-- holds the owner for every table that they do not name.

-- A process that takes leases under this number: it holds the number's advisory lock.
CREATE FUNCTION chatplug.enlist(p_worker bigint, p_now bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO worker (worker, began) VALUES (p_worker, p_now) ON CONFLICT DO NOTHING;
END
$$;

-- Frees at once what processes had leased that are gone, or cut off: nobody holds their lock. What they were sending is in
-- doubt; where a status waits it is looked at when the message is taken. How many processes were gone.
CREATE FUNCTION chatplug.reap(p_worker bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_gone bigint;
    v_row record;
    v_count bigint := 0;
BEGIN
    FOR v_gone IN SELECT w.worker FROM worker AS w WHERE w.worker <> p_worker LOOP
        -- Held until the end of this transaction, so that one of us does it.
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(v_gone);
        -- Whoever settles a message holds its conversation's row first, and so does this.
        FOR v_row IN SELECT o.tenant, o.delivery FROM conversation AS v
            JOIN outbox AS o ON o.tenant = v.tenant AND o.conversation = v.conversation AND o.live
            WHERE v.delivery_due IS NOT NULL AND o.status = 'sending' AND o.worker = v_gone
            ORDER BY v.tenant, v.conversation FOR NO KEY UPDATE OF v
        LOOP
            UPDATE outbox AS o SET status = 'unknown', was_unknown = true, repeatable = true, told = false
                WHERE o.tenant = v_row.tenant AND o.delivery = v_row.delivery AND o.status = 'sending'
                AND o.worker = v_gone
                AND NOT EXISTS (SELECT FROM early AS e WHERE e.tenant = o.tenant AND e.delivery = o.delivery);
        END LOOP;
        UPDATE conversation AS v SET lease_until = 0, worker = NULL
            WHERE v.worker = v_gone AND v.lease_until IS NOT NULL;
        DELETE FROM worker AS w WHERE w.worker = v_gone;
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;

-- Conversations with work that is due, the longest due first. Where several processes work, what is offered to one is not
-- offered to another for `p_hold`.
CREATE FUNCTION chatplug.due(p_worker bigint, p_now bigint, p_hold bigint, p_limit bigint)
RETURNS TABLE (tenant text, conversation uuid, due bigint, work integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM worker LIMIT 2) AS w) < 2 THEN
        RETURN QUERY SELECT d.* FROM (
            (SELECT v.tenant, v.conversation, v.turn_due AS due, 0 AS work FROM conversation AS v
                WHERE v.turn_due <= p_now ORDER BY v.turn_due LIMIT p_limit)
            UNION ALL
            (SELECT v.tenant, v.conversation, v.delivery_due, 1 FROM conversation AS v
                WHERE v.delivery_due <= p_now ORDER BY v.delivery_due LIMIT p_limit)
            UNION ALL
            (SELECT v.tenant, v.conversation, v.notice_due, 2 FROM conversation AS v
                WHERE v.notice_due <= p_now ORDER BY v.notice_due LIMIT p_limit)
        ) AS d ORDER BY d.due LIMIT p_limit;
        RETURN;
    END IF;
    -- An offer need not outlive a crash.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY WITH found AS MATERIALIZED (
        SELECT * FROM (SELECT v.tenant, v.conversation, v.turn_due AS due, 0 AS work, v.offered_to, v.offered_until
            FROM conversation AS v
            WHERE v.turn_due <= p_now AND (v.offered_to = p_worker OR coalesce(v.offered_until, 0) <= p_now)
            ORDER BY v.turn_due LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS turns
        UNION ALL
        SELECT * FROM (SELECT v.tenant, v.conversation, v.delivery_due, 1, v.offered_to, v.offered_until
            FROM conversation AS v
            WHERE v.delivery_due <= p_now AND (v.offered_to = p_worker OR coalesce(v.offered_until, 0) <= p_now)
            ORDER BY v.delivery_due LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS deliveries
        UNION ALL
        SELECT * FROM (SELECT v.tenant, v.conversation, v.notice_due, 2, v.offered_to, v.offered_until
            FROM conversation AS v
            WHERE v.notice_due <= p_now AND (v.offered_to = p_worker OR coalesce(v.offered_until, 0) <= p_now)
            ORDER BY v.notice_due LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS notices
    ), chosen AS MATERIALIZED (
        SELECT f.* FROM found AS f ORDER BY f.due LIMIT p_limit
    ), offered AS (
        UPDATE conversation AS v SET offered_to = p_worker, offered_until = p_now + p_hold
            FROM (SELECT DISTINCT c.tenant, c.conversation FROM chosen AS c
                WHERE c.offered_to IS DISTINCT FROM p_worker OR coalesce(c.offered_until, 0) <= p_now) AS c
            WHERE v.tenant = c.tenant AND v.conversation = c.conversation
    )
    SELECT c.tenant, c.conversation, c.due, c.work FROM chosen AS c ORDER BY c.due;
END
$$;

-- When the next work will be due for this process. What is offered to another is that one's until its offer ends.
CREATE FUNCTION chatplug.next_due(p_worker bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT min(CASE WHEN d.offered_to <> p_worker THEN greatest(d.due, d.offered_until) ELSE d.due END) FROM (
        (SELECT v.turn_due AS due, v.offered_to, v.offered_until FROM conversation AS v
            WHERE v.turn_due IS NOT NULL ORDER BY v.turn_due LIMIT 100)
        UNION ALL
        (SELECT v.delivery_due, v.offered_to, v.offered_until FROM conversation AS v
            WHERE v.delivery_due IS NOT NULL ORDER BY v.delivery_due LIMIT 100)
        UNION ALL
        (SELECT v.notice_due, v.offered_to, v.offered_until FROM conversation AS v
            WHERE v.notice_due IS NOT NULL ORDER BY v.notice_due LIMIT 100)
    ) AS d);
END
$$;

-- Conversations whose client waits for an outcome since before an instant, the longest waiting first.
CREATE FUNCTION chatplug.overdue(p_before bigint, p_limit bigint) RETURNS TABLE (tenant text, conversation uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT v.tenant, v.conversation FROM conversation AS v
        WHERE v.unanswered_since < p_before ORDER BY v.unanswered_since LIMIT p_limit;
END
$$;

-- Whose an external address is.
CREATE FUNCTION chatplug.route(p_provider text, p_address text) RETURNS TABLE (tenant text, channel text, branch text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT r.tenant, r.channel, r.branch FROM route AS r
        WHERE r.provider = p_provider AND r.external_id = p_address;
END
$$;

-- Figures over all tenants; `mail_since` and `outbox_since` are instants.
CREATE FUNCTION chatplug.figures(
    p_now bigint, p_overdue bigint, OUT mail_due bigint, OUT mail_since bigint, OUT outbox_queued bigint,
    OUT outbox_since bigint, OUT outbox_unknown bigint, OUT outbox_dead bigint, OUT actions_open bigint,
    OUT conversations bigint, OUT turns_open bigint, OUT overdue bigint, OUT notices_queued bigint, OUT notices_dead bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT count(*), min(m.received) INTO mail_due, mail_since FROM conversation AS v
        JOIN mailbox AS m ON m.tenant = v.tenant AND m.conversation = v.conversation AND m.unread AND m.due <= p_now
        WHERE v.turn_due IS NOT NULL;
    SELECT count(*) FILTER (WHERE o.status = 'queued'), min(o.queued) FILTER (WHERE o.status = 'queued'),
        count(*) FILTER (WHERE o.status = 'unknown') INTO outbox_queued, outbox_since, outbox_unknown
        FROM conversation AS v
        JOIN outbox AS o ON o.tenant = v.tenant AND o.conversation = v.conversation AND o.live
        WHERE v.delivery_due IS NOT NULL;
    outbox_dead := (SELECT count(*) FROM outbox AS o WHERE o.status = 'dead');
    actions_open := (SELECT count(*) FROM conversation AS v WHERE v.action_open);
    conversations := (SELECT count(*) FROM conversation);
    turns_open := (SELECT count(*) FROM conversation AS v WHERE v.turn_due IS NOT NULL AND v.lease_until > p_now);
    overdue := (SELECT count(*) FROM conversation AS v WHERE v.unanswered_since < p_overdue);
    notices_queued := (SELECT count(*) FROM notice AS n WHERE n.due IS NOT NULL);
    notices_dead := (SELECT count(*) FROM notice AS n WHERE n.status = 'dead');
END
$$;

-- How many wrapped keys there are under each master key, over all tenants; and one of the tenants, whose keys show whether
-- the right master key was given.
CREATE FUNCTION chatplug.masters() RETURNS TABLE (master text, keys bigint, sample text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT k.master, count(*), min(k.tenant) FROM vault.tenant_key AS k WHERE k.master IS NOT NULL
        GROUP BY k.master ORDER BY k.master;
END
$$;

-- Finds out whether writing works.
CREATE FUNCTION chatplug.ping() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE pulse SET beats = beats + 1;
END
$$;

-- Takes down that work is done by this time (nothing with NULL); answers the latest that was, 0 for none, and what the clock
-- of this server shows.
CREATE FUNCTION chatplug.tick(p_now bigint, OUT newest bigint, OUT reference bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE pulse AS p SET newest = greatest(p.newest, p_now) RETURNING p.newest INTO newest;
    reference := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
END
$$;

-- How many changes of installs there were, of whichever tenant; with `p_changed` one more.
CREATE FUNCTION chatplug.installs_mark(p_changed boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    mark bigint;
BEGIN
    IF p_changed THEN
        UPDATE pulse AS p SET installs = p.installs + 1 RETURNING p.installs INTO mark;
    ELSE
        SELECT p.installs INTO mark FROM pulse AS p;
    END IF;
    RETURN mark;
END
$$;

-- Takes up to `p_want` places under a name, of `p_burst` at once and one more each `p_every`. `at` is when all that were
-- taken are free again; so many places are free as fit between it and a whole burst from now.
CREATE FUNCTION chatplug.take_places(
    p_name text, p_burst bigint, p_every bigint, p_want bigint, p_now bigint, OUT granted bigint, OUT next bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_at bigint;
    v_held bigint;
BEGIN
    SELECT p.at, p.held_until INTO v_at, v_held FROM pace AS p WHERE p.name = p_name FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        INSERT INTO pace AS p (name, at) VALUES (p_name, p_now) ON CONFLICT (name) DO UPDATE SET at = p.at
            RETURNING p.at, p.held_until INTO v_at, v_held;
    END IF;
    IF v_held > p_now THEN
        granted := 0;
        next := greatest(v_held, v_at - (p_burst - 1) * p_every);
        RETURN;
    END IF;
    v_at := greatest(v_at, p_now);
    -- Further ahead than places can explain, and than clocks of processes differ: the clock was put back by a minute or
    -- more. One place is free at once, so that the count goes on from the new time.
    IF v_at > p_now + p_burst * p_every + 60000000 THEN
        v_at := p_now + (p_burst - 1) * p_every;
    END IF;
    granted := greatest(least(p_want, (p_now + p_burst * p_every - v_at) / p_every), 0);
    v_at := v_at + granted * p_every;
    IF granted > 0 THEN
        UPDATE pace AS p SET at = v_at WHERE p.name = p_name;
    END IF;
    next := CASE WHEN granted >= p_want THEN p_now ELSE greatest(p_now, v_at - (p_burst - 1) * p_every) END;
    -- Now and then what is free again is forgotten; what others work on is passed over.
    IF random() < 0.001 THEN
        DELETE FROM pace AS p WHERE p.name IN (SELECT o.name FROM pace AS o
            WHERE o.at < p_now AND o.held_until < p_now AND o.name <> p_name LIMIT 1000 FOR UPDATE SKIP LOCKED);
    END IF;
END
$$;

-- Gives no place under a name before an instant; never shortens an earlier word.
CREATE FUNCTION chatplug.hold_places(p_name text, p_until bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO pace AS p (name, at, held_until) VALUES (p_name, 0, p_until)
        ON CONFLICT (name) DO UPDATE SET held_until = greatest(p.held_until, excluded.held_until);
END
$$;
