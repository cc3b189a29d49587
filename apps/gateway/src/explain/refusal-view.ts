import { ACTIONS, type Refusal } from '#auth';
import type { RefusalAnswer } from '#contracts';
import { restTime } from '../rest/rest-time.js';
import { remedyFor, type Who } from './remedy.js';

/** Who was refused what, how often, and in words what would help. */
export function refusalView({ identity, action, rule, count, firstAt, lastAt }: Refusal): RefusalAnswer {
  const who: Who = identity === 'anonymous' ? 'anonymous' : identity.startsWith('workflow ') ? 'workflow' : 'user';
  const name = who === 'user' ? `user ${identity}` : identity;
  const known = ACTIONS.find((candidate) => candidate === action) ?? 'administer';
  const times = count === 1 ? 'once' : `${count} times`;
  const message = `${name} was refused ${action} ${times}: ${remedyFor(rule, known, who) ?? rule}.`;
  return { identity, action, rule, count, first_at: restTime(firstAt), last_at: restTime(lastAt), message };
}
