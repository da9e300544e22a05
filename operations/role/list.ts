import { ROLE_NAMES } from '../../domain/permissions.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { List } from '../list-page.js';
import { fixedRole, toWireRole, type WireRole } from './view.js';

/** All roles of the workspace: first those that every workspace has, then its own by name. There are few, so it is one page. */
export const listRoles = (ctx: Context): Promise<Result<List<WireRole>>> =>
  ctx.inTenant(async (stores) => {
    const counts = await stores.roles.memberCounts();
    const membersOf = (name: string): number => counts.get(name) ?? 0;
    const own = await stores.roles.list();
    const data = [...ROLE_NAMES.map((name) => fixedRole(name, membersOf(name))), ...own.map((row) => toWireRole(row, membersOf(row.name)))];
    return ok({ object: 'list', data, has_more: false, next_cursor: null });
  });
