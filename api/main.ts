import { apiConfig } from '../config/api.js';
import { readConfig } from '../config/schema.js';
import { runUntilSignalled } from './run.js';
import { serveApi } from './serve.js';

/** Production root: it has no failpoints. */
await runUntilSignalled(async () => serveApi(readConfig(apiConfig, process.env), { failpoint: async () => {} }));
