-- Payments of a workspace that were seen under any of these keys, each key asked for once. A function of a role to which every row is open
-- (docs/adr/0047): row-level security offers the planner an index that begins with the workspace, and a plan that is made while the table is
-- small then reads the whole workspace for each key. Here the index of keys is the only one that fits.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
CREATE FUNCTION sluice_seen_payments(p_keys bigint[]) RETURNS TABLE (batch_id uuid, ordinal int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT s.batch_id, s.ordinal FROM (SELECT DISTINCT k.key FROM unnest(p_keys) AS k (key) ORDER BY k.key OFFSET 0) k
  CROSS JOIN LATERAL (SELECT e.tenant_id, e.batch_id, e.ordinal FROM public.payment_seen e WHERE e.key = k.key OFFSET 0) s
  WHERE s.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
$$;
ALTER FUNCTION sluice_seen_payments(bigint[]) OWNER TO sluice_fn_idempotency;
REVOKE EXECUTE ON FUNCTION sluice_seen_payments(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_seen_payments(bigint[]) TO sluice_api, sluice_worker;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_idempotency FROM CURRENT_USER;
