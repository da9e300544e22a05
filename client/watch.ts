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

/** Is told of each such request when it leaves, and of how it ended. */
export type Watch = (write: Write, standing: Standing) => void;

/** Sends a request with `work` and tells `watch` of it. */
export const watched = async <T>(watch: Watch | undefined, write: Write, work: () => Promise<T>): Promise<T> => {
  watch?.(write, 'sent');
  try {
    const answer = await work();
    watch?.(write, 'done');
    return answer;
  } catch (error) {
    watch?.(write, error instanceof ProblemError && isDecided(error) ? 'refused' : 'unknown');
    throw error;
  }
};

/** Whether the server says that it did not do it. */
const isDecided = ({ problem: { status, code } }: ProblemError): boolean => status < 500 && code !== 'idempotency_in_flight';
