import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../media-types.js';
import { MAX_MANIFEST_BYTES, parseManifest } from './parse.js';
import { referencesOf } from './references.js';

const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const blob = (text: string, more = {}) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: digest(text),
  size: text.length,
  ...more,
});
const config = blob('{}', { mediaType: 'application/vnd.oci.image.config.v1+json' });
const image = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [blob('layer')] };
const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [blob('child', { mediaType: OCI_MANIFEST })] };

const parse = (document: unknown, contentType?: string) =>
  parseManifest(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)), contentType);

describe('what is taken', () => {
  it('reads an image manifest and an index', () => {
    expect(parse(image, OCI_MANIFEST)).toMatchObject({
      isIndex: false,
      class: 'image',
      artifactType: config.mediaType,
    });
    expect(parse(index, OCI_INDEX)).toMatchObject({ isIndex: true, class: 'index', artifactType: undefined });
  });

  it('ignores parameters of Content-Type, and does without it where mediaType speaks', () => {
    expect(parse(image, `${OCI_MANIFEST}; charset=utf-8`).mediaType).toBe(OCI_MANIFEST);
    expect(parse(image).mediaType).toBe(OCI_MANIFEST);
    expect(parse({ ...image, mediaType: undefined }, OCI_MANIFEST).mediaType).toBe(OCI_MANIFEST);
  });

  it.each([{ layers: [] }, { layers: undefined }, { custom: { anything: [1] } }, { annotations: null }])(
    'takes %j',
    (more) => {
      expect(parse({ ...image, ...more }).isIndex).toBe(false);
    },
  );

  it('takes a layer ten thousand times and refers to it once', () => {
    expect(referencesOf(parse({ ...image, layers: Array(10_000).fill(blob('layer')) }))).toHaveLength(2);
  });

  it('takes embedded data that is the data', () => {
    const data = Buffer.from('layer').toString('base64');
    expect(parse({ ...image, layers: [blob('layer', { data })] }).layers).toHaveLength(1);
  });
});

const [first = '', ...rest] = JSON.stringify(image).split('"config":');
const refused: Array<[string, unknown, string?]> = [
  ['nothing', ''],
  ['no JSON', 'manifest'],
  ['cut JSON', JSON.stringify(image).slice(0, -1)],
  ['more behind the JSON', `${JSON.stringify(image)}x`],
  ['a byte order mark', `\uFEFF${JSON.stringify(image)}`],
  ['null', 'null'],
  ['a list', '[]'],
  ['a string', '"x"'],
  ['a number', '1'],
  ['depth', '['.repeat(100_000)],
  ['deep objects', `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`],
  ['a key twice', `${first}"config":1,"config":${rest.join('"config":')}`],
  ['the same key and value twice', '{"schemaVersion":2,"schemaVersion":2}'],
  ['no type at all', { ...image, mediaType: undefined }],
  ['an unknown type', { ...image, mediaType: undefined }, 'application/json'],
  ['two types', image, DOCKER_MANIFEST],
  ['both kinds at once', { ...image, manifests: [] }],
  ['an index with config', { ...index, config }],
  ['an index with layers', { ...index, layers: [] }],
  ['Docker schema 1', { ...image, fsLayers: [] }],
  ['schemaVersion 1', { ...image, schemaVersion: 1 }],
  ['schemaVersion as text', { ...image, schemaVersion: '2' }],
  ['no schemaVersion', { ...image, schemaVersion: undefined }],
  ['no config', { ...image, config: undefined }],
  ['layers that are no list', { ...image, layers: {} }],
  ['a negative size', { ...image, config: { ...config, size: -1 } }],
  ['half a byte', { ...image, config: { ...config, size: 1.5 } }],
  ['a size as text', { ...image, config: { ...config, size: '2' } }],
  ['a huge size', JSON.stringify(image).replace('"size":2', '"size":1e308')],
  ['a size that JavaScript would round', JSON.stringify(image).replace('"size":2', '"size":9007199254740993')],
  ['a digest that is a path', { ...image, config: { ...config, digest: '../../x' } }],
  ['a digest of another algorithm', { ...image, config: { ...config, digest: `md5:${'a'.repeat(32)}` } }],
  [
    'a subject with a malformed digest',
    { ...image, subject: { ...config, mediaType: OCI_MANIFEST, digest: 'sha256:x' } },
  ],
  ['a subject that is a blob', { ...image, subject: config }],
  ['embedded data of another digest', { ...image, layers: [blob('layer', { data: 'AAAA' })] }],
  ['annotations that are no texts', { ...image, annotations: { a: 1 } }],
  ['one digest with two sizes', { ...image, layers: [blob('layer'), blob('layer', { size: 6 })] }],
];

it.each(refused)('refuses %s', (_, document, contentType) => {
  expect(() => referencesOf(parse(document, contentType))).toThrow(
    expect.objectContaining({ code: 'MANIFEST_INVALID' }),
  );
});

it('refuses UTF-16', () => {
  const bytes = Buffer.from(JSON.stringify(image), 'utf16le');
  expect(() => parseManifest(bytes, OCI_MANIFEST)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
});

it('lets only an index decide by media type what an entry is', () => {
  const cache = {
    ...index,
    manifests: [blob('config', { mediaType: 'application/vnd.buildkit.cacheconfig.v0' }), blob('layer')],
  };
  expect(referencesOf(parse(cache)).map(({ kind }) => kind)).toEqual(['blob', 'blob']);
  expect(parse(cache).class).toBe('build_cache');
  expect(referencesOf(parse(index)).map(({ kind }) => kind)).toEqual(['manifest']);
});

it('lets only foreign layers be absent', () => {
  const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const references = referencesOf(
    parse({ ...image, layers: [blob('layer', { mediaType: foreign, urls: ['https://a/b'] })] }),
  );
  expect(references.map(({ optional }) => optional)).toEqual([false, true]);
});

it.each([
  ['signature', { layers: [blob('s', { mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' })] }],
  ['signature', { artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }],
  ['attestation', { layers: [blob('s', { mediaType: 'application/vnd.in-toto+json' })] }],
  ['chart', { config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } }],
  ['build_cache', { config: { ...config, mediaType: 'application/vnd.buildkit.cacheconfig.v0' } }],
  ['other', { artifactType: 'application/vnd.example' }],
  ['image', {}],
])('classes a manifest as %s', (expected, more) => {
  expect(parse({ ...image, ...more }).class).toBe(expected);
});

it('takes 4 MiB', () => {
  expect(MAX_MANIFEST_BYTES).toBe(4_194_304);
  const large = { ...image, annotations: { pad: 'x'.repeat(MAX_MANIFEST_BYTES - JSON.stringify(image).length - 30) } };
  expect(parse(large).class).toBe('image');
});
