// Refuses to create a credential that would be dead at once: an unwritten revocation may cover its whole kind, or its name.
import type { CredentialRef } from '../domain/credential.ts';
import { ApiError } from '../errors.ts';
import type { StoreReads } from '../store/store.ts';

/** Called in the transaction that inserts it; `tx` sees unwritten revocations as a decision does. Throws SERVICE_UNAVAILABLE. */
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
