import type { GateKey } from '../operations/ports.js';
import type { KeyFile } from './key-file.js';
import { openRowKey } from './row-key.js';

/** The key that authenticates gates. */
export const openGateKey = (keyFile: Pick<KeyFile, 'root'>): GateKey => openRowKey(keyFile, 'gates');
