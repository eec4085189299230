// What a revocation denies on this node when it cannot be written: the row, or, when the store cannot be read either, the public key or
// lookup_id that the owner named. It must never deny more than the owner asked to end.
import type { RevocableRef } from '../domain/credential.ts';
import type { CommitOptions } from '../revocation/commit.ts';
import type { Denial, SingleDenial } from '../revocation/denial.ts';

type Named = Extract<SingleDenial, { kind: 'named' }>;

/**
 * `look` resolves to the row or undefined; `refOf` names a row. Never rejects: a failing store fails the commit. Once a commit has
 * succeeded the denial by name is lifted, even if there was nothing to write.
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
