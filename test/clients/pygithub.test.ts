/** What scripts do with PyGithub: ask who they are, whose packages there are, walk the pages, read the times, delete. */
import { expect, test } from 'vitest';
import { E, image, randomBlob } from '../support/client.js';
import { setUp } from './support/suite.js';

/** PyGithub has no packages of its own: scripts bring the class, and the library its paging and its parser of times. */
const SCRIPT = `
import json, sys
from github import Github, UnknownObjectException
from github.GithubObject import NonCompletableGithubObject, NotSet
from github.PaginatedList import PaginatedList

class Thing(NonCompletableGithubObject):
    def _initAttributes(self):
        self._id = self._name = self._created_at = self._updated_at = NotSet
    def _useAttributes(self, attributes):
        self._id = self._makeIntAttribute(attributes["id"])
        self._name = self._makeStringAttribute(attributes["name"])
        self._created_at = self._makeDatetimeAttribute(attributes["created_at"])
        self._updated_at = self._makeDatetimeAttribute(attributes["updated_at"])

url, token = sys.argv[1], sys.stdin.read()
github = Github(token, base_url=url + "/api/v3", per_page=2)
requester = github._Github__requester
packages = "/orgs/acme/packages"
versions = list(PaginatedList(Thing, requester, packages + "/container/app/versions", {}))
requester.requestJsonAndCheck("DELETE", packages + "/container/app/versions/%d" % versions[-1]._id.value)
try:
    github.get_organization("nobody")
    missing = "found"
except UnknownObjectException as error:
    missing = error.status
print(json.dumps({
    "user": github.get_user().login,
    "organization": github.get_organization("acme").login,
    "named": github.get_user("pusher").type,
    "missing": missing,
    "remaining": github.get_rate_limit().core.remaining,
    "packages": [p._name.value for p in PaginatedList(Thing, requester, packages, {"package_type": "container"})],
    "times": [t.isoformat() for v in versions for t in (v._created_at.value, v._updated_at.value)],
    "left": len(list(PaginatedList(Thing, requester, packages + "/container/app/versions", {}))),
}))
`;

const world = setUp(['python3'], async ({ berth, pusher, run, token }) => {
  for (const name of ['app', 'base', 'web']) {
    const layer = randomBlob();
    for (const blob of [E, layer]) await pusher.up(`acme/${name}`, blob);
    for (let i = 0; i < 5; i++)
      await pusher.put(`acme/${name}`, `v${i}`, image([layer], { annotations: { i: `${i}` } }));
  }
  const { stdout } = await run('python3', ['-c', SCRIPT, berth.url], { input: token });
  return { told: JSON.parse(stdout) };
});

test('knows the caller, users, organisations and what is none', () => {
  expect(world().told).toMatchObject({
    user: 'pusher',
    organization: 'acme',
    named: 'User',
    missing: 404,
    remaining: expect.any(Number),
  });
});

test('walks all pages', () => {
  expect(world().told.packages).toEqual(['app', 'base', 'web']);
});

test('reads every time', () => {
  const { times } = world().told;
  expect(times).toHaveLength(10);
  for (const time of times) expect(Math.abs(Date.parse(`${time}Z`) - Date.now())).toBeLessThan(60 * 60_000);
});

test('deletes a version', () => {
  expect(world().told.left).toBe(4);
});
