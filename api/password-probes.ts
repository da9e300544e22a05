import type { BooksProbe } from './books-probes.js';

/** What hashing passwords takes of this process, and who waits for it. */
export const hashingProbes = (hashing: () => { running: number; waiting: number }): BooksProbe[] => [
  {
    name: 'sluice_passwords_hashing',
    help: 'Passwords that this process hashes, and those that wait for their turn',
    labels: ['state'],
    read: async () => Object.entries(hashing()).map(([state, value]) => ({ labels: { state }, value })),
  },
];

export const personEventProbe = (events: { waiting(): Promise<number> }): BooksProbe => ({
  name: 'sluice_person_events_waiting',
  help: 'Failed sign-ins and new passwords that are not in the audit logs of their people’s workspaces yet',
  read: async () => [{ value: await events.waiting() }],
});
