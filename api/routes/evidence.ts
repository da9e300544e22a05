import type { EVIDENCE_ROUTES } from '../../contracts/routes/evidence.js';
import { discardDelivery } from '../../operations/inbound/discard.js';
import { listDeliveries } from '../../operations/inbound/list.js';
import { replayDeliveries } from '../../operations/inbound/replay.js';
import { discardParkedEvidence } from '../../operations/parked-evidence/discard.js';
import { listParkedEvidence } from '../../operations/parked-evidence/list.js';
import type { Handlers } from '../handlers.js';

export const evidence: Pick<Handlers, keyof typeof EVIDENCE_ROUTES> = {
  list_parked_evidence: listParkedEvidence,
  discard_parked_evidence: discardParkedEvidence,
  list_deliveries: listDeliveries,
  discard_delivery: discardDelivery,
  replay_deliveries: replayDeliveries,
};
