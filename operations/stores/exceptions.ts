import type { Json } from '../../domain/hashing.js';
import { columns, int, json, nullable, type Row, text, time, uuid } from './columns.js';

/** Something that a person has to look at. */
export const EXCEPTION = columns({
  id: uuid('id'),
  kind: text('kind'),
  batchId: nullable(uuid('batch_id')),
  ordinal: nullable(int('ordinal')),
  detail: json<Json>()('detail'),
  createdAt: time('created_at'),
});
export type ExceptionRow = Row<typeof EXCEPTION>;

export interface ExceptionStore {
  raise(row: { kind: string; batchId?: string | undefined; ordinal?: number | undefined; detail: { [key: string]: Json } }): Promise<void>;
  /** Exceptions of a batch that nobody has resolved, oldest first. */
  openOf(batchId: string): Promise<ExceptionRow[]>;
}
