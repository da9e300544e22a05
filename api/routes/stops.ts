import type { STOP_ROUTES } from '../../contracts/routes/stops.js';
import { liftStop } from '../../operations/stop/lift.js';
import { showStop } from '../../operations/stop/show.js';
import { stopWorkspace } from '../../operations/stop/stop.js';
import type { Handlers } from '../handlers.js';

export const stops: Pick<Handlers, keyof typeof STOP_ROUTES> = {
  show_stop: showStop,
  stop_workspace: stopWorkspace,
  lift_stop: liftStop,
};
