// `npm run screenshots`: takes the pictures of the README again, from the stack that `npm start` runs here, and fails when a page
// sends a request to another machine. Takes the Chromium that `dev/chromium.mjs` finds.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { register } from 'tsx/esm/api';
import { CHROMIUM_FLAGS, ensureChromium } from './chromium.mjs';

register();
const { findLocalStack } = await import('../cli/identity/stack.ts');
const { paySample } = await import('./demo/pay-sample.ts');

const FOLDER = 'docs/screenshots';
/** No answer is in time and no lookup succeeds, so the batch still runs when its picture is taken. */
const NO_ANSWERS = { latency_ms: 15_000, lookup_unavailable: 1 };

const stack = findLocalStack(process.env, process.cwd());
if (!stack) leave('No stack was started here. Start one: npm start');
const program = await ensureChromium(console.log).catch((error) => leave(error.message));

mkdirSync(FOLDER, { recursive: true });
// Root can't use the sandbox of Chromium.
const browser = await chromium.launch({ executablePath: program, args: CHROMIUM_FLAGS, chromiumSandbox: process.getuid?.() !== 0 });
const page = await browser.newPage({ viewport: { width: 1360, height: 940 } });
const outside = new Set();
page.on('request', (request) => {
  const { protocol, hostname, origin } = new URL(request.url());
  if (/^(http|ws)/.test(protocol) && hostname !== '127.0.0.1' && hostname !== 'localhost') outside.add(origin);
});

try {
  await page.goto(stack.docs_url, { waitUntil: 'networkidle' });
  await page.getByText('payout-batches', { exact: false }).first().waitFor();

  await setFaults(NO_ANSWERS);
  const paid = new Promise((resolve, reject) => {
    const executing = (batch) => batch.state === 'executing' && resolve(batch);
    paySample(stack, 1_000, { line: console.log, batch: executing }).catch(reject);
  });
  const { id } = await paid;
  await page.goto(`${stack.ui_url}/namespaces/${stack.namespace}/workflows/${id}`, { waitUntil: 'load' });
  await page.getByText('payChunk').first().waitFor();
  await page.waitForTimeout(2_000);
  await page.screenshot({ path: join(FOLDER, 'web-ui.png') });
  await page
    .getByRole('link', { name: 'User Metadata' })
    .or(page.getByRole('tab', { name: 'User Metadata' }))
    .first()
    .click();
  // The texts of people are in frames of their own.
  await page.locator('iframe').last().contentFrame().getByText('EUR').waitFor();
  await page.screenshot({ path: join(FOLDER, 'web-ui-summary.png') });
} finally {
  await setFaults({});
  await browser.close();
}
if (outside.size > 0) leave(`Pages sent requests to other machines: ${[...outside].join(', ')}`);
console.log(`Written to ${FOLDER}; no page sent a request to another machine.`);

async function setFaults(faults) {
  const answer = await fetch(`${stack.provider_url}/control/faults`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.provider_api_key}`, 'content-type': 'application/json' },
    body: JSON.stringify(faults),
  });
  if (!answer.ok) leave(`The provider answered ${answer.status}: ${await answer.text()}`);
}

function leave(words) {
  console.error(words);
  process.exit(1);
}
