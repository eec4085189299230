// What a form says to the name of a key.
import { parseCredentialName } from '../../src/client/names.ts';

/** As it is sent. */
export const nameOf = (text: string): string => text.trim();

/** Undefined for a name that the server takes. */
export function nameProblem(text: string): string | undefined {
  const name = nameOf(text);
  if (name === '') return 'Give it a name.';
  if (parseCredentialName(name) !== undefined) return undefined;
  const length = [...name].length;
  return length > 64
    ? `At most 64 characters; there are ${length}.`
    : 'Letters, numbers and signs only: this name has a hidden character.';
}
