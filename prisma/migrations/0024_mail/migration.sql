-- Letters to people (docs/adr/0067). A letter commits with what it tells of, and the relay sends it afterwards, at least once. People belong
-- to no tenant, and neither do letters to them. What a letter says and to whom is sealed under a key that no role has. No process may touch
-- the table: the API adds a letter by a function, the relay takes letters by others.
CREATE TABLE mail_message (
  id uuid NOT NULL,
  template text NOT NULL,
  -- Erased when the letter is given up: then nobody needs to open it any more.
  sealed bytea,
  request_id text NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  -- Nothing is sent after this.
  expires_at timestamptz(6) NOT NULL,
  dead_at timestamptz(6),
  problem text,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT mail_message_pkey PRIMARY KEY (id),
  CONSTRAINT mail_message_erased CHECK ((sealed IS NULL) = (dead_at IS NOT NULL))
);
CREATE INDEX mail_message_next_at_idx ON mail_message (next_at);

DO $$
BEGIN
  CREATE ROLE sluice_fn_mail NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT sluice_fn_mail TO CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA public TO sluice_fn_mail;
GRANT SELECT, INSERT, UPDATE, DELETE ON mail_message TO sluice_fn_mail;

CREATE FUNCTION sluice_write_mail(p_id uuid, p_template text, p_sealed bytea, p_request text, p_lifetime interval) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO public.mail_message (id, template, sealed, request_id, expires_at) VALUES (p_id, p_template, p_sealed, p_request, now() + p_lifetime)
$$;
CREATE FUNCTION sluice_claim_mail(most int, lease interval)
  RETURNS TABLE (id uuid, template text, sealed bytea, request_id text, attempts int, created_at timestamptz, expired boolean)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.mail_message m SET attempts = m.attempts + 1, next_at = now() + lease
  FROM (SELECT c.id FROM public.mail_message c WHERE c.next_at <= now() AND c.dead_at IS NULL ORDER BY c.next_at LIMIT most FOR UPDATE SKIP LOCKED) due
  WHERE m.id = due.id
  RETURNING m.id, m.template, m.sealed, m.request_id, m.attempts, m.created_at, m.expires_at <= now()
$$;
CREATE FUNCTION sluice_mail_sent(p_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  DELETE FROM public.mail_message WHERE id = p_id
$$;
-- Only the newest claim says what became of a letter: one that came too late would kill a letter that another process is sending.
CREATE FUNCTION sluice_mail_not_sent(p_id uuid, p_attempts int, p_problem text, p_again interval, p_dead boolean) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE public.mail_message SET next_at = now() + p_again, problem = p_problem,
    dead_at = CASE WHEN p_dead THEN now() END, sealed = CASE WHEN p_dead THEN NULL ELSE sealed END
  WHERE id = p_id AND attempts = p_attempts AND dead_at IS NULL
$$;
CREATE FUNCTION sluice_mail_backlog() RETURNS TABLE (waiting bigint, dead bigint, oldest_seconds double precision)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT count(*) FILTER (WHERE dead_at IS NULL), count(*) FILTER (WHERE dead_at IS NOT NULL),
    coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE dead_at IS NULL)), 0)::double precision FROM public.mail_message
$$;
-- Letters that were given up say for 30 days why.
CREATE FUNCTION sluice_forget_mail(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.mail_message m WHERE m.id IN (
      SELECT o.id FROM public.mail_message o WHERE o.dead_at < now() - interval '30 days' LIMIT most FOR UPDATE SKIP LOCKED)
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;
ALTER FUNCTION sluice_write_mail(uuid, text, bytea, text, interval) OWNER TO sluice_fn_mail;
ALTER FUNCTION sluice_claim_mail(int, interval) OWNER TO sluice_fn_mail;
ALTER FUNCTION sluice_mail_sent(uuid) OWNER TO sluice_fn_mail;
ALTER FUNCTION sluice_mail_not_sent(uuid, int, text, interval, boolean) OWNER TO sluice_fn_mail;
ALTER FUNCTION sluice_mail_backlog() OWNER TO sluice_fn_mail;
ALTER FUNCTION sluice_forget_mail(int) OWNER TO sluice_fn_mail;
REVOKE EXECUTE ON FUNCTION sluice_write_mail(uuid, text, bytea, text, interval), sluice_claim_mail(int, interval), sluice_mail_sent(uuid),
  sluice_mail_not_sent(uuid, int, text, interval, boolean), sluice_mail_backlog(), sluice_forget_mail(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_write_mail(uuid, text, bytea, text, interval) TO sluice_api;
GRANT EXECUTE ON FUNCTION sluice_claim_mail(int, interval), sluice_mail_sent(uuid), sluice_mail_not_sent(uuid, int, text, interval, boolean),
  sluice_mail_backlog(), sluice_forget_mail(int) TO sluice_relay;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_mail;
REVOKE sluice_fn_mail FROM CURRENT_USER;
