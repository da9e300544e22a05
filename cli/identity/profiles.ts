import { homedir } from 'node:os';
import { join } from 'node:path';
import { EXIT, Failure } from '../failure.js';
import { readPrivateJson, writePrivateJson } from './private-file.js';

/** Where somebody is signed in, or which API key acts there. */
export type Profile = Session | KeyProfile;

interface Session {
  url: string;
  token: string;
  email: string;
  workspace_id: string;
  expires_at: string;
}

interface KeyProfile {
  kind: 'api_key';
  url: string;
  /** The API key. */
  token: string;
  /** Signs its calls, as `sluice signing create` prints it; null when they are not signed. */
  signing_key: string | null;
}

/** Whether an API key acts, and nobody is signed in. */
export const isOfKey = (profile: Profile): profile is KeyProfile => 'kind' in profile && profile.kind === 'api_key';

interface Profiles {
  [name: string]: Profile;
}

export const DEFAULT_PROFILE = 'default';

const pathOf = (env: NodeJS.ProcessEnv): string => join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'sluice', 'profiles.json');

const readProfiles = (env: NodeJS.ProcessEnv): Profiles => {
  const content = readPrivateJson(pathOf(env)) ?? {};
  if (typeof content !== 'object' || Array.isArray(content)) throw damaged(env, 'it holds no profiles by their names');
  return content as Profiles;
};

/** The profile of a name; null when there is none. Fails when the file or the profile is damaged, since nobody else acts in its place. */
export const readProfile = (env: NodeJS.ProcessEnv, name: string): Profile | null => {
  const profiles = readProfiles(env);
  if (!Object.hasOwn(profiles, name)) return null;
  const { url, token } = Object(profiles[name]) as Partial<Profile>;
  if (!isText(url) || !isText(token)) throw damaged(env, `the profile ${name} lacks its url or its token`);
  return profiles[name] as Profile;
};

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

const damaged = (env: NodeJS.ProcessEnv, why: string): Failure =>
  new Failure(EXIT.failed, `${pathOf(env)} is damaged: ${why}. Fix it, or remove it and sign in again.`);

export const saveProfile = (env: NodeJS.ProcessEnv, name: string, profile: Profile): void =>
  writePrivateJson(pathOf(env), { ...readProfiles(env), [name]: profile });

export const forgetProfile = (env: NodeJS.ProcessEnv, name: string): void => {
  const { [name]: _gone, ...rest } = readProfiles(env);
  writePrivateJson(pathOf(env), rest);
};
