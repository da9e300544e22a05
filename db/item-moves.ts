import type { ItemMove } from '../operations/stores/chunks.js';
import type { TransitionSource } from '../operations/stores/transitions.js';
import { arrayText } from './chunk-rows.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

interface Moving {
  batchId: string;
  eventId: string;
  source: TransitionSource;
}

/**
 * Moves items of one chunk and writes their transitions in one statement; answers how many moved. Moves differ in little
 * but their ordinal, so the statement gets the few shapes that occur, and for each ordinal of the chunk which shape is its own
 * (0 for none) and where its provider reference lies in a string of bytes.
 *
 * No join: right after an ingest the planner takes a batch for one row, and a join with a thousand values for a nested
 * loop over both. Integers are found at their place in an array at once; texts and bytes in arrays are not.
 */
export const moveGiven = async (tx: Tx, { tenantId }: Scope, { batchId, eventId, source }: Moving, moves: readonly ItemMove[]): Promise<number> => {
  const [first, last] = [moves.at(0), moves.at(-1)];
  if (!first || !last) return 0;
  const { shapes, shapeOf, references, endOf } = lay(moves, first.ordinal);
  const [row] = await tx.sql.rows<{ moved: number }>('set')`
    WITH moved AS (
      UPDATE payout_item i SET state = v.to_states[v.shape_of[i.ordinal - v.base]], rank = v.ranks[v.shape_of[i.ordinal - v.base]],
        version = i.version + 1, attempt = v.attempts[v.shape_of[i.ordinal - v.base]],
        provider_reference = coalesce(nullif(convert_from(substring(v.refs FROM v.end_of[i.ordinal - v.base] + 1
          FOR v.end_of[i.ordinal - v.base + 1] - v.end_of[i.ordinal - v.base]), 'UTF8'), ''), i.provider_reference),
        reason = v.reasons[v.shape_of[i.ordinal - v.base]],
        look_up_at = now() + v.look_up_after[v.shape_of[i.ordinal - v.base]] * interval '1 millisecond'
      FROM (SELECT ${first.ordinal - 1}::int AS base, ${arrayText(shapeOf)}::int[] AS shape_of, ${arrayText(endOf)}::int[] AS end_of, ${references}::bytea AS refs,
        ${shapes.map((s) => s.version)}::int[] AS versions, ${shapes.map((s) => s.from)}::text[] AS from_states, ${shapes.map((s) => s.to)}::text[] AS to_states,
        ${shapes.map((s) => s.rank)}::int[] AS ranks, ${shapes.map((s) => s.attempt)}::int[] AS attempts, ${shapes.map((s) => s.reason)}::text[] AS reasons,
        ${shapes.map((s) => s.inboundId)}::uuid[] AS inbound_ids, ${shapes.map((s) => s.lookUpAfterMs)}::float8[] AS look_up_after) v
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal >= ${first.ordinal} AND i.ordinal <= ${last.ordinal}
        AND i.version = v.versions[v.shape_of[i.ordinal - v.base]] AND i.state = v.from_states[v.shape_of[i.ordinal - v.base]]
      RETURNING i.ordinal, i.version, v.from_states[v.shape_of[i.ordinal - v.base]] AS from_state, i.state, i.rank,
        v.inbound_ids[v.shape_of[i.ordinal - v.base]] AS inbound_id, i.reason,
        nullif(convert_from(substring(v.refs FROM v.end_of[i.ordinal - v.base] + 1
          FOR v.end_of[i.ordinal - v.base + 1] - v.end_of[i.ordinal - v.base]), 'UTF8'), '') AS provider_reference
    ), noted AS (
      INSERT INTO item_transition (tenant_id, batch_id, ordinal, version, from_state, to_state, rank, source, inbound_id, provider_reference, reason, event_id)
      SELECT ${tenantId}::uuid, ${batchId}::uuid, ordinal, version, from_state, state, rank, ${source}, inbound_id, provider_reference, reason, ${eventId}::uuid
      FROM moved
    )
    SELECT count(*)::int AS moved FROM moved`;
  return row?.moved ?? 0;
};

/** Shapes count from 1; `shapeOf` has a place for each ordinal from the first to the last, `endOf` one more. Moves are ordered. */
const lay = (moves: readonly ItemMove[], first: number) => {
  const shapes: ItemMove[] = [];
  const places = new Map<string, number>();
  const shapeOf: number[] = [];
  const endOf = [0];
  const references: string[] = [];
  let end = 0;
  let before: { move: ItemMove; place: number } | null = null;
  for (const move of moves) {
    if (!before || !alike(before.move, move)) {
      const name = JSON.stringify([move.version, move.from, move.to, move.rank, move.attempt, move.reason, move.inboundId, move.lookUpAfterMs]);
      const place = places.get(name) ?? shapes.push(move);
      places.set(name, place);
      before = { move, place };
    }
    for (; shapeOf.length < move.ordinal - first; endOf.push(end)) shapeOf.push(0);
    shapeOf.push(before.place);
    if (move.providerReference) {
      references.push(move.providerReference);
      end += Buffer.byteLength(move.providerReference);
    }
    endOf.push(end);
  }
  return { shapes, shapeOf, references: Buffer.from(references.join('')), endOf };
};

const alike = (a: ItemMove, b: ItemMove): boolean =>
  a.version === b.version &&
  a.from === b.from &&
  a.to === b.to &&
  a.rank === b.rank &&
  a.attempt === b.attempt &&
  a.reason === b.reason &&
  a.inboundId === b.inboundId &&
  a.lookUpAfterMs === b.lookUpAfterMs;
