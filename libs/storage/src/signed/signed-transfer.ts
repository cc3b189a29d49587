import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import type { ByteRange } from '#oci';
import type { SignedRequest } from '#registry';
import { StorageError } from './storage-error.js';

/** A connection on which nothing moves for so long is dead. */
export interface TransferLimits {
  idleMs: number;
}

export const TRANSFER_LIMITS: TransferLimits = { idleMs: 30_000 };

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

/** Sends a signed PUT with its body and answers the ETag. Errors: StorageError. */
export async function sendBody(
  signed: SignedRequest,
  chunks: readonly Uint8Array[],
  limits: TransferLimits,
): Promise<string> {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const response = await exchange(signed, { 'content-length': String(size) }, chunks, limits);
  await assertStatus(response, 'a write', [200]);
  response.resume();
  const etag = response.headers.etag;
  if (!etag) throw new StorageError('a write gave no ETag', response.statusCode, undefined);
  return etag;
}

/** Sends a signed GET and answers the body; undefined when there is no such object. Errors: StorageError. */
export async function fetchBody(
  signed: SignedRequest,
  range: ByteRange | undefined,
  limits: TransferLimits,
): Promise<http.IncomingMessage | undefined> {
  const headers = range ? { range: `bytes=${range.start}-${range.end}` } : {};
  const response = await exchange(signed, headers, [], limits);
  if (response.statusCode === 404) {
    // Only the store's own word for it: a bucket that is gone, or a proxy that does not find the store, is no missing object.
    const code = codeOf(await text(response).catch(() => ''));
    if (code === 'NoSuchKey') return undefined;
    throw new StorageError('a read', 404, code);
  }
  await assertStatus(response, 'a read', range ? [206] : [200]);
  return response;
}

function exchange(
  { url, method, headers: signedHeaders }: SignedRequest,
  headers: Record<string, string>,
  chunks: readonly Uint8Array[],
  { idleMs }: TransferLimits,
): Promise<http.IncomingMessage> {
  const target = new URL(url);
  const isTls = target.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (isTls ? https : http).request(target, {
      method,
      headers: { ...signedHeaders, ...headers },
      agent: isTls ? agents['https:'] : agents['http:'],
    });
    let answer: http.IncomingMessage | undefined;
    request.on('response', (response) => {
      answer = response;
      resolve(response);
    });
    request.on('error', (error) => {
      const reason = (error as NodeJS.ErrnoException).code ?? error.message;
      reject(new StorageError(`no answer (${reason})`, undefined, undefined, { cause: error }));
    });
    const giveUp = () => {
      // Bytes that wait to be read are Berth's own doing: its client is slow, not the store.
      if (answer && (answer.isPaused() || answer.readableLength > 0)) request.setTimeout(idleMs, giveUp);
      else (answer ?? request).destroy(new Error(`nothing moved for ${idleMs} ms`));
    };
    request.setTimeout(idleMs, giveUp);
    send(request, chunks).catch((error) => request.destroy(error));
  });
}

/** Chunk by chunk: joined they would be in memory twice. */
async function send(request: http.ClientRequest, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) {
    if (request.destroyed) return;
    if (chunk.length > 0 && !request.write(chunk)) {
      await new Promise<void>((resolve) => {
        const goOn = () => {
          // A request of many chunks would gather listeners.
          request.off('drain', goOn).off('close', goOn);
          resolve();
        };
        request.on('drain', goOn).on('close', goOn);
      });
    }
  }
  request.end();
}

async function assertStatus(response: http.IncomingMessage, what: string, good: number[]): Promise<void> {
  const { statusCode = 0 } = response;
  if (good.includes(statusCode)) return;
  const code = codeOf(await text(response).catch(() => ''));
  throw new StorageError(what, statusCode, code);
}

const codeOf = (xml: string): string | undefined => /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(xml)?.[1];
