-- Who may do what (R18). These are group roles without login: each installation makes login roles of its own that
-- are members of exactly one. Roles belong to the whole cluster, so another database may have made them already.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['sluice_api', 'sluice_worker', 'sluice_relay', 'sluice_sequencer',
                           'sluice_fn_signin', 'sluice_fn_outbox', 'sluice_fn_sequencer', 'sluice_fn_inbound', 'sluice_fn_driver', 'sluice_fn_ledger', 'sluice_fn_idempotency'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', r);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO sluice_api, sluice_worker, sluice_relay, sluice_sequencer,
  sluice_fn_signin, sluice_fn_outbox, sluice_fn_sequencer, sluice_fn_inbound, sluice_fn_driver, sluice_fn_ledger, sluice_fn_idempotency;

-- ── API: decides, and only decides ─────────────────────────────────────────────────────────────
GRANT SELECT ON installation, organization, person, factor, session,
  workspace, membership, api_key, tenant_key, subject_key, rail_connection, payee, payee_destination,
  account, transfer, hold, payout_batch, batch_control, batch_counter, batch_content, batch_chunk, payout_item, item_transition,
  payment_attempt, batch_preparer, challenge, gate, inbound_event, parked_evidence, exception, idempotency_key, outbox,
  audit_head, audit_event, audit_pending, audit_leaf, audit_tree, audit_checkpoint TO sluice_api;
GRANT INSERT ON session, api_key, tenant_key, subject_key, payee, payee_destination, account, transfer, hold,
  payout_batch, batch_control, batch_counter, batch_content, batch_chunk, payout_item, item_transition, batch_preparer, challenge, gate,
  inbound_event, exception, idempotency_key, outbox, audit_head, audit_event TO sluice_api;
GRANT UPDATE (ended_at) ON session TO sluice_api;
GRANT UPDATE (last_step, failures, locked_until) ON factor TO sluice_api;
GRANT UPDATE (revoked_at) ON api_key TO sluice_api;
GRANT UPDATE (frozen_at) ON workspace TO sluice_api;
GRANT UPDATE (held_at, deleted_at, sealed_name) ON payee TO sluice_api;
GRANT UPDATE (remaining, resolved_at) ON hold TO sluice_api;
GRANT UPDATE (name) ON account TO sluice_api;
GRANT UPDATE (state, row_version, content_version, paused_at, cancelling_at, deadline_at, outcome, reason, state_at) ON batch_control TO sluice_api;
GRANT UPDATE (open, cancelled, excluded) ON batch_counter TO sluice_api;
GRANT UPDATE (root) ON batch_chunk TO sluice_api;
GRANT UPDATE (external_id) ON payout_batch TO sluice_api;
GRANT UPDATE (state, version, leaf, reason) ON payout_item TO sluice_api;
GRANT UPDATE (used_at, cancelled_at) ON challenge TO sluice_api;
GRANT UPDATE (lease_until, status, answer, subject, input_hash) ON idempotency_key TO sluice_api;
GRANT DELETE ON idempotency_key TO sluice_api;
GRANT UPDATE (reduced_at, next_at) ON inbound_event TO sluice_api;
GRANT UPDATE (seq, leaf) ON audit_head TO sluice_api;

-- The API withdraws items; it never sends or settles them. And it never ends an executing batch as paid.
CREATE POLICY api_withdraws ON payout_item AS RESTRICTIVE FOR UPDATE TO sluice_api USING (state = 'pending') WITH CHECK (state IN ('pending', 'cancelled', 'excluded'));
CREATE POLICY api_adds_pending ON payout_item AS RESTRICTIVE FOR INSERT TO sluice_api WITH CHECK (state = 'pending');
CREATE POLICY api_decides ON batch_control AS RESTRICTIVE FOR UPDATE TO sluice_api USING (true) WITH CHECK (state NOT IN ('completed', 'failed'));
-- An upload that was given up lets go of its external_id; nothing else about a batch ever changes.
CREATE POLICY api_gives_up_external_id ON payout_batch AS RESTRICTIVE FOR UPDATE TO sluice_api
  USING (EXISTS (SELECT 1 FROM batch_control c WHERE c.tenant_id = payout_batch.tenant_id AND c.batch_id = payout_batch.id AND c.state = 'receiving'))
  WITH CHECK (external_id IS NULL);
-- FOR UPDATE asks for an UPDATE right; the check leaves nothing that could be written with it.
CREATE POLICY api_locks ON account AS RESTRICTIVE FOR UPDATE TO sluice_api USING (true) WITH CHECK (false);
CREATE POLICY api_begins ON batch_control AS RESTRICTIVE FOR INSERT TO sluice_api WITH CHECK (state IN ('receiving', 'draft', 'queued'));
-- Of an item's history it writes what it may do to items: withdrawals of what never left.
CREATE POLICY api_tells_of_withdrawals ON item_transition AS RESTRICTIVE FOR INSERT TO sluice_api
  WITH CHECK (source = 'person' AND from_state = 'pending' AND to_state IN ('cancelled', 'excluded') AND rank = 0);
-- It sets money aside, gives it back, and makes sandbox money; never from or to where paid money lies.
CREATE POLICY api_posts ON transfer AS RESTRICTIVE FOR INSERT TO sluice_api WITH CHECK (
  (kind, (SELECT d.kind FROM account d WHERE d.tenant_id = transfer.tenant_id AND d.id = transfer.debit_account_id),
         (SELECT c.kind FROM account c WHERE c.tenant_id = transfer.tenant_id AND c.id = transfer.credit_account_id))
    IN (('top_up', 'external', 'funding'), ('hold', 'funding', 'held'), ('release', 'held', 'funding'), ('void', 'held', 'funding'))
  AND (kind <> 'top_up' OR (SELECT w.mode FROM workspace w WHERE w.tenant_id = transfer.tenant_id) = 'test'));

-- ── Worker: sends and settles what was decided ─────────────────────────────────────────────────
GRANT SELECT ON installation, workspace, membership, tenant_key, subject_key, rail_connection, payee, payee_destination,
  account, transfer, hold, payout_batch, batch_control, batch_counter, batch_content, batch_chunk, payout_item, item_transition,
  payment_attempt, batch_preparer, gate, inbound_event, parked_evidence, exception, outbox, audit_head, audit_event, audit_pending,
  audit_leaf, audit_tree, audit_checkpoint TO sluice_worker;
GRANT INSERT ON transfer, item_transition, payment_attempt, parked_evidence, exception, outbox, audit_head, audit_event TO sluice_worker;
GRANT UPDATE (name) ON account TO sluice_worker;
GRANT UPDATE (frozen_at) ON workspace TO sluice_worker;
GRANT UPDATE (state, row_version, outcome, reason, integrity_failed_at, state_at) ON batch_control TO sluice_worker;
GRANT UPDATE (open, unknown, submitted, paid, failed, returned, cancelled, blocked, was_unknown, paid_amount) ON batch_counter TO sluice_worker;
GRANT UPDATE (state, rank, version, attempt, provider_reference, reason, look_up_at) ON payout_item TO sluice_worker;
GRANT UPDATE (remaining, resolved_at) ON hold TO sluice_worker;
GRANT UPDATE (reduced_at, attempts, next_at, problem) ON inbound_event TO sluice_worker;
GRANT UPDATE (resolved_at) ON parked_evidence TO sluice_worker;
GRANT UPDATE (seq, leaf) ON audit_head TO sluice_worker;

-- FOR SHARE asks for the UPDATE right; the check leaves nothing that could be written with it.
CREATE POLICY worker_locks ON account AS RESTRICTIVE FOR UPDATE TO sluice_worker USING (true) WITH CHECK (false);
CREATE POLICY worker_locks ON workspace AS RESTRICTIVE FOR UPDATE TO sluice_worker USING (true) WITH CHECK (false);
-- The worker never opens a gate: it moves batches on from executing, and lets what waited too long expire.
CREATE POLICY worker_settles ON batch_control AS RESTRICTIVE FOR UPDATE TO sluice_worker USING (true) WITH CHECK (state IN ('executing', 'completed', 'failed', 'cancelled', 'expired'));
CREATE POLICY worker_posts ON transfer AS RESTRICTIVE FOR INSERT TO sluice_worker WITH CHECK (kind IN ('settlement', 'void', 'return', 'reversal', 'cover', 'release'));

-- ── Sequencer: leaves and heads ────────────────────────────────────────────────────────────────
GRANT SELECT ON installation, audit_event, audit_pending, audit_leaf, audit_tree, audit_checkpoint TO sluice_sequencer;
GRANT DELETE ON audit_pending TO sluice_sequencer;
GRANT INSERT ON audit_leaf, audit_tree, audit_checkpoint TO sluice_sequencer;
GRANT UPDATE (size, root, frontier) ON audit_tree TO sluice_sequencer;
GRANT UPDATE (published_at) ON audit_checkpoint TO sluice_sequencer;

-- ── Functions that look across tenants ─────────────────────────────────────────────────────────
-- FORCE binds the owner of a function too: each owner is a NOLOGIN role with policies on exactly its tables.
GRANT sluice_fn_signin, sluice_fn_outbox, sluice_fn_sequencer, sluice_fn_inbound, sluice_fn_driver, sluice_fn_ledger, sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin, sluice_fn_outbox, sluice_fn_sequencer, sluice_fn_inbound, sluice_fn_driver, sluice_fn_ledger, sluice_fn_idempotency;

-- Sign-in: whose is this credential?
GRANT SELECT ON session, person, membership, api_key, workspace TO sluice_fn_signin;
CREATE POLICY signin ON membership FOR SELECT TO sluice_fn_signin USING (true);
CREATE POLICY signin ON api_key FOR SELECT TO sluice_fn_signin USING (true);
CREATE POLICY signin ON workspace FOR SELECT TO sluice_fn_signin USING (true);

CREATE FUNCTION sluice_resolve_session(hash bytea)
  RETURNS TABLE (session_id uuid, person_id uuid, tenant_id uuid, role text, mode text, ended boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT s.id, s.person_id, s.tenant_id, m.role, w.mode, (s.ended_at IS NOT NULL OR s.expires_at <= now())
  FROM public.session s
  JOIN public.person p ON p.id = s.person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = s.tenant_id AND m.person_id = s.person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = s.tenant_id
  WHERE s.token_hash = hash
$$;

CREATE FUNCTION sluice_resolve_api_key(hash bytea)
  RETURNS TABLE (key_id uuid, tenant_id uuid, owner_person_id uuid, scopes text[], mode text, role text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT k.id, k.tenant_id, k.owner_person_id, k.scopes, w.mode, m.role
  FROM public.api_key k
  JOIN public.person p ON p.id = k.owner_person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = k.tenant_id AND m.person_id = k.owner_person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = k.tenant_id
  WHERE k.token_hash = hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

CREATE FUNCTION sluice_workspaces_of(person uuid)
  RETURNS TABLE (tenant_id uuid, name text, mode text, role text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.tenant_id, w.name, w.mode, m.role FROM public.membership m JOIN public.workspace w USING (tenant_id)
  WHERE m.person_id = person AND m.disabled_at IS NULL ORDER BY w.mode DESC, w.tenant_id
$$;
ALTER FUNCTION sluice_resolve_session(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_resolve_api_key(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_workspaces_of(uuid) OWNER TO sluice_fn_signin;

-- Outbox: the relay sees these rows and nothing else.
GRANT SELECT, DELETE, UPDATE ON outbox TO sluice_fn_outbox;
CREATE POLICY relay ON outbox TO sluice_fn_outbox USING (true) WITH CHECK (true);

CREATE FUNCTION sluice_claim_outbox(most int, lease interval)
  RETURNS TABLE (tenant_id uuid, id uuid, batch_id uuid, message text, body jsonb, attempts int, created_at timestamptz)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.outbox o SET attempts = o.attempts + 1, next_at = now() + lease
  FROM (SELECT c.tenant_id, c.id FROM public.outbox c WHERE c.next_at <= now() AND c.dead_at IS NULL ORDER BY c.next_at LIMIT most FOR UPDATE SKIP LOCKED) due
  WHERE o.tenant_id = due.tenant_id AND o.id = due.id
  RETURNING o.tenant_id, o.id, o.batch_id, o.message, o.body, o.attempts, o.created_at
$$;
CREATE FUNCTION sluice_delivered(tenant uuid, message_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  DELETE FROM public.outbox WHERE tenant_id = tenant AND id = message_id
$$;
CREATE FUNCTION sluice_undelivered(tenant uuid, message_id uuid, why text, again interval, dead boolean) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.outbox SET next_at = now() + again, problem = why, dead_at = CASE WHEN dead THEN now() END WHERE tenant_id = tenant AND id = message_id
$$;
CREATE FUNCTION sluice_outbox_backlog() RETURNS TABLE (waiting bigint, dead bigint, oldest_seconds double precision)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT count(*) FILTER (WHERE dead_at IS NULL), count(*) FILTER (WHERE dead_at IS NOT NULL),
    coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE dead_at IS NULL)), 0)::double precision FROM public.outbox
$$;
ALTER FUNCTION sluice_claim_outbox(int, interval) OWNER TO sluice_fn_outbox;
ALTER FUNCTION sluice_delivered(uuid, uuid) OWNER TO sluice_fn_outbox;
ALTER FUNCTION sluice_undelivered(uuid, uuid, text, interval, boolean) OWNER TO sluice_fn_outbox;
ALTER FUNCTION sluice_outbox_backlog() OWNER TO sluice_fn_outbox;

-- Sequencer: whose events wait?
GRANT SELECT, INSERT ON audit_pending TO sluice_fn_sequencer;
GRANT USAGE ON SEQUENCE audit_pending_position_seq TO sluice_fn_sequencer;
GRANT SELECT ON audit_tree, audit_checkpoint, workspace TO sluice_fn_sequencer;
CREATE POLICY sequencing ON audit_pending FOR SELECT TO sluice_fn_sequencer USING (true);
CREATE POLICY sequencing ON audit_tree FOR SELECT TO sluice_fn_sequencer USING (true);
CREATE POLICY sequencing ON audit_checkpoint FOR SELECT TO sluice_fn_sequencer USING (true);
CREATE POLICY sequencing ON workspace FOR SELECT TO sluice_fn_sequencer USING (true);
CREATE FUNCTION sluice_tenants_to_sequence() RETURNS TABLE (tenant_id uuid, waiting bigint, oldest_seconds double precision)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT p.tenant_id, count(*), extract(epoch FROM now() - min(p.created_at))::double precision FROM public.audit_pending p GROUP BY 1
$$;
-- With what the database itself recorded as published: the archive outside may be ahead of that, never behind.
CREATE FUNCTION sluice_tree_heads() RETURNS TABLE (tenant_id uuid, size bigint, root bytea, published bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.tenant_id, coalesce(t.size, 0), t.root,
    coalesce((SELECT max(c.size) FROM public.audit_checkpoint c WHERE c.tenant_id = w.tenant_id AND c.published_at IS NOT NULL), 0)
  FROM public.workspace w LEFT JOIN public.audit_tree t USING (tenant_id)
$$;
CREATE FUNCTION sluice_unpublished_heads() RETURNS TABLE (tenant_id uuid, size bigint, root bytea)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT t.tenant_id, t.size, t.root FROM public.audit_tree t
  WHERE NOT EXISTS (SELECT 1 FROM public.audit_checkpoint c WHERE c.tenant_id = t.tenant_id AND c.size = t.size AND c.published_at IS NOT NULL)
$$;
ALTER FUNCTION sluice_queue_for_sequencer() OWNER TO sluice_fn_sequencer;
ALTER FUNCTION sluice_tenants_to_sequence() OWNER TO sluice_fn_sequencer;
ALTER FUNCTION sluice_tree_heads() OWNER TO sluice_fn_sequencer;
ALTER FUNCTION sluice_unpublished_heads() OWNER TO sluice_fn_sequencer;

-- Inbound: whose connection is this, and who has evidence to reduce?
GRANT SELECT ON rail_connection, inbound_event TO sluice_fn_inbound;
CREATE POLICY inbound ON rail_connection FOR SELECT TO sluice_fn_inbound USING (true);
CREATE POLICY inbound ON inbound_event FOR SELECT TO sluice_fn_inbound USING (true);
CREATE FUNCTION sluice_tenant_of_connection(connection uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT c.tenant_id FROM public.rail_connection c WHERE c.id = connection AND c.disabled_at IS NULL
$$;
CREATE FUNCTION sluice_tenants_to_drain() RETURNS TABLE (tenant_id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT DISTINCT e.tenant_id FROM public.inbound_event e WHERE e.reduced_at IS NULL AND e.next_at <= now()
$$;
ALTER FUNCTION sluice_tenant_of_connection(uuid) OWNER TO sluice_fn_inbound;
ALTER FUNCTION sluice_tenants_to_drain() OWNER TO sluice_fn_inbound;

-- Driver: which batches should have a workflow; and what left without its gates (must be none).
GRANT SELECT ON batch_control, batch_content, gate, payment_attempt TO sluice_fn_driver;
CREATE POLICY driver ON batch_control FOR SELECT TO sluice_fn_driver USING (true);
CREATE POLICY driver ON batch_content FOR SELECT TO sluice_fn_driver USING (true);
CREATE POLICY driver ON gate FOR SELECT TO sluice_fn_driver USING (true);
CREATE POLICY driver ON payment_attempt FOR SELECT TO sluice_fn_driver USING (true);
CREATE FUNCTION sluice_batches_to_drive() RETURNS TABLE (tenant_id uuid, batch_id uuid, state text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT c.tenant_id, c.batch_id, c.state FROM public.batch_control c WHERE c.state IN ('draft', 'queued', 'approved', 'authorized', 'executing')
$$;
CREATE FUNCTION sluice_released_without_second_factor() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT coalesce(sum(a.item_count), 0)::bigint FROM public.payment_attempt a
  JOIN public.batch_control b ON b.tenant_id = a.tenant_id AND b.batch_id = a.batch_id
  WHERE 3 > (SELECT count(DISTINCT g.person_id) FROM public.gate g JOIN public.batch_content c USING (tenant_id, batch_id, content_version)
    WHERE g.tenant_id = a.tenant_id AND g.batch_id = a.batch_id AND g.content_version = b.content_version AND g.digest = c.digest AND g.opened_at <= a.created_at)
$$;
ALTER FUNCTION sluice_batches_to_drive() OWNER TO sluice_fn_driver;
ALTER FUNCTION sluice_released_without_second_factor() OWNER TO sluice_fn_driver;

-- Idempotency: keys of routes that move no money and open no gate are forgotten after 30 days. The others are kept for ever.
GRANT SELECT, DELETE ON idempotency_key TO sluice_fn_idempotency;
CREATE POLICY pruning ON idempotency_key TO sluice_fn_idempotency USING (true);
CREATE FUNCTION sluice_prune_idempotency_keys(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.idempotency_key k
    WHERE k.lease_until < now() - interval '30 days' AND k.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.idempotency_key o
      WHERE o.lease_until < now() - interval '30 days' AND o.route IN ('create_session', 'create_api_key', 'ask_challenge', 'create_payee')
      LIMIT most))
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;
ALTER FUNCTION sluice_prune_idempotency_keys(int) OWNER TO sluice_fn_idempotency;

-- Ledger: the trigger that keeps balances.
GRANT SELECT ON account, transfer TO sluice_fn_ledger;
GRANT UPDATE (balance) ON account TO sluice_fn_ledger;
ALTER FUNCTION sluice_post_transfers() OWNER TO sluice_fn_ledger;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_resolve_session(bytea), sluice_resolve_api_key(bytea), sluice_workspaces_of(uuid), sluice_tenant_of_connection(uuid),
  sluice_outbox_backlog(), sluice_tenants_to_sequence(), sluice_tree_heads(), sluice_released_without_second_factor() TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_tenants_to_drain(), sluice_tree_heads(), sluice_tenants_to_sequence() TO sluice_worker;
GRANT EXECUTE ON FUNCTION sluice_claim_outbox(int, interval), sluice_delivered(uuid, uuid), sluice_undelivered(uuid, uuid, text, interval, boolean),
  sluice_outbox_backlog(), sluice_batches_to_drive(), sluice_add_months(int), sluice_prune_idempotency_keys(int) TO sluice_relay;
GRANT EXECUTE ON FUNCTION sluice_tenants_to_sequence(), sluice_tree_heads(), sluice_unpublished_heads() TO sluice_sequencer;

REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin, sluice_fn_outbox, sluice_fn_sequencer, sluice_fn_inbound, sluice_fn_driver, sluice_fn_ledger, sluice_fn_idempotency;
REVOKE sluice_fn_signin, sluice_fn_outbox, sluice_fn_sequencer, sluice_fn_inbound, sluice_fn_driver, sluice_fn_ledger, sluice_fn_idempotency FROM CURRENT_USER;
