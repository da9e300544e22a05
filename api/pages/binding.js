// What a signature of a gate is bound to, computed from what the page shows and from nothing else.

const UUID = /^[a-z]+_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;

/** The UUID inside an id of the wire: `batch_0198c2…` → `0198c2…-…`. Throws for anything else. */
const uuidOf = (wire) => {
  const parts = UUID.exec(wire)?.slice(1);
  if (!parts) throw new Error(`${wire} is no id`);
  return parts.join('-');
};

/**
 * The bytes of a challenge as the server binds a signature to them (`challengeBytes` of domain/gate.ts): who, where, which gate, and the digest
 * over every payment. Its members are in the order of their names and hold plain text, so that this is their canonical form (RFC 8785).
 */
export const boundBytes = (challenge, session) =>
  new TextEncoder().encode(
    JSON.stringify({
      batch_id: uuidOf(challenge.batch_id),
      challenge_id: uuidOf(challenge.id),
      content_version: challenge.content_version,
      digest: challenge.digest,
      domain: 'sluice-challenge-v1',
      expires_at: challenge.expires_at,
      gate: challenge.gate,
      person_id: uuidOf(session.person.id),
      tenant_id: uuidOf(session.workspace.id),
    }),
  );

/** Base64url without padding, as WebAuthn writes bytes in JSON. */
export const toBase64Url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

/** Whether what the passkey is asked to sign is the SHA-256 of what the page shows to this person. */
export const signsWhatIsShown = async (challenge, session) =>
  toBase64Url(await crypto.subtle.digest('SHA-256', boundBytes(challenge, session))) === challenge.passkey.challenge;
