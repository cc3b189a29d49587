import { Batcher } from '#batching';
import type { Contract, MethodContract } from '#contracts';
import { decode } from './codec.js';
import { answerOf, type Outcome } from './outcome.js';
import { pathOf } from './path.js';
import type { RpcClient } from './rpc-client.js';

/** An adapter of the port that has another service do it, as its contract says. Errors: the port's own, and ServiceFault. */
export function remotePort<P extends object>(contract: Contract<P>, client: RpcClient): P {
  const remote = Object.create(contract.port.prototype) as Record<string, unknown>;
  for (const [name, method] of Object.entries<MethodContract>(contract.methods)) {
    const path = pathOf(contract, name);
    const ask = method.isBatched ? askTogether(path, method, client) : askAlone(path, method, client);
    const run = async (...args: unknown[]) => method.answer.parse(answerOf(await ask(args), path));
    remote[name] = method.isConstant ? once(run) : run;
  }
  return remote as P;
}

type Ask = (args: unknown[]) => Promise<Outcome>;

const askAlone =
  (path: string, method: MethodContract, client: RpcClient): Ask =>
  async (args) =>
    (await client.call(path, args, method)) as Outcome;

/** One message for all who ask at this moment; what a full answer left out is asked for alone. */
function askTogether(path: string, method: MethodContract, client: RpcClient): Ask {
  const load = async (keys: unknown[][]): Promise<Array<Outcome | { failed: unknown }>> => {
    try {
      const outcomes = (await client.call(path, keys, method)) as Uint8Array[];
      return outcomes.map((outcome) => decode(outcome) as Outcome);
    } catch (failed) {
      return keys.map(() => ({ failed })); // the same for all: none is to be tried alone
    }
  };
  const batcher = new Batcher(load);
  return async (args) => {
    const outcome = await batcher.find(args);
    if ('failed' in outcome) throw outcome.failed;
    if (!('later' in outcome)) return outcome;
    const [alone] = await load([args]);
    if (!alone || 'failed' in alone) throw alone?.failed;
    return alone;
  };
}

/** Asks until there is an answer, and then never again. */
function once(run: () => Promise<unknown>): () => Promise<unknown> {
  let answer: Promise<unknown> | undefined;
  return () => {
    answer ??= run().catch((error) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}
