import {
  ANOMALIES,
  ANOMALY_WINDOW_S,
  type AnomalyKind,
  type AnomalyStep,
  type AnomalySubject,
  LETTER_READERS_MAX,
  LETTERS_A_DAY,
  lastStepAt,
  stepsAt,
} from '../../domain/anomalies.js';
import { toWireId } from '../../domain/ids.js';
import type { Letter } from '../../domain/letter.js';
import type { Context } from '../context.js';
import { writeLetter } from '../mail/write.js';
import type { Stores } from '../ports.js';

/** A refusal that is a sign of something. */
interface RefusedUse {
  subject: AnomalySubject;
  kind: AnomalyKind;
  /** That it came from, as networks are shown: an IPv4 /24 or an IPv6 /48. */
  network: string;
  route: string;
}

const DAY_S = 86_400;
const ACTIONS: Readonly<Record<AnomalyStep, string>> = { alert: 'security.anomaly', suspend: 'api_key.suspend' };

/**
 * Counts a refusal, and at the thresholds of the workspace writes `security.anomaly` to the audit log and a letter to its owners and admins,
 * and suspends the key, all in one transaction. Of any number of requests at a time, in whatever processes, one takes each step. `ctx` is that
 * of the system, because nobody asked for it. Returns the steps that this refusal caused.
 */
export const noteAnomaly = (ctx: Context, use: RefusedUse): Promise<AnomalyStep[]> =>
  ctx.inTenant(async (stores) => {
    const { subject, kind, network, route } = use;
    const thresholds = (await stores.anomalies.rule(kind)) ?? ANOMALIES[kind].defaults;
    const counted = await stores.anomalies.count(use, { seconds: ANOMALY_WINDOW_S, most: lastStepAt(thresholds) });
    const due = counted ? stepsAt(thresholds, counted) : [];
    if (!counted || due.length === 0) return [];
    const { count } = counted;
    const detail = { kind, count, window_seconds: ANOMALY_WINDOW_S, network, route };
    // The key before the log, as whoever revokes or rotates it locks them.
    const isSuspended = due.includes('suspend') && subject.type === 'api_key' && (await stores.apiKeys.suspend(subject.id));
    const isUntold = due.includes('alert') && (await stores.anomalies.markAlerted(subject, kind));
    const taken = due.filter((step) => step === 'alert' || isSuspended);
    for (const step of taken) await stores.audit.append({ subject, action: ACTIONS[step], result: 'ok', detail });
    if (isSuspended) await tell(ctx, stores, 'suspend', use, count);
    else if (isUntold && (await tell(ctx, stores, 'alert', use, count))) await stores.anomalies.markTold(subject, kind);
    return taken;
  });

/** Writes to the owners and admins of the workspace. False when so many letters were written today already that nobody is. */
const tell = async (ctx: Context, stores: Stores, step: AnomalyStep, { subject, kind, network }: RefusedUse, count: number): Promise<boolean> => {
  const most = LETTERS_A_DAY[step];
  const today = await stores.anomalies.count({ subject: { type: 'workspace', id: ctx.tenantId }, kind: `${step}_letters` }, { seconds: DAY_S, most });
  if (!today || today.count > most) return false;
  const { name: workspace } = await stores.workspaces.get();
  const who = await nameOf(stores, subject);
  const minutes = ANOMALY_WINDOW_S / 60;
  const params = { workspace, who, what: ANOMALIES[kind].words, count, minutes, network, at: stores.now.toISOString() };
  const letter: Letter =
    step === 'alert' ? { template: 'anomaly', params } : { template: 'key_suspended', params: { ...params, key_id: toWireId('apiKey', subject.id) } };
  for (const { name, email } of await stores.memberships.administrators(LETTER_READERS_MAX)) await writeLetter(ctx, stores, { name, email }, letter);
  return true;
};

const nameOf = async (stores: Stores, { type, id }: AnomalySubject): Promise<string> => {
  if (type === 'api_key') return `the API key ${(await stores.apiKeys.names([id])).get(id) ?? id}`;
  return (await stores.memberships.names([id])).get(id)?.name ?? id;
};
