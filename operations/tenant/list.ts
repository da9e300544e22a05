import type { z } from 'zod';
import type { listTenants as contract } from '../../contracts/tenants.js';
import type { Result } from '../../domain/result.js';
import type { PlatformContext } from '../context.js';
import { type List, listPage } from '../list-page.js';
import { operatorsIn, toWireTenant, type WireTenant } from './view.js';

/** Workspaces of all organizations, newest first, with their plans and freezes. */
export const listTenants = ({ operators }: PlatformContext, input: z.output<typeof contract>): Promise<Result<List<WireTenant>>> =>
  listPage('workspace', input, async (page) => {
    const { rows, hasMore } = await operators.tenants(page);
    const names = await operators.names(operatorsIn(rows.map(({ freeze }) => freeze)));
    return { rows: rows.map((row) => toWireTenant(row, names)), hasMore };
  });
