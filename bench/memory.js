import { randomBytes } from 'node:crypto';
import { RegistryClient, sha256 } from './registry-client.js';
import { openS3 } from './s3-server.js';
import { startSplit } from './split.js';

const PARALLEL = [1, 16, 32, 64];
const MIB = 1024 * 1024;
const LIMIT_MIB = 512;
const LIMIT_EACH_MIB = 4;

/**
 * Peak memory of a gateway, a process of its own without credentials, while so many uploads of one size go through it to S3
 * at the same time, each as docker sends a layer. A fresh gateway for each number.
 */
export async function measureMemory(folder, { s3: given, blobBytes }) {
  const s3 = await openS3(given, folder);
  let split;
  try {
    split = await startSplit(folder, s3.settings);
    const peaks = [];
    for (const parallel of PARALLEL) {
      process.stderr.write(`${parallel} uploads of ${blobBytes / MIB} MiB at the same time\n`);
      await split.restartGateway();
      const idle = split.gatewayPeak();
      const began = performance.now();
      await uploadAtOnce(split, parallel, blobBytes);
      peaks.push({ parallel, idle, peak: split.gatewayPeak(), seconds: (performance.now() - began) / 1000 });
      s3.clear();
    }
    return peaks;
  } finally {
    await split?.stop();
    await s3.stop();
  }
}

/** Every blob is another one: the same bytes behind a head of its own, so that they are in memory once. */
async function uploadAtOnce(registry, parallel, blobBytes) {
  const body = randomBytes(blobBytes - 64);
  const uploads = Array.from({ length: parallel }, async () => {
    const client = new RegistryClient(registry);
    const chunks = [randomBytes(64), body];
    await client.streamBlob(chunks, sha256(...chunks)).finally(() => client.close());
  });
  await Promise.all(uploads);
}

/** Prints the figures, and says whether they are within what is promised. */
export function printMemory(peaks, isJson) {
  const at = (parallel) => peaks.find((entry) => entry.parallel === parallel).peak / MIB;
  const most = at(64);
  const each = (at(64) - at(32)) / 32;
  const isWithin = most <= LIMIT_MIB && each < LIMIT_EACH_MIB;
  if (isJson) {
    console.log(JSON.stringify({ peaks, most, each, isWithin }, null, 2));
    return isWithin;
  }
  console.log('\nPeak memory of the gateway, MiB');
  for (const { parallel, idle, peak, seconds } of peaks) {
    console.log(
      `${String(parallel).padStart(4)} uploads: ${(peak / MIB).toFixed(0).padStart(4)} (idle ${(idle / MIB).toFixed(0)}), ${seconds.toFixed(1)} s`,
    );
  }
  console.log(
    `${most.toFixed(0)} MiB at 64 (at most ${LIMIT_MIB}), ${each.toFixed(2)} MiB for each further upload (less than ${LIMIT_EACH_MIB})`,
  );
  return isWithin;
}
