import type { Stores } from '../operations/ports.js';
import { apiKeyStore } from './api-keys.js';
import { auditStore } from './audit.js';
import { batchStore } from './batches.js';
import { challengeStore } from './challenges.js';
import { chunkStore } from './chunks.js';
import type { Tx } from './transaction/open.js';
import { connectionStore } from './rail-connections.js';
import { evidenceStore } from './evidence.js';
import { exceptionStore } from './exceptions.js';
import { factorStore } from './factors.js';
import { gateStore } from './gates.js';
import { holdStore } from './holds.js';
import { idempotencyStore } from './idempotency-keys.js';
import { inboundStore } from './inbound-events.js';
import { itemStore } from './items.js';
import { keyStore } from './keys.js';
import { ledgerStore } from './ledger.js';
import { membershipStore } from './memberships.js';
import { outboxStore } from './outbox.js';
import { parkedStore } from './parked-evidence.js';
import { payeeStore } from './payees.js';
import type { Scope } from './transaction/scope.js';
import { sessionStore } from './sessions.js';
import { workspaceStore } from './workspaces.js';

export const storesOf = (tx: Tx, scope: Scope): Stores => ({
  now: scope.now,
  workspace: workspaceStore(tx, scope),
  memberships: membershipStore(tx, scope),
  factors: factorStore(tx, scope),
  sessions: sessionStore(tx, scope),
  apiKeys: apiKeyStore(tx, scope),
  keys: keyStore(tx, scope),
  connections: connectionStore(tx, scope),
  payees: payeeStore(tx, scope),
  ledger: ledgerStore(tx, scope),
  holds: holdStore(tx, scope),
  batches: batchStore(tx, scope),
  items: itemStore(tx, scope),
  chunks: chunkStore(tx, scope),
  challenges: challengeStore(tx, scope),
  gates: gateStore(tx, scope),
  inbound: inboundStore(tx, scope),
  parked: parkedStore(tx, scope),
  exceptions: exceptionStore(tx, scope),
  idempotency: idempotencyStore(tx, scope),
  outbox: outboxStore(tx, scope),
  audit: auditStore(tx, scope),
  evidence: evidenceStore(tx, scope),
});
