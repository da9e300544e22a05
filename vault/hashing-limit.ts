import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { ok, type Result, refuse } from '../domain/result.js';

/** How many passwords are hashed at once. Each takes 46 MiB and a core. */
export interface HashingTerms {
  /** 0: one for each core. More would make all of them slower. */
  atOnce: number;
  /** So many more may wait. Whoever comes after them is refused at once. */
  waitingMax: number;
}

export const HASHING: HashingTerms = { atOnce: 0, waitingMax: 32 };

/** When to come back, s. A queue of the default length is worked off by then. */
const RETRY_SECONDS = 2;

export interface HashingLimit {
  /** Runs the work when its turn comes. Refuses with `passwords_busy` when too many wait. */
  run<T>(work: () => Promise<T>): Promise<Result<T>>;
  state(): { running: number; waiting: number };
}

/**
 * Bounds what hashing may take of the process: `atOnce` times its memory and its cores, and `waitingMax` requests. Nobody who asks for
 * many sign-ins at once can take more.
 */
export const limitHashing = ({ atOnce, waitingMax }: HashingTerms): HashingLimit => {
  const most = atOnce || availableParallelism();
  const limit = pLimit(most);
  return {
    run: async (work) => {
      if (limit.activeCount + limit.pendingCount >= most + waitingMax)
        return refuse(
          'passwords_busy',
          'Too many passwords are being checked at this moment. Nothing was decided; send the same again in a moment.',
          {
            extra: { retry_after_seconds: RETRY_SECONDS },
          },
        );
      return ok(await limit(work));
    },
    state: () => ({ running: limit.activeCount, waiting: limit.pendingCount }),
  };
};
