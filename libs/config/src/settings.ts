import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { missingFor, PARTS, type Part } from './parts.js';
import {
  address,
  addressOrOff,
  bytes,
  bytesOrUnlimited,
  countOrOff,
  duration,
  durationOrNever,
  onOff,
  origin,
} from './values.js';

const MIN_ADMIN_TOKEN = 20;
const MIN_RPC_SECRET = 32;

const file = z.string().optional();

const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket: 3 to 63 of a-z, 0-9, dot and hyphen');

const networks = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  )
  .refine((entries) => entries.every((entry) => ipaddr.isValidCIDR(entry) || ipaddr.isValid(entry)), {
    error: 'must be addresses or CIDRs, separated by commas',
  });

/**
 * Every setting, by the variable that gives it. Defaults stand here and nowhere else; `docs/configuration.md` lists the same.
 */
export const SETTINGS = {
  BERTH_LISTEN: address.prefault('127.0.0.1:5000'),
  BERTH_OPS_LISTEN: addressOrOff.prefault('127.0.0.1:5001'),
  BERTH_RPC_LISTEN: address.prefault('127.0.0.1:5002'),
  BERTH_METADATA_URL: origin.optional(),
  BERTH_BLOBS_URL: origin.optional(),
  BERTH_WORKER_URL: origin.optional(),
  BERTH_RPC_SECRET: z.string().min(MIN_RPC_SECRET, `must have ${MIN_RPC_SECRET} or more characters`).optional(),
  BERTH_RPC_TLS_CERT: file,
  BERTH_RPC_TLS_KEY: file,
  BERTH_RPC_TLS_CA: file,
  BERTH_DATA_DIR: z.string().min(1, 'must be a folder').default('./data'),
  BERTH_PUBLIC_URL: origin.optional(),
  BERTH_TRUSTED_PROXIES: networks.prefault(''),
  BERTH_OUTBOUND_NETWORKS: networks.prefault(''),
  BERTH_OUTBOUND_HTTP: onOff.prefault('off'),
  BERTH_OIDC_ISSUER: z.url({ protocol: /^https?$/, error: 'must be a URL: https://HOST[/PATH]' }).optional(),
  BERTH_OIDC_CLIENT_ID: z.string().default('berth'),
  BERTH_OIDC_CLIENT_SECRET: z.string().optional(),
  BERTH_OIDC_SCOPES: z
    .string()
    .regex(/^openid(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must begin with openid; scopes stand apart by one space')
    .default('openid profile email'),
  BERTH_OIDC_LOGIN_CLAIM: z.string().default('preferred_username'),
  BERTH_OIDC_GROUPS_CLAIM: z.string().default('groups'),
  BERTH_SESSION_TTL: duration.refine((seconds) => seconds >= 60, 'must be at least 60s').prefault('12h'),
  BERTH_SESSION_IDLE: duration.refine((seconds) => seconds >= 60, 'must be at least 60s').prefault('2h'),
  BERTH_DATABASE_URL: z.url({ protocol: /^postgres(?:ql)?$/, error: 'must be postgres://…' }).optional(),
  BERTH_REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://…' }).optional(),
  BERTH_S3_BUCKET: bucketName.optional(),
  BERTH_S3_ENDPOINT: origin.optional(),
  BERTH_S3_PUBLIC_ENDPOINT: origin.optional(),
  BERTH_S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be the name of a region, for instance eu-central-1')
    .optional(),
  BERTH_S3_FORCE_PATH_STYLE: onOff.prefault('off'),
  BERTH_S3_ENCRYPTION: z.enum(['AES256', 'aws:kms'], { error: 'must be AES256 or aws:kms' }).optional(),
  BERTH_S3_ENCRYPTION_KEY: z.string().max(2048, 'must be the id of a KMS key').optional(),
  BERTH_BLOB_DELIVERY: z.enum(['redirect', 'proxy'], { error: 'must be redirect or proxy' }).default('redirect'),
  BERTH_ADMIN_TOKEN: z.string().min(MIN_ADMIN_TOKEN, `must have ${MIN_ADMIN_TOKEN} or more characters`).optional(),
  BERTH_GC_GRACE: duration.prefault('24h'),
  BERTH_UNTAGGED_AFTER: durationOrNever.prefault('30d'),
  BERTH_RESTORE_WINDOW: duration.prefault('30d'),
  BERTH_KEEP_DOWNLOADED: countOrOff.prefault('5000'),
  BERTH_BUILD_CACHE_BUDGET: bytesOrUnlimited.prefault('10g'),
  BERTH_BACKUP_HORIZON: duration.prefault('0'),
  BERTH_TOKEN_TTL: duration.refine((seconds) => seconds >= 60, 'must be at least 60s').prefault('5m'),
  BERTH_MAX_BLOB_SIZE: bytes.optional(),
  BERTH_DELETES: onOff.prefault('on'),
  BERTH_READ_ONLY: onOff.prefault('off'),
  BERTH_RATE_LIMITS: onOff.prefault('on'),
  BERTH_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      error: 'must be trace, debug, info, warn, error or silent',
    })
    .default('info'),
};

export const SETTING_NAMES = Object.keys(SETTINGS);

const schema = z.object(SETTINGS);

/** Berth's settings, typed and checked; durations are seconds, sizes bytes. */
export type Settings = z.output<typeof schema>;

/** What is wrong with the environment, one line a variable. Names and rules only: a value may be a secret. */
export class SettingsError extends Error {
  constructor(readonly problems: string[]) {
    super(`These settings need another value:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

/** Reads the environment once, at start. Empty variables count as unset. Errors: SettingsError with all problems. */
export function readSettings(environment: NodeJS.ProcessEnv, part: Part = 'all-in-one'): Settings {
  const given = Object.fromEntries(
    Object.keys(SETTINGS).map((name) => [name, environment[name] || PARTS[part].defaults?.[name] || undefined]),
  );
  const result = schema.safeParse(given);
  const problems = (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${issue.message}`);
  problems.push(...missingFor(part, (name) => given[name] !== undefined));
  if (result.success && problems.length === 0) return result.data;
  throw new SettingsError(problems);
}
