import { Controller, Get, Inject, Patch, Req } from '@nestjs/common';
import { z } from 'zod';
import type { Settings } from '#config';
import { MaintenanceAnswer } from '#contracts';
import { SETTINGS } from '#nest';
import { type Actor, type Maintenance, MaintenanceMode } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';

const Change = z.strictObject({
  read_only: z.boolean(),
  message: z
    .string()
    .min(1)
    .max(500)
    .refine((text) => !/[\x00-\x1f\x7f]/.test(text), 'one line')
    .nullable()
    .optional(),
});

/** Whether clients may write. Every gateway sees a change with its next request. */
@Controller('admin/v1/maintenance')
export class MaintenanceController {
  constructor(
    private readonly maintenance: MaintenanceMode,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  @OperatorsOnly()
  @Described({ summary: 'Whether clients may write', answer: { status: 200, schema: MaintenanceAnswer } })
  async show(): Promise<MaintenanceAnswer> {
    return this.answerOf(await this.maintenance.find());
  }

  /** `{"read_only": true, "message": "…"}`: a message that is left out is none. Errors: Problem 400. */
  @Patch()
  @OperatorsOnly()
  @Described({
    summary: 'Makes the registry read-only, or ends that',
    body: Change,
    answer: { status: 200, schema: MaintenanceAnswer },
  })
  async change(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<MaintenanceAnswer> {
    const { read_only: isReadOnly, message } = await readJson(request, Change);
    return this.answerOf(await this.maintenance.set({ isReadOnly, message: message ?? undefined }, operator));
  }

  private answerOf({ isReadOnly, message, changedBy, changedAt }: Maintenance): MaintenanceAnswer {
    return {
      read_only: isReadOnly,
      message: message ?? null,
      by_setting: this.settings.BERTH_READ_ONLY,
      changed_by: changedBy ?? null,
      changed_at: changedAt.toISOString(),
    };
  }
}
