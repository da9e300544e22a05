import { expect, test } from '@jest/globals';
import { choosePorts, freePorts, PORT_NAMES, requireFree } from '../../dev/stack/ports.js';

test('free ports are different, are free, and go to no outgoing connection while nobody listens there', async () => {
  const ports = await freePorts(100);
  expect(new Set(ports).size).toBe(100);
  // Linux gives out ports from 32,768, other systems from 49,152.
  expect(ports.filter((port) => port <= 1_024 || port >= 32_768)).toEqual([]);
  await requireFree(Object.fromEntries(ports.map((port, i) => [`port ${i}`, port])));
});

test('every part has a port of its own, whatever is wished for', async () => {
  for (const wish of ['usual', 'free', 20_000] as const) {
    const ports = await choosePorts(wish, {});
    expect(Object.keys(ports)).toEqual([...PORT_NAMES]);
    expect(new Set(Object.values(ports)).size).toBe(PORT_NAMES.length);
  }
});
