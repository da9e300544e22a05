import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const FOLDER = join(import.meta.dirname, '..', 'histories');

/**
 * With SLUICE_RECORD_HISTORIES set, writes a run's history to test/histories, payloads decoded, so that it can be replayed
 * without the key that it was recorded under. A recorded file is a released run that must go on replaying: never change one.
 */
export const keepHistory = async (name: string, handle: WorkflowHandle, codec: PayloadCodec): Promise<void> => {
  if (!process.env['SLUICE_RECORD_HISTORIES']) return;
  const history = await handle.fetchHistory();
  await decodeWithin(history, codec);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.json`), `${historyToJSON(history)}\n`);
};

interface Encoded {
  metadata?: Record<string, Uint8Array>;
  data?: Uint8Array;
}

const decodeWithin = async (node: unknown, codec: PayloadCodec): Promise<void> => {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return;
  const payload = node as Encoded;
  if (
    Buffer.from(payload.metadata?.['encoding'] ?? [])
      .toString()
      .startsWith('binary/sluice-encrypted')
  ) {
    const [plain] = await codec.decode([payload]);
    Object.assign(payload, plain);
    return;
  }
  for (const child of Object.values(node)) await decodeWithin(child, codec);
};
