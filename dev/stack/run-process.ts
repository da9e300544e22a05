import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, identify } from '../data-folder/process-identity.js';

/** The running process of a part. */
export interface Running {
  pid: number;
  /** Resolves when the process is ready; rejects when it does not become ready. */
  ready: Promise<void>;
  exited: Promise<void>;
  stop(): Promise<void>;
}

export interface ProcessPlan {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string | undefined>;
  cwd: string;
  log: string;
  /** How long it may take to stop, ms; then it is killed. */
  graceMs: number;
  /** Resolves when the process is ready; `alive` says whether it still runs. */
  ready(alive: () => boolean): Promise<void>;
}

/** How many lines of the log an error shows. */
const LOG_LINES = 12;

/**
 * Starts a process that writes to its log, in its own process group, so that Ctrl-C reaches only the supervisor. `ready` rejects with
 * the last lines of the log and its path.
 */
export const runProcess = (plan: ProcessPlan): Running => {
  const from = existsSync(plan.log) ? statSync(plan.log).size : 0;
  const log = openSync(plan.log, 'a', 0o600);
  const child = spawn(plan.command, plan.args, { cwd: plan.cwd, env: plan.env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    const leave = (): void => {
      gone = true;
      resolve();
    };
    child.once('exit', leave).once('error', leave);
  });
  const identity = child.pid === undefined ? null : identify(child.pid);
  const ready = plan
    .ready(() => !gone)
    .catch((error: Error) => {
      const words = readFileSync(plan.log, 'utf8').slice(from).trim().split('\n').slice(-LOG_LINES).join('\n');
      throw new Error(`${plan.name} did not start: ${error.message}\n${words}\nIts log: ${plan.log}`);
    });
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    stop: async () => {
      if (identity) await end(identity, 'SIGTERM', plan.graceMs);
    },
  };
};

/** Waits until a URL answers 200, or a body that `enough` accepts. Throws when the process has ended, and after `limitMs` with the last answer. */
export const answers =
  (url: string, limitMs: number, enough: (body: string) => boolean = () => false) =>
  async (alive: () => boolean): Promise<void> => {
    const until = Date.now() + limitMs;
    let last = 'no answer';
    while (Date.now() < until) {
      if (!alive()) throw new Error('it ended');
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
      if (response?.ok) return void (await response.body?.cancel());
      const body = (await response?.text().catch(() => '')) ?? '';
      if (response && enough(body)) return;
      if (response) last = `${response.status} ${body.slice(0, 400)}`;
      await sleep(50);
    }
    throw new Error(`${url} did not answer within ${limitMs / 1_000} s (${last})`);
  };
