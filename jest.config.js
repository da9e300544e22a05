/** One project per family of tests; `node dev/test.mjs` runs them and prints the minutes of each. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }] },
  modulePathIgnorePatterns: ['<rootDir>/\\.sluice'],
  injectGlobals: false,
};

const family = (name, folders, more = {}) => ({
  ...base,
  displayName: name,
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
  ...more,
});

const onDatabase = {
  globalSetup: '<rootDir>/test/harness/database-setup.ts',
  globalTeardown: '<rootDir>/test/harness/database-teardown.ts',
};

export default {
  // A time-out is for a test that hangs. The default of five seconds would also end tests that only wait on a busy machine.
  testTimeout: 60_000,
  projects: [
    family('unit', ['domain', 'contracts', 'vault', 'mail', 'rails', 'sandbox-provider', 'config', 'telemetry', 'client', 'docs']),
    family('database', ['db', 'operations', 'relay', 'api'], onDatabase),
    family('temporal', ['workflows', 'activities', 'worker'], onDatabase),
    family('end-to-end', ['e2e', 'cli', 'dev']),
  ],
};
