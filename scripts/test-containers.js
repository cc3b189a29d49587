/**
 * PostgreSQL, Redis and an S3 server for the tests in containers, where a Docker Engine answers. Images are those that
 * .ci/make-images loads, where the engine has them, or what BERTH_TEST_POSTGRES_IMAGE, BERTH_TEST_REDIS_IMAGE and
 * BERTH_TEST_S3_IMAGE name (any of PostgreSQL's and Redis's public images; for S3, versitygw's).
 */
import { randomBytes } from 'node:crypto';
import { GenericContainer, getContainerRuntimeClient, ImageName, Wait } from 'testcontainers';

const START_MS = 300_000;
const password = randomBytes(12).toString('hex');

/** By service: its image, its container, and the variables that tell the tests about it. */
const CONTAINERS = {
  PostgreSQL: {
    image: process.env.BERTH_TEST_POSTGRES_IMAGE,
    made: 'berth-base/postgres:latest',
    port: 5432,
    // Nothing that a test checks needs this server to survive a power cut.
    configure: (container) =>
      container
        .withEnvironment({ POSTGRES_PASSWORD: password })
        .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=300'])
        .withWaitStrategy(Wait.forSuccessfulCommand('pg_isready --host 127.0.0.1 --username postgres')),
    variables: (address) => ({ BERTH_TEST_DATABASE_URL: `postgres://postgres:${password}@${address}/postgres` }),
  },
  Redis: {
    image: process.env.BERTH_TEST_REDIS_IMAGE,
    made: 'berth-base/redis:latest',
    port: 6379,
    configure: (container) =>
      container
        .withCommand(['redis-server', '--save', '', '--requirepass', password])
        .withWaitStrategy(Wait.forSuccessfulCommand(`redis-cli --no-auth-warning -a ${password} ping | grep PONG`)),
    variables: (address) => ({ BERTH_TEST_REDIS_URL: `redis://:${password}@${address}` }),
  },
  S3: {
    image: process.env.BERTH_TEST_S3_IMAGE,
    made: 'berth-base/versitygw:latest',
    port: 7070,
    configure: (container) =>
      container
        .withEnvironment({ ROOT_ACCESS_KEY: 'berthkey', ROOT_SECRET_KEY: password, VGW_HEALTH: '/health' })
        .withEntrypoint(['/bin/sh', '-c'])
        .withCommand(['mkdir -p /var/tmp/s3 && exec versitygw --port :7070 --quiet --keep-alive posix /var/tmp/s3'])
        .withWaitStrategy(Wait.forHttp('/health', 7070)),
    variables: (address) => ({
      BERTH_TEST_S3_ENDPOINT: `http://${address}`,
      BERTH_TEST_S3_ACCESS_KEY_ID: 'berthkey',
      BERTH_TEST_S3_SECRET_ACCESS_KEY: password,
    }),
  },
};

/**
 * Starts what can be had. Answers the variables for the tests, the names of the services that run in containers, and how
 * to stop them. Throws where no Docker Engine answers, or where a container does not start; none is left then.
 */
export async function startContainers() {
  const client = await getContainerRuntimeClient();
  const found = [];
  for (const [name, { image, made, ...service }] of Object.entries(CONTAINERS)) {
    if (image) found.push({ name, image, ...service });
    else if (await client.image.exists(ImageName.fromString(made))) found.push({ name, image: made, ...service });
  }
  const started = await Promise.allSettled(found.map(start));
  const containers = started.flatMap(({ value }) => (value ? [value.container] : []));
  const stop = () => Promise.all(containers.map((container) => container.stop({ remove: true, removeVolumes: true })));
  const failure = started.find(({ status }) => status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }
  return {
    names: found.map(({ name }) => name),
    missing: Object.keys(CONTAINERS).filter((name) => !found.some((service) => service.name === name)),
    variables: Object.assign({}, ...started.map(({ value }) => value.variables)),
    stop,
  };
}

async function start({ image, port, configure, variables }) {
  const container = await configure(new GenericContainer(image))
    .withExposedPorts(port)
    .withStartupTimeout(START_MS)
    .start();
  // Ports are published on IPv4, which `localhost` need not mean.
  const host = container.getHost() === 'localhost' ? '127.0.0.1' : container.getHost();
  return { container, variables: variables(`${host}:${container.getMappedPort(port)}`) };
}
