import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { type UploadAnswer, UploadsAnswer } from '#contracts';
import { type Actor, type OpenUpload, OpenUploads } from '#registry';
import { Described } from '../http/described.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const PER_PAGE = 100;

/** Upload sessions of everybody. */
@Controller('admin/v1/uploads')
export class OpenUploadsController {
  constructor(private readonly uploads: OpenUploads) {}

  /** Oldest first, 100 a page; `?after=NEXT` for the next. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists open upload sessions, the oldest first',
    query: { after: '`next` of the page before' },
    answer: { status: 200, schema: UploadsAnswer },
  })
  async list(@Query('after') after: string | undefined): Promise<UploadsAnswer> {
    const { items, next } = await this.uploads.list({ limit: PER_PAGE, after });
    return { uploads: items.map(answerOf), next: next ?? null };
  }

  /** Errors: Problem 404 for one that is unknown or over. */
  @Delete(':id')
  @HttpCode(204)
  @OperatorsOnly()
  @Described({ summary: 'Ends an upload session, and deletes what it brought', answer: { status: 204 } })
  async cancel(@Param('id') id: string, @OperatorParam() operator: Actor): Promise<void> {
    if (!(await this.uploads.cancel(id, operator))) throw new Problem(404, 'No such upload');
  }
}

const answerOf = (upload: OpenUpload): UploadAnswer => ({
  id: upload.id,
  package: upload.package,
  principal: upload.principal,
  login: upload.login ?? null,
  state: upload.state,
  direct: upload.isDirect,
  bytes: upload.bytes,
  created_at: upload.createdAt.toISOString(),
  age: Math.max(0, Math.round((Date.now() - upload.createdAt.getTime()) / 1000)),
  busy_until: upload.busyUntil?.toISOString() ?? null,
  expires_at: upload.expiresAt.toISOString(),
});
