-- Machine calls that change something are signed (docs/adr/0069).

-- ── Keys that sign the calls of an API key ─────────────────────────────────────────────────────
CREATE TABLE signing_key (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  algorithm text NOT NULL CHECK (algorithm IN ('hmac-sha256', 'ed25519')),
  -- Of ed25519: the 32 bytes of RFC 8032.
  public_key bytea CHECK (length(public_key) = 32),
  -- Of hmac-sha256: the secret, sealed under the workspace's key of signing keys (R21).
  sealed_secret bytea,
  created_by uuid NOT NULL,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  revoked_at timestamptz(6),
  CONSTRAINT signing_key_material CHECK ((algorithm = 'ed25519') = (public_key IS NOT NULL) AND (algorithm = 'hmac-sha256') = (sealed_secret IS NOT NULL)),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
CREATE INDEX signing_key_tenant_id_api_key_id_idx ON signing_key (tenant_id, api_key_id);
SELECT sluice_own_by_tenant('signing_key');
GRANT SELECT, INSERT ON signing_key TO sluice_api;
GRANT UPDATE (revoked_at) ON signing_key TO sluice_api;

-- A revoked key stays revoked, and is revoked with its API key, whichever way that ends.
CREATE FUNCTION sluice_signing_key_stays_revoked() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  RAISE EXCEPTION 'a revoked signing key stays revoked' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER signing_key_stays_revoked BEFORE UPDATE ON signing_key FOR EACH ROW
  WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) EXECUTE FUNCTION sluice_signing_key_stays_revoked();
CREATE FUNCTION sluice_revoke_signing_keys() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  UPDATE public.signing_key SET revoked_at = NEW.revoked_at WHERE tenant_id = NEW.tenant_id AND api_key_id = NEW.id AND revoked_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER api_key_revokes_signing_keys AFTER UPDATE OF revoked_at ON api_key FOR EACH ROW
  WHEN (NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION sluice_revoke_signing_keys();

-- ── Nonces that were used. The primary key decides which of several requests uses one ──────────
CREATE TABLE signature_nonce (
  tenant_id uuid NOT NULL,
  signing_key_id uuid NOT NULL,
  nonce text NOT NULL CHECK (length(nonce) BETWEEN 16 AND 128),
  -- From then on the window of its signature is over, and the row of no use.
  expires_at timestamptz(6) NOT NULL,
  PRIMARY KEY (tenant_id, signing_key_id, nonce),
  FOREIGN KEY (tenant_id, signing_key_id) REFERENCES signing_key (tenant_id, id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
CREATE INDEX signature_nonce_expires_at_idx ON signature_nonce (expires_at);
SELECT sluice_own_by_tenant('signature_nonce');
GRANT SELECT, INSERT ON signature_nonce TO sluice_api;

GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
GRANT SELECT, DELETE ON signature_nonce TO sluice_fn_idempotency;
CREATE POLICY pruning ON signature_nonce TO sluice_fn_idempotency USING (true);
-- Forgets up to `most` nonces of all workspaces whose signatures no request can use any more.
CREATE FUNCTION sluice_prune_signature_nonces(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.signature_nonce n WHERE n.expires_at < now() AND n.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.signature_nonce o WHERE o.expires_at < now() ORDER BY o.expires_at LIMIT most))
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;
ALTER FUNCTION sluice_prune_signature_nonces(int) OWNER TO sluice_fn_idempotency;
REVOKE EXECUTE ON FUNCTION sluice_prune_signature_nonces(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_prune_signature_nonces(int) TO sluice_relay;

-- Idempotency keys of the routes about signing are forgotten after 30 days too. The list is added to as it stands, whoever wrote it last.
DO $do$
DECLARE
  body text := (SELECT prosrc FROM pg_proc WHERE oid = 'public.sluice_prune_idempotency_keys(int)'::regprocedure);
  more text := replace(body, $$('create_session',$$, $$('create_signing_key', 'require_signing', 'allow_unsigned', 'create_session',$$);
BEGIN
  IF more = body THEN RAISE EXCEPTION 'sluice_prune_idempotency_keys names its routes in another way'; END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION public.sluice_prune_idempotency_keys(most int) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS %L', more);
END $do$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_idempotency FROM CURRENT_USER;

-- ── Workspaces whose machine calls have to be signed ───────────────────────────────────────────
-- Since when; null where they need not be. Workspaces of before are left as they are.
ALTER TABLE workspace ADD COLUMN signing_required_at timestamptz(6);
GRANT UPDATE (signing_required_at) ON workspace TO sluice_api;

CREATE FUNCTION sluice_sign_on_live() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  NEW.signing_required_at := coalesce(NEW.signing_required_at, now());
  RETURN NEW;
END $$;
CREATE TRIGGER workspace_signs_on_live BEFORE INSERT ON workspace FOR EACH ROW WHEN (NEW.mode = 'live') EXECUTE FUNCTION sluice_sign_on_live();

-- Nobody takes it back from a live workspace, the owner of the tables by disabling this trigger alone.
CREATE FUNCTION sluice_signing_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  RAISE EXCEPTION 'a live workspace that asks for signatures goes on asking for them' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER workspace_signing_stays BEFORE UPDATE ON workspace FOR EACH ROW
  WHEN (OLD.mode = 'live' AND OLD.signing_required_at IS NOT NULL AND NEW.signing_required_at IS NULL) EXECUTE FUNCTION sluice_signing_stays();

REVOKE EXECUTE ON FUNCTION sluice_signing_key_stays_revoked(), sluice_revoke_signing_keys(), sluice_sign_on_live(), sluice_signing_stays() FROM PUBLIC;
