import { BlockList } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface Address {
  address: string;
  family: number;
}

/** What the operator allows beyond the public internet. */
export interface OutboundRules {
  /** Addresses and CIDRs of networks of the operator's own. */
  networks: readonly string[];
  /** Whether `http:` may be used in those networks. */
  allowsHttp: boolean;
}

/** Berth would not connect there. The message names the rule, never what was found behind the address. */
export class OutboundRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OutboundRefused';
  }
}

/**
 * Where Berth may connect to on somebody's word: https on port 443 of public addresses; within the networks that the
 * operator lists, any port, and http where that is allowed too.
 */
export class OutboundTargets {
  private readonly listed = new BlockList();

  constructor(private readonly rules: OutboundRules) {
    for (const entry of rules.networks) {
      const [network, length] = entry.includes('/') ? ipaddr.parseCIDR(entry) : [ipaddr.parse(entry), undefined];
      const family = network.kind();
      if (length === undefined) this.listed.addAddress(network.toString(), family);
      else this.listed.addSubnet(network.toString(), length, family);
    }
  }

  /** What can be said before a name is resolved. Errors: OutboundRefused. */
  assertScheme({ protocol, username, password }: URL): void {
    const isAllowed = protocol === 'https:' || (protocol === 'http:' && this.rules.allowsHttp);
    if (!isAllowed) throw new OutboundRefused(`${protocol} is not allowed: use https, or set BERTH_OUTBOUND_HTTP`);
    if (username || password) throw new OutboundRefused('the address must hold no user or password');
  }

  /** Errors: OutboundRefused when any of a name's addresses is one that Berth keeps away from. */
  assertAddresses({ protocol, port, hostname }: URL, addresses: readonly Address[]): void {
    if (addresses.length === 0) throw new OutboundRefused(`${hostname} has no address`);
    if (addresses.every(({ address }) => this.isListed(address))) return;
    if (!addresses.every(({ address }) => isPublic(address) || this.isListed(address))) {
      throw new OutboundRefused(`${hostname} is in a private or reserved network: list it in BERTH_OUTBOUND_NETWORKS`);
    }
    if (protocol !== 'https:' || (port !== '' && port !== '443')) {
      throw new OutboundRefused(`${hostname} is not in BERTH_OUTBOUND_NETWORKS: only https on port 443 is allowed`);
    }
  }

  private isListed(text: string): boolean {
    const address = parse(text);
    return address !== undefined && this.listed.check(address.toString(), address.kind());
  }
}

/** Neither private, loopback, link-local (where clouds keep credentials), multicast nor a tunnel to any of them. */
function isPublic(text: string): boolean {
  return parse(text)?.range() === 'unicast';
}

/** IPv4 inside IPv6 counts as IPv4; a zone (`fe80::1%eth0`) is none of a public address. */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}
