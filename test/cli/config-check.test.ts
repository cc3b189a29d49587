// `berth config check`: all problems of an environment together, by name, and no value of any of them.
import { expect, it } from 'vitest';
import { stageCli } from './stage.js';

const cli = await stageCli();

const check = (environment: Record<string, string>, ...args: string[]) =>
  cli.run(['config', 'check', ...args], { environment });

it('tells every wrong setting at once, and no value', async () => {
  const environment = {
    BERTH_LISTEN: 'canary-listen',
    BERTH_ADMIN_TOKEN: 'canary-admin',
    BERTH_DATABASE_URL: 'mysql://canary:canary@host/canary',
    BERTH_GC_GRACE: '1 canary',
  };
  const answer = await check(environment);
  expect(answer.code).toBe(1);
  const told = answer.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0]);
  expect(told).toEqual(['BERTH_LISTEN', 'BERTH_DATABASE_URL', 'BERTH_ADMIN_TOKEN', 'BERTH_GC_GRACE']);
  expect(answer.stderr).toContain('4 to mend');
  expect(answer.stdout + answer.stderr).not.toContain('canary');
  const json = await check(environment, '--json');
  expect(json.json()).toMatchObject({ ok: false, service: 'all-in-one', unknown: [] });
  expect(json.json().problems).toHaveLength(4);
  expect(json.stdout + json.stderr).not.toContain('canary');
});

it('passes good settings', async () => {
  expect(await check({ BERTH_GC_GRACE: '48h', BERTH_DELETES: 'off' })).toMatchObject({
    code: 0,
    stdout: 'The settings are good for all-in-one: BERTH_GC_GRACE, BERTH_DELETES.\n',
    stderr: '',
  });
});

it('knows what each service cannot do without', async () => {
  const answer = await check({ BERTH_RPC_SECRET: 'x'.repeat(32) }, '--service', 'worker', '--json');
  expect(answer.code).toBe(1);
  expect(answer.json().problems).toEqual([
    'BERTH_DATABASE_URL must be set for worker',
    'BERTH_S3_BUCKET must be set for worker',
  ]);
  expect((await check({ BERTH_GC_GRACE: '1h' }, '--service', 'nothing')).code).toBe(2);
});

it('names what is no setting, and the one that is meant', async () => {
  const answer = await check({ BERTH_GC_GRAC: 'canary', BERTH_HOST: 'x', BERTH_TOKEN: 'canary' });
  expect(answer.code).toBe(0);
  expect(answer.stdout).toContain('BERTH_GC_GRAC is no setting of Berth, and does nothing; is BERTH_GC_GRACE meant?');
  expect(answer.stdout + answer.stderr).not.toMatch(/canary|BERTH_TOKEN|BERTH_HOST/);
});

it('does not pass an environment without any setting', async () => {
  const answer = await check({});
  expect([answer.code, answer.stdout]).toEqual([2, '']);
  expect(answer.stderr).toContain('No setting is given here');
});
