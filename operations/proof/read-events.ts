import { auditBody } from '../../domain/audit/event.js';
import type { BatchProof, ProofEvent } from '../../domain/audit/proof.js';
import { toHex } from '../../domain/hashing.js';
import { inclusionRanges } from '../../domain/merkle-ranges.js';
import { subtreeRoots } from '../audit/subtrees.js';
import type { Context } from '../context.js';
import type { StoredEvent } from '../stores/audit.js';

const PAGE = 1_000;

/** All events of a batch and of its chunks: those with a leaf by index, then those that wait for one. */
export const readEvents = async (ctx: Context, batchId: string): Promise<StoredEvent[]> => {
  // Waiting events are read first: an event that gets its leaf meanwhile is found below.
  const waiting = await ctx.inTenant((stores) => stores.audit.unsequenced());
  const sequenced: StoredEvent[] = [];
  for (let after: bigint | null = null; ; ) {
    const page = await ctx.inTenant((stores) => stores.audit.ofBatch(batchId, after, PAGE));
    sequenced.push(...page);
    after = page.at(-1)?.index ?? after;
    if (page.length < PAGE) break;
  }
  const seen = new Set(sequenced.map((event) => event.id));
  const ours = waiting.filter(({ id, subject }) => !seen.has(id) && (subject.id === batchId || subject.id.startsWith(`${batchId}/`)));
  return [...sequenced, ...ours];
};

/** The events with their audit paths to the newest published checkpoint, and that checkpoint. */
export const proveEvents = async (ctx: Context, events: readonly StoredEvent[]): Promise<Pick<BatchProof, 'events' | 'checkpoint'>> => {
  const latest = await ctx.inTenant((stores) => stores.audit.latestCheckpoint());
  const size = Number(latest?.size ?? 0n);
  const { sha256, signer } = ctx.services;
  const rootOf = subtreeRoots((from, to) => ctx.inTenant((stores) => stores.audit.leaves(from, to)), sha256);
  const proven: ProofEvent[] = [];
  for (const event of events) {
    const index = event.index === null ? null : Number(event.index);
    const path: string[] = [];
    const covered = index !== null && index < size;
    if (covered) for (const range of inclusionRanges(index, size)) path.push(toHex(await rootOf(range)));
    proven.push({ index, leaf: event.leaf, event: auditBody(event), path: covered ? path : null });
  }
  if (!latest) return { events: proven, checkpoint: null };
  const log = { tenantId: ctx.tenantId, generation: latest.generation };
  return { events: proven, checkpoint: { note: latest.note, origin: signer.origin(log), verifier_key: signer.verifierKeyFor(log) } };
};
