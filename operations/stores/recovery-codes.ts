/** Recovery codes of people, who belong to no tenant. Only their SHA-256 is stored; each person sees their own alone (ADR 0064). */
export interface RecoveryCodeStore {
  /** Puts these in the place of all that the person had, used or not. */
  replace(personId: string, hashes: readonly Uint8Array[]): Promise<void>;
  /** Compare-and-set: true for exactly one use of a code. */
  use(personId: string, hash: Uint8Array): Promise<boolean>;
  /** How many are not used. */
  left(personId: string): Promise<number>;
}
