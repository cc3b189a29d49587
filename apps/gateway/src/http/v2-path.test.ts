import { expect, it } from 'vitest';
import { routableUrl } from './v2-path.js';

it.each([
  ['/v2/', '/v2'],
  ['/v2', '/v2'],
  ['/token/?service=a', '/token?service=a'],
  ['/v2/_catalog?n=1', '/v2/_catalog?n=1'],
  ['/v2/acme/app/manifests/1', '/v2/acme%2Fapp/manifests/1'],
  ['/v2/acme/app/tags/list?n=2', '/v2/acme%2Fapp/tags/list?n=2'],
  ['/v2/acme/app/blobs/uploads/', '/v2/acme%2Fapp/blobs/uploads'],
  ['/v2/acme/app/blobs/uploads', '/v2/acme%2Fapp/blobs/uploads'],
  ['/v2/acme/app/blobs/uploads/x', '/v2/acme%2Fapp/blobs/uploads/x'],
  ['/v2/acme/app/_berth/uploads/', '/v2/acme%2Fapp/_berth/uploads'],
  ['/v2/acme/app/_berth/uploads/x?part=2', '/v2/acme%2Fapp/_berth/uploads/x?part=2'],
  ['/v2/acme/app/blobs/sha256:a', '/v2/acme%2Fapp/blobs/sha256:a'],
  ['/v2/acme/app/referrers/sha256:a', '/v2/acme%2Fapp/referrers/sha256:a'],
  // names whose segments are words of the path
  ['/v2/a/blobs/manifests/1', '/v2/a%2Fblobs/manifests/1'],
  ['/v2/a/manifests/b/manifests/1', '/v2/a%2Fmanifests%2Fb/manifests/1'],
  ['/v2/a/tags/list/tags/list', '/v2/a%2Ftags%2Flist/tags/list'],
  ['/v2/uploads/blobs/uploads/blobs/uploads/', '/v2/uploads%2Fblobs%2Fuploads/blobs/uploads'],
  ['/v2/uploads/blobs/uploads/manifests/1', '/v2/uploads%2Fblobs%2Fuploads/manifests/1'],
  // one spelling: decoded once, an encoded slash stays another thing than a slash
  ['/v2/a/%62/manifests/1', '/v2/a%2Fb/manifests/1'],
  ['/v2/a%2Fb/manifests/1', '/v2/a%252Fb/manifests/1'],
  ['/v2/a%252Fb/manifests/1', '/v2/a%252Fb/manifests/1'],
  ['/v2/a/%zz/manifests/1', '/v2/a%2F%25zz/manifests/1'],
  ['/v2/a/../b/manifests/1', '/v2/a%2F..%2Fb/manifests/1'],
  ['/v2/manifests/1', '/v2/manifests/1'],
  ['/V2/a/b/manifests/1', '/V2/a/b/manifests/1'],
  ['//v2/a/b/manifests/1', '//v2/a/b/manifests/1'],
  // the absolute form
  ['http://registry:5000/v2/a/b/manifests/1?x=http://y/z', '/v2/a%2Fb/manifests/1?x=http://y/z'],
  ['http://registry', 'http://registry'],
])('reads %s', (url, expected) => {
  expect(routableUrl(url)).toBe(expected);
});
