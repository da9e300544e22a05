-- What the books hold by themselves, whoever writes: checks, append-only tables, balances, states, tenancy.

-- ── Items and their transitions lie by month (R22, docs/adr/0035) ──────────────────────────────
-- Prisma does not know partitions: the tables of 0001, empty yet, are made again as it laid them out, by the range of batch_id.
DO $$
DECLARE t text; keys text[]; key text;
BEGIN
  FOREACH t IN ARRAY ARRAY['payout_item', 'item_transition'] LOOP
    keys := ARRAY(SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', t, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid = t::regclass AND contype = 'f');
    EXECUTE format('CREATE TABLE laid_by_month (LIKE %I INCLUDING ALL) PARTITION BY RANGE (batch_id)', t);
    EXECUTE format('DROP TABLE %I', t);
    EXECUTE format('ALTER TABLE laid_by_month RENAME TO %I', t);
    EXECUTE format('ALTER INDEX laid_by_month_pkey RENAME TO %I', t || '_pkey');
    FOREACH key IN ARRAY keys LOOP EXECUTE key; END LOOP;
  END LOOP;
END $$;

-- ── Words ──────────────────────────────────────────────────────────────────────────────────────
ALTER TABLE installation ADD CONSTRAINT installation_is_one CHECK (singleton);
ALTER TABLE factor ADD CONSTRAINT factor_kind CHECK (kind IN ('totp'));
ALTER TABLE workspace ADD CONSTRAINT workspace_mode CHECK (mode IN ('live', 'test'));
ALTER TABLE membership ADD CONSTRAINT membership_role CHECK (role IN ('preparer', 'approver', 'authorizer', 'executor', 'auditor', 'admin'));
ALTER TABLE account ADD CONSTRAINT account_kind CHECK (kind IN ('external', 'funding', 'held', 'in_transit', 'paid_out', 'returns', 'fees', 'suspense'));
ALTER TABLE account ADD CONSTRAINT account_not_overdrawn CHECK (balance >= 0 OR kind IN ('external', 'suspense'));
ALTER TABLE transfer ADD CONSTRAINT transfer_amount CHECK (amount > 0);
ALTER TABLE transfer ADD CONSTRAINT transfer_moves CHECK (debit_account_id <> credit_account_id);
ALTER TABLE transfer ADD CONSTRAINT transfer_kind CHECK (kind IN ('top_up', 'hold', 'release', 'settlement', 'void', 'return', 'reversal', 'cover'));
ALTER TABLE transfer ADD CONSTRAINT transfer_item CHECK (ordinal IS NULL OR (batch_id IS NOT NULL AND item_version IS NOT NULL));
ALTER TABLE hold ADD CONSTRAINT hold_amount CHECK (amount > 0 AND remaining BETWEEN 0 AND amount);
ALTER TABLE hold ADD CONSTRAINT hold_resolved CHECK ((resolved_at IS NULL) = (remaining > 0));
ALTER TABLE payout_batch ADD CONSTRAINT batch_chunk_size CHECK (chunk_size > 0 AND (chunk_size & (chunk_size - 1)) = 0);
ALTER TABLE payout_batch ADD CONSTRAINT batch_fee CHECK (fee_bearer IN ('sender') AND fee_maximum >= 0);
ALTER TABLE batch_control ADD CONSTRAINT control_state CHECK (state IN ('receiving', 'draft', 'queued', 'approved', 'authorized', 'executing', 'completed', 'failed', 'rejected', 'cancelled', 'expired'));
ALTER TABLE batch_control ADD CONSTRAINT control_outcome CHECK (outcome IN ('full', 'partial', 'none'));
ALTER TABLE batch_counter ADD CONSTRAINT counter_signs CHECK (open >= 0 AND unknown >= 0 AND submitted >= 0 AND paid >= 0 AND failed >= 0 AND returned >= 0 AND cancelled >= 0 AND excluded >= 0 AND blocked >= 0 AND paid_amount >= 0);
ALTER TABLE batch_content ADD CONSTRAINT content_numbers CHECK (size > 0 AND count BETWEEN 0 AND size AND total >= 0 AND length(root) = 32 AND length(digest) = 32);
ALTER TABLE payout_item ADD CONSTRAINT item_state CHECK (state IN ('pending', 'submitting', 'unknown', 'submitted', 'paid', 'failed', 'returned', 'cancelled', 'excluded', 'blocked'));
ALTER TABLE payout_item ADD CONSTRAINT item_numbers CHECK (amount > 0 AND amount <= 9007199254740991 AND ordinal >= 0 AND rank >= 0 AND length(leaf) = 32);
ALTER TABLE challenge ADD CONSTRAINT challenge_gate CHECK (gate IN ('approve', 'authorize', 'execute'));
ALTER TABLE gate ADD CONSTRAINT gate_gate CHECK (gate IN ('approve', 'authorize', 'execute'));

-- What waits is asked for every second and after every chunk, and is a handful of rows among all that ever came.
CREATE INDEX parked_evidence_waiting ON parked_evidence (tenant_id, id) WHERE resolved_at IS NULL;
CREATE INDEX inbound_event_waiting ON inbound_event (tenant_id, id) WHERE reduced_at IS NULL;

-- Rows that change often stay in place: no index covers what changes, and pages keep room. Items: see sluice_add_months.
ALTER TABLE batch_counter SET (fillfactor = 20);
ALTER TABLE account SET (fillfactor = 20);

-- ── Append-only, for the owner too ─────────────────────────────────────────────────────────────
CREATE FUNCTION sluice_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['transfer', 'gate', 'batch_content', 'item_transition', 'payment_attempt', 'batch_preparer', 'audit_event', 'audit_leaf'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION sluice_append_only()', t || '_append_only', t);
  END LOOP;
END $$;

-- ── The ledger keeps its own balances ──────────────────────────────────────────────────────────
-- One statement's transfers move each account once. Accounts are locked by id, as everywhere (R8); NO KEY, because the foreign
-- keys of other transactions' transfers hold KEY SHARE on the same rows.
CREATE FUNCTION sluice_post_transfers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE known bigint; needed bigint;
BEGIN
  WITH locked AS (
    SELECT a.tenant_id, a.id, a.currency FROM public.account a
    WHERE (a.tenant_id, a.id) IN (SELECT tenant_id, debit_account_id FROM added UNION SELECT tenant_id, credit_account_id FROM added)
    ORDER BY a.id FOR NO KEY UPDATE
  )
  SELECT count(*) INTO known FROM added t
    JOIN locked d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id AND d.currency = t.currency
    JOIN locked c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id AND c.currency = t.currency;
  SELECT count(*) INTO needed FROM added;
  IF known <> needed THEN
    RAISE EXCEPTION 'a transfer names an account that is absent or of another currency' USING ERRCODE = 'foreign_key_violation';
  END IF;
  UPDATE public.account a SET balance = a.balance + moved.delta
  FROM (
    SELECT tenant_id, id, sum(delta) AS delta FROM (
      SELECT tenant_id, debit_account_id AS id, -sum(amount) AS delta FROM added GROUP BY 1, 2
      UNION ALL
      SELECT tenant_id, credit_account_id, sum(amount) FROM added GROUP BY 1, 2
    ) sides GROUP BY 1, 2
  ) moved
  WHERE a.tenant_id = moved.tenant_id AND a.id = moved.id;
  RETURN NULL;
END $$;

CREATE TRIGGER transfer_posts AFTER INSERT ON transfer REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sluice_post_transfers();

-- A balance starts at zero and moves only through transfers.
CREATE FUNCTION sluice_balance_starts_at_zero() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.balance <> 0 THEN RAISE EXCEPTION 'a new account starts at zero' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER account_starts_at_zero BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION sluice_balance_starts_at_zero();

-- A hold only shrinks, and resolves once.
CREATE FUNCTION sluice_hold_shrinks() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.resolved_at IS NOT NULL OR NEW.remaining > OLD.remaining OR NEW.amount <> OLD.amount THEN
    RAISE EXCEPTION 'a hold only shrinks and resolves once' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER hold_shrinks BEFORE UPDATE ON hold FOR EACH ROW EXECUTE FUNCTION sluice_hold_shrinks();

-- ── Batch states: the edges, and three gates before execution (I4) ─────────────────────────────
CREATE FUNCTION sluice_batch_moves() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE gates bigint; people bigint;
BEGIN
  IF NEW.row_version <> OLD.row_version + 1 OR NEW.content_version < OLD.content_version THEN
    RAISE EXCEPTION 'row_version must grow by one' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = OLD.state THEN RETURN NEW; END IF;
  IF (OLD.state, NEW.state) NOT IN (
    ('receiving', 'draft'), ('receiving', 'queued'), ('draft', 'queued'),
    ('approved', 'queued'), ('authorized', 'queued'),
    ('queued', 'approved'), ('approved', 'authorized'), ('authorized', 'executing'),
    ('draft', 'rejected'), ('queued', 'rejected'), ('approved', 'rejected'), ('authorized', 'rejected'),
    ('receiving', 'cancelled'), ('draft', 'cancelled'), ('queued', 'cancelled'), ('approved', 'cancelled'), ('authorized', 'cancelled'),
    ('receiving', 'expired'), ('draft', 'expired'), ('queued', 'expired'), ('approved', 'expired'), ('authorized', 'expired'),
    ('executing', 'completed'), ('executing', 'failed'), ('executing', 'cancelled')
  ) THEN
    RAISE EXCEPTION 'a batch does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = 'executing' THEN
    SELECT count(DISTINCT g.gate), count(DISTINCT g.person_id) INTO gates, people
    FROM public.gate g JOIN public.batch_content c USING (tenant_id, batch_id, content_version)
    WHERE g.tenant_id = NEW.tenant_id AND g.batch_id = NEW.batch_id AND g.content_version = NEW.content_version AND g.digest = c.digest;
    IF gates <> 3 OR people <> 3 THEN
      RAISE EXCEPTION 'a batch executes only after three gates by three people on its content' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER batch_moves BEFORE UPDATE ON batch_control FOR EACH ROW EXECUTE FUNCTION sluice_batch_moves();

-- Who prepared a batch opens neither approve nor authorize; the digest is the content's.
CREATE FUNCTION sluice_gate_opens() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NEW.gate <> 'execute' AND EXISTS (SELECT 1 FROM public.batch_preparer p WHERE p.tenant_id = NEW.tenant_id AND p.batch_id = NEW.batch_id AND p.person_id = NEW.person_id) THEN
    RAISE EXCEPTION 'a preparer opens neither approve nor authorize' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM public.challenge c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.challenge_id AND c.batch_id = NEW.batch_id
      AND c.person_id = NEW.person_id AND c.gate = NEW.gate AND c.content_version = NEW.content_version AND c.digest = NEW.digest AND c.used_at IS NOT NULL) THEN
    RAISE EXCEPTION 'a gate needs its own used challenge' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gate_opens BEFORE INSERT ON gate FOR EACH ROW EXECUTE FUNCTION sluice_gate_opens();

-- A time step is consumed once and never given back (I7).
CREATE FUNCTION sluice_factor_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.last_step < OLD.last_step THEN RAISE EXCEPTION 'a time step does not come back' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER factor_steps BEFORE UPDATE ON factor FOR EACH ROW EXECUTE FUNCTION sluice_factor_steps();

CREATE FUNCTION sluice_challenge_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.used_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL THEN RAISE EXCEPTION 'a challenge is used or cancelled once' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER challenge_once BEFORE UPDATE ON challenge FOR EACH ROW EXECUTE FUNCTION sluice_challenge_once();

-- ── Every event waits for its place in the tree ────────────────────────────────────────────────
CREATE FUNCTION sluice_queue_for_sequencer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO public.audit_pending (tenant_id, event_id) SELECT tenant_id, id FROM added;
  PERFORM pg_notify('sluice_audit', '');
  RETURN NULL;
END $$;
CREATE TRIGGER audit_event_waits AFTER INSERT ON audit_event REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sluice_queue_for_sequencer();

-- ── Wake those who wait ────────────────────────────────────────────────────────────────────────
CREATE FUNCTION sluice_wake() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_notify(TG_ARGV[0], '');
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_wakes AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION sluice_wake('sluice_outbox');
CREATE TRIGGER inbound_wakes AFTER INSERT ON inbound_event FOR EACH STATEMENT EXECUTE FUNCTION sluice_wake('sluice_inbound');
CREATE TRIGGER leaf_wakes AFTER INSERT ON audit_leaf FOR EACH STATEMENT EXECUTE FUNCTION sluice_wake('sluice_leaf');

-- ── Tenancy: every table with tenant_id but the global ones ────────────────────────────────────
DO $$
DECLARE t text;
BEGIN
  FOR t IN
    SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables b USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND b.table_type = 'BASE TABLE' AND c.table_name <> 'session'
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY tenant ON %I USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid))
      WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid))$p$, t);
  END LOOP;
END $$;

-- ── Months ─────────────────────────────────────────────────────────────────────────────────────
-- Partitions are reached through their tables alone: nobody has rights in this schema, and none of them has a policy.
CREATE SCHEMA sluice_parts;

CREATE FUNCTION sluice_add_part(parent text, part text, bounds text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TABLE sluice_parts.%I (LIKE public.%I INCLUDING ALL) WITH (fillfactor = %s)', part, parent, CASE parent WHEN 'payout_item' THEN 70 ELSE 100 END);
  EXECUTE format('ALTER TABLE sluice_parts.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
  -- A statement trigger guards only the table that the statement names.
  IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = format('public.%I', parent)::regclass AND tgfoid = 'public.sluice_append_only'::regproc) THEN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sluice_parts.%I FOR EACH STATEMENT EXECUTE FUNCTION public.sluice_append_only()', part);
  END IF;
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION sluice_parts.%I %s', parent, part, bounds);
END $$;

-- Makes the partitions that are missing, from last month to `ahead` months on, and answers how many still are. A month of batches
-- begins at the UUIDv7 of its first millisecond, in UTC. Left for the next call: a month of which the default partition holds rows already,
-- and, as soon as locks are not to be had at once, all that are left: payments wait behind this half a second in all, not for each month.
CREATE FUNCTION sluice_add_months(ahead int DEFAULT 24) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' AS $$
DECLARE
  now_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
  wanted record;
  missing int := 0;
  busy boolean := false;
BEGIN
  IF ahead IS NULL OR ahead NOT BETWEEN 0 AND 60 THEN RAISE EXCEPTION 'months ahead: 0 to 60' USING ERRCODE = 'invalid_parameter_value'; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('sluice_add_months'));
  SET LOCAL lock_timeout = '500ms';
  FOR wanted IN
    SELECT parent, parent || '_' || part AS part, bounds FROM unnest(ARRAY['payout_item', 'item_transition']) parent, (
      SELECT 'default' AS part, 'DEFAULT' AS bounds
      UNION ALL
      SELECT to_char(m, 'YYYY_MM'), format('FOR VALUES FROM (%L) TO (%L)',
        rpad(lpad(to_hex((extract(epoch FROM m) * 1000)::bigint), 12, '0'), 32, '0')::uuid,
        rpad(lpad(to_hex((extract(epoch FROM m + interval '1 month') * 1000)::bigint), 12, '0'), 32, '0')::uuid)
      FROM generate_series(now_month - interval '1 month', now_month + ahead * interval '1 month', interval '1 month') m
    ) parts
  LOOP
    CONTINUE WHEN to_regclass(format('sluice_parts.%I', wanted.part)) IS NOT NULL;
    BEGIN
      IF busy THEN missing := missing + 1;
      ELSE PERFORM public.sluice_add_part(wanted.parent, wanted.part, wanted.bounds);
      END IF;
    EXCEPTION
      WHEN check_violation THEN missing := missing + 1;
      WHEN lock_not_available OR deadlock_detected THEN missing := missing + 1; busy := true;
    END;
  END LOOP;
  RETURN missing;
END $$;

SELECT sluice_add_months();
