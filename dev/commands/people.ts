import { peopleTable } from '../stack/screen.js';
import type { StackState } from '../stack/state.js';

/** `sluice dev people`: who works in the demo, with what an authenticator app takes. Lines for standard output. */
export const peopleLines = ({ people }: StackState): string[] => [
  ...peopleTable(people),
  '',
  ...people.map(({ role, totp_secret, otpauth_uri }) => `  ${role.padEnd(10)}  ${totp_secret}  ${otpauth_uri}`),
];
