-- Passwords that people change, wrong codes by what they are given for, and failures that no time betrays (docs/adr/0070).

-- ── Wrong codes ────────────────────────────────────────────────────────────────────────────────
-- Counted by purpose: whoever has only a password cannot close the gates of its owner.
CREATE TABLE factor_failures (
  factor_id uuid NOT NULL,
  purpose text NOT NULL,
  -- Since the last right code or the last lock.
  failures int NOT NULL,
  -- Of the present series; each is longer than the one before.
  locks int NOT NULL DEFAULT 0,
  locked_until timestamptz(6),
  CONSTRAINT factor_failures_pkey PRIMARY KEY (factor_id, purpose),
  CONSTRAINT factor_failures_factor_id_fkey FOREIGN KEY (factor_id) REFERENCES factor (id) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT factor_failures_purpose CHECK (purpose IN ('sign_in', 'session')),
  CONSTRAINT factor_failures_counts CHECK (failures >= 0 AND locks >= 0 AND (locks = 0 OR locked_until IS NOT NULL))
);
GRANT SELECT, INSERT ON factor_failures TO sluice_api;
GRANT UPDATE (failures, locks, locked_until) ON factor_failures TO sluice_api;

-- A factor that is locked now stays locked for both purposes: nobody knows any more which codes were for what.
INSERT INTO factor_failures (factor_id, purpose, failures, locks, locked_until)
SELECT f.id, p.purpose, f.failures, CASE WHEN f.locked_until IS NULL THEN 0 ELSE 1 END, f.locked_until
FROM factor f CROSS JOIN (VALUES ('sign_in'), ('session')) p (purpose) WHERE f.failures > 0 OR f.locked_until IS NOT NULL;
ALTER TABLE factor DROP COLUMN failures, DROP COLUMN locked_until;

-- As their factors: each person's counts are seen by them alone (docs/adr/0064).
ALTER TABLE factor_failures ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON factor_failures USING (EXISTS (SELECT FROM factor f WHERE f.id = factor_id));

-- ── Passwords ──────────────────────────────────────────────────────────────────────────────────
ALTER TABLE person ADD COLUMN password_version int NOT NULL DEFAULT 1;

GRANT sluice_fn_signin TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin;
GRANT UPDATE (password_hash, password_version) ON person TO sluice_fn_signin;

-- Each of these is about the person who acts: nobody changes the password of somebody else.
CREATE FUNCTION sluice_password_of(who uuid) RETURNS TABLE (hash text, version int)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT p.password_hash, p.password_version FROM public.person p WHERE p.id = who AND p.id = NULLIF(current_setting('app.person_id', true), '')::uuid
$$;

-- Null when the person has another password by now; else nobody changes it before this transaction ends, so that no session is opened by a
-- password that ended all sessions.
CREATE FUNCTION sluice_hold_password(who uuid, held int) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT true FROM public.person p WHERE p.id = who AND p.id = NULLIF(current_setting('app.person_id', true), '')::uuid AND p.password_version = held FOR SHARE
$$;

-- Null when somebody else was first.
CREATE FUNCTION sluice_change_password(who uuid, held int, hash text) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.person p SET password_hash = hash, password_version = p.password_version + 1
  WHERE p.id = who AND p.id = NULLIF(current_setting('app.person_id', true), '')::uuid AND p.password_version = held RETURNING true
$$;

-- The same password at today's cost. Null when the hash is not this one any more.
CREATE FUNCTION sluice_rehash_password(who uuid, stored text, hash text) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.person p SET password_hash = hash WHERE p.id = who AND p.id = NULLIF(current_setting('app.person_id', true), '')::uuid AND p.password_hash = stored RETURNING true
$$;
REVOKE EXECUTE ON FUNCTION sluice_password_of(uuid), sluice_hold_password(uuid, int), sluice_change_password(uuid, int, text),
  sluice_rehash_password(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_password_of(uuid), sluice_hold_password(uuid, int), sluice_change_password(uuid, int, text),
  sluice_rehash_password(uuid, text, text) TO sluice_api;
ALTER FUNCTION sluice_password_of(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_hold_password(uuid, int) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_change_password(uuid, int, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_rehash_password(uuid, text, text) OWNER TO sluice_fn_signin;

-- As in migration 0021, with the version of the password.
DROP FUNCTION sluice_person_of(text);
CREATE FUNCTION sluice_person_of(address text) RETURNS TABLE (id uuid, name text, email text, password_hash text, password_version int, disabled boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT p.id, p.name, p.email, p.password_hash, p.password_version, p.disabled_at IS NOT NULL FROM public.person p WHERE p.email = address
$$;
REVOKE EXECUTE ON FUNCTION sluice_person_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_person_of(text) TO sluice_api;
ALTER FUNCTION sluice_person_of(text) OWNER TO sluice_fn_signin;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin;
REVOKE sluice_fn_signin FROM CURRENT_USER;

-- ── What happened to people's accounts ─────────────────────────────────────────────────────────
-- A failed sign-in belongs into the log of each workspace of its person. It waits here first: one row for everybody, also for an e-mail that
-- nobody has, so that the time of the answer tells nothing. The id of nobody has no row in person, hence no foreign key.
CREATE TABLE person_event (
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  actor jsonb NOT NULL,
  request_id text NOT NULL,
  action text NOT NULL,
  result text NOT NULL,
  detail jsonb NOT NULL,
  -- The workspace whose log has it already.
  written_in uuid,
  CONSTRAINT person_event_pkey PRIMARY KEY (id)
);
GRANT SELECT, INSERT, DELETE ON person_event TO sluice_api;

-- Keys of new passwords, and of rotations of API keys, are forgotten after 30 days too.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
CREATE OR REPLACE FUNCTION sluice_prune_idempotency_keys(most int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.idempotency_key k
    WHERE k.lease_until < now() - interval '30 days' AND k.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.idempotency_key o
      WHERE o.lease_until < now() - interval '30 days'
        AND o.route IN ('create_session', 'change_password', 'create_api_key', 'rotate_api_key', 'ask_challenge', 'create_payee', 'assign_exception', 'comment_exception',
          'ask_proposal_challenge')
      LIMIT most))
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_idempotency FROM CURRENT_USER;
