import { homedir } from 'node:os';
import { join } from 'node:path';
import { readPrivateJson, writePrivateJson } from './private-file.js';

/** Where somebody is signed in. */
export interface Profile {
  url: string;
  token: string;
  email: string;
  workspace_id: string;
  expires_at: string;
}

interface Profiles {
  [name: string]: Profile;
}

export const DEFAULT_PROFILE = 'default';

const pathOf = (env: NodeJS.ProcessEnv): string => join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'sluice', 'profiles.json');

const readProfiles = (env: NodeJS.ProcessEnv): Profiles => (readPrivateJson(pathOf(env)) ?? {}) as Profiles;

export const readProfile = (env: NodeJS.ProcessEnv, name: string): Profile | null => readProfiles(env)[name] ?? null;

export const saveProfile = (env: NodeJS.ProcessEnv, name: string, profile: Profile): void =>
  writePrivateJson(pathOf(env), { ...readProfiles(env), [name]: profile });

export const forgetProfile = (env: NodeJS.ProcessEnv, name: string): void => {
  const { [name]: _gone, ...rest } = readProfiles(env);
  writePrivateJson(pathOf(env), rest);
};
