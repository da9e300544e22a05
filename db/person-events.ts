import { uuidv7 } from 'uuidv7';
import { recordedActor } from '../domain/actors.js';
import { membersOf } from '../operations/stores/columns.js';
import {
  PERSON_EVENT,
  type PersonEvent,
  type PersonEventQueue,
  type PersonEventRow,
  type PersonEventStore,
} from '../operations/stores/person-events.js';
import type { person_event } from '../prisma/generated/client.js';
import { auditStore } from './audit.js';
import { enterTenant } from './transaction/enter.js';
import type { Database, Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import type { Sql } from './transaction/sql.js';
import { tableOf } from './transaction/table.js';

const events = tableOf<person_event>()(PERSON_EVENT);
/** The database's clock says when. */
const WRITTEN = membersOf(PERSON_EVENT).filter((member) => member !== 'at');

/** So many events are written in one transaction. */
const AT_ONCE = 16;

/** Adds one to the queue, in a transaction or by itself. */
export const addPersonEvent = async (sql: Sql, row: Omit<PersonEventRow, 'at'>): Promise<void> => {
  await sql.run('clock')`INSERT INTO person_event (${events.names(WRITTEN)}) VALUES (${events.values(WRITTEN, row as PersonEventRow)})`;
};

/** What happened to people's accounts, on its way to the logs of their workspaces. The table belongs to no tenant. */
export const personEventStore = ({ sql }: Tx, { tenantId, actor, requestId }: Scope): PersonEventStore => ({
  add: (event) => addPersonEvent(sql, { ...event, id: uuidv7(), actor: recordedActor(actor), requestId, writtenIn: tenantId }),
});

export const personEventQueue = (database: Database): PersonEventQueue => ({
  add: (event) => addPersonEvent(database.sql, { ...event, id: uuidv7(), writtenIn: null }),

  deliver: () =>
    database.transaction(async (tx) => {
      // One process at a time, so that the events of a person are written in their order.
      const turn = await tx.sql.row<{ mine: boolean }>('lock')`SELECT pg_try_advisory_xact_lock(hashtextextended('person events', 0)) AS mine`;
      if (!turn?.mine) return 0;
      const rows = await tx.sql.rows('function')`SELECT ${events.list()} FROM sluice_next_person_events(${AT_ONCE}::int)`;
      for (const row of rows.map(events.row).sort((a, b) => (a.id < b.id ? -1 : 1))) {
        await write(tx, row);
        await end(tx, row.id);
      }
      return rows.length;
    }),

  waiting: async () => {
    const row = await database.sql.row<{ waiting: bigint }>('function')`SELECT sluice_person_events_waiting() AS waiting`;
    return Number(row?.waiting ?? 0n);
  },
});

/** Takes an event out of the queue. The database refuses while a log of its person lacks it: a workspace that was joined just now gets it next time. */
const end = async (tx: Tx, id: string): Promise<void> => {
  const row = await tx.sql.row<{ delivered: boolean }>('function')`SELECT sluice_person_event_delivered(${id}::uuid) AS delivered`;
  if (!row?.delivered) throw new Error(`event ${id} of a person is not in every log yet`);
};

/** Writes one event into the log of every workspace of its person, at the time when it happened. */
const write = async (tx: Tx, { personId, at, actor, requestId, writtenIn, ...event }: PersonEventRow): Promise<void> => {
  const { action, result, detail }: Omit<PersonEvent, 'personId'> = event;
  const workspaces = await tx.sql.rows<{ tenantId: string }>('function')`
    SELECT tenant_id AS "tenantId" FROM sluice_workspaces_of(${personId}::uuid) ORDER BY tenant_id`;
  for (const { tenantId } of workspaces) {
    if (tenantId === writtenIn) continue;
    const scope = await enterTenant(tx, { tenantId, actor, requestId });
    await auditStore(tx, { ...scope, now: at }).append({ subject: { type: 'person', id: personId }, action, result, detail });
  }
};
