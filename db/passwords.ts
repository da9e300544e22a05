import type { PasswordStore, StoredPassword } from '../operations/stores/passwords.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Passwords of people, through functions that each do one thing: the API's role may write no hash by itself (migration 0025). */
export const passwordStore = ({ sql }: Tx, _scope: Scope): PasswordStore => {
  const done = async (answer: Promise<object | null>): Promise<boolean> => ((await answer) as { done: boolean | null } | null)?.done === true;
  return {
    get: (personId) => sql.row<StoredPassword>('function')`SELECT hash, version FROM sluice_password_of(${personId}::uuid)`,

    hold: (personId, version) => done(sql.row('function')`SELECT sluice_hold_password(${personId}::uuid, ${version}::int) AS done`),

    change: (personId, version, hash) =>
      done(sql.row('function')`SELECT sluice_change_password(${personId}::uuid, ${version}::int, ${hash}) AS done`),

    rehash: (personId, stored, hash) => done(sql.row('function')`SELECT sluice_rehash_password(${personId}::uuid, ${stored}, ${hash}) AS done`),
  };
};
