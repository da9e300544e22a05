/** Runs one statement without parameters, as the API's role. */
export type ReadRows = (statement: string) => Promise<Record<string, unknown>[]>;

interface BooksProbe {
  name: string;
  help: string;
  labels?: readonly string[];
  read: () => Promise<{ labels?: Record<string, string>; value: number }[]>;
}

/** Figures that are computed from the books at each scrape, not counted on the happy path. */
export const booksProbes = (rows: ReadRows): BooksProbe[] => [
  {
    name: 'sluice_released_without_second_factor_total',
    help: 'Payments that were sent without three gates of three people on what was sent. Must be 0.',
    read: async () => single(await rows('SELECT sluice_released_without_second_factor() AS value')),
  },
  {
    name: 'sluice_outbox_messages',
    help: 'Messages to Temporal that wait for the relay, and that it gave up on',
    labels: ['state'],
    read: async () => {
      const [row] = await rows('SELECT waiting, dead FROM sluice_outbox_backlog()');
      return ['waiting', 'dead'].map((state) => ({ labels: { state }, value: Number(row?.[state]) }));
    },
  },
  {
    name: 'sluice_outbox_oldest_seconds',
    help: 'Age of the oldest message that waits',
    read: async () => single(await rows('SELECT oldest_seconds AS value FROM sluice_outbox_backlog()')),
  },
  {
    name: 'sluice_audit_unsealed_events',
    help: 'Audit events that have no leaf yet',
    read: async () => single(await rows('SELECT coalesce(sum(waiting), 0) AS value FROM sluice_tenants_to_sequence()')),
  },
  {
    name: 'sluice_audit_oldest_unsealed_seconds',
    help: 'Age of the oldest audit event without a leaf',
    read: async () => single(await rows('SELECT coalesce(max(oldest_seconds), 0) AS value FROM sluice_tenants_to_sequence()')),
  },
  {
    name: 'sluice_database_connections',
    help: 'Connections of the API role by state',
    labels: ['state'],
    read: async () => {
      const states = await rows(
        "SELECT coalesce(state, 'unknown') AS state, count(*) AS value FROM pg_stat_activity WHERE usename = current_user GROUP BY 1",
      );
      return states.map((row) => ({ labels: { state: String(row['state']) }, value: Number(row['value']) }));
    },
  },
];

const single = (rows: Record<string, unknown>[]): { value: number }[] => rows.map((row) => ({ value: Number(row['value']) }));
