import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

/** There is nothing that this activity could work on, and trying again will not make it. */
export class Absent extends Error {
  readonly code = 'not_found';
}

/**
 * The only place where an error becomes retryable or not. What a rail or a person declines is a value and never comes
 * here; what does is a lost connection, a deadlock that outlived its retries, or a broken assumption. All of them are
 * tried again, with back-off and for ever: money that was promised is never given up by a counter.
 */
export const asFailure = (error: unknown): Error => {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const code = (error as { code?: unknown }).code;
  if (code === 'not_found') return ApplicationFailure.nonRetryable('there is no such batch', 'not_found');
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return ApplicationFailure.create({ message: `${name}: ${message.split('\n').at(-1) ?? ''}`, type: 'internal', nonRetryable: false });
};
