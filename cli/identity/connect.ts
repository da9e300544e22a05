import { type Client, createClient } from '../../client/client.js';
import type { Signer } from '../../client/sign.js';
import { readSigningKey } from '../../client/signing-key.js';
import type { Watch } from '../../client/watch.js';
import { EXIT, Failure } from '../failure.js';
import type { Terminal } from '../terminal.js';
import { demoToken } from './demo-person.js';
import { DEFAULT_PROFILE, isOfKey, type Profile, readProfile } from './profiles.js';
import { isSameAddress } from './same-address.js';
import { findLocalStack, type LocalStack } from './stack.js';

export interface IdentityOptions {
  as?: string;
  profile?: string;
  url?: string;
  tenant?: string;
  idempotencyKey?: string;
  /** Act as an operator of the platform. */
  operator?: true;
}

export interface Connection {
  client: Client;
  url: string;
  /** The local demo stack, when the address is its API. */
  stack: LocalStack | null;
  /** Whether it acts as the operator of SLUICE_OPERATOR_KEY. */
  isOperator: boolean;
  /** Whether it acts as the API key of SLUICE_API_KEY. */
  isKeyOfVariable: boolean;
  /** The API key that it acts as: how it begins, where it comes from, and the profile that holds it. Null when a person is signed in. */
  apiKey: { prefix: string; from: string; profile: string | null } | null;
}

/** So much of a key is shown, as `sluice keys list` does: its lead and four characters (vault/tokens.ts). */
const PREFIX_SHOWN = 13;

/** The address of the API: `--url`, else SLUICE_URL, else the local stack's. */
export const addressOf = (env: NodeJS.ProcessEnv, who: IdentityOptions): { url: string; stack: LocalStack | null } => {
  const url = who.url ?? (env['SLUICE_URL'] || undefined) ?? findLocalStack(env, process.cwd())?.api_url;
  if (!url) throw new Failure(EXIT.usage, 'No API is known here.', 'start one with `npm start`, or set SLUICE_URL');
  return { url, stack: stackAt(env, url) };
};

/**
 * Decides who acts, in this order: `--as ROLE` (a person of the local demo stack), `--profile NAME`, SLUICE_API_KEY, the default
 * profile, the demo stack's API key. Fails with exit code 4 when there is none.
 */
export const connect = async (env: NodeJS.ProcessEnv, who: IdentityOptions, terminal: Terminal, watch: Watch): Promise<Connection> => {
  if (who.operator) return connectOperator(env, who, terminal, watch);
  const profile = who.as || (!who.profile && keyOf(env)) ? null : readProfile(env, who.profile ?? DEFAULT_PROFILE);
  if (who.profile && !profile) throw new Failure(EXIT.signIn, `There is no profile ${who.profile}.`, `sluice --profile ${who.profile} login`);
  const { url, stack } = profile && !who.url && !env['SLUICE_URL'] ? { url: profile.url, stack: stackAt(env, profile.url) } : addressOf(env, who);
  if (who.as && !stack) throw noDemoPerson(env, url);
  const token = await tokenOf(env, who, stack, profile?.token ?? null, terminal);
  const signer = who.as ? null : signerOf(env, profile);
  const client = createClient({
    baseUrl: url,
    token,
    watch,
    ...(signer ? { signer } : {}),
    ...(who.tenant ? { workspaceId: who.tenant } : {}),
    ...(who.idempotencyKey === undefined ? {} : { idempotencyKey: who.idempotencyKey }),
    retry: { onRateWait: (ms) => terminal.err(`Too many requests; going on in ${Math.ceil(ms / 1_000)} s.`) },
  });
  const isKeyOfVariable = !who.as && !profile && keyOf(env) !== undefined;
  const isKey = !who.as && (profile === null || isOfKey(profile));
  const of = profile ? (who.profile ?? DEFAULT_PROFILE) : null;
  const from = of === null ? (isKeyOfVariable ? 'SLUICE_API_KEY' : 'the local demo stack') : `the profile ${of}`;
  return {
    client,
    url,
    stack,
    isOperator: false,
    isKeyOfVariable,
    apiKey: isKey ? { prefix: token.slice(0, PREFIX_SHOWN), from, profile: of } : null,
  };
};

/** Acts as an operator of the platform. Their credential comes from the environment alone: no profile and no flag stands in for it. */
const connectOperator = (env: NodeJS.ProcessEnv, who: IdentityOptions, terminal: Terminal, watch: Watch): Connection => {
  if (who.as || who.profile) throw new Failure(EXIT.usage, 'An operator acts as themselves: leave out --as and --profile.');
  const token = env['SLUICE_OPERATOR_KEY'] || undefined;
  if (token === undefined) throw new Failure(EXIT.signIn, 'No operator acts here.', 'set SLUICE_OPERATOR_KEY');
  const { url, stack } = addressOf(env, who);
  const client = createClient({
    baseUrl: url,
    token,
    watch,
    ...(who.idempotencyKey === undefined ? {} : { idempotencyKey: who.idempotencyKey }),
    retry: { onRateWait: (ms) => terminal.err(`Too many requests; going on in ${Math.ceil(ms / 1_000)} s.`) },
  });
  return { client, url, stack, isOperator: true, isKeyOfVariable: false, apiKey: null };
};

/** What signs the calls of an API key: the profile's own, else SLUICE_SIGNING_KEY. People sign none. */
const signerOf = (env: NodeJS.ProcessEnv, profile: Profile | null): Signer | null => {
  if (profile && !isOfKey(profile)) return null;
  const text = (profile ? profile.signing_key : env['SLUICE_SIGNING_KEY']) || null;
  const signer = text === null ? null : readSigningKey(text);
  if (text !== null && !signer)
    throw new Failure(
      EXIT.usage,
      `${profile ? 'The signing_key of the profile' : 'SLUICE_SIGNING_KEY'} is no line that \`sluice signing create\` prints.`,
    );
  return signer;
};

/** The API key of the environment. An empty variable counts as none. */
const keyOf = (env: NodeJS.ProcessEnv): string | undefined => env['SLUICE_API_KEY'] || undefined;

/** The local demo stack, when this is the address of its API. */
const stackAt = (env: NodeJS.ProcessEnv, url: string): LocalStack | null => {
  const stack = findLocalStack(env, process.cwd());
  return stack && isSameAddress(stack.api_url, url) ? stack : null;
};

/** Why `--as` cannot be used at this address. */
const noDemoPerson = (env: NodeJS.ProcessEnv, url: string): Failure => {
  const stack = findLocalStack(env, process.cwd());
  if (!stack) return new Failure(EXIT.usage, '--as takes a person of a local demo stack, and none was started here.', 'npm start');
  const listens = `which listens at ${stack.api_url}; this command talks to ${url}`;
  return new Failure(EXIT.usage, `--as works only against the stack of this folder, ${listens}.`, 'the same without --url and SLUICE_URL');
};

const tokenOf = async (
  env: NodeJS.ProcessEnv,
  who: IdentityOptions,
  stack: LocalStack | null,
  profileToken: string | null,
  terminal: Terminal,
): Promise<string> => {
  if (who.as && stack) return demoToken(stack, who.as, terminal);
  const token = profileToken ?? keyOf(env) ?? stack?.api_key;
  if (!token) throw new Failure(EXIT.signIn, 'Nobody is signed in here.', 'sluice login, or set SLUICE_API_KEY');
  return token;
};
