// The rows of the activity: a table, or a list on a phone.
import type { ReactNode } from 'react';
import type { ActivityRow } from '../../../src/client/main.ts';
import { Badge } from '../../parts/badge.tsx';
import { classNames } from '../../parts/class-names.ts';
import { Line } from '../../parts/line.tsx';
import { LinkButton } from '../../parts/link-button.tsx';
import { Name } from '../../parts/name.tsx';
import tableCss from '../../parts/table.module.css';
import { Time } from '../../parts/time.tsx';
import { useNarrow } from '../../parts/use-narrow.ts';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { happenedAt, receipt, timesInMinute, wordsOfRow } from '../../words/actions.ts';
import { nowMs } from '../../words/now.ts';
import { kindWords } from '../../words/requests.ts';
import { day, toNs } from '../../words/times.ts';
import { daysOf, type Entry } from './row-groups.ts';
import css from './rows.module.css';

interface RowsProps {
  readonly entries: readonly Entry[];
  /** Of the page that explains this refusal. */
  readonly whyHref: (requestId: string) => string;
}

export function Rows({ entries, whyHref }: RowsProps) {
  const narrow = useNarrow();
  const days = daysOf(entries);
  if (narrow) {
    return days.map(({ at, entries: of }) => (
      <section key={of[0]?.row.id} className={css.section} aria-label={dayTitle(at)}>
        <h3 className={css.day}>{dayTitle(at)}</h3>
        <ul>
          {of.map((entry) => (
            <li key={entry.row.id} className={tableCss.item}>
              <div className={css.top}>
                <span className={css.when}>
                  <When entry={entry} />
                </span>
                <Why entry={entry} href={whyHref} />
              </div>
              <What entry={entry} />
              <div className={css.who}>
                <Key row={entry.row} />
                <From row={entry.row} before=" · " />
              </div>
            </li>
          ))}
        </ul>
      </section>
    ));
  }
  return (
    <table className={classNames(tableCss.table, css.rows)} aria-label="Activity">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col">Key</th>
          <th scope="col">From</th>
          <th scope="col">
            <VisuallyHidden>Why</VisuallyHidden>
          </th>
        </tr>
      </thead>
      {days.map(({ at, entries: of }) => (
        <tbody key={of[0]?.row.id}>
          <tr>
            <th scope="rowgroup" colSpan={5} className={css.day}>
              {dayTitle(at)}
            </th>
          </tr>
          {of.map((entry) => (
            <tr key={entry.row.id} className={tableCss.row}>
              <td>
                <When entry={entry} />
              </td>
              <td>
                <What entry={entry} />
              </td>
              <td>
                <Key row={entry.row} />
              </td>
              <td>
                <From row={entry.row} />
              </td>
              <td className={tableCss.act}>
                <Why entry={entry} href={whyHref} />
              </td>
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  );
}

function dayTitle(at: bigint): string {
  const title = day(at);
  const now = toNs(nowMs());
  if (title === day(now)) return 'Today';
  return title === day(now - 86_400_000_000_000n) ? 'Yesterday' : title;
}

const When = ({ entry }: { readonly entry: Entry }) => <Time ns={happenedAt(entry.row)} form="clock" />;

function What({ entry }: { readonly entry: Entry }) {
  const { what, refused, lines } = wordsOfRow(entry.row);
  const more = entry.receipt === undefined ? [] : [['Refused everywhere: ', ...receipt(entry.receipt)]];
  const many = entry.signIns > 1 ? [[timesInMinute(entry.signIns)]] : [];
  return (
    <>
      <div className={css.what}>
        {refused && <Badge kind="danger">Refused</Badge>}
        <span>{what}</span>
      </div>
      {[...lines, ...many, ...more].map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a row neither move nor change.
        <div key={at} className={css.line}>
          <Line words={line} />
        </div>
      ))}
    </>
  );
}

function Key({ row: { subject } }: { readonly row: ActivityRow }): ReactNode {
  if (subject.name !== '') return <Name>{subject.name}</Name>;
  if (subject.kind === 'account') return <span className={css.none}>account</span>;
  return <span className={css.none}>{kindWords(subject.kind)}</span>;
}

function From({ row, before = '' }: { readonly row: ActivityRow; readonly before?: string }): ReactNode {
  if (row.client_ip === '') return null;
  return (
    <>
      {before}
      <code>{row.client_ip}</code>
    </>
  );
}

function Why({ entry: { row }, href }: { readonly entry: Entry; readonly href: RowsProps['whyHref'] }): ReactNode {
  if (!['login.refused', 'request.refused'].includes(row.action) || row.request_id === '') return null;
  const { what } = wordsOfRow(row);
  return (
    <LinkButton href={href(row.request_id)} small aria-label={`Why? ${what}`}>
      Why?
    </LinkButton>
  );
}
