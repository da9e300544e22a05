import { z } from 'zod';
import { fromWireId } from '../domain/ids.js';
import { PLAN_NAMES } from '../domain/plans.js';
import { RATE_CLASSES, RATE_SUBJECTS, RATES, type RateChanges, type RateSubject } from '../domain/rates.js';

/** Counters have 31 bits, and what goes beyond a limit is counted too. */
const REQUESTS_MAX = 10_000_000;
const SECONDS_MAX = 86_400;

const limit = z
  .string()
  .regex(/^[1-9]\d{0,7}\/[1-9]\d{0,4}$/, 'a limit is REQUESTS/SECONDS, such as 600/60')
  .transform((text) => {
    const [requests = 0, seconds = 0] = text.split('/').map(Number);
    return { requests, seconds };
  })
  .refine(
    ({ requests, seconds }) => requests <= REQUESTS_MAX && seconds <= SECONDS_MAX,
    `at most ${REQUESTS_MAX} requests, in at most ${SECONDS_MAX} s`,
  );

const changesOf = (subjects: readonly [RateSubject, ...RateSubject[]]) =>
  z.partialRecord(z.enum(RATE_CLASSES), z.partialRecord(z.enum(subjects), limit)).superRefine((changes, issue) => {
    for (const rateClass of RATE_CLASSES)
      for (const subject of RATE_SUBJECTS)
        if (changes[rateClass]?.[subject] && !RATES[rateClass][subject])
          issue.addIssue({ code: 'custom', message: `${rateClass} is not counted by ${subject}`, path: [rateClass, subject] });
  });

/** A setting whose value is JSON. */
const json = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  z
    .string()
    .default('{}')
    .transform((text, issue): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        issue.addIssue({ code: 'custom', message: 'this is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema)
    .meta({ description });

/** Limits of requests that differ from the table in `domain/rates.ts`. */
export const rates = json(changesOf(RATE_SUBJECTS), 'Limits that differ from those of docs/rates.md, such as `{"sign_in":{"network":"600/60"}}`');

/** Limits of workspaces with a plan. The network is counted before it is known which workspace a request is for. */
export const planRates = json(
  z.partialRecord(z.enum(PLAN_NAMES), changesOf(['principal', 'workspace'])),
  'Limits of workspaces with a plan of docs/plans.md, such as `{"starter":{"read":{"principal":"1200/60"}}}`',
);

/** Limits of single workspaces. The network is counted before it is known which workspace a request is for. */
export const workspaceRates = json(
  z.record(z.string(), changesOf(['principal', 'workspace'])).transform((byId, issue) => {
    const byTenant = new Map<string, RateChanges>();
    for (const [id, changes] of Object.entries(byId)) {
      const tenantId = fromWireId('workspace', id);
      if (tenantId === null) issue.addIssue({ code: 'custom', message: 'this is not the id of a workspace (ws_…)', path: [id] });
      else byTenant.set(tenantId, changes);
    }
    return byTenant;
  }),
  'Limits of single workspaces, such as `{"ws_…":{"read":{"workspace":"120000/60"}}}`',
);
