import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createGuardedFetch, OutboundRefused } from './guarded-fetch.js';

const LOCAL = { networks: ['127.0.0.0/8'], allowsHttp: true };
const NOTHING = { networks: [], allowsHttp: true };

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

/** A server on 127.0.0.1 that counts the connections it sees. */
async function serve(listener: RequestListener) {
  const server = createServer(listener);
  let connections = 0;
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

describe('what no setting allows', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    'localhost',
  ])('never connects to %s', async (host) => {
    const guarded = createGuardedFetch({ networks: [], allowsHttp: false });
    await expect(guarded(`https://${host}/`)).rejects.toBeInstanceOf(OutboundRefused);
  });

  it.each(['http://127.0.0.1:PORT/', 'http://localhost:PORT/', 'http://[::ffff:127.0.0.1]:PORT/'])(
    'opens no connection to %s',
    async (url) => {
      const { port, connections } = await serve((_, response) => response.end());
      await expect(createGuardedFetch(NOTHING)(url.replace('PORT', String(port)))).rejects.toThrow('BERTH_OUTBOUND');
      expect(connections()).toBe(0);
    },
  );

  it.each(['http://keys.example/', 'ftp://keys.example/', 'file:///etc/passwd', 'data:,x'])(
    'refuses the scheme of %s',
    async (url) => {
      const guarded = createGuardedFetch({ networks: ['127.0.0.0/8'], allowsHttp: false });
      await expect(guarded(url)).rejects.toBeInstanceOf(OutboundRefused);
    },
  );

  it('refuses http and other ports on the public internet, whatever is allowed inside', async () => {
    const guarded = createGuardedFetch(LOCAL, async () => [{ address: '93.184.216.34', family: 4 }]);
    await expect(guarded('http://keys.example/')).rejects.toThrow('only https on port 443');
    await expect(guarded('https://keys.example:8443/')).rejects.toThrow('only https on port 443');
    await expect(guarded('https://user:secret@keys.example/')).rejects.toThrow('no user or password');
  });

  it('refuses a name of which one address is private', async () => {
    const guarded = createGuardedFetch(NOTHING, async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ]);
    await expect(guarded('https://keys.example/')).rejects.toThrow('private or reserved');
  });
});

describe('in a listed network', () => {
  it('connects to the address that was checked: a name is not asked for again', async () => {
    const { port } = await serve((request, response) => response.end(request.headers.host));
    let asked = 0;
    const guarded = createGuardedFetch(LOCAL, async () => {
      asked++;
      return [{ address: '127.0.0.1', family: 4 }];
    });
    const answer = await guarded(`http://no-such-name.invalid:${port}/keys`);
    expect(await answer.text()).toBe(`no-such-name.invalid:${port}`);
    expect(asked).toBe(1);
  });

  it('sends method, headers and body, and answers status and headers', async () => {
    const { port } = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.writeHead(201, { 'x-said': `${request.method} ${request.headers['x-word']} ${body}` }).end('{"a":1}');
    });
    const answer = await createGuardedFetch(LOCAL)(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'x-word': 'word' },
      body: new URLSearchParams({ code: 'x' }),
    });
    expect([answer.status, answer.headers.get('x-said'), await answer.json()]).toEqual([
      201,
      'POST word code=x',
      { a: 1 },
    ]);
  });

  it('follows no redirect', async () => {
    const inside = await serve((_, response) => response.end('secret'));
    const { port } = await serve((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${inside.port}/` }).end(),
    );
    expect((await createGuardedFetch(LOCAL)(`http://127.0.0.1:${port}/`)).status).toBe(302);
    expect(inside.connections()).toBe(0);
  });

  it('takes no more than 1 MiB', async () => {
    const { port } = await serve((_, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = () => {
        while (response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    await expect(createGuardedFetch(LOCAL)(`http://127.0.0.1:${port}/`)).rejects.toThrow('larger than');
  });

  it('ends when its caller does', async () => {
    const { port } = await serve(() => undefined);
    await expect(
      createGuardedFetch(LOCAL)(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(50) }),
    ).rejects.toThrow();
  });

  it('goes past no proxy of the environment', async () => {
    const { port } = await serve((_, response) => response.end('straight'));
    process.env.HTTP_PROXY = process.env.http_proxy = 'http://127.0.0.1:1';
    try {
      const answer = await createGuardedFetch(LOCAL)(`http://127.0.0.1:${port}/`);
      expect(await answer.text()).toBe('straight');
    } finally {
      delete process.env.HTTP_PROXY;
      delete process.env.http_proxy;
    }
  });
});
