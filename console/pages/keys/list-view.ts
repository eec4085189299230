// What the table and the list of a phone are given.
import type { Ref } from 'react';
import type { AtTheTime, ListedKey } from '../../app/keys/listed-key.ts';

export interface ListView extends AtTheTime {
  readonly keys: readonly ListedKey[];
  /** The ids of the keys whose state has just changed. */
  readonly changed: ReadonlySet<string>;
  readonly nameRef: (id: string) => Ref<HTMLAnchorElement>;
  readonly onDelete: (key: ListedKey) => void;
}
