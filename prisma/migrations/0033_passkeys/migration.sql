-- Passkeys (Web Authentication Level 3): second factors whose key signs the content that a gate lets pass (docs/adr/0076).

-- ── A passkey is a factor ──────────────────────────────────────────────────────────────────────
ALTER TABLE factor DROP CONSTRAINT factor_kind, DROP CONSTRAINT factor_removed;
ALTER TABLE factor
  -- Of one that waits for its passkey: the SHA-256 of the challenge that its authenticator is to answer, once and within five minutes.
  ADD COLUMN challenge_hash bytea CHECK (length(challenge_hash) = 32),
  ADD COLUMN credential_id bytea CHECK (length(credential_id) BETWEEN 1 AND 1023),
  -- COSE_Key (RFC 9052). It stays when the factor is removed: gates that it opened are verified with it.
  ADD COLUMN public_key bytea CHECK (length(public_key) BETWEEN 1 AND 1024),
  -- The host that the key belongs to.
  ADD COLUMN rp_id text CHECK (length(rp_id) BETWEEN 1 AND 253),
  ADD COLUMN sign_count bigint NOT NULL DEFAULT 0 CHECK (sign_count BETWEEN 0 AND 4294967295),
  ADD COLUMN used_at timestamptz(6),
  -- HMAC over person, factor, credential, key and host, under a key of the installation: a key that was exchanged here is not taken.
  ADD COLUMN authenticator bytea CHECK (length(authenticator) = 32),
  ADD CONSTRAINT factor_kind CHECK (kind IN ('totp', 'passkey')),
  -- A passkey has no secret to erase, and no time steps.
  ADD CONSTRAINT factor_removed CHECK (CASE WHEN kind = 'passkey' THEN length(sealed) = 0 AND last_step = 0 ELSE (removed_at IS NOT NULL) = (length(sealed) = 0) END
    AND (removed_at IS NULL OR confirmed_at IS NOT NULL)),
  ADD CONSTRAINT factor_challenge CHECK ((challenge_hash IS NOT NULL) = (kind = 'passkey' AND confirmed_at IS NULL)),
  ADD CONSTRAINT factor_passkey CHECK (num_nulls(credential_id, public_key, rp_id, used_at, authenticator)
    = CASE WHEN kind = 'passkey' AND confirmed_at IS NOT NULL THEN 0 ELSE 5 END AND (kind = 'passkey' OR sign_count = 0));
CREATE UNIQUE INDEX factor_credential_id_key ON factor (credential_id);
GRANT UPDATE (challenge_hash, credential_id, public_key, rp_id, sign_count, used_at, authenticator) ON factor TO sluice_api;

-- As in migration 0028, and what a passkey is: its key stays, its counter goes up, and it is used now or not at all.
CREATE OR REPLACE FUNCTION sluice_factor_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE changing constant text[] := ARRAY['sealed', 'last_step', 'confirmed_at', 'gates_from', 'removed_at', 'confirm_failures',
  'challenge_hash', 'credential_id', 'public_key', 'rp_id', 'sign_count', 'used_at', 'authenticator'];
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
  IF OLD.confirmed_at IS NOT NULL AND (NEW.credential_id, NEW.public_key, NEW.rp_id, NEW.authenticator)
      IS DISTINCT FROM (OLD.credential_id, OLD.public_key, OLD.rp_id, OLD.authenticator) THEN
    RAISE EXCEPTION 'the key of a passkey is never replaced' USING ERRCODE = 'check_violation';
  END IF;
  -- Web Authentication, section 7.2, step 22: one that goes back may be of a copy.
  IF OLD.confirmed_at IS NOT NULL AND NEW.sign_count < OLD.sign_count THEN
    RAISE EXCEPTION 'the counter of a passkey does not go back' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.used_at IS DISTINCT FROM OLD.used_at THEN NEW.used_at := now(); END IF;
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NULL AND NEW.challenge_hash IS DISTINCT FROM OLD.challenge_hash THEN
    RAISE EXCEPTION 'the challenge of an enrolment is never replaced' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at OR NEW.gates_from IS DISTINCT FROM OLD.gates_from) THEN
    RAISE EXCEPTION 'a factor is confirmed once and for all' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.confirmed_at IS NULL AND NEW.last_step <> OLD.last_step THEN
    RAISE EXCEPTION 'a code of a factor that is not confirmed counts for nothing' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL THEN
    IF OLD.created_at <= now() - interval '1 hour' THEN RAISE EXCEPTION 'a factor is confirmed within an hour' USING ERRCODE = 'check_violation'; END IF;
    IF NEW.kind = 'totp' AND (NEW.last_step = OLD.last_step OR abs(NEW.last_step - floor(extract(epoch FROM now()) / 30)) > 1) THEN
      RAISE EXCEPTION 'a factor is confirmed by a code of it' USING ERRCODE = 'check_violation';
    END IF;
    -- That it answered the challenge, the process has to see; the constraints ask for its key.
    IF NEW.kind = 'passkey' AND OLD.created_at <= now() - interval '5 minutes' THEN
      RAISE EXCEPTION 'a passkey is confirmed within five minutes' USING ERRCODE = 'check_violation';
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

-- ── A gate that a passkey opened has what the passkey signed in the place of a time step ────────
ALTER TABLE gate ALTER COLUMN time_step DROP NOT NULL;
ALTER TABLE gate
  ADD COLUMN authenticator_data bytea CHECK (length(authenticator_data) BETWEEN 37 AND 1024),
  ADD COLUMN client_data bytea CHECK (length(client_data) BETWEEN 1 AND 2048),
  ADD COLUMN signature bytea CHECK (length(signature) BETWEEN 1 AND 1024),
  ADD CONSTRAINT gate_factor CHECK (num_nulls(authenticator_data, client_data, signature) = CASE WHEN time_step IS NULL THEN 0 ELSE 3 END);

-- As in migration 0021, and by a passkey.
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
  IF NEW.time_step IS NULL THEN
    -- This transaction used it: the factor's row is its own. What the passkey signed is verified with its key by whoever asks before money leaves.
    IF NOT EXISTS (SELECT 1 FROM public.factor f WHERE f.id = NEW.factor_id AND f.person_id = NEW.person_id AND f.kind = 'passkey'
        AND f.used_at = now() AND f.xmin = pg_current_xact_id()::xid) THEN
      RAISE EXCEPTION 'a gate uses a passkey of its person' USING ERRCODE = 'check_violation';
    END IF;
  -- The step is of now (RFC 6238, one step to either side), and this transaction consumed it: the factor's row is its own.
  ELSIF abs(NEW.time_step - floor(extract(epoch FROM now()) / 30)) > 1 OR NOT EXISTS (SELECT 1 FROM public.factor f
      WHERE f.id = NEW.factor_id AND f.person_id = NEW.person_id AND f.last_step = NEW.time_step AND f.xmin = pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION 'a gate consumes a time step of a factor of its person' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM public.challenge c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.challenge_id
      AND c.cancelled_at IS NULL AND c.expires_at > now()) THEN
    RAISE EXCEPTION 'the challenge of a gate is neither cancelled nor expired' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

GRANT sluice_fn_driver, sluice_fn_signin, sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_driver, sluice_fn_signin, sluice_fn_idempotency;
GRANT SELECT (kind, credential_id, public_key, rp_id, authenticator) ON factor TO sluice_fn_driver;
GRANT SELECT (tenant_id, id, expires_at) ON challenge TO sluice_fn_driver;
CREATE POLICY driver ON challenge FOR SELECT TO sluice_fn_driver USING (true);

-- As in migration 0021, and the passkey of the gate, with the time that its challenge named: the worker verifies the signature with both.
DROP FUNCTION sluice_gate_holders(uuid, int);
CREATE FUNCTION sluice_gate_holders(batch uuid, version int)
  RETURNS TABLE (gate_id uuid, permitted boolean, membership jsonb, last_step bigint, credential_id bytea, public_key bytea, rp_id text, factor_authenticator bytea, challenge_expires_at timestamptz)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  RETURN QUERY SELECT g.id, public.sluice_holds(g.person_id, public.sluice_gate_permission(g.gate)), public.sluice_membership_of(g.person_id), f.last_step,
    f.credential_id, f.public_key, f.rp_id, f.authenticator, c.expires_at::timestamptz
  FROM public.gate g
  LEFT JOIN public.factor f ON f.id = g.factor_id AND f.person_id = g.person_id
  LEFT JOIN public.challenge c ON c.tenant_id = g.tenant_id AND c.id = g.challenge_id
  WHERE g.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND g.batch_id = batch AND g.content_version = version;
END $$;

-- As in migration 0021, and by a passkey: its row is that of a passkey, and the gate has what it signed.
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
    JOIN public.factor f ON f.id = g.factor_id AND f.person_id = g.person_id AND (f.last_step >= g.time_step OR f.kind = 'passkey' AND g.signature IS NOT NULL)
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

-- ── Sign-in: what anybody asks for, and whose a passkey is ─────────────────────────────────────
-- A request to sign in is nobody's until it is answered. A use deletes it, so that of several exactly one finds it.
CREATE TABLE passkey_request (
  id uuid NOT NULL,
  challenge_hash bytea NOT NULL CHECK (length(challenge_hash) = 32),
  expires_at timestamptz(6) NOT NULL,
  CONSTRAINT passkey_request_pkey PRIMARY KEY (id)
);
CREATE INDEX passkey_request_expires_at_idx ON passkey_request (expires_at);
ALTER TABLE passkey_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY signin ON passkey_request TO sluice_fn_signin USING (true) WITH CHECK (true);
CREATE POLICY pruning ON passkey_request TO sluice_fn_idempotency USING (true);
GRANT SELECT, INSERT, DELETE ON passkey_request TO sluice_fn_signin;
GRANT SELECT, DELETE ON passkey_request TO sluice_fn_idempotency;

-- When it expires. Each request forgets more expired ones than it adds, because in recovery mode no process prunes while anybody may ask.
CREATE FUNCTION sluice_ask_passkey(p_id uuid, hash bytea) RETURNS timestamptz LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  DELETE FROM public.passkey_request r WHERE r.ctid = ANY (ARRAY(
    SELECT o.ctid FROM public.passkey_request o WHERE o.expires_at < now() ORDER BY o.expires_at LIMIT 10)) AND r.expires_at < now();
  INSERT INTO public.passkey_request (id, challenge_hash, expires_at) VALUES (p_id, hash, now() + interval '5 minutes') RETURNING expires_at
$$;

-- The hash of its challenge, for exactly one use of it.
CREATE FUNCTION sluice_use_passkey_request(p_id uuid) RETURNS bytea LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  DELETE FROM public.passkey_request r WHERE r.id = p_id AND r.expires_at > now() RETURNING r.challenge_hash
$$;

-- Whose passkey a credential is, if it counts.
CREATE FUNCTION sluice_passkey_of(credential bytea) RETURNS TABLE (person_id uuid, disabled boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT f.person_id, p.disabled_at IS NOT NULL FROM public.factor f JOIN public.person p ON p.id = f.person_id
  WHERE f.credential_id = credential AND f.confirmed_at IS NOT NULL AND f.removed_at IS NULL
$$;

-- Whether nobody has or had this credential. Until the transaction ends, nobody else is told so.
CREATE FUNCTION sluice_credential_is_new(credential bytea) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('credential ' || encode(credential, 'hex'), 0));
  RETURN NOT EXISTS (SELECT FROM public.factor f WHERE f.credential_id = credential);
END $$;

-- Forgets up to `most` requests to sign in that nobody can answer any more.
CREATE FUNCTION sluice_prune_passkey_requests(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.passkey_request r WHERE r.expires_at < now() AND r.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.passkey_request o WHERE o.expires_at < now() ORDER BY o.expires_at LIMIT most))
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;

-- Idempotency keys of these routes are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$'create_session',$$, $$'enrol_passkey', 'confirm_passkey', 'ask_passkey_session', 'create_passkey_session', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;

REVOKE EXECUTE ON FUNCTION sluice_gate_holders(uuid, int), sluice_ask_passkey(uuid, bytea), sluice_use_passkey_request(uuid), sluice_passkey_of(bytea),
  sluice_credential_is_new(bytea), sluice_prune_passkey_requests(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_gate_holders(uuid, int) TO sluice_worker;
GRANT EXECUTE ON FUNCTION sluice_ask_passkey(uuid, bytea), sluice_use_passkey_request(uuid), sluice_passkey_of(bytea), sluice_credential_is_new(bytea) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_prune_passkey_requests(int) TO sluice_relay;
ALTER FUNCTION sluice_gate_holders(uuid, int) OWNER TO sluice_fn_driver;
ALTER FUNCTION sluice_ask_passkey(uuid, bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_use_passkey_request(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_passkey_of(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_credential_is_new(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_prune_passkey_requests(int) OWNER TO sluice_fn_idempotency;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_driver, sluice_fn_signin, sluice_fn_idempotency;
REVOKE sluice_fn_driver, sluice_fn_signin, sluice_fn_idempotency FROM CURRENT_USER;
