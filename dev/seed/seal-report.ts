import type { Sealed, Sealing } from './seal-before.js';

/** What was sealed, what that vouches for, and what was left out, for whoever did it. */
export const sealReport = (sealed: Sealed, { sealedFile }: Pick<Sealing, 'sealedFile'>): string[] => [
  `Sealed: ${sealed.memberships} memberships, ${sealed.roles} roles of workspaces, ${sealed.passwords} passwords, ${sealed.factors} second factors.`,
  'That vouches for what the database held: who is a member where, with which roles, and whose their passwords and factors are.',
  `${sealedFile} says that it has happened; keep it beside the key file. Nothing is sealed again while it is there.`,
  ...sealed.unopened.map(
    ({ factor, person }) =>
      `Left out: the second factor ${factor} of ${person} does not open under the key of this installation, and none of its codes counts. Reset their factors.`,
  ),
];
