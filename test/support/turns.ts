import { once } from 'node:events';
import { createServer, request as sendRequest } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';

export interface Turns {
  port: number;
  close(): Promise<void>;
}

/** Passes each connection on to the next of several places, byte for byte. */
export async function connectionsByTurns(places: () => string[], port = 0): Promise<Turns> {
  let turn = 0;
  const server = createTcpServer({ allowHalfOpen: true }, (near) => {
    const [host = '', farPort = ''] = next(places(), turn++).split(':');
    const far = connect({ host, port: Number(farPort), allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
  });
  return listen(server, port);
}

export interface RequestTurns extends Turns {
  /** The places of bodies that are on their way at this moment, and how many bytes of each have passed. */
  underWay(): Array<{ place: string; bytes: number }>;
  /** How many requests each place was given. */
  counts: Record<string, number>;
}

/** Passes each request on to the next of several places, on a connection of its own: none is kept that could break. */
export async function requestsByTurns(places: () => string[], port = 0): Promise<RequestTurns> {
  let turn = 0;
  const bodies = new Set<{ place: string; bytes: number }>();
  const counts: Record<string, number> = {};
  const server = createServer((near, answer) => {
    const body = { place: next(places(), turn++), bytes: 0 };
    const [host, farPort] = body.place.split(':');
    bodies.add(body);
    counts[body.place] = (counts[body.place] ?? 0) + 1;
    near.on('data', (chunk: Buffer) => {
      body.bytes += chunk.length;
    });
    const far = sendRequest({
      host,
      port: farPort,
      agent: false,
      method: near.method,
      path: near.url,
      headers: near.rawHeaders as never,
      setHost: false,
    });
    far.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.statusMessage, withoutHops(response.rawHeaders));
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    });
    far.on('error', (error: NodeJS.ErrnoException) => {
      if (answer.destroyed) return; // the client went away first
      // Whoever is told 502 by this proxy cannot know why.
      process.stderr.write(`${near.method} ${near.url} at ${body.place}: ${error.code ?? ''} ${error.message}\n`);
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    });
    answer.on('close', () => {
      bodies.delete(body);
      far.destroy();
      // What a place did not read before it answered is in the way of the client's next request.
      near.unpipe(far).resume();
    });
    near.pipe(far);
  });
  server.on('checkContinue', (near, answer) => {
    answer.writeContinue();
    server.emit('request', near, answer);
  });
  server.requestTimeout = 0;
  // A client that pauses would meet a connection that is just being closed, and may not send a PATCH a second time.
  server.keepAliveTimeout = 0;
  return { ...(await listen(server, port)), underWay: () => [...bodies], counts };
}

const next = (places: string[], turn: number): string => places[turn % places.length] as string;

function withoutHops(rawHeaders: string[]): string[] {
  return rawHeaders.filter((_, i) => {
    const name = rawHeaders[i - (i % 2)]?.toLowerCase();
    return name !== 'connection' && name !== 'keep-alive' && name !== 'transfer-encoding';
  });
}

async function listen(server: ReturnType<typeof createTcpServer>, port: number): Promise<Turns> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
