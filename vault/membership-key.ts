import type { MembershipKey } from '../operations/ports.js';
import type { KeyFile } from './key-file.js';
import { openRowKey } from './row-key.js';

/** The key that authenticates memberships and the roles of workspaces. */
export const openMembershipKey = (keyFile: Pick<KeyFile, 'root'>): MembershipKey => openRowKey(keyFile, 'memberships');
