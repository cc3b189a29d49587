import { Injectable } from '@nestjs/common';
import type { TokenHolder } from '#auth';
import { parseRepositoryName, splitRepositoryName } from '#oci';
import type { FreedWithin } from '#registry';
import { Judge } from '../access/judge.js';
import { principalOf } from '../credentials/credentials.js';
import { type Query, single } from '../http/gateway-request.js';
import { RestRefusal } from './rest-refusal.js';
import type { RestPackage } from './rest-request.js';

/** How far figures of a package may look. Beyond its namespace only operators do. */
export const WITHIN = ['package', 'namespace'] as const satisfies FreedWithin[];
export const WITHIN_QUERY = {
  within: 'package, or namespace: what else there may share bytes with it. namespace is for owners of the namespace',
};

/** Nobody learns from figures what others have that they may not see. */
@Injectable()
export class ReaderScope {
  constructor(private readonly judge: Judge) {}

  /** Errors: RestRefusal 400 for what makes no sense, 403 for who does not own the namespace. */
  async withinOf(query: Query, { name }: RestPackage, holder: TokenHolder): Promise<(typeof WITHIN)[number]> {
    const asked = single(query.within) ?? 'package';
    const within = WITHIN.find((candidate) => candidate === asked);
    if (!within) throw new RestRefusal(400, `within is one of ${WITHIN.join(', ')}.`);
    if (within === 'package') return within;
    const { owner } = splitRepositoryName(name);
    const judgement = await this.judge.judge(principalOf(holder), 'govern', parseRepositoryName(owner));
    if (judgement === 'revoked') throw new RestRefusal(401, 'Bad credentials');
    if (!judgement.decision.isAllowed) {
      throw new RestRefusal(403, `Only owners of ${owner} may look beyond the package, with the scope admin:org.`);
    }
    return within;
  }
}
