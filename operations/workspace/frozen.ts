import { type Refusal, refuse } from '../../domain/result.js';
import type { WorkspaceRow } from '../stores/workspaces.js';

/**
 * Why money does not move in this workspace now; null when it may. It holds from the moment one operator asks for a freeze, or one of its own
 * people stops it, while people and keys still get in. What was sent before is still looked up and posted (R1).
 */
export const frozenRefusal = ({ frozenAt }: Pick<WorkspaceRow, 'frozenAt'>): Refusal | null =>
  frozenAt &&
  refuse(
    'workspace_frozen',
    'This workspace is stopped: no money moves until those let it go on who stopped it, its own people or operators of the platform.',
  ).refusal;
