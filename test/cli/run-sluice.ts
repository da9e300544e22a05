import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freshFolder } from '../harness/fresh-folder.js';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface RunSettings {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  /** SIGINT is sent as soon as standard error says this, as Ctrl-C does. */
  breakOff?: RegExp;
}

/** Runs the command line in a process of its own, without any profile of this machine. */
export const runSluice = async (argv: string[], { env = {}, input = '', cwd = emptyFolder(), breakOff }: RunSettings = {}): Promise<Ran> => {
  const child = spawn(process.execPath, [join(process.cwd(), 'bin/sluice.mjs'), ...argv], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_CONFIG_HOME: join(cwd, 'config'), ...env },
  });
  child.stdin.end(input);
  const ended = new Promise<number | null>((done) => {
    child.once('close', done);
  });
  if (breakOff) {
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      const before = breakOff.test(said);
      said += part;
      if (!before && breakOff.test(said)) child.kill('SIGINT');
    });
  }
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
};

export const emptyFolder = (): string => freshFolder('cli');

export const problemOf = (code: string, status: number, more: object = {}) => ({
  status,
  body: { type: 't', title: `Title of ${code}`, status, detail: `Detail of ${code}.`, code, request_id: 'req_1', ...more },
});

export const BATCH = {
  object: 'payout_batch',
  id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  external_id: 'june',
  state: 'queued',
  outcome: null,
  reason: null,
  paused: false,
  cancelling: false,
  attention: [],
  content_version: 1,
  digest: 'ab'.repeat(32),
  rail: 'sandbox',
  currency: 'EUR',
  item_count: 2,
  total: 1_234_567,
  paid_total: 0,
  counts: { open: 2, unknown: 0, submitted: 0, paid: 0, failed: 0, returned: 0, cancelled: 0, excluded: 0, blocked: 0, was_unknown: 0 },
  gates: [],
  deadline_at: null,
  created_at: '2026-01-01T00:00:00Z',
};

export const PERSON = { person_id: 'person_0198c2aa7c1e7b3d9f10a4c2e6b80d22', name: 'Ada Lovelace', roles: ['approver'] };

export const CHALLENGE = {
  object: 'challenge',
  id: 'challenge_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  batch_id: BATCH.id,
  gate: 'approve',
  content_version: 1,
  digest: BATCH.digest,
  expires_at: '2026-01-01T00:05:00Z',
  summary: {
    item_count: 2,
    total: 1_234_567,
    currency: 'EUR',
    rail: 'sandbox',
    funding_account: { id: 'acct_1', name: 'Main', balance: 2_000_000, balance_after: 765_433 },
    largest: [{ payee_reference: 'p-1', payee_name: 'Ada\u001b[2J', destination: 'DE…3000', amount: 1_000_000 }],
    new_payees: 1,
    facts: {
      sealed_at: '2026-01-01T00:00:00Z',
      same_file: { batch_id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d00' },
      same_payments: {
        count: 14,
        batch_id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d00',
        batches: [
          { batch_id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d00', count: 13 },
          { batch_id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d01', count: 1 },
        ],
        shown: Array.from({ length: 12 }, (_, i) => ({
          ...{ ordinal: i, payee_reference: `same-${i}`, amount: 90_000 - i, reference: 'INV 5', times: 1 },
          equals: { batch_id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d00', ordinal: 40 + i, state: 'paid' },
        })),
      },
      repeated_within: { count: 2, shown: [{ payee_reference: 'p-9', amount: 4_200, reference: 'INV 7', times: 3 }] },
      changed_destinations: {
        count: 51,
        shown: [
          {
            payee_reference: 'p-1',
            from: 'IBAN DE …3000',
            to: 'IBAN LT …0009',
            changed_by: { ...PERSON, api_key: { id: 'key_0198c2aa7c1e7b3d9f10a4c2e6b80d33', name: 'import' } },
            changed_at: '2025-12-31T23:59:00Z',
          },
        ],
      },
      changed_payees: {
        count: 1,
        shown: [
          {
            ...{
              payee_reference: 'p-3',
              name: { from: 'Nora Vance', to: 'Nils\u001b[2J Varga' },
              payee_type: null,
              country: { from: 'DE', to: 'FR' },
            },
            ...{ changed_by: { ...PERSON, api_key: null }, changed_at: '2025-12-31T22:00:00Z' },
          },
        ],
      },
      held_payees: {
        count: 1,
        payments: 2,
        amount: 1_000_100,
        shown: [{ payee_reference: 'p-1', held_at: '2025-12-30T08:00:00Z', held_by: { ...PERSON, api_key: null }, reason: 'a call about fraud' }],
      },
      foreign_accounts: { count: 1, shown: [{ payee_reference: 'p-1', country: 'DE', destination: 'IBAN LT …0009' }] },
      shared_accounts: { count: 1, shown: [{ payee_reference: 'p-1', destination: 'IBAN LT …0009', other_payee_reference: 'p-77' }] },
      unusual_amounts: { count: 1, shown: [{ payee_reference: 'p-1', amount: 1_000_000, median: 9_900 }] },
      unusual_total: { median: 100_000 },
      first_seen_payees: 1,
    },
  },
};
