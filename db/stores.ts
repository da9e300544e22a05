import type { Stores } from '../operations/ports.js';
import { accountStore } from './accounts.js';
import { anomalyStore } from './anomalies.js';
import { apiKeyStore } from './api-keys.js';
import { auditStore } from './audit.js';
import { batchRunStore } from './batch-runs.js';
import { batchViewStore } from './batch-views.js';
import { batchStore } from './batches.js';
import { challengeStore } from './challenges.js';
import { chunkStore } from './chunks.js';
import { connectionHealthStore } from './connection-health.js';
import { dispatchStore } from './dispatches.js';
import { emailLinkStore } from './email-links.js';
import { exceptionStore } from './exceptions.js';
import { factorResetStore } from './factor-resets.js';
import { factorStore } from './factors.js';
import { factStore } from './facts.js';
import { freezeStore } from './freezes.js';
import { gateStore } from './gates.js';
import { holdStore } from './holds.js';
import { idempotencyKeyStore } from './idempotency-keys.js';
import { inboundEventStore } from './inbound-events.js';
import { invitationStore } from './invitations.js';
import { itemStore } from './items.js';
import { keyStore } from './keys.js';
import { mailStore } from './mail.js';
import { membershipStore } from './memberships.js';
import { outboxStore } from './outbox.js';
import { parkedEvidenceStore } from './parked-evidence.js';
import { passwordStore } from './passwords.js';
import { payeeStore } from './payees.js';
import { personEventStore } from './person-events.js';
import { planUseStore } from './plan-use.js';
import { proposalStore } from './proposals.js';
import { railConnectionStore } from './rail-connections.js';
import { recoveryStore } from './recoveries.js';
import { recoveryCodeStore } from './recovery-codes.js';
import { roleStore } from './roles.js';
import { sessionStore } from './sessions.js';
import { signatureNonceStore } from './signature-nonces.js';
import { signingKeyStore } from './signing-keys.js';
import { stopStore } from './stops.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { transferStore } from './transfers.js';
import { transitionStore } from './transitions.js';
import { uploadStore } from './uploads.js';
import { workspaceStore } from './workspaces.js';

/** All stores of one transaction. */
export const storesOf = (tx: Tx, scope: Scope): Stores => ({
  now: scope.now,
  workspaces: workspaceStore(tx, scope),
  planUse: planUseStore(tx, scope),
  freezes: freezeStore(tx, scope),
  stops: stopStore(tx, scope),
  memberships: membershipStore(tx, scope),
  roles: roleStore(tx, scope),
  invitations: invitationStore(tx, scope),
  emailLinks: emailLinkStore(tx, scope),
  factors: factorStore(tx, scope),
  recoveryCodes: recoveryCodeStore(tx, scope),
  factorResets: factorResetStore(tx, scope),
  passwords: passwordStore(tx, scope),
  personEvents: personEventStore(tx, scope),
  sessions: sessionStore(tx, scope),
  apiKeys: apiKeyStore(tx, scope),
  anomalies: anomalyStore(tx, scope),
  signingKeys: signingKeyStore(tx, scope),
  signatureNonces: signatureNonceStore(tx, scope),
  keys: keyStore(tx, scope),
  railConnections: railConnectionStore(tx, scope),
  connectionHealth: connectionHealthStore(tx, scope),
  payees: payeeStore(tx, scope),
  accounts: accountStore(tx, scope),
  transfers: transferStore(tx, scope),
  holds: holdStore(tx, scope),
  batches: { ...batchStore(tx, scope), ...batchViewStore(tx, scope) },
  batchRuns: batchRunStore(tx, scope),
  facts: factStore(tx, scope),
  uploads: uploadStore(tx, scope),
  items: itemStore(tx, scope),
  chunks: chunkStore(tx, scope),
  dispatches: dispatchStore(tx, scope),
  transitions: transitionStore(tx, scope),
  challenges: challengeStore(tx, scope),
  gates: gateStore(tx, scope),
  inboundEvents: inboundEventStore(tx, scope),
  parkedEvidence: parkedEvidenceStore(tx, scope),
  exceptions: exceptionStore(tx, scope),
  proposals: proposalStore(tx, scope),
  recoveries: recoveryStore(tx, scope),
  idempotencyKeys: idempotencyKeyStore(tx, scope),
  outbox: outboxStore(tx, scope),
  mail: mailStore(tx, scope),
  audit: auditStore(tx, scope),
});
