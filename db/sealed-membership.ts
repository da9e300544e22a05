import type { Seal, SealedMembership, SealedRole } from '../domain/membership.js';

/** A membership as `sluice_sealed_membership` gives it: authenticators are hex in JSON. */
export type StoredMembership = InHex<Omit<SealedMembership, 'defined'>> & { defined: InHex<SealedRole>[] };
type InHex<Row> = Omit<Row, 'authenticator'> & { authenticator: string | null };

const fromHex = <Row extends { authenticator: string | null }>({ authenticator, ...row }: Row) => ({
  ...row,
  authenticator: authenticator === null ? null : Uint8Array.from(Buffer.from(authenticator, 'hex')),
});

/** Null when there is no such member. */
export const sealedMembership = (stored: StoredMembership | null | undefined): SealedMembership | null =>
  stored ? { ...fromHex(stored), defined: stored.defined.map(fromHex) } : null;

/** The columns of a seal. */
export const storedSeal = ({ eventId, authenticator }: Seal) => ({ event_id: eventId, authenticator: Uint8Array.from(authenticator) });
