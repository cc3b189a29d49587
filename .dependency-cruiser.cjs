/**
 * Who may import whom. A library may use the libraries and packages on its line and Node's own modules, nothing else;
 * what has no line here may be imported by apps only.
 */
const LIBRARIES = {
  // The specifications as code. Numbers in manifests must survive reading, hence the parser.
  oci: { packages: ['lossless-json'] },
  // The domain. hash-wasm has a hash whose state can be saved, so that an upload resumes anywhere; re2js matches without
  // backtracking what users write as patterns.
  registry: { libraries: ['oci'], packages: ['hash-wasm', 're2js', 'spdx-expression-parse'] },
  auth: { libraries: ['oci', 'registry'], packages: ['jose', 'quick-lru'] },
  // Who asks together: one query or one message for all who wait.
  batching: {},
  trace: {},
  // What travels between services, as schemas that are held against the types of the ports.
  contracts: { libraries: ['oci', 'registry', 'auth'], packages: ['zod'] },
  config: { packages: ['zod', 'ipaddr\\.js'] },
  database: {
    // It keeps the keys that sign tokens.
    libraries: ['oci', 'registry', 'auth', 'batching'],
    packages: ['@prisma/client', '@prisma/adapter-pg', 'pg', 'jose', 'quick-lru', 're2js'],
  },
  // What goes out of Berth on somebody else's word.
  net: { packages: ['ipaddr\\.js'] },
  storage: { libraries: ['oci', 'registry'], packages: ['@aws-sdk/[^/]+', '@smithy/[^/]+'] },
  queue: { libraries: ['oci', 'registry'], packages: ['bullmq', 'ioredis', 'pg'] },
  rpc: {
    libraries: ['oci', 'registry', 'contracts', 'batching', 'trace'],
    packages: ['@grpc/grpc-js', 'grpc-health-check', 'msgpackr', 'pino', 'zod'],
  },
  nest: {
    libraries: ['oci', 'registry', 'config', 'trace'],
    packages: ['@nestjs/[^/]+', 'fastify', 'pino', 'prom-client', 'reflect-metadata', 'rxjs'],
  },
  testing: { libraries: ['oci', 'registry'], packages: ['vitest', '@aws-sdk/client-s3'] },
};

/** Not part of what runs: free to use the test runner and the testing library. */
const TESTS = '\\.test\\.ts$|^libs/testing/';

const libraryRules = Object.entries(LIBRARIES).map(([name, { libraries = [], packages = [] }]) => ({
  name: `${name}-imports`,
  comment: `libs/${name} may import ${[...libraries.map((library) => `#${library}`), ...packages].join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^libs/${name}/`, pathNot: name === 'testing' ? undefined : TESTS },
  to: {
    dependencyTypesNot: ['core'],
    pathNot: [
      `^libs/(${[name, ...libraries].join('|')})/`,
      ...packages.map((name) => `^node_modules/(@types/)?${name}/`),
    ],
  },
}));

module.exports = {
  forbidden: [
    ...libraryRules,
    {
      name: 'library-has-a-line',
      comment: 'A new library needs a line in .dependency-cruiser.cjs',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(${Object.keys(LIBRARIES).join('|')})/` },
      to: {},
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere hides what the other rules should see',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'libraries-by-name',
      comment: 'A library is imported by its #name only, never by a path into it',
      severity: 'error',
      from: { path: '^(?:libs/([^/]+)|apps|test|bench)/' },
      to: { path: '^libs/', pathNot: '^libs/$1/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'apps-apart',
      comment: 'Apps share code through libraries; only all-in-one puts them together',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/all-in-one/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'command-line-apart',
      comment: 'apps/cli speaks HTTP to Berth: of its libraries it runs #config alone, to check settings',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: TESTS },
      to: {
        dependencyTypesNot: ['core'],
        pathNot: ['^apps/cli/', '^libs/(config|contracts)/', '^node_modules/(commander|@clack/prompts)/'],
      },
    },
    {
      name: 'command-line-reads-types',
      comment: 'apps/cli takes from #contracts the types of answers, and nothing that runs',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: TESTS },
      to: { path: '^libs/contracts/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'libraries-below-apps',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'no-test-code',
      comment: 'What runs may not import what tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TESTS },
      to: { path: `${TESTS}|^test/|^node_modules/vitest/` },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/generated/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // The conditions of tsconfig.json's customConditions are not read from there.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'types', 'import', 'node', 'default'],
    },
  },
};
