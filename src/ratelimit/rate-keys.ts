// The keys under which an address is counted. One IPv6 user has a whole network, so single IPv6 addresses are never counted.
import type { IpAddress } from '../domain/allowlist.ts';

export interface RateKeys {
  /** The IPv4 address, or the IPv6 /64: one host or one home. */
  readonly narrow: string;
  /** The IPv6 /48: one site, which has 65,536 networks of /64. */
  readonly wide: string | undefined;
}

/** All requests with an unknown address count as one client. */
export function rateKeys(ip: IpAddress | undefined): RateKeys {
  if (ip === undefined) return { narrow: 'unknown', wide: undefined };
  if (ip.family === 4) return { narrow: ip.text, wide: undefined };
  return { narrow: `${(ip.value >> 64n).toString(16)}/64`, wide: `${(ip.value >> 80n).toString(16)}/48` };
}
