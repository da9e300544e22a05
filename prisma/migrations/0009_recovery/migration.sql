-- Batches that a restored database takes for unsent, although the provider has payments of them or could not be asked (R15). When such a
-- batch executes, its chunks are looked up and not sent.
CREATE TABLE recovery_mark (
  tenant_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  proposal_id uuid NOT NULL,
  -- The newest moment that the restored database knows of: bytes may have left at any time since.
  known_until timestamptz(6) NOT NULL,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (tenant_id, batch_id),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
SELECT sluice_own_by_tenant('recovery_mark');
SELECT sluice_make_append_only('recovery_mark');
GRANT SELECT ON recovery_mark TO sluice_api;
GRANT SELECT, INSERT ON recovery_mark TO sluice_worker;

-- Its money may have left, so nobody gives it back before the batch was executed and looked up.
CREATE FUNCTION sluice_marked_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF OLD.state <> 'executing' AND EXISTS (SELECT FROM public.recovery_mark m WHERE m.tenant_id = NEW.tenant_id AND m.batch_id = NEW.batch_id) THEN
    RAISE EXCEPTION 'a batch that may have been paid before a restore is executed and looked up, and not ended otherwise' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION sluice_marked_stays() FROM PUBLIC;
CREATE TRIGGER control_marked_stays BEFORE UPDATE OF state ON batch_control FOR EACH ROW
  WHEN (NEW.state IN ('cancelled', 'rejected', 'expired') AND OLD.state <> NEW.state) EXECUTE FUNCTION sluice_marked_stays();
