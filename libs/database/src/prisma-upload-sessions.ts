import { randomUUID } from 'node:crypto';
import { type Digest, type DigestAlgorithm, fail } from '#oci';
import {
  type Actor,
  type ClaimedUpload,
  newObjectKey,
  type ObjectKey,
  type SessionOwner,
  type StoredBlob,
  type StoredPart,
  type StoredPiece,
  UploadSessions,
  type UploadStep,
} from '#registry';
import { closeSession } from './close-session.js';
import type { Database } from './database.js';
import { Prisma } from './database.js';
import { passGate } from './gate.js';
import { LATE_WRITE_SECONDS, queueDeletion, queueLateWrite } from './object-deletions.js';
import { isLive, linkBlob } from './prisma-blob-index.js';
import { BUSY_SECONDS, sessionLife } from './session-life.js';
import { inTransaction, type Transaction } from './transaction.js';

/** In place of a multipart upload's id while it is being opened: nobody may ever learn it. */
export const STARTING = '';

type ClaimRow = Omit<ClaimedUpload, 'principal' | 'reservedKey'>;

/**
 * In seconds, `grace`: how long a session lives after its last request; `backupHorizon`: how long an object that a push replaces
 * stays, as it may be whole after all.
 */
export class PrismaUploadSessions extends UploadSessions {
  constructor(
    private readonly database: Database,
    private readonly grace: number,
    private readonly backupHorizon: number,
  ) {
    super();
  }

  override async open(packageId: number, actor: Actor, algorithm: DigestAlgorithm): Promise<string> {
    const id = randomUUID();
    await this.database.$executeRaw`
      INSERT INTO upload_sessions (id, package_id, principal, state, generation, "offset", algorithm, object_key, expires_at)
      VALUES (${id}::uuid, ${packageId}, ${actor.principal}, 'open', 0, 0, ${algorithm}, ${newObjectKey()}, ${this.expiry()})`;
    return id;
  }

  override async find(owner: SessionOwner): Promise<{ offset: number } | undefined> {
    const rows = await this.database.$queryRaw<Array<{ offset: number }>>`
      SELECT "offset"::float8 AS "offset" FROM upload_sessions
      WHERE ${ownedBy(owner)} AND direct_size IS NULL AND state IN ('open', 'completing') AND expires_at > now()`;
    return rows[0];
  }

  override async claim(owner: SessionOwner, start: number | undefined): Promise<ClaimedUpload> {
    const claimed = await this.take(owner, start, Prisma.sql`state = 'open'`, Prisma.sql`state`);
    return claimed ?? this.explainRefusal(owner, start);
  }

  override async beginCommit(
    owner: SessionOwner,
    digest: Digest,
    start: number | undefined,
  ): Promise<ClaimedUpload | 'done'> {
    const isOpen = Prisma.sql`(state = 'open' OR state = 'completing' AND digest = ${digest})`;
    const claimed = await this.take(owner, start, isOpen, Prisma.sql`'completing', digest = ${digest}`);
    if (claimed) return claimed;
    const done = await this.database.$queryRaw<unknown[]>`
      SELECT 1 FROM upload_sessions WHERE ${ownedBy(owner)} AND direct_size IS NULL AND state = 'done' AND digest = ${digest}
        AND EXISTS (SELECT FROM package_blobs pb WHERE pb.package_id = upload_sessions.package_id AND pb.digest = ${digest})`;
    return done.length > 0 ? 'done' : this.explainRefusal(owner, start);
  }

  /** Moves the generation on, checks the place in the same statement, and puts a key for one object into a row. */
  private async take(
    owner: SessionOwner,
    start: number | undefined,
    isTakeable: Prisma.Sql,
    state: Prisma.Sql,
  ): Promise<ClaimedUpload | undefined> {
    const reservedKey = newObjectKey();
    const isNext = start === undefined ? Prisma.empty : Prisma.sql`AND "offset" = ${start}::bigint`;
    const isTakeableNow = Prisma.sql`${ownedBy(owner)} AND direct_size IS NULL AND ${isTakeable} ${isNext} AND expires_at > now()`;
    // Locked by a statement of its own: the next one then sees the parts of a step that was being committed meanwhile.
    const rows = await inTransaction(this.database, async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM upload_sessions WHERE ${isTakeableNow} FOR UPDATE`;
      return tx.$queryRaw<ClaimRow[]>`
      WITH before AS (
        SELECT id AS old_id, state AS old_state, object_key AS old_key, upload_id AS old_upload_id, upload_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM upload_parts p WHERE p.session_id = s.id) AS is_retired
        FROM upload_sessions s WHERE ${isTakeableNow}
      ), retired AS (
        INSERT INTO object_deletions (object_key, upload_id, not_before, again_at)
        SELECT old_key, old_upload_id, now(), now() + make_interval(secs => ${LATE_WRITE_SECONDS}::float8)
        FROM before WHERE is_retired
      ), taken AS (
        UPDATE upload_sessions SET
          object_key = CASE WHEN is_retired THEN ${newObjectKey()} ELSE object_key END,
          upload_id = CASE WHEN is_retired THEN NULL ELSE upload_id END, generation = generation + 1, state = ${state},
          busy_until = now() + make_interval(secs => ${BUSY_SECONDS}::float8), expires_at = ${this.expiry()}
        FROM before WHERE id = old_id
        RETURNING upload_sessions.*, old_state = 'completing' AS is_repeat
      ), reserved AS (
        INSERT INTO upload_pieces (session_id, "offset", length, object_key)
        SELECT id, "offset", NULL, ${reservedKey} FROM taken
      )
      SELECT id::text AS "sessionId", package_id AS "packageId", generation, "offset"::float8 AS "offset", algorithm,
        hash_state AS "hashState", body_digest AS "bodyDigest", object_key AS "objectKey", upload_id AS "uploadId", is_repeat AS "isRepeat",
        (SELECT count(*)::int FROM upload_parts p WHERE p.session_id = taken.id) AS "partCount",
        (SELECT coalesce(sum(size), 0)::float8 FROM upload_parts p WHERE p.session_id = taken.id) AS "partBytes"
      FROM taken`;
    });
    const row = rows[0];
    if (!row) return undefined;
    return {
      ...row,
      hashState: row.hashState ?? undefined,
      bodyDigest: row.bodyDigest ?? undefined,
      uploadId: row.uploadId ?? undefined,
      principal: owner.principal,
      reservedKey,
    };
  }

  private async explainRefusal(owner: SessionOwner, start: number | undefined): Promise<never> {
    const running = await this.find(owner);
    if (!running || start === undefined || running.offset === start) {
      return fail('BLOB_UPLOAD_UNKNOWN', { upload: owner.sessionId });
    }
    return fail(
      'BLOB_UPLOAD_INVALID',
      { start, expected: running.offset },
      {
        status: 416,
        headers: { range: `0-${Math.max(0, running.offset - 1)}` },
      },
    );
  }

  override async contents(upload: ClaimedUpload): Promise<{ parts: StoredPart[]; pieces: StoredPiece[] }> {
    const [parts, pieces] = await Promise.all([
      this.database.$queryRaw<StoredPart[]>`
        SELECT number, size, etag FROM upload_parts WHERE session_id = ${upload.sessionId}::uuid ORDER BY number`,
      this.database.$queryRaw<StoredPiece[]>`
        SELECT "offset"::float8 AS "offset", length, object_key AS "objectKey" FROM upload_pieces
        WHERE session_id = ${upload.sessionId}::uuid AND length IS NOT NULL ORDER BY "offset"`,
    ]);
    return { parts, pieces };
  }

  override async advance(upload: ClaimedUpload, step: UploadStep): Promise<boolean> {
    const { progress, part, piece } = step;
    return inTransaction(this.database, async (tx) => {
      const moved = await tx.$executeRaw`
        UPDATE upload_sessions SET
          "offset" = coalesce(${progress?.offset ?? null}::bigint, "offset"),
          hash_state = CASE WHEN ${progress !== undefined} THEN ${bytesOrNull(progress?.hashState)}::bytea ELSE hash_state END,
          body_digest = CASE WHEN ${progress !== undefined} THEN ${progress?.bodyDigest ?? null} ELSE body_digest END,
          upload_id = coalesce(${step.startsMultipart ? STARTING : (step.uploadId ?? null)}, upload_id),
          busy_until = CASE WHEN ${step.isLast ?? false} THEN NULL
            ELSE now() + make_interval(secs => ${BUSY_SECONDS}::float8) END, expires_at = ${this.expiry()}
        WHERE id = ${upload.sessionId}::uuid AND generation = ${upload.generation} AND state IN ('open', 'completing')`;
      if (moved === 0) {
        await this.queueLateWrites(tx, upload, step);
        return false;
      }
      if (part) {
        await tx.$executeRaw`
          INSERT INTO upload_parts (session_id, number, size, etag)
          VALUES (${upload.sessionId}::uuid, ${part.number}, ${part.size}, ${part.etag})
          ON CONFLICT (session_id, number) DO UPDATE SET size = excluded.size, etag = excluded.etag`;
      }
      if (piece) {
        await tx.$executeRaw`
          UPDATE upload_pieces SET "offset" = ${piece.offset}::bigint, length = ${piece.length}
          WHERE object_key = ${piece.objectKey}`;
      }
      if (step.reserve) {
        await tx.$executeRaw`
          INSERT INTO upload_pieces (session_id, "offset", length, object_key)
          VALUES (${upload.sessionId}::uuid, ${upload.offset}::bigint, NULL, ${step.reserve})`;
      }
      if (step.joined?.length) {
        await tx.$executeRaw`
          WITH gone AS (DELETE FROM upload_pieces WHERE object_key = ANY(${step.joined}) RETURNING object_key)
          INSERT INTO object_deletions (object_key, not_before) SELECT object_key, now() FROM gone`;
      }
      if (step.unused) await tx.$executeRaw`DELETE FROM upload_pieces WHERE object_key = ${step.unused}`;
      return true;
    });
  }

  /** A session that was closed took its rows along: what this request wrote since then is known to nobody else. */
  private async queueLateWrites(tx: Transaction, upload: ClaimedUpload, step: UploadStep): Promise<void> {
    if (step.piece) {
      await tx.$executeRaw`DELETE FROM upload_pieces WHERE object_key = ${step.piece.objectKey}`;
      await queueLateWrite(tx, step.piece.objectKey);
    }
    if (!step.uploadId) return;
    // The newer request took another key, as this upload was in no row. Where the key is the session's or a blob's all the
    // same, it is not this request's to queue: the blob would lose its object.
    const inUse = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM upload_sessions WHERE object_key = ${upload.objectKey} AND state <> 'closed'
      UNION ALL SELECT 1 FROM blobs WHERE object_key = ${upload.objectKey}`;
    if (inUse.length === 0) await queueLateWrite(tx, upload.objectKey, step.uploadId);
  }

  override async commit(upload: ClaimedUpload, blob: StoredBlob, unused: ObjectKey | undefined): Promise<void> {
    await inTransaction(this.database, async (tx) => {
      await passGate(tx, upload.packageId, 'adding');
      const [session] = await tx.$queryRaw<Array<{ state: string; digest: Digest; generation: number }>>`
        SELECT state, digest, generation FROM upload_sessions WHERE id = ${upload.sessionId}::uuid FOR UPDATE`;
      if (session?.state === 'done' && session.digest === blob.digest) return;
      if (
        session?.state !== 'completing' ||
        session.digest !== blob.digest ||
        session.generation !== upload.generation
      ) {
        fail('BLOB_UPLOAD_UNKNOWN', { upload: upload.sessionId });
      }
      if (!(await isLive(tx, upload.packageId))) fail('NAME_UNKNOWN');
      const { id, isAdopted } = await this.adopt(tx, blob);
      await linkBlob(tx, upload.packageId, blob.digest, id);
      await this.releaseObjects(tx, upload, isAdopted ? blob.objectKey : undefined, unused);
      await tx.$executeRaw`
        UPDATE upload_sessions SET state = 'done', "offset" = ${blob.size}::bigint, hash_state = NULL, upload_id = NULL
        WHERE id = ${upload.sessionId}::uuid`;
    });
  }

  /** The blob's row, made with this object or found with another's. Never an object that is known to be missing. */
  private async adopt(tx: Transaction, blob: StoredBlob): Promise<{ id: bigint; isAdopted: boolean }> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const [known] = await tx.$queryRaw<Array<{ id: bigint; isMissing: boolean }>>`
        SELECT id, missing_since IS NOT NULL AS "isMissing" FROM blobs WHERE digest = ${blob.digest}`;
      if (!known) {
        const [made] = await tx.$queryRaw<Array<{ id: bigint }>>`
          INSERT INTO blobs (digest, size, object_key) VALUES (${blob.digest}, ${blob.size}::bigint, ${blob.objectKey})
          ON CONFLICT DO NOTHING RETURNING id`;
        if (made) return { id: made.id, isAdopted: true };
      } else if (known.isMissing) {
        const healed = await tx.$queryRaw<Array<{ oldKey: string }>>`
          WITH lost AS (SELECT id, object_key FROM blobs WHERE id = ${known.id} AND missing_since IS NOT NULL FOR UPDATE)
          UPDATE blobs SET object_key = ${blob.objectKey}, missing_since = NULL, missing_reason = NULL FROM lost
          WHERE blobs.id = lost.id RETURNING lost.object_key AS "oldKey"`;
        if (healed[0]) {
          await tx.$executeRaw`
            INSERT INTO object_deletions (object_key, not_before)
            VALUES (${healed[0].oldKey}, now() + make_interval(secs => ${this.backupHorizon}::float8))
            ON CONFLICT DO NOTHING`;
          return { id: known.id, isAdopted: true };
        }
      } else {
        const held = await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM blobs WHERE id = ${known.id} AND missing_since IS NULL FOR KEY SHARE`;
        if (held.length > 0) return { id: known.id, isAdopted: false };
      }
    }
    throw new Error(`blob ${blob.digest} came and went five times during one commit`);
  }

  /** Whatever the session wrote beside the blob's object is queued; its pieces and parts are rows no more. */
  private async releaseObjects(
    tx: Transaction,
    upload: ClaimedUpload,
    adopted: ObjectKey | undefined,
    unused: ObjectKey | undefined,
  ): Promise<void> {
    const kept = [adopted, unused].filter((key) => key !== undefined);
    await tx.$executeRaw`
      WITH gone AS (
        DELETE FROM upload_pieces WHERE session_id = ${upload.sessionId}::uuid RETURNING object_key
      )
      INSERT INTO object_deletions (object_key, not_before)
      SELECT object_key, now() FROM gone WHERE object_key <> ALL(${kept}::text[])
      ON CONFLICT DO NOTHING`;
    await tx.$executeRaw`DELETE FROM upload_parts WHERE session_id = ${upload.sessionId}::uuid`;
    if (upload.objectKey === adopted) return;
    const [session] = await tx.$queryRaw<Array<{ uploadId: string | null }>>`
      SELECT upload_id AS "uploadId" FROM upload_sessions WHERE id = ${upload.sessionId}::uuid`;
    if (typeof session?.uploadId !== 'string') return;
    // A client's link to write the object by may outlive its deletion.
    const againAfter = session.uploadId === STARTING ? LATE_WRITE_SECONDS : undefined;
    await queueDeletion(tx, upload.objectKey, session.uploadId, againAfter);
  }

  override close(owner: SessionOwner, generation: number | undefined): Promise<boolean> {
    const isMine = generation === undefined ? Prisma.empty : Prisma.sql`AND generation = ${generation}`;
    const which = Prisma.sql`${ownedBy(owner)} ${isMine}`;
    return inTransaction(this.database, async (tx) => (await closeSession(tx, which)) !== undefined);
  }

  private expiry(): Prisma.Sql {
    return Prisma.sql`now() + make_interval(secs => ${sessionLife(this.grace)}::float8)`;
  }
}

const ownedBy = ({ sessionId, packageId, principal }: SessionOwner): Prisma.Sql =>
  Prisma.sql`id = ${sessionId}::uuid AND package_id = ${packageId} AND principal = ${principal}`;

const bytesOrNull = (bytes: Uint8Array | undefined) => (bytes ? new Uint8Array(bytes) : null);
