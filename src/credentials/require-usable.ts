// That a credential is not dead as it is made: everything of its kind, or of its name, may have been ended without being written.
import type { CredentialRef } from '../domain/credential.ts';
import { ApiError } from '../errors.ts';
import type { StoreReads } from '../store/store.ts';

/**
 * For the transaction that made it, which `tx` reads as a decision would. Throws SERVICE_UNAVAILABLE: nothing is made that is refused
 * everywhere.
 */
export async function requireUsable(
  tx: Pick<StoreReads, 'facts'>,
  credential: CredentialRef,
  kid: string,
): Promise<void> {
  const { facts } = await tx.facts({ ...credential, kid });
  // Retired a moment ago, and this node's keyring has not heard of it yet.
  if (!facts.signingKeyAlive)
    throw new ApiError('SERVICE_UNAVAILABLE', 'the signing key was retired meanwhile; try again');
  if (facts.credential !== 'revoked') return;
  throw new ApiError(
    'SERVICE_UNAVAILABLE',
    'an earlier revocation of this account could not be written: repeat it first',
  );
}
