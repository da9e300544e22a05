import { readConfig } from '../config/schema.js';
import { workerConfig } from '../config/worker.js';
import { runUntilSignalled } from './run.js';
import { serveWorker } from './serve.js';

/** Production root: it has no failpoints. */
await runUntilSignalled(async () => serveWorker(readConfig(workerConfig, process.env), { failpoint: async () => {} }));
