import type { Actor } from './actors.js';
import type { ProblemCode } from './problems.js';

/** Who is counted: an API key whose secret was right, or a person in a session. Whoever shows no credential that is known is nobody. */
export type AnomalySubject = { type: 'api_key' | 'person'; id: string };

/** What is out of the ordinary when it is refused often. A name is wire format. */
export const ANOMALY_KINDS = [
  'key_outside_networks',
  'signature_refused',
  'key_forbidden',
  'key_not_found',
  'person_code_wrong',
  'person_forbidden',
  'person_not_found',
] as const;
export type AnomalyKind = (typeof ANOMALY_KINDS)[number];

/** What follows from it. Only keys are suspended: people have locks of their own (domain/lockout.ts), and nobody may be shut out by a count. */
export const ANOMALY_STEPS = ['alert', 'suspend'] as const;
export type AnomalyStep = (typeof ANOMALY_STEPS)[number];

/** How many refusals within the window are told, and how many suspend the key; null: none do. */
export interface Thresholds {
  alertAt: number;
  suspendAt: number | null;
}

/** s. A window begins with the first refusal that is counted. */
export const ANOMALY_WINDOW_S = 600;
/** A workspace may set no more than this, and no less than 1: nobody turns an alert off. */
export const THRESHOLD_MAX = 10_000;

interface Anomaly {
  subject: AnomalySubject['type'];
  /** The refusals that count. */
  codes: readonly ProblemCode[];
  /** Of a workspace that sets none. */
  defaults: Thresholds;
  /** How a letter says it, after a number. */
  words: string;
}

/**
 * What is counted. All of it is refused after the credential was found right, so that nobody gets a key suspended who does not have its
 * secret. What an honest program does by mistake, such as asking for what is gone, needs many more than what it never does.
 */
export const ANOMALIES: Readonly<Record<AnomalyKind, Anomaly>> = {
  key_outside_networks: {
    subject: 'api_key',
    codes: ['network_not_allowed'],
    defaults: { alertAt: 3, suspendAt: 20 },
    words: 'requests from outside the networks of the key',
  },
  signature_refused: {
    subject: 'api_key',
    codes: ['signature_invalid'],
    // A clock that is wrong, or another public URL, would make signatures of all keys wrong at once: a workspace that wants it says so.
    defaults: { alertAt: 5, suspendAt: null },
    words: 'calls whose signature was refused',
  },
  key_forbidden: {
    subject: 'api_key',
    codes: ['forbidden'],
    defaults: { alertAt: 20, suspendAt: 200 },
    words: 'requests beyond the scopes of the key',
  },
  key_not_found: {
    subject: 'api_key',
    codes: ['not_found'],
    defaults: { alertAt: 100, suspendAt: 1_000 },
    words: 'requests for what is not there',
  },
  person_code_wrong: { subject: 'person', codes: ['code_wrong'], defaults: { alertAt: 5, suspendAt: null }, words: 'wrong codes' },
  person_forbidden: {
    subject: 'person',
    codes: ['forbidden'],
    defaults: { alertAt: 30, suspendAt: null },
    words: 'requests beyond the permissions of the person',
  },
  person_not_found: {
    subject: 'person',
    codes: ['not_found'],
    defaults: { alertAt: 100, suspendAt: null },
    words: 'requests for what is not there',
  },
};

/** Whom a refusal of this actor counts for; null for those who are not counted. */
export const subjectOf = (actor: Actor): AnomalySubject | null => {
  if (actor.type === 'api_key') return { type: 'api_key', id: actor.keyId };
  return actor.type === 'user' ? { type: 'person', id: actor.personId } : null;
};

/** What a refusal with this code is a sign of; null when it is none. */
export const anomalyOf = (subject: AnomalySubject['type'], code: ProblemCode): AnomalyKind | null =>
  ANOMALY_KINDS.find((kind) => ANOMALIES[kind].subject === subject && ANOMALIES[kind].codes.includes(code)) ?? null;

/** After so many refusals in a window nothing more follows, so that no more are counted. */
export const lastStepAt = ({ alertAt, suspendAt }: Thresholds): number => Math.max(alertAt, suspendAt ?? 0);

/** What follows from the refusal that was counted last. Every refusal from a threshold on asks; whoever carries a step out does so once. */
export const stepsAt = ({ alertAt, suspendAt }: Thresholds, { count, alerted }: { count: number; alerted: boolean }): AnomalyStep[] => [
  ...(count >= alertAt && !alerted ? (['alert'] as const) : []),
  ...(suspendAt !== null && count >= suspendAt ? (['suspend'] as const) : []),
];

/** Why these thresholds cannot be those of a kind, by field; null when they can. */
export const thresholdProblem = (kind: AnomalyKind, { alertAt, suspendAt }: Thresholds): { field: 'suspend_at'; message: string } | null => {
  if (suspendAt === null) return null;
  if (ANOMALIES[kind].subject !== 'api_key') return { field: 'suspend_at', message: 'only keys are suspended; say `never` for people' };
  return suspendAt < alertAt ? { field: 'suspend_at', message: 'give no less than alert_at, so that nobody is surprised, or `never`' } : null;
};

/** How many letters about alerts, and about suspended keys, a workspace causes in a day at most, each to so many people. */
export const LETTERS_A_DAY = { alert: 20, suspend: 50 } as const satisfies Record<AnomalyStep, number>;
export const LETTER_READERS_MAX = 10;
