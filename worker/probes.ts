import type { openRelayStore } from '../db/relay.js';
import type { Probe } from '../telemetry/metrics.js';

/** Figures of the relay, read at each scrape. */
export const workerProbes = (store: Pick<ReturnType<typeof openRelayStore>, 'backlog'>): Probe[] => [
  {
    name: 'sluice_relay_messages',
    help: 'Messages to Temporal that wait, and that were given up',
    labels: ['state'],
    read: async () => {
      const { waiting, dead } = await store.backlog();
      return [
        { labels: { state: 'waiting' }, value: waiting },
        { labels: { state: 'dead' }, value: dead },
      ];
    },
  },
  {
    name: 'sluice_relay_oldest_seconds',
    help: 'Age of the oldest message that waits',
    read: async () => [{ value: (await store.backlog()).oldestSeconds }],
  },
];
