import type { openRelayStore } from '../db/relay.js';
import type { Probe } from '../telemetry/metrics.js';

/** Metrics of the relay, read at each scrape. */
export const workerProbes = (store: Pick<ReturnType<typeof openRelayStore>, 'backlog' | 'mail' | 'months'>): Probe[] => [
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
  {
    name: 'sluice_mail_letters',
    help: 'Letters to people that wait, and that were given up in the last 30 days',
    labels: ['state'],
    read: async () => {
      const { waiting, dead } = await store.mail.backlog();
      return [
        { labels: { state: 'waiting' }, value: waiting },
        { labels: { state: 'dead' }, value: dead },
      ];
    },
  },
  {
    name: 'sluice_mail_oldest_seconds',
    help: 'Age of the oldest letter that waits',
    read: async () => [{ value: (await store.mail.backlog()).oldestSeconds }],
  },
  {
    name: 'sluice_item_months_ahead',
    help: 'Months after this one that have partitions for items; at 0 the next month falls into the default partition',
    read: async () => [{ value: (await store.months()).ahead }],
  },
  {
    name: 'sluice_item_unsorted_bytes',
    help: 'Bytes of items and transitions in the default partitions, which no month can be detached with',
    read: async () => [{ value: (await store.months()).unsortedBytes }],
  },
];
