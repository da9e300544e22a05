import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

/** There is nothing for this activity to work on, and a retry would not change that. */
export class Absent extends Error {
  readonly code = 'not_found';
}

/** The process is in recovery mode. The server tries again, with back-off, until a process that is not takes the activity. */
export class InRecovery extends Error {
  override readonly name = 'InRecovery';
}

/**
 * The only place where an error becomes retryable or not. What a rail or a person refuses is a value and never comes here.
 * Errors are lost connections, deadlocks that outlived their retries and broken assumptions. All of them are retried with
 * back-off, for ever: no counter may give up money that was promised.
 */
export const asFailure = (error: unknown): Error => {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const code = (error as { code?: unknown }).code;
  if (code === 'not_found') return ApplicationFailure.nonRetryable('there is no such batch', 'not_found');
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return ApplicationFailure.create({ message: `${name}: ${message.split('\n').at(-1) ?? ''}`, type: 'internal', nonRetryable: false });
};
