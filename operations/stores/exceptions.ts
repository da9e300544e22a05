import type { Json } from '../../domain/canonical-json.js';

export interface ExceptionStore {
  raise(row: { kind: string; batchId?: string | undefined; ordinal?: number | undefined; detail: { [key: string]: Json } }): Promise<void>;
  openOf(batchId: string): Promise<{ id: string; kind: string; ordinal: number | null; detail: Json; createdAt: Date }[]>;
}
