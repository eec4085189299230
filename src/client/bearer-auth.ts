// Proves itself by a bearer that somebody else obtained: a read-only token, or a session from elsewhere. It cannot be renewed.
import { accountOf } from './account-id.ts';
import type { Auth } from './auth.ts';
import { claimsOf } from './claims.ts';
import { isBearer } from './not-countersign.ts';

/** TypeError for what cannot be a bearer. */
export function bearer(jwt: string): Auth {
  if (!isBearer(jwt)) throw new TypeError('not a bearer: it has characters that none has');
  return {
    account: async () => accountOf(claimsOf(jwt).sub ?? ''),
    signIn: async () => ({ bearer: jwt }),
  };
}
