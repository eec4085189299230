// The keys of one kind: searched, sorted, with ended ones where they are asked for, and what stands there when there are none.
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { badgeOf, type KeyKind, type ListedKey } from '../../app/keys/listed-key.ts';
import { firstOrder, found, nextOrder, sorted } from '../../app/keys/order.ts';
import { MOST_KEYS } from '../../app/keys/use-all-keys.ts';
import type { KeyList as Keys } from '../../app/keys/use-keys.ts';
import { useAbout } from '../../app/server/use-about.ts';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { useChangedRows } from '../../parts/changed-rows.ts';
import { Checkbox } from '../../parts/checkbox.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Live } from '../../parts/live.tsx';
import { useNow } from '../../parts/minute.ts';
import { ReadFailed } from '../../parts/read-failed.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { SearchField } from '../../parts/text-field.tsx';
import { useNarrow } from '../../parts/use-narrow.ts';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { toNs } from '../../words/times.ts';
import { DeleteKey } from '../one-key/delete-key.tsx';
import { KeyEntries } from './key-entries.tsx';
import css from './key-list.module.css';
import { KeyTable } from './key-table.tsx';
import type { ListView } from './list-view.ts';
import { useRows } from './use-rows.ts';

const count = new Intl.NumberFormat('en');

const words = {
  token: {
    some: 'read-only keys',
    can: 'A read-only key can look, and can do nothing else.',
    none: 'No read-only keys yet.',
    help: 'Make one for a dashboard, a tax tool or a script that only looks.',
  },
  subkey: {
    some: 'subkeys',
    can: 'A subkey trades, and cannot withdraw or make keys.',
    none: 'No subkeys yet.',
    help: 'Make one for each bot. It trades; it can never withdraw.',
  },
} as const;

interface KeyListProps {
  readonly kind: KeyKind;
  /** Those that have not ended. */
  readonly live: Keys;
  readonly onAdd: () => void;
}

export function KeyList({ kind, live, onAdd }: KeyListProps) {
  const [search, setSearch] = useState('');
  const [ended, setEnded] = useState(false);
  const [order, setOrder] = useState(firstOrder);
  const [target, setTarget] = useState<ListedKey>();
  const isSearched = search.trim() !== '';
  const isOfAll = isSearched || order.by !== firstOrder.by || order.direction !== firstOrder.direction;
  const list = useRows(kind, live, { ended, isOfAll });
  const failed = list.error;
  const about = useAbout();
  const isUsageKept = about?.usage ?? true;
  const now = toNs(useNow());
  const { gone, last, onGone } = useGone();
  const all = useMemo(() => withGone(list.keys ?? [], gone), [list.keys, gone]);
  const shown = useMemo(
    () => sorted(found(all, search), order, { now, isUsageKept }).map((key) => gone.get(key.id)?.after ?? key),
    [all, search, order, now, isUsageKept, gone],
  );
  const changed = useChangedRows(
    useMemo(
      () => new Map(shown.map((key) => [key.id, badgeOf(key, { now, isUsageKept }).words])),
      [shown, now, isUsageKept],
    ),
  );
  const names = useRef(new Map<string, HTMLAnchorElement>());
  const field = useRef<HTMLInputElement>(null);
  useFocusAtNew(shown, list.more !== undefined, names);
  const view: ListView = {
    keys: shown,
    now,
    isUsageKept,
    changed,
    nameRef: (id) => (link) => {
      if (link === null) names.current.delete(id);
      else names.current.set(id, link);
    },
    onDelete: setTarget,
  };
  /** The row behind the one that was deleted, or the one before it. */
  const next = () => {
    const at = shown.findIndex(({ id }) => id === last);
    return [shown[at + 1], shown[at - 1], shown[at]].map((key) => names.current.get(key?.id ?? '')).find(Boolean);
  };
  const most = kind === 'token' ? about?.limits.tokens : about?.limits.subkeys;
  const lives = live.keys === undefined ? undefined : live.keys.filter(({ id }) => !gone.has(id)).length;
  return (
    <>
      <div className={css.tools}>
        <div className={css.search}>
          <SearchField label="Search name, id or address" value={search} onChange={setSearch} inputRef={field} />
        </div>
        <Checkbox label="Show ended keys" checked={ended} onChange={setEnded} />
      </div>
      {failed !== undefined && (
        <div className={css.failed}>
          <ReadFailed error={failed} isReading={list.isReading} onAgain={list.again} />
        </div>
      )}
      {(list.keys !== undefined || failed === undefined) && (
        <Card flush isOld={failed !== undefined}>
          <Inside
            {...{ kind, search, onAdd, order, view }}
            isLoading={list.keys === undefined || (list.isReadingAll && shown.length === 0)}
            hasAny={all.length > 0}
          >
            {{
              clear: () => {
                setSearch('');
                // The button goes.
                field.current?.focus();
              },
              sort: (by) => setOrder(nextOrder(order, by)),
            }}
          </Inside>
        </Card>
      )}
      {list.more !== undefined && (
        <div className={css.more}>
          <Button busy={list.more.isReading} onPress={list.more.read}>
            Show 100 more
          </Button>
        </div>
      )}
      {list.isReadingAll && <p className={css.count}>Reading the others…</p>}
      {list.isCut && (
        <p className={css.count}>
          {isSearched ? 'Searched' : 'Sorted'} the oldest {count.format(MOST_KEYS)}. There are more.
        </p>
      )}
      {lives !== undefined && (
        <p className={css.count}>
          {most !== undefined && `${lives}${live.hasMore ? ' and more' : ''} of ${most} ${words[kind].some}. `}
          {words[kind].can}
        </p>
      )}
      <VisuallyHidden>
        <Live>{isSearched && !list.isReadingAll ? `${shown.length} of ${all.length} keys found` : ''}</Live>
      </VisuallyHidden>
      <DeleteKey
        target={target}
        onKeep={() => setTarget(undefined)}
        onDeleted={(after) => {
          onGone(all.find(({ id }) => id === after.id) ?? after, after);
          setTarget(undefined);
        }}
        focusAfter={next}
      />
    </>
  );
}

interface InsideProps {
  readonly kind: KeyKind;
  readonly search: string;
  readonly onAdd: () => void;
  readonly order: Parameters<typeof nextOrder>[0];
  readonly view: ListView;
  readonly isLoading: boolean;
  readonly hasAny: boolean;
  readonly children: { readonly clear: () => void; readonly sort: (by: Parameters<typeof nextOrder>[1]) => void };
}

function Inside({ kind, search, onAdd, order, view, isLoading, hasAny, children }: InsideProps) {
  const narrow = useNarrow();
  if (isLoading) return <Skeleton rows={3} head />;
  if (!hasAny) {
    return (
      <Empty
        title={words[kind].none}
        action={
          <Button kind="primary" onPress={onAdd}>
            + Add New Key
          </Button>
        }
      >
        {words[kind].help}
      </Empty>
    );
  }
  if (view.keys.length === 0) {
    return (
      <Empty
        title={
          <>
            No key matches ‘<bdi>{search.trim()}</bdi>’.
          </>
        }
        action={<Button onPress={children.clear}>Clear the search</Button>}
      />
    );
  }
  return narrow ? (
    <KeyEntries kind={kind} {...view} />
  ) : (
    <KeyTable kind={kind} order={order} onSort={children.sort} {...view} />
  );
}

/** "Show 100 more" goes with the last of them: focus goes to the first that came. */
function useFocusAtNew(
  shown: readonly ListedKey[],
  hasMore: boolean,
  names: RefObject<ReadonlyMap<string, HTMLAnchorElement>>,
): void {
  const before = useRef({ hadMore: hasMore, ids: new Set<string>() });
  useEffect(() => {
    const { hadMore, ids } = before.current;
    if (hadMore && !hasMore && document.activeElement === document.body) {
      const first = shown.find(({ id }) => !ids.has(id));
      names.current.get(first?.id ?? '')?.focus();
    }
    before.current = { hadMore: hasMore, ids: new Set(shown.map(({ id }) => id)) };
  }, [shown, hasMore, names]);
}

interface Gone {
  readonly before: ListedKey;
  readonly after: ListedKey;
}

/** What was deleted on this page stays in its place, as ended, until the page is left: nothing moves under the hand. */
function useGone() {
  const [gone, setGone] = useState<ReadonlyMap<string, Gone>>(new Map());
  const [last, setLast] = useState<string>();
  const onGone = (before: ListedKey, after: ListedKey) => {
    setGone((old) => new Map(old).set(after.id, { before, after }));
    setLast(after.id);
  };
  return { gone, last, onGone };
}

function withGone(keys: readonly ListedKey[], gone: ReadonlyMap<string, Gone>): readonly ListedKey[] {
  return [...keys.filter(({ id }) => !gone.has(id)), ...[...gone.values()].map(({ before }) => before)];
}
