import type { Action } from '#auth';

const ROLE: Record<Action, string> = { pull: 'read', push: 'write', delete: 'admin', administer: 'admin' };
const SCOPE: Record<Action, string> = {
  pull: 'read:packages',
  push: 'write:packages',
  delete: 'delete:packages',
  administer: 'write:packages',
};

export type Who = 'user' | 'workflow' | 'anonymous';

/** What a refusal by this rule asks for, in words; undefined for rules that refuse nobody. */
export function remedyFor(rule: string, action: Action, who: Who): string | undefined {
  switch (rule) {
    case 'token scope missing':
      return `the token lacks the scope ${SCOPE[action]}: make one that has it`;
    case 'token confined elsewhere':
      return 'the token is confined to other organisations or packages: make one that reaches this package';
    case 'token not authorised for single sign-on':
      return 'the organisation demands single sign-on: sign in, and authorise the token for it';
    case 'nobody owns the name':
      return 'nobody owns the first part of the name: an operator makes an organisation of it';
    case 'no package in name':
      return 'the name has one part: packages are OWNER/NAME';
    case 'no right':
      return noRight(action, who);
    default:
      return undefined;
  }
}

function noRight(action: Action, who: Who): string {
  const role = ROLE[action];
  if (who === 'anonymous') {
    return action === 'pull' ? 'log in, or make the package public' : 'log in: nobody may do this without';
  }
  if (who === 'workflow') {
    const isMore = role === 'admin' ? ', which gives write at most' : '';
    return `the package is not linked to its source, or does not inherit from it${isMore}: grant the source's workflows ${role}, or link the package`;
  }
  return `no role is high enough: grant ${role} on the package or on its linked source, to them or to one of their teams`;
}
