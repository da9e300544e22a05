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

-- The rule of 0005 again: whatever its purpose, a dispatch is of an executing batch; and one that says that something may have left before a
-- restore stands on a recovery that two people have confirmed (0008).
CREATE OR REPLACE FUNCTION sluice_dispatches() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.batch_control c WHERE c.tenant_id = NEW.tenant_id AND c.batch_id = NEW.batch_id AND c.state = 'executing') THEN
    RAISE EXCEPTION 'only an executing batch is dispatched' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.purpose = 'recovery' AND NOT EXISTS (
    SELECT FROM public.proposal p WHERE p.tenant_id = NEW.tenant_id AND p.choice = 'recover' AND p.state IN ('confirmed', 'applied')
  ) THEN
    RAISE EXCEPTION 'a recovery is confirmed by two people before it says that something may have left' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.purpose = 'resend' AND NEW.attempt = 1 OR NEW.purpose = 'first' AND NEW.attempt <> 1 THEN
    RAISE EXCEPTION 'the first dispatch of a chunk is its first attempt' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
