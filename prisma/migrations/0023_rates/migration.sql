-- Counters of requests (docs/adr/0066), as the library that counts names and reads its columns. They belong to no tenant: a network has none,
-- and a key is an HMAC that tells nobody whose it is. Unlogged, because after a crash of Postgres all may count from zero; a count then writes
-- nothing but its page. Room in the pages keeps an update beside its row.
CREATE UNLOGGED TABLE rate_counter (
  key text PRIMARY KEY,
  points integer NOT NULL,
  -- End of the window: ms since 1970 on the clock of the process that began it.
  expire bigint NOT NULL
) WITH (fillfactor = 50);

GRANT SELECT, INSERT, UPDATE (points, expire) ON rate_counter TO sluice_api;

-- The relay deletes windows that ended an hour ago: clocks of processes differ by less. By a function, because it has no right to any table.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
GRANT SELECT, DELETE ON rate_counter TO sluice_fn_idempotency;
CREATE FUNCTION sluice_prune_rate_counters(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.rate_counter c
    WHERE c.expire < (extract(epoch FROM now()) - 3600) * 1000 AND c.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.rate_counter o WHERE o.expire < (extract(epoch FROM now()) - 3600) * 1000 LIMIT most))
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;
ALTER FUNCTION sluice_prune_rate_counters(int) OWNER TO sluice_fn_idempotency;
REVOKE EXECUTE ON FUNCTION sluice_prune_rate_counters(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_prune_rate_counters(int) TO sluice_relay;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_idempotency FROM CURRENT_USER;
