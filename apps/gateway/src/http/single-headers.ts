import type { IncomingMessage } from 'node:http';
import { fail } from '#oci';

/** Node takes the first of two, a proxy in front may take the last: a request that leaves it open is refused. */
const SINGLE = new Set(['host', 'authorization']);

/** Errors: UNSUPPORTED with status 400 for a header that stands twice, and for HTTP/1.1 without Host (RFC 9112 section 3.2). */
export function assertSingleHeaders({ rawHeaders, headers, httpVersionMinor }: IncomingMessage): void {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) fail('UNSUPPORTED', { reason: `one ${name} header at most` }, { status: 400 });
    seen.add(name);
  }
  if (headers.host === undefined && httpVersionMinor > 0) {
    fail('UNSUPPORTED', { reason: 'the Host header is missing' }, { status: 400 });
  }
}
