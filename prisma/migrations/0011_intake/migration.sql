-- Durable intake (R19, ADR 0048): a large file is answered at once and taken in by a workflow. Its bytes lie here, sealed, until it ends.
CREATE TABLE upload (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  -- What the batch becomes when the file is good.
  becomes text NOT NULL,
  -- Who sent it, null for a program: the new destinations are that person's (R9).
  person_id uuid,
  bytes bigint NOT NULL,
  -- Lines after the first: as many rows, or fewer when a quoted cell has line ends.
  lines int NOT NULL,
  parts int NOT NULL,
  -- Count and sum of a file that was found good; null before.
  count int,
  total bigint,
  rows_checked int NOT NULL DEFAULT 0,
  rows_stored int NOT NULL DEFAULT 0,
  -- Code, sentence and errors of a file that was refused.
  refusal jsonb,
  created_at timestamptz(6) NOT NULL DEFAULT now(),
  ended_at timestamptz(6),
  PRIMARY KEY (tenant_id, batch_id),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id) ON DELETE NO ACTION ON UPDATE NO ACTION,
  CONSTRAINT upload_becomes CHECK (becomes IN ('draft', 'queued')),
  CONSTRAINT upload_found_good CHECK ((count IS NULL) = (total IS NULL))
);
CREATE INDEX upload_open ON upload (tenant_id, batch_id) WHERE ended_at IS NULL;

CREATE TABLE upload_part (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  part int NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (tenant_id, batch_id, part),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id) ON DELETE NO ACTION ON UPDATE NO ACTION
);
-- Ciphertext does not compress.
ALTER TABLE upload_part ALTER COLUMN sealed SET STORAGE EXTERNAL;

SELECT sluice_own_by_tenant('upload'), sluice_own_by_tenant('upload_part');
GRANT SELECT, INSERT ON upload, upload_part TO sluice_api;
GRANT SELECT ON upload, upload_part TO sluice_worker;
GRANT UPDATE (count, total, rows_checked, rows_stored, refusal) ON upload TO sluice_worker;

-- ── The state that a refused file ends in ──────────────────────────────────────────────────────
ALTER TABLE batch_control DROP CONSTRAINT control_state;
ALTER TABLE batch_control ADD CONSTRAINT control_state CHECK (state IN ('receiving', 'draft', 'queued', 'approved', 'authorized', 'executing', 'completed', 'failed', 'rejected', 'cancelled', 'expired', 'refused'));

-- The edge to it, in the function of 0002 as it stands.
DO $$
DECLARE body text := pg_get_functiondef('sluice_batch_moves()'::regprocedure); edge text := '(''receiving'', ''queued''),';
BEGIN
  IF position(edge IN body) = 0 THEN RAISE EXCEPTION 'sluice_batch_moves has no edge from receiving to queued'; END IF;
  EXECUTE replace(body, edge, edge || ' (''receiving'', ''refused''),');
END $$;

-- ── The worker takes in what the API has accepted, and nothing else (R18) ──────────────────────
-- Every right below holds only while the file is open: the API alone opens one, and the trigger at the end closes it when the batch
-- leaves `receiving`; `ended_at = now()` is this very transaction. Uncorrelated, so that a statement of many rows asks once.
GRANT INSERT ON payee, payee_destination, subject_key, payout_item, batch_chunk, batch_content TO sluice_worker;
GRANT SELECT ON payment_seen TO sluice_worker;
GRANT INSERT ON batch_facts TO sluice_worker;
GRANT UPDATE (root, path) ON batch_chunk TO sluice_worker;
GRANT UPDATE (deadline_at) ON batch_control TO sluice_worker;
GRANT UPDATE (external_id) ON payout_batch TO sluice_worker;

CREATE POLICY worker_takes_in ON payout_item AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK (state = 'pending' AND batch_id IN (SELECT u.batch_id FROM upload u WHERE u.ended_at IS NULL));
CREATE POLICY worker_takes_in ON batch_chunk AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK (batch_id IN (SELECT u.batch_id FROM upload u WHERE u.ended_at IS NULL));
CREATE POLICY worker_takes_in_again ON batch_chunk AS RESTRICTIVE FOR UPDATE TO sluice_worker
  USING (batch_id IN (SELECT u.batch_id FROM upload u WHERE u.ended_at IS NULL OR u.ended_at = now()));
CREATE POLICY worker_takes_in ON batch_content AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK (content_version = 1 AND batch_id IN (SELECT u.batch_id FROM upload u WHERE u.ended_at IS NULL OR u.ended_at = now()));
CREATE POLICY worker_takes_in ON batch_facts AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK (content_version = 1 AND batch_id IN (SELECT u.batch_id FROM upload u WHERE u.ended_at IS NULL));
CREATE POLICY worker_takes_in ON payee AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK ((SELECT EXISTS (SELECT 1 FROM upload u WHERE u.ended_at IS NULL)));
CREATE POLICY worker_takes_in ON subject_key AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK ((SELECT EXISTS (SELECT 1 FROM upload u WHERE u.ended_at IS NULL)));
-- The destinations of a file are its sender's: who changed one lately opens no gate over it (R9).
CREATE POLICY worker_takes_in ON payee_destination AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK (coalesce(created_by, '00000000-0000-0000-0000-000000000000') IN (
    SELECT coalesce(u.person_id, '00000000-0000-0000-0000-000000000000') FROM upload u WHERE u.ended_at IS NULL));
CREATE POLICY worker_gives_up_external_id ON payout_batch AS RESTRICTIVE FOR UPDATE TO sluice_worker
  USING (EXISTS (SELECT 1 FROM batch_control c WHERE c.tenant_id = payout_batch.tenant_id AND c.batch_id = payout_batch.id AND c.state = 'receiving'))
  WITH CHECK (external_id IS NULL);
DROP POLICY worker_settles ON batch_control;
CREATE POLICY worker_settles ON batch_control AS RESTRICTIVE FOR UPDATE TO sluice_worker USING (true)
  WITH CHECK (state IN ('executing', 'completed', 'failed', 'cancelled', 'expired')
    OR (state IN ('receiving', 'draft', 'queued', 'refused') AND batch_id IN (SELECT u.batch_id FROM upload u WHERE u.ended_at IS NULL)));
-- A file is refused by what was found in it, which the worker looks for.
DROP POLICY api_decides ON batch_control;
CREATE POLICY api_decides ON batch_control AS RESTRICTIVE FOR UPDATE TO sluice_api USING (true) WITH CHECK (state NOT IN ('completed', 'failed', 'refused'));

-- A batch that is no longer received needs its file no more: no process may delete it, this does.
GRANT sluice_fn_driver TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_driver;
GRANT SELECT (tenant_id, batch_id), UPDATE (ended_at) ON upload TO sluice_fn_driver;
GRANT SELECT (tenant_id, batch_id), DELETE ON upload_part TO sluice_fn_driver;
CREATE FUNCTION sluice_upload_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.upload SET ended_at = now() WHERE tenant_id = NEW.tenant_id AND batch_id = NEW.batch_id;
  DELETE FROM public.upload_part WHERE tenant_id = NEW.tenant_id AND batch_id = NEW.batch_id;
  RETURN NULL;
END $$;
ALTER FUNCTION sluice_upload_ends() OWNER TO sluice_fn_driver;
REVOKE EXECUTE ON FUNCTION sluice_upload_ends() FROM PUBLIC;
CREATE TRIGGER upload_ends AFTER UPDATE ON batch_control FOR EACH ROW WHEN (OLD.state = 'receiving' AND NEW.state <> 'receiving')
  EXECUTE FUNCTION sluice_upload_ends();

-- ── A batch that is received has a run too ─────────────────────────────────────────────────────
DROP INDEX batch_control_to_drive;
CREATE INDEX batch_control_to_drive ON batch_control (tenant_id, batch_id) WHERE state IN ('receiving', 'draft', 'queued', 'approved', 'authorized', 'executing');
CREATE OR REPLACE FUNCTION sluice_batches_to_drive() RETURNS TABLE (tenant_id uuid, batch_id uuid, state text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT c.tenant_id, c.batch_id, c.state FROM public.batch_control c WHERE c.state IN ('receiving', 'draft', 'queued', 'approved', 'authorized', 'executing')
$$;
CREATE OR REPLACE FUNCTION sluice_wake_batches(tenants uuid[], batches uuid[]) RETURNS TABLE (tenant_id uuid, batch_id uuid)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.batch_run AS r (tenant_id, batch_id, woken_at)
  SELECT DISTINCT c.tenant_id, c.batch_id, now() FROM unnest(tenants, batches) AS asked (tenant, batch)
  JOIN public.batch_control c ON c.tenant_id = asked.tenant AND c.batch_id = asked.batch
  WHERE c.state IN ('receiving', 'draft', 'queued', 'approved', 'authorized', 'executing')
  ORDER BY 1, 2
  ON CONFLICT ON CONSTRAINT batch_run_pkey DO UPDATE SET woken_at = CASE WHEN r.driven_at >= r.woken_at OR r.woken_at IS NULL THEN now() ELSE r.woken_at END
  RETURNING r.tenant_id, r.batch_id
$$;
CREATE OR REPLACE FUNCTION sluice_stalled_batches(patience interval) RETURNS TABLE (tenant_id uuid, batch_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT c.tenant_id, c.batch_id FROM public.batch_control c
  JOIN public.batch_run r ON r.tenant_id = c.tenant_id AND r.batch_id = c.batch_id
  WHERE c.state IN ('receiving', 'draft', 'queued', 'approved', 'authorized', 'executing')
    AND (r.due_at < now() - patience OR (r.woken_at < now() - patience AND (r.driven_at IS NULL OR r.driven_at < r.woken_at)))
$$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_driver;
REVOKE sluice_fn_driver FROM CURRENT_USER;
