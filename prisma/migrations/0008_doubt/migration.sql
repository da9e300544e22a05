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

-- The same word with a higher rank changes the rank of an item and nothing else: what comes later is compared with it (R6).
INSERT INTO item_edge VALUES ('paid', 'paid', false, NULL, NULL, NULL), ('failed', 'failed', false, NULL, NULL, NULL), ('returned', 'returned', false, NULL, NULL, NULL);

-- ── Doubt ends with two people ─────────────────────────────────────────────────────────────────
CREATE TABLE exception_comment (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  exception_id uuid NOT NULL,
  actor jsonb NOT NULL,
  body text NOT NULL,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, exception_id) REFERENCES exception (tenant_id, id)
);
CREATE INDEX exception_comment_tenant_id_exception_id_idx ON exception_comment (tenant_id, exception_id);

CREATE TABLE proposal (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  exception_id uuid NOT NULL,
  batch_id uuid,
  choice text NOT NULL,
  state text NOT NULL CHECK (state IN ('proposed', 'confirmed', 'applied', 'refused', 'withdrawn')),
  reason text NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  item_count integer NOT NULL CHECK (item_count BETWEEN 0 AND 10000),
  total bigint NOT NULL,
  proposed_by uuid NOT NULL,
  problem text,
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ended_at timestamptz(6),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, exception_id) REFERENCES exception (tenant_id, id)
);
CREATE INDEX proposal_tenant_id_exception_id_idx ON proposal (tenant_id, exception_id);
CREATE INDEX proposal_waiting ON proposal (tenant_id) WHERE state = 'confirmed';

CREATE TABLE proposal_item (
  tenant_id uuid NOT NULL,
  proposal_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  ordinal integer NOT NULL,
  amount bigint NOT NULL,
  provider_reference text,
  PRIMARY KEY (tenant_id, proposal_id, ordinal),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposal (tenant_id, id)
);
CREATE INDEX proposal_item_tenant_id_batch_id_ordinal_idx ON proposal_item (tenant_id, batch_id, ordinal);

CREATE TABLE proposal_challenge (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  proposal_id uuid NOT NULL,
  person_id uuid NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  expires_at timestamptz(6) NOT NULL,
  used_at timestamptz(6),
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposal (tenant_id, id)
);
CREATE INDEX proposal_challenge_tenant_id_proposal_id_idx ON proposal_challenge (tenant_id, proposal_id);

CREATE TABLE proposal_confirmation (
  tenant_id uuid NOT NULL,
  proposal_id uuid NOT NULL,
  person_id uuid NOT NULL,
  challenge_id uuid NOT NULL,
  factor_id uuid NOT NULL,
  time_step bigint NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  event_id uuid NOT NULL,
  -- As of a gate (docs/adr/0039): who can only write SQL confirms nothing.
  authenticator bytea NOT NULL CHECK (length(authenticator) = 32),
  created_at timestamptz(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (tenant_id, proposal_id),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposal (tenant_id, id),
  FOREIGN KEY (tenant_id, challenge_id) REFERENCES proposal_challenge (tenant_id, id)
);
CREATE UNIQUE INDEX proposal_confirmation_tenant_id_challenge_id_key ON proposal_confirmation (tenant_id, challenge_id);

SELECT sluice_own_by_tenant('exception_comment'), sluice_own_by_tenant('proposal'), sluice_own_by_tenant('proposal_item'),
  sluice_own_by_tenant('proposal_challenge'), sluice_own_by_tenant('proposal_confirmation');
SELECT sluice_make_append_only('exception_comment'), sluice_make_append_only('proposal_item'), sluice_make_append_only('proposal_confirmation');

-- The database asks once more what the operation has asked: a second person, neither of the two a preparer, a used challenge of that
-- person for this content, and a code of that person's own factor.
CREATE FUNCTION sluice_proposal_confirmed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.proposal p WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.proposal_id AND p.state = 'proposed' AND p.digest = NEW.digest) THEN
    RAISE EXCEPTION 'a confirmation is of a proposal that waits for one, with its digest' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT FROM public.membership m JOIN public.person p ON p.id = m.person_id AND p.disabled_at IS NULL
      WHERE m.tenant_id = NEW.tenant_id AND m.person_id = NEW.person_id AND m.disabled_at IS NULL AND m.role IN ('approver', 'authorizer', 'admin')) THEN
    RAISE EXCEPTION 'the second person holds exceptions.confirm in this workspace' USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT FROM public.proposal p WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.proposal_id AND p.proposed_by = NEW.person_id) THEN
    RAISE EXCEPTION 'who proposed does not confirm' USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT FROM public.proposal p JOIN public.batch_preparer b ON b.tenant_id = p.tenant_id AND b.batch_id = p.batch_id
      WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.proposal_id AND b.person_id IN (NEW.person_id, p.proposed_by)) THEN
    RAISE EXCEPTION 'a preparer settles no doubt about the batch' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT FROM public.proposal_challenge c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.challenge_id AND c.proposal_id = NEW.proposal_id
      AND c.person_id = NEW.person_id AND c.digest = NEW.digest AND c.used_at IS NOT NULL AND c.expires_at > now()) THEN
    RAISE EXCEPTION 'a confirmation needs its own used challenge' USING ERRCODE = 'check_violation';
  END IF;
  -- The step is of now (RFC 6238, one step to either side), and this transaction consumed it: the factor's row is its own.
  IF abs(NEW.time_step - floor(extract(epoch FROM now()) / 30)) > 1 OR NOT EXISTS (SELECT FROM public.factor f
      WHERE f.id = NEW.factor_id AND f.person_id = NEW.person_id AND f.last_step = NEW.time_step AND pg_current_xact_id()::xid = f.xmin) THEN
    RAISE EXCEPTION 'a confirmation needs a used code of the person''s own factor' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER proposal_confirmed BEFORE INSERT ON proposal_confirmation FOR EACH ROW EXECUTE FUNCTION sluice_proposal_confirmed();

-- Only what moves nothing is confirmed by its proposer alone.
CREATE FUNCTION sluice_proposal_moves() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.state, NEW.state) NOT IN (('proposed', 'confirmed'), ('proposed', 'withdrawn'), ('confirmed', 'applied'), ('confirmed', 'refused')) THEN
    RAISE EXCEPTION 'a proposal does not move from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state IN ('confirmed', 'applied') AND NEW.choice NOT IN ('looked_into', 'keep_asking') AND NOT EXISTS (
      SELECT FROM public.proposal_confirmation c WHERE c.tenant_id = NEW.tenant_id AND c.proposal_id = NEW.id AND c.digest = NEW.digest) THEN
    RAISE EXCEPTION 'a proposal is confirmed by a second person' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = 'confirmed' THEN PERFORM pg_notify('sluice_inbound', ''); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER proposal_moves BEFORE INSERT OR UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION sluice_proposal_moves();

CREATE FUNCTION sluice_proposal_challenge_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.used_at IS NOT NULL THEN RAISE EXCEPTION 'a challenge is used once' USING ERRCODE = 'check_violation'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER proposal_challenge_once BEFORE UPDATE ON proposal_challenge FOR EACH ROW EXECUTE FUNCTION sluice_proposal_challenge_once();

REVOKE EXECUTE ON FUNCTION sluice_proposal_confirmed(), sluice_proposal_moves(), sluice_proposal_challenge_once() FROM PUBLIC;

-- The API takes people's words; the worker carries them out.
GRANT SELECT, INSERT ON exception_comment, proposal, proposal_item, proposal_challenge, proposal_confirmation TO sluice_api;
GRANT UPDATE (state, ended_at) ON proposal TO sluice_api;
GRANT UPDATE (used_at) ON proposal_challenge TO sluice_api;
GRANT SELECT ON proposal, proposal_item, proposal_confirmation TO sluice_worker;
GRANT UPDATE (state, ended_at, problem) ON proposal TO sluice_worker;
CREATE POLICY api_proposes ON proposal AS RESTRICTIVE FOR INSERT TO sluice_api WITH CHECK (state IN ('proposed', 'confirmed'));
CREATE POLICY api_confirms ON proposal AS RESTRICTIVE FOR UPDATE TO sluice_api USING (true) WITH CHECK (state IN ('confirmed', 'withdrawn'));
CREATE POLICY worker_applies ON proposal AS RESTRICTIVE FOR UPDATE TO sluice_worker USING (true) WITH CHECK (state IN ('applied', 'refused'));

-- Discarding parked evidence and unreadable deliveries is a decision of people.
GRANT UPDATE (resolved_at) ON parked_evidence TO sluice_api;

-- Workspaces with deliveries to reduce, or confirmed proposals to carry out.
GRANT sluice_fn_inbound TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_inbound;
GRANT SELECT ON proposal TO sluice_fn_inbound;
CREATE POLICY inbound ON proposal FOR SELECT TO sluice_fn_inbound USING (true);
CREATE OR REPLACE FUNCTION sluice_tenants_to_drain() RETURNS TABLE (tenant_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT e.tenant_id FROM public.inbound_event e WHERE e.reduced_at IS NULL AND e.next_at <= now()
  UNION
  SELECT p.tenant_id FROM public.proposal p WHERE p.state = 'confirmed'
$$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_inbound;
REVOKE sluice_fn_inbound FROM CURRENT_USER;

-- Keys of comments, assignments and challenges are forgotten after 30 days too.
GRANT sluice_fn_idempotency TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO sluice_fn_idempotency;
CREATE OR REPLACE FUNCTION sluice_prune_idempotency_keys(most int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH gone AS (
    DELETE FROM public.idempotency_key k
    WHERE k.lease_until < now() - interval '30 days' AND k.ctid = ANY (ARRAY(
      SELECT o.ctid FROM public.idempotency_key o
      WHERE o.lease_until < now() - interval '30 days'
        AND o.route IN ('create_session', 'create_api_key', 'ask_challenge', 'create_payee', 'assign_exception', 'comment_exception', 'ask_proposal_challenge')
      LIMIT most))
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$;
REVOKE CREATE ON SCHEMA public FROM sluice_fn_idempotency;
REVOKE sluice_fn_idempotency FROM CURRENT_USER;
