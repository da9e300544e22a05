import { expect, test } from '@jest/globals';
import type { Context } from '../../operations/context.js';
import { drainAll } from '../../relay/drain.js';

test('a workspace whose drain breaks holds up no other', async () => {
  const drained: string[] = [];
  const nothingDue = { inbound: { claimDue: async () => [] }, parked: { due: async () => [] } };
  const contextOf = async (tenantId: string): Promise<Context> => {
    if (tenantId === 'broken') throw new Error('its keys cannot be read');
    drained.push(tenantId);
    return { inTenant: (work: (stores: typeof nothingDue) => unknown) => work(nothingDue) } as unknown as Context;
  };
  await expect(drainAll(async () => ['broken', 'sound'], contextOf)).rejects.toThrow('its keys');
  expect(drained).toEqual(['sound']);
});
