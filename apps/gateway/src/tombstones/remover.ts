import type { Remover } from '#registry';

/** A person's login or `workflow SUBJECT`, or a rule's name: one of the two. */
export function describeRemover({ kind, name }: Remover): { by: string | null; rule: string | null } {
  if (kind === 'rule') return { by: null, rule: name };
  return { by: kind === 'workflow' ? `workflow ${name}` : name, rule: null };
}
