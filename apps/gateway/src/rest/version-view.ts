import { z } from 'zod';
import { splitRepositoryName } from '#oci';
import type { PackageDetails, VersionDetails } from '#registry';
import { packagesUrls } from './owner-view.js';
import { restTime } from './rest-time.js';

export const VersionSchema = z.object({
  id: z.int(),
  name: z.string().meta({ description: 'The digest' }),
  url: z.string(),
  package_html_url: z.string(),
  html_url: z.string(),
  created_at: z.string().meta({ description: 'When it was pushed' }),
  updated_at: z.string(),
  deleted_at: z.string().optional(),
  metadata: z.object({
    package_type: z.literal('container'),
    container: z.object({
      tags: z.array(z.string()),
      parents: z.array(z.string()).meta({ description: 'Digests of live indexes that name it' }),
      class: z.string().meta({ description: 'image, index, attestation, signature, chart, build_cache or other' }),
      media_type: z.string(),
      size: z.number().meta({ description: 'Bytes of the manifest, its config and its layers' }),
    }),
  }),
  download_count: z.number(),
  last_downloaded_at: z.string().nullable(),
});

/** A version in GitHub's form, with what Berth knows beside. */
export function versionView(
  version: VersionDetails,
  { name, owner }: Pick<PackageDetails, 'name' | 'owner'>,
  origin: string,
): z.output<typeof VersionSchema> {
  const { packageName = '' } = splitRepositoryName(name);
  const { api, web } = packagesUrls(owner, origin);
  const encoded = encodeURIComponent(packageName);
  return {
    id: version.id,
    name: version.digest,
    url: `${api}/${encoded}/versions/${version.id}`,
    package_html_url: `${web}/package/${encoded}`,
    html_url: `${web}/${encoded}/${version.id}`,
    created_at: restTime(version.createdAt),
    updated_at: restTime(version.updatedAt),
    ...(version.deletedAt && { deleted_at: restTime(version.deletedAt) }),
    metadata: {
      package_type: 'container',
      container: {
        tags: version.tags,
        parents: version.parents,
        class: version.class,
        media_type: version.mediaType,
        size: version.size,
      },
    },
    download_count: version.downloads,
    last_downloaded_at: version.lastDownloadAt ? restTime(version.lastDownloadAt) : null,
  };
}
