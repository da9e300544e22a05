import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { readStop, type WireStop } from './view.js';

/** Whether money moves in the workspace, and who of its people stopped it. */
export const showStop = (ctx: Context): Promise<Result<WireStop>> => ctx.inTenant(async (stores) => ok(await readStop(stores)));
