import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** Parts of every port, and no noun of their own: what a column is, and what a page of a list is. */
const SHARED_PARTS = ['columns.ts', 'page.ts'];

/** Adapters whose port is not in operations/stores: it is in relay/ports.ts and in operations/recovery. */
const OTHER_PORTS = ['mail-queue.ts', 'relay.ts', 'tree-heads.ts'];

/** No adapters: the assembly of all stores, the list of tables without a tenant, and how several of them read a membership. */
const NO_ADAPTERS = ['stores.ts', 'global-tables.ts', 'sealed-membership.ts'];

const filesIn = (folder: string): string[] =>
  readdirSync(join(import.meta.dirname, '../..', folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

test('each noun has one port in operations/stores and one adapter of the same name in db', () => {
  const ports = filesIn('operations/stores').filter((name) => !SHARED_PARTS.includes(name));
  const adapters = filesIn('db').filter((name) => ![...OTHER_PORTS, ...NO_ADAPTERS].includes(name));
  expect(adapters).toEqual(ports);
});
