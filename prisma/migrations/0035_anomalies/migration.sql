-- Refused requests are counted, told, and suspend keys (docs/adr/0078).

-- ── Counts. One row for each key or person and kind, begun again when its window is over ───────
CREATE TABLE anomaly_count (
  tenant_id uuid NOT NULL,
  -- A key or a person whose requests were refused; a workspace whose letters of a day are counted.
  subject_type text NOT NULL CHECK (subject_type IN ('api_key', 'person', 'workspace')),
  subject_id uuid NOT NULL,
  kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 50),
  started_at timestamptz(6) NOT NULL,
  count int NOT NULL CHECK (count > 0),
  -- The window was told already.
  alerted boolean NOT NULL DEFAULT false,
  -- When somebody was written to last about it.
  told_at timestamptz(6),
  CONSTRAINT anomaly_count_pkey PRIMARY KEY (tenant_id, subject_type, subject_id, kind),
  CONSTRAINT anomaly_count_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES workspace (tenant_id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
SELECT sluice_own_by_tenant('anomaly_count');
GRANT SELECT, INSERT, UPDATE (started_at, count, alerted, told_at) ON anomaly_count TO sluice_api;

-- ── Thresholds that a workspace set, in the place of those of domain/anomalies.ts. No alert is turned off ──
CREATE TABLE anomaly_rule (
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 50),
  alert_at int NOT NULL CHECK (alert_at BETWEEN 1 AND 10000),
  -- Null: no number of refusals suspends.
  suspend_at int,
  set_by uuid NOT NULL,
  set_at timestamptz(6) NOT NULL,
  CONSTRAINT anomaly_rule_suspend_at CHECK (suspend_at BETWEEN alert_at AND 10000),
  CONSTRAINT anomaly_rule_pkey PRIMARY KEY (tenant_id, kind),
  CONSTRAINT anomaly_rule_tenant_id_set_by_fkey FOREIGN KEY (tenant_id, set_by) REFERENCES membership (tenant_id, person_id)
    ON UPDATE NO ACTION ON DELETE NO ACTION
);
SELECT sluice_own_by_tenant('anomaly_rule');
GRANT SELECT, INSERT, UPDATE (alert_at, suspend_at, set_by, set_at) ON anomaly_rule TO sluice_api;

-- ── Suspended keys ─────────────────────────────────────────────────────────────────────────────
ALTER TABLE api_key ADD COLUMN suspended_at timestamptz(6), ADD COLUMN resumed_at timestamptz(6);
GRANT UPDATE (suspended_at, resumed_at) ON api_key TO sluice_api;

-- These two change too. The list is added to as it stands, whoever wrote it last.
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_key_only_ends()'::regprocedure);
  more text := replace(body, $$'last_used_from'];$$, $$'last_used_from', 'suspended_at', 'resumed_at'];$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_key_only_ends names its columns in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_key_only_ends() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS %L', more);
END $do$;

-- A suspension ends by a person alone: the owner of the key, or somebody who may manage people. It never ends by itself.
CREATE FUNCTION sluice_key_resumed_by_person() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE who uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
BEGIN
  IF OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS NULL THEN
    IF (public.sluice_holds(who, 'keys.manage') AND (who = OLD.owner_person_id OR public.sluice_holds(who, 'people.manage'))) IS NOT TRUE THEN
      RAISE EXCEPTION 'a suspended key is resumed by its owner, or by somebody who may manage people' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (NEW.resumed_at = now()) IS NOT TRUE THEN RAISE EXCEPTION 'a key is resumed now' USING ERRCODE = 'check_violation'; END IF;
  ELSIF NEW.resumed_at IS DISTINCT FROM OLD.resumed_at OR (OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS DISTINCT FROM OLD.suspended_at) THEN
    RAISE EXCEPTION 'a suspension keeps its time until somebody resumes the key' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER key_resumed_by_person BEFORE UPDATE ON api_key FOR EACH ROW
  WHEN (OLD.suspended_at IS DISTINCT FROM NEW.suspended_at OR OLD.resumed_at IS DISTINCT FROM NEW.resumed_at)
  EXECUTE FUNCTION sluice_key_resumed_by_person();

GRANT sluice_fn_signin TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin;
-- Whether a key is suspended, asked with each request of it.
CREATE FUNCTION sluice_key_suspended(p_tenant uuid, p_key uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT coalesce((SELECT k.suspended_at IS NOT NULL FROM public.api_key k WHERE k.tenant_id = p_tenant AND k.id = p_key), false)
$$;
REVOKE EXECUTE ON FUNCTION sluice_key_suspended(uuid, uuid), sluice_key_resumed_by_person() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_key_suspended(uuid, uuid) TO sluice_api;
ALTER FUNCTION sluice_key_suspended(uuid, uuid) OWNER TO sluice_fn_signin;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin;
REVOKE sluice_fn_signin FROM CURRENT_USER;

-- Idempotency keys of the routes about both are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$'create_session',$$, $$'resume_api_key', 'set_anomaly_rule', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_idempotency FROM CURRENT_USER;
