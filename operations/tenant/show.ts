import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { readTenant, type WireTenant } from './view.js';

/** The workspace with its plan and its freeze, for operators: what stands, why, by whom and since when. */
export const showTenant = (ctx: Context): Promise<Result<WireTenant>> => ctx.inTenant(async (stores) => ok(await readTenant(stores)));
