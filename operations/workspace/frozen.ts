import { type Refusal, refuse } from '../../domain/result.js';
import type { WorkspaceRow } from '../stores/workspaces.js';

/**
 * Why money does not move in this workspace now; null when it may. It holds from the moment one operator asks for a freeze, while people and
 * keys still get in. What was sent before is still looked up and posted (R1).
 */
export const frozenRefusal = ({ frozenAt }: Pick<WorkspaceRow, 'frozenAt'>): Refusal | null =>
  frozenAt &&
  refuse('workspace_frozen', 'An operator of the platform has stopped this workspace: no money moves until operators let it go on.').refusal;
