import pg from 'pg';

/** What the provider's own books say, as `GET /books` returns it, and each accepted payment. */
export interface ProviderBooks {
  duplicates: number;
  payments: { key: string; amount: bigint; currency: string; status: string }[];
}

/**
 * Reads our books and the provider's and says which of the invariants I1–I5 and I7 do not hold, one line each; an
 * empty list means that all do. Reads as the owner, under one tenant after the other, from the rows themselves.
 */
export const brokenInvariants = async (ownerUrl: string, tenantIds: readonly string[], books: ProviderBooks): Promise<string[]> => {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  const problems: string[] = [];
  const ours = new Map<string, { state: string; amount: string }>();
  try {
    for (const tenantId of tenantIds) {
      await client.query('BEGIN READ ONLY');
      await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]);
      for (const { name, sql } of CHECKS) {
        const { rows } = await client.query(sql);
        if (rows.length > 0) problems.push(`${name}: ${JSON.stringify(rows.slice(0, 3))}${rows.length > 3 ? ` and ${rows.length - 3} more` : ''}`);
      }
      const { rows: items } = await client.query<{ key: string; state: string; amount: string }>(
        `SELECT 'item_' || replace(batch_id::text, '-', '') || lpad(to_hex(ordinal), 8, '0') AS key, state, amount::text FROM item_now`,
      );
      for (const item of items) ours.set(item.key, item);
      await client.query('COMMIT');
    }
  } finally {
    await client.end();
  }
  return [...problems, ...againstProvider(ours, books)];
};

/** Provider's books = ours, to the cent (I1). */
const againstProvider = (ours: ReadonlyMap<string, { state: string; amount: string }>, books: ProviderBooks): string[] => {
  const problems = books.duplicates === 0 ? [] : [`I1: ${books.duplicates} payments were accepted more than once`];
  const seen = new Set<string>();
  for (const payment of books.payments) {
    const item = ours.get(payment.key);
    if (seen.has(payment.key)) problems.push(`I1: ${payment.key} stands twice in the provider's books`);
    seen.add(payment.key);
    if (!item) problems.push(`I1: the provider has ${payment.key}, which is no item of ours`);
    else if (item.amount !== payment.amount.toString()) problems.push(`I1: ${payment.key} is ${payment.amount} there and ${item.amount} here`);
    else if (FINAL.has(item.state) && FINAL.has(payment.status) && item.state !== payment.status)
      problems.push(`I1: ${payment.key} is ${payment.status} there and ${item.state} here`);
  }
  for (const [key, item] of ours)
    if ((item.state === 'paid' || item.state === 'returned') && !seen.has(key))
      problems.push(`I1: ${key} is ${item.state} here and unknown to the provider`);
  return problems;
};

const FINAL = new Set(['paid', 'failed', 'returned']);

/** Every step of every item: rows of released versions, and blocks (domain/item/transitions.ts). */
const STEPS = `(SELECT tenant_id, batch_id, ordinal, version, to_state, source, reason, event_id FROM item_transition
  UNION ALL
  SELECT b.tenant_id, b.batch_id, g.ordinal, (s.shape->>0)::int, s.shape->>2, b.body::json->>1, s.shape->>4, b.event_id
  FROM transition_block b, json_array_elements(b.body::json->4) r (run), LATERAL (SELECT b.body::json->3->(r.run->>2)::int AS shape) s,
    generate_series((r.run->>0)::int, (r.run->>0)::int + (r.run->>1)::int - 1) g (ordinal))`;

/** Each query returns the rows that break its invariant. */
const CHECKS = [
  { name: 'I2 balances sum to zero by currency', sql: `SELECT currency, sum(balance)::text AS sum FROM account GROUP BY 1 HAVING sum(balance) <> 0` },
  {
    name: 'I2 each balance is the sum of its transfers',
    sql: `SELECT a.id, a.balance::text FROM account a WHERE a.balance <> coalesce((SELECT sum(amount) FROM transfer t WHERE t.credit_account_id = a.id), 0)
            - coalesce((SELECT sum(amount) FROM transfer t WHERE t.debit_account_id = a.id), 0)`,
  },
  {
    name: 'I2 the hold is the sum of what is open',
    sql: `SELECT h.batch_id, h.remaining::text FROM hold h JOIN batch_control c USING (tenant_id, batch_id)
          WHERE h.content_version = c.content_version AND h.remaining <> CASE WHEN c.state IN ('authorized', 'executing') THEN
            (SELECT coalesce(sum(i.amount), 0) FROM payout_item i WHERE i.batch_id = h.batch_id AND i.state IN ('pending', 'submitting', 'unknown', 'submitted')) ELSE 0 END`,
  },
  {
    name: 'I2 the held account is the sum of the holds',
    sql: `SELECT a.currency, a.balance::text FROM account a WHERE a.kind = 'held'
          AND a.balance <> coalesce((SELECT sum(h.remaining) FROM hold h WHERE h.currency = a.currency), 0)`,
  },
  {
    name: 'I2 what lies in paid out and returns is the sum of the items that are paid and returned',
    sql: `SELECT a.kind, a.currency, a.balance::text FROM account a WHERE a.kind IN ('paid_out', 'returns')
          AND a.balance <> coalesce((SELECT sum(i.amount) FROM payout_item i JOIN payout_batch b ON b.tenant_id = i.tenant_id AND b.id = i.batch_id
            WHERE b.currency = a.currency AND i.state = CASE a.kind WHEN 'paid_out' THEN 'paid' ELSE 'returned' END), 0)`,
  },
  {
    name: 'I3 every transition names an event of its own transaction, and versions have no gaps',
    sql: `SELECT i.batch_id, i.ordinal FROM payout_item i LEFT JOIN ${STEPS} t USING (tenant_id, batch_id, ordinal) LEFT JOIN audit_event e ON e.tenant_id = t.tenant_id AND e.id = t.event_id
          GROUP BY i.tenant_id, i.batch_id, i.ordinal, i.version, i.state
          HAVING count(t.version) <> i.version OR count(e.id) <> i.version OR (i.version > 0 AND (array_agg(t.to_state ORDER BY t.version DESC))[1] <> i.state)`,
  },
  {
    name: 'I3 every transfer and every gate names an audit event',
    sql: `SELECT event_id FROM (SELECT tenant_id, event_id FROM transfer UNION ALL SELECT tenant_id, event_id FROM gate) named
          WHERE NOT EXISTS (SELECT 1 FROM audit_event e WHERE e.tenant_id = named.tenant_id AND e.id = named.event_id)`,
  },
  {
    name: 'I4 nothing was sent without three people, none of them the preparer of what they approved',
    sql: `SELECT a.batch_id FROM dispatch a JOIN batch_control c USING (tenant_id, batch_id) JOIN batch_content b USING (tenant_id, batch_id, content_version)
          WHERE a.purpose <> 'recovery' AND (SELECT count(DISTINCT g.person_id) FROM gate g WHERE g.batch_id = a.batch_id AND g.content_version = c.content_version AND g.digest = b.digest AND g.opened_at <= a.created_at) <> 3
          UNION SELECT g.batch_id FROM gate g JOIN batch_preparer p USING (tenant_id, batch_id, person_id) WHERE g.gate <> 'execute'`,
  },
  {
    name: 'I5 nothing failed but by a word of the provider, or of two people',
    sql: `SELECT batch_id, ordinal, source, reason FROM ${STEPS} t WHERE to_state = 'failed' AND source NOT IN ('answer', 'webhook', 'lookup')
          AND NOT (source = 'person' AND EXISTS (
            SELECT 1 FROM proposal_item i JOIN proposal p ON p.tenant_id = i.tenant_id AND p.id = i.proposal_id
            JOIN proposal_confirmation c ON c.tenant_id = p.tenant_id AND c.proposal_id = p.id
            WHERE i.batch_id = t.batch_id AND i.ordinal = t.ordinal AND p.state = 'applied' AND p.choice = 'provider_never_got'
              AND c.digest = p.digest AND c.person_id <> p.proposed_by))`,
  },
  {
    name: 'I7 a time step opened at most one gate',
    sql: `SELECT factor_id, time_step::text FROM gate WHERE time_step IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1`,
  },
  {
    name: 'I7 an answer of a passkey opened at most one gate',
    sql: `SELECT factor_id, encode(signature, 'hex') FROM gate WHERE signature IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1`,
  },
  {
    name: 'a batch that ended has nothing open, and its counters are its items',
    sql: `SELECT c.batch_id, c.state FROM batch_control c JOIN batch_counter n USING (tenant_id, batch_id)
          WHERE (c.state IN ('completed', 'failed') AND n.open <> 0)
             OR n.paid <> (SELECT count(*) FROM payout_item i WHERE i.batch_id = c.batch_id AND i.state = 'paid')
             OR n.failed <> (SELECT count(*) FROM payout_item i WHERE i.batch_id = c.batch_id AND i.state = 'failed')
             OR n.returned <> (SELECT count(*) FROM payout_item i WHERE i.batch_id = c.batch_id AND i.state = 'returned')`,
  },
] as const;
