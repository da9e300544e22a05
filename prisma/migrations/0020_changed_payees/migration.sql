-- Name, type and country of a payee may be corrected, and whoever opens a gate sees it (docs/adr/0061).

GRANT UPDATE (payee_type, country) ON payee TO sluice_api;

-- Versions to be paid whose name, type or country are not those of the version that the payee was paid with last.
ALTER TABLE batch_facts ADD COLUMN changed_payees int NOT NULL DEFAULT 0;

-- As before (migration 0006), and a version that came after this person's own of the same payee counts too: what they changed is in it,
-- whoever changed the rest.
CREATE OR REPLACE FUNCTION sluice_changed_lately(tenant uuid, batch uuid, person uuid, before timestamptz) RETURNS boolean
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
  first_id uuid := rpad(lpad(to_hex((extract(epoch FROM before - interval '48 hours') * 1000)::bigint), 12, '0'), 32, '0')::uuid;
  lately uuid[] := ARRAY(
    SELECT v.id FROM (
      SELECT d.payee_id, min(d.version) AS version FROM public.payee_destination d
      WHERE d.tenant_id = tenant AND d.id >= first_id AND d.created_by = person AND d.created_at > before - interval '24 hours'
      GROUP BY d.payee_id ORDER BY d.payee_id OFFSET 0) own
    CROSS JOIN LATERAL (SELECT v.id FROM public.payee_destination v
      WHERE v.tenant_id = tenant AND v.payee_id = own.payee_id AND v.version >= own.version OFFSET 0) v);
BEGIN
  RETURN cardinality(lately) > 0 AND EXISTS (SELECT 1 FROM public.payout_item i
    WHERE i.tenant_id = tenant AND i.batch_id = batch AND i.state <> 'excluded' AND i.destination_id = ANY (lately));
END $$;
