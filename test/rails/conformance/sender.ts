import type { Artefact, OpenConnection } from '../../../operations/rail.js';
import { openRails } from '../../../rails/registry.js';

/** A process that releases one artefact, to be killed while it waits for the answer. Reads its orders from standard input. */
let text = '';
for await (const chunk of process.stdin) text += chunk;
const { connection, payments, rendererVersion } = JSON.parse(text) as Omit<Artefact, 'hash'> & { connection: OpenConnection };

const rail = openRails().get(connection.rail);
if (!rail) throw new Error(`there is no rail ${connection.rail}`);
const sending = { kind: 'first' as const, signal: new AbortController().signal, onProgress: () => {} };
await rail.send(connection, { rendererVersion, payments, hash: new Uint8Array() }, sending);
console.log('answered');
