import { readConfig } from '../config/schema.js';
import { workerConfig } from '../config/worker.js';
import { runUntilSignalled } from './run.js';
import { serveWorker } from './serve.js';

/** Production root: nothing can be made to fail on purpose. */
await runUntilSignalled(async () => serveWorker(readConfig(workerConfig, process.env), { failpoint: async () => {} }));
