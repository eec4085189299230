// By which scheme a client reached the operator's own proxy. Whoever is no such proxy is not heard, and what is not one of two words
// is not said.
import type { TrustedPeer } from './client-ip.ts';

/**
 * @param xForwardedProto the raw X-Forwarded-Proto lines, in order of arrival
 * @returns what the trusted peer itself wrote: the last element, as what stands before it may be anybody's; undefined when that is
 * neither http nor https in any letter case (RFC 9110 section 4.2.3)
 */
export type ForwardedProto = (
  socketAddress: string | undefined,
  isUnixSocket: boolean,
  xForwardedProto: readonly string[],
) => 'http' | 'https' | undefined;

export function createForwardedProto(isTrustedPeer: TrustedPeer): ForwardedProto {
  return (socketAddress, isUnixSocket, xForwardedProto) => {
    if (xForwardedProto.length === 0 || !isTrustedPeer(socketAddress, isUnixSocket)) return undefined;
    const last = xForwardedProto.join(',').split(',').map(trimmed).findLast(isThere);
    return last === 'http' || last === 'https' ? last : undefined;
  };
}

const trimmed = (element: string): string => element.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase();
const isThere = (element: string): boolean => element !== '';
