import { randomInt } from 'node:crypto';
import type { Role } from '../../domain/actors.js';

/** Who works in the demo workspace; passwords and second factors are made when it is seeded. */
export const CAST = [
  { role: 'preparer', name: 'Petra Nowak', email: 'petra@demo.example' },
  { role: 'approver', name: 'Amara Okafor', email: 'amara@demo.example' },
  { role: 'authorizer', name: 'Aiko Tanaka', email: 'aiko@demo.example' },
  { role: 'executor', name: 'Elena Rossi', email: 'elena@demo.example' },
  { role: 'auditor', name: 'Anton Berg', email: 'anton@demo.example' },
] as const satisfies readonly { role: Role; name: string; email: string }[];

/** Without what people confuse: no 0, O, 1, l, I. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const GROUPS = 4;
const GROUP_LENGTH = 4;

/** 93 random bits in groups that can be typed. */
export const newPassword = (): string =>
  Array.from({ length: GROUPS }, () => Array.from({ length: GROUP_LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('')).join('-');
