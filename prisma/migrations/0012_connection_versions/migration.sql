-- Settings of a rail connection are versions that never change (R4, R10): a change is a new row, and a batch pays, asks and sends again
-- through the version that its digest binds. Credentials stay in rail_connection, because a rotated key leads to the same account.
CREATE TABLE rail_connection_version (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  settings jsonb NOT NULL,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (tenant_id, connection_id, version),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES rail_connection (tenant_id, id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
SELECT sluice_own_by_tenant('rail_connection_version');

-- The settings of before are version 1. Row-level security hides all rows from the owner too, so it is lifted for the length of this
-- transaction, in which nobody else gets in.
ALTER TABLE rail_connection NO FORCE ROW LEVEL SECURITY;
ALTER TABLE rail_connection_version NO FORCE ROW LEVEL SECURITY;
INSERT INTO rail_connection_version (tenant_id, connection_id, version, settings, created_at)
  SELECT tenant_id, id, 1, settings, created_at FROM rail_connection;
ALTER TABLE rail_connection FORCE ROW LEVEL SECURITY;
ALTER TABLE rail_connection_version FORCE ROW LEVEL SECURITY;
SELECT sluice_make_append_only('rail_connection_version');
ALTER TABLE rail_connection DROP COLUMN settings;
GRANT SELECT ON rail_connection_version TO sluice_api, sluice_worker;

-- Null in batches of before, whose digest does not bind it: they pay through version 1.
ALTER TABLE payout_batch
  ADD COLUMN connection_version integer,
  ADD COLUMN connection_settings bytea CHECK (octet_length(connection_settings) = 32),
  ADD CONSTRAINT batch_connection_version CHECK ((connection_version IS NULL) = (connection_settings IS NULL)),
  ADD FOREIGN KEY (tenant_id, connection_id, connection_version)
    REFERENCES rail_connection_version (tenant_id, connection_id, version) ON UPDATE NO ACTION ON DELETE NO ACTION;

-- A disabled connection sends nothing new, but its webhooks are taken in for as long as it exists: a paid item can return at any time.
GRANT sluice_fn_inbound TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_inbound;
CREATE OR REPLACE FUNCTION sluice_tenant_of_connection(connection uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT c.tenant_id FROM public.rail_connection c WHERE c.id = connection
$$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_inbound;
REVOKE sluice_fn_inbound FROM CURRENT_USER;
