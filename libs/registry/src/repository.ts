import type { RepositoryName } from '#oci';

/** Who acts, as every write records it. */
export interface Actor {
  /** `user:12`, `workflow:3:repo:acme/app:…`: what upload sessions are bound to. */
  principal: string;
  userId: number | undefined;
  /** The personal access token that it came with. */
  tokenId?: number | undefined;
  /** Where it came from, for the audit log. */
  address?: string | undefined;
  /** For people to read: a user's login, a workflow's subject. */
  login: string;
  /** A workflow's source: what it pushes first is linked to it. */
  sourceId?: number | undefined;
  /** Whether only the administrator's right lets them: such writes are audited. */
  isOverriding: boolean;
}

/** A repository as one request addresses it, after `authorize()` said yes. */
export interface Repository {
  name: RepositoryName;
  /** Absent while nothing was ever uploaded under this name. */
  packageId: number | undefined;
  /** Whether a manifest was pushed: before that the package is in no list. */
  isPublished: boolean;
}

/** Who looks at a list: what they may see of it is for the list's query to tell, as no page of it is judged one by one. */
export interface Viewer {
  /** Undefined for administrators, who see all. */
  userId: number | undefined;
  /** The token that they came with: what it is confined to, they are. */
  tokenId: number;
}
