import { describe, expect, test } from '@jest/globals';
import type { Payload, SerializationContext } from '@temporalio/common';
import fc from 'fast-check';
import { openPayloadCodec } from '../../vault/payload-codec.js';
import { freshKeyFile } from './keys.js';

const keyFile = freshKeyFile();
const codec = openPayloadCodec(keyFile, 'sluice');
const workflow = (workflowId: string): SerializationContext => ({ type: 'workflow', namespace: 'sluice', workflowId });
const bytes = (value: Uint8Array | null | undefined) => Buffer.from(value ?? []).toString('hex');
const plain = (payload: Payload) => ({
  metadata: Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, bytes(value)])),
  data: bytes(payload.data),
});
const payload: fc.Arbitrary<Payload> = fc.record({
  metadata: fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.uint8Array({ maxLength: 20 })),
  data: fc.uint8Array({ maxLength: 200 }),
});
const one = async (payload: Payload, context?: SerializationContext): Promise<Payload> => {
  const [encoded] = await codec.encode([payload], context);
  if (!encoded) throw new Error('nothing was encoded');
  return encoded;
};

describe('the payload codec [S5-05]', () => {
  test('gives back what it encrypted, in order, with and without knowing whose it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 5 }), async (payloads) => {
        const encoded = await codec.encode(payloads, workflow('batch-1'));
        expect((await codec.decode(encoded, workflow('batch-1'))).map(plain)).toEqual(payloads.map(plain));
        expect((await codec.decode(encoded)).map(plain)).toEqual(payloads.map(plain));
      }),
    );
  });

  test('leaves nothing of data or metadata in clear', async () => {
    const encoded = await one({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"DE89370400440532013000"') }, workflow('w'));
    const all = Buffer.concat([encoded.data ?? new Uint8Array(), ...Object.values(encoded.metadata ?? {})]).toString('latin1');
    expect(all).not.toContain('DE89');
    expect(all).not.toContain('json/plain');
  });

  test('refuses a payload that is not encrypted', async () => {
    const forged = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"gateId":"1"}') };
    await expect(codec.decode([forged], workflow('w'))).rejects.toThrow(/is not encrypted/);
    await expect(codec.decode([{ data: Buffer.from('x') }])).rejects.toThrow(/is not encrypted/);
  });

  test('refuses a payload that was moved into another workflow, also with its owner rewritten', async () => {
    const encoded = await one({ metadata: {}, data: Buffer.from('1') }, workflow('w1'));
    await expect(codec.decode([encoded], workflow('w2'))).rejects.toThrow(/of workflow w1 was found in workflow w2/);
    const rewritten = { ...encoded, metadata: { ...encoded.metadata, owner: Buffer.from('w2') } };
    await expect(codec.decode([rewritten], workflow('w2'))).rejects.toThrow(/was changed/);
    await expect(codec.decode([rewritten])).rejects.toThrow(/was changed/);
    const nobodys = await one({ metadata: {}, data: Buffer.from('1') });
    await expect(codec.decode([nobodys], workflow('w2'))).rejects.toThrow(/of workflow unknown/);
  });

  test('an activity of a workflow shares its payloads', async () => {
    const encoded = await one({ metadata: {}, data: Buffer.from('1') }, workflow('w1'));
    const activity: SerializationContext = { type: 'activity', namespace: 'sluice', activityId: '1', workflowId: 'w1', isLocal: false };
    expect(bytes((await codec.decode([encoded], activity))[0]?.data)).toBe(bytes(Buffer.from('1')));
  });

  test('refuses another namespace and another key', async () => {
    const encoded = await one({ metadata: {}, data: Buffer.from('1') }, workflow('w1'));
    await expect(openPayloadCodec(keyFile, 'other').decode([encoded])).rejects.toThrow(/was changed/);
    await expect(openPayloadCodec(freshKeyFile(), 'sluice').decode([encoded])).rejects.toThrow(/under codec key/);
    const sameId = openPayloadCodec({ codec: { ...freshKeyFile().codec, id: keyFile.codec.id } }, 'sluice');
    await expect(sameId.decode([encoded])).rejects.toThrow(/was changed/);
  });

  test('refuses any changed or missing byte', async () => {
    const encoded = await one({ metadata: { a: Buffer.from('b') }, data: Buffer.from('some data') }, workflow('w1'));
    const data = Buffer.from(encoded.data ?? []);
    for (let at = 0; at < data.length; at++) {
      const changed = Buffer.from(data);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(codec.decode([{ ...encoded, data: changed }])).rejects.toThrow();
      await expect(codec.decode([{ ...encoded, data: data.subarray(0, at) }])).rejects.toThrow();
    }
  });
});
