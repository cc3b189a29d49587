import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ByteRange } from '#oci';
import {
  type ListedObject,
  type ListedUpload,
  type ObjectKey,
  ObjectMissingError,
  OwnedObjectStore,
  type PartPlace,
  type StoredPart,
  type UploadPage,
} from '#registry';
import { wholeKeys } from '../upload-page.js';

/** An upload's id is its key, a dash and a UUID. */
const keyOf = (uploadId: string): ObjectKey => uploadId.slice(0, -37);

/**
 * Objects as files:
 *
 *     ROOT/objects/<first two characters>/<key>   whole objects
 *     ROOT/uploads/<key>-<random>                 multipart uploads by their id, each part at its offset
 *     ROOT/temporary/<random>                     objects being written
 *
 * A file gets its name only when its bytes are on disk (write, fdatasync, rename, fsync of the folder). Keys are Berth's
 * own random ones: anything else is refused before it can become a path. One process writes a store at a time.
 */
export class FilesystemObjectStore extends OwnedObjectStore {
  private constructor(private readonly root: string) {
    super();
  }

  /** Opens a store, making its folders (mode 0700) and dropping half-written objects of an earlier process. */
  static async open(root: string): Promise<FilesystemObjectStore> {
    await rm(join(root, 'temporary'), { recursive: true, force: true });
    for (const folder of ['objects', 'uploads', 'temporary']) {
      await mkdir(join(root, folder), { recursive: true, mode: 0o700 });
    }
    return new FilesystemObjectStore(root);
  }

  override async put(key: ObjectKey, chunks: readonly Uint8Array[]): Promise<void> {
    const target = this.objectPath(key);
    const temporary = join(this.root, 'temporary', randomUUID());
    try {
      await using file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      await writeAll(file, chunks, 0);
      await file.datasync();
      await publish(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  override async startMultipart(key: ObjectKey): Promise<string> {
    const uploadId = `${key}-${randomUUID()}`;
    await using _file = await open(this.uploadPath(uploadId), 'wx', 0o600);
    await syncFolder(join(this.root, 'uploads'));
    return uploadId;
  }

  override async writePart(
    _key: ObjectKey,
    uploadId: string,
    place: PartPlace,
    chunks: readonly Uint8Array[],
  ): Promise<StoredPart> {
    await using file = await open(this.uploadPath(uploadId), constants.O_WRONLY | constants.O_NOFOLLOW);
    const size = await writeAll(file, chunks, place.offset);
    await file.datasync();
    return { number: place.number, size, etag: `${place.offset}+${size}` };
  }

  override async completeMultipart(key: ObjectKey, uploadId: string, parts: readonly StoredPart[]): Promise<void> {
    const source = this.uploadPath(uploadId);
    const target = this.objectPath(key);
    if (!(await exists(source)) && (await exists(target))) return;
    let size = 0;
    for (const part of parts) {
      if (part.etag !== `${size}+${part.size}`)
        throw new Error(`part ${part.number} of ${key} does not follow the one before`);
      size += part.size;
    }
    await using file = await open(source, constants.O_RDWR | constants.O_NOFOLLOW);
    if ((await file.stat()).size < size) throw new Error(`upload of ${key} lacks bytes that were acknowledged`);
    await file.truncate(size); // an earlier attempt may have written further
    await file.datasync();
    await publish(source, target);
  }

  override async abortMultipart(key: ObjectKey, uploadId: string | undefined): Promise<void> {
    const open = uploadId === undefined ? await this.uploadsOf(key) : [uploadId];
    for (const id of open) await rm(this.uploadPath(id), { force: true });
  }

  override async size(key: ObjectKey): Promise<number | undefined> {
    try {
      return (await stat(this.objectPath(key))).size;
    } catch (error) {
      return isAbsent(error) ? undefined : raise(error);
    }
  }

  override async read(key: ObjectKey, range?: ByteRange): Promise<Readable> {
    const file = await open(this.objectPath(key), constants.O_RDONLY | constants.O_NOFOLLOW).catch((error) =>
      raise(isAbsent(error) ? new ObjectMissingError(key) : error),
    );
    return file.createReadStream({ ...range, highWaterMark: 256 * 1024 });
  }

  override async delete(keys: readonly ObjectKey[]): Promise<ObjectKey[]> {
    const gone: ObjectKey[] = [];
    for (const key of keys) {
      const isGone = await rm(this.objectPath(key), { force: true }).then(
        () => true,
        () => false,
      );
      if (isGone) gone.push(key);
    }
    return gone;
  }

  override async list(after: ObjectKey, limit: number): Promise<ListedObject[]> {
    const root = join(this.root, 'objects');
    const listed: ListedObject[] = [];
    for (const folder of (await readdir(root)).sort()) {
      if (folder < after.slice(0, 2)) continue;
      for (const key of (await readdir(join(root, folder))).sort()) {
        if (key <= after) continue;
        const size = await this.size(key);
        if (size !== undefined) listed.push({ key, size });
        if (listed.length === limit) return listed;
      }
    }
    return listed;
  }

  override async listUploads(after: ObjectKey, limit: number): Promise<UploadPage> {
    // Ids begin with their key, so they sort as keys do.
    const ids = (await readdir(join(this.root, 'uploads'))).filter((id) => keyOf(id) > after).sort();
    const uploads: ListedUpload[] = [];
    for (const uploadId of ids.slice(0, limit)) {
      const written = await stat(this.uploadPath(uploadId)).catch((error) =>
        isAbsent(error) ? undefined : raise(error),
      );
      if (written) uploads.push({ key: keyOf(uploadId), uploadId, startedAt: written.mtime });
    }
    return wholeKeys(uploads, ids.length > limit);
  }

  private async uploadsOf(key: ObjectKey): Promise<string[]> {
    return (await readdir(join(this.root, 'uploads'))).filter((id) => id.startsWith(`${assertName(key)}-`));
  }

  private objectPath(key: ObjectKey): string {
    return join(this.root, 'objects', key.slice(0, 2), assertName(key));
  }

  private uploadPath(uploadId: string): string {
    return join(this.root, 'uploads', assertName(uploadId));
  }
}

/** Nothing with a dot, slash or NUL can leave the root. */
function assertName(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]{7,127}$/.test(name)) throw new Error('not a name that this object store gave out');
  return name;
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<number> {
  let size = 0;
  // writev takes at most IOV_MAX buffers, and may write less than it was given.
  for (let i = 0; i < chunks.length; i += 512) {
    const batch = chunks.slice(i, i + 512).filter((chunk) => chunk.length > 0);
    const expected = batch.reduce((sum, chunk) => sum + chunk.length, 0);
    let { bytesWritten } = expected > 0 ? await file.writev(batch, position + size) : { bytesWritten: 0 };
    while (bytesWritten < expected) {
      const rest = Buffer.concat(batch).subarray(bytesWritten);
      bytesWritten += (await file.write(rest, 0, rest.length, position + size + bytesWritten)).bytesWritten;
    }
    size += expected;
  }
  return size;
}

async function publish(source: string, target: string): Promise<void> {
  const folder = dirname(target);
  if (await mkdir(folder, { recursive: true, mode: 0o700 })) await syncFolder(dirname(folder));
  await rename(source, target);
  await syncFolder(folder);
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await folder.sync();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error) => (isAbsent(error) ? false : raise(error)),
  );
}

const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

function raise(error: unknown): never {
  throw error;
}
