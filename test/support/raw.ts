import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An HTTP answer as it came over the socket. */
export interface RawAnswer {
  status: number;
  version: string;
  /** Names in lower case; a name that came twice has its values joined by `, `. */
  headers: Record<string, string>;
  body: Buffer;
  /** 1xx answers before it. */
  interim: number[];
}

export interface RawRequest {
  method?: string;
  path?: string;
  /** Written as they are; pairs where a name is to stand twice. `Host` is added unless `host: false`. */
  headers?: Record<string, string> | Array<[string, string]>;
  host?: string | false;
  version?: string;
  /** Written behind the head with a Content-Length, unless a framing header was given. */
  body?: Uint8Array | string;
}

/** One connection on which a test says exactly what goes over the wire: no client in between mends anything. */
export class RawConnection {
  private received = Buffer.alloc(0);
  private isEnded = false;
  /** Emits `progress` for bytes and for the end; a reset is an end like any other here. */
  private readonly events = new EventEmitter();

  private constructor(
    readonly socket: Socket,
    private readonly authority: string,
  ) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.events.emit('progress');
    });
    socket.on('error', () => undefined);
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.isEnded = true;
        this.events.emit('progress');
      });
    }
  }

  static async open(server: { port: number; host: string }, address = '127.0.0.1'): Promise<RawConnection> {
    const socket = connect({ port: server.port, host: address, allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new RawConnection(socket, server.host);
  }

  get isClosed(): boolean {
    return this.isEnded;
  }

  /** Resolves when the kernel took the bytes or the connection is gone. */
  write(bytes: Uint8Array | string): Promise<void> {
    if (this.socket.destroyed || !this.socket.writable) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.once('close', resolve);
      this.socket.write(bytes, () => {
        this.socket.off('close', resolve);
        resolve();
      });
    });
  }

  async send(request: RawRequest): Promise<void> {
    await this.write(head(request, this.authority));
    if (request.body !== undefined) await this.write(request.body);
  }

  /** The next answer; undefined when the connection ends before one. */
  async answer(method = 'GET'): Promise<RawAnswer | undefined> {
    const interim: number[] = [];
    for (;;) {
      const read = parseAnswer(this.received, method, this.isEnded);
      if (read) {
        this.received = this.received.subarray(read.length);
        if (read.answer.status >= 200) return { ...read.answer, interim };
        interim.push(read.answer.status);
      } else if (this.isEnded) return undefined;
      else await once(this.events, 'progress');
    }
  }

  /** The status of a 1xx answer, which this takes off; undefined when another answer or the end comes first. */
  async interim(): Promise<number | undefined> {
    for (;;) {
      const read = parseAnswer(this.received, 'HEAD', this.isEnded);
      if (read && read.answer.status >= 200) return undefined;
      if (read) {
        this.received = this.received.subarray(read.length);
        return read.answer.status;
      }
      if (this.isEnded) return undefined;
      await once(this.events, 'progress');
    }
  }

  /** Waits until the server ends the connection. */
  async closed(): Promise<void> {
    while (!this.isEnded) await once(this.events, 'progress');
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Sends one request on a connection of its own. */
export async function exchange(
  server: { port: number; host: string },
  request: RawRequest,
): Promise<RawAnswer | undefined> {
  const connection = await RawConnection.open(server);
  try {
    await connection.send(request);
    return await connection.answer(request.method);
  } finally {
    connection.destroy();
  }
}

/** As `exchange`, for a request that must be answered. */
export async function ask(server: { port: number; host: string }, request: RawRequest): Promise<RawAnswer> {
  const answer = await exchange(server, request);
  if (!answer) throw new Error(`${request.method ?? 'GET'} ${request.path}: the connection ended without an answer`);
  return answer;
}

export function head(request: RawRequest, authority: string): string {
  const { method = 'GET', path = '/', version = 'HTTP/1.1', host = authority, body } = request;
  const headers = Array.isArray(request.headers) ? [...request.headers] : Object.entries(request.headers ?? {});
  if (host !== false) headers.unshift(['Host', host]);
  const isFramed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  if (body !== undefined && !isFramed) headers.push(['Content-Length', String(Buffer.byteLength(body))]);
  return `${method} ${path} ${version}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** A chunk of a body in chunked transfer coding; an empty one ends it. */
export const chunk = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

function parseAnswer(
  bytes: Buffer,
  method: string,
  isEnded: boolean,
): { answer: Omit<RawAnswer, 'interim'>; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [start = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const [, version = '', status = ''] = /^(HTTP\/[0-9.]+) ([0-9]{3})/.exec(start) ?? [];
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    const value = line.slice(line.indexOf(':') + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const parsed = { status: Number(status), version, headers };
  const rest = bytes.subarray(end + 4);
  const isBodiless = method === 'HEAD' || parsed.status < 200 || parsed.status === 204 || parsed.status === 304;
  if (isBodiless) return { answer: { ...parsed, body: Buffer.alloc(0) }, length: end + 4 };
  if (headers['transfer-encoding'] === 'chunked') {
    const body = parseChunked(rest);
    return body && { answer: { ...parsed, body: body.body }, length: end + 4 + body.length };
  }
  if (headers['content-length'] !== undefined) {
    const length = Number(headers['content-length']);
    if (rest.length < length) return undefined;
    return { answer: { ...parsed, body: Buffer.from(rest.subarray(0, length)) }, length: end + 4 + length };
  }
  return isEnded ? { answer: { ...parsed, body: Buffer.from(rest) }, length: bytes.length } : undefined;
}

function parseChunked(bytes: Buffer): { body: Buffer; length: number } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), length: next };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
