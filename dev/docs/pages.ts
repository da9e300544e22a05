import { openApiDocument } from '../../api/openapi/document.js';
import { configurationPage } from './configuration.js';
import { decisionsPage } from './decisions.js';
import { errorsPage } from './errors.js';
import { permissionsPage } from './permissions.js';
import { plansPage } from './plans.js';
import { ratesPage } from './rates.js';
import { sandboxPage } from './sandbox.js';
import { stateMachinesPage } from './state-machines.js';

/** The pages that are generated from the code, by path. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/state-machines.md': stateMachinesPage,
  'docs/errors.md': errorsPage,
  'docs/permissions.md': permissionsPage,
  'docs/configuration.md': configurationPage,
  'docs/rates.md': ratesPage,
  'docs/plans.md': plansPage,
  'docs/sandbox.md': sandboxPage,
  'docs/adr/README.md': decisionsPage,
  // Recorded, so that a change of the route table shows what changes for callers.
  'docs/openapi.json': () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
};
