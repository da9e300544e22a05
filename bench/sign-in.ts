import { randomUUID } from 'node:crypto';
import Table from 'cli-table3';
import { createClient } from '../client/client.js';
import { credentialDirectory } from '../db/credential-directory.js';
import { emailLinkQueue } from '../db/email-links.js';
import { invitationDirectory } from '../db/invitations.js';
import { operatorDirectory } from '../db/operator-directory.js';
import { passkeyDirectory } from '../db/passkey-requests.js';
import { personEventQueue } from '../db/person-events.js';
import { openDatabase } from '../db/transaction/open.js';
import type { PublicContext } from '../operations/context.js';
import type { Services } from '../operations/ports.js';
import { createSession } from '../operations/session/create.js';
import type { World } from '../test/e2e/harness/world.js';
import { openCredentials } from '../vault/credentials.js';
import { systemEntropy } from '../vault/entropy.js';
import { readKeyFile } from '../vault/key-file.js';
import { openMembershipKey } from '../vault/membership-key.js';

/** One way to fail a sign-in. */
interface Kind {
  name: string;
  email: () => string;
  /** ms of each try. */
  took: number[];
}

const WARM_UP = 20;

/**
 * How well the time of a failed sign-in tells whether an e-mail is somebody's: over HTTP, where failures are answered at a floor, and as the
 * operation alone, which shows what the floor hides. The tries of all kinds alternate. Prints, for people to read, the medians and how many
 * single tries the best threshold tells right: 50% is a guess, and two samples of the same kind say what chance makes of it.
 */
export const measureSignIn = async (world: World, tries: number, say: (line: string) => void): Promise<void> => {
  const { people, api_url: baseUrl, database } = world.stack.state();
  const known = people[0]?.email ?? '';
  const client = createClient({ baseUrl, token: null, retry: { attempts: 1 } });
  const overHttp = (email: string) => client.create_session({ email, password: 'not this one', code: '000000' }).catch(() => undefined);
  console.log(await compare('over HTTP, with the floor', known, tries, overHttp));
  say('over HTTP: done');

  const pool = openDatabase(database.api_url, 4);
  try {
    const keyFile = readKeyFile(world.keyFile);
    const credentials = openCredentials(keyFile);
    const publicContext: PublicContext = {
      requestId: 'bench',
      directory: credentialDirectory(pool, openMembershipKey(keyFile).isAuthentic),
      operators: operatorDirectory(pool),
      personEvents: personEventQueue(pool),
      emailLinks: emailLinkQueue(pool),
      passkeys: passkeyDirectory(pool),
      invitations: invitationDirectory(pool),
      services: { credentials, entropy: systemEntropy } as Partial<Services> as Services,
      enter: () => {
        throw new Error('nobody signs in here');
      },
    };
    const alone = (email: string) => createSession(publicContext, { email, password: 'not this one', code: '000000' });
    console.log(await compare('the operation alone', known, tries, alone));
  } finally {
    await pool.close();
  }
};

const compare = async (title: string, known: string, tries: number, attempt: (email: string) => Promise<unknown>): Promise<string> => {
  const nobody = (): string => `${randomUUID()}@demo.example`;
  const unknown: Kind = { name: 'unknown e-mail', email: nobody, took: [] };
  const again: Kind = { name: 'unknown e-mail, once more', email: nobody, took: [] };
  const wrong: Kind = { name: 'known e-mail, wrong password', email: () => known, took: [] };
  for (let round = -WARM_UP; round < tries; round++)
    for (const kind of [unknown, wrong, again]) {
      const from = performance.now();
      await attempt(kind.email());
      if (round >= 0) kind.took.push(performance.now() - from);
    }
  const table = new Table({ head: [title, 'ms, median (5%–95%)', 'told from an unknown e-mail'], style: { head: [], border: [] } });
  for (const kind of [unknown, again, wrong]) table.push([kind.name, spread(kind.took), kind === unknown ? '' : `${told(unknown.took, kind.took)}%`]);
  return table.toString();
};

const spread = (took: readonly number[]): string => {
  const sorted = [...took].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `${at(0.5)} (${at(0.05)}–${at(0.95)})`;
};

/** The share of single tries, in percent, that the best threshold tells right. */
const told = (one: readonly number[], other: readonly number[]): number => {
  const all = [...one.map((ms) => ({ ms, step: 1 / one.length })), ...other.map((ms) => ({ ms, step: -1 / other.length }))].sort(
    (a, b) => a.ms - b.ms,
  );
  let [lead, most] = [0, 0];
  for (const { step } of all) {
    lead += step;
    most = Math.max(most, Math.abs(lead));
  }
  return Math.round(50 * (1 + most));
};
