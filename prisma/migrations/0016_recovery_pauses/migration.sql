-- A recovery pauses what executes, because pauses and cancels of the lost time are lost too (docs/adr/0053). The worker has no right to
-- pause or resume: it calls this, which pauses an executing batch with open items, under a recovery that two people stand behind.
GRANT sluice_fn_items TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_items;
GRANT UPDATE (paused_at, reason, row_version) ON batch_control TO sluice_fn_items;
GRANT SELECT ON proposal TO sluice_fn_items;

-- Answers whether it paused the batch; one that is paused, or being cancelled, stays as it is.
CREATE FUNCTION sluice_pause_recovered(p_batch uuid, p_reason text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public AS $$
DECLARE
  v_tenant uuid := current_setting('app.tenant_id')::uuid;
BEGIN
  IF NOT EXISTS (SELECT FROM public.proposal p WHERE p.tenant_id = v_tenant AND p.choice = 'recover' AND p.state = 'confirmed') THEN
    RAISE EXCEPTION 'a recovery is confirmed by two people before it pauses a batch' USING ERRCODE = 'check_violation';
  END IF;
  UPDATE public.batch_control c SET paused_at = now(), reason = p_reason, row_version = c.row_version + 1
  WHERE c.tenant_id = v_tenant AND c.batch_id = p_batch AND c.state = 'executing' AND c.paused_at IS NULL AND c.cancelling_at IS NULL
    AND EXISTS (SELECT FROM public.batch_counter n WHERE n.tenant_id = v_tenant AND n.batch_id = p_batch AND n.open > 0);
  RETURN FOUND;
END $$;
ALTER FUNCTION sluice_pause_recovered(uuid, text) OWNER TO sluice_fn_items;
REVOKE EXECUTE ON FUNCTION sluice_pause_recovered(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_pause_recovered(uuid, text) TO sluice_worker;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_items;
REVOKE sluice_fn_items FROM CURRENT_USER;
