import { readConfig } from '../config/schema.js';
import { workerConfig } from '../config/worker.js';
import { failpointFrom } from './failpoint.js';
import { runUntilSignalled } from './run.js';
import { serveWorker } from './serve.js';

/** Development root: SLUICE_FAILPOINT names the place where the process kills itself. */
await runUntilSignalled(async () =>
  serveWorker(readConfig(workerConfig, process.env), { failpoint: failpointFrom(process.env['SLUICE_FAILPOINT']) }),
);
