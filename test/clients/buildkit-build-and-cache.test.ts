/** What `docker buildx build --push` does: images with provenance, and layers cached in the registry between builds. */
import { mkdir, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { collectGarbage, OCI_INDEX, OCI_MANIFEST } from '../support/client.js';
import { rest } from '../support/rest.js';
import { type Content, served } from './support/content.js';
import { startDaemon } from './support/daemon.js';
import { pushLayout, writeBusybox, writeImage } from './support/image.js';
import { setUp } from './support/suite.js';

const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0';

interface Manifest {
  mediaType: string;
  config?: { mediaType: string };
  layers?: Array<{ annotations?: Record<string, string> }>;
  manifests?: Array<{ digest: string; mediaType: string; annotations?: Record<string, string> }>;
}

const world = setUp(['buildctl', 'buildkitd', 'busybox', 'runc'], async ({ home, host, pusher, token, run, after }) => {
  await writeImage(`${home}/base`, [await writeBusybox(`${home}/busybox`)]);
  await pushLayout(pusher, `${home}/base`, 'acme/base', '1');
  const context = `${home}/context`;
  await mkdir(context);
  // Steps that give something else each time they run, in a stage that only a cache of all stages keeps.
  await writeFile(
    `${context}/Dockerfile`,
    `FROM ${host}/acme/base:1 AS build\nRUN head -c 3000000 /dev/urandom > /data\n` +
      `FROM ${host}/acme/base:1\nCOPY --from=build /data /data\nRUN sha256sum /data > /sum\n`,
  );
  await mkdir(`${home}/.docker`);
  const auths = { [host]: { auth: Buffer.from(`pusher:${token}`).toString('base64') } };
  await writeFile(`${home}/.docker/config.json`, JSON.stringify({ auths }));

  const folder = `${home}/buildkit`;
  await mkdir(folder);
  const socket = `unix://${folder}/socket`;
  const buildctl = (...args: string[]) => run('buildctl', ['--addr', socket, ...args], { timeout: 300_000 });
  const daemon = [
    '--root',
    `${folder}/root`,
    '--addr',
    socket,
    '--oci-worker-net',
    'host',
    '--containerd-worker=false',
  ];
  after(await startDaemon(folder, 'buildkitd', daemon, () => buildctl('debug', 'workers')));

  /** Builds and pushes; answers the digest that BuildKit says it pushed. */
  const build = async (image: string, ...options: string[]): Promise<string> => {
    const output = `type=image,name=${host}/${image},push=true,registry.insecure=true`;
    const { stderr, stdout } = await buildctl(
      ...['build', '--progress', 'plain', '--frontend', 'dockerfile.v0', '--output', output],
      ...['--local', `context=${context}`, '--local', `dockerfile=${context}`, ...options],
    );
    const digest = new RegExp(`pushing manifest for ${host}/${image}@(sha256:[0-9a-f]{64})`).exec(stderr + stdout)?.[1];
    if (!digest) throw new Error(`BuildKit pushed nothing:\n${stderr}`);
    return digest;
  };
  const get = async (name: string, reference: string): Promise<Manifest> =>
    (await (await pusher.v2(`/v2/${name}/manifests/${reference}`)).json()) as Manifest;
  return { build, get, forget: () => buildctl('prune', '--all') };
});

beforeEach(() => world().forget());

test('pushes an image with its provenance in one index', async () => {
  const { build, get, pusher } = world();
  const digest = await build('acme/proven:1', '--opt', 'attest:provenance=mode=max');
  expect((await served(pusher, 'acme/proven', '1')).digest).toBe(digest);

  const index = await get('acme/proven', digest);
  expect(index.mediaType).toBe(OCI_INDEX);
  const [image, attestation] = index.manifests ?? [];
  expect(attestation?.annotations).toMatchObject({
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': image?.digest,
  });
  const statement = await get('acme/proven', attestation?.digest ?? '');
  expect(statement.layers?.[0]?.annotations?.['in-toto.io/predicate-type']).toContain('slsa.dev/provenance');
});

describe.each([
  { form: 'an image manifest', option: 'image-manifest=true', mediaType: OCI_MANIFEST },
  { form: 'an index', option: 'image-manifest=false', mediaType: OCI_INDEX },
])('a cache of all stages as $form', ({ option, mediaType }) => {
  const name = `acme/${option.replace('=', '-')}`;
  let first: Content;

  test('is pushed with the image', async () => {
    const { build, get, host, pusher } = world();
    const cache = `type=registry,ref=${host}/${name}:cache,mode=max,${option},oci-mediatypes=true,registry.insecure=true`;
    await build(`${name}:1`, '--export-cache', cache);
    first = await served(pusher, name, '1');

    const manifest = await get(name, 'cache');
    expect(manifest.mediaType).toBe(mediaType);
    const config = manifest.config ?? manifest.manifests?.find((entry) => entry.mediaType === CACHE_CONFIG);
    expect(config?.mediaType).toBe(CACHE_CONFIG);
  });

  test('spares a builder that has nothing the work', async () => {
    const { build, host, pusher } = world();
    const cache = `type=registry,ref=${host}/${name}:cache,registry.insecure=true`;
    await build(`${name}:2`, '--import-cache', cache);
    // The steps would have given other layers.
    expect(layersOf(await served(pusher, name, '2'))).toEqual(layersOf(first));
  });

  test('goes when it outgrows its budget; a build then misses it, and succeeds', async () => {
    const { berth, build, host, pusher, token } = world();
    const [cached] = await berth.sql(
      `SELECT m.class FROM manifests m JOIN tags t ON t.manifest_id = m.id JOIN package_names n ON n.package_id = t.package_id
       WHERE n.full_name = $1 AND t.name = 'cache'`,
      [name],
    );
    expect(cached).toEqual({ class: 'build_cache' });
    const settings = `${name.replace('/', '/packages/container/')}/settings`;
    const change = { method: 'PATCH', body: { build_cache_budget: 1_000_000 } };
    expect((await rest(berth, token, `/orgs/${settings}`, change)).status).toBe(200);
    expect((await collectGarbage(berth)).counts.build_caches?.count).toBe(1);
    expect((await pusher.v2(`/v2/${name}/manifests/cache`)).status).toBe(404);
    expect(await served(pusher, name, '1'), 'the image stays').toEqual(first);

    await build(`${name}:3`, '--import-cache', `type=registry,ref=${host}/${name}:cache,registry.insecure=true`);
    expect(layersOf(await served(pusher, name, '3'))).not.toEqual(layersOf(first));
  });
});

test('builds something else without the cache', async () => {
  const { build, pusher, forget } = world();
  await build('acme/plain:1');
  await forget();
  await build('acme/plain:2');
  const [one, other] = [await served(pusher, 'acme/plain', '1'), await served(pusher, 'acme/plain', '2')];
  expect(layersOf(one)).not.toEqual(layersOf(other));
});

/** The layer that holds the random file, by which builds are told apart. */
function layersOf({ sizes }: Content): string[] {
  return Object.keys(sizes).filter((digest) => (sizes[digest] ?? 0) > 2_900_000);
}
