-- API keys: networks, last use, rotation; and a key only ever ends (docs/adr/0068).
ALTER TABLE api_key
  ALTER COLUMN scopes SET NOT NULL,
  -- In CIDR notation; none: the key may be used from everywhere.
  ADD COLUMN allowed_networks text[] NOT NULL DEFAULT ARRAY[]::text[],
  ADD COLUMN rotated_at timestamptz(6),
  -- The key whose place it took, and the first of those that took each other's place.
  ADD COLUMN rotated_from uuid,
  ADD COLUMN family_id uuid,
  ADD COLUMN last_used_at timestamptz(6),
  ADD COLUMN last_used_from text,
  ADD CONSTRAINT api_key_tenant_id_rotated_from_fkey FOREIGN KEY (tenant_id, rotated_from) REFERENCES api_key (tenant_id, id)
    ON UPDATE NO ACTION ON DELETE NO ACTION;
CREATE UNIQUE INDEX api_key_tenant_id_rotated_from_key ON api_key (tenant_id, rotated_from);
GRANT UPDATE (expires_at, rotated_at, last_used_at, last_used_from) ON api_key TO sluice_api;

-- When a key was refused last at a network outside its list, so that the audit log has that once a minute. Rows of an hour ago go.
CREATE TABLE api_key_refusal (
  tenant_id uuid NOT NULL,
  key_id uuid NOT NULL,
  network text NOT NULL,
  at timestamptz(6) NOT NULL,
  CONSTRAINT api_key_refusal_pkey PRIMARY KEY (tenant_id, key_id, network),
  CONSTRAINT api_key_refusal_tenant_id_key_id_fkey FOREIGN KEY (tenant_id, key_id) REFERENCES api_key (tenant_id, id)
    ON UPDATE NO ACTION ON DELETE NO ACTION
);
SELECT sluice_own_by_tenant('api_key_refusal');
GRANT SELECT, INSERT, UPDATE (at), DELETE ON api_key_refusal TO sluice_api;

-- A key begins unused. One that takes another's place gets no more than that one has, which must not have ended.
CREATE FUNCTION sluice_key_begins() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE old_key public.api_key;
BEGIN
  PERFORM NEW.allowed_networks::cidr[];
  IF NEW.revoked_at IS NOT NULL OR NEW.rotated_at IS NOT NULL OR NEW.last_used_at IS NOT NULL THEN
    RAISE EXCEPTION 'a key begins unused' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.rotated_from IS NULL THEN
    IF NEW.family_id IS NOT NULL THEN RAISE EXCEPTION 'a key that takes no other''s place is of no family' USING ERRCODE = 'check_violation'; END IF;
    RETURN NEW;
  END IF;
  SELECT * INTO old_key FROM public.api_key k WHERE k.tenant_id = NEW.tenant_id AND k.id = NEW.rotated_from;
  IF NOT FOUND OR old_key.revoked_at IS NOT NULL OR old_key.rotated_at IS NOT NULL OR old_key.expires_at <= now() THEN
    RAISE EXCEPTION 'a key that has ended is not rotated' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.owner_person_id <> old_key.owner_person_id OR NEW.allowed_networks <> old_key.allowed_networks
    OR NEW.family_id IS DISTINCT FROM coalesce(old_key.family_id, old_key.id) OR (NEW.scopes <@ old_key.scopes) IS NOT TRUE
    OR (old_key.expires_at IS NOT NULL AND (NEW.expires_at > old_key.expires_at) IS NOT FALSE)
  THEN RAISE EXCEPTION 'a rotated key gets no more than the one before it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER key_begins BEFORE INSERT ON api_key FOR EACH ROW EXECUTE FUNCTION sluice_key_begins();

-- After that it only ends, whoever asks. What is not named here, such as its hash and what later migrations add, never changes.
CREATE FUNCTION sluice_key_only_ends() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE changing constant text[] := ARRAY['scopes', 'expires_at', 'revoked_at', 'rotated_at', 'last_used_at', 'last_used_from'];
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'a key is revoked and never deleted' USING ERRCODE = 'restrict_violation'; END IF;
  IF to_jsonb(NEW) - changing <> to_jsonb(OLD) - changing THEN
    RAISE EXCEPTION 'a key stays as it was made: make another' USING ERRCODE = 'check_violation';
  END IF;
  IF (NEW.scopes <@ OLD.scopes) IS NOT TRUE THEN RAISE EXCEPTION 'a key gets no more scopes' USING ERRCODE = 'check_violation'; END IF;
  IF OLD.expires_at IS NOT NULL AND (NEW.expires_at > OLD.expires_at) IS NOT FALSE THEN
    RAISE EXCEPTION 'the life of a key gets no longer' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
    RAISE EXCEPTION 'a key is revoked for ever' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.rotated_at IS NOT NULL AND NEW.rotated_at IS DISTINCT FROM OLD.rotated_at THEN
    RAISE EXCEPTION 'a key is rotated once' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.rotated_at IS NOT NULL AND (NEW.expires_at <= NEW.rotated_at + interval '24 hours') IS NOT TRUE THEN
    RAISE EXCEPTION 'a rotated key ends within a day' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.last_used_at IS NOT NULL AND (NEW.last_used_at < OLD.last_used_at) IS NOT FALSE THEN
    RAISE EXCEPTION 'the last use of a key is not taken back' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER key_only_ends BEFORE UPDATE OR DELETE ON api_key FOR EACH ROW EXECUTE FUNCTION sluice_key_only_ends();

REVOKE EXECUTE ON FUNCTION sluice_key_begins(), sluice_key_only_ends() FROM PUBLIC;

-- As before (migration 0021), with what the API needs to let a key in: its networks, its family, and whether its use is to be noted.
GRANT sluice_fn_signin TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin;
DROP FUNCTION sluice_resolve_api_key(bytea);
CREATE FUNCTION sluice_resolve_api_key(hash bytea)
  RETURNS TABLE (key_id uuid, tenant_id uuid, owner_person_id uuid, scopes text[], mode text, roles text[], defined jsonb,
    family_id uuid, allowed_networks text[], use_is_due boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT k.id, k.tenant_id, k.owner_person_id, k.scopes, w.mode, m.roles, public.sluice_defined_roles(m.tenant_id, m.roles),
    k.family_id, k.allowed_networks, (k.last_used_at IS NULL OR k.last_used_at <= now() - interval '1 minute')
  FROM public.api_key k
  JOIN public.person p ON p.id = k.owner_person_id AND p.disabled_at IS NULL
  JOIN public.membership m ON m.tenant_id = k.tenant_id AND m.person_id = k.owner_person_id AND m.disabled_at IS NULL
  JOIN public.workspace w ON w.tenant_id = k.tenant_id
  WHERE k.token_hash = hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;
ALTER FUNCTION sluice_resolve_api_key(bytea) OWNER TO sluice_fn_signin;
REVOKE EXECUTE ON FUNCTION sluice_resolve_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_resolve_api_key(bytea) TO sluice_api;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin;
REVOKE sluice_fn_signin FROM CURRENT_USER;
