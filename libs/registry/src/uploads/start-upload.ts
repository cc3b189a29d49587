import type { DigestAlgorithm } from '#oci';
import type { PackageStore } from '../ports/package-store.js';
import type { SessionOwner, UploadSessions } from '../ports/upload-sessions.js';
import type { Actor, Repository } from '../repository.js';

/** POST of an upload (end-4a): opens a session; the package is made here if this is its first. */
export class StartUpload {
  constructor(
    private readonly packages: PackageStore,
    private readonly sessions: UploadSessions,
  ) {}

  async run(repository: Repository, actor: Actor, algorithm: DigestAlgorithm): Promise<SessionOwner> {
    const packageId = repository.packageId ?? (await this.packages.ensure(repository.name, actor));
    const sessionId = await this.sessions.open(packageId, actor, algorithm);
    return { sessionId, packageId, principal: actor.principal };
  }
}
