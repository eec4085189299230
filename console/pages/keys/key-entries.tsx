// The keys as a list, on a phone: a whole entry opens its key.
import { Link } from 'wouter';
import { badgeOf, type KeyKind, pathOf } from '../../app/keys/listed-key.ts';
import { Badge } from '../../parts/badge.tsx';
import changedCss from '../../parts/changed.module.css';
import { classNames } from '../../parts/class-names.ts';
import { Name } from '../../parts/name.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import tableCss from '../../parts/table.module.css';
import { LastUsed, WorksFrom } from './cells.tsx';
import css from './key-entries.module.css';
import type { ListView } from './list-view.ts';

export function KeyEntries({ kind, keys, now, isUsageKept, changed, nameRef }: ListView & { kind: KeyKind }) {
  return (
    <ul aria-label={kind === 'token' ? 'Read-only keys' : 'Subkeys'}>
      {keys.map((key) => {
        const badge = badgeOf(key, { now, isUsageKept });
        const names = [key.ended !== undefined && css.ended, changed.has(key.id) && changedCss.changed];
        return (
          <li key={key.id} className={classNames(tableCss.item, css.entry, ...names)}>
            <div className={css.head}>
              <div className={css.named}>
                <Link href={pathOf(key)} ref={nameRef(key.id)} className={css.link}>
                  <Name>{key.name}</Name>
                </Link>
                <ShortId value={key.id} />
              </div>
              <Badge kind={badge.kind}>{badge.words}</Badge>
            </div>
            <dl className={css.facts}>
              <dt>Works from</dt>
              <dd>
                <WorksFrom of={key} plain />
              </dd>
              <dt>Last used</dt>
              <dd>
                <LastUsed of={key} isUsageKept={isUsageKept} plain />
              </dd>
            </dl>
          </li>
        );
      })}
    </ul>
  );
}
