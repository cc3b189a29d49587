import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to whoever asks for any, and to outgoing connections. */
const [FIRST, LAST] = [12_000, 32_000];

/**
 * A port that nobody listens on, for a program that must be told one, or must come back on the same one. Nobody else is
 * given it meanwhile: tests that take any port, and their connections, have theirs from another range.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false, // taken
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
