import jest from './jest.config.js';

/** Reports and what the last run found. Not in git. */
const FOLDER = '.sluice-security';

const unit = jest.projects.find(({ displayName }) => displayName === 'unit');

/** Which checks are changed, one place at a time, and which tests have to notice (`npm run test:security`). */
export default {
  mutate: [
    // Who may do what.
    'domain/{permissions,role-changes,actors,gate,proposal,freeze,api-key}.ts',
    // Codes, locks, passwords, links and addresses.
    'domain/{second-factor,lockout,password,email-link,network}.ts',
    'domain/http-signature/*.ts',
    'vault/{credentials,recovery-codes,request-signatures,tokens}.ts',
  ],
  testRunner: 'jest',
  jest: {
    // Everything but these members comes from jest.config.js. Projects have environments of their own, in which no coverage would be seen.
    config: {
      ...unit,
      projects: [],
      testMatch: ['<rootDir>/test/domain/**/*.test.ts', '<rootDir>/test/vault/{credentials,recovery-codes,request-signatures,tokens}.test.ts'],
    },
    enableFindRelatedTests: true,
  },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  coverageAnalysis: 'perTest',
  incremental: true,
  incrementalFile: `${FOLDER}/incremental.json`,
  concurrency: 2,
  // A change that never ends counts as noticed, and one that is slow because the machine is busy should not.
  timeoutMS: 30_000,
  dryRunTimeoutMinutes: 15,
  thresholds: { high: 95, low: 85, break: 85 },
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  clearTextReporter: { logTests: false, reportTests: false },
  htmlReporter: { fileName: `${FOLDER}/mutation.html` },
  jsonReporter: { fileName: `${FOLDER}/mutation.json` },
  tempDirName: '.sluice-stryker',
  cleanTempDir: 'always',
  ignorePatterns: ['.sluice*', '/dist', '/coverage', '/docs', '/test/broken', '/test/histories'],
  // swc looks at no types.
  disableTypeChecks: false,
  warnings: { slow: false },
};
