/** Requests to sign in with a passkey. They come before a person is known, so this is no store of a workspace. */
export interface PasskeyDirectory {
  /** Keeps a request for five minutes; when it expires. */
  ask(request: { id: string; challengeHash: Uint8Array }): Promise<Date>;
  /** Uses a request: the hash of its challenge for exactly one caller, null for every other one and once it has expired. */
  use(id: string): Promise<Uint8Array | null>;
  /** Whose passkey a credential is; null when it is none that counts. */
  find(credentialId: Uint8Array): Promise<{ personId: string; disabled: boolean } | null>;
}
