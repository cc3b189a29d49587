import { Controller, Get, Head, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access } from './access.js';

/** end-1: tells clients that this is a registry and that they are logged in. */
@Controller('v2')
export class BaseController {
  @Get()
  @Access('known caller')
  get(@Res() reply: FastifyReply): void {
    reply.send({});
  }

  @Head()
  @Access('known caller')
  head(@Res() reply: FastifyReply): void {
    reply.header('content-length', '2').header('content-type', 'application/json; charset=utf-8').send();
  }
}
