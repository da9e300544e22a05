-- People see where they are signed in, and end it (docs/adr/0065): each session says which program it was opened with, from which network, and
-- when it was used last. Sessions of before have none of it.
ALTER TABLE session ADD COLUMN device text CHECK (length(device) BETWEEN 1 AND 200);
ALTER TABLE session ADD COLUMN network text CHECK (length(network) BETWEEN 1 AND 50);
ALTER TABLE session ADD COLUMN last_used_at timestamptz(6);
CREATE INDEX session_person_id_id_idx ON session (person_id, id);
GRANT SELECT (device, network, last_used_at) ON session TO sluice_api;

GRANT sluice_fn_signin TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin;
GRANT UPDATE (last_used_at) ON session TO sluice_fn_signin;

-- As in migration 0021, and whether its last use is to be noted: at most once a minute, so that requests do not write.
DROP FUNCTION sluice_resolve_session(bytea);
CREATE FUNCTION sluice_resolve_session(hash bytea)
  RETURNS TABLE (session_id uuid, person_id uuid, tenant_id uuid, roles text[], defined jsonb, mode text, ended boolean, unnoted boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT s.id, s.person_id, s.tenant_id, m.roles, public.sluice_defined_roles(m.tenant_id, m.roles), w.mode, (s.ended_at IS NOT NULL OR s.expires_at <= now()),
    coalesce(s.last_used_at < now() - interval '1 minute', true)
  FROM public.session s
  JOIN public.person p ON p.id = s.person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = s.tenant_id AND m.person_id = s.person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = s.tenant_id
  WHERE s.token_hash = hash
$$;

-- Asked with the token's hash, so that nobody notes a use of what they do not have. It changes nothing of a session that has ended.
CREATE FUNCTION sluice_note_session(hash bytea) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.session SET last_used_at = now()
  WHERE token_hash = hash AND ended_at IS NULL AND expires_at > now() AND coalesce(last_used_at < now() - interval '1 minute', true)
$$;

-- The use of a session that has not ended is noted; nothing else of it changes but its end, once.
CREATE OR REPLACE FUNCTION sluice_session_ends_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR (NEW.ended_at IS NULL AND NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at) THEN
    RAISE EXCEPTION 'a session ends once' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION sluice_resolve_session(bytea), sluice_note_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_resolve_session(bytea), sluice_note_session(bytea) TO sluice_api;
ALTER FUNCTION sluice_resolve_session(bytea) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_note_session(bytea) OWNER TO sluice_fn_signin;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin;
REVOKE sluice_fn_signin FROM CURRENT_USER;
