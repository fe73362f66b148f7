-- Who is taken when: claims, and the built-in calendar. That nothing overlaps is decided by the triggers at the end, under
-- a lock of the subject, whatever wrote the row; what is chosen before is only who gets it.

-- Waits until nobody else gives away this subject's time. Whoever needs several takes them in the order of their names.
CREATE FUNCTION chatplug.lock_subject(p_what text, p_tenant text, p_subject text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(E'\x01', p_what, p_tenant, p_subject), 0));
END
$$;

-- Claims a stretch of time on the fairest free candidate: fewest taken minutes that day, then least recently assigned, then
-- the given order. Answers its place from 1; nothing: nobody is free.
CREATE FUNCTION chatplug.claim(
    p_tenant text, p_action uuid, p_subjects text[], p_from bigint, p_to bigint, p_day_from bigint, p_day_to bigint,
    p_capacity integer, p_expires bigint, p_now bigint, p_ignoring uuid
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_subject text;
    v_place bigint;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    FOR v_subject IN SELECT DISTINCT x FROM unnest(p_subjects) AS x ORDER BY x LOOP
        PERFORM chatplug.lock_subject('chatplug claim', p_tenant, v_subject);
    END LOOP;
    DELETE FROM claim AS c WHERE c.tenant = p_tenant AND c.expires <= p_now AND c.subject = ANY (p_subjects);
    WITH candidate AS (
        SELECT x.subject, x.place FROM unnest(p_subjects) WITH ORDINALITY AS x (subject, place)
    ), taken AS MATERIALIZED (
        SELECT n.place, c.taken_from AS begins, c.taken_to AS ends FROM candidate AS n
            JOIN claim AS c ON c.tenant = p_tenant AND c.subject = n.subject AND c.taken_to > least(p_from, p_day_from)
            WHERE c.taken_from < greatest(p_to, p_day_to) AND c.expires > p_now AND c.action <> p_action
        UNION ALL
        SELECT n.place, b.starts, b.ends FROM candidate AS n
            JOIN booking AS b ON b.tenant = p_tenant AND b.subject = n.subject AND b.standing
                AND b.ends > least(p_from, p_day_from)
            WHERE b.starts < greatest(p_to, p_day_to) AND b.booking IS DISTINCT FROM p_ignoring
    )
    SELECT n.place INTO v_place FROM candidate AS n
        LEFT JOIN assigned AS a ON a.tenant = p_tenant AND a.subject = n.subject
        WHERE NOT EXISTS (
            SELECT FROM (
                SELECT p_from AS at UNION
                SELECT t.begins FROM taken AS t WHERE t.place = n.place AND t.begins > p_from AND t.begins < p_to
            ) AS instant
            WHERE (SELECT count(*) FROM taken AS t
                WHERE t.place = n.place AND t.begins <= instant.at AND t.ends > instant.at) >= p_capacity
        )
        ORDER BY (SELECT coalesce(sum(greatest((least(t.ends, p_day_to) - greatest(t.begins, p_day_from)) / 60000000, 0)), 0)
            FROM taken AS t WHERE t.place = n.place), a.at NULLS FIRST, n.place
        LIMIT 1;
    IF v_place IS NULL THEN
        RETURN NULL;
    END IF;
    DELETE FROM claim AS c WHERE c.tenant = p_tenant AND c.action = p_action;
    INSERT INTO claim (tenant, action, subject, taken_from, taken_to, capacity, made, expires, ignoring)
        VALUES (p_tenant, p_action, p_subjects[v_place], p_from, p_to, p_capacity, p_now, p_expires, p_ignoring);
    INSERT INTO assigned AS a (tenant, subject, at) VALUES (p_tenant, p_subjects[v_place], p_now)
        ON CONFLICT ON CONSTRAINT assigned_pkey DO UPDATE SET at = excluded.at;
    RETURN v_place;
END
$$;

-- Lets go of an action's claims.
CREATE FUNCTION chatplug.unclaim(p_tenant text, p_action uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    DELETE FROM claim AS c WHERE c.tenant = p_tenant AND c.action = p_action;
END
$$;

-- The fairest free candidate for an entry; its place from 1.
CREATE FUNCTION chatplug.choose_for_entry(
    p_tenant text, p_branch text, p_entry text, p_subjects text[], p_from bigint, p_to bigint, p_day_from bigint,
    p_day_to bigint, p_capacity integer
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_place bigint;
BEGIN
    WITH candidate AS (
        SELECT x.subject, x.place FROM unnest(p_subjects) WITH ORDINALITY AS x (subject, place)
    ), taken AS MATERIALIZED (
        SELECT n.place, e.taken_from AS begins, e.taken_to AS ends FROM candidate AS n
            JOIN entry AS e ON e.tenant = p_tenant AND e.branch = p_branch AND e.subject = n.subject AND e.standing
                AND e.taken_to > least(p_from, p_day_from)
            WHERE e.taken_from < greatest(p_to, p_day_to) AND e.entry <> p_entry
    )
    SELECT n.place INTO v_place FROM candidate AS n
        LEFT JOIN entry_assigned AS a ON a.tenant = p_tenant AND a.branch = p_branch AND a.subject = n.subject
        WHERE NOT EXISTS (
            SELECT FROM (
                SELECT p_from AS at UNION
                SELECT t.begins FROM taken AS t WHERE t.place = n.place AND t.begins > p_from AND t.begins < p_to
            ) AS instant
            WHERE (SELECT count(*) FROM taken AS t
                WHERE t.place = n.place AND t.begins <= instant.at AND t.ends > instant.at) >= p_capacity
        )
        ORDER BY (SELECT coalesce(sum(greatest((least(t.ends, p_day_to) - greatest(t.begins, p_day_from)) / 60000000, 0)), 0)
            FROM taken AS t WHERE t.place = n.place), a.at NULLS FIRST, n.place
        LIMIT 1;
    RETURN v_place;
END
$$;

-- The entry that an action with this key wrote.
CREATE FUNCTION chatplug.entry_by_key(p_tenant text, p_branch text, p_key uuid) RETURNS entry LANGUAGE plpgsql STABLE AS $$
DECLARE
    answer entry;
BEGIN
    SELECT e.* INTO answer FROM entry_key AS k
        JOIN entry AS e ON e.tenant = k.tenant AND e.branch = k.branch AND e.entry = k.entry
        WHERE k.tenant = p_tenant AND k.branch = p_branch AND k.key = p_key;
    RETURN answer;
END
$$;

-- Makes an entry (`p_move` false) on the fairest free candidate, or moves one there. The same key again answers the same
-- entry. CP001: nobody is free. No row: there is none to move.
CREATE FUNCTION chatplug.write_entry(
    p_tenant text, p_branch text, p_entry text, p_move boolean, p_services text, p_subjects text[], p_staff text[],
    p_starts bigint, p_ends bigint, p_from bigint, p_to bigint, p_day_from bigint, p_day_to bigint, p_capacity integer,
    p_contact uuid, p_client_name bytea, p_price text, p_note bytea, p_key uuid, p_now bigint
) RETURNS entry LANGUAGE plpgsql AS $$
DECLARE
    answer entry;
    v_subject text;
    v_place bigint;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    PERFORM chatplug.lock_subject('chatplug key', p_tenant, p_branch || E'\x01' || p_key);
    answer := chatplug.entry_by_key(p_tenant, p_branch, p_key);
    IF answer.entry IS NOT NULL THEN
        RETURN answer;
    END IF;
    FOR v_subject IN SELECT DISTINCT x FROM unnest(p_subjects) AS x ORDER BY x LOOP
        PERFORM chatplug.lock_subject('chatplug entry', p_tenant, p_branch || E'\x01' || v_subject);
    END LOOP;
    IF p_move THEN
        PERFORM FROM entry AS e WHERE e.tenant = p_tenant AND e.branch = p_branch AND e.entry = p_entry AND e.standing
            FOR UPDATE;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    v_place := chatplug.choose_for_entry(p_tenant, p_branch, p_entry, p_subjects, p_from, p_to, p_day_from, p_day_to,
        p_capacity);
    IF v_place IS NULL THEN
        RAISE EXCEPTION 'chatplug: taken' USING ERRCODE = 'CP001';
    END IF;
    IF p_move THEN
        UPDATE entry AS e SET services = p_services, subject = p_subjects[v_place], staff = p_staff[v_place],
            starts = p_starts, ends = p_ends, taken_from = p_from, taken_to = p_to, capacity = p_capacity,
            contact = p_contact, client_name = coalesce(p_client_name, e.client_name),
            price = coalesce(p_price, e.price), note = coalesce(p_note, e.note), confirmed = false, key = p_key,
            changed = p_now
            WHERE e.tenant = p_tenant AND e.branch = p_branch AND e.entry = p_entry RETURNING e.* INTO answer;
    ELSE
        INSERT INTO entry AS e (tenant, branch, entry, services, subject, staff, starts, ends, taken_from, taken_to,
            capacity, contact, client_name, price, note, key, changed)
            VALUES (p_tenant, p_branch, p_entry, p_services, p_subjects[v_place], p_staff[v_place], p_starts, p_ends,
                p_from, p_to, p_capacity, p_contact, p_client_name, p_price, p_note, p_key, p_now)
            RETURNING e.* INTO answer;
    END IF;
    INSERT INTO entry_key (tenant, branch, key, entry) VALUES (p_tenant, p_branch, p_key, p_entry);
    INSERT INTO entry_assigned AS a (tenant, branch, subject, at) VALUES (p_tenant, p_branch, p_subjects[v_place], p_now)
        ON CONFLICT ON CONSTRAINT entry_assigned_pkey DO UPDATE SET at = excluded.at;
    RETURN answer;
END
$$;

-- Cancels (`p_cancel`) or confirms an entry that stands; one that does not stays as it is. No row: there is none.
CREATE FUNCTION chatplug.mark_entry(
    p_tenant text, p_branch text, p_entry text, p_cancel boolean, p_key uuid, p_now bigint
) RETURNS entry LANGUAGE plpgsql AS $$
DECLARE
    answer entry;
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    IF p_key IS NOT NULL THEN
        PERFORM chatplug.lock_subject('chatplug key', p_tenant, p_branch || E'\x01' || p_key);
        answer := chatplug.entry_by_key(p_tenant, p_branch, p_key);
        IF answer.entry IS NOT NULL THEN
            RETURN answer;
        END IF;
    END IF;
    UPDATE entry AS e SET standing = e.standing AND NOT p_cancel, confirmed = e.confirmed OR NOT p_cancel,
        changed = p_now, key = coalesce(p_key, e.key)
        WHERE e.tenant = p_tenant AND e.branch = p_branch AND e.entry = p_entry AND e.standing
        RETURNING e.* INTO answer;
    IF FOUND AND p_key IS NOT NULL THEN
        INSERT INTO entry_key (tenant, branch, key, entry) VALUES (p_tenant, p_branch, p_key, p_entry)
            ON CONFLICT DO NOTHING;
    ELSIF NOT FOUND THEN
        SELECT e.* INTO answer FROM entry AS e
            WHERE e.tenant = p_tenant AND e.branch = p_branch AND e.entry = p_entry;
    END IF;
    RETURN answer;
END
$$;

-- Entries that take time between two instants, and stand unless `p_all`: the one that a key wrote, whatever the entry's key
-- is by now, the one of a name, those of a client, or every one.
CREATE FUNCTION chatplug.entries(
    p_tenant text, p_branch text, p_from bigint, p_until bigint, p_all boolean, p_key uuid, p_entry text, p_contact uuid
) RETURNS SETOF entry LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant', p_tenant, true);
    IF p_key IS NOT NULL THEN
        RETURN QUERY SELECT e.* FROM entry_key AS k
            JOIN entry AS e ON e.tenant = k.tenant AND e.branch = k.branch AND e.entry = k.entry
            WHERE k.tenant = p_tenant AND k.branch = p_branch AND k.key = p_key
            AND e.taken_to > p_from AND e.taken_from < p_until AND (e.standing OR p_all);
    ELSIF p_entry IS NOT NULL THEN
        RETURN QUERY SELECT e.* FROM entry AS e
            WHERE e.tenant = p_tenant AND e.branch = p_branch AND e.entry = p_entry
            AND e.taken_to > p_from AND e.taken_from < p_until AND (e.standing OR p_all);
    ELSIF p_contact IS NOT NULL THEN
        RETURN QUERY SELECT e.* FROM entry AS e
            WHERE e.tenant = p_tenant AND e.branch = p_branch AND e.contact = p_contact
            AND e.taken_to > p_from AND e.taken_from < p_until AND (e.standing OR p_all);
    ELSE
        RETURN QUERY SELECT e.* FROM entry AS e
            WHERE e.tenant = p_tenant AND e.branch = p_branch
            AND e.taken_to > p_from AND e.taken_from < p_until AND (e.standing OR p_all);
    END IF;
END
$$;

-- Looking again after the lock shows what others committed only where each statement has a snapshot of its own.
CREATE FUNCTION chatplug.must_look_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'chatplug: times are given away under READ COMMITTED only' USING ERRCODE = 'CP004';
    END IF;
END
$$;

-- No two live claims, and no claim and standing booking, share a moment of a subject beyond capacity. The count can only
-- rise where an interval begins, so it is enough to look at those instants.
CREATE FUNCTION chatplug.claim_exclusion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM chatplug.must_look_again();
    PERFORM chatplug.lock_subject('chatplug claim', NEW.tenant, NEW.subject);
    PERFORM FROM (
        SELECT NEW.taken_from AS at
        UNION
        SELECT t.taken_from FROM claim AS t
        WHERE t.tenant = NEW.tenant AND t.subject = NEW.subject AND t.taken_to > NEW.taken_from
            AND t.taken_from > NEW.taken_from AND t.taken_from < NEW.taken_to
        UNION
        SELECT b.starts FROM booking AS b
        WHERE b.tenant = NEW.tenant AND b.subject = NEW.subject AND b.standing AND b.ends > NEW.taken_from
            AND b.starts > NEW.taken_from AND b.starts < NEW.taken_to
    ) AS p
    WHERE (
        SELECT count(*) FROM claim AS t
        WHERE t.tenant = NEW.tenant AND t.subject = NEW.subject AND t.taken_to > p.at AND t.taken_from <= p.at
            AND t.expires > NEW.made AND t.action <> NEW.action
    ) + (
        SELECT count(*) FROM booking AS b
        WHERE b.tenant = NEW.tenant AND b.subject = NEW.subject AND b.standing AND b.ends > p.at AND b.starts <= p.at
            AND b.booking IS DISTINCT FROM NEW.ignoring
    ) >= NEW.capacity;
    IF FOUND THEN
        RAISE EXCEPTION 'chatplug: taken' USING ERRCODE = 'CP001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER claim_exclusion
    BEFORE INSERT OR UPDATE OF tenant, action, subject, taken_from, taken_to, capacity, expires ON claim
    FOR EACH ROW EXECUTE FUNCTION chatplug.claim_exclusion();

-- No two standing entries share a moment of a subject beyond the capacity that the one being written states.
CREATE FUNCTION chatplug.entry_exclusion() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- Of an update: the row as it was does not count.
    v_self text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.entry ELSE NEW.entry END;
BEGIN
    PERFORM chatplug.must_look_again();
    PERFORM chatplug.lock_subject('chatplug entry', NEW.tenant, NEW.branch || E'\x01' || NEW.subject);
    PERFORM FROM (
        SELECT NEW.taken_from AS at
        UNION
        SELECT t.taken_from FROM entry AS t
        WHERE t.tenant = NEW.tenant AND t.branch = NEW.branch AND t.subject = NEW.subject AND t.standing
            AND t.taken_to > NEW.taken_from AND t.taken_from > NEW.taken_from AND t.taken_from < NEW.taken_to
    ) AS p
    WHERE (
        SELECT count(*) >= NEW.capacity FROM entry AS t
        WHERE t.tenant = NEW.tenant AND t.branch = NEW.branch AND t.subject = NEW.subject AND t.standing
            AND t.taken_to > p.at AND t.taken_from <= p.at AND t.entry <> v_self
    );
    IF FOUND THEN
        RAISE EXCEPTION 'chatplug: taken' USING ERRCODE = 'CP001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER entry_exclusion_on_insert BEFORE INSERT ON entry
    FOR EACH ROW WHEN (NEW.standing) EXECUTE FUNCTION chatplug.entry_exclusion();
CREATE TRIGGER entry_exclusion_on_update
    BEFORE UPDATE OF tenant, branch, entry, subject, taken_from, taken_to, capacity, standing ON entry
    FOR EACH ROW WHEN (NEW.standing) EXECUTE FUNCTION chatplug.entry_exclusion();
