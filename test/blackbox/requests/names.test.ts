// Names and paths: rows 1 to 19, 159 and 160 of the table of bad inputs.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startBerth, type TestBerth } from '../../support/berth.js';
import { type Accounts, createAccounts, encode, image, OCI_MANIFEST, sha256 } from '../../support/client.js';
import { type Row, testRows } from '../../support/rows.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
  await accounts.pusher.push('acme/app', '1');
  for (const name of VERBS) await accounts.pusher.push(name, '1');
});

afterAll(async () => {
  await berth.stop();
});

// Names whose parts are words of the path: valid, and read from the right.
const VERBS = ['acme/blobs', 'acme/manifests/b', 'acme/tags/list', 'acme/blobs/uploads', 'acme/referrers'];
const LONG = `acme/${'a'.repeat(250)}`;
const setting = () => ({ berth, accounts });

const manifest = (name: string): string => `/v2/${name}/manifests/1`;
const invalid = (row: number, what: string, name: string): Row[] => [
  { row, what: `GET ${what}`, path: manifest(name), status: 400, code: 'NAME_INVALID' },
  { row, what: `HEAD ${what}`, method: 'HEAD', path: manifest(name), status: 400 },
  { row, what: `POST ${what}`, method: 'POST', path: `/v2/${name}/blobs/uploads/`, status: 400, code: 'NAME_INVALID' },
  {
    row,
    what: `PUT ${what}`,
    method: 'PUT',
    path: manifest(name),
    headers: { 'Content-Type': OCI_MANIFEST },
    body: encode(image([])),
    status: 400,
    code: 'NAME_INVALID',
  },
  { row, what: `anonymous ${what}`, as: 'anonymous', path: manifest(name), status: 400, code: 'NAME_INVALID' },
];

describe('names', () => {
  testRows(setting, [
    {
      row: 1,
      what: '/v2/ without credentials',
      path: '/v2/',
      as: 'anonymous',
      status: 401,
      code: 'UNAUTHORIZED',
      check: ({ headers }) =>
        expect(headers['www-authenticate']).toMatch(
          /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/token",service="[^"]+"$/,
        ),
    },
    { row: 2, what: '/v2 without its slash', path: '/v2', as: 'anonymous', status: 401, code: 'UNAUTHORIZED' },
    { row: 2, what: '/v2 without its slash, logged in', path: '/v2', status: 200 },
    ...invalid(3, 'capitals', 'acme/Upper/Case'),
    ...invalid(3, 'capitals in the owner', 'Acme/app'),
    ...invalid(4, 'two dots', 'acme/a..b/c'),
    ...invalid(5, 'a parent folder', 'acme/../app'),
    ...invalid(5, 'a parent folder at the end', 'acme/app/..'),
    ...invalid(5, 'this folder', 'acme/./app'),
    ...invalid(7, 'an encoded slash', 'acme%2Fapp'),
    ...invalid(7, 'an encoded slash in small letters', 'acme%2fapp'),
    ...invalid(7, 'a slash encoded twice', 'acme%252Fapp'),
    ...invalid(7, 'an encoded parent folder', 'acme/%2e%2e%2fapp'),
    ...invalid(7, 'a parent folder encoded twice', 'acme/%252e%252e/app'),
    ...invalid(7, 'a broken escape', 'acme/%zz'),
    ...invalid(7, 'bytes that are no UTF-8', 'acme/%ff%fe'),
    ...invalid(8, 'NUL', 'acme/a%00b'),
    ...invalid(8, 'a line break', 'acme/a%0d%0aX-Evil:%201'),
    ...invalid(8, 'DEL', 'acme/a%7f'),
    ...invalid(9, 'two slashes', 'acme//app'),
    ...invalid(9, 'a slash at the end', 'acme/app/'),
    ...invalid(9, 'a slash at the beginning', '/acme/app'),
    ...['-a/b', 'a-/b', '_a/b', 'a___b/c', 'a.-b/c', 'a./b', '.a/b', 'a/b_', 'a/-b'].flatMap((name) =>
      invalid(10, name, name),
    ),
    ...['acme/a__b', 'acme/a--b', 'acme/a---b', 'acme/a.b_c'].map((name) => ({
      row: 10,
      what: `${name} is a name`,
      path: manifest(name),
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    })),
    ...invalid(11, 'Cyrillic', `acme/${encodeURIComponent('аlpine')}`),
    ...invalid(11, 'an accent', `acme/${encodeURIComponent('é')}`),
    ...invalid(11, 'an emoji', `acme/${encodeURIComponent('🐳')}`),
    ...invalid(11, 'full-width letters', `acme/${encodeURIComponent('ａｂｃ')}`),
    // Node's parser takes no such request
    { row: 11, what: 'letters beyond ASCII as they are', path: manifest('acme/аé'), status: 400, code: 'UNSUPPORTED' },
    { row: 13, what: '255 characters, absent', path: manifest(LONG), status: 404, code: 'MANIFEST_UNKNOWN' },
    { row: 13, what: '255 characters, pushed', method: 'POST', path: `/v2/${LONG}/blobs/uploads/`, status: 202 },
    ...invalid(13, '256 characters', `${LONG}a`),
    ...invalid(13, '8 KiB', `acme/${'a'.repeat(8192)}`),
    { row: 13, what: 'a URL of 1 MiB', path: manifest(`acme/${'a'.repeat(2 ** 20)}`), status: [414, 431] },
    ...invalid(14, '2000 segments', `acme${'/a'.repeat(2000)}`),
    ...invalid(14, 'a- 4000 times', `acme/${'a-'.repeat(4000)}`),
    ...invalid(14, 'a__ 2700 times', `acme/${'a__'.repeat(2700)}`),
    { row: 15, what: 'one segment, pull', path: manifest('alpine'), status: 404, code: 'NAME_UNKNOWN' },
    {
      row: 15,
      what: 'one segment, push',
      method: 'POST',
      path: '/v2/alpine/blobs/uploads/',
      status: 403,
      code: 'DENIED',
    },
    ...VERBS.flatMap((name): Row[] => [
      { row: 16, what: `${name} manifest`, path: manifest(name), status: 200 },
      { row: 16, what: `${name} tags`, path: `/v2/${name}/tags/list`, status: 200, check: named(name) },
      {
        row: 16,
        what: `${name} blob`,
        method: 'HEAD',
        path: `/v2/${name}/blobs/${sha256(Buffer.from('{}'))}`,
        status: 200,
      },
      { row: 16, what: `${name} upload`, method: 'POST', path: `/v2/${name}/blobs/uploads/`, status: 202 },
    ]),
    { row: 17, what: 'owner _catalog', path: manifest('_catalog/app'), status: 400, code: 'NAME_INVALID' },
    { row: 17, what: 'owner token', path: manifest('token/app'), status: 404, code: 'NAME_UNKNOWN' },
    { row: 17, what: 'push to owner token', method: 'POST', path: '/v2/token/app/blobs/uploads/', status: 403 },
    { row: 17, what: 'owner ..', path: manifest('../app'), status: 400, code: 'NAME_INVALID' },
    { row: 19, what: 'manifest of an absent repository', path: manifest('acme/none'), status: 404 },
    {
      row: 19,
      what: 'tags of an absent repository',
      path: '/v2/acme/none/tags/list',
      status: 404,
      code: 'NAME_UNKNOWN',
    },
    {
      row: 19,
      what: 'blob of an absent repository',
      path: `/v2/acme/none/blobs/${sha256(Buffer.alloc(0))}`,
      status: 404,
      code: 'BLOB_UNKNOWN',
    },
    ...['/v2//acme/app/tags/list', '//v2/acme/app/tags/list', '/v2/./_catalog', '//v2/_catalog', '/v2//_catalog']
      .concat('/v2/_catalog/', '/v2/_catalog;x', '/V2/', '/V2/_catalog', '/v2/_CATALOG', '/v2//')
      .concat('/v2/acme/app/tags/list/', '/v2/acme/app/tags/list;x', '/v2/acme/app/TAGS/list', '/v2/acme/app/tags')
      .flatMap((path): Row[] => [
        { row: 159, what: path, path, status: [400, 404] },
        { row: 159, what: `${path} without credentials`, as: 'anonymous', path, status: [400, 401, 404] },
      ]),
    { row: 159, what: 'another spelling is the same page', path: '/v2/%5fcatalog', status: 200 },
    { row: 159, what: 'another spelling is guarded', as: 'anonymous', path: '/v2/%5fcatalog', status: 401 },
    { row: 160, what: 'an unknown word', path: '/v2/acme/app/foo', status: 404, code: 'NAME_UNKNOWN' },
    { row: 160, what: 'only a name', path: '/v2/acme/app', status: 404, code: 'NAME_UNKNOWN' },
  ]);
});

function named(name: string) {
  return ({ body }: { body: Buffer }) => expect(JSON.parse(body.toString())).toEqual({ name, tags: ['1'] });
}
