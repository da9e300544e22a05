-- A membership, and a role that a workspace defines, carry an authenticator of the installation, and a token that lets a person in is stored under a
-- key (docs/adr/0075): what SQL writes into these tables lets nobody in. So do passwords, whose hashes end with a seal; no column changes for it.

-- ── Authenticators ─────────────────────────────────────────────────────────────────────────────
-- Those of before have none, and count for nothing until a process that has the key seals them (dev/seed/seal-before.ts).
ALTER TABLE membership ADD COLUMN event_id uuid, ADD COLUMN authenticator bytea,
  ADD CONSTRAINT membership_authenticator CHECK ((event_id IS NULL) = (authenticator IS NULL) AND length(authenticator) = 32);
ALTER TABLE workspace_role ADD COLUMN event_id uuid, ADD COLUMN authenticator bytea,
  ADD CONSTRAINT workspace_role_authenticator CHECK ((event_id IS NULL) = (authenticator IS NULL) AND length(authenticator) = 32);
GRANT UPDATE (event_id, authenticator) ON membership TO sluice_api;
GRANT UPDATE (event_id, authenticator) ON workspace_role TO sluice_api;

-- As in migration 0021, and the row names the event. An authenticator binds it, and an event is of one transaction, so that no older row with its
-- authenticator comes back. Asked of whoever accepts an invitation too, which is not written with the rights of the API.
CREATE OR REPLACE FUNCTION sluice_membership_has_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF (pg_has_role(current_user, 'sluice_api', 'USAGE') OR current_user = 'sluice_fn_signin') AND NOT EXISTS (SELECT FROM public.audit_event e
      WHERE e.tenant_id = NEW.tenant_id AND e.subject_type = 'person' AND e.subject_id = NEW.person_id::text AND e.result = 'ok' AND e.id = NEW.event_id
        AND e.action LIKE 'person.%' AND e.actor ->> 'personId' = current_setting('app.person_id', true) AND e.xmin = pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION 'a membership changes with its audit event' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION sluice_role_has_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF pg_has_role(current_user, 'sluice_api', 'USAGE') AND NOT EXISTS (SELECT FROM public.audit_event e
      WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.event_id AND e.subject_type = 'workspace' AND e.subject_id = NEW.tenant_id::text
        AND e.xmin = pg_current_xact_id()::xid AND e.action LIKE 'role.%' AND e.result = 'ok' AND e.actor ->> 'personId' = current_setting('app.person_id', true)) THEN
    RAISE EXCEPTION 'a role changes with its audit event' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER role_has_event AFTER INSERT OR UPDATE ON workspace_role DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION sluice_role_has_event();
REVOKE EXECUTE ON FUNCTION sluice_role_has_event() FROM PUBLIC;

-- ── Memberships as a process checks them ───────────────────────────────────────────────────────
GRANT sluice_fn_signin, sluice_fn_driver TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin, sluice_fn_driver;

-- A membership with the roles of the workspace among its own, and their authenticators in hex; null when there is none.
CREATE FUNCTION sluice_sealed_membership(tenant uuid, who uuid) RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT jsonb_build_object('tenantId', m.tenant_id, 'personId', m.person_id, 'roles', m.roles, 'disabled', m.disabled_at IS NOT NULL,
    'eventId', m.event_id, 'authenticator', encode(m.authenticator, 'hex'),
    'defined', coalesce((SELECT jsonb_agg(jsonb_build_object('name', w.name, 'permissions', w.permissions, 'eventId', w.event_id,
        'authenticator', encode(w.authenticator, 'hex'))) FROM public.workspace_role w WHERE w.tenant_id = m.tenant_id AND w.name = ANY (m.roles)), '[]'))
  FROM public.membership m WHERE m.tenant_id = tenant AND m.person_id = who
$$;
-- The same of somebody of the workspace of the transaction.
CREATE FUNCTION sluice_membership_of(who uuid) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT public.sluice_sealed_membership(NULLIF(current_setting('app.tenant_id', true), '')::uuid, who)
$$;

-- Whether there are members and none has an authenticator: nobody signs in, because those of before were not sealed.
CREATE FUNCTION sluice_no_membership_is_sealed() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT EXISTS (SELECT FROM public.membership) AND NOT EXISTS (SELECT FROM public.membership m WHERE m.authenticator IS NOT NULL)
$$;

-- As in migrations 0028, 0022 and 0021, but the membership instead of its roles.
DROP FUNCTION sluice_resolve_session(bytea);
CREATE FUNCTION sluice_resolve_session(hash bytea)
  RETURNS TABLE (session_id uuid, person_id uuid, tenant_id uuid, membership jsonb, mode text, ended boolean, unnoted boolean, with_factor boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT s.id, s.person_id, s.tenant_id, public.sluice_sealed_membership(m.tenant_id, m.person_id), w.mode, (s.ended_at IS NOT NULL OR s.expires_at <= now()),
    coalesce(s.last_used_at < now() - interval '1 minute', true), s.with_factor
  FROM public.session s
  JOIN public.person p ON p.id = s.person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = s.tenant_id AND m.person_id = s.person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = s.tenant_id
  WHERE s.token_hash = hash
$$;

DROP FUNCTION sluice_resolve_api_key(bytea);
CREATE FUNCTION sluice_resolve_api_key(hash bytea)
  RETURNS TABLE (key_id uuid, tenant_id uuid, owner_person_id uuid, scopes text[], mode text, membership jsonb,
    family_id uuid, allowed_networks text[], use_is_due boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT k.id, k.tenant_id, k.owner_person_id, k.scopes, w.mode, public.sluice_sealed_membership(m.tenant_id, m.person_id),
    k.family_id, k.allowed_networks, (k.last_used_at IS NULL OR k.last_used_at <= now() - interval '1 minute')
  FROM public.api_key k
  JOIN public.person p ON p.id = k.owner_person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = k.tenant_id AND m.person_id = k.owner_person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = k.tenant_id
  WHERE k.token_hash = hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

DROP FUNCTION sluice_workspaces_of(uuid);
CREATE FUNCTION sluice_workspaces_of(person uuid) RETURNS TABLE (tenant_id uuid, name text, mode text, membership jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.tenant_id, w.name, w.mode, public.sluice_sealed_membership(m.tenant_id, m.person_id)
  FROM public.membership m JOIN public.workspace w USING (tenant_id)
  WHERE m.person_id = person AND m.disabled_at IS NULL ORDER BY w.mode DESC, w.tenant_id
$$;

DROP FUNCTION sluice_gate_holders(uuid, int);
-- As in migration 0021, and the membership of each gate's person.
CREATE FUNCTION sluice_gate_holders(batch uuid, version int) RETURNS TABLE (gate_id uuid, permitted boolean, membership jsonb, last_step bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  RETURN QUERY SELECT g.id, public.sluice_holds(g.person_id, public.sluice_gate_permission(g.gate)), public.sluice_membership_of(g.person_id), f.last_step
  FROM public.gate g LEFT JOIN public.factor f ON f.id = g.factor_id AND f.person_id = g.person_id
  WHERE g.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND g.batch_id = batch AND g.content_version = version;
END $$;
DROP FUNCTION sluice_defined_roles(uuid, text[]);

-- As in migration 0029, with the seal of the new membership. That whoever accepts gets what was invited to, the authenticator says: it is checked
-- before the transaction ends.
DROP FUNCTION sluice_accept_invitation(bytea, uuid, text, text, int);
CREATE FUNCTION sluice_accept_invitation(hash bytea, who uuid, called text, secret text, held int, event uuid, seal bytea) RETURNS text
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
  INSERT INTO public.membership (tenant_id, person_id, roles, event_id, authenticator) VALUES (open_one.tenant_id, who, open_one.roles, event, seal);
  RETURN 'accepted';
END $$;

-- ── Tokens of sessions and of links in letters ─────────────────────────────────────────────────
-- They are stored as HMACs from now on, so nobody makes a row for a token of theirs by SQL. People sign in anew, and letters of the last day are void.
UPDATE session SET ended_at = now() WHERE ended_at IS NULL;
-- An invitation whose link opens nothing any more is not open either. Whoever migrates may be a superuser, of whom the trigger would ask who acts.
ALTER TABLE invitation DISABLE TRIGGER invitation_stands, NO FORCE ROW LEVEL SECURITY;
UPDATE invitation SET revoked_at = now() WHERE accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now();
ALTER TABLE invitation ENABLE TRIGGER invitation_stands, FORCE ROW LEVEL SECURITY;
-- Inviting an address again takes another token: whoever was invited keeps none that opens what SQL has made of their invitation.
CREATE FUNCTION sluice_invitation_token() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'another invitation has another token' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER invitation_token BEFORE UPDATE ON invitation FOR EACH ROW WHEN (NEW.id <> OLD.id AND NEW.token_hash = OLD.token_hash)
  EXECUTE FUNCTION sluice_invitation_token();

REVOKE EXECUTE ON FUNCTION sluice_sealed_membership(uuid, uuid), sluice_membership_of(uuid), sluice_resolve_session(bytea), sluice_resolve_api_key(bytea),
  sluice_no_membership_is_sealed(), sluice_workspaces_of(uuid), sluice_gate_holders(uuid, int), sluice_accept_invitation(bytea, uuid, text, text, int, uuid, bytea),
  sluice_invitation_token() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_sealed_membership(uuid, uuid) TO sluice_fn_signin;
GRANT EXECUTE ON FUNCTION sluice_membership_of(uuid) TO sluice_api, sluice_worker, sluice_fn_driver;
GRANT EXECUTE ON FUNCTION sluice_resolve_session(bytea), sluice_resolve_api_key(bytea), sluice_workspaces_of(uuid), sluice_no_membership_is_sealed(),
  sluice_accept_invitation(bytea, uuid, text, text, int, uuid, bytea) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_gate_holders(uuid, int) TO sluice_worker;
ALTER FUNCTION sluice_membership_of(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_resolve_session(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_resolve_api_key(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_workspaces_of(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_no_membership_is_sealed() OWNER TO sluice_fn_signin;
-- Asked of the owner of the database too, before they seal (dev/seed/seal-before.ts).
GRANT EXECUTE ON FUNCTION sluice_no_membership_is_sealed() TO CURRENT_USER;
ALTER FUNCTION sluice_gate_holders(uuid, int) OWNER TO sluice_fn_driver;
ALTER FUNCTION sluice_accept_invitation(bytea, uuid, text, text, int, uuid, bytea) OWNER TO sluice_fn_signin;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin, sluice_fn_driver;
REVOKE sluice_fn_signin, sluice_fn_driver FROM CURRENT_USER;
