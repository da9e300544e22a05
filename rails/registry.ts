import type { Rails } from '../operations/ports.js';
import { createSandboxRail } from './sandbox/adapter.js';

/** Every rail of this installation by its name. A new rail is a folder here, a line here, and the conformance kit. */
export const openRails = (): Rails => new Map([createSandboxRail()].map((rail) => [rail.name, rail]));
