import { mkdir, writeFile } from 'node:fs/promises';
import { startDaemon } from './daemon.js';
import type { World } from './suite.js';

/** A containerd of the test's own; answers how `ctr` is run with it. */
export async function startContainerd({ home, after, run }: World): Promise<(...args: string[]) => Promise<string>> {
  const folder = `${home}/containerd`;
  await mkdir(folder);
  const address = `${folder}/socket`;
  await writeFile(
    `${folder}/config.toml`,
    `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${address}"
`,
  );
  const ctr = async (...args: string[]) => (await run('ctr', ['--address', address, ...args])).stdout;
  after(await startDaemon(folder, 'containerd', ['--config', `${folder}/config.toml`], () => ctr('version')));
  return ctr;
}
