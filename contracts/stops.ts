import { z } from 'zod';
import { anyCode, code, id, lines, timestamp, wireId } from './wire.js';

export const stopWorkspace = z.strictObject({
  /** Why, for the others of the workspace. */
  reason: lines(500),
  /** A recovery code will do, because a stop only closes. */
  code: anyCode,
});

export const liftStop = z.strictObject({
  /** The stop that was looked at. */
  stop_id: id('stop'),
  code,
});

const person = z.object({ person_id: wireId, name: z.string() });

/** Whether money moves in a workspace. */
export const workspaceStop = z
  .object({
    object: z.literal('workspace_stop'),
    workspace_id: wireId,
    /** Since when no money leaves, whoever stopped it. */
    stopped_at: timestamp.nullable(),
    /** The stop that people of the workspace made; null when there is none, also where operators stopped it. */
    stop: z
      .object({
        id: wireId,
        reason: z.string(),
        stopped_by: person,
        stopped_at: timestamp,
        /** Who asked to lift it; somebody else has to as well. */
        lift: z.object({ asked_by: person, asked_at: timestamp }).nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'WorkspaceStop' });
