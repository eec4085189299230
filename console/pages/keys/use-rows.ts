// Which keys a list is made of: what was read of it, or all of them where a search or an order is to be of all.
import { useMemo } from 'react';
import type { KeyKind, ListedKey } from '../../app/keys/listed-key.ts';
import { useAllKeys } from '../../app/keys/use-all-keys.ts';
import { type KeyList as Keys, useKeys } from '../../app/keys/use-keys.ts';

export interface Rows {
  /** Undefined until the first answer. */
  readonly keys: readonly ListedKey[] | undefined;
  /** Of the last reading; what was there before stays. */
  readonly error: unknown;
  readonly isReading: boolean;
  /** Others may be found yet. */
  readonly isReadingAll: boolean;
  /** There are more than were read, and all were asked for. */
  readonly isCut: boolean;
  /** Undefined where nothing more is to be shown on a press. */
  readonly more: { readonly isReading: boolean; readonly read: () => void } | undefined;
  again(): void;
}

/** `live`: those that have not ended. They are there from the first page on, whatever has ended before them. */
export function useRows(
  kind: KeyKind,
  live: Keys,
  { ended, isOfAll }: { readonly ended: boolean; readonly isOfAll: boolean },
): Rows {
  const withEnded = useKeys(kind, { ended: true, isAsked: ended });
  const paged = ended && withEnded.keys !== undefined ? withEnded : live;
  const all = useAllKeys(kind, { ended, isAsked: isOfAll && paged.hasMore });
  const isAllAsked = isOfAll && paged.hasMore;
  const whole = isAllAsked ? all.keys : undefined;
  const keys = useMemo(() => joined(live.keys, paged.keys, whole), [live.keys, paged.keys, whole]);
  return {
    keys,
    error: (ended ? withEnded.error : undefined) ?? live.error ?? (isAllAsked ? all.error : undefined),
    isReading: paged.isReading || (isAllAsked && all.isReading),
    isReadingAll: isAllAsked && whole === undefined && all.error === undefined,
    isCut: isAllAsked && all.isCut,
    more: paged.hasMore && !isOfAll ? { isReading: paged.isReadingMore, read: paged.more } : undefined,
    again: () => {
      live.again();
      if (ended) withEnded.again();
      if (isAllAsked) all.again();
    },
  };
}

function joined(...lists: readonly (readonly ListedKey[] | undefined)[]): readonly ListedKey[] | undefined {
  if (lists.every((list) => list === undefined)) return undefined;
  return [...new Map(lists.flatMap((list) => list ?? []).map((key) => [key.id, key])).values()];
}
