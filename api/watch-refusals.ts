import { type AnomalyKind, anomalyOf, subjectOf } from '../domain/anomalies.js';
import { nearbyNetwork } from '../domain/network.js';
import type { ApiDeps } from './deps.js';
import type { Admitted, Exchange } from './exchange.js';

/**
 * What counts the refusals of a request whose credential was right, before they are sent: so the next request of a key that is suspended for one
 * finds it suspended. Null for whoever is not counted. A count that fails is logged, and the request is refused all the same.
 */
export const watchRefusals = (
  deps: Pick<ApiDeps, 'noteAnomaly' | 'countAnomaly' | 'logger'>,
  exchange: Exchange,
  { tenantId, mode, actor }: Admitted,
  address: string | null,
): Exchange['noteRefusal'] => {
  const subject = subjectOf(actor);
  if (!subject) return null;
  const note = async (kind: AnomalyKind): Promise<void> => {
    const context = exchange.publicContext.enter(tenantId, mode, { type: 'system', process: 'api' });
    const network = (address && nearbyNetwork(address)) ?? 'unknown';
    for (const step of await deps.noteAnomaly(context, { subject, kind, network, route: exchange.route })) deps.countAnomaly({ kind, step });
  };
  return ({ code, extra }) => {
    const kind = anomalyOf(subject.type, code);
    // Who is told when to ask again may ask again.
    if (!kind || extra?.['retry_after_seconds'] !== undefined) return null;
    return note(kind).catch((error: unknown) => deps.logger.warn({ err: error, request_id: exchange.requestId }, 'a refusal was not counted'));
  };
};
