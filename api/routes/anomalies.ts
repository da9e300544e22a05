import { showAnomalyRules } from '../../operations/anomaly/rules.js';
import { setAnomalyRule } from '../../operations/anomaly/set-rule.js';
import type { Handlers } from '../handlers.js';

export const anomalies: Pick<Handlers, 'show_anomaly_rules' | 'set_anomaly_rule'> = {
  show_anomaly_rules: showAnomalyRules,
  set_anomaly_rule: setAnomalyRule,
};
