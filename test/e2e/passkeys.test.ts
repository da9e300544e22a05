import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { openDatabase } from '../../db/transaction/open.js';
import { newMembership } from '../../dev/seed/new-membership.js';
import { fromWireId, toItemId } from '../../domain/ids.js';
import { groupedMoney } from '../../domain/money.js';
import { openCredentials } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import { readKeyFile } from '../../vault/key-file.js';
import { runSluice } from '../cli/run-sluice.js';
import { CHEAP_ARGON2 } from '../harness/cheap-argon2.js';
import { sampleItems } from './harness/payments.js';
import { codes, type People } from './harness/people.js';
import { startWorld, type World } from './harness/world.js';

/** Chromium may have to be installed first. */
jest.setTimeout(600_000);

/*
 * Passkeys in a real Chromium, whose virtual authenticators stand for the devices of people. The stack is visited by the name `localhost`,
 * because a passkey belongs to a host name.
 */

interface Visitor {
  name: string;
  email: string;
  password: string;
  page: Page;
}

const GATES = [
  { gate: 'approve', verb: 'Approve', role: 'approver', state: 'approved' },
  { gate: 'authorize', verb: 'Authorize', role: 'authorizer', state: 'authorized' },
  { gate: 'execute', verb: 'Execute', role: 'executor', state: 'executing' },
] as const;
type Gate = (typeof GATES)[number]['gate'];

let world: World;
let browser: Browser;
/** The address that people type. */
let site: string;
let people: People;
/** What the browser complained about: violated policies, errors of scripts, files that are missing, requests to other hosts. */
let faults: string[] = [];
const visitors = new Map<Gate, Visitor>();

beforeAll(async () => {
  const { ensureChromium, CHROMIUM_FLAGS } = (await import(join(process.cwd(), 'dev/chromium.mjs'))) as {
    ensureChromium: (say: (line: string) => void) => Promise<string>;
    CHROMIUM_FLAGS: string[];
  };
  const executablePath = await ensureChromium((line) => console.log(line));
  world = await startWorld({ env: { api: { SLUICE_FACTOR_REST_HOURS: '0' } } });
  site = world.stack.state().api_url.replace('127.0.0.1', 'localhost');
  people = await world.newPeople();
  // Root can't use the sandbox of Chromium.
  browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS, chromiumSandbox: process.getuid?.() !== 0 });
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});
afterEach(() => {
  const found = faults;
  faults = [];
  expect(found).toEqual([]);
});

/** A browser of somebody's own, on a device that makes and keeps passkeys. */
const visitorOf = async (person: Omit<Visitor, 'page'>): Promise<Visitor> => {
  const context = await browser.newContext({ viewport: { width: 320, height: 700 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => faults.push(`${person.name}: ${error.message}`));
  page.on('console', (message) => {
    // Chromium reports a refusal of the API like a file that is missing.
    if (message.type() !== 'error' || message.location().url.startsWith(`${site}/v1/`)) return;
    faults.push(`${person.name}: ${message.text()} (${message.location().url})`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${site}/`) && !url.startsWith('data:')) faults.push(`${person.name}: a request to ${url}`);
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  });
  return { ...person, page };
};

const textOf = async (part: Locator): Promise<string> => (await part.textContent()) ?? '';
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
const fill = (page: Page, label: string, text: string): Promise<void> => page.getByLabel(label, { exact: true }).fill(text);

const signInByPassword = async ({ page, name, email, password }: Visitor, code: string): Promise<void> => {
  await page.goto(`${site}/passkeys`);
  await fill(page, 'E-mail', email);
  await fill(page, 'Password', password);
  await fill(page, 'Code', code);
  await press(page, 'Sign in');
  await page.getByText(`Signed in as ${name}`).waitFor();
};

const addPasskey = async (page: Page, name: string, [label, proof]: readonly [string, string]): Promise<void> => {
  await fill(page, 'Name', name);
  await fill(page, label, proof);
  await press(page, 'Add a passkey');
  await page.getByText(`${name} is added.`).waitFor();
  await page.getByRole('row', { name: new RegExp(`^${name} passkey active`) }).waitFor();
};

const signInAgainByPasskey = async ({ page, name }: Visitor): Promise<void> => {
  await press(page, 'Sign out');
  await page.getByText('You are signed out.').waitFor();
  await press(page, 'Sign in with a passkey');
  await page.getByText(`Signed in as ${name}`).waitFor();
};

/** Somebody of the workspace who has no second factor yet. */
const newcomer = async (): Promise<Visitor> => {
  const state = world.stack.state();
  const [id, password, email] = [systemEntropy.newId(), systemEntropy.newId(), `newcomer-${systemEntropy.newId()}@test.example`];
  const hash = await openCredentials(readKeyFile(world.keyFile), { argon2: CHEAP_ARGON2 }).hashPassword(password, id);
  const database = openDatabase(state.database.owner_url, 1);
  try {
    await database.transaction(async (tx) => {
      await tx.orm.person.create({ data: { id, email, name: 'Nina Newcomer', password_hash: hash } });
      await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${world.tenantId}, true)`;
      await tx.orm.membership.create({
        data: newMembership(readKeyFile(world.keyFile), { tenantId: world.tenantId, personId: id, roles: ['approver'] }),
      });
    });
  } finally {
    await database.close();
  }
  return visitorOf({ name: 'Nina Newcomer', email, password });
};

test.each(GATES)('the $role signs in with password and code, adds a passkey, and signs in by that alone', async ({ gate, role }) => {
  const person = world.stack.state().people.find((one) => one.role === role);
  if (!person) throw new Error(`the demo has no ${role}`);
  const visitor = await visitorOf(person);
  const nextCode = codes(person.totp_secret);
  await signInByPassword(visitor, await nextCode());
  await addPasskey(visitor.page, 'laptop', ['Code', await nextCode()]);
  await signInAgainByPasskey(visitor);
  visitors.set(gate, visitor);
});

test('a first passkey takes the password, and brings recovery codes that are shown once', async () => {
  const visitor = await newcomer();
  const { page } = visitor;
  await signInByPassword(visitor, '');
  await page.getByText('You have none yet.').waitFor();
  await addPasskey(page, 'phone', ['Present password', visitor.password]);
  expect(await page.getByRole('listitem').count()).toBe(10);
  await page.reload();
  await page.getByText('Recovery codes left: 10').waitFor();
  expect(await page.getByRole('listitem').count()).toBe(0);
  await signInAgainByPasskey(visitor);
});

describe('gates', () => {
  /** Named like markup, and paid the most, so that it is shown first. */
  const MARKED = '<img src=x> & <b>Ada</b>';

  const newBatch = async () => {
    const [first, ...rest] = sampleItems(10);
    if (!first) throw new Error('there is no item');
    const items = [{ ...first, payee: { ...first.payee, reference: 'markup', name: MARKED }, amount: 900_000 }, ...rest];
    const total = items.reduce((sum, { amount }) => sum + amount, 0);
    const { client } = people.preparer;
    await client.top_up({ account_id: world.stack.state().funding_account_id, amount: total });
    const created = await client.create_payout_batch({ currency: 'EUR', rail: 'sandbox', allow_duplicates: true, items });
    if (created.object !== 'payout_batch') throw new Error('nothing was created');
    return { ...created, total };
  };

  const pageOf = async (gate: Gate, batchId: string): Promise<Page> => {
    const visitor = visitors.get(gate);
    if (!visitor) throw new Error(`nobody has a passkey for ${gate}`);
    await visitor.page.goto(`${site}/passkeys/gate?batch=${batchId}&gate=${gate}`);
    return visitor.page;
  };

  test('three people open the gates of a batch with their passkeys, a command waits for the first, and the batch is paid', async () => {
    const { id, total } = await newBatch();
    const { api_url, api_key } = world.stack.state();
    const waiting = runSluice(['batch', 'approve', id, '--passkey'], { env: { SLUICE_URL: api_url, SLUICE_API_KEY: api_key } });
    for (const { gate, verb, state } of GATES) {
      const page = await pageOf(gate, id);
      await page.getByRole('heading', { name: `${verb} a payout batch` }).waitFor();
      expect(await textOf(page.locator('#total'))).toBe(`${groupedMoney(BigInt(total), 'EUR')} in 10 payments`);
      expect(await textOf(page.locator('#digest'))).toBe((await people.preparer.client.show_payout_batch({ batch_id: id })).digest);
      expect(await page.getByRole('cell', { name: MARKED, exact: true }).count()).toBe(1);
      await press(page, `${verb} with passkey`);
      await page.getByRole('heading', { name: 'The gate is open' }).waitFor();
      expect(await textOf(page.locator('#opened'))).toContain(`The batch is ${state} now`);
    }
    const waited = await waiting;
    expect([waited.code, waited.stderr]).toEqual([0, expect.stringContaining('approve of')]);
    const batch = await world.ended(people, id);
    expect(batch).toMatchObject({ state: 'completed', outcome: 'full', counts: { open: 0, paid: 10 } });
    expect(new Set(batch.gates.map(({ person_id }) => person_id)).size).toBe(3);
    expect(await world.broken()).toEqual([]);
  });

  test('what was edited after it was shown is not signed: the page says so, and shows it anew', async () => {
    const { id } = await newBatch();
    const page = await pageOf('approve', id);
    const open = page.getByRole('button', { name: 'Approve with passkey' });
    await open.waitFor();
    const { client } = people.preparer;
    await client.edit_payout_batch({ batch_id: id, exclude: [toItemId(fromWireId('batch', id) ?? '', 0)] });
    await open.click();
    const alert = page.getByRole('alert');
    await alert.getByText('The batch changed after the challenge was shown').waitFor();
    expect(await textOf(alert)).toContain('Look at it again, then decide anew.');
    expect(await open.count()).toBe(0);
    expect(await client.show_payout_batch({ batch_id: id })).toMatchObject({ state: 'queued', gates: [] });

    await press(page, 'Look again');
    await page.getByText('1 more, which are not paid').waitFor();
    await open.click();
    await page.getByRole('heading', { name: 'The gate is open' }).waitFor();
  });

  test('a second gate of the same batch is refused, with what to do', async () => {
    const { id } = await newBatch();
    const page = await pageOf('approve', id);
    await press(page, 'Approve with passkey');
    await page.getByRole('heading', { name: 'The gate is open' }).waitFor();
    await page.goto(await textOf(page.locator('#next')));
    await page.getByRole('alert').getByText('Next:').waitFor();
    expect(await page.getByRole('button', { name: 'with passkey' }).count()).toBe(0);
  });

  test('an address that names no gate asks the API nothing', async () => {
    const { page } = await visitorOf({ name: 'Nobody', email: '', password: '' });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${site}/passkeys/gate?batch=..%2F..%2Fsessions%2Fend-others&gate=approve`);
    await page.getByRole('alert').getByText('This address names no gate').waitFor();
    expect(asked.filter((path) => path.startsWith('/v1/'))).toEqual([]);
  });
});
