import type { Crew } from './crew.js';
import { apiEnvironment, type Wiring, workerEnvironment } from './part-plans.js';
import { LOOPBACK } from './site.js';
import type { Demo, StackState } from './state.js';

/** What stack.json says of a stack that runs. */
export const describeStack = (wiring: Wiring, demo: Demo, ownerUrl: string, crew: Crew): StackState => {
  const { places, ports, temporal, directLogins } = wiring;
  const { workspace_id, live_workspace_id, connection_id, funding_account_id, api_key, people } = demo;
  return {
    data_dir: places.dataDir,
    started_at: new Date().toISOString(),
    api_url: `${LOOPBACK}:${ports.api}`,
    docs_url: `${LOOPBACK}:${ports.api}/docs`,
    ui_url: wiring.uiUrl,
    metrics_url: `${LOOPBACK}:${ports.worker}/metrics`,
    temporal_address: temporal.address,
    namespace: temporal.namespace,
    provider_url: `${LOOPBACK}:${ports.provider}`,
    provider_api_key: wiring.provider.apiKey,
    ...{ workspace_id, live_workspace_id, connection_id, funding_account_id, api_key, people },
    processes: crew.processes(),
    environment: { api: apiEnvironment(wiring), worker: workerEnvironment(wiring) },
    database: {
      owner_url: ownerUrl,
      api_url: directLogins.api,
      worker_url: directLogins.worker,
      relay_url: directLogins.relay,
      sequencer_url: directLogins.sequencer,
    },
  };
};
