-- What a decision about a batch sees (docs/adr/0047): payments that were seen before, and the facts of each content version.

-- ── Payments of all batches, by what they would repeat ─────────────────────────────────────────
-- Its key answers by itself: the same payment of the payee, and the smallest amount that the payee was ever sent.
CREATE TABLE payment_seen (
  tenant_id uuid NOT NULL,
  payee_id uuid NOT NULL,
  amount bigint NOT NULL,
  reference_hash bigint NOT NULL,
  batch_id uuid NOT NULL,
  ordinal int NOT NULL,
  CONSTRAINT payment_seen_pkey PRIMARY KEY (tenant_id, payee_id, amount, reference_hash, batch_id, ordinal)
);
SELECT sluice_own_by_tenant('payment_seen');
SELECT sluice_make_append_only('payment_seen');

GRANT sluice_fn_items TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_items;
GRANT INSERT ON payment_seen TO sluice_fn_items;
CREATE FUNCTION sluice_see_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO public.payment_seen (tenant_id, payee_id, amount, reference_hash, batch_id, ordinal)
  SELECT n.tenant_id, n.payee_id, n.amount, hashtextextended(n.reference, 0), n.batch_id, n.ordinal FROM arrived n ORDER BY n.payee_id
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
ALTER FUNCTION sluice_see_payments() OWNER TO sluice_fn_items;
REVOKE EXECUTE ON FUNCTION sluice_see_payments() FROM PUBLIC;
CREATE TRIGGER item_is_seen AFTER INSERT ON payout_item REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION sluice_see_payments();
REVOKE CREATE ON SCHEMA public FROM sluice_fn_items;
REVOKE sluice_fn_items FROM CURRENT_USER;

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
  PRIMARY KEY (tenant_id, batch_id, content_version),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id) ON DELETE NO ACTION ON UPDATE NO ACTION
);
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
INSERT INTO payment_seen (tenant_id, payee_id, amount, reference_hash, batch_id, ordinal)
SELECT tenant_id, payee_id, amount, hashtextextended(reference, 0), batch_id, ordinal FROM payout_item
WHERE batch_id >= rpad(lpad(to_hex((extract(epoch FROM now() - interval '90 days') * 1000)::bigint), 12, '0'), 32, '0')::uuid
ORDER BY tenant_id, payee_id;
UPDATE payee p SET first_paid_at = coalesce(p.first_paid_at, paid.first_at), last_paid_destination_id = coalesce(p.last_paid_destination_id, paid.destination_id)
FROM (
  SELECT i.tenant_id, i.payee_id, min(t.created_at) AS first_at, (array_agg(i.destination_id ORDER BY t.created_at DESC, i.destination_id DESC))[1] AS destination_id
  FROM item_transition t JOIN payout_item i ON i.tenant_id = t.tenant_id AND i.batch_id = t.batch_id AND i.ordinal = t.ordinal
  WHERE t.to_state = 'paid' GROUP BY i.tenant_id, i.payee_id
) paid WHERE p.tenant_id = paid.tenant_id AND p.id = paid.payee_id AND p.first_paid_at IS NULL;
ALTER TABLE payment_seen FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_item FORCE ROW LEVEL SECURITY;
ALTER TABLE item_transition FORCE ROW LEVEL SECURITY;
ALTER TABLE payee FORCE ROW LEVEL SECURITY;
