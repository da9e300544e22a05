-- One-time links in letters (docs/adr/0072): invitations into a workspace, resets of a password, proofs of an e-mail address. A token is stored
-- as its SHA-256 alone, and which of several requests uses it is decided here, by one update of its row.

ALTER TABLE person ADD COLUMN email_verified_at timestamptz(6);
GRANT SELECT (email_verified_at) ON person TO sluice_api;

-- ── Links that stand for a person ──────────────────────────────────────────────────────────────
-- Asked for first, by a row that is written for everybody: also for an address that nobody has, so that the time of the answer tells nothing.
-- Its person has no row then, hence no foreign key. The API gives it a token and writes the letter afterwards.
CREATE TABLE email_link (
  id uuid NOT NULL,
  purpose text NOT NULL,
  person_id uuid NOT NULL,
  request_id text NOT NULL,
  asked_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  token_hash bytea,
  -- Of the person when the letter was written: a reset does not outlive a new password.
  password_version int,
  issued_at timestamptz(6),
  expires_at timestamptz(6),
  used_at timestamptz(6),
  -- A newer one took its place.
  voided_at timestamptz(6),
  CONSTRAINT email_link_pkey PRIMARY KEY (id),
  CONSTRAINT email_link_purpose CHECK (purpose IN ('password_reset', 'email_verification')),
  CONSTRAINT email_link_issued CHECK (num_nulls(token_hash, password_version, issued_at, expires_at) IN (0, 4)),
  CONSTRAINT email_link_ends CHECK (used_at IS NULL OR voided_at IS NULL)
);
CREATE UNIQUE INDEX email_link_token_hash_key ON email_link (token_hash);
CREATE INDEX email_link_person_id_purpose_idx ON email_link (person_id, purpose);
CREATE INDEX email_link_asked_at_idx ON email_link (asked_at);
ALTER TABLE email_link ENABLE ROW LEVEL SECURITY;
CREATE POLICY signin ON email_link TO sluice_fn_signin USING (true) WITH CHECK (true);
CREATE POLICY pruning ON email_link TO sluice_fn_idempotency USING (true);

-- ── Invitations ────────────────────────────────────────────────────────────────────────────────
-- One for each address: inviting it again takes the place of what was there.
CREATE TABLE invitation (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  roles text[] NOT NULL,
  token_hash bytea NOT NULL,
  invited_by uuid NOT NULL,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamptz(6) NOT NULL,
  accepted_at timestamptz(6),
  revoked_at timestamptz(6),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES workspace (tenant_id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
CREATE UNIQUE INDEX invitation_tenant_id_email_key ON invitation (tenant_id, email);
CREATE INDEX invitation_token_hash_idx ON invitation (token_hash);
CREATE INDEX invitation_expires_at_idx ON invitation (expires_at);
SELECT sluice_own_by_tenant('invitation');
GRANT SELECT (tenant_id, id, email, name, roles, invited_by, created_at, expires_at, accepted_at, revoked_at) ON invitation TO sluice_api;
GRANT INSERT ON invitation TO sluice_api;
GRANT UPDATE (id, name, roles, token_hash, invited_by, created_at, expires_at, accepted_at, revoked_at) ON invitation TO sluice_api;
CREATE POLICY signin ON invitation TO sluice_fn_signin USING (true) WITH CHECK (true);
CREATE POLICY pruning ON invitation TO sluice_fn_idempotency USING (true);

GRANT sluice_fn_signin, sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin, sluice_fn_idempotency;
GRANT SELECT, INSERT, UPDATE, DELETE ON email_link TO sluice_fn_signin;
GRANT SELECT, UPDATE (accepted_at) ON invitation TO sluice_fn_signin;
GRANT INSERT (id, email, name, password_hash, email_verified_at), UPDATE (email_verified_at) ON person TO sluice_fn_signin;
GRANT INSERT ON membership TO sluice_fn_signin;
-- The rule about the event of a membership runs as whoever wrote the membership.
GRANT SELECT ON audit_event TO sluice_fn_signin;
GRANT SELECT, DELETE ON email_link, invitation TO sluice_fn_idempotency;

-- ── What happens to a link ─────────────────────────────────────────────────────────────────────
CREATE FUNCTION sluice_ask_email_link(p_id uuid, who uuid, p_purpose text, p_request text) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.email_link (id, person_id, purpose, request_id) VALUES (p_id, who, p_purpose, p_request)
$$;

-- Links that wait for their letters, locked. Of an address that nobody has there is no e-mail.
CREATE FUNCTION sluice_asked_email_links(most int) RETURNS TABLE (id uuid, person_id uuid, purpose text, request_id text, name text, email text)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT l.id, l.person_id, l.purpose, l.request_id, p.name, p.email FROM public.email_link l LEFT JOIN public.person p ON p.id = l.person_id
  WHERE l.token_hash IS NULL ORDER BY l.asked_at LIMIT most FOR UPDATE OF l SKIP LOCKED
$$;

-- Gives a link its token. False, and the link is gone, when nothing is to be sent: its person is not there, is disabled, or works nowhere, or
-- three of its kind were sent within an hour. The older ones of its kind are void.
CREATE FUNCTION sluice_issue_email_link(p_id uuid, hash bytea) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE asked public.email_link;
BEGIN
  SELECT * INTO asked FROM public.email_link l WHERE l.id = p_id AND l.token_hash IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  -- Links of one person are made one after the other, so that the newer one sees the older.
  PERFORM FROM public.person p WHERE p.id = asked.person_id FOR NO KEY UPDATE;
  IF NOT EXISTS (SELECT FROM public.person p JOIN public.membership m ON m.person_id = p.id AND m.disabled_at IS NULL
      WHERE p.id = asked.person_id AND p.disabled_at IS NULL)
    OR 3 <= (SELECT count(*) FROM public.email_link l WHERE l.person_id = asked.person_id AND l.purpose = asked.purpose
      AND l.issued_at > now() - interval '1 hour') THEN
    DELETE FROM public.email_link l WHERE l.id = p_id;
    RETURN false;
  END IF;
  UPDATE public.email_link l SET voided_at = now()
  WHERE l.person_id = asked.person_id AND l.purpose = asked.purpose AND l.issued_at IS NOT NULL AND l.used_at IS NULL AND l.voided_at IS NULL;
  UPDATE public.email_link l SET token_hash = hash, issued_at = now(), expires_at = now() + interval '24 hours',
    password_version = (SELECT p.password_version FROM public.person p WHERE p.id = asked.person_id)
  WHERE l.id = p_id;
  RETURN true;
END $$;

-- The link of a token that is still good for this.
CREATE FUNCTION sluice_email_link_of(hash bytea, wanted text) RETURNS TABLE (id uuid, person_id uuid, name text, email text, password_version int)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT l.id, l.person_id, p.name, p.email, p.password_version FROM public.email_link l JOIN public.person p ON p.id = l.person_id AND p.disabled_at IS NULL
  WHERE l.token_hash = hash AND l.purpose = wanted AND l.used_at IS NULL AND l.voided_at IS NULL AND l.expires_at > now()
    AND (wanted <> 'password_reset' OR l.password_version = p.password_version)
$$;

-- True for exactly one use of a link, by the person whom it was sent to: whoever has it reads the letters to their address.
CREATE FUNCTION sluice_use_email_link(hash bytea, wanted text) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH used AS (
    UPDATE public.email_link l SET used_at = now()
    WHERE l.token_hash = hash AND l.purpose = wanted AND l.used_at IS NULL AND l.voided_at IS NULL AND l.expires_at > now()
      AND l.person_id = NULLIF(current_setting('app.person_id', true), '')::uuid
    RETURNING l.person_id
  )
  UPDATE public.person p SET email_verified_at = coalesce(p.email_verified_at, now()) FROM used u WHERE p.id = u.person_id AND p.disabled_at IS NULL
  RETURNING true
$$;

-- ── What happens to an invitation ──────────────────────────────────────────────────────────────
-- Whether somebody may invite to these roles now: they hold what it takes to let people in and to give roles, and all that these allow.
CREATE FUNCTION sluice_may_invite(who uuid, wanted text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT NOT EXISTS (SELECT FROM (
      SELECT unnest(ARRAY['people.manage', 'roles.manage']) AS permission
      UNION SELECT r.permission FROM public.role_permission r WHERE r.role = ANY (wanted)
      UNION SELECT unnest(w.permissions) FROM public.workspace_role w
        WHERE w.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid AND w.name = ANY (wanted)
    ) needed WHERE NOT coalesce(public.sluice_holds(who, needed.permission), false))
$$;

-- The API makes invitations of who acts, for a day, and withdraws them. Whoever owns the tables is not asked.
CREATE FUNCTION sluice_invitation_stands() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE actor uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
BEGIN
  IF NOT pg_has_role(current_user, 'sluice_api', 'USAGE') THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
    IF OLD.revoked_at IS NOT NULL OR OLD.accepted_at IS NOT NULL OR to_jsonb(NEW) - 'revoked_at' <> to_jsonb(OLD) - 'revoked_at' THEN
      RAISE EXCEPTION 'an open invitation is withdrawn, and nothing else of it changes' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT coalesce(public.sluice_holds(actor, 'people.manage'), false) THEN
      RAISE EXCEPTION 'who withdraws an invitation holds people.manage' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.accepted_at IS NOT NULL OR NEW.revoked_at IS NOT NULL OR NEW.expires_at > now() + interval '24 hours' THEN
    RAISE EXCEPTION 'an invitation begins open, and ends within a day' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.invited_by IS DISTINCT FROM actor OR NOT public.sluice_may_invite(actor, NEW.roles) THEN
    RAISE EXCEPTION 'nobody invites to roles beyond what they hold' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invitation_stands BEFORE INSERT OR UPDATE ON invitation FOR EACH ROW EXECUTE FUNCTION sluice_invitation_stands();

-- An open invitation by its token, with the account that its address has already.
CREATE FUNCTION sluice_invitation_of(hash bytea)
  RETURNS TABLE (tenant_id uuid, mode text, workspace text, id uuid, email text, name text, roles text[], invited_by uuid,
    person_id uuid, password_hash text, password_version int, disabled boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT i.tenant_id, w.mode, w.name, i.id, i.email, i.name, i.roles, i.invited_by, p.id, p.password_hash, p.password_version, p.disabled_at IS NOT NULL
  FROM public.invitation i JOIN public.workspace w ON w.tenant_id = i.tenant_id LEFT JOIN public.person p ON p.email = i.email
  WHERE i.token_hash = hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
$$;

-- Accepts an invitation of the workspace of the transaction as the person who acts: with `held`, the version of a password that was right, as
-- who has the account of the address, else as somebody new. `accepted` for exactly one of several; else why not, and nothing has changed.
CREATE FUNCTION sluice_accept_invitation(hash bytea, who uuid, called text, secret text, held int) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE open_one public.invitation;
BEGIN
  SELECT * INTO open_one FROM public.invitation i
  WHERE i.token_hash = hash AND i.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid FOR UPDATE;
  IF NOT FOUND OR open_one.accepted_at IS NOT NULL OR open_one.revoked_at IS NOT NULL OR open_one.expires_at <= now() THEN RETURN 'gone'; END IF;
  IF who IS DISTINCT FROM NULLIF(current_setting('app.person_id', true), '')::uuid THEN
    RAISE EXCEPTION 'an invitation is accepted by who acts' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT public.sluice_may_invite(open_one.invited_by, open_one.roles) THEN RETURN 'inviter'; END IF;
  IF EXISTS (SELECT FROM public.membership m WHERE m.tenant_id = open_one.tenant_id AND m.person_id = who) THEN RETURN 'member'; END IF;
  IF held IS NULL THEN
    INSERT INTO public.person (id, email, name, password_hash, email_verified_at) VALUES (who, open_one.email, called, secret, now())
    ON CONFLICT (email) DO NOTHING;
  ELSE
    UPDATE public.person p SET email_verified_at = coalesce(p.email_verified_at, now())
    WHERE p.id = who AND p.email = open_one.email AND p.disabled_at IS NULL AND p.password_version = held;
  END IF;
  IF NOT FOUND THEN RETURN 'account'; END IF;
  UPDATE public.invitation i SET accepted_at = now() WHERE i.tenant_id = open_one.tenant_id AND i.id = open_one.id;
  INSERT INTO public.membership (tenant_id, person_id, roles) VALUES (open_one.tenant_id, who, open_one.roles);
  RETURN 'accepted';
END $$;

-- ── What is over ───────────────────────────────────────────────────────────────────────────────
-- Forgets links two days after they were asked for, a day after they ended, and invitations 30 days after they ended. Up to `most` of each.
CREATE FUNCTION sluice_prune_email_links(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH links AS (
    DELETE FROM public.email_link l WHERE l.asked_at < now() - interval '2 days' AND l.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.email_link o WHERE o.asked_at < now() - interval '2 days' ORDER BY o.asked_at LIMIT most))
    RETURNING 1
  ), invitations AS (
    DELETE FROM public.invitation i WHERE i.expires_at < now() - interval '30 days' AND i.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.invitation o WHERE o.expires_at < now() - interval '30 days' ORDER BY o.expires_at LIMIT most))
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM links) + (SELECT count(*) FROM invitations)
$$;

-- Idempotency keys of these routes are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$'create_session',$$, $$'accept_invitation', 'ask_password_reset', 'complete_password_reset', 'ask_email_verification',
          'complete_email_verification', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;

REVOKE EXECUTE ON FUNCTION sluice_ask_email_link(uuid, uuid, text, text), sluice_asked_email_links(int), sluice_issue_email_link(uuid, bytea),
  sluice_email_link_of(bytea, text), sluice_use_email_link(bytea, text), sluice_may_invite(uuid, text[]), sluice_invitation_stands(),
  sluice_invitation_of(bytea), sluice_accept_invitation(bytea, uuid, text, text, int), sluice_prune_email_links(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_ask_email_link(uuid, uuid, text, text), sluice_asked_email_links(int), sluice_issue_email_link(uuid, bytea),
  sluice_email_link_of(bytea, text), sluice_use_email_link(bytea, text), sluice_may_invite(uuid, text[]), sluice_invitation_of(bytea),
  sluice_accept_invitation(bytea, uuid, text, text, int) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_prune_email_links(int) TO sluice_relay;
ALTER FUNCTION sluice_ask_email_link(uuid, uuid, text, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_asked_email_links(int) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_issue_email_link(uuid, bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_email_link_of(bytea, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_use_email_link(bytea, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_may_invite(uuid, text[]) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_invitation_of(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_accept_invitation(bytea, uuid, text, text, int) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_prune_email_links(int) OWNER TO sluice_fn_idempotency;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin, sluice_fn_idempotency;
REVOKE sluice_fn_signin, sluice_fn_idempotency FROM CURRENT_USER;
