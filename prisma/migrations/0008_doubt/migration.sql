-- An exception has its items, each once; later ones join the open exception of the same kind and batch (or, without a batch, connection).
ALTER TABLE exception
  ADD COLUMN connection_id uuid,
  ADD COLUMN item_count integer NOT NULL DEFAULT 0,
  ADD COLUMN open_count integer NOT NULL DEFAULT 0,
  ADD COLUMN amount bigint NOT NULL DEFAULT 0,
  ADD COLUMN open_amount bigint NOT NULL DEFAULT 0,
  ADD COLUMN owner_id uuid,
  ADD COLUMN resolution text,
  ADD CONSTRAINT exception_counts CHECK (open_count BETWEEN 0 AND item_count AND open_amount BETWEEN 0 AND amount);

CREATE TABLE exception_item (
  tenant_id uuid NOT NULL,
  exception_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  ordinal integer NOT NULL,
  amount bigint NOT NULL,
  added_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  resolved_at timestamptz(6),
  resolution text,
  PRIMARY KEY (tenant_id, exception_id, ordinal),
  FOREIGN KEY (tenant_id, exception_id) REFERENCES exception (tenant_id, id),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id)
);
CREATE INDEX exception_item_tenant_id_batch_id_ordinal_idx ON exception_item (tenant_id, batch_id, ordinal);
SELECT sluice_own_by_tenant('exception_item');

-- Exceptions of before named up to 100 ordinals in their detail, and several of a kind could be open: the oldest takes the items of all.
-- Row-level security hides all rows from the owner too, so it is lifted for the length of this transaction, in which nobody else gets in.
ALTER TABLE exception NO FORCE ROW LEVEL SECURITY;
ALTER TABLE exception_item NO FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_item NO FORCE ROW LEVEL SECURITY;
UPDATE exception SET connection_id = (detail ->> 'connection_id')::uuid WHERE batch_id IS NULL AND detail ->> 'connection_id' ~ '^[0-9a-f-]{36}$';
INSERT INTO exception_item (tenant_id, exception_id, batch_id, ordinal, amount, added_at)
SELECT DISTINCT ON (e.tenant_id, first.id, i.ordinal) e.tenant_id, first.id, e.batch_id, i.ordinal, i.amount, e.created_at
FROM exception e
CROSS JOIN LATERAL (
  SELECT o.id FROM exception o
  WHERE o.tenant_id = e.tenant_id AND o.kind = e.kind AND o.batch_id = e.batch_id AND o.resolved_at IS NULL ORDER BY o.created_at, o.id LIMIT 1) first
CROSS JOIN LATERAL (
  SELECT e.ordinal UNION SELECT jsonb_array_elements_text(CASE jsonb_typeof(e.detail -> 'ordinals') WHEN 'array' THEN e.detail -> 'ordinals' ELSE '[]' END)::int
) named (ordinal)
JOIN payout_item i ON i.tenant_id = e.tenant_id AND i.batch_id = e.batch_id AND i.ordinal = named.ordinal
WHERE e.resolved_at IS NULL
ORDER BY e.tenant_id, first.id, i.ordinal, e.created_at;
UPDATE exception e SET resolved_at = now(), resolution = 'joined'
WHERE e.resolved_at IS NULL AND EXISTS (
  SELECT FROM exception o
  WHERE o.tenant_id = e.tenant_id AND o.kind = e.kind AND o.batch_id IS NOT DISTINCT FROM e.batch_id AND o.connection_id IS NOT DISTINCT FROM e.connection_id
    AND o.resolved_at IS NULL AND (o.created_at, o.id) < (e.created_at, e.id));
UPDATE exception e SET item_count = s.n, open_count = s.n, amount = s.amount, open_amount = s.amount
FROM (SELECT tenant_id, exception_id, count(*)::int AS n, sum(amount)::bigint AS amount FROM exception_item GROUP BY 1, 2) s
WHERE s.tenant_id = e.tenant_id AND s.exception_id = e.id;
ALTER TABLE exception FORCE ROW LEVEL SECURITY;
ALTER TABLE exception_item FORCE ROW LEVEL SECURITY;
ALTER TABLE payout_item FORCE ROW LEVEL SECURITY;

ALTER TABLE exception DROP COLUMN ordinal;
CREATE UNIQUE INDEX exception_open_idx ON exception (tenant_id, kind, batch_id, connection_id) NULLS NOT DISTINCT WHERE resolved_at IS NULL;

GRANT SELECT, INSERT ON exception_item TO sluice_api, sluice_worker;
GRANT UPDATE (resolved_at, resolution, item_count, open_count, amount, open_amount, owner_id) ON exception TO sluice_api, sluice_worker;
GRANT UPDATE (resolved_at, resolution) ON exception_item TO sluice_api, sluice_worker;

-- How many exceptions of each kind wait for people, in all workspaces.
GRANT sluice_fn_driver TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_driver;
GRANT SELECT ON exception TO sluice_fn_driver;
CREATE POLICY driver ON exception FOR SELECT TO sluice_fn_driver USING (true);
CREATE FUNCTION sluice_open_exceptions() RETURNS TABLE (kind text, open bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT e.kind, count(*) FROM public.exception e WHERE e.resolved_at IS NULL GROUP BY 1
$$;
ALTER FUNCTION sluice_open_exceptions() OWNER TO sluice_fn_driver;
REVOKE EXECUTE ON FUNCTION sluice_open_exceptions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_open_exceptions() TO sluice_api;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_driver;
REVOKE sluice_fn_driver FROM CURRENT_USER;
