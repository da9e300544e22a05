import { type RouteShape, read } from '../route-shape.js';
import * as stops from '../stops.js';

const CODE_PROBLEMS = ['code_wrong', 'otp_step_used', 'factor_locked', 'factor_missing'] as const;

/** How people stop the money of their own workspace, and let it go on. */
export const STOP_ROUTES = {
  show_stop: read({
    path: '/v1/workspace/stop',
    summary: 'Whether money moves in the workspace, and who stopped it',
    permission: 'batches.read',
    out: stops.workspaceStop,
    problems: [],
  }),
  /** It works in recovery mode: a restored database may have lost a stop, which has to be there again before money moves. */
  stop_workspace: {
    method: 'POST',
    path: '/v1/workspace/stop',
    summary: 'Stop all money of the workspace at once, with a second factor; people still sign in and read',
    permission: 'workspace.stop',
    rateClass: 'code',
    planClass: 'any',
    idempotency: 'optional',
    inRecovery: 'works',
    body: stops.stopWorkspace,
    example: { reason: 'A laptop was stolen', code: '123456' },
    out: { status: 200, body: stops.workspaceStop },
    problems: CODE_PROBLEMS,
  },
  lift_stop: {
    method: 'POST',
    path: '/v1/workspace/stop/lift',
    summary: 'Ask to lift the stop, or lift it when somebody else has asked, with a second factor',
    permission: 'workspace.stop',
    rateClass: 'code',
    planClass: 'any',
    idempotency: 'optional',
    body: stops.liftStop,
    example: { stop_id: 'stop_0198c2aa7c1e7b3d9f10a4c2e6b80d11', code: '123456' },
    out: { status: 200, body: stops.workspaceStop },
    problems: ['freeze_state', 'freeze_same_person', 'factor_resting', ...CODE_PROBLEMS],
  },
} as const satisfies Record<string, RouteShape>;
