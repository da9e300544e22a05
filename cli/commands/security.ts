import { Argument, type Command } from 'commander';
import type { ResponseOf } from '../../client/types.js';
import { ANOMALIES, ANOMALY_KINDS, type AnomalyKind } from '../../domain/anomalies.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { table } from '../render/table.js';
import { withCode } from '../with-code.js';

export const securityCommands = (program: Command, cli: Cli): void => {
  const security = program.command('security').description('what is counted of requests that are refused, and what follows');

  security
    .command('show')
    .description('at how many refused requests owners and admins are told, and a key is suspended')
    .action(async () => {
      const { client } = await cli.connect();
      const rules = await client.show_anomaly_rules({});
      cli.present(rules, () => saidOf(rules));
    });

  security
    .command('set')
    .description('set both numbers for one kind of refused requests (asks for a code)')
    .addArgument(new Argument('<kind>').choices(ANOMALY_KINDS))
    .requiredOption('--alert-at <count>', 'so many within the window are told, at least 1')
    .requiredOption('--suspend-at <count>', 'so many suspend the key, or `never`; people are never suspended')
    .action(async (kind: AnomalyKind, { alertAt, suspendAt }: { alertAt: string; suspendAt: string }) => {
      const asked = {
        kind,
        alert_at: typedCount('--alert-at', alertAt),
        suspend_at: suspendAt === 'never' ? ('never' as const) : typedCount('--suspend-at', suspendAt, ' or `never`'),
      };
      const { client } = await cli.connect();
      const rules = await withCode(cli, `set ${kind}`, (code, idempotencyKey) => client.set_anomaly_rule({ ...asked, code }, { idempotencyKey }));
      cli.present(rules, () => saidOf(rules));
    });
};

const saidOf = ({ rules }: ResponseOf<'show_anomaly_rules'>): string =>
  table(
    ['KIND', 'TOLD AT', 'SUSPENDS AT', 'SET', 'WHAT'],
    rules.map((one) => [one.kind, String(one.alert_at), String(one.suspend_at), one.set_at, ANOMALIES[one.kind].words]),
  );

const typedCount = (flag: string, text: string, more = ''): number => {
  if (!/^\d{1,9}$/.test(text)) throw new Failure(EXIT.usage, `${flag}: give a whole number${more}.`);
  return Number(text);
};
