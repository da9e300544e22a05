import { EXCEPTION_KINDS } from '../domain/exceptions.js';
import type { RowReader } from './deps.js';

interface Value {
  value: unknown;
}

export interface BooksProbe {
  name: string;
  help: string;
  labels?: readonly string[];
  read: () => Promise<{ labels?: Record<string, string>; value: number }[]>;
}

/** Metrics that each scrape reads from the database: a counter that a process keeps would miss what other processes did. */
export const booksProbes = (sql: RowReader): BooksProbe[] => [
  {
    name: 'sluice_released_without_second_factor_total',
    help: 'Payments that were sent without three gates of three people on what was sent. Must be 0.',
    read: async () => single(await sql.rows<Value>('function')`SELECT sluice_released_without_second_factor() AS value`),
  },
  {
    name: 'sluice_exceptions_open',
    help: 'Exceptions that wait for people, by kind',
    labels: ['kind'],
    read: async () => {
      const rows = await sql.rows<{ kind: string; open: unknown }>('function')`SELECT kind, open FROM sluice_open_exceptions()`;
      const open = new Map(rows.map((row) => [row.kind, Number(row.open)]));
      return Object.keys(EXCEPTION_KINDS).map((kind) => ({ labels: { kind }, value: open.get(kind) ?? 0 }));
    },
  },
  {
    name: 'sluice_outbox_messages',
    help: 'Messages to Temporal that wait for the relay, and that it gave up on',
    labels: ['state'],
    read: async () => {
      const [row] = await sql.rows<{ waiting: unknown; dead: unknown }>('function')`SELECT waiting, dead FROM sluice_outbox_backlog()`;
      return (['waiting', 'dead'] as const).map((state) => ({ labels: { state }, value: Number(row?.[state]) }));
    },
  },
  {
    name: 'sluice_outbox_oldest_seconds',
    help: 'Age of the oldest message that waits',
    read: async () => single(await sql.rows<Value>('function')`SELECT oldest_seconds AS value FROM sluice_outbox_backlog()`),
  },
  {
    name: 'sluice_audit_unsealed_events',
    help: 'Audit events that have no leaf yet',
    read: async () => single(await sql.rows<Value>('function')`SELECT coalesce(sum(waiting), 0) AS value FROM sluice_tenants_to_sequence()`),
  },
  {
    name: 'sluice_audit_oldest_unsealed_seconds',
    help: 'Age of the oldest audit event without a leaf',
    read: async () => single(await sql.rows<Value>('function')`SELECT coalesce(max(oldest_seconds), 0) AS value FROM sluice_tenants_to_sequence()`),
  },
  {
    name: 'sluice_database_connections',
    help: 'Connections of the API role by state',
    labels: ['state'],
    read: async () => {
      const states = await sql.rows<{ state: string } & Value>(
        'set',
      )`SELECT coalesce(state, 'unknown') AS state, count(*) AS value FROM pg_stat_activity WHERE usename = current_user GROUP BY 1`;
      return states.map(({ state, value }) => ({ labels: { state }, value: Number(value) }));
    },
  },
];

const single = (rows: Value[]): { value: number }[] => rows.map(({ value }) => ({ value: Number(value) }));
