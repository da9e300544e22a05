-- Who can only write SQL opens no gate (R9, R11, docs/adr/0039): each row carries an authenticator under a key that no role can read, and
-- the database asks for everything that it can see by itself. What it asks here adds to sluice_gate_opens and sluice_batch_moves.

ALTER TABLE gate ADD COLUMN authenticator bytea;
-- Gates of before this migration have none, and no new one comes without: NOT VALID leaves the old rows alone and binds every new one.
ALTER TABLE gate ADD CONSTRAINT gate_authenticator CHECK (authenticator IS NOT NULL AND length(authenticator) = 32) NOT VALID;

-- When this migration ran. A gate without an authenticator is older, so what it let pass before is not counted as released without one.
DO $$
BEGIN
  EXECUTE format('CREATE FUNCTION sluice_gates_authenticated_from() RETURNS timestamptz LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS %L',
    format('SELECT %L::timestamptz', now()));
END $$;

-- The roles that hold each gate: the same as in domain/actors.ts.
CREATE FUNCTION sluice_may_open(gate text, role text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT role = 'admin' OR (gate, role) IN (('approve', 'approver'), ('authorize', 'authorizer'), ('execute', 'executor'))
$$;

-- Did this person make a destination that the batch pays, in the 24 hours before a moment? The ids are UUIDv7 of the process that made
-- them, so the search by key begins a day earlier. Mostly there are none, and then no item is read.
CREATE FUNCTION sluice_changed_lately(tenant uuid, batch uuid, person uuid, before timestamptz) RETURNS boolean
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
  first_id uuid := rpad(lpad(to_hex((extract(epoch FROM before - interval '48 hours') * 1000)::bigint), 12, '0'), 32, '0')::uuid;
  lately uuid[] := ARRAY(SELECT d.id FROM public.payee_destination d
    WHERE d.tenant_id = tenant AND d.id >= first_id AND d.created_by = person AND d.created_at > before - interval '24 hours');
BEGIN
  RETURN cardinality(lately) > 0 AND EXISTS (SELECT 1 FROM public.payout_item i
    WHERE i.tenant_id = tenant AND i.batch_id = batch AND i.state <> 'excluded' AND i.destination_id = ANY (lately));
END $$;

-- Whether an event is the one of a gate: a person's own, about this batch, that names the gate, its challenge, factor and content.
CREATE FUNCTION sluice_names_gate(g gate, e audit_event) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT e.tenant_id = g.tenant_id AND e.id = g.event_id AND e.action = 'gate.' || g.gate AND e.result = 'ok'
    AND e.subject_type = 'batch' AND e.subject_id = g.batch_id::text
    AND e.actor ->> 'type' = 'user' AND e.actor ->> 'personId' = g.person_id::text
    AND e.detail ->> 'gate_id' = g.id::text AND e.detail ->> 'challenge_id' = g.challenge_id::text AND e.detail ->> 'factor_id' = g.factor_id::text
    AND e.detail ->> 'content_version' = g.content_version::text AND e.detail ->> 'digest' = encode(g.digest, 'hex')
$$;

CREATE FUNCTION sluice_gate_stands() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  -- Whoever inserts it: a moment of the past would hide a destination that was changed lately.
  NEW.opened_at := now();
  IF NOT EXISTS (SELECT 1 FROM public.membership m JOIN public.person p ON p.id = m.person_id AND p.disabled_at IS NULL
      WHERE m.tenant_id = NEW.tenant_id AND m.person_id = NEW.person_id AND m.disabled_at IS NULL AND public.sluice_may_open(NEW.gate, m.role)) THEN
    RAISE EXCEPTION 'the person of a gate holds its permission in this workspace' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.gate <> 'execute' AND public.sluice_changed_lately(NEW.tenant_id, NEW.batch_id, NEW.person_id, NEW.opened_at) THEN
    RAISE EXCEPTION 'who changed a destination of the batch lately opens neither approve nor authorize' USING ERRCODE = 'check_violation';
  END IF;
  -- The step is of now (RFC 6238, one step to either side), and this transaction consumed it: the factor's row is its own.
  IF abs(NEW.time_step - floor(extract(epoch FROM now()) / 30)) > 1 OR NOT EXISTS (SELECT 1 FROM public.factor f
      WHERE f.id = NEW.factor_id AND f.person_id = NEW.person_id AND f.last_step = NEW.time_step AND f.xmin = pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION 'a gate consumes a time step of a factor of its person' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM public.challenge c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.challenge_id
      AND c.cancelled_at IS NULL AND c.expires_at > now()) THEN
    RAISE EXCEPTION 'the challenge of a gate is neither cancelled nor expired' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gate_stands BEFORE INSERT ON gate FOR EACH ROW EXECUTE FUNCTION sluice_gate_stands();

-- The event is written last, because it locks the head of its subject (R8), so this is asked at commit.
CREATE FUNCTION sluice_gate_has_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.audit_event e WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.event_id AND public.sluice_names_gate(NEW, e)) THEN
    RAISE EXCEPTION 'a gate commits with its own audit event' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER gate_has_event AFTER INSERT ON gate DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sluice_gate_has_event();

-- A batch begins to execute with people who still hold their gates, and with the money of exactly its content held by its authorize gate.
CREATE FUNCTION sluice_batch_starts() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF 3 <> (SELECT count(*) FROM public.gate g
      JOIN public.membership m ON m.tenant_id = g.tenant_id AND m.person_id = g.person_id AND m.disabled_at IS NULL AND public.sluice_may_open(g.gate, m.role)
      JOIN public.person p ON p.id = g.person_id AND p.disabled_at IS NULL
      WHERE g.tenant_id = NEW.tenant_id AND g.batch_id = NEW.batch_id AND g.content_version = NEW.content_version AND g.authenticator IS NOT NULL) THEN
    RAISE EXCEPTION 'a batch executes only while the people of its three gates hold them, and with an authenticator on each' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM public.hold h
      JOIN public.payout_batch b ON b.tenant_id = h.tenant_id AND b.id = h.batch_id
      JOIN public.batch_content c ON c.tenant_id = h.tenant_id AND c.batch_id = h.batch_id AND c.content_version = h.content_version
      JOIN public.gate g ON g.tenant_id = h.tenant_id AND g.batch_id = h.batch_id AND g.content_version = h.content_version AND g.gate = 'authorize'
      JOIN public.transfer t ON t.tenant_id = h.tenant_id AND t.batch_id = h.batch_id AND t.ordinal IS NULL AND t.kind = 'hold'
        AND t.event_id = g.event_id AND t.debit_account_id = h.account_id AND t.amount = h.amount
      WHERE h.tenant_id = NEW.tenant_id AND h.batch_id = NEW.batch_id AND h.content_version = NEW.content_version
        AND h.account_id = b.funding_account_id AND h.currency = b.currency AND h.amount = c.total + b.fee_maximum AND h.remaining = h.amount) THEN
    RAISE EXCEPTION 'a batch executes only with the hold of its content' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER batch_starts BEFORE UPDATE ON batch_control FOR EACH ROW
  WHEN (NEW.state = 'executing' AND OLD.state <> 'executing') EXECUTE FUNCTION sluice_batch_starts();

-- ── What looks at people and their factors with rights that no process has ─────────────────────
GRANT sluice_fn_driver TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_driver;
GRANT SELECT (id, person_id, last_step) ON factor TO sluice_fn_driver;
GRANT SELECT (id, disabled_at) ON person TO sluice_fn_driver;
GRANT SELECT ON membership, batch_preparer, payout_batch, hold, audit_event, audit_leaf, audit_checkpoint TO sluice_fn_driver;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['membership', 'batch_preparer', 'payout_batch', 'hold', 'audit_event', 'audit_leaf', 'audit_checkpoint'] LOOP
    EXECUTE format('CREATE POLICY driver ON %I FOR SELECT TO sluice_fn_driver USING (true)', t);
  END LOOP;
END $$;

-- The worker asks the same of each gate before anything leaves. It sees no factor and no person, so it asks here, in its own workspace: the
-- present role of a gate's person, null for one who may not act, and the newest step of its factor, null when that is not its person's.
CREATE FUNCTION sluice_gate_holders(batch uuid, version int) RETURNS TABLE (gate_id uuid, role text, last_step bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  RETURN QUERY SELECT g.id, CASE WHEN p.id IS NOT NULL THEN m.role END, f.last_step FROM public.gate g
  LEFT JOIN public.membership m ON m.tenant_id = g.tenant_id AND m.person_id = g.person_id AND m.disabled_at IS NULL
  LEFT JOIN public.person p ON p.id = g.person_id AND p.disabled_at IS NULL
  LEFT JOIN public.factor f ON f.id = g.factor_id AND f.person_id = g.person_id
  WHERE g.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND g.batch_id = batch AND g.content_version = version;
END $$;
REVOKE EXECUTE ON FUNCTION sluice_gate_holders(uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_gate_holders(uuid, int) TO sluice_worker;
ALTER FUNCTION sluice_gate_holders(uuid, int) OWNER TO sluice_fn_driver;

-- What left without its gates (must be none), by the same rules. Roles and checkpoints are asked as they were: the event has the role in
-- which its person acted, and its leaf is under a published checkpoint.
CREATE OR REPLACE FUNCTION sluice_released_without_second_factor() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH published AS (
    SELECT c.tenant_id, max(c.size) AS size FROM public.audit_checkpoint c WHERE c.published_at IS NOT NULL GROUP BY 1
  ), standing AS (
    SELECT g.tenant_id, g.batch_id, max(g.opened_at) AS since
    FROM (SELECT DISTINCT d.tenant_id, d.batch_id FROM public.dispatch d WHERE d.purpose <> 'recovery') sent
    JOIN public.batch_control k USING (tenant_id, batch_id)
    JOIN public.payout_batch b ON b.tenant_id = k.tenant_id AND b.id = k.batch_id
    JOIN public.batch_content c ON c.tenant_id = k.tenant_id AND c.batch_id = k.batch_id AND c.content_version = k.content_version
    JOIN public.hold h ON h.tenant_id = k.tenant_id AND h.batch_id = k.batch_id AND h.content_version = k.content_version AND h.amount = c.total + b.fee_maximum
    JOIN public.gate g ON g.tenant_id = k.tenant_id AND g.batch_id = k.batch_id AND g.content_version = k.content_version AND g.digest = c.digest
      AND (g.authenticator IS NOT NULL OR g.opened_at < public.sluice_gates_authenticated_from())
    JOIN public.factor f ON f.id = g.factor_id AND f.person_id = g.person_id AND f.last_step >= g.time_step
    JOIN public.membership m ON m.tenant_id = g.tenant_id AND m.person_id = g.person_id
    JOIN public.audit_event e ON e.tenant_id = g.tenant_id AND e.id = g.event_id
      AND public.sluice_names_gate(g, e) AND public.sluice_may_open(g.gate, e.actor ->> 'role')
    JOIN public.audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id AND l.leaf = e.leaf
    JOIN published p ON p.tenant_id = l.tenant_id AND l.index < p.size
    WHERE g.gate = 'execute' OR NOT EXISTS (
      SELECT 1 FROM public.batch_preparer r WHERE r.tenant_id = g.tenant_id AND r.batch_id = g.batch_id AND r.person_id = g.person_id)
    GROUP BY 1, 2
    HAVING count(DISTINCT g.gate) = 3 AND count(DISTINCT g.person_id) = 3
  )
  SELECT coalesce(sum(a.item_count), 0)::bigint FROM public.dispatch a LEFT JOIN standing s USING (tenant_id, batch_id)
  WHERE a.purpose <> 'recovery' AND (s.since IS NULL OR s.since > a.created_at)
$$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_driver;
REVOKE sluice_fn_driver FROM CURRENT_USER;

REVOKE EXECUTE ON FUNCTION sluice_gates_authenticated_from(), sluice_may_open(text, text), sluice_changed_lately(uuid, uuid, uuid, timestamptz),
  sluice_names_gate(gate, audit_event), sluice_gate_stands(), sluice_gate_has_event(), sluice_batch_starts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_may_open(text, text), sluice_names_gate(gate, audit_event) TO sluice_api, sluice_fn_driver;
GRANT EXECUTE ON FUNCTION sluice_changed_lately(uuid, uuid, uuid, timestamptz) TO sluice_api, sluice_worker;
GRANT EXECUTE ON FUNCTION sluice_gates_authenticated_from() TO sluice_fn_driver;
