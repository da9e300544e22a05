-- Plans of organizations (docs/adr/0077). What each allows is in domain/plans.ts alone; here is which one an organization has.

-- Whoever is there already, and what setup makes, has the plan without limits: nothing that works today stops. An operator who makes a tenant
-- says its plan.
ALTER TABLE workspace ADD COLUMN plan text NOT NULL DEFAULT 'enterprise';
ALTER TABLE workspace ADD CONSTRAINT workspace_plan CHECK (plan IN ('starter', 'pro', 'team', 'growth', 'enterprise'));
-- As the request that made it asked for, so that a repeat is told from another request. Null of those from before.
ALTER TABLE organization ADD COLUMN creation_plan text;

-- Batches of a day are counted before another one is begun.
CREATE INDEX payout_batch_tenant_id_created_at_idx ON payout_batch (tenant_id, created_at);

GRANT sluice_fn_operator, sluice_fn_signin TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_operator, sluice_fn_signin;
-- No process writes the column, but by the function below.
GRANT UPDATE (plan) ON workspace TO sluice_fn_operator;
CREATE POLICY planning ON workspace FOR UPDATE TO sluice_fn_operator USING (true) WITH CHECK (true);

-- The plan of a workspace, asked with each request of a key.
CREATE FUNCTION sluice_workspace_plan(p_tenant uuid) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.plan FROM public.workspace w WHERE w.tenant_id = p_tenant
$$;

-- Gives all workspaces of the organization of the own one another plan, and answers the one that the own one had.
CREATE FUNCTION sluice_set_plan(p_operator uuid, p_plan text) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  own uuid := NULLIF(current_setting('app.tenant_id', true), '')::uuid;
  was text;
BEGIN
  IF NOT public.sluice_is_operator(p_operator) THEN
    RAISE EXCEPTION 'an operator changes a plan' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- In one order, so that two operators wait for each other and end with one plan.
  PERFORM FROM public.workspace w WHERE w.organization_id = (SELECT o.organization_id FROM public.workspace o WHERE o.tenant_id = own)
  ORDER BY w.tenant_id FOR NO KEY UPDATE;
  SELECT w.plan INTO was FROM public.workspace w WHERE w.tenant_id = own;
  UPDATE public.workspace w SET plan = p_plan
  WHERE w.organization_id = (SELECT o.organization_id FROM public.workspace o WHERE o.tenant_id = own) AND w.plan <> p_plan;
  RETURN was;
END $$;

-- In place of that of 0030: the operator says the plan too.
DROP FUNCTION sluice_create_tenant(uuid, text, uuid, text, uuid, uuid);
CREATE FUNCTION sluice_create_tenant(p_operator uuid, p_key text, p_organization uuid, p_name text, p_plan text, p_live uuid, p_test uuid)
  RETURNS TABLE (organization_id uuid, name text, plan text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT public.sluice_is_operator(p_operator) THEN
    RAISE EXCEPTION 'an operator makes a tenant' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO public.organization (id, name, created_by, creation_key, creation_plan) VALUES (p_organization, p_name, p_operator, p_key, p_plan)
  ON CONFLICT (created_by, creation_key) DO NOTHING;
  IF FOUND THEN
    INSERT INTO public.workspace (tenant_id, organization_id, name, mode, plan)
    VALUES (p_live, p_organization, p_name || ' live', 'live', p_plan), (p_test, p_organization, p_name || ' test', 'test', p_plan);
  END IF;
  RETURN QUERY SELECT o.id, o.name, o.creation_plan FROM public.organization o WHERE o.created_by = p_operator AND o.creation_key = p_key;
END $$;

REVOKE EXECUTE ON FUNCTION sluice_workspace_plan(uuid), sluice_set_plan(uuid, text),
  sluice_create_tenant(uuid, text, uuid, text, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_workspace_plan(uuid), sluice_set_plan(uuid, text),
  sluice_create_tenant(uuid, text, uuid, text, text, uuid, uuid) TO sluice_api;
ALTER FUNCTION sluice_workspace_plan(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_set_plan(uuid, text) OWNER TO sluice_fn_operator;
ALTER FUNCTION sluice_create_tenant(uuid, text, uuid, text, text, uuid, uuid) OWNER TO sluice_fn_operator;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_operator, sluice_fn_signin;

-- Idempotency keys of this route are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$'create_session',$$, $$'set_tenant_plan', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_operator, sluice_fn_signin, sluice_fn_idempotency FROM CURRENT_USER;
