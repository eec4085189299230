// The scheme by which a client reached a trusted proxy. X-Forwarded-Proto of any other peer is ignored.
import type { TrustedPeer } from './client-ip.ts';

/**
 * @param xForwardedProto the raw X-Forwarded-Proto lines, in order of arrival
 * @returns the last element, which the trusted peer itself wrote (anybody may have written the others); undefined unless it is http or
 * https, in any letter case (RFC 9110 section 4.2.3)
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
