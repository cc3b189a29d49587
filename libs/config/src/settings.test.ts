import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Part } from './parts.js';
import { readSettings, SETTINGS, SettingsError } from './settings.js';

const NAMES = Object.keys(SETTINGS);
const MINIMAL = {};

const problemsOf = (environment: NodeJS.ProcessEnv, part: Part = 'all-in-one'): string[] => {
  try {
    readSettings(environment, part);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
};

describe('docs/configuration.md', () => {
  const document = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const rows = [...document.matchAll(/^\| `(BERTH_[A-Z0-9_]+)` \| (.+?) \| (.+) \|$/gm)];

  it('lists every setting, in order, and no others', () => {
    expect(rows.map(([, name]) => name)).toEqual(NAMES);
  });

  it('names no variable that does not exist', () => {
    for (const [name] of document.matchAll(/BERTH_[A-Z0-9_]+/g)) expect(NAMES).toContain(name);
  });

  it.each(rows.map(([, name = '', value = '']) => ({ name, value })))(
    'gives the default of $name',
    ({ name, value }) => {
      const defaults: Record<string, unknown> = readSettings(MINIMAL);
      const written = /^`(.+)`$/.exec(value)?.[1];
      if (written !== undefined) {
        const read: Record<string, unknown> = readSettings({ [name]: written });
        expect(read[name]).toEqual(defaults[name]);
      } else {
        expect(value).toMatch(/^(none|embedded|generated)$/);
        expect([undefined, []]).toContainEqual(defaults[name]);
      }
    },
  );
});

it('takes an empty variable for an unset one', () => {
  expect(readSettings(Object.fromEntries(NAMES.map((name) => [name, ''])))).toEqual(readSettings(MINIMAL));
});

it('looks at nothing else in the environment', () => {
  expect(readSettings({ PATH: '/bin', BERTH_MADE_UP: 'x' })).toEqual(readSettings(MINIMAL));
});

it.each<[string, string, unknown]>([
  ['BERTH_LISTEN', '0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
  ['BERTH_LISTEN', ':5000', { host: '::', port: 5000 }],
  ['BERTH_LISTEN', '[::1]:0', { host: '::1', port: 0 }],
  ['BERTH_LISTEN', 'localhost:65535', { host: 'localhost', port: 65_535 }],
  ['BERTH_OPS_LISTEN', 'off', undefined],
  ['BERTH_RPC_LISTEN', ':5002', { host: '::', port: 5002 }],
  ['BERTH_METADATA_URL', 'http://metadata:5002', 'http://metadata:5002'],
  ['BERTH_RPC_SECRET', 'x'.repeat(32), 'x'.repeat(32)],
  ['BERTH_REDIS_URL', 'rediss://:secret@redis:6379/3', 'rediss://:secret@redis:6379/3'],
  ['BERTH_PUBLIC_URL', 'https://registry.example.com', 'https://registry.example.com'],
  ['BERTH_PUBLIC_URL', 'https://registry.example.com/', 'https://registry.example.com'],
  ['BERTH_PUBLIC_URL', 'HTTP://Registry.Example.com:5000', 'http://registry.example.com:5000'],
  ['BERTH_TRUSTED_PROXIES', '10.0.0.0/8, ::1,', ['10.0.0.0/8', '::1']],
  ['BERTH_DATABASE_URL', 'postgresql://a:b@c/d?e=f', 'postgresql://a:b@c/d?e=f'],
  ['BERTH_ADMIN_TOKEN', 'x'.repeat(20), 'x'.repeat(20)],
  ['BERTH_GC_GRACE', '90s', 90],
  ['BERTH_GC_GRACE', '0', 0],
  ['BERTH_GC_GRACE', '0s', 0],
  ['BERTH_RESTORE_WINDOW', '2h', 7200],
  ['BERTH_KEEP_DOWNLOADED', 'off', undefined],
  ['BERTH_KEEP_DOWNLOADED', '0', 0],
  ['BERTH_UNTAGGED_AFTER', 'never', undefined],
  ['BERTH_UNTAGGED_AFTER', '7d', 604_800],
  ['BERTH_BUILD_CACHE_BUDGET', 'unlimited', undefined],
  ['BERTH_BUILD_CACHE_BUDGET', '0', 0],
  ['BERTH_BUILD_CACHE_BUDGET', '500m', 500 * 2 ** 20],
  ['BERTH_TOKEN_TTL', '60s', 60],
  ['BERTH_MAX_BLOB_SIZE', '1', 1],
  ['BERTH_MAX_BLOB_SIZE', '10g', 10 * 2 ** 30],
  ['BERTH_MAX_BLOB_SIZE', '5T', 5 * 2 ** 40],
  ['BERTH_DELETES', 'off', false],
  ['BERTH_READ_ONLY', 'on', true],
  ['BERTH_LOG_LEVEL', 'silent', 'silent'],
])('reads %s=%s', (name, text, value) => {
  const settings: Record<string, unknown> = readSettings({ [name]: text });
  expect(settings[name]).toEqual(value);
});

/** Wrong values, and a word of what the message must say is allowed. */
const WRONG: Array<[string, string[], RegExp]> = [
  ['BERTH_LISTEN', ['5000', 'host', 'host:', 'a b:1', 'http://a:1', '::1:5000', 'a:1:2', 'a:-1'], /HOST:PORT/],
  ['BERTH_LISTEN', ['a:65536', 'a:99999'], /0 to 65535/],
  ['BERTH_RPC_LISTEN', ['5002', 'off'], /HOST:PORT/],
  ['BERTH_METADATA_URL', ['metadata:5002', 'grpc://metadata:5002', 'http://metadata:5002/x'], /https:\/\/HOST/],
  ['BERTH_BLOBS_URL', ['blobs:5003'], /https:\/\/HOST/],
  ['BERTH_WORKER_URL', ['worker:5004'], /https:\/\/HOST/],
  ['BERTH_RPC_SECRET', ['x'.repeat(31)], /32 or more characters/],
  ['BERTH_REDIS_URL', ['localhost:6379', 'http://redis'], /redis:\/\//],
  ['BERTH_OPS_LISTEN', ['on', 'OFF', '5001'], /HOST:PORT or off/],
  ['BERTH_PUBLIC_URL', ['registry.example.com', 'ftp://x', 'https://', 'javascript:alert(1)'], /https:\/\/HOST/],
  ['BERTH_PUBLIC_URL', ['https://x/path', 'https://x?y', 'https://x#y', 'https://user:canary@x'], /without a path/],
  ['BERTH_TRUSTED_PROXIES', ['proxy.example.com', '10.0.0.0/33', '10.0.0.1;10.0.0.2', '*'], /addresses or CIDRs/],
  ['BERTH_OUTBOUND_NETWORKS', ['internal.example.com', '10.0.0.0/33', '*'], /addresses or CIDRs/],
  ['BERTH_OUTBOUND_HTTP', ['true'], /on or off/],
  ['BERTH_OIDC_ISSUER', ['idp.example.com', 'ftp://x'], /https:\/\/HOST/],
  ['BERTH_OIDC_SCOPES', ['profile', 'openid  profile', 'openid "x"'], /begin with openid/],
  ['BERTH_SESSION_TTL', ['59s', '0'], /at least 60s/],
  ['BERTH_SESSION_IDLE', ['59s', '0'], /at least 60s/],
  ['BERTH_DATABASE_URL', ['mysql://a', 'localhost:5432', 'postgres'], /postgres:\/\//],
  ['BERTH_S3_BUCKET', ['Bucket', 'a', 's3://bucket', 'bucket/path'], /3 to 63/],
  ['BERTH_S3_ENDPOINT', ['s3.example.com', 'https://s3.example.com/bucket'], /https:\/\/HOST/],
  ['BERTH_S3_PUBLIC_ENDPOINT', ['s3.example.com', 'https://s3.example.com/bucket'], /https:\/\/HOST/],
  ['BERTH_S3_REGION', ['EU', 'eu central'], /eu-central-1/],
  ['BERTH_S3_FORCE_PATH_STYLE', ['true'], /on or off/],
  ['BERTH_S3_ENCRYPTION', ['on', 'aes256'], /AES256 or aws:kms/],
  ['BERTH_S3_ENCRYPTION_KEY', ['x'.repeat(2049)], /KMS key/],
  ['BERTH_BLOB_DELIVERY', ['direct', 'on'], /redirect or proxy/],
  ['BERTH_ADMIN_TOKEN', ['x'.repeat(19)], /20 or more characters/],
  ['BERTH_GC_GRACE', ['24', '1.5h', '-1h', '1w', 'h', '1 h', '1h30m', 'never', '1e3s', '9'.repeat(12)], /s, m, h or d/],
  ['BERTH_UNTAGGED_AFTER', ['Never', '30', 'off'], /never, or .* s, m, h or d/],
  ['BERTH_RESTORE_WINDOW', ['30'], /s, m, h or d/],
  ['BERTH_KEEP_DOWNLOADED', ['never', '-1', '5k', '1.5'], /whole number or off/],
  ['BERTH_BUILD_CACHE_BUDGET', ['-1', '1.5g', 'none', 'off', '9999999999999t'], /unlimited, or a number of bytes/],
  ['BERTH_BACKUP_HORIZON', ['30'], /s, m, h or d/],
  ['BERTH_TOKEN_TTL', ['59s', '0'], /at least 60s/],
  ['BERTH_MAX_BLOB_SIZE', ['0', '-1', '1.5g', '1gb', '1 g', 'none'], /k, m, g or t/],
  ['BERTH_DELETES', ['true', '1', 'ON', 'yes'], /on or off/],
  ['BERTH_READ_ONLY', ['true'], /on or off/],
  ['BERTH_RATE_LIMITS', ['true'], /on or off/],
  ['BERTH_LOG_LEVEL', ['verbose', 'INFO'], /trace, debug, info/],
];

describe.each(WRONG)('%s', (name, values, allowed) => {
  it.each(values)('refuses %j by name, says what is allowed, and keeps the value to itself', (value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} must `));
    expect(problems[0]).toMatch(allowed);
    if (value.length > 8) expect(problems[0]).not.toContain(value);
  });
});

it('has a wrong value of every setting among its trials', () => {
  const tried = new Set(WRONG.map(([name]) => name));
  expect(NAMES.filter((name) => !tried.has(name))).toEqual([
    'BERTH_RPC_TLS_CERT',
    'BERTH_RPC_TLS_KEY',
    'BERTH_RPC_TLS_CA',
    'BERTH_DATA_DIR', // any text names a folder, a client, a claim; or is a secret
    'BERTH_OIDC_CLIENT_ID',
    'BERTH_OIDC_CLIENT_SECRET',
    'BERTH_OIDC_LOGIN_CLAIM',
    'BERTH_OIDC_GROUPS_CLAIM',
  ]);
});

it('tells all problems at once', () => {
  const secret = 'canary-canary-1';
  const problems = problemsOf({ BERTH_LISTEN: 'x', BERTH_DELETES: 'x', BERTH_ADMIN_TOKEN: secret });
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'BERTH_LISTEN',
    'BERTH_ADMIN_TOKEN',
    'BERTH_DELETES',
  ]);
  const error = new SettingsError(problems);
  expect(error.message).not.toContain(secret);
  expect(error.message.split('\n')).toHaveLength(4);
});

describe('a service of its own', () => {
  const SECRET = { BERTH_RPC_SECRET: 'x'.repeat(32) };
  const TLS = { BERTH_RPC_TLS_CERT: 'a', BERTH_RPC_TLS_KEY: 'b', BERTH_RPC_TLS_CA: 'c' };
  const BLOBS = { BERTH_S3_BUCKET: 'bucket' };

  it('has ports of its own', () => {
    const { BERTH_RPC_LISTEN, BERTH_OPS_LISTEN } = readSettings({ ...SECRET, ...BLOBS }, 'blobs');
    expect([BERTH_RPC_LISTEN.port, BERTH_OPS_LISTEN?.port]).toEqual([5003, 5013]);
    expect(readSettings({ ...SECRET, ...BLOBS, BERTH_RPC_LISTEN: ':7' }, 'blobs').BERTH_RPC_LISTEN.port).toBe(7);
  });

  it('starts with a secret or with certificates, not without', () => {
    const missing = /^BERTH_RPC_SECRET must be set, or BERTH_RPC_TLS_CERT, _KEY and _CA/;
    expect(problemsOf(BLOBS, 'blobs')).toEqual([expect.stringMatching(missing)]);
    expect(problemsOf({ ...BLOBS, ...SECRET }, 'blobs')).toEqual([]);
    expect(problemsOf({ ...BLOBS, ...TLS }, 'blobs')).toEqual([]);
    const { BERTH_RPC_TLS_CA: _, ...half } = TLS;
    expect(problemsOf({ ...BLOBS, ...SECRET, ...half }, 'blobs')).toEqual([
      expect.stringMatching(/^BERTH_RPC_TLS_CA must be set as well/),
    ]);
  });

  it.each([
    ['gateway', ['BERTH_METADATA_URL', 'BERTH_BLOBS_URL']],
    ['metadata', ['BERTH_DATABASE_URL', 'BERTH_ADMIN_TOKEN']],
    ['blobs', ['BERTH_S3_BUCKET']],
    ['worker', ['BERTH_DATABASE_URL', 'BERTH_S3_BUCKET']],
  ] as const)('%s tells what it cannot do without', (part, names) => {
    expect(problemsOf(SECRET, part)).toEqual(names.map((name) => `${name} must be set for ${part}`));
  });
});
