/** What people do with cosign: sign and attest images with a key, and verify before they deploy. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { served, stored } from './support/content.js';
import { pushLayout, writeImage } from './support/image.js';
import { setUp } from './support/suite.js';

/** No transparency log: it is somewhere in the internet. */
const OFFLINE = ['--tlog-upload=false', '--use-signing-config=false', '--yes'];
const VERIFIED = 'The signatures were verified against the specified public key';
const WRONG_KEY = /accepted signatures do not match threshold|invalid signature/;

const world = setUp(['cosign'], async ({ home, host, pusher, token, run }) => {
  const cosign = async (args: string[], input = '') => {
    const { stdout, stderr } = await run('cosign', args, { input, env: { COSIGN_PASSWORD: '' } });
    return stdout + stderr;
  };
  for (const key of ['ours', 'theirs']) await cosign(['generate-key-pair', '--output-key-prefix', key]);
  await cosign(['login', host, '--username', 'pusher', '--password-stdin'], token);

  /** Pushes an image of the test's own. */
  const push = async (name: string): Promise<string> => {
    const layout = `${home}/${name}`;
    await writeImage(layout);
    await pushLayout(pusher, layout, name, '1');
    return `${host}/${name}@${(await stored(layout)).digest}`;
  };
  const verify = (image: string, { key = 'ours', options = [] as string[] } = {}) =>
    cosign(['verify', '--key', `${key}.pub`, '--insecure-ignore-tlog=true', ...options, image]);
  const referrers = async (name: string): Promise<Array<{ artifactType: string; digest: string }>> => {
    const { digest } = await served(pusher, name, '1');
    const answer = await pusher.v2(`/v2/${name}/referrers/${digest}`);
    return ((await answer.json()) as { manifests: [] }).manifests;
  };
  return { cosign, push, verify, referrers };
});

describe('a bundle that refers to the image', () => {
  test('is found by who verifies, and proves one image by one key', async () => {
    const { cosign, push, verify, referrers } = world();
    const [signed, unsigned] = [await push('acme/signed'), await push('acme/unsigned')];
    await cosign(['sign', ...OFFLINE, '--key', 'ours.key', signed]);

    expect(await verify(signed)).toContain(VERIFIED);
    expect(await verify(signed.replace(/@.*/, ':1'))).toContain(signed.replace(/.*@/, ''));
    await expect(verify(signed, { key: 'theirs' })).rejects.toThrow(WRONG_KEY);
    await expect(verify(unsigned)).rejects.toThrow(/no (matching )?signatures/i);
    expect(await referrers('acme/signed')).toMatchObject([
      { artifactType: expect.stringContaining('application/vnd.dev.sigstore.bundle') },
    ]);
  });

  test('carries an attestation', async () => {
    const { cosign, push, home, referrers } = world();
    const image = await push('acme/attested');
    await writeFile(`${home}/predicate.json`, '{"tested":true}');
    const attestation = ['--type', 'custom', '--predicate', 'predicate.json'];
    await cosign(['attest', ...OFFLINE, '--key', 'ours.key', ...attestation, image]);
    const verify = (key: string) =>
      cosign(['verify-attestation', '--key', key, '--insecure-ignore-tlog=true', '--type', 'custom', image]);
    expect(await verify('ours.pub')).toContain(VERIFIED);
    await expect(verify('theirs.pub')).rejects.toThrow(WRONG_KEY);
    expect(await referrers('acme/attested')).toHaveLength(1);
  });
});

test('an older signature, which has a tag, is verified as well', async () => {
  const { cosign, push, verify, pusher } = world();
  const image = await push('acme/older');
  await cosign(['sign', ...OFFLINE, '--new-bundle-format=false', '--key', 'ours.key', image]);
  const tag = `${image.replace(/.*@/, '').replace(':', '-')}.sig`;
  await served(pusher, 'acme/older', tag);
  const options = ['--new-bundle-format=false'];
  expect(await verify(image, { options })).toContain(VERIFIED);
  await expect(verify(image, { key: 'theirs', options })).rejects.toThrow(WRONG_KEY);
});
