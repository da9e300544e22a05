import type { AddressInfo } from 'node:net';
import { readConfig } from './config.js';
import { Provider } from './provider.js';
import { createProviderServer } from './server.js';

/** A payment provider for development and tests: a process and books of its own. Prints one JSON line when it is ready. */
const config = readConfig(process.env);
const provider = await Provider.open(config);
const server = createProviderServer(provider, config.PROVIDER_API_KEY);

server.on('error', (error) => {
  console.error(`The sandbox provider cannot listen on ${config.PROVIDER_HOST}:${config.PROVIDER_PORT}: ${error.message}`);
  process.exit(1);
});
server.listen(config.PROVIDER_PORT, config.PROVIDER_HOST, () => {
  console.log(JSON.stringify({ ready: true, port: (server.address() as AddressInfo).port }));
});

const stop = async (): Promise<void> => {
  server.close();
  server.closeAllConnections();
  await provider.close();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
