import type { DigestAlgorithm } from '#oci';
import { type HashProgress, ObjectHasher } from '../ports/object-hasher.js';
import type { ObjectKey, ObjectStore } from '../ports/object-store.js';
import { savableHash } from './upload-hash.js';

/** Hashes in this process, from its own object store. */
export class LocalObjectHasher extends ObjectHasher {
  constructor(private readonly objects: ObjectStore) {
    super();
  }

  override async hash(
    key: ObjectKey,
    algorithm: DigestAlgorithm,
    from: HashProgress,
    length: number,
  ): Promise<HashProgress> {
    const hash = await savableHash(algorithm, from.state);
    let { offset } = from;
    const bytes = await this.objects.read(key, { start: offset, end: offset + length - 1 });
    for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      offset += chunk.length;
    }
    return { offset, state: hash.save() };
  }
}
