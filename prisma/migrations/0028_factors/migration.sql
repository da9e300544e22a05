-- A person has several second factors, each confirmed before it counts; recovery codes; resets by two people; sessions that were opened without a
-- factor (docs/adr/0071).

-- ── Factors ────────────────────────────────────────────────────────────────────────────────────
ALTER TABLE factor
  ADD COLUMN name text NOT NULL DEFAULT 'authenticator' CHECK (length(name) BETWEEN 1 AND 60),
  ADD COLUMN confirmed_at timestamptz(6),
  -- From then on it opens gates. It is decided when the factor is confirmed, and never again.
  ADD COLUMN gates_from timestamptz(6),
  -- A removed factor stays, because gates of before name it. Its secret does not.
  ADD COLUMN removed_at timestamptz(6),
  -- Wrong codes that were given to confirm it.
  ADD COLUMN confirm_failures int NOT NULL DEFAULT 0;
-- Those of before count already.
UPDATE factor SET confirmed_at = created_at, gates_from = created_at;
ALTER TABLE factor
  ALTER COLUMN name DROP DEFAULT,
  ADD CONSTRAINT factor_confirmed CHECK ((confirmed_at IS NULL) = (gates_from IS NULL) AND (gates_from IS NULL OR gates_from >= confirmed_at)),
  ADD CONSTRAINT factor_removed CHECK ((removed_at IS NOT NULL) = (length(sealed) = 0) AND (removed_at IS NULL OR confirmed_at IS NOT NULL));
CREATE UNIQUE INDEX factor_one_pending ON factor (person_id) WHERE confirmed_at IS NULL;
GRANT INSERT, DELETE ON factor TO sluice_api;
GRANT UPDATE (confirmed_at, gates_from, removed_at, sealed, confirm_failures) ON factor TO sluice_api;

-- What a factor is never changes; what is not named here, such as whose it is and its name, neither.
CREATE FUNCTION sluice_factor_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE changing constant text[] := ARRAY['sealed', 'last_step', 'confirmed_at', 'gates_from', 'removed_at', 'confirm_failures'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.confirmed_at IS NOT NULL THEN RAISE EXCEPTION 'a confirmed factor is never deleted' USING ERRCODE = 'restrict_violation'; END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'INSERT' THEN
    -- The owner of the tables makes the first people with a factor that counts; a process makes one that waits for its confirmation.
    IF pg_has_role(current_user, 'sluice_api', 'USAGE') THEN
      IF NEW.confirmed_at IS NOT NULL OR NEW.last_step <> 0 OR NEW.confirm_failures <> 0 THEN
        RAISE EXCEPTION 'a factor begins unconfirmed' USING ERRCODE = 'check_violation';
      END IF;
      NEW.created_at := now();
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - changing <> to_jsonb(OLD) - changing THEN
    RAISE EXCEPTION 'a factor stays as it was made: enrol another' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.removed_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a removed factor stays removed' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.sealed <> OLD.sealed AND NEW.removed_at IS NULL THEN
    RAISE EXCEPTION 'the secret of a factor is never replaced' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at OR NEW.gates_from IS DISTINCT FROM OLD.gates_from) THEN
    RAISE EXCEPTION 'a factor is confirmed once and for all' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.confirmed_at IS NULL AND NEW.last_step <> OLD.last_step THEN
    RAISE EXCEPTION 'a code of a factor that is not confirmed counts for nothing' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL THEN
    IF OLD.created_at <= now() - interval '1 hour' THEN RAISE EXCEPTION 'a factor is confirmed within an hour' USING ERRCODE = 'check_violation'; END IF;
    IF NEW.last_step = OLD.last_step OR abs(NEW.last_step - floor(extract(epoch FROM now()) / 30)) > 1 THEN
      RAISE EXCEPTION 'a factor is confirmed by a code of it' USING ERRCODE = 'check_violation';
    END IF;
    NEW.confirmed_at := now();
  END IF;
  -- The function of resets, which asks for two people, has another role.
  IF NEW.removed_at IS NOT NULL AND pg_has_role(current_user, 'sluice_api', 'USAGE') AND NOT EXISTS (SELECT FROM public.factor f
      WHERE f.person_id = NEW.person_id AND f.id <> NEW.id AND f.confirmed_at IS NOT NULL AND f.removed_at IS NULL) THEN
    RAISE EXCEPTION 'the last factor is removed by two people' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER factor_stays BEFORE INSERT OR UPDATE OR DELETE ON factor FOR EACH ROW EXECUTE FUNCTION sluice_factor_stays();

-- Who opens a gate or confirms does it with a factor that counts and has rested. Its name puts it after the older rules of both tables.
CREATE FUNCTION sluice_with_rested_factor() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.factor f WHERE f.id = NEW.factor_id AND f.person_id = NEW.person_id
      AND f.confirmed_at IS NOT NULL AND f.removed_at IS NULL AND f.gates_from <= now()) THEN
    RAISE EXCEPTION 'a factor decides once it is confirmed and has rested, until it is removed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER with_rested_factor BEFORE INSERT ON gate FOR EACH ROW EXECUTE FUNCTION sluice_with_rested_factor();
CREATE TRIGGER with_rested_factor BEFORE INSERT ON proposal_confirmation FOR EACH ROW EXECUTE FUNCTION sluice_with_rested_factor();

-- ── Wrong codes are counted for the person, whatever factor they were meant for ────────────────
DROP POLICY own ON factor_failures;
ALTER TABLE factor_failures ADD COLUMN person_id uuid;
UPDATE factor_failures c SET person_id = f.person_id FROM factor f WHERE f.id = c.factor_id;
-- Of several factors the one that is locked longest counts on.
DELETE FROM factor_failures c USING factor_failures o WHERE o.person_id = c.person_id AND o.purpose = c.purpose
  AND (coalesce(o.locked_until, '-infinity'), o.locks, o.factor_id) > (coalesce(c.locked_until, '-infinity'), c.locks, c.factor_id);
ALTER TABLE factor_failures DROP CONSTRAINT factor_failures_pkey, DROP CONSTRAINT factor_failures_factor_id_fkey;
ALTER TABLE factor_failures DROP COLUMN factor_id;
ALTER TABLE factor_failures
  ALTER COLUMN person_id SET NOT NULL,
  ADD CONSTRAINT factor_failures_pkey PRIMARY KEY (person_id, purpose),
  ADD CONSTRAINT factor_failures_person_id_fkey FOREIGN KEY (person_id) REFERENCES person (id) ON UPDATE NO ACTION ON DELETE NO ACTION;
CREATE POLICY own ON factor_failures USING (person_id = (SELECT NULLIF(current_setting('app.person_id', true), '')::uuid));

-- ── Recovery codes ─────────────────────────────────────────────────────────────────────────────
CREATE TABLE recovery_code (
  person_id uuid NOT NULL,
  -- SHA-256. A code has 100 random bits, so nobody tries them all.
  hash bytea NOT NULL CHECK (length(hash) = 32),
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  used_at timestamptz(6),
  CONSTRAINT recovery_code_pkey PRIMARY KEY (person_id, hash),
  CONSTRAINT recovery_code_person_id_fkey FOREIGN KEY (person_id) REFERENCES person (id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
ALTER TABLE recovery_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON recovery_code USING (person_id = (SELECT NULLIF(current_setting('app.person_id', true), '')::uuid));
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON recovery_code TO sluice_api;

CREATE FUNCTION sluice_recovery_code_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.used_at IS NOT NULL THEN RAISE EXCEPTION 'a recovery code is used once' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER recovery_code_once BEFORE UPDATE ON recovery_code FOR EACH ROW EXECUTE FUNCTION sluice_recovery_code_once();

-- ── Sessions that were opened without a factor ─────────────────────────────────────────────────
-- Those of before all took a code.
ALTER TABLE session ADD COLUMN with_factor boolean NOT NULL DEFAULT true;
ALTER TABLE session ALTER COLUMN with_factor DROP DEFAULT;
GRANT SELECT (with_factor) ON session TO sluice_api;

CREATE FUNCTION sluice_session_takes_factor() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM public.factor f WHERE f.person_id = NEW.person_id AND f.confirmed_at IS NOT NULL AND f.removed_at IS NULL) THEN
    RAISE EXCEPTION 'who has a second factor signs in with it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER session_takes_factor AFTER INSERT ON session FOR EACH ROW WHEN (NOT NEW.with_factor) EXECUTE FUNCTION sluice_session_takes_factor();

GRANT sluice_fn_signin TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin;

-- As in migration 0027, and whether a factor was given.
DROP FUNCTION sluice_resolve_session(bytea);
CREATE FUNCTION sluice_resolve_session(hash bytea)
  RETURNS TABLE (session_id uuid, person_id uuid, tenant_id uuid, roles text[], defined jsonb, mode text, ended boolean, unnoted boolean, with_factor boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT s.id, s.person_id, s.tenant_id, m.roles, public.sluice_defined_roles(m.tenant_id, m.roles), w.mode, (s.ended_at IS NOT NULL OR s.expires_at <= now()),
    coalesce(s.last_used_at < now() - interval '1 minute', true), s.with_factor
  FROM public.session s
  JOIN public.person p ON p.id = s.person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = s.tenant_id AND m.person_id = s.person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = s.tenant_id
  WHERE s.token_hash = hash
$$;
REVOKE EXECUTE ON FUNCTION sluice_resolve_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_resolve_session(bytea) TO sluice_api;
ALTER FUNCTION sluice_resolve_session(bytea) OWNER TO sluice_fn_signin;

-- ── Resets: asked for by one person, confirmed by another ──────────────────────────────────────
CREATE TABLE factor_reset (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- Whose factors.
  person_id uuid NOT NULL,
  proposed_by uuid NOT NULL,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamptz(6) NOT NULL,
  confirmed_by uuid,
  confirmed_at timestamptz(6),
  CONSTRAINT factor_reset_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT factor_reset_tenant_id_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES membership (tenant_id, person_id)
    ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT factor_reset_confirmed CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
  CONSTRAINT factor_reset_two_people CHECK (confirmed_by IS NULL OR (confirmed_by <> proposed_by AND confirmed_by <> person_id))
);
CREATE UNIQUE INDEX factor_reset_one_waiting ON factor_reset (tenant_id, person_id) WHERE confirmed_at IS NULL;
SELECT sluice_own_by_tenant('factor_reset');
GRANT SELECT, INSERT, DELETE ON factor_reset TO sluice_api;

-- Whether `actor` holds, in every workspace in which somebody is a member, all that they hold there: factors belong to all of them.
CREATE FUNCTION sluice_covers(actor uuid, who uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT NOT EXISTS (
    SELECT FROM (
      SELECT m.tenant_id, b.permission FROM public.membership m JOIN public.role_permission b ON b.role = ANY (m.roles)
      WHERE m.person_id = who AND m.disabled_at IS NULL
      UNION
      SELECT m.tenant_id, unnest(w.permissions) FROM public.membership m JOIN public.workspace_role w ON w.tenant_id = m.tenant_id AND w.name = ANY (m.roles)
      WHERE m.person_id = who AND m.disabled_at IS NULL
    ) held
    WHERE NOT EXISTS (SELECT FROM public.membership a JOIN public.person p ON p.id = a.person_id AND p.disabled_at IS NULL
      WHERE a.tenant_id = held.tenant_id AND a.person_id = actor AND a.disabled_at IS NULL AND public.sluice_roles_allow(a.tenant_id, a.roles, held.permission)))
$$;
-- The same of the person who acts.
CREATE FUNCTION sluice_i_cover(who uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT public.sluice_covers(NULLIF(current_setting('app.person_id', true), '')::uuid, who)
$$;

-- Whether this transaction used up a code of the person, of a factor that counts: its row is its own then. `rested`: that opens gates too.
CREATE FUNCTION sluice_gave_code(who uuid, rested boolean) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.factor f WHERE f.person_id = who AND f.confirmed_at IS NOT NULL AND f.removed_at IS NULL
    AND (f.gates_from <= now() OR NOT rested) AND abs(f.last_step - floor(extract(epoch FROM now()) / 30)) <= 1 AND f.xmin = pg_current_xact_id()::xid)
$$;

CREATE FUNCTION sluice_factor_reset_asked() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE actor uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.confirmed_at IS NOT NULL THEN RAISE EXCEPTION 'a reset that was confirmed stays' USING ERRCODE = 'restrict_violation'; END IF;
    RETURN OLD;
  END IF;
  -- What is asked of a process is not asked of the owner of the tables.
  IF NOT pg_has_role(current_user, 'sluice_api', 'USAGE') THEN RETURN NEW; END IF;
  NEW.created_at := now();
  IF NEW.confirmed_at IS NOT NULL OR NEW.expires_at > now() + interval '24 hours' THEN
    RAISE EXCEPTION 'a reset waits for its confirmation, for a day' USING ERRCODE = 'check_violation';
  END IF;
  IF actor IS NULL OR NEW.proposed_by <> actor OR NOT public.sluice_gave_code(actor, NEW.person_id <> actor) THEN
    RAISE EXCEPTION 'who asks for a reset gives a code' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.person_id <> actor AND NOT (public.sluice_holds(actor, 'people.manage') AND public.sluice_i_cover(NEW.person_id)) THEN
    RAISE EXCEPTION 'who asks for the reset of somebody else holds people.manage and all that they hold' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER factor_reset_asked BEFORE INSERT OR DELETE ON factor_reset FOR EACH ROW EXECUTE FUNCTION sluice_factor_reset_asked();

CREATE POLICY signin ON factor TO sluice_fn_signin USING (true) WITH CHECK (true);
CREATE POLICY signin ON recovery_code TO sluice_fn_signin USING (true);
CREATE POLICY signin ON factor_reset TO sluice_fn_signin USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON factor TO sluice_fn_signin;
GRANT UPDATE (removed_at, sealed) ON factor TO sluice_fn_signin;
GRANT SELECT, DELETE ON recovery_code TO sluice_fn_signin;
GRANT SELECT ON factor_reset TO sluice_fn_signin;
GRANT UPDATE (confirmed_by, confirmed_at) ON factor_reset TO sluice_fn_signin;

-- Carries out a reset as its second person, who acts: every factor and recovery code of its person is gone, and their sessions in all workspaces
-- have ended. How many sessions; null when no such reset waits.
CREATE FUNCTION sluice_reset_factors(reset uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  actor uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
  asked public.factor_reset;
  ended bigint;
BEGIN
  SELECT * INTO asked FROM public.factor_reset r WHERE r.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid AND r.id = reset
    AND r.confirmed_at IS NULL AND r.expires_at > now() FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF actor IS NULL OR actor IN (asked.proposed_by, asked.person_id) THEN
    RAISE EXCEPTION 'a reset is confirmed by somebody else' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT public.sluice_gave_code(actor, true) THEN RAISE EXCEPTION 'who confirms a reset gives a code' USING ERRCODE = 'check_violation'; END IF;
  IF NOT (public.sluice_holds(actor, 'people.manage') AND public.sluice_covers(actor, asked.person_id)) THEN
    RAISE EXCEPTION 'who confirms a reset holds people.manage and all that its person holds' USING ERRCODE = 'check_violation';
  END IF;
  IF asked.proposed_by <> asked.person_id AND NOT (public.sluice_holds(asked.proposed_by, 'people.manage') AND public.sluice_covers(asked.proposed_by, asked.person_id)) THEN
    RAISE EXCEPTION 'who asked for a reset holds people.manage and all that its person holds' USING ERRCODE = 'check_violation';
  END IF;
  -- One that is confirmed at this moment waits for this, or this for it: none is left over.
  PERFORM pg_advisory_xact_lock(hashtextextended('factors of ' || asked.person_id::text, 0));
  DELETE FROM public.factor WHERE person_id = asked.person_id AND confirmed_at IS NULL;
  UPDATE public.factor SET removed_at = now(), sealed = '' WHERE person_id = asked.person_id AND confirmed_at IS NOT NULL AND removed_at IS NULL;
  DELETE FROM public.recovery_code WHERE person_id = asked.person_id;
  UPDATE public.session SET ended_at = now() WHERE person_id = asked.person_id AND ended_at IS NULL;
  GET DIAGNOSTICS ended = ROW_COUNT;
  UPDATE public.factor_reset SET confirmed_by = actor, confirmed_at = now() WHERE tenant_id = asked.tenant_id AND id = asked.id;
  RETURN ended;
END $$;

REVOKE EXECUTE ON FUNCTION sluice_factor_stays(), sluice_with_rested_factor(), sluice_recovery_code_once(), sluice_session_takes_factor(),
  sluice_covers(uuid, uuid), sluice_i_cover(uuid), sluice_gave_code(uuid, boolean), sluice_factor_reset_asked(), sluice_reset_factors(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_covers(uuid, uuid) TO sluice_fn_signin;
GRANT EXECUTE ON FUNCTION sluice_gave_code(uuid, boolean) TO sluice_fn_signin, sluice_api;
GRANT EXECUTE ON FUNCTION sluice_i_cover(uuid), sluice_reset_factors(uuid) TO sluice_api;
ALTER FUNCTION sluice_i_cover(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_reset_factors(uuid) OWNER TO sluice_fn_signin;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin;
REVOKE sluice_fn_signin FROM CURRENT_USER;

-- Idempotency keys of these routes are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$'create_session',$$, $$'enrol_factor', 'confirm_factor', 'remove_factor', 'renew_recovery_codes', 'ask_factor_reset',
          'propose_factor_reset', 'confirm_factor_reset', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_idempotency FROM CURRENT_USER;
