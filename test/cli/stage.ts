import { afterAll, vi } from 'vitest';
import { startBerth } from '../support/berth.js';
import { createCli } from '../support/cli.js';
import { createAccounts } from '../support/client.js';

/** A command line for the tests of one file; it is gone after them. */
export async function stageCli() {
  vi.setConfig({ testTimeout: 300_000 }); // each run is a process, and a slow machine takes seconds for one
  const cli = await createCli();
  afterAll(() => cli.remove());
  return cli;
}

/** The same, with a Berth. */
export async function stageBerth() {
  const cli = await stageCli();
  const berth = await startBerth();
  afterAll(() => berth.stop());
  return { berth, cli };
}

/** The same, with people on it; the command line is logged in. */
export async function stageOperator() {
  const { berth, cli } = await stageBerth();
  const accounts = await createAccounts(berth);
  await cli.run(['login', berth.host], { stdin: berth.adminToken });
  return { berth, cli, accounts };
}
