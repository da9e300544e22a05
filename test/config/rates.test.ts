import { expect, test } from '@jest/globals';
import { rateTables } from '../../api/rates/tables.js';
import { maskedConfiguration } from '../../cli/masked-configuration.js';
import { apiConfig } from '../../config/api.js';
import { readConfig } from '../../config/schema.js';
import { toWireId } from '../../domain/ids.js';
import { RATES } from '../../domain/rates.js';
import { systemEntropy } from '../../vault/entropy.js';

const REQUIRED = { SLUICE_KEY_FILE: 'k', SLUICE_CHECKPOINT_DIR: 'c', SLUICE_API_DATABASE_URL: 'postgres://x', SLUICE_SPOOL_DIR: 's' };
const read = (settings: Record<string, string>) => readConfig(apiConfig, { ...REQUIRED, ...settings });
const tables = (settings: Record<string, string>) => {
  const { SLUICE_RATES, SLUICE_PLAN_RATES, SLUICE_WORKSPACE_RATES } = read(settings);
  return rateTables(SLUICE_RATES, SLUICE_PLAN_RATES, SLUICE_WORKSPACE_RATES);
};

test('without a setting the limits are those of the table', () => {
  expect(tables({})(null)).toEqual(RATES);
});

test('limits are changed for everybody, on top of that for a plan, and on top of that for single workspaces [S1-07]', () => {
  const tenantId = systemEntropy.newId();
  const tableOf = tables({
    SLUICE_RATES: '{"read":{"principal":"100/10"},"sign_in":{"network":"600/60"}}',
    SLUICE_PLAN_RATES: '{"pro":{"read":{"workspace":"7/60"},"write":{"principal":"5/60"}}}',
    SLUICE_WORKSPACE_RATES: JSON.stringify({ [toWireId('workspace', tenantId)]: { read: { workspace: '120000/60' } } }),
  });
  const principal = { requests: 100, seconds: 10 };
  const workspace = { requests: 120_000, seconds: 60 };
  const another = systemEntropy.newId();
  expect(tableOf(null).sign_in).toEqual({ network: { requests: 600, seconds: 60 } });
  expect(tableOf({ tenantId: another, plan: 'team' }).read).toEqual({ ...RATES.read, principal });
  expect(tableOf({ tenantId: another, plan: 'pro' }).read).toEqual({ ...RATES.read, principal, workspace: { requests: 7, seconds: 60 } });
  for (const plan of ['pro', 'team'] as const) expect(tableOf({ tenantId, plan }).read).toEqual({ ...RATES.read, principal, workspace });
  expect(tableOf({ tenantId, plan: 'pro' }).write).toEqual({ ...RATES.write, principal: { requests: 5, seconds: 60 } });
  expect(tableOf({ tenantId, plan: 'team' }).write).toEqual(RATES.write);
});

test.each([
  ['SLUICE_RATES', '{', 'this is not JSON'],
  ['SLUICE_RATES', '{"read":{"principal":"100"}}', 'REQUESTS/SECONDS'],
  ['SLUICE_RATES', '{"read":{"principal":"0/60"}}', 'REQUESTS/SECONDS'],
  ['SLUICE_RATES', '{"read":{"principal":"10000001/60"}}', 'at most 10000000 requests'],
  ['SLUICE_RATES', '{"read":{"principal":"1/86401"}}', 'at most 86400 s'],
  ['SLUICE_RATES', '{"sign_in":{"principal":"1/60"}}', 'sign_in is not counted by principal'],
  ['SLUICE_RATES', '{"reading":{"principal":"1/60"}}', 'SLUICE_RATES'],
  ['SLUICE_RATES', '{"read":{"person":"1/60"}}', 'SLUICE_RATES.read'],
  ['SLUICE_PLAN_RATES', '{"free":{"read":{"workspace":"1/60"}}}', 'SLUICE_PLAN_RATES'],
  ['SLUICE_PLAN_RATES', '{"pro":{"read":{"network":"1/60"}}}', 'SLUICE_PLAN_RATES'],
  ['SLUICE_WORKSPACE_RATES', '{"ws_1":{"read":{"workspace":"1/60"}}}', 'not the id of a workspace'],
  ['SLUICE_WORKSPACE_RATES', `{"${toWireId('workspace', systemEntropy.newId())}":{"read":{"network":"1/60"}}}`, 'SLUICE_WORKSPACE_RATES'],
])('%s=%s is refused', (name, value, said) => {
  expect(() => read({ [name]: value })).toThrow(said);
});

test('the configuration is shown as it was typed', () => {
  const typed = { SLUICE_RATES: '{"sign_in":{"network":"600/60"}}' };
  const shown = (env: Record<string, string>) => Object.fromEntries(maskedConfiguration(apiConfig, env).map(({ name, value }) => [name, value]));
  expect(shown(typed)).toMatchObject({ ...typed, SLUICE_WORKSPACE_RATES: '{}' });
  expect(shown({})).toMatchObject({ SLUICE_RATES: '{}' });
  expect(maskedConfiguration(apiConfig, {}).filter(({ description }) => description === '')).toEqual([]);
});
