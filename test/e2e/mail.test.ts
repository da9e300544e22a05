import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { generate } from 'otplib';
import { STEP_SECONDS } from '../../cli/identity/time-steps.js';
import { placesIn } from '../../dev/data-folder/places.js';
import type { DemoPerson } from '../../dev/data-folder/state.js';
import { newestMessages } from '../../dev/mail-server/mailbox.js';
import { runSluice } from '../cli/run-sluice.js';
import { until } from '../harness/until.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(300_000);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.close());

const personOf = (role: string): DemoPerson => {
  const person = world.stack.state().people.find((one) => one.role === role);
  if (!person) throw new Error(`the demo has no ${role}`);
  return person;
};

/** A code that the person's authenticator shows at no time near now. */
const wrongCode = async ({ totp_secret: secret }: DemoPerson): Promise<string> => {
  const now = Math.floor(Date.now() / 1_000);
  const near = await Promise.all([-2, -1, 0, 1, 2].map((steps) => generate({ secret, epoch: now + steps * STEP_SECONDS })));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((guess) => !near.includes(guess)) as string;
};

const lock = async (person: DemoPerson): Promise<void> => {
  const { email, password } = person;
  for (let i = 0; i < 5; i++) {
    const answer = await fetch(`${world.stack.state().api_url}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password, code: await wrongCode(person) }),
    });
    expect(answer.status).toBe(401);
  }
};

const mailbox = () => newestMessages(placesIn(world.dataDir).mail, 100);
const letterTo = (email: string) =>
  until(`a letter to ${email}`, async () => (await mailbox()).find(({ delivered_to }) => delivered_to === email), 120_000);
const metric = async (line: RegExp): Promise<string | undefined> => line.exec(await (await fetch(world.stack.state().metrics_url)).text())?.[1];
const doctor = () => runSluice(['doctor'], { env: { SLUICE_DATA_DIR: world.dataDir } });

test('a person whose factor is locked by wrong codes finds one letter about it in the mailbox', async () => {
  const person = personOf('auditor');
  await lock(person);
  const letter = await letterTo(person.email);
  expect(letter).toMatchObject({
    from: 'Sluice <no-reply@demo.example>',
    to: `${person.name} <${person.email}>`,
    subject: expect.stringMatching(/^Your second factor is locked until \d\d:\d\d:\d\d UTC$/),
    text: expect.stringContaining(`Sluice at ${world.stack.state().api_url}`),
  });
  expect(letter.text).toContain(`Hello ${person.name},`);
  await until('the relay to have noted that it was sent', async () =>
    (await metric(/^sluice_mail_letters\{.*state="waiting".*\} (\d+)/m)) === '0' ? true : undefined,
  );
  expect(await mailbox()).toHaveLength(1);
  const { stdout } = await runSluice(['dev', 'mail'], { env: { SLUICE_DATA_DIR: world.dataDir } });
  expect(stdout).toContain(letter.subject);
});

test('while the mail server is down letters wait, the worker is ready, and the doctor says that none can be sent', async () => {
  expect((await doctor()).stdout).toMatch(/^mail +ok +the mail server takes letters$/m);
  await world.stack.stopPart('mail');
  const person = personOf('preparer');
  await lock(person);
  await until('an attempt to fail', async () => {
    const again = await metric(/^sluice_mail_attempts_total\{.*fate="again".*\} (\d+)/m);
    return again !== undefined && again !== '0' ? true : undefined;
  });
  expect((await fetch(world.stack.state().metrics_url.replace(/metrics$/, 'readyz'))).status).toBe(200);
  const down = await doctor();
  expect([down.code, down.stdout]).toEqual([
    1,
    expect.stringMatching(/^mail +PROBLEM +no letter can be sent: the mail server cannot be used: connect ECONNREFUSED/m),
  ]);
  await world.stack.startPart('mail');
  const letter = await letterTo(person.email);
  expect((await mailbox()).filter(({ message_id }) => message_id === letter.message_id)).toHaveLength(1);
});
