-- What a decision about a batch sees (docs/adr/0047): payments that were seen before, and the facts of each content version.

-- ── Payments of all batches, by what they would repeat ─────────────────────────────────────────
-- `key` is a hash of workspace, payee's reference, amount and payment's reference; whoever finds one compares the items themselves. It is
-- narrow and alone in its index, because a look costs what its page costs. The index over payees keeps each payee once.
CREATE TABLE payment_seen (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  ordinal int NOT NULL,
  payee_id uuid NOT NULL,
  key bigint NOT NULL,
  CONSTRAINT payment_seen_pkey PRIMARY KEY (tenant_id, batch_id, ordinal)
);
CREATE INDEX payment_seen_key_idx ON payment_seen (key);
CREATE INDEX payment_seen_tenant_id_payee_id_idx ON payment_seen (tenant_id, payee_id);
SELECT sluice_own_by_tenant('payment_seen');

-- It is written once and forgotten when it is older than any question about it: 90 days, and a margin (domain/batch/facts.ts).
CREATE FUNCTION sluice_forgotten_before() RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT rpad(lpad(to_hex((extract(epoch FROM now() - interval '97 days') * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;
REVOKE EXECUTE ON FUNCTION sluice_forgotten_before() FROM PUBLIC;
CREATE FUNCTION sluice_keep_seen_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF NOT EXISTS (SELECT FROM gone g WHERE g.batch_id >= public.sluice_forgotten_before()) THEN RETURN NULL; END IF;
  END IF;
  RAISE EXCEPTION 'payments that were seen do not change, and are kept for 97 days' USING ERRCODE = 'restrict_violation';
END $$;
REVOKE EXECUTE ON FUNCTION sluice_keep_seen_payments() FROM PUBLIC;
CREATE TRIGGER payment_seen_stays BEFORE UPDATE OR TRUNCATE ON payment_seen FOR EACH STATEMENT EXECUTE FUNCTION sluice_keep_seen_payments();
CREATE TRIGGER payment_seen_is_kept AFTER DELETE ON payment_seen REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
  EXECUTE FUNCTION sluice_keep_seen_payments();

GRANT sluice_fn_items, sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_items, sluice_fn_idempotency;
-- It asks for a payee's other payments when one came back (sluice_move_items).
GRANT SELECT, INSERT ON payment_seen TO sluice_fn_items;
CREATE FUNCTION sluice_see_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  -- An item without its payee has no key, and is refused. A row that the owner moves into its month was seen before.
  INSERT INTO public.payment_seen (tenant_id, batch_id, ordinal, payee_id, key)
  SELECT n.tenant_id, n.batch_id, n.ordinal, n.payee_id,
    hashtextextended(p.reference || ' ' || n.amount || ' ' || n.reference, uuid_hash_extended(n.tenant_id, 0))
  FROM arrived n LEFT JOIN LATERAL (
    SELECT y.reference FROM public.payee y WHERE y.tenant_id = n.tenant_id AND y.id = n.payee_id LIMIT 1) p ON true
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
ALTER FUNCTION sluice_see_payments() OWNER TO sluice_fn_items;
REVOKE EXECUTE ON FUNCTION sluice_see_payments() FROM PUBLIC;
CREATE TRIGGER item_is_seen AFTER INSERT ON payout_item REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION sluice_see_payments();

-- Forgets up to `most` payments of all workspaces, the oldest batches of each first.
GRANT SELECT (tenant_id) ON workspace TO sluice_fn_idempotency;
CREATE POLICY pruning ON workspace FOR SELECT TO sluice_fn_idempotency USING (true);
GRANT SELECT, DELETE ON payment_seen TO sluice_fn_idempotency;
GRANT EXECUTE ON FUNCTION sluice_forgotten_before() TO sluice_fn_idempotency;
CREATE POLICY pruning ON payment_seen TO sluice_fn_idempotency USING (true);
CREATE FUNCTION sluice_forget_payments(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.payment_seen s WHERE s.batch_id < public.sluice_forgotten_before() AND s.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.workspace w CROSS JOIN LATERAL (
        SELECT e.ctid FROM public.payment_seen e WHERE e.tenant_id = w.tenant_id AND e.batch_id < public.sluice_forgotten_before()
        ORDER BY e.batch_id LIMIT most) o
      LIMIT most))
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;
ALTER FUNCTION sluice_forget_payments(int) OWNER TO sluice_fn_idempotency;
REVOKE EXECUTE ON FUNCTION sluice_forget_payments(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_forget_payments(int) TO sluice_relay;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_items, sluice_fn_idempotency;
REVOKE sluice_fn_items, sluice_fn_idempotency FROM CURRENT_USER;

-- ── What a content version is like beside earlier ones, as of its sealing. Append-only ─────────
CREATE TABLE batch_facts (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  content_version int NOT NULL,
  same_file_batch_id uuid,
  repeated int NOT NULL,
  repeated_batch_id uuid,
  new_payees int NOT NULL,
  first_seen_payees int NOT NULL,
  changed int NOT NULL,
  unusual int NOT NULL,
  usual_total bigint,
  shown jsonb NOT NULL,
  sealed_at timestamptz(6) NOT NULL DEFAULT now(),
  -- Counts the sealings of a workspace, which come one after the other.
  place bigint NOT NULL,
  PRIMARY KEY (tenant_id, batch_id, content_version),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id) ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE INDEX batch_facts_tenant_id_place_idx ON batch_facts (tenant_id, place);
SELECT sluice_own_by_tenant('batch_facts');
SELECT sluice_make_append_only('batch_facts');
GRANT SELECT ON payment_seen TO sluice_api;
GRANT SELECT, INSERT ON batch_facts TO sluice_api;
GRANT SELECT ON batch_facts TO sluice_worker;

CREATE INDEX payout_batch_tenant_id_source_sha256_idx ON payout_batch (tenant_id, source_sha256) WHERE source_sha256 IS NOT NULL;

-- ── What was there before: payments of the last 90 days, and who was paid when and where ───────
ALTER TABLE payment_seen NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_item NO FORCE ROW LEVEL SECURITY;
ALTER TABLE item_transition NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payee NO FORCE ROW LEVEL SECURITY;
INSERT INTO payment_seen (tenant_id, batch_id, ordinal, payee_id, key)
SELECT i.tenant_id, i.batch_id, i.ordinal, i.payee_id,
  hashtextextended(p.reference || ' ' || i.amount || ' ' || i.reference, uuid_hash_extended(i.tenant_id, 0))
FROM payout_item i JOIN payee p ON p.tenant_id = i.tenant_id AND p.id = i.payee_id
WHERE i.batch_id >= rpad(lpad(to_hex((extract(epoch FROM now() - interval '90 days') * 1000)::bigint), 12, '0'), 32, '0')::uuid
ORDER BY i.tenant_id, i.batch_id, i.ordinal;
UPDATE payee p SET first_paid_at = coalesce(p.first_paid_at, paid.first_at), last_paid_destination_id = coalesce(p.last_paid_destination_id, paid.destination_id),
  least_paid = least(p.least_paid, paid.least)
FROM (
  SELECT i.tenant_id, i.payee_id, min(t.created_at) AS first_at, min(i.amount) AS least,
    (array_agg(i.destination_id ORDER BY t.created_at DESC, i.destination_id DESC))[1] AS destination_id
  FROM item_transition t JOIN payout_item i ON i.tenant_id = t.tenant_id AND i.batch_id = t.batch_id AND i.ordinal = t.ordinal
  WHERE t.to_state = 'paid' GROUP BY i.tenant_id, i.payee_id
) paid WHERE p.tenant_id = paid.tenant_id AND p.id = paid.payee_id AND p.first_paid_at IS NULL;
ALTER TABLE payment_seen FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_item FORCE ROW LEVEL SECURITY;
ALTER TABLE item_transition FORCE ROW LEVEL SECURITY;
ALTER TABLE payee FORCE ROW LEVEL SECURITY;
