-- Who may see and do what. Row-level security is forced on every table with a tenant column, for the owner too; the tenant
-- is set for one transaction at a time by whoever opens it (`app.tenant`), and nothing is seen where it is not set.

-- The audit is chained by the database itself: whoever adds a row says when and what, and number and hash follow from the
-- head, whose lock makes writers of one tenant take turns. A number or hash that is given must be the right one.
CREATE FUNCTION chatplug.chain_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_seq bigint;
    v_hash bytea;
BEGIN
    INSERT INTO audit_head (tenant, seq, hash) VALUES (NEW.tenant, 0, decode(repeat('00', 32), 'hex'))
        ON CONFLICT DO NOTHING;
    SELECT h.seq + 1, h.hash INTO v_seq, v_hash FROM audit_head AS h WHERE h.tenant = NEW.tenant FOR UPDATE;
    v_hash := sha256(v_hash || convert_to(NEW.tenant, 'UTF8') || '\x00'::bytea || convert_to(v_seq::text, 'UTF8')
        || '\x00'::bytea || convert_to(NEW.row, 'UTF8'));
    IF v_seq IS NULL OR coalesce(NEW.seq, v_seq) <> v_seq OR coalesce(NEW.hash, v_hash) <> v_hash THEN
        RAISE EXCEPTION 'chatplug: this is not the next row of the audit' USING ERRCODE = 'CP005';
    END IF;
    NEW.seq := v_seq;
    NEW.hash := v_hash;
    UPDATE audit_head AS h SET seq = v_seq, hash = v_hash WHERE h.tenant = NEW.tenant;
    RETURN NEW;
END
$$;
CREATE TRIGGER chain_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION chatplug.chain_audit();

DO $$
DECLARE
    t record;
    mine constant text := $policy$tenant = nullif(current_setting('app.tenant', true), '')$policy$;
BEGIN
    FOR t IN SELECT c.oid::regclass AS name FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped
        WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.name);
        EXECUTE format('CREATE POLICY tenant_select ON %s FOR SELECT USING (%s)', t.name, mine);
        EXECUTE format('CREATE POLICY tenant_insert ON %s FOR INSERT WITH CHECK (%s)', t.name, mine);
        EXECUTE format('CREATE POLICY tenant_update ON %s FOR UPDATE USING (%s) WITH CHECK (%s)', t.name, mine, mine);
        EXECUTE format('CREATE POLICY tenant_delete ON %s FOR DELETE USING (%s)', t.name, mine);
    END LOOP;
    -- What the functions of the queue look at and move on.
    FOR t IN SELECT unnest(ARRAY['conversation', 'mailbox', 'outbox', 'early', 'notice', 'route', 'vault.tenant_key'])
        ::regclass AS name
    LOOP
        EXECUTE format('CREATE POLICY owner_select ON %s FOR SELECT TO CURRENT_USER USING (true)', t.name);
    END LOOP;
    FOR t IN SELECT unnest(ARRAY['conversation', 'outbox'])::regclass AS name LOOP
        EXECUTE format('CREATE POLICY owner_update ON %s FOR UPDATE TO CURRENT_USER USING (true)', t.name);
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA chatplug, vault FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA chatplug FROM PUBLIC;
GRANT USAGE ON SCHEMA public, chatplug, vault TO chatplug_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA chatplug TO chatplug_app;
-- Triggers need nobody's right to call them.
REVOKE EXECUTE ON FUNCTION chatplug.chain_audit(), chatplug.claim_exclusion(), chatplug.entry_exclusion()
    FROM chatplug_app;

-- No right on `worker`, `pulse` and `pace`: their functions are the way. No deletion of a tenant.
GRANT SELECT, INSERT, UPDATE ON tenant TO chatplug_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    branch, channel, route, credential, connection, install, contact, identity, conversation, dialogue, mailbox, timer, outbox,
    part, early, message, turn, booking, booking_alias, claim, assigned, entry, entry_key, entry_assigned, notice, vault.tenant_key
    TO chatplug_app;
GRANT SELECT ON audit, audit_head TO chatplug_app;
GRANT INSERT (tenant, at, row) ON audit TO chatplug_app;
