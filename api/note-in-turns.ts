import type { noteAnomaly } from '../operations/anomaly/note.js';

type Note = typeof noteAnomaly;

/**
 * Counts the refusals of one key or person one after the other within this process: they wait for one row of the database, and a flood of them
 * would otherwise wait there with every connection that other requests need. Those of others do not wait.
 */
export const noteInTurns = (note: Note): Note => {
  const last = new Map<string, Promise<unknown>>();
  return (ctx, use) => {
    const who = `${use.subject.type} ${use.subject.id}`;
    const turn = (last.get(who) ?? Promise.resolve()).then(() => note(ctx, use));
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (last.get(who) === over) last.delete(who);
      });
    last.set(who, over);
    return turn;
  };
};
