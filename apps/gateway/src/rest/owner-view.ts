import { z } from 'zod';
import type { PackageOwner } from '#registry';

export const OwnerSchema = z.object({
  login: z.string(),
  id: z.int(),
  node_id: z.string(),
  avatar_url: z.string(),
  gravatar_id: z.string(),
  url: z.string(),
  html_url: z.string(),
  type: z.enum(['User', 'Organization']),
  site_admin: z.boolean(),
});

/** A user or organisation in GitHub's form; `origin` is where clients see this registry. */
export function ownerView({ id, login, kind }: PackageOwner, origin: string): z.output<typeof OwnerSchema> {
  return {
    login,
    id,
    node_id: nodeId(kind, id),
    avatar_url: '',
    gravatar_id: '',
    url: `${origin}/api/v3/${kind === 'user' ? 'users' : 'orgs'}/${login}`,
    html_url: `${origin}/${login}`,
    type: kind === 'user' ? 'User' : 'Organization',
    site_admin: false,
  };
}

/** GitHub's opaque ids; some clients demand the field. */
export const nodeId = (kind: string, id: number): string => Buffer.from(`${kind}:${id}`).toString('base64');

/** Where an owner's packages are in the API and on the web. */
export function packagesUrls({ login, kind }: PackageOwner, origin: string): { api: string; web: string } {
  const path = `${kind === 'user' ? 'users' : 'orgs'}/${login}/packages`;
  return { api: `${origin}/api/v3/${path}/container`, web: `${origin}/${path}/container` };
}
