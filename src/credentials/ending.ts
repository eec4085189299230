// What a revocation ends on this node when it cannot be written: the row it is about, or, where the store cannot even say which row
// that is, the credential by the name its owner gave. It must never end more of the account than was asked.
import { accountSubject, type NamedCredential, namedSubject, type Subject } from '../domain/credential.ts';
import type { CommitOptions } from '../revocation/barrier.ts';

/** `look` resolves with the subject of the row, or undefined when there is none. Never rejects: a store that fails fails the commit. */
export async function endingOf(
  named: NamedCredential,
  look: () => Promise<Subject | undefined>,
): Promise<CommitOptions> {
  const byName = namedSubject(named);
  try {
    const subject = await look();
    return { deny: () => (subject === undefined ? [] : [subject]), lift: [byName] };
  } catch {
    // Requests under way are known by their row, not by that name: those of the whole account are cut, once.
    return { deny: () => [byName], cut: () => [accountSubject(named.account)], lift: [byName] };
  }
}
