import { Controller, Get, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { ACTIONS, type Action, RefusalStore } from '#auth';
import { ExplanationAnswer, RefusalAnswer } from '#contracts';
import { isRepositoryName } from '#oci';
import { OperatorsOnly } from '../admin/operator.guard.js';
import { Problem } from '../admin/problem.js';
import { Described } from '../http/described.js';
import { type Query as QueryValues, single } from '../http/gateway-request.js';
import { RestAccess } from '../rest/rest-access.js';
import { RestRefusal } from '../rest/rest-refusal.js';
import type { RestRequest } from '../rest/rest-request.js';
import { Explain } from './explain.js';
import { refusalView } from './refusal-view.js';

const SUBJECT = /^[\w.:-]{1,100}$/;
const readSubject = (query: QueryValues) => SUBJECT.exec(single(query.subject) ?? '')?.[0];
const readAction = (query: QueryValues): Action | undefined => ACTIONS.find((name) => name === single(query.action));
const ASKS =
  'Send subject (a login, anonymous, or workflow:ID of a trust policy) and action (pull, push, delete, administer).';

/** Which rule lets somebody do something to a package or keeps them from it, for operators. */
@Controller('admin/v1/explain')
export class ExplainController {
  constructor(private readonly explain: Explain) {}

  /** Errors: Problem 400 where a parameter is missing or makes no sense, 404 for a workflow that nobody trusts. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Names the rule that lets somebody do something to a package or keeps them from it',
    query: {
      subject: 'A login, anonymous, or workflow:ID of a trust policy',
      action: 'pull, push, delete or administer',
      package: 'OWNER/NAME',
    },
    answer: { status: 200, schema: ExplanationAnswer },
    errors: { 400: 'a parameter is missing or makes no sense' },
  })
  async get(@Query() query: QueryValues): Promise<ExplanationAnswer> {
    const [subject, action, name] = [readSubject(query), readAction(query), single(query.package)?.toLowerCase() ?? ''];
    if (subject === undefined || action === undefined || !isRepositoryName(name)) {
      throw new Problem(400, 'The question does not fit', `${ASKS} And package (OWNER/NAME).`);
    }
    const explanation = await this.explain.run(subject, action, name);
    if (!explanation) throw new Problem(404, 'No such trust policy in that namespace, or it names no source');
    return explanation;
  }
}

const PACKAGES = ['api/v3/orgs/:org/packages', 'api/v3/users/:username/packages', 'api/v3/user/packages'];

/** The same for a package's admins, and who was refused on it. */
@Controller(PACKAGES.map((path) => `${path}/:package_type/:package_name`))
export class PackageRefusalsController {
  constructor(
    private readonly explain: Explain,
    private readonly refusals: RefusalStore,
  ) {}

  @Get('explain')
  @RestAccess('administer')
  @Described({
    summary: 'Names the rule that lets somebody do something to the package or keeps them from it',
    query: {
      subject: 'A login, anonymous, or workflow:ID of a trust policy',
      action: 'pull, push, delete or administer',
    },
    answer: { status: 200, schema: ExplanationAnswer },
    errors: { 400: 'subject or action makes no sense' },
  })
  async get(@Query() query: QueryValues, @Req() request: RestRequest): Promise<ExplanationAnswer> {
    const [subject, action] = [readSubject(query), readAction(query)];
    if (subject === undefined || action === undefined) throw new RestRefusal(400, ASKS);
    const explanation = await this.explain.run(subject, action, request.package.name);
    if (!explanation) throw new RestRefusal(404, 'No such trust policy in this namespace, or it names no source.');
    return explanation;
  }

  @Get('refusals')
  @RestAccess('administer')
  @Described({
    summary: 'Lists who was refused what on the package in the last 30 days, how often, and what would help',
    answer: { status: 200, schema: z.array(RefusalAnswer) },
  })
  async list(@Req() request: RestRequest): Promise<RefusalAnswer[]> {
    return (await this.refusals.list(request.package.id)).map(refusalView);
  }
}
