-- Operators of the platform, freezes of a workspace by two of them, and tenants that they make (docs/adr/0073).

-- ── Operators: people of the platform, who belong to no workspace. No process reaches their tables but by functions ──
CREATE TABLE platform_operator (
  id uuid NOT NULL,
  -- One person is one operator: an address counts once, however it is written.
  email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT platform_operator_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX platform_operator_email_key ON platform_operator (email);
CREATE TABLE operator_key (
  id uuid NOT NULL,
  operator_id uuid NOT NULL,
  prefix text NOT NULL,
  -- SHA-256 of the credential, which stands nowhere.
  token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  revoked_at timestamptz(6),
  CONSTRAINT operator_key_pkey PRIMARY KEY (id),
  CONSTRAINT operator_key_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES platform_operator (id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
CREATE UNIQUE INDEX operator_key_token_hash_key ON operator_key (token_hash);
CREATE INDEX operator_key_operator_id_idx ON operator_key (operator_id);

-- ── Freezes. `workspace.frozen_at`: no money leaves since. `closed_at`: nobody works in it since ──
ALTER TABLE workspace ADD COLUMN closed_at timestamptz(6);
ALTER TABLE workspace ADD CONSTRAINT workspace_closed_is_frozen CHECK (closed_at IS NULL OR frozen_at IS NOT NULL);
GRANT UPDATE (closed_at) ON workspace TO sluice_api;

CREATE TABLE workspace_freeze (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  proposed_by uuid NOT NULL,
  proposed_at timestamptz(6) NOT NULL,
  confirmed_by uuid,
  confirmed_at timestamptz(6),
  thaw_reason text CHECK (length(thaw_reason) BETWEEN 1 AND 500),
  thaw_proposed_by uuid,
  thaw_proposed_at timestamptz(6),
  thaw_confirmed_by uuid,
  -- When it was thawed, or withdrawn before anybody had confirmed it.
  ended_at timestamptz(6),
  CONSTRAINT workspace_freeze_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT workspace_freeze_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES workspace (tenant_id) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT workspace_freeze_proposed_by_fkey FOREIGN KEY (proposed_by) REFERENCES platform_operator (id) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT workspace_freeze_by_two CHECK (confirmed_by <> proposed_by),
  CONSTRAINT workspace_freeze_confirmed CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
  CONSTRAINT workspace_freeze_thaw_by_two CHECK (thaw_confirmed_by <> thaw_proposed_by),
  CONSTRAINT workspace_freeze_thaw_proposed CHECK (
    (thaw_proposed_by IS NULL) = (thaw_proposed_at IS NULL) AND (thaw_proposed_by IS NULL) = (thaw_reason IS NULL)
    AND (thaw_proposed_by IS NULL OR confirmed_by IS NOT NULL) AND (thaw_confirmed_by IS NULL OR thaw_proposed_by IS NOT NULL)),
  -- Once confirmed, it ends by two people alone.
  CONSTRAINT workspace_freeze_ended CHECK (
    (thaw_confirmed_by IS NULL OR ended_at IS NOT NULL) AND (ended_at IS NULL OR confirmed_by IS NULL OR thaw_confirmed_by IS NOT NULL))
);
-- A workspace has one freeze at a time.
CREATE UNIQUE INDEX workspace_freeze_open_idx ON workspace_freeze (tenant_id) WHERE ended_at IS NULL;
SELECT sluice_own_by_tenant('workspace_freeze');
GRANT SELECT ON workspace_freeze TO sluice_api;
-- It begins with one operator, so an insert says nothing of the second.
GRANT INSERT (tenant_id, id, reason, proposed_by, proposed_at) ON workspace_freeze TO sluice_api;
GRANT UPDATE (confirmed_by, confirmed_at, thaw_reason, thaw_proposed_by, thaw_proposed_at, thaw_confirmed_by, ended_at) ON workspace_freeze TO sluice_api;

-- ── An organization says which operator's request made it, so that a repeat finds it ──
ALTER TABLE organization ADD COLUMN created_by uuid;
ALTER TABLE organization ADD COLUMN creation_key text;
ALTER TABLE organization ADD CONSTRAINT organization_created_by_fkey FOREIGN KEY (created_by) REFERENCES platform_operator (id)
  ON UPDATE NO ACTION ON DELETE NO ACTION;
ALTER TABLE organization ADD CONSTRAINT organization_creation CHECK ((created_by IS NULL) = (creation_key IS NULL));
CREATE UNIQUE INDEX organization_created_by_creation_key_key ON organization (created_by, creation_key);

-- ── Functions of operators ──
DO $$
BEGIN
  CREATE ROLE sluice_fn_operator NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT sluice_fn_operator, sluice_fn_signin TO CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA public TO sluice_fn_operator;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin;
GRANT SELECT ON platform_operator, operator_key, workspace, workspace_freeze, organization TO sluice_fn_operator;
GRANT INSERT ON organization, workspace TO sluice_fn_operator;
CREATE POLICY operating ON workspace FOR SELECT TO sluice_fn_operator USING (true);
CREATE POLICY provisioning ON workspace FOR INSERT TO sluice_fn_operator WITH CHECK (true);
CREATE POLICY operating ON workspace_freeze FOR SELECT TO sluice_fn_operator USING (true);

CREATE FUNCTION sluice_resolve_operator(hash bytea) RETURNS TABLE (operator_id uuid, key_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT k.operator_id, k.id FROM public.operator_key k WHERE k.token_hash = hash AND k.revoked_at IS NULL
$$;
-- Whether somebody is an operator now: with every key revoked, nobody is one any more.
CREATE FUNCTION sluice_is_operator(who uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.operator_key k WHERE k.operator_id = who AND k.revoked_at IS NULL)
$$;
-- Names for those who see a freeze. E-mail addresses leave the table nowhere.
CREATE FUNCTION sluice_operator_names(ids uuid[]) RETURNS TABLE (id uuid, name text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT o.id, o.name FROM public.platform_operator o WHERE o.id = ANY (ids)
$$;
-- Workspaces of all organizations, newest first, or those of one.
CREATE FUNCTION sluice_tenants(p_organization uuid, p_after uuid, p_most int) RETURNS SETOF public.workspace
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.* FROM public.workspace w
  WHERE (p_organization IS NULL OR w.organization_id = p_organization) AND (p_after IS NULL OR w.tenant_id < p_after)
  ORDER BY w.tenant_id DESC LIMIT p_most
$$;
CREATE FUNCTION sluice_tenant(p_tenant uuid) RETURNS SETOF public.workspace
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.* FROM public.workspace w WHERE w.tenant_id = p_tenant
$$;
CREATE FUNCTION sluice_open_freezes(p_tenants uuid[]) RETURNS SETOF public.workspace_freeze
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT f.* FROM public.workspace_freeze f WHERE f.tenant_id = ANY (p_tenants) AND f.ended_at IS NULL
$$;
-- Makes an organization with its two workspaces, once for each operator and key. A repeat answers what the first made.
CREATE FUNCTION sluice_create_tenant(p_operator uuid, p_key text, p_organization uuid, p_name text, p_live uuid, p_test uuid)
  RETURNS TABLE (organization_id uuid, name text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT public.sluice_is_operator(p_operator) THEN
    RAISE EXCEPTION 'an operator makes a tenant' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO public.organization (id, name, created_by, creation_key) VALUES (p_organization, p_name, p_operator, p_key)
  ON CONFLICT (created_by, creation_key) DO NOTHING;
  IF FOUND THEN
    INSERT INTO public.workspace (tenant_id, organization_id, name, mode)
    VALUES (p_live, p_organization, p_name || ' live', 'live'), (p_test, p_organization, p_name || ' test', 'test');
  END IF;
  RETURN QUERY SELECT o.id, o.name FROM public.organization o WHERE o.created_by = p_operator AND o.creation_key = p_key;
END $$;
-- Whether a workspace is closed to its people and keys, asked with each of their requests.
CREATE FUNCTION sluice_workspace_closed(p_tenant uuid) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT coalesce((SELECT w.closed_at IS NOT NULL FROM public.workspace w WHERE w.tenant_id = p_tenant), false)
$$;
-- Ends every session of the own workspace, once it is closed: what was stolen before does not come back with the thaw.
CREATE FUNCTION sluice_end_sessions_of_closed() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH ended AS (
    UPDATE public.session s SET ended_at = now()
    WHERE s.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid AND s.ended_at IS NULL
      AND EXISTS (SELECT FROM public.workspace w WHERE w.tenant_id = s.tenant_id AND w.closed_at IS NOT NULL)
    RETURNING 1
  )
  SELECT count(*) FROM ended
$$;

-- What operators decided stays, each step is one of an operator of that moment, and a thaw is confirmed as it was proposed.
CREATE FUNCTION sluice_freeze_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  was public.workspace_freeze;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    was := OLD;
    IF was.ended_at IS NOT NULL
      OR (NEW.tenant_id, NEW.id, NEW.reason, NEW.proposed_by, NEW.proposed_at) IS DISTINCT FROM (was.tenant_id, was.id, was.reason, was.proposed_by, was.proposed_at)
      OR (was.confirmed_by IS NOT NULL AND (NEW.confirmed_by, NEW.confirmed_at) IS DISTINCT FROM (was.confirmed_by, was.confirmed_at))
      OR (NEW.thaw_confirmed_by IS NOT NULL
        AND (NEW.thaw_proposed_by, NEW.thaw_proposed_at, NEW.thaw_reason) IS DISTINCT FROM (was.thaw_proposed_by, was.thaw_proposed_at, was.thaw_reason))
    THEN RAISE EXCEPTION 'what operators decided about a freeze stays' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  IF EXISTS (
    SELECT FROM (VALUES (NEW.proposed_by, was.proposed_by), (NEW.confirmed_by, was.confirmed_by), (NEW.thaw_proposed_by, was.thaw_proposed_by),
      (NEW.thaw_confirmed_by, was.thaw_confirmed_by)) step (now_by, was_by)
    WHERE now_by IS NOT NULL AND now_by IS DISTINCT FROM was_by AND NOT public.sluice_is_operator(now_by))
  THEN RAISE EXCEPTION 'a freeze is a matter of operators' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER workspace_freeze_steps BEFORE INSERT OR UPDATE ON workspace_freeze FOR EACH ROW EXECUTE FUNCTION sluice_freeze_steps();

-- While a freeze is open no money leaves, and once it is confirmed nobody works in the workspace. Stopping needs no ceremony.
CREATE FUNCTION sluice_thawed_by_two() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (
    SELECT FROM public.workspace_freeze f WHERE f.tenant_id = NEW.tenant_id AND f.ended_at IS NULL
      AND (NEW.frozen_at IS NULL OR (f.confirmed_by IS NOT NULL AND NEW.closed_at IS NULL)))
  THEN RAISE EXCEPTION 'a workspace is thawed by two operators' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER workspace_thawed_by_two BEFORE UPDATE OF frozen_at, closed_at ON workspace FOR EACH ROW
  WHEN ((OLD.frozen_at IS NOT NULL AND NEW.frozen_at IS NULL) OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS NULL))
  EXECUTE FUNCTION sluice_thawed_by_two();

REVOKE EXECUTE ON FUNCTION sluice_resolve_operator(bytea), sluice_is_operator(uuid), sluice_operator_names(uuid[]), sluice_tenants(uuid, uuid, int),
  sluice_tenant(uuid), sluice_open_freezes(uuid[]), sluice_create_tenant(uuid, text, uuid, text, uuid, uuid), sluice_workspace_closed(uuid),
  sluice_end_sessions_of_closed(), sluice_freeze_steps(), sluice_thawed_by_two() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_resolve_operator(bytea), sluice_is_operator(uuid), sluice_operator_names(uuid[]), sluice_tenants(uuid, uuid, int),
  sluice_tenant(uuid), sluice_open_freezes(uuid[]), sluice_create_tenant(uuid, text, uuid, text, uuid, uuid), sluice_workspace_closed(uuid),
  sluice_end_sessions_of_closed() TO sluice_api;
ALTER FUNCTION sluice_resolve_operator(bytea) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_is_operator(uuid) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_operator_names(uuid[]) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_tenants(uuid, uuid, int) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_tenant(uuid) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_open_freezes(uuid[]) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_create_tenant(uuid, text, uuid, text, uuid, uuid) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_workspace_closed(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_end_sessions_of_closed() OWNER TO sluice_fn_signin;
-- The owner of the tables writes freezes too, and the trigger asks this. After the change of owner, which would take the right along.
GRANT EXECUTE ON FUNCTION sluice_is_operator(uuid) TO CURRENT_USER;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_operator, sluice_fn_signin;

-- Idempotency keys of an operator's steps are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$'create_session',$$, $$'freeze_tenant', 'thaw_tenant', 'confirm_freeze', 'withdraw_freeze', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_operator, sluice_fn_signin, sluice_fn_idempotency FROM CURRENT_USER;
