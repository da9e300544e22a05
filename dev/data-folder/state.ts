import { existsSync, readFileSync } from 'node:fs';

export const PARTS = ['postgres', 'temporal', 'provider', 'mail', 'worker', 'api'] as const;
export type PartName = (typeof PARTS)[number];

export interface DemoPerson {
  role: string;
  name: string;
  email: string;
  password: string;
  totp_secret: string;
  otpauth_uri: string;
}

/** The result of the seeds: the demo workspaces and their people. */
export interface Demo {
  /** Wire ids of the test and the live workspace. */
  workspace_id: string;
  live_workspace_id: string;
  connection_id: string;
  funding_account_id: string;
  /** API key of the test workspace; only this file holds it. */
  api_key: string;
  people: DemoPerson[];
}

/** `.sluice/stack.json`, mode 0600: everything about the running stack. */
export interface StackState extends Demo {
  data_dir: string;
  started_at: string;
  api_url: string;
  docs_url: string;
  ui_url: string;
  metrics_url: string;
  api_metrics_url: string;
  temporal_address: string;
  namespace: string;
  provider_url: string;
  provider_api_key: string;
  /** The mailbox of the local mail server, as a page. The address holds a key: who has it reads every letter. */
  mail_url: string;
  processes: Partial<Record<PartName, { pid: number | null; port: number; log: string }>>;
  /** The configuration of the processes; `sluice doctor` prints it, secrets masked. */
  environment: Record<'api' | 'worker', Record<string, string | undefined>>;
  database: { owner_url: string; api_url: string; worker_url: string; relay_url: string; sequencer_url: string };
}

export const readState = (file: string): StackState | null => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackState) : null);
