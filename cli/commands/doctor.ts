import type { Command } from 'commander';
import type { z } from 'zod';
import type { Cli } from '../cli.js';
import { type Check, judgeClock } from '../doctor/findings.js';
import { EXIT, Failure } from '../failure.js';
import { addressOf } from '../identity/connect.js';
import { maskedConfiguration } from '../masked-configuration.js';
import { table } from '../render/table.js';

type ProcessName = 'api' | 'worker';

export interface DoctorSettings {
  schemas: Record<ProcessName, z.ZodObject>;
  /** Checks of the local demo stack, and the environment that its processes run with; null where there is no stack. */
  local: { environment(): Record<ProcessName, NodeJS.ProcessEnv>; checks(): Promise<Check[]> } | null;
  /** What keeps this mail server from being used, as a phrase; null when nothing does. */
  mailServerProblem(smtpUrl: string): Promise<string | null>;
}

/** An answer that takes longer than this is itself a finding, ms. */
const PATIENCE_MS = 5_000;

export const doctorCommand = (program: Command, cli: Cli, { schemas, local, mailServerProblem }: DoctorSettings): void => {
  program
    .command('doctor')
    .description('check every part and print the effective configuration, secrets masked')
    .action(async () => {
      // Beside a stack the configuration is that of its processes, not of this shell.
      const environment = local?.environment();
      const smtpUrl = environment?.worker['SLUICE_SMTP_URL'] ?? cli.env['SLUICE_SMTP_URL'];
      const mail = await mailCheck(smtpUrl, mailServerProblem);
      const checks = [...(await apiChecks(cli)), ...((await local?.checks()) ?? []), mail];
      const configuration = (['api', 'worker'] as const).map((name) => ({
        process: name,
        settings: maskedConfiguration(schemas[name], { ...cli.env, ...environment?.[name] }),
      }));
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

/** Whether letters can be sent. No part waits for that, so a worker that cannot send any is ready all the same. */
const mailCheck = async (smtpUrl: string | undefined, problemOf: DoctorSettings['mailServerProblem']): Promise<Check> => {
  const part = 'mail';
  if (!smtpUrl) return { part, ok: true, note: true, detail: 'not tried: SLUICE_SMTP_URL, which the worker has, is not set here' };
  const problem = await problemOf(smtpUrl);
  if (problem === null) return { part, ok: true, detail: 'the mail server takes letters' };
  return { part, ok: false, detail: `no letter can be sent: ${problem}. Letters wait for up to a day; look at SLUICE_SMTP_URL` };
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
    return [{ part: 'api', ok: false, detail: `${url} does not answer: start it with \`npm start\`, or read its log` }];
  }
};
