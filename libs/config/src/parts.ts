/** What runs as a process, and the settings that it cannot do without or that have another default there. */

interface PartSettings {
  defaults?: Record<string, string>;
  required?: readonly string[];
}

export type Part = 'all-in-one' | 'gateway' | 'metadata' | 'blobs' | 'worker';

export const PARTS: Record<Part, PartSettings> = {
  'all-in-one': {},
  gateway: { required: ['BERTH_METADATA_URL', 'BERTH_BLOBS_URL'] },
  metadata: {
    defaults: { BERTH_RPC_LISTEN: '127.0.0.1:5002', BERTH_OPS_LISTEN: '127.0.0.1:5012' },
    required: ['BERTH_DATABASE_URL', 'BERTH_ADMIN_TOKEN'],
  },
  blobs: {
    defaults: { BERTH_RPC_LISTEN: '127.0.0.1:5003', BERTH_OPS_LISTEN: '127.0.0.1:5013' },
    required: ['BERTH_S3_BUCKET'],
  },
  worker: {
    defaults: { BERTH_RPC_LISTEN: '127.0.0.1:5004', BERTH_OPS_LISTEN: '127.0.0.1:5014' },
    required: ['BERTH_DATABASE_URL', 'BERTH_S3_BUCKET'],
  },
};

export const PART_NAMES = Object.keys(PARTS) as Part[];

const TLS = ['BERTH_RPC_TLS_CERT', 'BERTH_RPC_TLS_KEY', 'BERTH_RPC_TLS_CA'];

/** What a part lacks, a line each. Services that could not prove themselves to each other do not start. */
export function missingFor(part: Part, has: (name: string) => boolean): string[] {
  const { required = [] } = PARTS[part];
  const missing = required.filter((name) => !has(name)).map((name) => `${name} must be set for ${part}`);
  if (part === 'all-in-one') return missing;
  const certificates = TLS.filter(has);
  if (certificates.length > 0 && certificates.length < TLS.length) {
    missing.push(`${TLS.find((name) => !has(name))} must be set as well: BERTH_RPC_TLS_CERT, _KEY and _CA go together`);
  }
  if (certificates.length === 0 && !has('BERTH_RPC_SECRET')) {
    missing.push(
      'BERTH_RPC_SECRET must be set, or BERTH_RPC_TLS_CERT, _KEY and _CA: services prove themselves to each other',
    );
  }
  return missing;
}
