import type { FACTOR_ROUTES } from '../../contracts/routes/factors.js';
import { confirmFactor } from '../../operations/factor/confirm.js';
import { enrolFactor } from '../../operations/factor/enrol.js';
import { listFactors } from '../../operations/factor/list.js';
import { removeFactor } from '../../operations/factor/remove.js';
import { renewRecoveryCodes } from '../../operations/factor/renew-recovery-codes.js';
import { askFactorReset, confirmFactorReset, proposeFactorReset } from '../../operations/factor/reset.js';
import { confirmPasskey } from '../../operations/passkey/confirm.js';
import { enrolPasskey } from '../../operations/passkey/enrol.js';
import type { ApiDeps } from '../deps.js';
import type { Handlers } from '../handlers.js';
import { told } from '../told.js';

export const factors = (deps: Pick<ApiDeps, 'personEvents'>): Pick<Handlers, keyof typeof FACTOR_ROUTES> => ({
  list_factors: listFactors,
  enrol_factor: told(deps, enrolFactor),
  enrol_passkey: told(deps, enrolPasskey),
  confirm_passkey: told(deps, confirmPasskey),
  confirm_factor: told(deps, confirmFactor),
  remove_factor: told(deps, removeFactor),
  renew_recovery_codes: told(deps, renewRecoveryCodes),
  ask_factor_reset: told(deps, askFactorReset),
  propose_factor_reset: told(deps, proposeFactorReset),
  confirm_factor_reset: told(deps, confirmFactorReset),
});
