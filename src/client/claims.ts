// What a bearer says of itself, unverified: when it ends, and whose it is. Only the server knows whether it is true.
import { bytesOfBase64url } from '../domain/base64.ts';

export interface BearerClaims {
  /** Unix seconds. */
  readonly iat?: number;
  readonly exp?: number;
  /** The account. */
  readonly sub?: string;
}

/** Empty for a bearer that is no JWT. */
export function claimsOf(bearer: string): BearerClaims {
  const bytes = bytesOfBase64url(bearer.split('.')[1] ?? '');
  if (bytes === undefined) return {};
  try {
    const { iat, exp, sub }: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes));
    return {
      ...(typeof iat === 'number' ? { iat } : {}),
      ...(typeof exp === 'number' ? { exp } : {}),
      ...(typeof sub === 'string' ? { sub } : {}),
    };
  } catch {
    return {};
  }
}
