import { randomUUID } from 'node:crypto';
import { algorithmOf, type Digest } from '#oci';
import {
  type Actor,
  type DirectPlan,
  type DirectUpload,
  DirectUploads,
  type HashProgress,
  newObjectKey,
  type SessionOwner,
} from '#registry';
import type { Database } from './database.js';
import { Prisma } from './database.js';
import { LATE_WRITE_SECONDS, queueDeletion, queueLateWrite } from './object-deletions.js';
import { STARTING } from './prisma-upload-sessions.js';
import { inTransaction } from './transaction.js';

/** Who verifies and records nothing for so long is dead: another may go on. */
const VERIFYING_SECONDS = 120;
const LEAST_LIFE_SECONDS = 600;

type Row = Omit<DirectUpload, 'hashed' | 'principal'> & { offset: number; hashState: Uint8Array | null };

/** `grace` in seconds: how long a session lives after its last step. */
export class PrismaDirectUploads extends DirectUploads {
  constructor(
    private readonly database: Database,
    private readonly grace: number,
  ) {
    super();
  }

  override async open(packageId: number, actor: Actor, plan: DirectPlan): Promise<DirectUpload> {
    const id = randomUUID();
    const { principal } = actor;
    // The id of an upload that is being started: whatever is under the key goes when the session ends without a blob.
    await this.database.$executeRaw`
      INSERT INTO upload_sessions (id, package_id, principal, state, generation, "offset", algorithm, digest, object_key,
        upload_id, expires_at, direct_size, direct_sha256, direct_part_size)
      VALUES (${id}::uuid, ${packageId}, ${principal}, 'open', 0, 0, ${algorithmOf(plan.digest)}, ${plan.digest},
        ${newObjectKey()}, ${STARTING}, ${this.expiry()}, ${plan.size}::bigint, ${plan.sha256 ?? null}, ${plan.partSize ?? null}::bigint)`;
    const upload = await this.find({ sessionId: id, packageId, principal });
    if (!upload) throw new Error('a direct upload was closed while it was being opened');
    return upload;
  }

  override recordMultipart(upload: DirectUpload, uploadId: string): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const recorded = await tx.$executeRaw`
        UPDATE upload_sessions SET upload_id = ${uploadId}, expires_at = ${this.expiry()}
        WHERE ${ownedBy(upload)} AND state = 'open'`;
      if (recorded === 0) await queueLateWrite(tx, upload.objectKey, uploadId);
      return recorded > 0;
    });
  }

  override async find(owner: SessionOwner): Promise<DirectUpload | undefined> {
    const [row] = await this.database.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM upload_sessions
      WHERE ${ownedBy(owner)} AND expires_at > now() AND (state <> 'closed' OR body_digest IS NOT NULL)`;
    return row && uploadOf(row, owner);
  }

  override async beginVerifying(owner: SessionOwner): Promise<DirectUpload | undefined> {
    const [row] = await this.database.$queryRaw<Row[]>`
      UPDATE upload_sessions SET state = 'completing', generation = generation + 1, busy_until = ${busy}, expires_at = ${this.expiry()}
      WHERE ${ownedBy(owner)} AND state IN ('open', 'completing') AND expires_at > now()
        AND (busy_until IS NULL OR busy_until <= now())
      RETURNING ${COLUMNS}`;
    return row && uploadOf(row, owner);
  }

  override async recordHashed(upload: DirectUpload, hashed: HashProgress): Promise<boolean> {
    const recorded = await this.database.$executeRaw`
      UPDATE upload_sessions SET "offset" = ${hashed.offset}::bigint, hash_state = ${stateOf(hashed)}::bytea,
        busy_until = ${busy}, expires_at = ${this.expiry()}
      WHERE ${ownedBy(upload)} AND state = 'completing' AND generation = ${upload.generation}`;
    return recorded > 0;
  }

  override async release(upload: DirectUpload): Promise<void> {
    await this.database.$executeRaw`
      UPDATE upload_sessions SET busy_until = NULL
      WHERE ${ownedBy(upload)} AND state = 'completing' AND generation = ${upload.generation}`;
  }

  override async fail(upload: DirectUpload, actual: Digest): Promise<void> {
    await inTransaction(this.database, async (tx) => {
      const closed = await tx.$executeRaw`
        UPDATE upload_sessions SET state = 'closed', body_digest = ${actual}, hash_state = NULL, busy_until = NULL
        WHERE ${ownedBy(upload)} AND state = 'completing' AND generation = ${upload.generation}`;
      if (closed > 0) await queueDeletion(tx, upload.objectKey, upload.uploadId ?? STARTING, LATE_WRITE_SECONDS);
    });
  }

  private expiry(): Prisma.Sql {
    return Prisma.sql`now() + make_interval(secs => ${Math.max(this.grace, LEAST_LIFE_SECONDS)}::float8)`;
  }
}

const busy = Prisma.sql`now() + make_interval(secs => ${VERIFYING_SECONDS}::float8)`;

const COLUMNS = Prisma.sql`id::text AS "sessionId", package_id AS "packageId", generation, digest,
  CASE state WHEN 'closed' THEN 'failed' ELSE state END AS state, direct_size::float8 AS size, direct_sha256 AS sha256,
  direct_part_size::float8 AS "partSize", object_key AS "objectKey", nullif(upload_id, ${STARTING}) AS "uploadId",
  "offset"::float8 AS "offset", hash_state AS "hashState", coalesce(busy_until > now(), false) AS "isBusy",
  body_digest AS actual`;

const ownedBy = ({ sessionId, packageId, principal }: SessionOwner): Prisma.Sql =>
  Prisma.sql`id = ${sessionId}::uuid AND package_id = ${packageId} AND principal = ${principal} AND direct_size IS NOT NULL`;

const stateOf = ({ state }: HashProgress) => (state ? new Uint8Array(state) : null);

function uploadOf({ offset, hashState, ...row }: Row, { principal }: SessionOwner): DirectUpload {
  return {
    ...row,
    principal,
    sha256: row.sha256 ?? undefined,
    partSize: row.partSize ?? undefined,
    uploadId: row.uploadId ?? undefined,
    actual: row.actual ?? undefined,
    hashed: { offset, state: hashState ?? undefined },
  };
}
