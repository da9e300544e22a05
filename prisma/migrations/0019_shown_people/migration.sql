-- Repeats inside one batch are shown to whoever opens a gate, and the key of a destination belongs to it (docs/adr/0055).

-- Items that equal an earlier one of the same batch in payee, amount and reference.
ALTER TABLE batch_facts ADD COLUMN repeated_within int NOT NULL DEFAULT 0;

-- The key of a destination names a destination, and comes with it: a row for one that was there before would say that another key brought
-- it. Asked once for all rows of a statement (docs/adr/0051). The worker's rows are those of a file: its person and its key together.
CREATE FUNCTION sluice_keys_name_destinations() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM arrived n WHERE NOT EXISTS (
      SELECT FROM public.payee_destination d WHERE d.tenant_id = n.tenant_id AND d.id = n.destination_id AND d.created_at = now() OFFSET 0))
  THEN RAISE EXCEPTION 'a key names a destination that is absent, or was there before' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF pg_has_role(current_user, 'sluice_worker', 'USAGE') AND EXISTS (
      SELECT FROM arrived n CROSS JOIN LATERAL (
        SELECT d.created_by FROM public.payee_destination d WHERE d.tenant_id = n.tenant_id AND d.id = n.destination_id LIMIT 1) d
      WHERE (n.api_key_id, coalesce(d.created_by, '00000000-0000-0000-0000-000000000000')) NOT IN (
        SELECT u.api_key_id, coalesce(u.person_id, '00000000-0000-0000-0000-000000000000') FROM public.upload u
        WHERE u.ended_at IS NULL AND u.api_key_id IS NOT NULL))
  THEN RAISE EXCEPTION 'a key and the person of its destination are not those of one file' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION sluice_keys_name_destinations() FROM PUBLIC;
CREATE TRIGGER key_names_destination AFTER INSERT ON payee_destination_key REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT
  EXECUTE FUNCTION sluice_keys_name_destinations();
