import type { ApiDeps } from '../deps.js';
import type { Handlers } from '../handlers.js';
import { anomalies } from './anomalies.js';
import { apiKeys } from './api-keys.js';
import { audit } from './audit.js';
import { evidence } from './evidence.js';
import { exceptions } from './exceptions.js';
import { factors } from './factors.js';
import { gates } from './gates.js';
import { inbound } from './inbound.js';
import { ledger } from './ledger.js';
import { links } from './links.js';
import { payees } from './payees.js';
import { payoutBatches } from './payout-batches.js';
import { people } from './people.js';
import { sessions } from './sessions.js';
import { signing } from './signing.js';
import { stops } from './stops.js';
import { tenants } from './tenants.js';

/** Binds every route of the table to its operation. A missing one does not compile. */
export const allHandlers = (deps: ApiDeps): Handlers => ({
  ...sessions(deps),
  ...factors(deps),
  ...apiKeys,
  ...signing,
  ...anomalies,
  ...payees,
  ...payoutBatches(deps),
  ...gates(deps),
  ...ledger,
  ...audit(deps),
  ...inbound,
  ...exceptions,
  ...evidence,
  ...people,
  ...links(deps),
  ...stops,
  ...tenants,
});
