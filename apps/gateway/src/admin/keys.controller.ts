import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { KEY_LEAD, type SigningKeyRecord, SigningKeyStore } from '#auth';
import type { Settings } from '#config';
import { KeyAnswer, KeysAnswer } from '#contracts';
import { SETTINGS } from '#nest';
import type { Actor } from '#registry';
import { Described } from '../http/described.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

/** Keys that sign bearer tokens. Private halves are in no answer. */
@Controller('admin/v1/keys')
export class KeysController {
  constructor(
    private readonly keys: SigningKeyStore,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The newest 100, the latest to sign first. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists the keys that sign bearer tokens, and when each does',
    answer: { status: 200, schema: KeysAnswer },
  })
  async list(): Promise<KeysAnswer> {
    return { keys: (await this.keys.list()).map(answerOf) };
  }

  /**
   * Publishes a new key, which signs a minute later, when every gateway knows it; the key before it verifies until the last of
   * its tokens has ended. Errors: Problem 409 in that minute.
   */
  @Post('rotation')
  @HttpCode(202)
  @OperatorsOnly()
  @Described({
    summary: 'Replaces the key that signs bearer tokens; no token that was handed out is refused',
    answer: { status: 202, schema: KeyAnswer },
    errors: { 409: 'a new key is about to sign' },
  })
  async rotate(@OperatorParam() operator: Actor): Promise<KeyAnswer> {
    const made = await this.keys.rotate(this.settings.BERTH_TOKEN_TTL, operator);
    if (made !== 'pending') return answerOf(made);
    throw new Problem(409, 'A new key is about to sign', `Try again in ${KEY_LEAD} seconds.`);
  }
}

const answerOf = ({ kid, state, createdAt, signsFrom, retiresAt }: SigningKeyRecord): KeyAnswer => ({
  kid,
  state,
  created_at: createdAt.toISOString(),
  signs_from: signsFrom.toISOString(),
  retires_at: retiresAt.toISOString(),
});
