-- What an item and a destination name is there, asked once for all rows of a statement (docs/adr/0051). A foreign key asks for each row and
-- locks what it finds, which was a third of what it cost Postgres to take a row of a file in.
CREATE FUNCTION sluice_row_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'a row of % is never deleted, and keeps its id', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
REVOKE EXECUTE ON FUNCTION sluice_row_stays() FROM PUBLIC;
CREATE TRIGGER workspace_stays BEFORE DELETE OR TRUNCATE OR UPDATE OF tenant_id ON workspace
  FOR EACH STATEMENT EXECUTE FUNCTION sluice_row_stays();
CREATE TRIGGER payee_stays BEFORE DELETE OR TRUNCATE OR UPDATE OF tenant_id, id ON payee
  FOR EACH STATEMENT EXECUTE FUNCTION sluice_row_stays();
CREATE TRIGGER payee_destination_stays BEFORE DELETE OR TRUNCATE OR UPDATE OF tenant_id, id, payee_id ON payee_destination
  FOR EACH STATEMENT EXECUTE FUNCTION sluice_row_stays();
CREATE TRIGGER payout_batch_stays BEFORE DELETE OR TRUNCATE OR UPDATE OF tenant_id, id ON payout_batch
  FOR EACH STATEMENT EXECUTE FUNCTION sluice_row_stays();

-- An item names a batch, a payee and a destination of that payee, all of its own workspace.
CREATE FUNCTION sluice_items_name_rows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT a.tenant_id, a.batch_id FROM arrived a) n WHERE NOT EXISTS (
      SELECT FROM public.payout_batch b WHERE b.tenant_id = n.tenant_id AND b.id = n.batch_id))
    OR EXISTS (SELECT FROM arrived n WHERE NOT EXISTS (
      SELECT FROM public.payee_destination d WHERE d.tenant_id = n.tenant_id AND d.id = n.destination_id AND d.payee_id = n.payee_id OFFSET 0))
  THEN RAISE EXCEPTION 'an item names a batch, or a destination of its payee, that is absent' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION sluice_items_name_rows() FROM PUBLIC;
CREATE TRIGGER item_names_rows AFTER INSERT ON payout_item REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION sluice_items_name_rows();
ALTER TABLE payout_item DROP CONSTRAINT payout_item_tenant_id_batch_id_fkey, DROP CONSTRAINT payout_item_tenant_id_destination_id_fkey;

-- A payee belongs to a workspace, and a destination to a payee.
CREATE FUNCTION sluice_payees_name_workspaces() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT a.tenant_id FROM arrived a) n WHERE NOT EXISTS (
      SELECT FROM public.workspace w WHERE w.tenant_id = n.tenant_id))
  THEN RAISE EXCEPTION 'a payee names a workspace that is absent' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION sluice_payees_name_workspaces() FROM PUBLIC;
CREATE TRIGGER payee_names_workspace AFTER INSERT ON payee REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT
  EXECUTE FUNCTION sluice_payees_name_workspaces();
ALTER TABLE payee DROP CONSTRAINT payee_tenant_id_fkey;

CREATE FUNCTION sluice_destinations_name_payees() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM arrived n WHERE NOT EXISTS (
      SELECT FROM public.payee p WHERE p.tenant_id = n.tenant_id AND p.id = n.payee_id OFFSET 0))
  THEN RAISE EXCEPTION 'a destination names a payee that is absent' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION sluice_destinations_name_payees() FROM PUBLIC;
CREATE TRIGGER destination_names_payee AFTER INSERT ON payee_destination REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT
  EXECUTE FUNCTION sluice_destinations_name_payees();
ALTER TABLE payee_destination DROP CONSTRAINT payee_destination_tenant_id_payee_id_fkey;

-- No statement looks for a fingerprint: the versions of one payee are compared by it.
DROP INDEX payee_destination_tenant_id_fingerprint_idx;
