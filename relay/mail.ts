import type { Logger } from 'pino';
import { readLetter } from '../domain/letter.js';
import type { MailSeal, OutgoingLetter, Postman, Sending } from '../operations/mail/ports.js';
import type { MailQueue, WaitingLetter } from './ports.js';

/** So many letters are sent at once, each over a connection of its own. */
const CLAIM_MAX = 8;
/** How long the mail server may take for one letter. */
const PATIENCE_MS = 60_000;
/** A process that dies while it sends leaves its letters due again after this. Longer than the patience, so that nobody else sends meanwhile. */
const LEASE_MS = 90_000;
const MINUTE_MS = 60_000;
const BACK_OFF_MS = [5_000, 30_000, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS] as const;

/** What can become of one attempt. `dead`: the letter was given up. */
export const MAIL_FATES = ['sent', 'again', 'dead'] as const;
export type MailFate = (typeof MAIL_FATES)[number];

export interface MailParts {
  queue: MailQueue;
  seal: Pick<MailSeal, 'open'>;
  postman: Postman;
  count: (fate: MailFate) => void;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  signal: AbortSignal;
}

/**
 * Sends the letters that are due, each at least once (ADR 0067): one that is sent again has the same Message-ID. What the server refuses for
 * good, and what is not worth sending any more, is given up. No log line names an address. Returns how many letters it claimed.
 */
export const sendDueMail = async (parts: MailParts): Promise<number> => {
  const letters = await parts.queue.claim(CLAIM_MAX, LEASE_MS);
  await Promise.all(letters.map((letter) => sendOne(parts, letter)));
  return letters.length;
};

const sendOne = async (parts: MailParts, waiting: WaitingLetter): Promise<void> => {
  const { queue, log, count } = parts;
  const { id, template, requestId, attempts } = waiting;
  const about = { mail_id: id, template, request_id: requestId, attempts };
  const sending = await attempt(parts, waiting);
  if (sending.outcome === 'sent') {
    await queue.sent(id);
    log.info(about, 'a letter was sent');
    return count('sent');
  }
  const { problem } = sending;
  const fate = sending.outcome === 'refused' ? 'dead' : 'again';
  const againMs = BACK_OFF_MS[Math.min(attempts, BACK_OFF_MS.length) - 1] ?? BACK_OFF_MS[0];
  if (fate === 'dead') log.error({ ...about, problem }, 'a letter was given up');
  else log.warn({ ...about, problem }, 'a letter was not sent; it is tried again');
  await queue.notSent(waiting, problem, againMs, fate);
  count(fate);
};

const attempt = async ({ seal, postman, signal }: MailParts, waiting: WaitingLetter): Promise<Sending> => {
  if (waiting.expired) return { outcome: 'refused', problem: 'its time is over' };
  const letter = unsealed(seal, waiting);
  // The right key may come back, and until its time is over the letter keeps.
  if (!letter) return { outcome: 'later', problem: 'it does not open: it was changed, or sealed under another key' };
  return postman.send(letter, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
};

const unsealed = (seal: MailParts['seal'], { id, template, sealed, createdAt }: WaitingLetter): OutgoingLetter | null => {
  try {
    return { id, createdAt, ...readLetter(template, seal.open({ id, template }, sealed)) };
  } catch {
    return null;
  }
};
