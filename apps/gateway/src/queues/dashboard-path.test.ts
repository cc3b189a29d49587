import { expect, it } from 'vitest';
import { dashboardPath } from './dashboard-path.js';

it.each([
  ['/admin/queues', ''],
  ['/admin/queues/', '/'],
  ['/admin/queues?x=y', '?x=y'],
  ['/admin/queues/static/js/main.0123456789.js', '/static/js/main.0123456789.js'],
  ['/admin/queues/api/queues?activeQueue=gc-runs&page=1&path=%2F', '/api/queues?activeQueue=gc-runs&page=1&path=%2F'],
  ['/admin/queues/queue/gc-runs/repeat%3Alook%3A1', '/queue/gc-runs/repeat%3Alook%3A1'],
])('%s', (url, path) => {
  expect(dashboardPath(url)).toBe(path);
});

it.each([
  '/admin/queuesx',
  '/admin/v1/gc',
  '/admin/queues/../v1/gc',
  '/admin/queues/.',
  '/admin/queues/static/%2e%2e/%2E./etc/passwd',
  '/admin/queues/static/..%2f..%2fetc',
  '/admin/queues/static/..%5cetc',
  '/admin/queues/static/a%00.js',
  '/admin/queues//evil.example/x',
  '/admin/queues/a b',
  '/admin/queues/%',
  '/admin/queues/%zz',
  '/admin/queues/\u00e4',
  '/admin/queues/#x',
  `/admin/queues/${'x'.repeat(2048)}`,
])('%s is nobody’s', (url) => {
  expect(dashboardPath(url)).toBeUndefined();
});
