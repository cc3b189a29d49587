import { Inject, Injectable, Optional } from '@nestjs/common';
import QuickLRU from 'quick-lru';
import type { Settings } from '#config';
import { SETTINGS } from '#nest';
import { ObjectSigner, ReadBlob, type SignedRequest, type StoredBlob } from '#registry';

/** What a client is given must outlive its way there, and a queue in front of the store. */
const MIN_LEFT_MS = 2 * 60_000;
/** At half a kilobyte each, 10 MiB at most. */
const MAX_KEPT = 20_000;

/**
 * Links that clients read blobs by, straight from the object store. Kept by object key, whose bytes never change, as long as
 * they have two minutes left: pulls of one blob then cost one question to the store in a quarter of an hour. Whether a
 * repository holds the blob is asked of the database every time before this is asked.
 */
@Injectable()
export class BlobLinks {
  private readonly kept = new QuickLRU<string, Promise<SignedRequest>>({ maxSize: MAX_KEPT });
  private readonly signer: ObjectSigner | undefined;

  constructor(
    private readonly readBlob: ReadBlob,
    @Inject(SETTINGS) settings: Settings,
    @Optional() @Inject(ObjectSigner) signer?: ObjectSigner,
  ) {
    this.signer = settings.BERTH_BLOB_DELIVERY === 'redirect' ? signer : undefined;
  }

  /** A link with at least two minutes left; undefined where the bytes come from Berth itself. Errors: ObjectMissingError. */
  async find(blob: StoredBlob): Promise<string | undefined> {
    const { signer } = this;
    if (!signer) return undefined;
    const known = await this.kept.get(blob.objectKey)?.catch(() => undefined);
    if (known && hasTime(known)) return known.url;
    const signing = this.readBlob.assertPresent(blob).then(() => signer.signGet(blob.objectKey, 'client'));
    this.kept.set(blob.objectKey, signing);
    signing.catch(() => this.kept.delete(blob.objectKey));
    const signed = await signing;
    return hasTime(signed) ? signed.url : undefined; // credentials about to end: Berth reads by itself meanwhile
  }
}

const hasTime = ({ expiresAt }: SignedRequest): boolean => expiresAt.getTime() - Date.now() >= MIN_LEFT_MS;
