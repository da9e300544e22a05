-- Generations of a workspace's log after the first (docs/adr/0050). A recovery ends one and starts the next, in the archive of checkpoints
-- and here; a database that is behind the archive was given up.
CREATE TABLE log_generation (
  tenant_id uuid NOT NULL,
  generation int NOT NULL CHECK (generation >= 2),
  proposal_id uuid NOT NULL,
  -- How many events of the earlier generations were under a checkpoint that this one goes on from.
  kept_size bigint NOT NULL CHECK (kept_size >= 0),
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (tenant_id, generation),
  UNIQUE (tenant_id, proposal_id),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposal (tenant_id, id) ON UPDATE NO ACTION ON DELETE NO ACTION
);
SELECT sluice_own_by_tenant('log_generation');
SELECT sluice_make_append_only('log_generation');
GRANT SELECT ON log_generation TO sluice_api, sluice_sequencer;
GRANT SELECT, INSERT ON log_generation TO sluice_worker;

-- A generation goes up, and stands on a recovery that two people have confirmed (0008).
CREATE FUNCTION sluice_generations() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM public.log_generation g WHERE g.tenant_id = NEW.tenant_id AND g.generation >= NEW.generation) THEN
    RAISE EXCEPTION 'the generation of a log only goes up' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (
    SELECT FROM public.proposal p
    WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.proposal_id AND p.choice = 'recover' AND p.state IN ('confirmed', 'applied')
  ) THEN
    RAISE EXCEPTION 'a recovery is confirmed by two people before the log gets a new generation' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION sluice_generations() FROM PUBLIC;
CREATE TRIGGER log_generation_rules BEFORE INSERT ON log_generation FOR EACH ROW EXECUTE FUNCTION sluice_generations();

-- The generation that a checkpoint was signed in: it is part of its origin.
ALTER TABLE audit_checkpoint ADD COLUMN generation int NOT NULL DEFAULT 1;

-- The functions of 0003 again, with the generation of each log.
GRANT sluice_fn_sequencer TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_sequencer;
GRANT SELECT ON log_generation TO sluice_fn_sequencer;
CREATE POLICY sequencing ON log_generation FOR SELECT TO sluice_fn_sequencer USING (true);
DROP FUNCTION sluice_tree_heads();
DROP FUNCTION sluice_unpublished_heads();
CREATE FUNCTION sluice_tree_heads() RETURNS TABLE (tenant_id uuid, generation int, size bigint, root bytea, published bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT w.tenant_id, coalesce((SELECT max(g.generation) FROM public.log_generation g WHERE g.tenant_id = w.tenant_id), 1), coalesce(t.size, 0), t.root,
    coalesce((SELECT max(c.size) FROM public.audit_checkpoint c WHERE c.tenant_id = w.tenant_id AND c.published_at IS NOT NULL), 0)
  FROM public.workspace w LEFT JOIN public.audit_tree t USING (tenant_id)
$$;
CREATE FUNCTION sluice_unpublished_heads() RETURNS TABLE (tenant_id uuid, generation int, size bigint, root bytea)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT t.tenant_id, coalesce((SELECT max(g.generation) FROM public.log_generation g WHERE g.tenant_id = t.tenant_id), 1), t.size, t.root
  FROM public.audit_tree t
  WHERE NOT EXISTS (SELECT 1 FROM public.audit_checkpoint c WHERE c.tenant_id = t.tenant_id AND c.size = t.size AND c.published_at IS NOT NULL)
$$;
ALTER FUNCTION sluice_tree_heads() OWNER TO sluice_fn_sequencer;
ALTER FUNCTION sluice_unpublished_heads() OWNER TO sluice_fn_sequencer;
REVOKE EXECUTE ON FUNCTION sluice_tree_heads(), sluice_unpublished_heads() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_tree_heads() TO sluice_api, sluice_worker, sluice_sequencer;
GRANT EXECUTE ON FUNCTION sluice_unpublished_heads() TO sluice_sequencer;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_sequencer;
REVOKE sluice_fn_sequencer FROM CURRENT_USER;
