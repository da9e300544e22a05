import type { RecordedActor } from '../../domain/actors.js';
import type { Json } from '../../domain/hashing.js';
import { columns, json, nullable, type Row, text, time, uuid } from './columns.js';

export const PERSON_EVENT = columns({
  id: uuid('id'),
  /** Of an unknown e-mail an id that nobody has. */
  personId: uuid('person_id'),
  at: time('at'),
  actor: json<RecordedActor>()('actor'),
  requestId: text('request_id'),
  action: text('action'),
  /** `ok`, or the code of a refusal. */
  result: text('result'),
  detail: json<{ [key: string]: Json }>()('detail'),
  /** The workspace whose log has the event already. */
  writtenIn: nullable(uuid('written_in')),
});
export type PersonEventRow = Row<typeof PERSON_EVENT>;

/** Something that happened to a person's account. It belongs into the audit log of every workspace of the person, with the person as subject. */
export type PersonEvent = Pick<PersonEventRow, 'personId' | 'action' | 'result' | 'detail'>;

/** Adds in a transaction of one workspace: what the transaction writes into its own log is not written there again. */
export interface PersonEventStore {
  add(event: PersonEvent): Promise<void>;
}

/** Events on their way to the logs. A failed sign-in adds one before any workspace is known, whether or not there is such a person. */
export interface PersonEventQueue {
  /** One statement, the same for everybody; committed when it returns. */
  add(event: PersonEvent & Pick<PersonEventRow, 'actor' | 'requestId'>): Promise<void>;
  /**
   * Writes waiting events to the logs of the present workspaces of their people, each in one transaction with its end in the queue, and so
   * exactly once. Returns how many; 0 when none waits or another process is at it.
   */
  deliver(): Promise<number>;
  waiting(): Promise<number>;
}
