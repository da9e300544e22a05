import { randomInt } from 'node:crypto';
import type { Role } from '../../domain/permissions.js';

/** The people of the demo workspaces: one for each step of a payment, who reads it all, and who owns it. The seed gives them passwords and second factors. */
export const DEMO_PEOPLE = [
  { role: 'preparer', name: 'Petra Nowak', email: 'petra@demo.example' },
  { role: 'approver', name: 'Amara Okafor', email: 'amara@demo.example' },
  { role: 'authorizer', name: 'Aiko Tanaka', email: 'aiko@demo.example' },
  { role: 'executor', name: 'Elena Rossi', email: 'elena@demo.example' },
  { role: 'auditor', name: 'Anton Berg', email: 'anton@demo.example' },
  { role: 'owner', name: 'Olivia Marsh', email: 'olivia@demo.example' },
] as const satisfies readonly { role: Role; name: string; email: string }[];

/** Without letters and digits that look alike: no 0, O, 1, l, I. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const GROUPS = 4;
const GROUP_LENGTH = 4;

/** A password of 93 random bits, in groups that are easy to type. */
export const newPassword = (): string =>
  Array.from({ length: GROUPS }, () => Array.from({ length: GROUP_LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('')).join('-');
