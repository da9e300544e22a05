-- The rules of a new tenant-owned table, for the migration that creates it:
--
--   CREATE TABLE payee_note (tenant_id uuid NOT NULL, …);
--   SELECT sluice_own_by_tenant('payee_note');       -- every table with tenant_id
--   SELECT sluice_make_append_only('payee_note');    -- a table whose rows never change
--   GRANT SELECT, INSERT ON payee_note TO sluice_api;
--
-- The rules bind the owner of the table too. Rights are granted one by one: each process role gets what it needs (R18).

CREATE FUNCTION sluice_require_tenant_id(owned regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = owned AND attname = 'tenant_id' AND atttypid = 'uuid'::regtype AND attnotnull AND NOT attisdropped
  ) THEN
    RAISE EXCEPTION '% has no column "tenant_id uuid NOT NULL": give it one, or list it in db/global-tables.ts and set no rules of a tenant', owned
      USING ERRCODE = 'undefined_column';
  END IF;
END $$;

-- Row-level security, enabled and forced, and the policy of all tenant-owned tables (migration 0002): rows are read and written by their
-- own tenant only.
CREATE FUNCTION sluice_own_by_tenant(owned regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.sluice_require_tenant_id(owned);
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', owned);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', owned);
  EXECUTE format('CREATE POLICY tenant ON %1$s USING (%2$s) WITH CHECK (%2$s)', owned,
    $own$tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid)$own$);
END $$;

-- The statement trigger of all append-only tables (migration 0002): UPDATE, DELETE and TRUNCATE are refused. This is no overload of the
-- trigger function sluice_append_only(), because migration 0002 looks that one up by its name alone.
CREATE FUNCTION sluice_make_append_only(kept regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.sluice_require_tenant_id(kept);
  EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION public.sluice_append_only()',
    (SELECT relname || '_append_only' FROM pg_class WHERE oid = kept), kept);
END $$;

REVOKE EXECUTE ON FUNCTION sluice_require_tenant_id(regclass), sluice_own_by_tenant(regclass), sluice_make_append_only(regclass) FROM PUBLIC;
