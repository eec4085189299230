// What the cells of a list of keys say.
import { useRef } from 'react';
import type { ListedKey } from '../../app/keys/listed-key.ts';
import { useNow } from '../../parts/minute.ts';
import { Time } from '../../parts/time.tsx';
import { Tooltip } from '../../parts/tooltip.tsx';
import { shownRange, worksFromWords } from '../../words/addresses.ts';
import { expiresWords } from '../../words/keys.ts';
import { precise, toMs } from '../../words/times.ts';
import css from './cells.module.css';

/** `plain`: within a link, without a stop of its own for Tab. */
interface CellProps {
  readonly of: ListedKey;
  readonly plain?: boolean;
}

export function WorksFrom({ of: { worksFrom }, plain = false }: CellProps) {
  const words = worksFromWords(worksFrom);
  if (worksFrom.length === 1) return <code className={css.range}>{words}</code>;
  if (worksFrom.length === 0 || plain) return words;
  const all = worksFrom.map((range) => <div key={range}>{shownRange(range)}</div>);
  return (
    <Tooltip text={<div className={css.ranges}>{all}</div>}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its tooltip opens on focus too. */}
      <span tabIndex={0}>{words}</span>
    </Tooltip>
  );
}

export function Expires({ of, plain = false }: CellProps) {
  const element = useRef<HTMLTimeElement>(null);
  const now = useNow(element);
  const words = expiresWords(of, now);
  const at = of.ended?.at ?? of.expiresAt;
  if (at === undefined) return words;
  const time = (
    <time ref={element} dateTime={new Date(toMs(at)).toISOString()} tabIndex={plain ? undefined : 0}>
      {words}
    </time>
  );
  return plain ? time : <Tooltip text={precise(at)}>{time}</Tooltip>;
}

export function LastUsed({
  of: { lastUsedAt, lastUsedIp },
  isUsageKept,
  plain = false,
}: CellProps & { readonly isUsageKept: boolean }) {
  if (lastUsedAt === undefined) return isUsageKept ? 'never' : 'not recorded';
  return (
    <span className={plain ? css.oneLine : css.twoLines}>
      <Time ns={lastUsedAt} form="relative" plain={plain} />
      {lastUsedIp !== undefined && (
        <>
          {plain && ' · '}
          <code className={plain ? undefined : css.second}>{lastUsedIp}</code>
        </>
      )}
    </span>
  );
}
