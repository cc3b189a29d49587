import { z } from 'zod';
import { splitRepositoryName } from '#oci';
import type { PackageDetails } from '#registry';
import { nodeId, OwnerSchema, ownerView, packagesUrls } from './owner-view.js';
import { restTime } from './rest-time.js';

const RepositorySchema = z.object({
  id: z.int(),
  node_id: z.string(),
  name: z.string(),
  full_name: z.string(),
  html_url: z.string(),
  url: z.string(),
});

const MetadataSchema = z.object({
  title: z.string().nullable(),
  description: z.string().nullable(),
  licenses: z.string().nullable(),
  is_spdx: z.boolean().meta({ description: 'Whether licenses is an SPDX licence expression' }),
  source: z.string().nullable(),
  url: z.string().nullable(),
  documentation: z.string().nullable(),
  version: z.string().nullable(),
  revision: z.string().nullable(),
  truncated: z.array(z.string()).meta({ description: 'Fields whose value was longer and is cut' }),
});

export const PackageSchema = z.object({
  id: z.int(),
  name: z.string().meta({ description: 'Without the owner: `kas/kas` for acme/kas/kas' }),
  package_type: z.literal('container'),
  owner: OwnerSchema,
  version_count: z.int(),
  visibility: z.enum(['private', 'internal', 'public']),
  url: z.string(),
  html_url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  repository: RepositorySchema.optional().meta({ description: 'The source that the package is linked to' }),
  metadata: MetadataSchema.nullable().meta({ description: 'What `latest`, else the newest tag, says of the package' }),
});

/** A package in GitHub's form, with Berth's `metadata` beside. */
export function packageView(details: PackageDetails, origin: string): z.output<typeof PackageSchema> {
  const { packageName = '' } = splitRepositoryName(details.name);
  const { api, web } = packagesUrls(details.owner, origin);
  return {
    id: details.id,
    name: packageName,
    package_type: 'container',
    owner: ownerView(details.owner, origin),
    version_count: details.versionCount,
    visibility: details.visibility,
    url: `${api}/${encodeURIComponent(packageName)}`,
    html_url: `${web}/package/${encodeURIComponent(packageName)}`,
    created_at: restTime(details.createdAt),
    updated_at: restTime(details.updatedAt),
    ...(details.source && { repository: repositoryView(details.source) }),
    metadata: metadataView(details.metadata),
  };
}

function metadataView(metadata: PackageDetails['metadata']): z.output<typeof MetadataSchema> | null {
  if (!metadata) return null;
  const { title, description, licenses, source, url, documentation, version, revision } = metadata;
  return {
    title: title ?? null,
    description: description ?? null,
    licenses: licenses ?? null,
    is_spdx: metadata.isSpdx,
    source: source ?? null,
    url: url ?? null,
    documentation: documentation ?? null,
    version: version ?? null,
    revision: revision ?? null,
    truncated: metadata.truncated,
  };
}

/** The last two parts of the source's address are what GitHub calls owner and repository. */
function repositoryView({ id, url }: { id: number; url: string }): z.output<typeof RepositorySchema> {
  const fullName = url.replace(/\/+$/, '').split('/').slice(-2).join('/');
  return {
    id,
    node_id: nodeId('source', id),
    name: fullName.split('/').at(-1) ?? '',
    full_name: fullName,
    html_url: url,
    url,
  };
}
