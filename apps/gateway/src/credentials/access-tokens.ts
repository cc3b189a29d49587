import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { AccessFactsStore, hashToken, isPlausibleToken, type TokenHolder, TokenStore } from '#auth';
import { Gathered } from '../gathering/gathered.js';

/** As many tokens as one process sees in the time between two writes, and one write takes. */
const MAX_USED = 1000;
const WRITE_MS = 10_000;

/** Finds out whose personal access token came, and keeps when each was last used. */
@Injectable()
export class AccessTokens implements OnModuleDestroy {
  private readonly log = new Logger(AccessTokens.name);
  private readonly uses: Gathered<Date>;

  constructor(
    private readonly facts: AccessFactsStore,
    store: TokenStore,
  ) {
    this.uses = new Gathered<Date>({
      limit: MAX_USED,
      everyMs: WRITE_MS,
      merge: (_, at) => at,
      flush: (entries) => store.recordUses(entries.map(([id, at]) => ({ tokenId: Number(id), at }))),
      onError: (error) => this.log.warn(`the last use of tokens could not be written: ${error}`),
    });
  }

  /** Undefined for a token that is unknown, mistyped, revoked or expired, or whose owner is disabled. */
  async find(token: string): Promise<TokenHolder | undefined> {
    const holder = isPlausibleToken(token) ? await this.facts.findTokenHolder(hashToken(token)) : undefined;
    if (holder) this.uses.add(String(holder.tokenId), new Date());
    return holder;
  }

  async onModuleDestroy(): Promise<void> {
    await this.uses.stop();
  }
}
