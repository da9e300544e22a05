import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { type Check, judgeClock } from '../doctor/findings.js';
import { EXIT, Failure } from '../failure.js';
import { addressOf } from '../identity/connect.js';
import { table } from '../render/table.js';

/** What the root knows of this machine: effective configuration, secrets masked, and checks of the local stack. */
export interface DoctorParts {
  configuration: () => { process: string; settings: { name: string; value: string; description: string }[] }[];
  local: () => Promise<Check[]>;
}

/** Waiting longer than this for an answer is itself a finding, ms. */
const PATIENCE_MS = 5_000;

export const doctorCommand = (program: Command, cli: Cli, parts: DoctorParts): void => {
  program
    .command('doctor')
    .description('check every part and print the effective configuration, secrets masked')
    .action(async () => {
      const checks = [...(await apiChecks(cli)), ...(await parts.local())];
      const configuration = parts.configuration();
      cli.present({ checks, configuration }, () =>
        [
          table(
            ['PART', '', 'FOUND'],
            checks.map(({ part, ok, note, detail }) => [part, note ? 'note' : ok ? 'ok' : 'PROBLEM', detail]),
          ),
          ...configuration.map(
            ({ process, settings }) =>
              `\nConfiguration of ${process}:\n${table(
                ['NAME', 'VALUE', 'MEANING'],
                settings.map(({ name, value, description }) => [name, value, description]),
              )}`,
          ),
        ].join('\n'),
      );
      const bad = checks.filter(({ ok }) => !ok).length;
      if (bad > 0) throw new Failure(EXIT.failed, `${bad} part${bad === 1 ? ' has' : 's have'} a problem.`);
    });
};

const apiChecks = async (cli: Cli): Promise<Check[]> => {
  const { url } = addressOf(cli.env, cli.options());
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const askedAt = Date.now();
    const answer = await fetch(`${url}/readyz`, { signal });
    const clock = { askedAt, answeredAt: Date.now(), said: Date.parse(answer.headers.get('date') ?? ''), resolutionMs: 1_000 };
    const { parts } = (await answer.json()) as { parts: Record<string, { status: string; problem?: string }> };
    return [
      { part: 'api', ok: true, detail: url },
      ...Object.entries(parts).map(([name, { status, problem }]) => ({ part: name, ok: status === 'ready', detail: problem ?? 'ready' })),
      judgeClock('clock', 'the API', clock),
    ];
  } catch {
    return [{ part: 'api', ok: false, detail: `${url} does not answer: start it with \`npm start\`, or look into its log` }];
  }
};
