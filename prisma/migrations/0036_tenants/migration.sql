-- The first owner of a tenant is invited by an operator, and people stop the money of their own workspace (docs/adr/0079).

-- ── Invitations that an operator sends ─────────────────────────────────────────────────────────
ALTER TABLE invitation ALTER COLUMN invited_by DROP NOT NULL;
ALTER TABLE invitation ADD COLUMN invited_by_operator uuid;
ALTER TABLE invitation ADD CONSTRAINT invitation_invited_by_operator_fkey FOREIGN KEY (invited_by_operator) REFERENCES platform_operator (id)
  ON UPDATE NO ACTION ON DELETE NO ACTION;
ALTER TABLE invitation ADD CONSTRAINT invitation_by_one CHECK (num_nonnulls(invited_by, invited_by_operator) = 1);
-- A first owner is invited once at a time: the letter to a mistyped address is void with the next one.
CREATE UNIQUE INDEX invitation_first_owner_idx ON invitation (tenant_id)
  WHERE invited_by_operator IS NOT NULL AND accepted_at IS NULL AND revoked_at IS NULL;
GRANT SELECT (invited_by_operator), UPDATE (invited_by_operator) ON invitation TO sluice_api;

GRANT sluice_fn_signin, sluice_fn_operator, sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin, sluice_fn_idempotency;
GRANT EXECUTE ON FUNCTION sluice_is_operator(uuid) TO sluice_fn_signin;

-- Whether an operator may invite this address to own the workspace of the transaction now. Nobody has ever been a member of it, and of no other
-- workspace of its organization either, or the address is one of an owner there: whoever accepted one of the two invitations accepts the other.
CREATE FUNCTION sluice_may_invite_owner(p_operator uuid, p_email text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT coalesce((
    SELECT public.sluice_is_operator(p_operator)
      AND NOT EXISTS (SELECT FROM public.membership m WHERE m.tenant_id = own.tenant_id)
      AND (NOT EXISTS (SELECT FROM public.membership m JOIN public.workspace w ON w.tenant_id = m.tenant_id WHERE w.organization_id = own.organization_id)
        OR EXISTS (SELECT FROM public.membership m JOIN public.workspace w ON w.tenant_id = m.tenant_id JOIN public.person p ON p.id = m.person_id
          WHERE w.organization_id = own.organization_id AND p.email = p_email AND p.disabled_at IS NULL AND m.disabled_at IS NULL AND 'owner' = ANY (m.roles)))
    FROM public.workspace own WHERE own.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid), false)
$$;

-- Whether who sent an invitation may still send it. Two addresses that are invited to the two workspaces of one organization are let in one
-- after the other, so that the second sees the first.
CREATE FUNCTION sluice_inviter_may(sent invitation) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF sent.invited_by_operator IS NULL THEN RETURN public.sluice_may_invite(sent.invited_by, sent.roles); END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('sluice_first_owner ' || w.organization_id, 0)) FROM public.workspace w WHERE w.tenant_id = sent.tenant_id;
  RETURN public.sluice_may_invite_owner(sent.invited_by_operator, sent.email);
END $$;

-- The acceptance asks it in place of what it asked about people. The function is edited as it stands, whoever wrote it last.
DO $do$
DECLARE
  accepts text := (SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.proname = 'sluice_accept_invitation');
  asks text := replace(accepts, 'public.sluice_may_invite(open_one.invited_by, open_one.roles)', 'public.sluice_inviter_may(open_one)');
BEGIN
  IF asks = accepts THEN RAISE EXCEPTION 'sluice_accept_invitation asks about the inviter in another way'; END IF;
  EXECUTE asks;
END $do$;

DROP FUNCTION sluice_invitation_of(bytea);
CREATE FUNCTION sluice_invitation_of(hash bytea)
  RETURNS TABLE (tenant_id uuid, mode text, workspace text, id uuid, email text, name text, roles text[], invited_by uuid, invited_by_operator uuid,
    person_id uuid, password_hash text, password_version int, disabled boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT i.tenant_id, w.mode, w.name, i.id, i.email, i.name, i.roles, i.invited_by, i.invited_by_operator,
    p.id, p.password_hash, p.password_version, p.disabled_at IS NOT NULL
  FROM public.invitation i JOIN public.workspace w ON w.tenant_id = i.tenant_id LEFT JOIN public.person p ON p.email = i.email
  WHERE i.token_hash = hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
$$;

-- The API makes invitations of who acts, for a day, and withdraws them; where no person acts, those of an operator. Whoever owns the tables is
-- not asked.
CREATE OR REPLACE FUNCTION sluice_invitation_stands() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE actor uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
BEGIN
  IF NOT pg_has_role(current_user, 'sluice_api', 'USAGE') THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
    IF OLD.revoked_at IS NOT NULL OR OLD.accepted_at IS NOT NULL OR to_jsonb(NEW) - 'revoked_at' <> to_jsonb(OLD) - 'revoked_at' THEN
      RAISE EXCEPTION 'an open invitation is withdrawn, and nothing else of it changes' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT coalesce(public.sluice_holds(actor, 'people.manage'), false) AND (actor IS NOT NULL OR OLD.invited_by_operator IS NULL) THEN
      RAISE EXCEPTION 'who withdraws an invitation holds people.manage' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.accepted_at IS NOT NULL OR NEW.revoked_at IS NOT NULL OR NEW.expires_at > now() + interval '24 hours' THEN
    RAISE EXCEPTION 'an invitation begins open, and ends within a day' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.invited_by_operator IS NOT NULL THEN
    IF actor IS NOT NULL OR NEW.roles <> ARRAY['owner'] OR NOT public.sluice_may_invite_owner(NEW.invited_by_operator, NEW.email) THEN
      RAISE EXCEPTION 'an operator invites the first owner alone' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.invited_by IS DISTINCT FROM actor OR NOT public.sluice_may_invite(actor, NEW.roles) THEN
    RAISE EXCEPTION 'nobody invites to roles beyond what they hold' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION sluice_may_invite_owner(uuid, text), sluice_inviter_may(invitation), sluice_invitation_of(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_may_invite_owner(uuid, text), sluice_invitation_of(bytea) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_inviter_may(invitation) TO sluice_fn_signin;
ALTER FUNCTION sluice_may_invite_owner(uuid, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_invitation_of(bytea) OWNER TO sluice_fn_signin;

-- ── Stops that people of the workspace make ────────────────────────────────────────────────────
-- While one is open no money leaves, as with a freeze, and people still get in. It is lifted by two of them.
CREATE TABLE workspace_stop (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  stopped_by uuid NOT NULL,
  stopped_at timestamptz(6) NOT NULL,
  lift_asked_by uuid,
  lift_asked_at timestamptz(6),
  lifted_by uuid,
  ended_at timestamptz(6),
  CONSTRAINT workspace_stop_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT workspace_stop_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES workspace (tenant_id) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT workspace_stop_by_two CHECK (lifted_by <> lift_asked_by),
  CONSTRAINT workspace_stop_asked CHECK ((lift_asked_by IS NULL) = (lift_asked_at IS NULL)),
  CONSTRAINT workspace_stop_lifted CHECK ((lifted_by IS NULL) = (ended_at IS NULL) AND (lifted_by IS NULL OR lift_asked_by IS NOT NULL))
);
-- A workspace has one at a time.
CREATE UNIQUE INDEX workspace_stop_open_idx ON workspace_stop (tenant_id) WHERE ended_at IS NULL;
SELECT sluice_own_by_tenant('workspace_stop');
GRANT SELECT ON workspace_stop TO sluice_api;
GRANT INSERT (tenant_id, id, reason, stopped_by, stopped_at) ON workspace_stop TO sluice_api;
GRANT UPDATE (lift_asked_by, lift_asked_at, lifted_by, ended_at) ON workspace_stop TO sluice_api;
INSERT INTO role_permission (role, permission) VALUES ('owner', 'workspace.stop'), ('admin', 'workspace.stop');

-- Each step is one of the person who acts and may stop the workspace; what is over stays; and it is lifted as it was asked for, while who asked
-- may still. Whoever owns the tables is not asked.
CREATE FUNCTION sluice_stop_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  actor uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
BEGIN
  IF NOT pg_has_role(current_user, 'sluice_api', 'USAGE') THEN RETURN NEW; END IF;
  IF NOT coalesce(public.sluice_holds(actor, 'workspace.stop'), false) THEN
    RAISE EXCEPTION 'who stops a workspace or lifts it holds workspace.stop' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.stopped_by <> actor THEN RAISE EXCEPTION 'a stop is of who acts' USING ERRCODE = 'check_violation'; END IF;
    RETURN NEW;
  END IF;
  IF OLD.ended_at IS NOT NULL THEN RAISE EXCEPTION 'a stop that was lifted stays so' USING ERRCODE = 'check_violation'; END IF;
  IF NEW.lifted_by IS NULL THEN
    IF NEW.lift_asked_by <> actor THEN RAISE EXCEPTION 'nobody asks for somebody else' USING ERRCODE = 'check_violation'; END IF;
    RETURN NEW;
  END IF;
  IF NEW.lifted_by <> actor OR (NEW.lift_asked_by, NEW.lift_asked_at) IS DISTINCT FROM (OLD.lift_asked_by, OLD.lift_asked_at)
    OR NOT coalesce(public.sluice_holds(OLD.lift_asked_by, 'workspace.stop'), false) THEN
    RAISE EXCEPTION 'a stop is lifted as somebody else asked, who may still' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER workspace_stop_steps BEFORE INSERT OR UPDATE ON workspace_stop FOR EACH ROW EXECUTE FUNCTION sluice_stop_steps();

-- While a stop is open no money leaves, whoever thaws what.
CREATE FUNCTION sluice_lifted_by_two() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM public.workspace_stop s WHERE s.tenant_id = NEW.tenant_id AND s.ended_at IS NULL) THEN
    RAISE EXCEPTION 'a stop is lifted by two people of the workspace' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER workspace_lifted_by_two BEFORE UPDATE OF frozen_at ON workspace FOR EACH ROW
  WHEN (OLD.frozen_at IS NOT NULL AND NEW.frozen_at IS NULL) EXECUTE FUNCTION sluice_lifted_by_two();
REVOKE EXECUTE ON FUNCTION sluice_stop_steps(), sluice_lifted_by_two() FROM PUBLIC;

-- Idempotency keys of these routes are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$'create_session',$$, $$'invite_owner', 'stop_workspace', 'lift_stop', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin, sluice_fn_idempotency;
REVOKE sluice_fn_signin, sluice_fn_operator, sluice_fn_idempotency FROM CURRENT_USER;
