/** The import table of the design, held by `npm run check`. A room may import what stands beside it and itself. */
const ROOMS = {
  domain: [],
  contracts: ['domain'],
  operations: ['domain', 'contracts'],
  db: ['domain', 'prisma/generated'],
  rails: ['domain'],
  vault: ['domain'],
  mail: ['domain'],
  telemetry: ['domain'],
  config: ['domain'],
  relay: ['domain', 'operations'],
  workflows: ['domain'],
  activities: ['domain', 'operations'],
  api: ['domain', 'contracts', 'operations'],
  client: ['domain', 'contracts'],
  cli: ['domain', 'contracts', 'client'],
};

/** Only types may come from here. */
const TYPES_ONLY = {
  db: ['operations'],
  rails: ['operations'],
  vault: ['operations'],
  mail: ['operations'],
  telemetry: ['operations'],
  relay: ['workflows'],
  workflows: ['activities'],
};

/** Composition roots and what is not the product import everything. */
const ROOTS = '^(worker/main|worker/dev|api/main|api/dev|api/serve|cli/main)\\.ts$';

const rules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `${room}/ may import ${['itself', ...allowed].join(', ')}${TYPES_ONLY[room] ? `, and types of ${TYPES_ONLY[room]}` : ''}: see the import table in docs/architecture.md`,
  severity: 'error',
  from: { path: `^${room}/`, pathNot: ROOTS },
  to: {
    path: '^(domain|contracts|operations|db|rails|vault|mail|relay|workflows|activities|worker|api|client|cli|console|config|telemetry|prisma|dev|test|bench)/',
    pathNot: [room, ...allowed, ...(TYPES_ONLY[room] ?? [])].map((name) => `^${name}/`),
  },
}));

const typesOnly = Object.entries(TYPES_ONLY).map(([room, names]) => ({
  name: `${room}-types-only`,
  comment: `${room}/ may take only types from ${names.join(', ')}`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: {
    path: names.map((name) => `^${name}/`),
    // Shared as values: names on the wire, how a run is started, and the columns of the tables.
    pathNot: '^(workflows/(messages|policies)|operations/stores/[a-z-]+)\\.ts$',
    dependencyTypesNot: ['type-only'],
  },
}));

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^domain/' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: 'node_modules/(ibantools|countries-list|iso-3166|canonicalize|structured-headers)/' },
    },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^(test|bench)/' }, to: { path: '^(test|bench)/' } },
    ...rules,
    ...typesOnly,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'prisma/generated/.*' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
