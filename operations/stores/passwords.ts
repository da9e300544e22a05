/** What is stored of a person's password. */
export interface StoredPassword {
  /** The hash, with the parameters that it was made with (PHC string), and the seal that binds it to its person. */
  hash: string;
  /** Goes up with every new password, and not when the same one is hashed anew. */
  version: number;
}

/** Passwords of people, who belong to no tenant. */
export interface PasswordStore {
  /** Null when there is no such person. */
  get(personId: string): Promise<StoredPassword | null>;
  /** Holds this version until the transaction ends: false when the person has another password by now, else nobody changes it meanwhile. */
  hold(personId: string, version: number): Promise<boolean>;
  /** Compare-and-set of the version: true for exactly one new password after each. */
  change(personId: string, version: number, hash: string): Promise<boolean>;
  /** Replaces the hash of the same password. Compare-and-set of the old hash, so that it never takes the place of a newer password's. */
  rehash(personId: string, stored: string, hash: string): Promise<boolean>;
}
