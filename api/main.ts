import { apiConfig } from '../config/api.js';
import { readConfig } from '../config/schema.js';
import { runUntilSignalled } from './run.js';
import { serveApi } from './serve.js';

/** Production root: nothing can be made to fail on purpose. */
await runUntilSignalled(async () => serveApi(readConfig(apiConfig, process.env), { failpoint: async () => {} }));
