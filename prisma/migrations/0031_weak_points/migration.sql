-- Factors are sealed to their person; counts of wrong codes and of requests go down by rules alone; events of people cannot be taken away before
-- a log has them; and who may see account numbers holds a permission of its own (docs/adr/0074).

-- ── Factors are sealed to their person ─────────────────────────────────────────────────────────
-- What the secret of a factor is bound to: 1, as until now, the id of the factor; 2, the person too. Factors of before stay as they are, for
-- nobody but a process that has the key could seal them anew. Enrolments that wait begin again, so that a factor sealed to its id alone is one
-- that was confirmed before this migration: a process makes none, because it makes factors that are not confirmed (migration 0028).
DELETE FROM factor WHERE confirmed_at IS NULL;
ALTER TABLE factor ADD COLUMN sealed_place int NOT NULL DEFAULT 1;
ALTER TABLE factor ALTER COLUMN sealed_place SET DEFAULT 2;
ALTER TABLE factor ADD CONSTRAINT factor_sealed_place CHECK (sealed_place = 2 OR (sealed_place = 1 AND confirmed_at IS NOT NULL));

-- ── Wrong codes are counted and forgiven by functions alone ────────────────────────────────────
REVOKE INSERT, UPDATE ON factor_failures FROM sluice_api;

GRANT sluice_fn_signin TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_signin;
GRANT UPDATE (last_step) ON factor TO sluice_fn_signin;
GRANT SELECT, INSERT, UPDATE ON factor_failures TO sluice_fn_signin;
CREATE POLICY signin ON factor_failures TO sluice_fn_signin USING (true) WITH CHECK (true);

-- One more wrong code of the person who acts. The rule is that of domain/lockout.ts, which a test compares: a caller who could choose it could
-- let the locks be short. `failures` is how many there were in a row, and `locked_until` is set when this one locked.
CREATE FUNCTION sluice_count_wrong_code(p_purpose text) RETURNS TABLE (failures int, locked_until timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
  most constant int := 5;
  lengths constant interval[] := ARRAY['1 minute', '5 minutes', '15 minutes', '1 hour', '4 hours', '24 hours']::interval[];
  counted public.factor_failures;
BEGIN
  INSERT INTO public.factor_failures AS c (person_id, purpose, failures) VALUES (NULLIF(current_setting('app.person_id', true), '')::uuid, p_purpose, 1)
  ON CONFLICT (person_id, purpose) DO UPDATE SET
    failures = CASE WHEN c.failures + 1 >= most THEN 0 ELSE c.failures + 1 END,
    locks = CASE WHEN c.failures + 1 >= most THEN c.locks + 1 ELSE c.locks END,
    locked_until = CASE WHEN c.failures + 1 >= most THEN now() + lengths[least(c.locks, cardinality(lengths) - 1) + 1] ELSE c.locked_until END
  RETURNING c.* INTO counted;
  IF counted.failures = 0 THEN RETURN QUERY SELECT most, counted.locked_until;
  ELSE RETURN QUERY SELECT counted.failures, NULL::timestamptz;
  END IF;
END $$;

-- Uses up a time step of a factor of the person who acts: true for exactly one caller. It ends the count of wrong codes for this purpose, and
-- the series of locks when the last one ended a day ago, but only for a step of now (RFC 6238, one to either side): so nothing is forgiven more
-- than once in 30 seconds, and each time at the cost of the code of that step.
CREATE FUNCTION sluice_consume_step(p_factor uuid, p_step bigint, p_purpose text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE who uuid := NULLIF(current_setting('app.person_id', true), '')::uuid;
BEGIN
  UPDATE public.factor f SET last_step = p_step
  WHERE f.id = p_factor AND f.person_id = who AND f.confirmed_at IS NOT NULL AND f.removed_at IS NULL AND f.last_step < p_step;
  IF NOT FOUND THEN RETURN false; END IF;
  IF abs(p_step - floor(extract(epoch FROM now()) / 30)) <= 1 THEN
    UPDATE public.factor_failures c SET failures = 0, locks = CASE WHEN c.locked_until < now() - interval '24 hours' THEN 0 ELSE c.locks END
    WHERE c.person_id = who AND c.purpose = p_purpose;
  END IF;
  RETURN true;
END $$;

-- ── Requests ───────────────────────────────────────────────────────────────────────────────────
-- Until a window is over, by the clock of the database, its count only grows and its end stays, whatever a process writes. One whose clock is
-- ahead begins a window too soon: what it takes is added to the one that is open.
ALTER TABLE rate_counter ADD CONSTRAINT rate_counter_points CHECK (points BETWEEN 0 AND 1000000000);
CREATE FUNCTION sluice_rate_window_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF pg_has_role(current_user, 'sluice_api', 'USAGE') AND OLD.expire > extract(epoch FROM clock_timestamp()) * 1000 THEN
    NEW.points := CASE WHEN NEW.expire = OLD.expire THEN least(greatest(NEW.points, OLD.points), 1000000000)
      ELSE least(OLD.points::bigint + greatest(NEW.points, 0), 1000000000)::int END;
    NEW.expire := OLD.expire;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER rate_window_stays BEFORE UPDATE ON rate_counter FOR EACH ROW EXECUTE FUNCTION sluice_rate_window_stays();

-- ── Events of people ───────────────────────────────────────────────────────────────────────────
-- A process adds them and reads none; whoever delivers them takes them by functions, and ends one that stands in every log of its person.
ALTER TABLE person_event ENABLE ROW LEVEL SECURITY;
REVOKE SELECT, DELETE ON person_event FROM sluice_api;
CREATE POLICY adds ON person_event FOR INSERT TO sluice_api WITH CHECK (true);
CREATE POLICY signin ON person_event TO sluice_fn_signin USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON person_event TO sluice_fn_signin;
CREATE POLICY signin ON audit_event FOR SELECT TO sluice_fn_signin USING (true);

CREATE FUNCTION sluice_next_person_events(most int) RETURNS SETOF person_event LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT * FROM public.person_event e ORDER BY e.id LIMIT most
$$;

-- Ends an event that this transaction wrote into the log of every workspace of its person but the one that had it. False: it has not, or there
-- is no such event.
CREATE FUNCTION sluice_person_event_delivered(p_id uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.person_event e WHERE e.id = p_id AND NOT EXISTS (
      SELECT FROM public.membership m WHERE m.person_id = e.person_id AND m.disabled_at IS NULL AND m.tenant_id IS DISTINCT FROM e.written_in
        AND NOT EXISTS (SELECT FROM public.audit_event a
          WHERE a.tenant_id = m.tenant_id AND a.subject_type = 'person' AND a.subject_id = e.person_id::text AND a.action = e.action
            AND a.result = e.result AND a.request_id = e.request_id AND a.detail = e.detail AND a.xmin = pg_current_xact_id()::xid))
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM gone)
$$;

CREATE FUNCTION sluice_person_events_waiting() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT count(*) FROM public.person_event
$$;

REVOKE EXECUTE ON FUNCTION sluice_count_wrong_code(text), sluice_consume_step(uuid, bigint, text), sluice_rate_window_stays(),
  sluice_next_person_events(int), sluice_person_event_delivered(uuid), sluice_person_events_waiting() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sluice_count_wrong_code(text), sluice_consume_step(uuid, bigint, text), sluice_next_person_events(int),
  sluice_person_event_delivered(uuid), sluice_person_events_waiting() TO sluice_api;
ALTER FUNCTION sluice_count_wrong_code(text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_consume_step(uuid, bigint, text) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_next_person_events(int) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_person_event_delivered(uuid) OWNER TO sluice_fn_signin;
ALTER FUNCTION sluice_person_events_waiting() OWNER TO sluice_fn_signin;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_signin;
REVOKE sluice_fn_signin FROM CURRENT_USER;

-- ── Who sees account numbers ───────────────────────────────────────────────────────────────────
INSERT INTO role_permission (role, permission) VALUES ('owner', 'payees.reveal'), ('admin', 'payees.reveal'), ('auditor', 'payees.reveal');
