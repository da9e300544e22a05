import type { Rails } from '../operations/rail.js';
import { createSandboxRail } from './sandbox/adapter.js';

/** Every rail of this installation by its name. A new rail needs a folder, a line here, and a test that runs the conformance kit on it. */
export const openRails = (): Rails => new Map([createSandboxRail()].map((rail) => [rail.name, rail]));
