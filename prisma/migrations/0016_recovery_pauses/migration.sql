-- A recovery pauses what executes, because pauses and cancels of the lost time are lost too (docs/adr/0053). The worker may pause a batch;
-- people alone let it go on.
GRANT UPDATE (paused_at) ON batch_control TO sluice_worker;

CREATE FUNCTION sluice_pause_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  RAISE EXCEPTION 'a paused batch goes on when a person resumes it' USING ERRCODE = 'check_violation';
END $$;
REVOKE EXECUTE ON FUNCTION sluice_pause_stays() FROM PUBLIC;
CREATE TRIGGER control_pause_stays BEFORE UPDATE OF paused_at ON batch_control FOR EACH ROW
  WHEN (current_user = 'sluice_worker' AND OLD.paused_at IS NOT NULL AND NEW.paused_at IS DISTINCT FROM OLD.paused_at)
  EXECUTE FUNCTION sluice_pause_stays();
