import type { Page, PageRequest } from '#oci';
import type { Actor } from '../repository.js';

/** Tags of a package; moving one is part of `ManifestStore.put`. */
export abstract class TagStore {
  /** Names in byte order. */
  abstract list(packageId: number, page: PageRequest): Promise<Page<string>>;

  /** False when there is no such tag. The manifest stays. */
  abstract remove(packageId: number, tag: string, actor: Actor): Promise<boolean>;
}
