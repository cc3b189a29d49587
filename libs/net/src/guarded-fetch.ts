import { lookup as resolve } from 'node:dns/promises';
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type Address, OutboundRefused, type OutboundRules, OutboundTargets } from './outbound-targets.js';

export { OutboundRefused, type OutboundRules };

/** More than any key set or discovery document has. */
const MAX_BYTES = 1024 * 1024;
const MAX_MS = 10_000;
/** Answers that have no body, whatever was sent. */
const BODILESS = new Set([204, 205, 304]);

interface Sent {
  method?: string | undefined;
  headers?: ConstructorParameters<typeof Headers>[0] | undefined;
  body?: unknown;
  signal?: AbortSignal | null | undefined;
}

/** `fetch` as OpenID libraries take it. Errors: OutboundRefused, or what the network says. */
export type GuardedFetch = (url: string | URL, init?: Sent) => Promise<Response>;

type Resolver = (host: string) => Promise<Address[]>;

/**
 * Fetches what an address in a setting or in somebody's document names, without becoming a way into the network that Berth
 * stands in: see `OutboundTargets` for where it may go. The name is resolved once, every address it has is checked, and the
 * connection goes to those addresses, so a second answer of the name server changes nothing. Redirects are answers, not
 * orders; proxies from the environment do not count; an answer is 1 MiB and 10 s at most.
 */
export function createGuardedFetch(
  rules: OutboundRules,
  resolver: Resolver = (host) => resolve(host, { all: true }),
): GuardedFetch {
  const targets = new OutboundTargets(rules);
  return async (address, { method = 'GET', headers, body, signal } = {}) => {
    const url = new URL(address);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    targets.assertScheme(url);
    const end = AbortSignal.any([AbortSignal.timeout(MAX_MS), ...(signal ? [signal] : [])]);
    const addresses = await untilAborted(resolver(host), end);
    targets.assertAddresses(url, addresses);
    const answer = await send(url, addresses, {
      method,
      headers: new Headers(headers),
      body: textOf(body),
      signal: end,
    });
    const bytes = await read(answer);
    const status = answer.statusCode ?? 0;
    return new Response(BODILESS.has(status) ? null : bytes, { status, headers: headersOf(answer) });
  };
}

function send(
  url: URL,
  addresses: Address[],
  { method, headers, body, signal }: { method: string; headers: Headers; body: string; signal: AbortSignal },
): Promise<IncomingMessage> {
  const pinned: LookupFunction = (_host, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, addresses);
    else callback(null, first?.address ?? '', first?.family);
  };
  const isPlain = url.protocol === 'http:';
  const agent = isPlain ? new PlainAgent({ keepAlive: false }) : new Agent({ keepAlive: false });
  return new Promise((answer, fail) => {
    (isPlain ? plainRequest : request)(url, {
      method,
      headers: { ...Object.fromEntries(headers), 'content-length': Buffer.byteLength(body) },
      signal,
      agent,
      lookup: pinned,
    })
      .once('response', answer)
      .once('error', fail)
      .end(body);
  });
}

async function read(answer: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new OutboundRefused(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function headersOf(answer: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headersDistinct)) {
    for (const each of value ?? []) headers.append(name, each);
  }
  return headers;
}

/** OpenID libraries send forms and nothing. */
function textOf(body: unknown): string {
  if (body === undefined || body === null) return '';
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new TypeError('only text can be sent');
}

/** A name server that does not answer must not hold the caller for longer than the rest may take. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, fail) => {
      if (signal.aborted) fail(signal.reason);
      signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    }),
  ]);
}
