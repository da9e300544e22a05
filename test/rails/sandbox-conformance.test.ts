import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { provesEvidence } from './conformance/evidence.js';
import { provesFencing } from './conformance/fencing.js';
import { provesSending, releaseBy } from './conformance/kit.js';
import { provesListing } from './conformance/listing.js';
import { provesLookingUp } from './conformance/looking-up.js';
import type { RailUnderTest } from './conformance/rail-under-test.js';
import { provesRendering } from './conformance/rendering.js';
import { provesStrangeAnswers } from './conformance/strange-answers.js';
import { openSandbox, type SandboxUnderTest } from './sandbox-under-test.js';

let sandbox: SandboxUnderTest;
let tested: RailUnderTest;

beforeAll(async () => {
  sandbox = await openSandbox();
  tested = sandbox.under(sandbox.rail);
});
afterEach(() => sandbox.provider.call('POST', '/control/faults', {}));
afterAll(() => sandbox.close());

describe('rendering', () => provesRendering(() => tested));
describe('sending in bulk', () => provesSending(() => tested, { endpoint: 'bulk', settlement: 'immediate' }));
describe('sending one by one', () => provesSending(() => tested, { endpoint: 'single', settlement: 'immediate', concurrency: 8 }));
describe('evidence in bulk', () => provesEvidence(() => tested, { endpoint: 'bulk', settlement: 'async' }));
describe('evidence one by one', () => provesEvidence(() => tested, { endpoint: 'single', settlement: 'async' }));
describe('looking up', () => provesLookingUp(() => tested, { endpoint: 'bulk' }));

describe('strange answers in bulk', () => provesStrangeAnswers(() => tested, { endpoint: 'bulk' }));
describe('strange answers one by one', () => provesStrangeAnswers(() => tested, { endpoint: 'single' }));
describe('fencing', () => provesFencing(() => tested, { endpoint: 'bulk' }));
describe('listing', () => provesListing(() => tested, { endpoint: 'bulk' }));

describe('this rail beyond the kit', () => {
  test('chunks are 1,024 in bulk and 128 one by one', () => {
    const size = (endpoint: string) => tested.rail.capabilities(tested.connection({ endpoint })).chunkSize;
    expect([size('bulk'), size('single')]).toEqual([1024, 128]);
  });

  test('a 429 with Retry-After is waited out, and then paid', async () => {
    const connection = tested.connection({ endpoint: 'single' });
    const [outcome] = await releaseBy(tested, connection, [tested.payment('limited_once')]);
    expect(outcome?.outcome).toBe('paid');
  });

  test('a bulk call that broke half way: unknown for all, half of them found', async () => {
    await sandbox.provider.call('POST', '/control/faults', { error_half_way: 1 });
    const connection = tested.connection({ endpoint: 'bulk' });
    const payments = Array.from({ length: 10 }, () => tested.payment('paid'));
    const outcomes = await releaseBy(tested, connection, payments);
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['unknown']));
    const lookups = await tested.rail.lookup(
      connection,
      payments.map(({ key }) => key),
      new Map(),
    );
    expect(lookups.map(({ answer }) => answer.kind)).toEqual([...Array(5).fill('found'), ...Array(5).fill('absent_so_far')]);
  });

  test('settings that it does not know how to follow are thrown out', async () => {
    for (const settings of [
      { base_url: 'file:///etc/passwd' },
      { base_url: 'nowhere' },
      { endpoint: 'both' },
      { settlement: 'later' },
      { timeout_ms: 0 },
    ]) {
      expect(() => tested.rail.capabilities(tested.connection(settings as Record<string, string>))).toThrow();
    }
  });
});
