// The keys as a table, sorted by the heads of its columns.
import { Link } from 'wouter';
import { badgeOf, type KeyKind, type ListedKey, pathOf } from '../../app/keys/listed-key.ts';
import type { Column, Order } from '../../app/keys/order.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import changedCss from '../../parts/changed.module.css';
import { classNames } from '../../parts/class-names.ts';
import { Icon } from '../../parts/icon.tsx';
import { LinkButton } from '../../parts/link-button.tsx';
import { Name } from '../../parts/name.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import tableCss from '../../parts/table.module.css';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { Expires, LastUsed, WorksFrom } from './cells.tsx';
import css from './key-table.module.css';
import type { ListView } from './list-view.ts';

const heads: readonly { readonly by: Column; readonly label: string }[] = [
  { by: 'name', label: 'Name' },
  { by: 'state', label: 'State' },
  { by: 'from', label: 'Works from' },
  { by: 'expires', label: 'Expires' },
  { by: 'used', label: 'Last used' },
];

interface KeyTableProps extends ListView {
  readonly kind: KeyKind;
  readonly order: Order;
  readonly onSort: (by: Column) => void;
}

export function KeyTable({ kind, order, onSort, keys, ...view }: KeyTableProps) {
  return (
    <table className={classNames(tableCss.table, css.keys)}>
      <caption>
        <VisuallyHidden>{kind === 'token' ? 'Read-only keys' : 'Subkeys'}</VisuallyHidden>
      </caption>
      <thead>
        <tr>
          {heads.map(({ by, label }) => (
            <th key={by} scope="col" className={css[by]} aria-sort={order.by === by ? order.direction : undefined}>
              <button type="button" className={css.sort} onClick={() => onSort(by)}>
                {label}
                {order.by === by && (
                  <span className={classNames(css.arrow, order.direction === 'ascending' && css.up)}>
                    <Icon name="chevron" size={14} />
                  </span>
                )}
              </button>
            </th>
          ))}
          <th scope="col" className={classNames(tableCss.act, css.acts)}>
            <VisuallyHidden>What can be done</VisuallyHidden>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Row key={key.id} of={key} {...view} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ of: key, now, isUsageKept, changed, nameRef, onDelete }: Omit<ListView, 'keys'> & { of: ListedKey }) {
  const badge = badgeOf(key, { now, isUsageKept });
  const isEnded = key.ended !== undefined;
  return (
    <tr className={classNames(tableCss.row, isEnded && css.ended, changed.has(key.id) && changedCss.changed)}>
      <th scope="row">
        <div className={css.named}>
          <Link href={pathOf(key)} ref={nameRef(key.id)} className={css.link}>
            <Name>{key.name}</Name>
          </Link>
          <ShortId value={key.id} copies />
        </div>
      </th>
      <td>
        <Badge kind={badge.kind}>{badge.words}</Badge>
      </td>
      <td>
        <WorksFrom of={key} />
      </td>
      <td>
        <Expires of={key} />
      </td>
      <td>
        <LastUsed of={key} isUsageKept={isUsageKept} />
      </td>
      <td className={classNames(tableCss.act, css.acts)}>
        <div className={css.buttons}>
          <LinkButton href={pathOf(key)} kind="quiet" small aria-label={`Open ${key.name}`}>
            Open
          </LinkButton>
          {!isEnded && (
            <Button kind="quiet" small danger aria-label={`Delete ${key.name}`} onPress={() => onDelete(key)}>
              Delete
            </Button>
          )}
        </div>
      </td>
    </tr>
  );
}
