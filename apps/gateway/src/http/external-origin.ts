import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { fail } from '#oci';

// A registered name or IPv4 address, or an IPv6 literal, with an optional port: nothing that could break out of a header.
const AUTHORITY = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,252}[a-zA-Z0-9])?|\[[0-9a-fA-F:.]{2,45}\])(?::[0-9]{1,5})?$/;

/**
 * Where clients see this registry: realms and links name it. BERTH_PUBLIC_URL if set; otherwise the authority that the
 * request itself came with, so that a port map, a service name and a tunnel all work. Forwarding headers count only from
 * proxies that the operator trusts.
 */
export class ExternalOrigin {
  private readonly trusted: BlockList;

  /** `trustedProxies`: addresses and CIDRs. */
  constructor(
    private readonly publicUrl: string | undefined,
    trustedProxies: readonly string[],
  ) {
    this.trusted = new BlockList();
    for (const entry of trustedProxies) {
      const [network, length] = entry.includes('/') ? ipaddr.parseCIDR(entry) : [ipaddr.parse(entry), undefined];
      const family = network.kind();
      if (length === undefined) this.trusted.addAddress(network.toString(), family);
      else this.trusted.addSubnet(network.toString(), length, family);
    }
  }

  /** `http://registry.example:5000`. Errors: UNSUPPORTED with status 400 for a Host header that is no authority. */
  of(request: FastifyRequest): string {
    if (this.publicUrl) return this.publicUrl;
    const isForwarded = this.isTrusted(request.socket.remoteAddress);
    const protocol = (isForwarded && first(request.headers['x-forwarded-proto'])) || 'http';
    const authority = (isForwarded && first(request.headers['x-forwarded-host'])) || request.headers.host;
    if (!authority || !AUTHORITY.test(authority) || !/^https?$/.test(protocol)) {
      return fail('UNSUPPORTED', { reason: 'the Host header is not HOST or HOST:PORT' }, { status: 400 });
    }
    return `${protocol}://${authority}`;
  }

  /** Address of the client: the last one in X-Forwarded-For that no trusted proxy is. */
  clientAddress(request: FastifyRequest): string {
    const hops = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    let address = request.socket.remoteAddress ?? '';
    while (this.isTrusted(address)) {
      const next = hops.pop()?.trim();
      if (!next || isIP(next) === 0) break;
      address = next;
    }
    return address;
  }

  private isTrusted(address: string | undefined): boolean {
    const family = isIP(address ?? '');
    if (!address || family === 0) return false;
    const plain = ipaddr.process(address);
    return this.trusted.check(plain.toString(), plain.kind());
  }
}

function first(header: string | string[] | undefined): string | undefined {
  return [header ?? []].flat()[0]?.split(',')[0]?.trim() || undefined;
}
