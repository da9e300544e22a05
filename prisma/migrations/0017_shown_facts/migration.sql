-- What people see of accounts and of held payees before they open a gate (docs/adr/0054). Tables of their own: a wider payee or destination
-- is taken for so few rows while it is new that plans of that time read all rows of a workspace (test/db/look-ups.test.ts).

-- Who held a payee and why. `payee.held_at` says which row is the present one; a release leaves it as it is.
CREATE TABLE payee_hold (
  tenant_id uuid NOT NULL,
  payee_id uuid NOT NULL,
  held_at timestamptz(6) NOT NULL,
  person_id uuid,
  api_key_id uuid,
  reason text NOT NULL,
  PRIMARY KEY (tenant_id, payee_id, held_at)
);
SELECT sluice_own_by_tenant('payee_hold');
SELECT sluice_make_append_only('payee_hold');
GRANT SELECT, INSERT ON payee_hold TO sluice_api;
-- Few payees are held, so a gate reads no other payee.
CREATE INDEX payee_held ON payee (tenant_id) WHERE held_at IS NOT NULL;

-- The API key that a version of a destination came with; without one there is no row. Its person is in `payee_destination.created_by`.
CREATE TABLE payee_destination_key (
  tenant_id uuid NOT NULL,
  destination_id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, destination_id)
);
SELECT sluice_own_by_tenant('payee_destination_key');
SELECT sluice_make_append_only('payee_destination_key');
GRANT SELECT, INSERT ON payee_destination_key TO sluice_api;
GRANT INSERT ON payee_destination_key TO sluice_worker;
ALTER TABLE upload ADD COLUMN api_key_id uuid;
-- As with the destinations themselves (migration 0011): what the worker takes in came with the key of its file.
CREATE POLICY worker_takes_in ON payee_destination_key AS RESTRICTIVE FOR INSERT TO sluice_worker
  WITH CHECK (api_key_id IN (SELECT u.api_key_id FROM upload u WHERE u.ended_at IS NULL));

-- Which payees have or had an account: the first 16 bytes of a fingerprint, which are of the account alone. No index of destinations can
-- answer that, because row-level security keeps `substr` out of it. The database writes it with the destination.
CREATE TABLE payee_account (
  tenant_id uuid NOT NULL,
  account bytea NOT NULL,
  payee_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, account, payee_id)
);
SELECT sluice_own_by_tenant('payee_account');
SELECT sluice_make_append_only('payee_account');
GRANT SELECT ON payee_account TO sluice_api, sluice_worker;
GRANT sluice_fn_items TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_items;
GRANT INSERT ON payee_account TO sluice_fn_items;
CREATE FUNCTION sluice_keep_accounts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO public.payee_account (tenant_id, account, payee_id)
  SELECT DISTINCT n.tenant_id, substr(n.fingerprint, 1, 16), n.payee_id FROM arrived n ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
ALTER FUNCTION sluice_keep_accounts() OWNER TO sluice_fn_items;
REVOKE EXECUTE ON FUNCTION sluice_keep_accounts() FROM PUBLIC;
CREATE TRIGGER account_is_kept AFTER INSERT ON payee_destination REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT
  EXECUTE FUNCTION sluice_keep_accounts();
REVOKE CREATE ON SCHEMA public FROM sluice_fn_items;
REVOKE sluice_fn_items FROM CURRENT_USER;

-- Destinations whose payee was not paid there last: in another country than the payee, and of an account that another payee has.
ALTER TABLE batch_facts ADD COLUMN foreign_accounts int NOT NULL DEFAULT 0, ADD COLUMN shared_accounts int NOT NULL DEFAULT 0;
