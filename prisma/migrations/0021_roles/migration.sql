-- A member has several roles, workspaces define roles of their own, and people, their factors and their sessions are seen by those whom they
-- concern alone (docs/adr/0063, docs/adr/0064). What each role of every workspace may do is domain/permissions.ts; the table below repeats it for
-- the rules that the database holds by itself, and a test compares the two.

-- ── Roles ──────────────────────────────────────────────────────────────────────────────────────
-- By ALTER TYPE, because an UPDATE of the owner would see no row of any workspace (forced row-level security).
ALTER TABLE membership DROP CONSTRAINT membership_role;
ALTER TABLE membership ALTER COLUMN role TYPE text[] USING ARRAY[role];
ALTER TABLE membership RENAME COLUMN role TO roles;
ALTER TABLE membership ADD CONSTRAINT membership_roles CHECK (cardinality(roles) BETWEEN 1 AND 20 AND array_position(roles, NULL) IS NULL);

CREATE TABLE role_permission (
  role text NOT NULL,
  permission text NOT NULL,
  PRIMARY KEY (role, permission)
);
INSERT INTO role_permission (role, permission) SELECT role, unnest(permissions) FROM (VALUES
  ('owner', ARRAY['batches.read', 'batches.create', 'batches.edit', 'batches.reject', 'batches.cancel', 'batches.pause', 'gates.approve',
    'gates.authorize', 'gates.execute', 'payees.read', 'payees.write', 'ledger.read', 'ledger.top_up', 'ledger.accounts', 'audit.read',
    'exceptions.read', 'exceptions.handle', 'exceptions.propose', 'exceptions.confirm', 'evidence.handle', 'payees.hold', 'people.read',
    'people.manage', 'roles.manage', 'keys.manage', 'sessions.own', 'workspace.own']),
  ('admin', ARRAY['batches.read', 'batches.create', 'batches.edit', 'batches.reject', 'batches.cancel', 'batches.pause', 'gates.approve',
    'gates.authorize', 'gates.execute', 'payees.read', 'payees.write', 'ledger.read', 'ledger.top_up', 'ledger.accounts', 'audit.read',
    'exceptions.read', 'exceptions.handle', 'exceptions.propose', 'exceptions.confirm', 'evidence.handle', 'payees.hold', 'people.read',
    'people.manage', 'roles.manage', 'keys.manage', 'sessions.own']),
  ('preparer', ARRAY['batches.read', 'payees.read', 'ledger.read', 'sessions.own', 'audit.read', 'exceptions.read', 'people.read', 'batches.create',
    'batches.edit', 'batches.cancel', 'payees.write', 'ledger.top_up', 'ledger.accounts', 'exceptions.handle', 'keys.manage']),
  ('approver', ARRAY['batches.read', 'payees.read', 'ledger.read', 'sessions.own', 'audit.read', 'exceptions.read', 'people.read',
    'exceptions.handle', 'exceptions.propose', 'evidence.handle', 'payees.hold', 'exceptions.confirm', 'gates.approve', 'batches.reject',
    'batches.pause']),
  ('authorizer', ARRAY['batches.read', 'payees.read', 'ledger.read', 'sessions.own', 'audit.read', 'exceptions.read', 'people.read',
    'exceptions.handle', 'exceptions.propose', 'evidence.handle', 'payees.hold', 'exceptions.confirm', 'gates.authorize', 'batches.reject',
    'batches.pause']),
  ('executor', ARRAY['batches.read', 'payees.read', 'ledger.read', 'sessions.own', 'audit.read', 'exceptions.read', 'people.read',
    'exceptions.handle', 'exceptions.propose', 'evidence.handle', 'payees.hold', 'gates.execute', 'batches.cancel', 'batches.pause']),
  ('auditor', ARRAY['batches.read', 'payees.read', 'ledger.read', 'sessions.own', 'audit.read', 'exceptions.read', 'people.read']),
  ('billing', ARRAY['ledger.read', 'sessions.own']),
  ('member', ARRAY['batches.read', 'payees.read', 'ledger.read', 'sessions.own', 'exceptions.read', 'exceptions.handle', 'people.read']),
  ('viewer', ARRAY['batches.read', 'payees.read', 'ledger.read', 'sessions.own'])
) AS known (role, permissions);

CREATE TABLE workspace_role (
  tenant_id uuid NOT NULL,
  name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{1,39}$'),
  permissions text[] NOT NULL CHECK (cardinality(permissions) BETWEEN 1 AND 100 AND array_position(permissions, NULL) IS NULL),
  row_version int NOT NULL DEFAULT 1,
  created_at timestamptz(6) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id) REFERENCES workspace (tenant_id) ON DELETE NO ACTION ON UPDATE NO ACTION
);
SELECT sluice_own_by_tenant('workspace_role');
GRANT SELECT, INSERT, DELETE ON workspace_role TO sluice_api;
GRANT UPDATE (permissions, row_version) ON workspace_role TO sluice_api;
GRANT INSERT ON membership TO sluice_api;
GRANT UPDATE (roles, disabled_at) ON membership TO sluice_api;

-- ── People, factors and sessions: enabled, not forced ──────────────────────────────────────────
-- Their owner makes the first people of an installation, and no process is the owner. A transaction says who acts as `app.person_id`.
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE factor ENABLE ROW LEVEL SECURITY;
ALTER TABLE session ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON person USING (id = (SELECT NULLIF(current_setting('app.person_id', true), '')::uuid));
-- The look into `membership` is under its own policy, so it finds the members of this workspace alone.
CREATE POLICY colleagues ON person FOR SELECT USING (EXISTS (SELECT FROM membership m WHERE m.person_id = person.id
  AND m.tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid)));
CREATE POLICY own ON factor USING (person_id = (SELECT NULLIF(current_setting('app.person_id', true), '')::uuid));
CREATE POLICY own ON session USING (person_id = (SELECT NULLIF(current_setting('app.person_id', true), '')::uuid));
CREATE POLICY opens_here ON session AS RESTRICTIVE FOR INSERT TO sluice_api WITH CHECK (
  tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid)
  AND EXISTS (SELECT FROM membership m WHERE m.tenant_id = session.tenant_id AND m.person_id = session.person_id AND m.disabled_at IS NULL));
-- A password is compared with what the sign-in function answers, and a token's hash is never read back.
REVOKE SELECT ON person, session FROM sluice_api;
GRANT SELECT (id, email, name, disabled_at, created_at) ON person TO sluice_api;
GRANT SELECT (id, person_id, tenant_id, created_at, expires_at, ended_at) ON session TO sluice_api;

CREATE FUNCTION sluice_session_ends_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL THEN RAISE EXCEPTION 'a session ends once' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_ends_once BEFORE UPDATE ON session FOR EACH ROW EXECUTE FUNCTION sluice_session_ends_once();

-- ── Who holds what ─────────────────────────────────────────────────────────────────────────────
GRANT sluice_fn_signin, sluice_fn_driver TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin, sluice_fn_driver;
GRANT SELECT ON role_permission, workspace_role TO sluice_fn_signin;
GRANT UPDATE (ended_at) ON session TO sluice_fn_signin;
CREATE POLICY signin ON workspace_role FOR SELECT TO sluice_fn_signin USING (true);
CREATE POLICY signin ON person TO sluice_fn_signin USING (true) WITH CHECK (true);
CREATE POLICY signin ON session TO sluice_fn_signin USING (true) WITH CHECK (true);
CREATE POLICY driver ON person FOR SELECT TO sluice_fn_driver USING (true);
CREATE POLICY driver ON factor FOR SELECT TO sluice_fn_driver USING (true);
GRANT SELECT ON role_permission TO sluice_fn_driver;

-- The roles of the workspace among these, each with what it allows: null when there are none.
CREATE FUNCTION sluice_defined_roles(tenant uuid, wanted text[]) RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT jsonb_object_agg(w.name, to_jsonb(w.permissions)) FROM public.workspace_role w WHERE w.tenant_id = tenant AND w.name = ANY (wanted)
$$;

-- Whether these roles of a workspace allow it.
CREATE FUNCTION sluice_roles_allow(tenant uuid, wanted text[], permission text) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.role_permission r WHERE r.role = ANY (wanted) AND r.permission = $3)
    OR EXISTS (SELECT FROM public.workspace_role w WHERE w.tenant_id = tenant AND w.name = ANY (wanted) AND $3 = ANY (w.permissions))
$$;

-- Whether somebody holds a permission now, in the workspace of the transaction: an active member who is not disabled.
CREATE FUNCTION sluice_holds(who uuid, permission text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.membership m JOIN public.person p ON p.id = m.person_id AND p.disabled_at IS NULL
    WHERE m.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid AND m.person_id = who AND m.disabled_at IS NULL
      AND public.sluice_roles_allow(m.tenant_id, m.roles, permission))
$$;

CREATE FUNCTION sluice_gate_permission(gate text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$ SELECT 'gates.' || gate $$;

-- Whether the person of an event held a permission when it was written: since members have several roles it says so itself, before it had the one role.
CREATE FUNCTION sluice_event_permits(e audit_event, permission text) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT e.detail ->> 'permission' = $2 OR EXISTS (SELECT FROM public.role_permission r WHERE r.role = e.actor ->> 'role' AND r.permission = $2)
$$;

DROP FUNCTION sluice_resolve_session(bytea);
CREATE FUNCTION sluice_resolve_session(hash bytea)
  RETURNS TABLE (session_id uuid, person_id uuid, tenant_id uuid, roles text[], defined jsonb, mode text, ended boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT s.id, s.person_id, s.tenant_id, m.roles, public.sluice_defined_roles(m.tenant_id, m.roles), w.mode, (s.ended_at IS NOT NULL OR s.expires_at <= now())
  FROM public.session s
  JOIN public.person p ON p.id = s.person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = s.tenant_id AND m.person_id = s.person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = s.tenant_id
  WHERE s.token_hash = hash
$$;

DROP FUNCTION sluice_resolve_api_key(bytea);
CREATE FUNCTION sluice_resolve_api_key(hash bytea)
  RETURNS TABLE (key_id uuid, tenant_id uuid, owner_person_id uuid, scopes text[], mode text, roles text[], defined jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT k.id, k.tenant_id, k.owner_person_id, k.scopes, w.mode, m.roles, public.sluice_defined_roles(m.tenant_id, m.roles)
  FROM public.api_key k
  JOIN public.person p ON p.id = k.owner_person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = k.tenant_id AND m.person_id = k.owner_person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = k.tenant_id
  WHERE k.token_hash = hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

DROP FUNCTION sluice_workspaces_of(uuid);
CREATE FUNCTION sluice_workspaces_of(person uuid)
  RETURNS TABLE (tenant_id uuid, name text, mode text, roles text[], defined jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.tenant_id, w.name, w.mode, m.roles, public.sluice_defined_roles(m.tenant_id, m.roles)
  FROM public.membership m JOIN public.workspace w USING (tenant_id)
  WHERE m.person_id = person AND m.disabled_at IS NULL ORDER BY w.mode DESC, w.tenant_id
$$;

-- Whoever signs in is known by an address alone.
CREATE FUNCTION sluice_person_of(address text) RETURNS TABLE (id uuid, name text, email text, password_hash text, disabled boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT p.id, p.name, p.email, p.password_hash, p.disabled_at IS NOT NULL FROM public.person p WHERE p.email = address
$$;

-- ── Who may change a membership ────────────────────────────────────────────────────────────────
-- Asked with the definer's rights, so that it sees every member and role of the workspace. What is asked of a process is not asked of the owner
-- of the tables, who makes the first people: `caller` is the role that writes.
CREATE FUNCTION sluice_membership_stands(changed membership, before membership, caller text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  actor uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
  moves_roles boolean := changed.roles IS DISTINCT FROM before.roles;
  moves_access boolean := changed.disabled_at IS DISTINCT FROM before.disabled_at;
  touched text[];
  wrong text;
BEGIN
  SELECT r INTO wrong FROM unnest(changed.roles) r
  WHERE NOT EXISTS (SELECT FROM public.role_permission b WHERE b.role = r)
    AND NOT EXISTS (SELECT FROM public.workspace_role w WHERE w.tenant_id = changed.tenant_id AND w.name = r) LIMIT 1;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION 'the workspace has no role %', wrong USING ERRCODE = 'check_violation'; END IF;
  -- A workspace that has an owner keeps one. Two owners who leave at once wait for each other here.
  IF 'owner' = ANY (before.roles) AND before.disabled_at IS NULL AND (changed.disabled_at IS NOT NULL OR NOT 'owner' = ANY (changed.roles)) THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('sluice_owner ' || changed.tenant_id, 0));
    IF NOT EXISTS (SELECT FROM public.membership m JOIN public.person p ON p.id = m.person_id AND p.disabled_at IS NULL
        WHERE m.tenant_id = changed.tenant_id AND m.person_id <> changed.person_id AND m.disabled_at IS NULL AND 'owner' = ANY (m.roles)) THEN
      RAISE EXCEPTION 'a workspace keeps an owner' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  IF NOT pg_has_role(caller, 'sluice_api', 'USAGE') THEN RETURN; END IF;
  IF moves_roles AND NOT coalesce(public.sluice_holds(actor, 'roles.manage'), false) THEN
    RAISE EXCEPTION 'who gives or takes roles holds roles.manage' USING ERRCODE = 'check_violation';
  END IF;
  IF moves_access AND NOT coalesce(public.sluice_holds(actor, 'people.manage'), false) THEN
    RAISE EXCEPTION 'who disables or enables a member holds people.manage' USING ERRCODE = 'check_violation';
  END IF;
  -- Who gives, takes or cuts off what a role allows holds it too: nobody raises anybody above themselves, or lowers who is above.
  touched := ARRAY(SELECT r FROM unnest(changed.roles || coalesce(before.roles, '{}')) r
    WHERE moves_access OR (r = ANY (changed.roles)) IS DISTINCT FROM coalesce(r = ANY (before.roles), false));
  SELECT held.permission INTO wrong FROM (
    SELECT b.permission FROM public.role_permission b WHERE b.role = ANY (touched)
    UNION SELECT unnest(w.permissions) FROM public.workspace_role w WHERE w.tenant_id = changed.tenant_id AND w.name = ANY (touched)
  ) held WHERE NOT public.sluice_holds(actor, held.permission) LIMIT 1;
  IF wrong IS NOT NULL THEN RAISE EXCEPTION 'nobody gives or takes %, which they do not hold', wrong USING ERRCODE = 'check_violation'; END IF;
END $$;

CREATE FUNCTION sluice_membership_moves() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM public.sluice_membership_stands(NEW, CASE TG_OP WHEN 'UPDATE' THEN OLD END, current_user::text);
  RETURN NEW;
END $$;
CREATE TRIGGER membership_moves BEFORE INSERT OR UPDATE ON membership FOR EACH ROW EXECUTE FUNCTION sluice_membership_moves();

-- The event is written last (R8), so it is asked for at commit: of the person who acts, about this member, and of this transaction.
CREATE FUNCTION sluice_membership_has_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF pg_has_role(current_user, 'sluice_api', 'USAGE') AND NOT EXISTS (SELECT FROM public.audit_event e
      WHERE e.tenant_id = NEW.tenant_id AND e.subject_type = 'person' AND e.subject_id = NEW.person_id::text AND e.result = 'ok'
        AND e.action LIKE 'person.%' AND e.actor ->> 'personId' = current_setting('app.person_id', true) AND e.xmin = pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION 'a membership changes with its audit event' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER membership_has_event AFTER INSERT OR UPDATE ON membership DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION sluice_membership_has_event();

-- Ends somebody's sessions in the workspace of the transaction, once they are disabled there: the table shows others' sessions to nobody.
CREATE FUNCTION sluice_end_sessions(who uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH ended AS (
    UPDATE public.session s SET ended_at = now()
    WHERE s.person_id = who AND s.ended_at IS NULL AND s.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid
      AND EXISTS (SELECT FROM public.membership m WHERE m.tenant_id = s.tenant_id AND m.person_id = who AND m.disabled_at IS NOT NULL)
    RETURNING 1
  )
  SELECT count(*) FROM ended
$$;

-- A role of a workspace has no name that every workspace has, allows only what is known, and is not deleted while a member has it.
CREATE FUNCTION sluice_role_defined() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF pg_has_role(current_user, 'sluice_api', 'USAGE') THEN
    PERFORM public.sluice_role_is_held(CASE TG_OP WHEN 'INSERT' THEN NEW.permissions WHEN 'DELETE' THEN OLD.permissions ELSE OLD.permissions || NEW.permissions END);
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT FROM public.membership m WHERE m.tenant_id = OLD.tenant_id AND OLD.name = ANY (m.roles)) THEN
      RAISE EXCEPTION 'a role that a member has is not deleted' USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
  END IF;
  IF public.sluice_is_role(NEW.name) THEN RAISE EXCEPTION 'every workspace has a role %', NEW.name USING ERRCODE = 'check_violation'; END IF;
  IF EXISTS (SELECT FROM unnest(NEW.permissions) p WHERE NOT public.sluice_is_permission(p)) THEN
    RAISE EXCEPTION 'a role allows what there is to allow' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.name <> OLD.name OR NEW.row_version <> OLD.row_version + 1) THEN
    RAISE EXCEPTION 'a role keeps its name, and its row_version grows by one' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
-- Who defines, changes or deletes a role holds roles.manage and all that it allows or allowed.
CREATE FUNCTION sluice_role_is_held(permissions text[]) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE actor uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
BEGIN
  IF EXISTS (SELECT FROM unnest(permissions || ARRAY['roles.manage']) p WHERE NOT coalesce(public.sluice_holds(actor, p), false)) THEN
    RAISE EXCEPTION 'nobody defines a role beyond what they hold' USING ERRCODE = 'check_violation';
  END IF;
END $$;
CREATE FUNCTION sluice_is_role(name text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.role_permission r WHERE r.role = name)
$$;
CREATE FUNCTION sluice_is_permission(name text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.role_permission r WHERE r.permission = name)
$$;
CREATE TRIGGER role_defined BEFORE INSERT OR UPDATE OR DELETE ON workspace_role FOR EACH ROW EXECUTE FUNCTION sluice_role_defined();

-- ── What asked for one role, as in migrations 0006 and 0008 ────────────────────────────────────
CREATE OR REPLACE FUNCTION sluice_gate_stands() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  -- Whoever inserts it: a moment of the past would hide a destination that was changed lately.
  NEW.opened_at := now();
  IF NOT public.sluice_holds(NEW.person_id, public.sluice_gate_permission(NEW.gate)) THEN
    RAISE EXCEPTION 'the person of a gate holds its permission in this workspace' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.gate <> 'execute' AND public.sluice_changed_lately(NEW.tenant_id, NEW.batch_id, NEW.person_id, NEW.opened_at) THEN
    RAISE EXCEPTION 'who changed a destination of the batch lately opens neither approve nor authorize' USING ERRCODE = 'check_violation';
  END IF;
  -- The step is of now (RFC 6238, one step to either side), and this transaction consumed it: the factor's row is its own.
  IF abs(NEW.time_step - floor(extract(epoch FROM now()) / 30)) > 1 OR NOT EXISTS (SELECT 1 FROM public.factor f
      WHERE f.id = NEW.factor_id AND f.person_id = NEW.person_id AND f.last_step = NEW.time_step AND f.xmin = pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION 'a gate consumes a time step of a factor of its person' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM public.challenge c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.challenge_id
      AND c.cancelled_at IS NULL AND c.expires_at > now()) THEN
    RAISE EXCEPTION 'the challenge of a gate is neither cancelled nor expired' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION sluice_batch_starts() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF 3 <> (SELECT count(*) FROM public.gate g
      WHERE g.tenant_id = NEW.tenant_id AND g.batch_id = NEW.batch_id AND g.content_version = NEW.content_version AND g.authenticator IS NOT NULL
        AND public.sluice_holds(g.person_id, public.sluice_gate_permission(g.gate))) THEN
    RAISE EXCEPTION 'a batch executes only while the people of its three gates hold them, and with an authenticator on each' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM public.hold h
      JOIN public.payout_batch b ON b.tenant_id = h.tenant_id AND b.id = h.batch_id
      JOIN public.batch_content c ON c.tenant_id = h.tenant_id AND c.batch_id = h.batch_id AND c.content_version = h.content_version
      JOIN public.gate g ON g.tenant_id = h.tenant_id AND g.batch_id = h.batch_id AND g.content_version = h.content_version AND g.gate = 'authorize'
      JOIN public.transfer t ON t.tenant_id = h.tenant_id AND t.batch_id = h.batch_id AND t.ordinal IS NULL AND t.kind = 'hold'
        AND t.event_id = g.event_id AND t.debit_account_id = h.account_id AND t.amount = h.amount
      WHERE h.tenant_id = NEW.tenant_id AND h.batch_id = NEW.batch_id AND h.content_version = NEW.content_version
        AND h.account_id = b.funding_account_id AND h.currency = b.currency AND h.amount = c.total + b.fee_maximum AND h.remaining = h.amount) THEN
    RAISE EXCEPTION 'a batch executes only with the hold of its content' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION sluice_proposal_confirmed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.proposal p WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.proposal_id AND p.state = 'proposed' AND p.digest = NEW.digest) THEN
    RAISE EXCEPTION 'a confirmation is of a proposal that waits for one, with its digest' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT public.sluice_holds(NEW.person_id, 'exceptions.confirm') THEN
    RAISE EXCEPTION 'the second person holds exceptions.confirm in this workspace' USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT FROM public.proposal p WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.proposal_id AND p.proposed_by = NEW.person_id) THEN
    RAISE EXCEPTION 'who proposed does not confirm' USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT FROM public.proposal p JOIN public.batch_preparer b ON b.tenant_id = p.tenant_id AND b.batch_id = p.batch_id
      WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.proposal_id AND b.person_id IN (NEW.person_id, p.proposed_by)) THEN
    RAISE EXCEPTION 'a preparer settles no doubt about the batch' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT FROM public.proposal_challenge c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.challenge_id AND c.proposal_id = NEW.proposal_id
      AND c.person_id = NEW.person_id AND c.digest = NEW.digest AND c.used_at IS NOT NULL AND c.expires_at > now()) THEN
    RAISE EXCEPTION 'a confirmation needs its own used challenge' USING ERRCODE = 'check_violation';
  END IF;
  -- The step is of now (RFC 6238, one step to either side), and this transaction consumed it: the factor's row is its own.
  IF abs(NEW.time_step - floor(extract(epoch FROM now()) / 30)) > 1 OR NOT EXISTS (SELECT FROM public.factor f
      WHERE f.id = NEW.factor_id AND f.person_id = NEW.person_id AND f.last_step = NEW.time_step AND pg_current_xact_id()::xid = f.xmin) THEN
    RAISE EXCEPTION 'a confirmation needs a used code of the person''s own factor' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

DROP FUNCTION sluice_gate_holders(uuid, int);
-- As before, but whether a gate's person holds its permission now instead of their role.
CREATE FUNCTION sluice_gate_holders(batch uuid, version int) RETURNS TABLE (gate_id uuid, permitted boolean, last_step bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  RETURN QUERY SELECT g.id, public.sluice_holds(g.person_id, public.sluice_gate_permission(g.gate)), f.last_step FROM public.gate g
  LEFT JOIN public.factor f ON f.id = g.factor_id AND f.person_id = g.person_id
  WHERE g.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND g.batch_id = batch AND g.content_version = version;
END $$;

CREATE OR REPLACE FUNCTION sluice_released_without_second_factor() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH published AS (
    SELECT c.tenant_id, max(c.size) AS size FROM public.audit_checkpoint c WHERE c.published_at IS NOT NULL GROUP BY 1
  ), standing AS (
    SELECT g.tenant_id, g.batch_id, max(g.opened_at) AS since
    FROM (SELECT DISTINCT d.tenant_id, d.batch_id FROM public.dispatch d WHERE d.purpose <> 'recovery') sent
    JOIN public.batch_control k USING (tenant_id, batch_id)
    JOIN public.payout_batch b ON b.tenant_id = k.tenant_id AND b.id = k.batch_id
    JOIN public.batch_content c ON c.tenant_id = k.tenant_id AND c.batch_id = k.batch_id AND c.content_version = k.content_version
    JOIN public.hold h ON h.tenant_id = k.tenant_id AND h.batch_id = k.batch_id AND h.content_version = k.content_version AND h.amount = c.total + b.fee_maximum
    JOIN public.gate g ON g.tenant_id = k.tenant_id AND g.batch_id = k.batch_id AND g.content_version = k.content_version AND g.digest = c.digest
      AND (g.authenticator IS NOT NULL OR g.opened_at < public.sluice_gates_authenticated_from())
    JOIN public.factor f ON f.id = g.factor_id AND f.person_id = g.person_id AND f.last_step >= g.time_step
    JOIN public.membership m ON m.tenant_id = g.tenant_id AND m.person_id = g.person_id
    JOIN public.audit_event e ON e.tenant_id = g.tenant_id AND e.id = g.event_id
      AND public.sluice_names_gate(g, e) AND public.sluice_event_permits(e, public.sluice_gate_permission(g.gate))
    JOIN public.audit_leaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id AND l.leaf = e.leaf
    JOIN published p ON p.tenant_id = l.tenant_id AND l.index < p.size
    WHERE g.gate = 'execute' OR NOT EXISTS (
      SELECT 1 FROM public.batch_preparer r WHERE r.tenant_id = g.tenant_id AND r.batch_id = g.batch_id AND r.person_id = g.person_id)
    GROUP BY 1, 2
    HAVING count(DISTINCT g.gate) = 3 AND count(DISTINCT g.person_id) = 3
  )
  SELECT coalesce(sum(a.item_count), 0)::bigint FROM public.dispatch a LEFT JOIN standing s USING (tenant_id, batch_id)
  WHERE a.purpose <> 'recovery' AND (s.since IS NULL OR s.since > a.created_at)
$$;

-- Who reads exceptions has read the list of people, which has a permission of its own now.
ALTER TABLE api_key ALTER COLUMN scopes TYPE text[] USING
  CASE WHEN 'exceptions.read' = ANY (scopes) AND NOT 'people.read' = ANY (scopes) THEN array_append(scopes, 'people.read') ELSE scopes END;

REVOKE EXECUTE ON FUNCTION sluice_session_ends_once(), sluice_defined_roles(uuid, text[]), sluice_roles_allow(uuid, text[], text), sluice_holds(uuid, text),
  sluice_gate_permission(text), sluice_event_permits(audit_event, text), sluice_resolve_session(bytea), sluice_resolve_api_key(bytea),
  sluice_workspaces_of(uuid), sluice_person_of(text), sluice_membership_stands(membership, membership, text), sluice_membership_moves(),
  sluice_membership_has_event(), sluice_end_sessions(uuid), sluice_role_defined(), sluice_role_is_held(text[]), sluice_is_role(text),
  sluice_is_permission(text), sluice_gate_holders(uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_resolve_session(bytea), sluice_resolve_api_key(bytea), sluice_workspaces_of(uuid), sluice_person_of(text) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_holds(uuid, text) TO sluice_api, sluice_worker, sluice_fn_driver, sluice_fn_signin;
GRANT EXECUTE ON FUNCTION sluice_gate_permission(text) TO sluice_api, sluice_worker, sluice_fn_driver;
GRANT EXECUTE ON FUNCTION sluice_defined_roles(uuid, text[]) TO sluice_fn_signin;
GRANT EXECUTE ON FUNCTION sluice_roles_allow(uuid, text[], text) TO sluice_fn_signin;
GRANT EXECUTE ON FUNCTION sluice_event_permits(audit_event, text) TO sluice_fn_driver;
GRANT EXECUTE ON FUNCTION sluice_membership_stands(membership, membership, text), sluice_is_role(text), sluice_is_permission(text), sluice_role_is_held(text[]),
  sluice_end_sessions(uuid) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_gate_holders(uuid, int) TO sluice_worker;
ALTER FUNCTION sluice_resolve_session(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_resolve_api_key(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_workspaces_of(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_person_of(text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_holds(uuid, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_membership_stands(membership, membership, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_is_role(text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_is_permission(text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_role_is_held(text[]) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_end_sessions(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_gate_holders(uuid, int) OWNER TO sluice_fn_driver;
-- The owner of the tables writes them too, and its triggers ask these. After the change of owner, which would take the right along.
GRANT EXECUTE ON FUNCTION sluice_membership_stands(membership, membership, text), sluice_holds(uuid, text), sluice_is_role(text), sluice_is_permission(text),
  sluice_role_is_held(text[]) TO CURRENT_USER;
DROP FUNCTION sluice_may_open(text, text);
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin, sluice_fn_driver;
REVOKE sluice_fn_signin, sluice_fn_driver FROM CURRENT_USER;
