// What a revocation ends on this node when it cannot be written: the row it is about, or, where the store cannot even say which row
// that is, the credential by the name its owner gave. It must never end more of the account than was asked.
import type { CredentialRef } from '../domain/credential.ts';
import type { CommitOptions } from '../revocation/barrier.ts';
import type { Denial, Revocable, SingleDenial } from '../revocation/denials.ts';

type Named = Extract<SingleDenial, { kind: 'named' }>;
type Ref = CredentialRef & { readonly kind: Revocable };

/**
 * `look` resolves with the row, or undefined when there is none; `refOf` names a row that was found. A committed result of undefined
 * says that the account has no such row. Never rejects: a store that fails fails the commit.
 */
export async function endingOf<Row>(
  named: Omit<Named, 'kind'>,
  look: () => Promise<Row | undefined>,
  refOf: (row: Row) => Ref,
): Promise<CommitOptions<Row | undefined>> {
  const byName: Denial = { kind: 'named', ...named };
  const byRow = (row: Row | undefined): readonly Denial[] =>
    row === undefined ? [] : [{ kind: 'credential', credential: refOf(row) }];
  const lift = (row: Row | undefined) => [byName, ...byRow(row)];
  try {
    const known = await look();
    return { deny: () => byRow(known), lift };
  } catch {
    return { deny: () => [byName], lift };
  }
}
