import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** What happens to a request on its way. */
export type Fault =
  /** The answer comes late. */
  | 'slow'
  /** The connection breaks before the store sees the request. */
  | 'reset'
  /** Nothing ever comes back. */
  | 'hang'
  | '500'
  | '503'
  /** The store does as it was told, and the connection breaks before the answer. */
  | 'lost answer'
  /** Half of the answer's body, then the connection breaks. */
  | 'truncated'
  /** Status 200 with an error in the body, after the fact. */
  | '200 with an error'
  /** For a listing: the first key only, and that more follow. */
  | 'short page'
  /** For a deletion of several: the store deletes all but the first key, which it says it may not. */
  | 'one denied';

export interface FaultProxy {
  endpoint: string;
  /** The next `times` requests that match meet this fault. */
  inject(fault: Fault, matches: (request: http.IncomingMessage) => boolean, times?: number): void;
  /** How many requests met a fault since the last call of `inject`. */
  met(): number;
  stop(): Promise<void>;
}

const SLOW_MS = 1500;
const xml = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>a fault</Message></Error>`;

/** An HTTP proxy in front of a store that does to requests what networks and stores do. The Host header stays as it is: it is signed. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let rule: { fault: Fault; matches: (request: http.IncomingMessage) => boolean; left: number } | undefined;
  let met = 0;
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const hit = rule && rule.left > 0 && rule.matches(request) ? rule : undefined;
    if (hit) {
      hit.left--;
      met++;
    }
    handle(request, response, hit?.fault).catch(() => response.destroy());
  });

  async function handle(request: http.IncomingMessage, response: http.ServerResponse, fault?: Fault): Promise<void> {
    if (fault === 'reset') return void request.socket.resetAndDestroy();
    if (fault === 'hang') return;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (fault === '500') return void response.writeHead(500).end(xml('InternalError'));
    if (fault === '503') return void response.writeHead(503).end(xml('SlowDown'));
    let body: Buffer = Buffer.concat(chunks);
    const headers = { ...request.headers };
    const answer = await forward(request, headers, body);
    const bytes = await collect(answer);
    if (fault === 'lost answer') return void request.socket.resetAndDestroy();
    if (fault === '200 with an error') return void response.writeHead(200).end(xml('InternalError'));
    if (fault === 'slow') await wait(SLOW_MS);
    body = bytes;
    if (fault === 'one denied') {
      const first = /<Deleted>.*?<Key>(.*?)<\/Key>.*?<\/Deleted>/s.exec(bytes.toString());
      const refused = `<Error><Key>${first?.[1]}</Key><Code>AccessDenied</Code><Message>no</Message></Error>`;
      body = Buffer.from(bytes.toString().replace(first?.[0] ?? '', refused));
    }
    if (fault === 'short page') {
      const first = /<Contents>.*?<\/Contents>/s.exec(bytes.toString());
      const page = bytes.toString().replace(/<Contents>.*<\/Contents>/s, first?.[0] ?? '');
      body = Buffer.from(page.replace('<IsTruncated>false', '<IsTruncated>true'));
    }
    const { 'transfer-encoding': _, ...kept } = answer.headers;
    const length = request.method === 'HEAD' ? answer.headers['content-length'] : String(body.length);
    response.writeHead(answer.statusCode ?? 502, {
      ...kept,
      ...(length !== undefined && { 'content-length': length }),
    });
    if (fault !== 'truncated') return void response.end(body);
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.resetAndDestroy());
  }

  function forward(
    request: http.IncomingMessage,
    headers: http.IncomingHttpHeaders,
    body: Buffer,
  ): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { expect: _, ...sent } = headers;
      http
        .request(target + request.url, { method: request.method, headers: sent, agent }, resolve)
        .on('error', reject)
        .end(body);
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inject: (fault, matches, times = 1) => {
      rule = { fault, matches, left: times };
      met = 0;
    },
    met: () => met,
    stop: async () => {
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
