import type { RouteId } from '../contracts/routes.js';
import { ProblemError } from './problem-error.js';

/** A request that may change something. */
export interface Write {
  route: RouteId;
  /** Its parameters, query and body; of an upload without the file. */
  input: object;
  /** Null where the route takes none. */
  idempotencyKey: string | null;
}

/** `sent`: it has left, and nothing came back yet. `unknown`: no answer came, or one that does not say whether it was done. */
export type Standing = 'sent' | 'done' | 'refused' | 'unknown';

/** Is told of each such request when it leaves, and of how it ended. `isReplay`: by the stored answer of an earlier request with its key. */
export type Watch = (write: Write, standing: Standing, isReplay: boolean) => void;

/** Makes one try of a request, which says whether its answer is a stored one. */
export type Attempt = <A>(send: (onReplay: () => void) => Promise<A>) => Promise<A>;

/** Whom a request tells of itself. */
interface Told {
  watch: Watch | undefined;
  onReplay: (() => void) | undefined;
}

/** Sends a request with `work`, which makes each of its tries with `attempt`, and tells of it. */
export const watched = async <T>({ watch, onReplay }: Told, write: Write, work: (attempt: Attempt) => Promise<T>): Promise<T> => {
  let isReplay = false;
  // After a try without an answer a stored answer may be that of this very request.
  let isOurs = false;
  const attempt: Attempt = async (send) => {
    try {
      return await send(() => {
        onReplay?.();
        isReplay = !isOurs;
      });
    } catch (error) {
      isOurs ||= !(error instanceof ProblemError) || error.problem.status >= 500;
      throw error;
    }
  };
  watch?.(write, 'sent', false);
  try {
    const answer = await work(attempt);
    watch?.(write, 'done', isReplay);
    return answer;
  } catch (error) {
    watch?.(write, error instanceof ProblemError && isDecided(error) ? 'refused' : 'unknown', isReplay);
    throw error;
  }
};

/** Whether the server says that it did not do it. */
const isDecided = ({ problem: { status, code } }: ProblemError): boolean => status < 500 && code !== 'idempotency_in_flight';
