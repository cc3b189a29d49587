import type { ObjectKey } from './object-store.js';

/** Who will send a signed request: Berth itself, or a client, who may reach the store under another name. */
export type Sender = 'berth' | 'client';

/** A request to the object store that whoever holds its credentials signed for somebody who does not. */
export interface SignedRequest {
  method: 'GET' | 'PUT';
  url: string;
  /** Signed along with the URL: they must be sent as they are. Another length, checksum or key is refused by the store. */
  headers: Record<string, string>;
  /** The store accepts the start of the request until then. */
  expiresAt: Date;
}

/** What the store was seen to do when it was opened, and not merely says that it does. */
export interface StoreFeatures {
  /** A single PUT whose bytes differ from its signed SHA-256 is refused, so that clients may be given one. */
  verifiesPuts: boolean;
  /** A multipart upload whose CRC-32 differs from the one given at its end is refused. */
  verifiesMultipart: boolean;
}

/**
 * Signs requests, so that bytes go between the sender and the object store without passing whoever holds its credentials.
 * Nothing is stored by signing, no method asks the store, each may be repeated.
 * Adapters: `S3ObjectSigner`, and RPC to the service that has it. A store on the file system has no signer.
 */
export abstract class ObjectSigner {
  abstract features(): Promise<StoreFeatures>;

  /** For writing a whole object of this size. `sha256` in hexadecimal. */
  abstract signPut(key: ObjectKey, body: { size: number; sha256: string }, sender: Sender): Promise<SignedRequest>;

  /** For writing one part of a multipart upload. The store checks `crc32` if it is given. */
  abstract signPart(
    key: ObjectKey,
    uploadId: string,
    part: { number: number; size: number; crc32: number | undefined },
    sender: Sender,
  ): Promise<SignedRequest>;

  /** For reading an object or, with a Range header, some of it. The answer comes as an attachment without a type. */
  abstract signGet(key: ObjectKey, sender: Sender): Promise<SignedRequest>;
}
