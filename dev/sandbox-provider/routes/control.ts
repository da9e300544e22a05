import { z } from 'zod';
import { type Answer, json, problem } from '../answer.js';
import { faultSettings } from '../faults.js';
import type { Provider } from '../provider.js';
import { webhookSettings } from '../webhooks.js';

const DAY_MS = 24 * 60 * 60 * 1000;

const clockBody = z.strictObject({ advance_ms: z.int().min(0).default(0), advance_days: z.number().min(0).default(0) });

/** POST /control/faults: replaces all fault settings. */
export const postFaults = async (provider: Provider, body: unknown): Promise<Answer> => {
  const parsed = faultSettings.safeParse(body);
  if (!parsed.success) return refused(parsed.error);
  provider.faults.settings = parsed.data;
  return json(200, parsed.data);
};

/** POST /control/clock: moves the provider's clock forward. Everything due by then has happened before the answer. */
export const postClock = async (provider: Provider, body: unknown): Promise<Answer> => {
  const parsed = clockBody.safeParse(body);
  if (!parsed.success) return refused(parsed.error);
  const advance = parsed.data.advance_ms + parsed.data.advance_days * DAY_MS;
  provider.books.commit(['clock', provider.books.clockOffset + advance]);
  provider.schedule();
  await provider.books.durable();
  return json(200, { clock: new Date(provider.books.now()).toISOString() });
};

/** POST /control/webhooks: where, how often and in which order events are delivered. */
export const postWebhooks = async (provider: Provider, body: unknown): Promise<Answer> => {
  const parsed = webhookSettings.safeParse(body);
  if (!parsed.success) return refused(parsed.error);
  provider.webhooks.configure(parsed.data);
  await provider.books.durable();
  return json(200, { url: provider.books.webhookUrl, pending: provider.books.pending.size });
};

const refused = (error: z.ZodError): Answer =>
  problem(400, 'invalid_request', error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
