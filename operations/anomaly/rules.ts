import type { z } from 'zod';
import type { anomalyRules } from '../../contracts/anomalies.js';
import { ANOMALIES, ANOMALY_KINDS, ANOMALY_WINDOW_S } from '../../domain/anomalies.js';
import { toWireId } from '../../domain/ids.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';

export type WireAnomalyRules = z.infer<typeof anomalyRules>;

/** Shows what is counted in the workspace, and at how many refusals somebody is told or a key suspended. */
export const showAnomalyRules = (ctx: Context): Promise<Result<WireAnomalyRules>> => ctx.inTenant(async (stores) => ok(await rulesIn(ctx, stores)));

/** The rules of the workspace in their wire form. */
export const rulesIn = async ({ tenantId }: Pick<Context, 'tenantId'>, stores: Stores): Promise<WireAnomalyRules> => {
  const own = new Map((await stores.anomalies.rules()).map((rule) => [rule.kind, rule]));
  return {
    object: 'anomaly_rules',
    workspace_id: toWireId('workspace', tenantId),
    window_seconds: ANOMALY_WINDOW_S,
    rules: ANOMALY_KINDS.map((kind) => {
      const set = own.get(kind);
      const { alertAt, suspendAt } = set ?? ANOMALIES[kind].defaults;
      return { kind, alert_at: alertAt, suspend_at: suspendAt ?? 'never', set_at: set?.setAt.toISOString() ?? null };
    }),
  };
};
