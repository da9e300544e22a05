import type { Refusal } from '../../domain/result.js';
import { bigint, columns, int, json, nullable, oneOf, type Row, time, uuid } from './columns.js';

/** A file that a workflow takes in (R19). */
export const UPLOAD = columns({
  batchId: uuid('batch_id'),
  /** What the batch becomes when the file is good. */
  becomes: oneOf<'draft' | 'queued'>()('becomes'),
  /** Who sent it; null for a program. */
  personId: nullable(uuid('person_id')),
  /** The API key that it came with. */
  apiKeyId: nullable(uuid('api_key_id')),
  bytes: bigint('bytes'),
  /** Lines after the first: as many rows, or fewer when a quoted cell has line ends. */
  lines: int('lines'),
  /** How many sealed parts hold it. */
  parts: int('parts'),
  /** Count and sum of a file that was found good; null before. */
  count: nullable(int('count')),
  /** Minor units. */
  total: nullable(bigint('total')),
  rowsChecked: int('rows_checked'),
  rowsStored: int('rows_stored'),
  refusal: nullable(json<Refusal>()('refusal')),
  endedAt: nullable(time('ended_at')),
});
export type UploadRow = Row<typeof UPLOAD>;
export type NewUpload = Pick<
  UploadRow,
  'batchId' | 'becomes' | 'personId' | 'apiKeyId' | 'bytes' | 'lines' | 'parts' | 'count' | 'total' | 'rowsStored'
>;

/** Files on their way to become batches: their progress, and their bytes in sealed parts. */
export interface UploadStore {
  /** From now on people see the batch, and the worker takes its file in. */
  insert(row: NewUpload): Promise<void>;
  /** Absent members stay as they are. */
  update(batchId: string, change: Partial<Pick<UploadRow, 'count' | 'total' | 'rowsChecked' | 'rowsStored' | 'refusal'>>): Promise<void>;
  /** Parts that are stored, from the first on. */
  countParts(batchId: string): Promise<number>;
  insertPart(batchId: string, part: number, sealed: Uint8Array): Promise<void>;
  /** Null when it is not there. */
  part(batchId: string, part: number): Promise<Uint8Array | null>;
}
