-- A dispatch is the intent (docs/adr/0037): one row says what of a chunk may leave. Items, their money, holds and counters move through
-- functions alone, which hold the edges; what they did is one block of transitions for each event.

-- ── Dispatches ─────────────────────────────────────────────────────────────────────────────────
ALTER TABLE payment_attempt RENAME TO dispatch;
ALTER TABLE dispatch RENAME CONSTRAINT payment_attempt_pkey TO dispatch_pkey;
ALTER TABLE dispatch RENAME CONSTRAINT payment_attempt_tenant_id_batch_id_fkey TO dispatch_tenant_id_batch_id_fkey;
ALTER TRIGGER payment_attempt_append_only ON dispatch RENAME TO dispatch_append_only;
ALTER TABLE dispatch RENAME COLUMN request_hash TO artefact_hash;
ALTER TABLE dispatch
  ADD COLUMN purpose text NOT NULL DEFAULT 'first',
  ADD COLUMN first_ordinal int,
  ADD COLUMN end_ordinal int,
  ADD COLUMN set_aside bytea,
  ADD COLUMN connection_version int NOT NULL DEFAULT 1,
  ADD COLUMN event_id uuid,
  ADD COLUMN sent_from timestamptz(6);

-- Attempts of before: an item carried the number of its newest attempt, and its own row says that it was sent.
ALTER TABLE dispatch DISABLE TRIGGER dispatch_append_only, NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_item NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_batch NO FORCE ROW LEVEL SECURITY;
UPDATE dispatch d SET purpose = CASE d.attempt WHEN 1 THEN 'first' ELSE 'resend' END, sent_from = d.created_at,
  first_ordinal = d.chunk * b.chunk_size, end_ordinal = (d.chunk + 1) * b.chunk_size
FROM payout_batch b WHERE b.tenant_id = d.tenant_id AND b.id = d.batch_id;
DO $$
DECLARE d record; i record; bits bytea;
BEGIN
  FOR d IN SELECT * FROM dispatch LOOP
    bits := NULL;
    FOR i IN SELECT ordinal FROM payout_item WHERE tenant_id = d.tenant_id AND batch_id = d.batch_id
      AND ordinal >= d.first_ordinal AND ordinal < d.end_ordinal AND attempt < d.attempt LOOP
      bits := set_bit(coalesce(bits, decode(repeat('00', (d.end_ordinal - d.first_ordinal + 7) / 8), 'hex')), i.ordinal - d.first_ordinal, 1);
    END LOOP;
    IF bits IS NOT NULL THEN
      UPDATE dispatch SET set_aside = bits WHERE tenant_id = d.tenant_id AND batch_id = d.batch_id AND chunk = d.chunk AND attempt = d.attempt;
    END IF;
  END LOOP;
END $$;
ALTER TABLE dispatch ENABLE TRIGGER dispatch_append_only, FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_item FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_batch FORCE ROW LEVEL SECURITY;

ALTER TABLE dispatch ALTER COLUMN purpose DROP DEFAULT, ALTER COLUMN first_ordinal SET NOT NULL, ALTER COLUMN end_ordinal SET NOT NULL, ALTER COLUMN sent_from SET NOT NULL;
ALTER TABLE dispatch ADD CONSTRAINT dispatch_purpose CHECK (purpose IN ('first', 'resend', 'recovery'));
ALTER TABLE dispatch ADD CONSTRAINT dispatch_range CHECK (first_ordinal >= 0 AND end_ordinal > first_ordinal AND item_count > 0
  AND (set_aside IS NULL OR length(set_aside) * 8 >= end_ordinal - first_ordinal));
ALTER TABLE dispatch ADD CONSTRAINT dispatch_times CHECK (sent_from <= lease_until);

-- ── A chunk is checked against the signed root by its own row ───────────────────────────────────
ALTER TABLE batch_chunk ADD COLUMN path bytea;
GRANT UPDATE (path) ON batch_chunk TO sluice_api;

-- ── What the items of a payee tell about it ────────────────────────────────────────────────────
ALTER TABLE payee ADD COLUMN first_paid_at timestamptz(6), ADD COLUMN last_paid_destination_id uuid, ADD COLUMN least_paid bigint;

-- ── Transitions of one event in one block ──────────────────────────────────────────────────────
-- `body` is canonical JSON, and its SHA-256 stands in the event (domain/item/transitions.ts).
CREATE TABLE transition_block (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  event_id uuid NOT NULL,
  -- Null for an event of the whole batch: an edit or a cancel.
  chunk int,
  count int NOT NULL,
  body text NOT NULL,
  created_at timestamptz(6) NOT NULL DEFAULT now(),
  CONSTRAINT transition_block_pkey PRIMARY KEY (tenant_id, batch_id, event_id)
) PARTITION BY RANGE (batch_id);
ALTER TABLE transition_block ADD CONSTRAINT transition_block_tenant_id_batch_id_fkey
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id) ON UPDATE NO ACTION ON DELETE NO ACTION;
SELECT sluice_own_by_tenant('transition_block');
SELECT sluice_make_append_only('transition_block');

-- The months of 0002, for the new table too.
CREATE OR REPLACE FUNCTION sluice_add_months(ahead int DEFAULT 24) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
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
    SELECT parent, parent || '_' || part AS part, bounds FROM unnest(ARRAY['payout_item', 'item_transition', 'transition_block']) parent, (
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

-- ── A transfer names accounts that are there ────────────────────────────────────────────────────
-- The trigger that moves balances refuses a transfer whose accounts are absent, of another workspace or of another currency (0002), and an
-- account stays for ever: so two foreign keys a transfer, a third of what it costs to settle an item, say nothing more.
ALTER TABLE transfer DROP CONSTRAINT transfer_tenant_id_debit_account_id_fkey, DROP CONSTRAINT transfer_tenant_id_credit_account_id_fkey;
CREATE FUNCTION sluice_account_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.tenant_id, NEW.id, NEW.currency, NEW.kind) = (OLD.tenant_id, OLD.id, OLD.currency, OLD.kind) THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'an account is never deleted, and keeps its id, kind and currency' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER account_stays BEFORE DELETE OR UPDATE OF tenant_id, id, currency, kind ON account FOR EACH ROW EXECUTE FUNCTION sluice_account_stays();
CREATE TRIGGER account_is_not_emptied BEFORE TRUNCATE ON account FOR EACH STATEMENT EXECUTE FUNCTION sluice_account_stays();
REVOKE EXECUTE ON FUNCTION sluice_account_stays() FROM PUBLIC;

-- ── The edges of an item, and what each posts (domain/item/states.ts, domain/ledger/postings.ts; a test compares) ──
CREATE TABLE item_edge (
  from_state text NOT NULL,
  to_state text NOT NULL,
  -- True when the item leaves the states that hold money.
  frees boolean NOT NULL,
  -- The transfer, and the kinds of account that it moves money between; null when the money stays.
  kind text,
  debit text,
  credit text,
  CONSTRAINT item_edge_pkey PRIMARY KEY (from_state, to_state)
);
INSERT INTO item_edge VALUES
  ('pending', 'submitting', false, NULL, NULL, NULL),
  ('pending', 'cancelled', true, 'void', 'held', 'funding'),
  ('pending', 'excluded', true, 'void', 'held', 'funding'),
  ('pending', 'blocked', true, 'void', 'held', 'funding'),
  ('submitting', 'unknown', false, NULL, NULL, NULL),
  ('submitting', 'submitted', false, NULL, NULL, NULL),
  ('submitting', 'paid', true, 'settlement', 'held', 'paid_out'),
  ('submitting', 'failed', true, 'void', 'held', 'funding'),
  ('submitting', 'returned', true, 'return', 'held', 'returns'),
  ('unknown', 'submitted', false, NULL, NULL, NULL),
  ('unknown', 'paid', true, 'settlement', 'held', 'paid_out'),
  ('unknown', 'failed', true, 'void', 'held', 'funding'),
  ('unknown', 'returned', true, 'return', 'held', 'returns'),
  ('submitted', 'paid', true, 'settlement', 'held', 'paid_out'),
  ('submitted', 'failed', true, 'void', 'held', 'funding'),
  ('submitted', 'returned', true, 'return', 'held', 'returns'),
  ('paid', 'returned', false, 'return', 'paid_out', 'returns'),
  ('paid', 'failed', false, 'reversal', 'paid_out', 'funding'),
  ('failed', 'paid', false, 'reversal', 'funding', 'paid_out'),
  ('failed', 'returned', false, 'return', 'funding', 'returns'),
  ('returned', 'paid', false, 'reversal', 'returns', 'paid_out'),
  ('returned', 'failed', false, 'reversal', 'returns', 'funding');

-- Whether a dispatch covers an ordinal (domain/item/coverage.ts). Null when there is no dispatch.
CREATE FUNCTION sluice_covers(first_ordinal int, end_ordinal int, set_aside bytea, ordinal int) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN ordinal < first_ordinal OR ordinal >= end_ordinal THEN false WHEN set_aside IS NULL THEN first_ordinal IS NOT NULL
    ELSE get_bit(set_aside, ordinal - first_ordinal) = 0 END;

-- ── Items as people see them ───────────────────────────────────────────────────────────────────
-- An item that a dispatch covers is `submitting` until evidence changes its own row. `attempt` is the newest dispatch that covers it.
CREATE VIEW item_now WITH (security_invoker = true) AS
SELECT i.tenant_id, i.batch_id, i.ordinal, i.payee_id, i.destination_id, i.reference, i.remittance, i.amount, i.leaf, i.rank, i.version,
  i.provider_reference, i.reason, i.look_up_at,
  CASE WHEN i.state = 'pending' AND d.attempt IS NOT NULL THEN 'submitting' ELSE i.state END AS state,
  greatest(i.attempt, d.attempt) AS attempt,
  d.lease_until
FROM payout_item i
JOIN payout_batch b ON b.tenant_id = i.tenant_id AND b.id = i.batch_id
LEFT JOIN LATERAL (
  SELECT d.attempt, d.lease_until FROM dispatch d
  WHERE i.state NOT IN ('cancelled', 'excluded', 'blocked') AND d.tenant_id = i.tenant_id AND d.batch_id = i.batch_id AND d.chunk = i.ordinal / b.chunk_size
    AND sluice_covers(d.first_ordinal, d.end_ordinal, d.set_aside, i.ordinal)
  ORDER BY d.attempt DESC LIMIT 1
) d ON true;

-- ── Who owns the functions that move items and money ───────────────────────────────────────────
DO $$
BEGIN
  CREATE ROLE sluice_fn_items NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT sluice_fn_items TO CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA public TO sluice_fn_items;
GRANT SELECT ON payout_batch, batch_control, batch_content, batch_counter, dispatch, item_edge, payout_item, payee, hold, account, transfer TO sluice_fn_items;
GRANT UPDATE (state, rank, version, provider_reference, reason, look_up_at, leaf) ON payout_item TO sluice_fn_items;
GRANT UPDATE (open, unknown, submitted, paid, failed, returned, cancelled, excluded, blocked, was_unknown, paid_amount) ON batch_counter TO sluice_fn_items;
GRANT UPDATE (first_paid_at, last_paid_destination_id, least_paid) ON payee TO sluice_fn_items;
GRANT UPDATE (remaining, resolved_at) ON hold TO sluice_fn_items;
-- FOR NO KEY UPDATE asks for an UPDATE right. Balances move by the trigger of transfers alone.
GRANT UPDATE (name) ON account TO sluice_fn_items;
GRANT INSERT ON transition_block, transfer, hold TO sluice_fn_items;

-- Locks every account that a batch of this currency and funding account posts to, in the order of their ids: the only place that
-- locks accounts for items and holds, so that no two transactions wait for each other in a circle (R8).
CREATE FUNCTION sluice_lock_accounts(p_tenant uuid, p_currency text, p_funding uuid) RETURNS TABLE (id uuid, kind text, balance bigint)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT a.id, a.kind, a.balance FROM public.account a
  WHERE a.tenant_id = p_tenant AND a.currency = p_currency
    AND (a.id = p_funding OR (a.kind IN ('held', 'paid_out', 'returns', 'suspense') AND a.name = a.kind))
  ORDER BY a.id FOR NO KEY UPDATE
$$;

-- One UPDATE of the items of one block. Nested loops are off for it: right after an ingest the planner takes a batch for one row, and would
-- compare a thousand moves with a thousand items. `p_first`, `p_end` and
-- `p_set_aside` are what the chunk's first dispatch covers, null when there is none.
CREATE FUNCTION sluice_step_items(p_tenant uuid, p_batch uuid, p_ordinals int[], p_shape_of int[], p_references text[],
    p_versions int[], p_from text[], p_to text[], p_ranks int[], p_reasons text[], p_first int, p_end int, p_set_aside bytea, p_unknown_ms float8, p_submitted_ms float8)
  RETURNS TABLE (ordinal int, version int, amount bigint, payee_id uuid, destination_id uuid, from_state text, to_state text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET enable_nestloop = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  UPDATE public.payout_item i SET state = p_to[m.shape], rank = p_ranks[m.shape], version = i.version + 1, reason = p_reasons[m.shape],
    provider_reference = coalesce(m.reference, i.provider_reference),
    look_up_at = CASE p_to[m.shape] WHEN 'unknown' THEN now() + p_unknown_ms * interval '1 millisecond'
      WHEN 'submitted' THEN now() + p_submitted_ms * interval '1 millisecond' END
  FROM unnest(p_ordinals, p_shape_of, p_references) AS m (ordinal, shape, reference)
  WHERE i.tenant_id = p_tenant AND i.batch_id = p_batch AND i.ordinal = m.ordinal
    AND i.ordinal >= p_ordinals[1] AND i.ordinal <= p_ordinals[cardinality(p_ordinals)]
    AND i.version = p_versions[m.shape] - 1
    AND CASE WHEN i.state = 'pending'
      THEN p_from[m.shape] = CASE WHEN sluice_covers(p_first, p_end, p_set_aside, i.ordinal) THEN 'submitting' ELSE 'pending' END
      ELSE p_from[m.shape] = i.state END
  RETURNING i.ordinal, i.version, i.amount, i.payee_id, i.destination_id, p_from[m.shape], i.state;
END $$;

-- Posts what moves of items owe: the hold shrinks, one transfer for each item whose money moves, and cover by suspense where an account
-- lacks the money, because evidence always posts (R16). Answers the sum that was covered.
CREATE FUNCTION sluice_post_items(p_batch uuid, p_event uuid, p_events uuid[], p_ordinals int[], p_versions int[], p_amounts bigint[], p_from text[], p_to text[])
  RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  v_tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  v_batch record;
  v_freed bigint; v_posting int; v_covered bigint;
BEGIN
  SELECT coalesce(sum(m.amount) FILTER (WHERE e.frees), 0), count(e.kind) INTO v_freed, v_posting
    FROM unnest(p_amounts, p_from, p_to) AS m (amount, f, t) JOIN public.item_edge e ON e.from_state = m.f AND e.to_state = m.t;
  IF v_freed > 0 THEN
    UPDATE public.hold SET remaining = greatest(remaining - v_freed, 0), resolved_at = CASE WHEN remaining <= v_freed THEN now() END
      WHERE tenant_id = v_tenant AND batch_id = p_batch AND resolved_at IS NULL;
  END IF;
  IF v_posting = 0 THEN RETURN 0; END IF;

  SELECT b.currency, b.funding_account_id INTO v_batch FROM public.payout_batch b WHERE b.tenant_id = v_tenant AND b.id = p_batch;
  WITH accounts AS MATERIALIZED (
    SELECT * FROM public.sluice_lock_accounts(v_tenant, v_batch.currency, v_batch.funding_account_id)
  ), entries AS MATERIALIZED (
    SELECT m.n, m.event_id, m.ordinal, m.version, m.amount, e.kind, d.id AS debit, c.id AS credit
    FROM unnest(p_events, p_ordinals, p_versions, p_amounts, p_from, p_to) WITH ORDINALITY AS m (event_id, ordinal, version, amount, f, t, n)
    JOIN public.item_edge e ON e.from_state = m.f AND e.to_state = m.t AND e.kind IS NOT NULL
    JOIN accounts d ON d.kind = e.debit
    JOIN accounts c ON c.kind = e.credit
  ), covers AS MATERIALIZED (
    SELECT a.id, -(a.balance + net.delta) AS amount, row_number() OVER (ORDER BY a.id) AS n
    FROM accounts a JOIN (
      SELECT side.id, sum(side.delta)::bigint AS delta
      FROM (SELECT debit AS id, -amount AS delta FROM entries UNION ALL SELECT credit, amount FROM entries) side GROUP BY side.id
    ) net ON net.id = a.id
    WHERE a.kind <> 'suspense' AND a.balance + net.delta < 0
  ), posted AS (
    INSERT INTO public.transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, ordinal, item_version, event_id)
    -- The low 32 bits of an event's id are random, so these ids rise in the order of the moves and meet no others.
    SELECT v_tenant, (left(p_event::text, 28) || lpad(to_hex(e.n), 8, '0'))::uuid, e.debit, e.credit, e.amount, v_batch.currency, e.kind, p_batch, e.ordinal, e.version, e.event_id
    FROM entries e
    UNION ALL
    SELECT v_tenant, (left(p_event::text, 28) || lpad(to_hex(cardinality(p_ordinals) + c.n), 8, '0'))::uuid, (SELECT a.id FROM accounts a WHERE a.kind = 'suspense'), c.id,
      c.amount, v_batch.currency, 'cover', p_batch, NULL, NULL, p_event
    FROM covers c
    RETURNING 1
  )
  SELECT coalesce((SELECT sum(amount) FROM covers), 0), (SELECT count(*) FROM entries) INTO v_covered, v_freed;
  IF v_freed <> v_posting THEN RAISE EXCEPTION 'the ledger lacks an account of this currency' USING ERRCODE = 'foreign_key_violation'; END IF;
  RETURN v_covered;
END $$;

-- Moves items of one batch along the edges, with all that follows: one block of transitions for each event, the facts of payees, hold and
-- transfers, and the counters. The caller holds the chunks' locks. An item that is not where its block says fails the statement
-- as a serialization failure, and the transaction runs again.
CREATE FUNCTION sluice_move_items(p_batch uuid, p_events uuid[], p_blocks text[], p_unknown_ms float8, p_submitted_ms float8) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  v_tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  v_batch record; v_dispatch record; v_block json; v_chunk int;
  v_versions int[]; v_from text[]; v_to text[]; v_ranks int[]; v_reasons text[];
  v_ordinals int[]; v_shape_of int[]; v_references text[];
  m_ordinals int[] := '{}'; m_versions int[] := '{}'; m_amounts bigint[] := '{}'; m_from text[] := '{}'; m_to text[] := '{}';
  m_payees uuid[] := '{}'; m_destinations uuid[] := '{}'; m_events uuid[] := '{}';
  n_ordinals int[]; n_versions int[]; n_amounts bigint[]; n_from text[]; n_to text[]; n_payees uuid[]; n_destinations uuid[];
  v_covered bigint;
BEGIN
  SELECT b.chunk_size, c.state INTO v_batch FROM public.payout_batch b
    JOIN public.batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id WHERE b.tenant_id = v_tenant AND b.id = p_batch;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no such batch' USING ERRCODE = 'foreign_key_violation'; END IF;

  FOR n IN 1 .. cardinality(p_blocks) LOOP
    v_block := p_blocks[n]::json;
    IF v_block->>0 <> 'sluice-transitions-v2' THEN RAISE EXCEPTION 'a block of another format' USING ERRCODE = 'check_violation'; END IF;
    v_chunk := (v_block->>2)::int;
    SELECT array_agg((s->>0)::int ORDER BY o), array_agg(s->>1 ORDER BY o), array_agg(s->>2 ORDER BY o), array_agg((s->>3)::int ORDER BY o), array_agg(s->>4 ORDER BY o)
      INTO v_versions, v_from, v_to, v_ranks, v_reasons FROM json_array_elements(v_block->3) WITH ORDINALITY AS e (s, o);
    -- People withdraw items by sluice_withdraw_items, and a dispatch alone makes them submitting.
    IF EXISTS (SELECT FROM unnest(v_from, v_to) AS s (f, t) WHERE s.t IN ('submitting', 'cancelled', 'excluded')
        OR NOT EXISTS (SELECT FROM public.item_edge e WHERE e.from_state = s.f AND e.to_state = s.t)) THEN
      RAISE EXCEPTION 'an item does not move along such an edge' USING ERRCODE = 'check_violation';
    END IF;
    IF 'pending' = ANY (v_from) AND v_batch.state <> 'executing' THEN
      RAISE EXCEPTION 'an item is blocked only while its batch executes' USING ERRCODE = 'check_violation';
    END IF;
    SELECT array_agg(g.ordinal ORDER BY o, g.ordinal), array_agg((r->>2)::int + 1 ORDER BY o, g.ordinal) INTO v_ordinals, v_shape_of
      FROM json_array_elements(v_block->4) WITH ORDINALITY AS e (r, o), generate_series((r->>0)::int, (r->>0)::int + (r->>1)::int - 1) AS g (ordinal);
    -- Without a chunk no dispatch would be found, and what was sent could be blocked.
    IF (v_ordinals[1] >= v_chunk * v_batch.chunk_size AND v_ordinals[cardinality(v_ordinals)] < (v_chunk + 1) * v_batch.chunk_size) IS NOT TRUE THEN
      RAISE EXCEPTION 'a block names items of another chunk' USING ERRCODE = 'check_violation';
    END IF;
    v_references := ARRAY(SELECT t.reference FROM json_array_elements_text(v_block->5) WITH ORDINALITY AS t (reference, o) ORDER BY t.o);
    v_dispatch := NULL;
    SELECT d.first_ordinal, d.end_ordinal, d.set_aside INTO v_dispatch FROM public.dispatch d
      WHERE d.tenant_id = v_tenant AND d.batch_id = p_batch AND d.chunk = v_chunk ORDER BY d.attempt LIMIT 1;

    SELECT array_agg(s.ordinal ORDER BY s.ordinal), array_agg(s.version ORDER BY s.ordinal), array_agg(s.amount ORDER BY s.ordinal),
        array_agg(s.from_state ORDER BY s.ordinal), array_agg(s.to_state ORDER BY s.ordinal), array_agg(s.payee_id ORDER BY s.ordinal),
        array_agg(s.destination_id ORDER BY s.ordinal)
      INTO n_ordinals, n_versions, n_amounts, n_from, n_to, n_payees, n_destinations
      FROM public.sluice_step_items(v_tenant, p_batch, v_ordinals, v_shape_of, v_references, v_versions, v_from, v_to, v_ranks, v_reasons,
        v_dispatch.first_ordinal, v_dispatch.end_ordinal, v_dispatch.set_aside, p_unknown_ms, p_submitted_ms) s;
    IF cardinality(n_ordinals) IS DISTINCT FROM cardinality(v_ordinals) THEN
      RAISE EXCEPTION 'items of chunk % moved meanwhile', v_chunk USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO public.transition_block (tenant_id, batch_id, event_id, chunk, count, body)
      VALUES (v_tenant, p_batch, p_events[n], v_chunk, cardinality(v_ordinals), p_blocks[n]);
    m_ordinals := m_ordinals || n_ordinals; m_versions := m_versions || n_versions; m_amounts := m_amounts || n_amounts;
    m_from := m_from || n_from; m_to := m_to || n_to; m_payees := m_payees || n_payees; m_destinations := m_destinations || n_destinations;
    m_events := m_events || array_fill(p_events[n], ARRAY[cardinality(n_ordinals)]);
  END LOOP;

  -- Where each payee was paid last, and the least that it was ever paid. Looked up payee by payee, because a join would read all payees of
  -- the workspace.
  UPDATE public.payee p SET first_paid_at = coalesce(p.first_paid_at, now()), last_paid_destination_id = known.destination_id,
    least_paid = least(p.least_paid, known.least)
  FROM (
    SELECT found.id, paid.destination_id, paid.least FROM (
      SELECT DISTINCT ON (m.payee_id) m.payee_id, m.destination_id, min(m.amount) OVER (PARTITION BY m.payee_id) AS least
      FROM unnest(m_payees, m_destinations, m_amounts, m_to) AS m (payee_id, destination_id, amount, t)
      WHERE m.t = 'paid' ORDER BY m.payee_id, m.destination_id DESC
    ) paid CROSS JOIN LATERAL (
      SELECT l.id FROM public.payee l WHERE l.tenant_id = v_tenant AND l.id = paid.payee_id
        AND (l.last_paid_destination_id IS DISTINCT FROM paid.destination_id OR (l.least_paid <= paid.least) IS NOT TRUE) LIMIT 1 FOR NO KEY UPDATE
    ) found
  ) known
  WHERE p.tenant_id = v_tenant AND p.id = known.id;

  -- An account whose money came back is not known by that: the payee was last paid where its newest payment that stands went, and with none
  -- it is new again. Payments that are forgotten do not count, which errs to the careful side.
  IF EXISTS (SELECT FROM unnest(m_from, m_to) AS m (f, t) WHERE m.f = 'paid' AND m.t <> 'paid') THEN
    UPDATE public.payee p SET last_paid_destination_id = known.destination_id,
      first_paid_at = CASE WHEN known.destination_id IS NOT NULL THEN p.first_paid_at END
    FROM (
      SELECT found.id, stands.destination_id FROM (
        SELECT DISTINCT m.payee_id, m.destination_id FROM unnest(m_payees, m_destinations, m_from, m_to) AS m (payee_id, destination_id, f, t)
        WHERE m.f = 'paid' AND m.t <> 'paid' ORDER BY m.payee_id, m.destination_id
      ) gone CROSS JOIN LATERAL (
        SELECT l.id FROM public.payee l WHERE l.tenant_id = v_tenant AND l.id = gone.payee_id
          AND l.last_paid_destination_id = gone.destination_id LIMIT 1 FOR NO KEY UPDATE
      ) found LEFT JOIN LATERAL (
        SELECT i.destination_id FROM (
          SELECT e.batch_id, e.ordinal FROM public.payment_seen e WHERE e.tenant_id = v_tenant AND e.payee_id = gone.payee_id
          ORDER BY e.batch_id DESC, e.ordinal DESC OFFSET 0
        ) s CROSS JOIN LATERAL (
          SELECT o.destination_id FROM public.payout_item o
          WHERE o.tenant_id = v_tenant AND o.batch_id = s.batch_id AND o.ordinal = s.ordinal AND o.state = 'paid' LIMIT 1
        ) i ORDER BY s.batch_id DESC, s.ordinal DESC LIMIT 1
      ) stands ON true
    ) known
    WHERE p.tenant_id = v_tenant AND p.id = known.id AND p.last_paid_destination_id IS DISTINCT FROM known.destination_id;
  END IF;

  v_covered := public.sluice_post_items(p_batch, p_events[1], m_events, m_ordinals, m_versions, m_amounts, m_from, m_to);

  UPDATE public.batch_counter n SET
    open = n.open + d.open, unknown = n.unknown + d.unknown, submitted = n.submitted + d.submitted, paid = n.paid + d.paid, failed = n.failed + d.failed,
    returned = n.returned + d.returned, blocked = n.blocked + d.blocked, was_unknown = n.was_unknown + d.was_unknown, paid_amount = n.paid_amount + d.paid_amount
  FROM (
    SELECT -count(*) FILTER (WHERE e.frees) AS open, sum((t = 'unknown')::int - (f = 'unknown')::int) AS unknown, sum((t = 'submitted')::int - (f = 'submitted')::int) AS submitted,
      sum((t = 'paid')::int - (f = 'paid')::int) AS paid, sum((t = 'failed')::int - (f = 'failed')::int) AS failed, sum((t = 'returned')::int - (f = 'returned')::int) AS returned,
      sum((t = 'blocked')::int) AS blocked, sum((t = 'unknown')::int) AS was_unknown,
      coalesce(sum(CASE 'paid' WHEN t THEN m.amount WHEN f THEN -m.amount END), 0)::bigint AS paid_amount
    FROM unnest(m_amounts, m_from, m_to) AS m (amount, f, t) JOIN public.item_edge e ON e.from_state = f AND e.to_state = t
  ) d
  WHERE n.tenant_id = v_tenant AND n.batch_id = p_batch;
  RETURN v_covered;
END $$;

-- Withdraws items that no dispatch covers: a cancel takes all of an executing batch and gives their money back in one transfer, an edit takes
-- the given ones of a batch that does not execute yet, each with its tombstone leaf. Answers the block of transitions that it stored.
CREATE FUNCTION sluice_withdraw_items(p_batch uuid, p_event uuid, p_ordinals int[], p_leaves bytea[]) RETURNS TABLE (body text, count int, amount bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
  v_tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  v_to text := CASE WHEN p_ordinals IS NULL THEN 'cancelled' ELSE 'excluded' END;
  v_batch record; v_ordinals int[]; v_amount bigint; v_count int; v_body text;
BEGIN
  -- As every decision does (db/transaction/locks.ts): no dispatch can be written beside it, whoever calls this.
  PERFORM pg_advisory_xact_lock(hashtextextended('batch ' || v_tenant || '/' || p_batch, 0));
  SELECT b.currency, b.funding_account_id, b.chunk_size, c.state INTO v_batch FROM public.payout_batch b
    JOIN public.batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id WHERE b.tenant_id = v_tenant AND b.id = p_batch;
  IF NOT FOUND OR v_to = 'cancelled' AND v_batch.state <> 'executing' OR v_to = 'excluded' AND v_batch.state NOT IN ('draft', 'queued', 'approved', 'authorized') THEN
    RAISE EXCEPTION 'items of a batch in this state are not withdrawn' USING ERRCODE = 'check_violation';
  END IF;
  IF v_to = 'cancelled' THEN
    WITH moved AS (
      UPDATE public.payout_item i SET state = 'cancelled', version = i.version + 1
      WHERE i.tenant_id = v_tenant AND i.batch_id = p_batch AND i.state = 'pending' AND NOT EXISTS (
        SELECT FROM public.dispatch d WHERE d.tenant_id = v_tenant AND d.batch_id = p_batch AND d.chunk = i.ordinal / v_batch.chunk_size
          AND sluice_covers(d.first_ordinal, d.end_ordinal, d.set_aside, i.ordinal))
      RETURNING i.ordinal, i.amount
    ) SELECT array_agg(m.ordinal ORDER BY m.ordinal), coalesce(sum(m.amount), 0), count(*) INTO v_ordinals, v_amount, v_count FROM moved m;
  ELSE
    WITH moved AS (
      UPDATE public.payout_item i SET state = 'excluded', version = i.version + 1, leaf = t.leaf
      FROM unnest(p_ordinals, p_leaves) AS t (ordinal, leaf)
      WHERE i.tenant_id = v_tenant AND i.batch_id = p_batch AND i.ordinal = t.ordinal AND i.state = 'pending'
      RETURNING i.ordinal, i.amount
    ) SELECT array_agg(m.ordinal ORDER BY m.ordinal), coalesce(sum(m.amount), 0), count(*) INTO v_ordinals, v_amount, v_count FROM moved m;
  END IF;
  IF v_count = 0 THEN RETURN QUERY SELECT NULL::text, 0, 0::bigint; RETURN; END IF;

  SELECT '["sluice-transitions-v2","person",null,[[1,"pending","' || v_to || '",0,null,null]],[' || string_agg(format('[%s,%s,0]', run.first, run.count), ',' ORDER BY run.first) || '],[]]'
    INTO v_body FROM (
      SELECT min(o.ordinal) AS first, count(*) AS count FROM (SELECT u.ordinal, u.ordinal - u.n AS island FROM unnest(v_ordinals) WITH ORDINALITY AS u (ordinal, n)) o GROUP BY o.island
    ) run;
  INSERT INTO public.transition_block (tenant_id, batch_id, event_id, chunk, count, body) VALUES (v_tenant, p_batch, p_event, NULL, v_count, v_body);
  IF v_to = 'cancelled' THEN
    UPDATE public.hold h SET remaining = h.remaining - v_amount, resolved_at = CASE WHEN h.remaining = v_amount THEN now() END
      WHERE h.tenant_id = v_tenant AND h.batch_id = p_batch AND h.resolved_at IS NULL;
    IF NOT FOUND THEN RAISE EXCEPTION 'nothing is held for the items of this batch' USING ERRCODE = 'check_violation'; END IF;
    PERFORM public.sluice_give_back(v_tenant, p_batch, p_event, 'void', v_amount);
  END IF;
  UPDATE public.batch_counter n SET open = n.open - v_count,
    cancelled = n.cancelled + CASE v_to WHEN 'cancelled' THEN v_count ELSE 0 END, excluded = n.excluded + CASE v_to WHEN 'excluded' THEN v_count ELSE 0 END
    WHERE n.tenant_id = v_tenant AND n.batch_id = p_batch;
  RETURN QUERY SELECT v_body, v_count, v_amount;
END $$;

-- Of the functions here alone: held → funding, after the hold has shrunk by as much.
CREATE FUNCTION sluice_give_back(p_tenant uuid, p_batch uuid, p_event uuid, p_kind text, p_amount bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO public.transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, event_id)
  WITH accounts AS MATERIALIZED (
    SELECT a.* FROM public.payout_batch b, public.sluice_lock_accounts(p_tenant, b.currency, b.funding_account_id) a WHERE b.tenant_id = p_tenant AND b.id = p_batch
  )
  SELECT p_tenant, (left(p_event::text, 28) || '00000000')::uuid, (SELECT id FROM accounts WHERE kind = 'held'), b.funding_account_id, p_amount, b.currency, p_kind, p_batch, p_event
  FROM public.payout_batch b WHERE b.tenant_id = p_tenant AND b.id = p_batch;
END $$;

-- Sets total and fee maximum of an approved batch aside: the hold and its transfer in one, so that neither exists without the other.
CREATE FUNCTION sluice_place_hold(p_id uuid, p_batch uuid, p_event uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  v_tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  v_batch record; v_held uuid;
BEGIN
  SELECT b.currency, b.funding_account_id, c.content_version, t.total + b.fee_maximum AS amount INTO v_batch FROM public.payout_batch b
    JOIN public.batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id
    JOIN public.batch_content t ON t.tenant_id = b.tenant_id AND t.batch_id = b.id AND t.content_version = c.content_version
    WHERE b.tenant_id = v_tenant AND b.id = p_batch AND c.state = 'approved';
  IF NOT FOUND THEN RAISE EXCEPTION 'money is held for an approved batch' USING ERRCODE = 'check_violation'; END IF;
  SELECT a.id INTO v_held FROM public.sluice_lock_accounts(v_tenant, v_batch.currency, v_batch.funding_account_id) a WHERE a.kind = 'held';
  INSERT INTO public.hold (tenant_id, id, batch_id, content_version, account_id, currency, amount, remaining)
    VALUES (v_tenant, p_id, p_batch, v_batch.content_version, v_batch.funding_account_id, v_batch.currency, v_batch.amount, v_batch.amount);
  INSERT INTO public.transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, event_id)
    VALUES (v_tenant, (left(p_event::text, 28) || '00000000')::uuid, v_batch.funding_account_id, v_held, v_batch.amount, v_batch.currency, 'hold', p_batch, p_event);
  RETURN v_batch.amount;
END $$;

-- Gives back all that a batch still holds, when none of its items can be paid from it: before it executes, or when nothing is open any more.
CREATE FUNCTION sluice_release_hold(p_batch uuid, p_event uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  v_tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  v_amount bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('batch ' || v_tenant || '/' || p_batch, 0));
  IF EXISTS (SELECT FROM public.batch_control c JOIN public.batch_counter n ON n.tenant_id = c.tenant_id AND n.batch_id = c.batch_id
      WHERE c.tenant_id = v_tenant AND c.batch_id = p_batch AND c.state = 'executing' AND n.open > 0) THEN
    RAISE EXCEPTION 'a hold is not released while items may be paid from it' USING ERRCODE = 'check_violation';
  END IF;
  SELECT h.remaining INTO v_amount FROM public.hold h WHERE h.tenant_id = v_tenant AND h.batch_id = p_batch AND h.resolved_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 0; END IF;
  UPDATE public.hold h SET remaining = 0, resolved_at = now() WHERE h.tenant_id = v_tenant AND h.batch_id = p_batch AND h.resolved_at IS NULL;
  PERFORM public.sluice_give_back(v_tenant, p_batch, p_event, 'release', v_amount);
  RETURN v_amount;
END $$;

-- The counters of a batch begin with its first content.
CREATE FUNCTION sluice_count_content() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF NEW.content_version = 1 THEN
    UPDATE public.batch_counter SET open = NEW.count WHERE tenant_id = NEW.tenant_id AND batch_id = NEW.batch_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER content_counts AFTER INSERT ON batch_content FOR EACH ROW EXECUTE FUNCTION sluice_count_content();

-- Something leaves only while its batch executes; a recovery only says that something may have left.
CREATE FUNCTION sluice_dispatches() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NEW.purpose <> 'recovery' AND NOT EXISTS (SELECT FROM public.batch_control c WHERE c.tenant_id = NEW.tenant_id AND c.batch_id = NEW.batch_id AND c.state = 'executing') THEN
    RAISE EXCEPTION 'only an executing batch is dispatched' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.purpose = 'resend' AND NEW.attempt = 1 OR NEW.purpose = 'first' AND NEW.attempt <> 1 THEN
    RAISE EXCEPTION 'the first dispatch of a chunk is its first attempt' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dispatch_leaves BEFORE INSERT ON dispatch FOR EACH ROW EXECUTE FUNCTION sluice_dispatches();

ALTER FUNCTION sluice_lock_accounts(uuid, text, uuid) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_step_items(uuid, uuid, int[], int[], text[], int[], text[], text[], int[], text[], int, int, bytea, float8, float8) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_post_items(uuid, uuid, uuid[], int[], int[], bigint[], text[], text[]) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_move_items(uuid, uuid[], text[], float8, float8) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_withdraw_items(uuid, uuid, int[], bytea[]) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_give_back(uuid, uuid, uuid, text, bigint) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_place_hold(uuid, uuid, uuid) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_release_hold(uuid, uuid) OWNER TO sluice_fn_items;
ALTER FUNCTION sluice_count_content() OWNER TO sluice_fn_items;

-- ── Rights ─────────────────────────────────────────────────────────────────────────────────────
REVOKE INSERT ON hold, item_transition FROM sluice_api;
REVOKE UPDATE (state, version, leaf, reason) ON payout_item FROM sluice_api;
REVOKE UPDATE (open, cancelled, excluded) ON batch_counter FROM sluice_api;
REVOKE UPDATE (remaining, resolved_at) ON hold FROM sluice_api;
DROP POLICY api_withdraws ON payout_item;
DROP POLICY api_tells_of_withdrawals ON item_transition;
-- It makes sandbox money; what moves to and from holds moves with them, by functions.
DROP POLICY api_posts ON transfer;
CREATE POLICY api_posts ON transfer AS RESTRICTIVE FOR INSERT TO sluice_api WITH CHECK (
  kind = 'top_up'
  AND (SELECT d.kind FROM account d WHERE d.tenant_id = transfer.tenant_id AND d.id = transfer.debit_account_id) = 'external'
  AND (SELECT c.kind FROM account c WHERE c.tenant_id = transfer.tenant_id AND c.id = transfer.credit_account_id) = 'funding'
  AND (SELECT w.mode FROM workspace w WHERE w.tenant_id = transfer.tenant_id) = 'test');

REVOKE INSERT ON transfer, item_transition FROM sluice_worker;
DROP POLICY worker_posts ON transfer;
REVOKE UPDATE (state, rank, version, attempt, provider_reference, reason) ON payout_item FROM sluice_worker;
REVOKE UPDATE (open, unknown, submitted, paid, failed, returned, cancelled, blocked, was_unknown, paid_amount) ON batch_counter FROM sluice_worker;
REVOKE UPDATE (remaining, resolved_at) ON hold FROM sluice_worker;

GRANT SELECT ON transition_block, item_edge, item_now TO sluice_api, sluice_worker;

REVOKE EXECUTE ON FUNCTION sluice_lock_accounts(uuid, text, uuid), sluice_covers(int, int, bytea, int),
  sluice_step_items(uuid, uuid, int[], int[], text[], int[], text[], text[], int[], text[], int, int, bytea, float8, float8),
  sluice_post_items(uuid, uuid, uuid[], int[], int[], bigint[], text[], text[]), sluice_move_items(uuid, uuid[], text[], float8, float8),
  sluice_withdraw_items(uuid, uuid, int[], bytea[]), sluice_give_back(uuid, uuid, uuid, text, bigint), sluice_place_hold(uuid, uuid, uuid),
  sluice_release_hold(uuid, uuid), sluice_count_content(), sluice_dispatches() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_covers(int, int, bytea, int) TO sluice_fn_items, sluice_api, sluice_worker;
GRANT EXECUTE ON FUNCTION sluice_withdraw_items(uuid, uuid, int[], bytea[]), sluice_place_hold(uuid, uuid, uuid), sluice_release_hold(uuid, uuid) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_move_items(uuid, uuid[], text[], float8, float8), sluice_release_hold(uuid, uuid) TO sluice_worker;

-- The function of 0003 that looks for what left without its gates, over the renamed table.
GRANT sluice_fn_driver TO CURRENT_USER;
CREATE OR REPLACE FUNCTION sluice_released_without_second_factor() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT coalesce(sum(a.item_count), 0)::bigint FROM public.dispatch a
  JOIN public.batch_control b ON b.tenant_id = a.tenant_id AND b.batch_id = a.batch_id
  WHERE a.purpose <> 'recovery' AND 3 > (SELECT count(DISTINCT g.person_id) FROM public.gate g JOIN public.batch_content c USING (tenant_id, batch_id, content_version)
    WHERE g.tenant_id = a.tenant_id AND g.batch_id = a.batch_id AND g.content_version = b.content_version AND g.digest = c.digest AND g.opened_at <= a.created_at)
$$;

REVOKE CREATE ON SCHEMA public FROM sluice_fn_items;
REVOKE sluice_fn_items, sluice_fn_driver FROM CURRENT_USER;
