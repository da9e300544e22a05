-- When a batch was last driven, and by when it shows itself again (R13). A batch that should move and does not is found by this, whatever
-- Temporal says about its run.
CREATE TABLE batch_run (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  driven_at timestamptz(6),
  due_at timestamptz(6),
  woken_at timestamptz(6),
  PRIMARY KEY (tenant_id, batch_id),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id) ON DELETE NO ACTION ON UPDATE NO ACTION
) WITH (fillfactor = 50);
SELECT sluice_own_by_tenant('batch_run');
GRANT SELECT, INSERT ON batch_run TO sluice_worker;
GRANT UPDATE (driven_at, due_at) ON batch_run TO sluice_worker;

-- The batches to drive are few among all that ever were (R22).
CREATE INDEX batch_control_to_drive ON batch_control (tenant_id, batch_id) WHERE state IN ('draft', 'queued', 'approved', 'authorized', 'executing');

GRANT sluice_fn_driver TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_driver;
GRANT SELECT, INSERT ON batch_run TO sluice_fn_driver;
GRANT UPDATE (woken_at) ON batch_run TO sluice_fn_driver;
CREATE POLICY driver ON batch_run TO sluice_fn_driver USING (true) WITH CHECK (true);

-- Notes that these batches are about to be woken, unless an earlier wake is still unanswered, and answers those that are to be driven. Call
-- it before the signal is sent: the load that answers the signal comes later.
CREATE FUNCTION sluice_wake_batches(tenants uuid[], batches uuid[]) RETURNS TABLE (tenant_id uuid, batch_id uuid)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.batch_run AS r (tenant_id, batch_id, woken_at)
  SELECT DISTINCT c.tenant_id, c.batch_id, now() FROM unnest(tenants, batches) AS asked (tenant, batch)
  JOIN public.batch_control c ON c.tenant_id = asked.tenant AND c.batch_id = asked.batch
  WHERE c.state IN ('draft', 'queued', 'approved', 'authorized', 'executing')
  ORDER BY 1, 2
  ON CONFLICT ON CONSTRAINT batch_run_pkey DO UPDATE SET woken_at = CASE WHEN r.driven_at >= r.woken_at OR r.woken_at IS NULL THEN now() ELSE r.woken_at END
  RETURNING r.tenant_id, r.batch_id
$$;
-- Batches that were due, or woken, longer ago than `patience`, and that nothing has driven since.
CREATE FUNCTION sluice_stalled_batches(patience interval) RETURNS TABLE (tenant_id uuid, batch_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT c.tenant_id, c.batch_id FROM public.batch_control c
  JOIN public.batch_run r ON r.tenant_id = c.tenant_id AND r.batch_id = c.batch_id
  WHERE c.state IN ('draft', 'queued', 'approved', 'authorized', 'executing')
    AND (r.due_at < now() - patience OR (r.woken_at < now() - patience AND (r.driven_at IS NULL OR r.driven_at < r.woken_at)))
$$;
ALTER FUNCTION sluice_wake_batches(uuid[], uuid[]) OWNER TO sluice_fn_driver;
ALTER FUNCTION sluice_stalled_batches(interval) OWNER TO sluice_fn_driver;
REVOKE EXECUTE ON FUNCTION sluice_wake_batches(uuid[], uuid[]), sluice_stalled_batches(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_wake_batches(uuid[], uuid[]), sluice_stalled_batches(interval) TO sluice_relay;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_driver;
REVOKE sluice_fn_driver FROM CURRENT_USER;
