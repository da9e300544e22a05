import type { LogId } from '../domain/audit/checkpoint.js';
import type { Sha256 } from '../domain/hashing.js';
import type { SignatureAlgorithm } from '../domain/http-signature/profile.js';
import type { EstimateGuesses } from '../domain/password.js';
import type { Result } from '../domain/result.js';
import type { MailSeal } from './mail/ports.js';
import type { Passkeys } from './passkey/ports.js';
import type { Rails } from './rail.js';
import type { AccountStore } from './stores/accounts.js';
import type { AnomalyStore } from './stores/anomalies.js';
import type { ApiKeyStore } from './stores/api-keys.js';
import type { AuditStore } from './stores/audit.js';
import type { BatchRunStore } from './stores/batch-runs.js';
import type { BatchViewStore } from './stores/batch-views.js';
import type { BatchStore } from './stores/batches.js';
import type { ChallengeStore } from './stores/challenges.js';
import type { ChunkStore } from './stores/chunks.js';
import type { ConnectionHealthStore } from './stores/connection-health.js';
import type { DispatchStore } from './stores/dispatches.js';
import type { EmailLinkStore } from './stores/email-links.js';
import type { ExceptionStore } from './stores/exceptions.js';
import type { FactorResetStore } from './stores/factor-resets.js';
import type { FactorRow, FactorStore } from './stores/factors.js';
import type { FactStore } from './stores/facts.js';
import type { FreezeStore } from './stores/freezes.js';
import type { GateStore } from './stores/gates.js';
import type { HoldStore } from './stores/holds.js';
import type { IdempotencyKeyStore } from './stores/idempotency-keys.js';
import type { InboundEventStore } from './stores/inbound-events.js';
import type { InvitationStore } from './stores/invitations.js';
import type { ItemStore } from './stores/items.js';
import type { KeyStore } from './stores/keys.js';
import type { MailStore } from './stores/mail.js';
import type { MembershipStore } from './stores/memberships.js';
import type { OutboxStore } from './stores/outbox.js';
import type { ParkedEvidenceStore } from './stores/parked-evidence.js';
import type { PasswordStore } from './stores/passwords.js';
import type { PayeeStore } from './stores/payees.js';
import type { PersonEventStore } from './stores/person-events.js';
import type { PlanUseStore } from './stores/plan-use.js';
import type { ProposalStore } from './stores/proposals.js';
import type { RailConnectionStore } from './stores/rail-connections.js';
import type { RecoveryStore } from './stores/recoveries.js';
import type { RecoveryCodeStore } from './stores/recovery-codes.js';
import type { RoleStore } from './stores/roles.js';
import type { SessionStore } from './stores/sessions.js';
import type { SignatureNonceStore } from './stores/signature-nonces.js';
import type { SigningKeyStore } from './stores/signing-keys.js';
import type { StopStore } from './stores/stops.js';
import type { TransferStore } from './stores/transfers.js';
import type { TransitionStore } from './stores/transitions.js';
import type { UploadStore } from './stores/uploads.js';
import type { WorkspaceStore } from './stores/workspaces.js';

/** Everything the database stores, as one transaction of one tenant sees it. Each noun has one adapter in `db/`. */
export interface Stores {
  /** When the transaction began, on the database's clock. Expiry, leases and code steps use it (R24). */
  now: Date;
  workspaces: WorkspaceStore;
  planUse: PlanUseStore;
  freezes: FreezeStore;
  stops: StopStore;
  memberships: MembershipStore;
  roles: RoleStore;
  invitations: InvitationStore;
  emailLinks: EmailLinkStore;
  factors: FactorStore;
  recoveryCodes: RecoveryCodeStore;
  factorResets: FactorResetStore;
  passwords: PasswordStore;
  personEvents: PersonEventStore;
  sessions: SessionStore;
  apiKeys: ApiKeyStore;
  anomalies: AnomalyStore;
  signingKeys: SigningKeyStore;
  signatureNonces: SignatureNonceStore;
  keys: KeyStore;
  railConnections: RailConnectionStore;
  connectionHealth: ConnectionHealthStore;
  payees: PayeeStore;
  accounts: AccountStore;
  transfers: TransferStore;
  holds: HoldStore;
  batches: BatchStore & BatchViewStore;
  batchRuns: BatchRunStore;
  facts: FactStore;
  uploads: UploadStore;
  items: ItemStore;
  chunks: ChunkStore;
  dispatches: DispatchStore;
  transitions: TransitionStore;
  challenges: ChallengeStore;
  gates: GateStore;
  inboundEvents: InboundEventStore;
  parkedEvidence: ParkedEvidenceStore;
  exceptions: ExceptionStore;
  proposals: ProposalStore;
  recoveries: RecoveryStore;
  idempotencyKeys: IdempotencyKeyStore;
  outbox: OutboxStore;
  mail: MailStore;
  audit: AuditStore;
}

/** Ids and randomness. A port, so that a test can choose them. */
export interface Entropy {
  /** UUIDv7. */
  newId(): string;
  /** `count` bytes from a cryptographic source. */
  bytes(count: number): Uint8Array;
}

/**
 * Envelope encryption (R21). A ciphertext names its key and is bound to its place: tenant, purpose, record, field and key version
 * are authenticated with it.
 */
export interface Vault {
  /** Makes new subject keys for any number of payees: `key` to use now, `stored` to keep. It looks up the tenant's key once. */
  newSubjectKeys(keys: KeyStore, tenantId: string): Promise<(subjectId: string) => { key: Uint8Array; stored: Uint8Array }>;
  /** Subject keys by subject id, from what is stored. It looks up each version of the tenant's key once, for any number of subjects. */
  subjectKeys(keys: KeyStore, tenantId: string, stored: ReadonlyMap<string, Uint8Array>): Promise<Map<string, Uint8Array>>;
  /** Seals under a subject key. */
  sealWith(key: Uint8Array, where: SealedPlace, plain: Uint8Array): Uint8Array;
  /** Opens with a subject key. Throws when the ciphertext was changed, or was sealed in another place or under another key. */
  openWith(key: Uint8Array, where: SealedPlace, sealed: Uint8Array): Uint8Array;
  /** Seals under the tenant's key for the place's purpose, which is made when it is first needed. */
  seal(keys: KeyStore, where: SealedPlace, plain: Uint8Array): Promise<Uint8Array>;
  /** Opens what `seal` sealed. Throws like `openWith`. */
  open(keys: KeyStore, where: SealedPlace, sealed: Uint8Array): Promise<Uint8Array>;
  /**
   * HMAC-SHA-256 (32 bytes) under a tenant key: fingerprints of destinations, input hashes of idempotency. It looks up the tenant's key
   * once, for any number of texts.
   */
  macs(keys: KeyStore, tenantId: string, purpose: 'fingerprint' | 'idempotency'): Promise<(data: Uint8Array) => Uint8Array>;
}

/** Where a ciphertext is stored; it opens nowhere else. */
export interface SealedPlace {
  tenantId: string;
  purpose: 'payee' | 'connection' | 'inbound' | 'idempotency' | 'signing_key';
  /** Id of the record. */
  record: string;
  field: string;
}

/** Second factors and passwords. Secrets of factors are sealed under the installation's own key. */
export interface Credentials {
  /**
   * Whether this is the password of a hash, and the hash that of this person. Null stands for nobody's hash: the same work, and false, so that the time of the answer does
   * not reveal an unknown e-mail. Refuses with `passwords_busy` when too many wait already.
   */
  checkPassword(stored: string | null, password: string, personId: string): Promise<Result<boolean>>;
  /** A hash at today's cost, bound to its person. Refuses with `passwords_busy`. */
  newPasswordHash(password: string, personId: string): Promise<Result<string>>;
  /** Whether a hash costs a guesser less than one of today. */
  isWeakHash(stored: string): boolean;
  estimateGuesses: EstimateGuesses;
  /** The time step (RFC 6238, 30 s) of a code that is valid at `now` or one step to either side; null when there is none. */
  matchTotp(factor: SealedFactor, code: string, now: Date): Promise<number | null>;
  /** A new secret for an authenticator app, sealed for this factor of this person. */
  newTotpFactor(factor: Pick<SealedFactor, 'id' | 'personId'>, accountName: string): Promise<NewTotpFactor>;
  /** So many new recovery codes of 100 random bits, and what is stored of them. */
  newRecoveryCodes(count: number): { codes: string[]; hashes: Uint8Array[] };
  /** The SHA-256 of a recovery code as somebody typed it; null when it is none. */
  hashRecoveryCode(typed: string): Uint8Array | null;
  /**
   * A new bearer token with prefix and checksum, or one of a link in a letter, and the hash that is stored: the SHA-256, which for sessions and links is
   * authenticated under a key of the installation.
   */
  newToken(kind: 'session' | 'api_key' | 'link' | 'operator', mode: 'live' | 'test'): { token: string; hash: Uint8Array; prefix: string };
  /** The hash of a token that is stored; null when the text does not have a token's form or its checksum is wrong. */
  hashToken(token: string): Uint8Array | null;
}

/** What opens the secret of a factor: it opens for no other factor, and for no other person. */
export type SealedFactor = Pick<FactorRow, 'id' | 'personId' | 'sealed'>;

interface NewTotpFactor {
  /** Base32; shown once, at enrolment. */
  secret: string;
  sealed: Uint8Array;
  /** For a QR code (Key Uri Format). */
  otpauthUri: string;
}

/** Authenticates gates under a key of the installation that no role of the database can read (R11). */
export interface GateKey {
  /** HMAC-SHA-256 (32 bytes) of a gate's canonical form. */
  authenticate(gate: Uint8Array): Uint8Array;
  /** Whether the authenticator is that of this canonical form; compared in constant time. */
  isAuthentic(gate: Uint8Array, authenticator: Uint8Array): boolean;
}

/** Authenticates memberships and the roles of workspaces, likewise. */
export type MembershipKey = GateKey;

/** Verifies signatures of requests (RFC 9421, sections 3.3.3 and 3.3.6). */
export interface RequestSignatures {
  /** Whether `value` is the signature of `base` by this key: of hmac-sha256 the secret, of ed25519 the public key. False for a key of no form. */
  verify(algorithm: SignatureAlgorithm, key: Uint8Array, base: string, value: Uint8Array): boolean;
}

/** A named place where a test may end the process. In production it does nothing. */
export type Failpoint = (name: FailpointName) => Promise<void>;

export const FAILPOINTS = [
  'before_intent',
  'after_intent',
  'after_send',
  'before_commit',
  'after_commit',
  'between_chunks',
  'in_continue_as_new',
  'while_settling',
  'between_gate_commit_and_signal',
  'in_sequencer',
] as const;

export type FailpointName = (typeof FAILPOINTS)[number];

/** Signed checkpoints outside the database (R15, R17). Today's adapter writes to a folder. */
export interface CheckpointArchive {
  /**
   * Stores the note under its size. Throws when another note has that size already (then somebody rewrote the log), or when the note is of
   * another generation than the archive's.
   */
  publish(tenantId: string, size: bigint, note: string): Promise<void>;
  /**
   * The newest published note of the present generation, or, before its first, of what it kept of the earlier ones; null when there is none.
   * Throws when a signature does not verify.
   */
  latest(tenantId: string): Promise<{ size: bigint; root: Uint8Array; note: string } | null>;
  /** The present generation of the tenant's log: 1 before its first recovery. */
  generation(tenantId: string): Promise<number>;
  /**
   * Starts the next generation for this recovery, in one step: from then on nothing of an earlier generation is taken, and its notes of more
   * than `kept` events count no more. A second call for the same proposal answers the same generation. Throws when the archive lacks the
   * generation or the checkpoint that the database goes on from: then it is not the archive that the database published to.
   */
  startGeneration(tenantId: string, recovery: RecoveryStart): Promise<StartedGeneration>;
}

/** What a recovered database goes on from. */
export interface RecoveryStart {
  proposalId: string;
  /** The generation of the restored database, and the size of the newest checkpoint that it recorded (0: none). */
  generation: number;
  kept: bigint;
}

export interface StartedGeneration {
  generation: number;
  /** The generations that it ends: the restored database's own first, then those that began since and are given up with it. */
  ended: EndedGeneration[];
}

export interface EndedGeneration {
  generation: number;
  /** Checkpoints of this generation beyond `kept` are no part of the log any more. */
  kept: bigint;
  /** The largest of them; null when there is none. */
  lost: { size: bigint; root: Uint8Array } | null;
}

/** Ed25519 signer of checkpoints (C2SP tlog-checkpoint, signed-note). */
export interface CheckpointSigner {
  /** Verifier key `name+hash+base64` under the name of the installation: it opens the checkpoints of every workspace. */
  verifierKey: string;
  /** The same key under the name of a tenant's log, as any verifier of C2SP checkpoints takes it. */
  verifierKeyFor(log: LogId): string;
  /** First line of the checkpoints of a log, and the name of the key that signs them. */
  origin(log: LogId): string;
  /** The signed note of a tree of `size` leaves. */
  sign(log: LogId, size: bigint, root: Uint8Array): string;
}

/** Whether this process may act on money (R15). In recovery nothing is sent, no gate opens, nothing is sequenced. */
export interface RecoveryMode {
  /** Null in normal operation; in recovery the reason, as a sentence for people. */
  reason(): string | null;
  /** The only reason is that no comparison counts at present, as after a start: trying again soon may do. Absent: never so. */
  comparing?(): boolean;
}

/** What operations need besides the database. Each process builds it once, where it starts. */
export interface Services {
  sha256: Sha256;
  entropy: Entropy;
  vault: Vault;
  credentials: Credentials;
  /** How long a factor decides nothing after it was confirmed, ms. */
  factorRestMs: number;
  gateKey: GateKey;
  membershipKey: MembershipKey;
  passkeys: Passkeys;
  mailSeal: MailSeal;
  requestSignatures: RequestSignatures;
  rails: Rails;
  signer: CheckpointSigner;
  recovery: RecoveryMode;
  failpoint: Failpoint;
}
