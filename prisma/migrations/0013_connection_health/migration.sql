-- A connection that does not answer (docs/adr/0044): a row while it is unavailable, none otherwise. All batches of the connection share it.
CREATE TABLE connection_health (
  tenant_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  unavailable_since timestamptz(6) NOT NULL,
  -- Dispatches in a row that nobody answered.
  failures int NOT NULL,
  -- Before this nothing is tried, whatever is heard.
  retry_at timestamptz(6) NOT NULL,
  -- When a look-up was answered since the last failure: then one chunk may try.
  heard_at timestamptz(6),
  CONSTRAINT connection_health_pkey PRIMARY KEY (tenant_id, connection_id),
  CONSTRAINT connection_health_tenant_id_connection_id_fkey FOREIGN KEY (tenant_id, connection_id) REFERENCES rail_connection (tenant_id, id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
SELECT sluice_own_by_tenant('connection_health');
GRANT SELECT, INSERT, UPDATE, DELETE ON connection_health TO sluice_worker;
GRANT SELECT ON connection_health TO sluice_api;
