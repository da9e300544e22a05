import { z } from 'zod';
import { ANOMALY_KINDS, THRESHOLD_MAX } from '../domain/anomalies.js';
import { code, timestamp, wireId } from './wire.js';

const threshold = z.number().int().min(1).max(THRESHOLD_MAX);
const kind = z.enum(ANOMALY_KINDS);

export const setAnomalyRule = z.strictObject({
  kind,
  /** At so many refusals within the window the owners and admins are told. */
  alert_at: threshold,
  /** At so many the key is suspended, or `never`. People are never. */
  suspend_at: z.union([threshold, z.literal('never')], `a whole number from 1 to ${THRESHOLD_MAX}, or \`never\``),
  code,
});

/** What is counted of requests that are refused, and what follows from how many. */
export const anomalyRules = z
  .object({
    object: z.literal('anomaly_rules'),
    workspace_id: wireId,
    /** The length of a window, which begins with the first refusal. */
    window_seconds: z.number().int(),
    rules: z.array(
      z.object({
        kind,
        alert_at: threshold,
        suspend_at: z.union([threshold, z.literal('never')]),
        /** When the workspace set it; null while the default holds. */
        set_at: timestamp.nullable(),
      }),
    ),
  })
  .meta({ id: 'AnomalyRules' });
