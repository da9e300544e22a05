import { startProvider } from '../sandbox-provider/start-provider.js';
import { startTemporal } from '../worker/temporal-server.js';
import startDatabase from './database-setup.js';

/** Does what a test run does (test/dev/children-end.test.ts): starts servers of each kind, says at which URLs they are, and waits to be killed. */
const [provider, temporal] = await Promise.all([startProvider(), startTemporal(), startDatabase()]);
const { ownerUrl } = JSON.parse(process.env['SLUICE_TEST_DATABASE'] ?? '{}') as { ownerUrl: string };
console.log(JSON.stringify([ownerUrl, `http://${temporal.address}`, provider.url]));
setInterval(() => {}, 60_000);
