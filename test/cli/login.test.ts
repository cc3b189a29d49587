// How berth finds its Berth and its token, what it says when it does not, and that a token is never shown.
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createToken, operator } from '../support/client.js';
import { stageBerth } from './stage.js';

const { berth, cli } = await stageBerth();

const credentials = () => join(cli.folder, 'berth/credentials.json');
const asAdmin = () => ({ BERTH_HOST: berth.host, BERTH_TOKEN: berth.adminToken });

describe('login', () => {
  it('tries the token, keeps it for its owner only, and shows it to nobody', async () => {
    const login = await cli.run(['login', berth.host], { stdin: `${berth.adminToken}\n` });
    expect(login).toMatchObject({ code: 0, stdout: `Logged in to ${berth.url} as admin.\n`, stderr: '' });
    expect((await stat(credentials())).mode & 0o777).toBe(0o600);
    expect((await stat(join(cli.folder, 'berth'))).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(credentials(), 'utf8'))).toEqual({
      current: berth.url,
      hosts: { [berth.url]: { token: berth.adminToken } },
    });
    const users = await cli.run(['users', 'list', '--json']);
    expect(users.json().users.map(({ login }: { login: string }) => login)).toContain('admin');
  });

  it('keeps nothing of a token that does not do', async () => {
    const before = await readFile(credentials(), 'utf8');
    await operator(berth, 'POST', '/users', { login: 'plain' });
    const { token } = await createToken(berth, 'plain', ['read:packages']);
    for (const [stdin, code, words] of [
      ['berth_pat_wrong', 4, /unknown, expired or revoked\n.*berth login/],
      [token, 5, /admin:registry/],
      ['', 2, /No token was given/],
      ['two words', 2, /no token/],
    ] as const) {
      const answer = await cli.run(['login', berth.host], { stdin });
      expect(answer).toMatchObject({ code, stdout: '' });
      expect(answer.stderr).toMatch(words);
      if (stdin) expect(answer.stderr).not.toContain(stdin);
    }
    expect(await readFile(credentials(), 'utf8')).toBe(before);
  });

  it('goes away with logout', async () => {
    expect(await cli.run(['logout'])).toMatchObject({ code: 0, stdout: `The token of ${berth.url} is forgotten.\n` });
    await expect(stat(credentials())).rejects.toThrow('ENOENT');
    const answer = await cli.run(['users', 'list']);
    expect(answer).toMatchObject({ code: 4, stdout: '' });
    expect(answer.stderr).toMatch(/No Berth is named\n.*BERTH_HOST/);
    expect((await cli.run(['logout'])).code).toBe(6);
  });

  it('is not needed where the environment has both', async () => {
    expect((await cli.run(['gc', 'status'], { environment: asAdmin() })).code).toBe(0);
    const { BERTH_TOKEN } = asAdmin();
    expect((await cli.run(['gc', 'status', '--host', berth.url], { environment: { BERTH_TOKEN } })).code).toBe(0);
    const answer = await cli.run(['gc', 'status'], { environment: { BERTH_HOST: berth.host } });
    expect(answer.code).toBe(4);
    expect(answer.stderr).toContain('There is no token');
  });
});

describe('a Berth that does not answer as it should', () => {
  it('is not there', async () => {
    const answer = await cli.run(['gc', 'status'], { environment: { ...asAdmin(), BERTH_HOST: '127.0.0.1:1' } });
    expect(answer).toMatchObject({ code: 3, stdout: '' });
    expect(answer.stderr).toMatch(/cannot be reached at http:\/\/127\.0\.0\.1:1: .+\n.*--host/);
  });

  it('does not know the token', async () => {
    const environment = { ...asAdmin(), BERTH_TOKEN: 'canary-canary-canary' };
    const answer = await cli.run(['keys', 'list'], { environment });
    expect(answer.code).toBe(4);
    expect(answer.stdout + answer.stderr).not.toContain('canary');
    const json = await cli.run(['keys', 'list', '--json'], { environment });
    expect(JSON.parse(json.stderr)).toEqual({
      error: { outcome: 'login', exit_code: 4, message: expect.any(String), advice: expect.any(String) },
    });
  });

  it.each(['canary\ncanary', 'canary canary', 'cänary'])('is not sent what is no token: %j', async (token) => {
    const answer = await cli.run(['keys', 'list'], { environment: { ...asAdmin(), BERTH_TOKEN: token } });
    expect(answer.code).toBe(2);
    expect(answer.stdout + answer.stderr).not.toContain('nary');
  });

  it.each(['https://user:canary@127.0.0.1:5000', '127.0.0.1:5000/path', 'ftp://x', 'https://'])(
    'cannot be named so: %s',
    async (host) => {
      const answer = await cli.run(['keys', 'list', '--host', host], { environment: asAdmin() });
      expect(answer.code).toBe(2);
      expect(answer.stderr).not.toContain('canary');
    },
  );

  it.each<[string, number, Record<string, string>, string, number, RegExp]>([
    ['something else', 200, { 'content-type': 'text/html' }, '<p>', 3, /not as Berth does/],
    ['another proxy', 404, { 'content-type': 'text/plain' }, 'no', 3, /not as Berth does/],
    ['somewhere else', 302, { location: 'http://127.0.0.1:1/' }, '', 3, /another address/],
    [
      'an old one',
      404,
      { 'content-type': 'application/problem+json' },
      '{"title":"x"}',
      7,
      /has no GET \/admin\/v1\/keys/,
    ],
  ])('is %s', async (_, status, headers, body, code, words) => {
    const seen: Array<string | undefined> = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url?.endsWith('openapi.json'))
        response.setHeader('content-type', 'application/json').end('{"paths":{}}');
      else response.writeHead(status, headers).end(body);
    }).listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const answer = await cli.run(['keys', 'list'], {
        environment: { ...asAdmin(), BERTH_HOST: `127.0.0.1:${port}` },
      });
      expect([answer.code, answer.stdout]).toEqual([code, '']);
      expect(answer.stderr).toMatch(words);
      expect(seen[0]).toBe(`Bearer ${berth.adminToken}`);
    } finally {
      server.close();
    }
  });
});

it('ends with 2 for a command line that it does not understand, and says what it offers', async () => {
  for (const [args, words] of [
    [['gc', 'stat'], /Did you mean/],
    [['nonsense'], /unknown command/],
    [['users', 'show'], /missing required argument/],
    [['gc', 'pace', '-1'], /unknown option|whole number/],
    [['gc', 'pace', '0'], /whole number/],
    [['tokens', 'revoke', 'admin', 'x'], /must be a number/],
    [['tokens', 'create', 'admin', '--name', 'x'], /--scope/],
    [['tokens', 'confine', 'admin', '1'], /--nothing/],
  ] as const) {
    const answer = await cli.run([...args], { environment: asAdmin() });
    expect([args, answer.code, answer.stdout]).toEqual([args, 2, '']);
    expect(answer.stderr).toMatch(words);
  }
  const json = await cli.run(['gc', 'stat', '--json']);
  expect([json.code, json.stdout, JSON.parse(json.stderr)]).toEqual([
    2,
    '',
    {
      error: {
        outcome: 'usage',
        exit_code: 2,
        message: "unknown command 'stat'",
        advice: expect.stringMatching(/mean/),
      },
    },
  ]);
  expect(JSON.parse((await cli.run(['gc', '--json'])).stderr).error).toMatchObject({ outcome: 'usage' });
  expect((await cli.run(['--help'])).code).toBe(0);
  expect((await cli.run(['version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
