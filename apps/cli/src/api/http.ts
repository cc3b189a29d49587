import { Failure } from '../failure.js';

const DEADLINE_MS = 60_000;
/** How often a question is asked again that the server had no time for. */
const MAX_ATTEMPTS = 4;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a call carries: values of the path's parameters, of the query, and a body. */
export interface Call {
  path?: Record<string, string>;
  query?: Record<string, string | undefined>;
  body?: unknown;
}

/** A refusal of the operator API (RFC 9457). */
interface Problem {
  title?: string;
  detail?: string;
  request_id?: string;
}

/** Speaks HTTP to `/admin/v1` of one Berth, and says in words what went wrong. */
export class AdminHttp {
  constructor(
    readonly origin: string,
    private readonly token: string,
  ) {}

  /**
   * `template` is the path as the OpenAPI document writes it, from behind /admin/v1. Answers the JSON, undefined for none. Errors: Failure.
   */
  async call<T>(method: Method, template: string, call: Call = {}): Promise<T> {
    return (await this.read(await this.ask(method, template, call))) as T;
  }

  /** The same of a list whose `Link` leads to the next page: `next` is the parameter `by` of that one, null at the end. */
  async callLinked<T>(
    method: Method,
    template: string,
    call: Call,
    by: string,
  ): Promise<{ items: T; next: string | null }> {
    const answer = await this.ask(method, template, call);
    const [, link] = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '') ?? [];
    const next = link === undefined ? null : new URL(link, this.origin).searchParams.get(by);
    return { items: (await this.read(answer)) as T, next };
  }

  private async ask(method: Method, template: string, { path = {}, query = {}, body }: Call): Promise<Response> {
    const url = new URL(this.origin);
    url.pathname = `/admin/v1${template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name] ?? ''))}`;
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const answer = await this.send(url, method, body);
    if (answer.ok) return answer;
    return this.refuse(answer, method, template);
  }

  private async send(url: URL, method: Method, body: unknown): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.sendOnce(url, method, body);
      const isBusy = answer.status === 503 || answer.status === 429;
      if (!isBusy || method !== 'GET' || attempt === MAX_ATTEMPTS) return answer;
      const seconds = Number(answer.headers.get('retry-after') ?? 1) || 1;
      await answer.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 30) * 1000));
    }
  }

  private async sendOnce(url: URL, method: Method, body: unknown): Promise<Response> {
    try {
      return await fetch(url, {
        method,
        redirect: 'manual', // the token is for this host
        signal: AbortSignal.timeout(DEADLINE_MS),
        headers: {
          authorization: `Bearer ${this.token}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw this.unreachable(error as Error);
    }
  }

  private unreachable(error: Error): Failure {
    const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
    const reason = error.name === 'TimeoutError' ? `no answer in ${DEADLINE_MS / 1000} seconds` : (code ?? message);
    const isDistrusted = /CERT|SIGNATURE|ISSUER|ERR_TLS/.test(code ?? '');
    return new Failure(
      'unreachable',
      `Berth cannot be reached at ${this.origin}: ${reason}`,
      isDistrusted
        ? 'Its certificate is not trusted here: name your authority’s with NODE_EXTRA_CA_CERTS=FILE'
        : 'Is it running, and is that its address? Say another with --host or BERTH_HOST',
    );
  }

  private async read(answer: Response): Promise<unknown> {
    const text = await answer.text().catch((error: Error) => {
      throw this.unreachable(error);
    });
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw this.noBerth(answer.status);
    }
  }

  private noBerth(status: number): Failure {
    return new Failure(
      'unreachable',
      `${this.origin} answers (status ${status}), but not as Berth does`,
      'Is that the address of Berth itself, and not of a page or a proxy before it?',
    );
  }

  private async refuse(answer: Response, method: Method, template: string): Promise<never> {
    const { status, headers } = answer;
    if (status >= 300 && status < 400) {
      throw new Failure('unreachable', `${this.origin} sends callers to another address`, 'Say that one with --host');
    }
    if (!headers.get('content-type')?.includes('problem+json')) throw this.noBerth(status);
    const problem = (await this.read(answer)) as Problem;
    const words = [problem.title, problem.detail].filter(Boolean).join(': ');
    if (status === 401) {
      const advice = `Log in with a live token of an operator: berth login ${this.origin}`;
      throw new Failure('login', 'The token is unknown, expired or revoked', advice);
    }
    if (status === 403) throw new Failure('forbidden', words, 'Log in as an operator: berth login');
    if (status === 404 || status === 405) {
      if (!(await this.offers(method, template))) throw skew(this.origin, method, template);
      throw new Failure('missing', words, whereToLook(template));
    }
    const seen =
      status >= 500 && problem.request_id ? `Its log has the details under ${problem.request_id}` : undefined;
    throw new Failure('failed', words || `Berth answered ${status}`, seen);
  }

  /** Whether this Berth has the call at all: the document of its API lists what it has. */
  private async offers(method: Method, template: string): Promise<boolean> {
    const answer = await this.sendOnce(new URL('/admin/v1/openapi.json', this.origin), 'GET', undefined);
    if (!answer.ok) return false;
    const { paths = {} } = (await this.read(answer)) as { paths?: Record<string, object> };
    const same = Object.entries(paths).find(([path]) => anyName(path) === anyName(template));
    return same !== undefined && method.toLowerCase() in same[1];
  }
}

/** Commands that list what a call may name, the nearest first. */
const LISTS: Array<[pattern: RegExp, command: string]> = [
  [/\/tokens\/\{id\}/, 'berth tokens list LOGIN'],
  [/\/trust-policies\/\{id\}/, 'berth trust list ORG'],
  [/^\/users\//, 'berth users list'],
  [/^\/orgs\//, 'berth orgs list'],
  [/^\/(?:storage\/)?packages\/\{owner\}\/\{name\}(?!\/retention)/, 'berth storage packages'],
  [/^\/gc\//, 'berth gc history'],
  [/^\/reconcile\//, 'berth reconcile history'],
  [/^\/uploads\//, 'berth uploads list'],
];

function whereToLook(template: string): string | undefined {
  const [, command] = LISTS.find(([pattern]) => pattern.test(template)) ?? [];
  return command && `What there is: ${command}`;
}

const anyName = (path: string) => path.replace(/\{\w+\}/g, '{}');

const skew = (origin: string, method: string, template: string) =>
  new Failure(
    'skew',
    `The Berth at ${origin} has no ${method} /admin/v1${template}`,
    'It is older than this berth, or newer: take the command line of its release',
  );
