import { apiConfig } from '../config/api.js';
import { readConfig } from '../config/schema.js';
import { failpointFrom } from '../worker/failpoint.js';
import { runUntilSignalled } from './run.js';
import { serveApi } from './serve.js';

/** Development root: SLUICE_FAILPOINT names the failpoint at which the process ends itself. */
await runUntilSignalled(async () => serveApi(readConfig(apiConfig, process.env), { failpoint: failpointFrom(process.env['SLUICE_FAILPOINT']) }));
