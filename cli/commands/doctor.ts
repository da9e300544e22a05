import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { addressOf } from '../identity/connect.js';
import { table } from '../render/table.js';

/** One thing that was looked at. */
export interface Check {
  part: string;
  ok: boolean;
  /** What was found; for a problem, how to mend it. */
  detail: string;
}

/** What the root knows of this machine: effective configuration, secrets masked, and checks of the local stack. */
export interface DoctorParts {
  configuration: () => { process: string; settings: { name: string; value: string; description: string }[] }[];
  local: () => Promise<Check[]>;
}

/** Waiting longer than this for an answer is itself a finding, ms. */
const PATIENCE_MS = 5_000;
/** Expiry, leases and codes go by the clock. */
const SKEW_MS = 2_000;

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
            checks.map(({ part, ok, detail }) => [part, ok ? 'ok' : 'PROBLEM', detail]),
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
    const answer = await fetch(`${url}/readyz`, { signal });
    const { parts } = (await answer.json()) as { parts: Record<string, { status: string; problem?: string }> };
    const skew = Math.abs(Date.now() - Date.parse(answer.headers.get('date') ?? ''));
    return [
      { part: 'api', ok: true, detail: url },
      ...Object.entries(parts).map(([name, { status, problem }]) => ({ part: name, ok: status === 'ready', detail: problem ?? 'ready' })),
      // The Date header has whole seconds.
      {
        part: 'clock',
        ok: skew <= SKEW_MS + 1_000,
        detail: skew <= SKEW_MS + 1_000 ? 'agrees with the API' : `${Math.round(skew / 1_000)} s away from the API: set this machine's clock`,
      },
    ];
  } catch {
    return [{ part: 'api', ok: false, detail: `${url} does not answer: start it with \`npm start\`, or look into its log` }];
  }
};
