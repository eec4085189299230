// The cards of one key's page: facts, requests per day, the last rows of its activity, and how to connect a program.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { UsageDay } from '../../../src/client/main.ts';
import { type ListedKey, pathOf } from '../../app/keys/listed-key.ts';
import { useHistory, useLastRows } from '../../app/keys/use-history.ts';
import { useKey } from '../../app/keys/use-keys.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { CanDo } from '../../parts/can-do.tsx';
import { Card } from '../../parts/card.tsx';
import { DayChart } from '../../parts/day-chart.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { Time } from '../../parts/time.tsx';
import { shownRange, worksFromWords } from '../../words/addresses.ts';
import { endedAtWords, revokedByWords } from '../../words/keys.ts';
import { nowMs } from '../../words/now.ts';
import { powers } from '../../words/powers.ts';
import { dayCounts } from '../../words/usage-days.ts';
import { entriesOf } from '../activity/row-groups.ts';
import { Rows } from '../activity/rows.tsx';
import { Snippets } from '../save-secret/snippets.tsx';
import css from './key-cards.module.css';

interface CardsProps {
  readonly of: ListedKey;
  readonly isUsageKept: boolean;
}

export function KeyCards({ of: key, isUsageKept }: CardsProps) {
  const { account } = useSignedIn();
  return (
    <div className={css.cards}>
      {key.ended !== undefined && <Ended of={key} ended={key.ended} />}
      {key.ended === undefined && key.replacedBy !== undefined && <Replaced of={key} by={key.replacedBy} />}
      <KeyFacts of={key} isUsageKept={isUsageKept} />
      <Requests of={key} isUsageKept={isUsageKept} />
      <LastRows of={key} />
      {key.ended === undefined && (
        <Card title="Connect a bot">
          <Snippets kind={key.kind} account={account} expiresAt={key.expiresAt} />
        </Card>
      )}
    </div>
  );
}

/** `Revoked 3 Nov 2026, 09:12 by you, from 198.51.100.20`. */
function Ended({ of: key, ended }: { of: ListedKey; ended: NonNullable<ListedKey['ended']> }) {
  const history = useHistory(key);
  const by = ended.how === 'revoked' && history?.ended !== undefined ? revokedByWords(history.ended) : '';
  return (
    <Note kind="neutral" title={`${endedAtWords(ended)}${by}.`}>
      {key.replacedBy !== undefined && (
        <>
          Replaced by <Successor id={key.replacedBy} />.
        </>
      )}
    </Note>
  );
}

const Replaced = ({ of: { expiresAt }, by }: { of: ListedKey; by: string }) => (
  <Note kind="info">
    Replaced by <Successor id={by} />.{' '}
    {expiresAt !== undefined && (
      <>
        It goes on working until <Time ns={expiresAt} form="exact" />.
      </>
    )}
  </Note>
);

function Successor({ id }: { id: string }) {
  const { key } = useKey('token', id);
  return (
    <Link href={pathOf({ kind: 'token', id })}>
      {key !== undefined && (
        <>
          ‘<Name>{key.name}</Name>’{' '}
        </>
      )}
      <ShortId value={id} />
    </Link>
  );
}

function KeyFacts({ of: key, isUsageKept }: CardsProps) {
  const history = useHistory(key);
  const isOver = key.ended?.how === 'expired';
  return (
    <Card title="Facts">
      <div className={css.facts}>
        <Facts
          rows={[
            ['Works from', <Ranges key="from" of={key.worksFrom} />],
            [
              key.ended === undefined ? 'Expires' : 'Would have expired',
              isOver ? false : <Expires key="expires" of={key} />,
            ],
            ['Made', <At key="made" ns={key.createdAt} form="exact" from={history?.made?.client_ip} />],
            ['Last used', <LastUsed key="used" of={key} isUsageKept={isUsageKept} />],
          ]}
        />
        <CanDo {...powers[key.kind]} />
      </div>
    </Card>
  );
}

function Ranges({ of: list }: { of: readonly string[] }) {
  if (list.length < 2) return <span className={list.length === 1 ? css.mono : undefined}>{worksFromWords(list)}</span>;
  return (
    <ul className={css.ranges}>
      {list.map((range) => (
        <li key={range}>
          <code>{shownRange(range)}</code>
        </li>
      ))}
    </ul>
  );
}

function Expires({ of: { expiresAt, ended } }: { of: ListedKey }) {
  if (expiresAt === undefined) return 'never';
  return (
    <>
      <Time ns={expiresAt} form="exact" />
      {ended === undefined && (
        <>
          , <Time ns={expiresAt} form="until" plain />
        </>
      )}
    </>
  );
}

function LastUsed({ of: { lastUsedAt, lastUsedIp }, isUsageKept }: CardsProps) {
  if (lastUsedAt === undefined) return isUsageKept ? 'never' : 'not recorded';
  return <At ns={lastUsedAt} form="relative" from={lastUsedIp} />;
}

const At = ({ ns, form, from }: { ns: bigint; form: 'exact' | 'relative'; from: string | undefined }) => (
  <>
    <Time ns={ns} form={form} />
    {from !== undefined && from !== '' && (
      <>
        , from <code>{from}</code>
      </>
    )}
  </>
);

function Requests({ of: { row }, isUsageKept }: CardsProps) {
  const { client } = useSignedIn();
  const { data } = useQuery({
    queryKey: ['usage', 'days', row],
    queryFn: async ({ signal }) => {
      const rows: UsageDay[] = [];
      for await (const day of client.usage.list({ credential: row, limit: 500, signal })) rows.push(day);
      return rows;
    },
    enabled: isUsageKept,
    refetchInterval: 60_000,
  });
  if (!isUsageKept) return <p className={css.none}>Usage is not recorded at this venue.</p>;
  if (data === undefined) return <div className={css.room} />;
  return <DayChart title="Requests per day" label="Requests per day" days={dayCounts(data, nowMs())} />;
}

function LastRows({ of: { row } }: { of: ListedKey }) {
  const { data, error } = useLastRows(row);
  return (
    <Card flush title="Activity" actions={<Link href={`/activity?key=${encodeURIComponent(row)}`}>All activity</Link>}>
      {data === undefined ? (
        error === null ? (
          <Skeleton rows={3} />
        ) : (
          <div className={css.inside}>
            <Refusal error={error} />
          </div>
        )
      ) : data.length === 0 ? (
        <p className={css.inside}>Nothing yet.</p>
      ) : (
        <Rows
          entries={entriesOf(data)}
          whyHref={(requestId) => `/activity/${encodeURIComponent(requestId)}?key=${encodeURIComponent(row)}`}
        />
      )}
    </Card>
  );
}
