// What a revocation ends on this node when it cannot be written: the row it is about, or, where the store cannot even say which row
// that is, the credential by the name its owner gave. It must never end more of the account than was asked.
import type { RevocableRef } from '../domain/credential.ts';
import type { CommitOptions } from '../revocation/commit.ts';
import type { Denial, SingleDenial } from '../revocation/denial.ts';

type Named = Extract<SingleDenial, { kind: 'named' }>;

/**
 * `look` resolves with the row, or undefined when there is none; `refOf` names a row that was found. Never rejects: a store that fails
 * fails the commit. Once that went through, written now or before or without such a row, nothing is denied by that name.
 */
export async function endUnwritten<Row>(
  asked: Omit<Named, 'kind'>,
  look: () => Promise<Row | undefined>,
  refOf: (row: Row) => RevocableRef,
): Promise<CommitOptions<unknown>> {
  const byName: Denial = { kind: 'named', ...asked };
  const onceWritten = { lift: () => [byName] };
  try {
    const known = await look();
    if (known === undefined) return { onceWritten };
    const ended: Denial = { kind: 'credential', credential: refOf(known), label: asked.label };
    return { ifUnwritten: { end: () => [ended] }, onceWritten };
  } catch {
    return { ifUnwritten: { end: () => [byName] }, onceWritten };
  }
}
