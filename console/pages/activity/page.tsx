// What the keys of the account did, and what was refused. The filters are its address; one refusal is a dialog with an address of its own.
import { type ReactNode, useEffect, useRef } from 'react';
import { useLocation, useParams, useSearch } from 'wouter';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Live } from '../../parts/live.tsx';
import { Page } from '../../parts/page.tsx';
import { ReadFailed } from '../../parts/read-failed.tsx';
import { Skeleton } from '../../parts/skeleton.tsx';
import { useNarrow } from '../../parts/use-narrow.ts';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { nowMs } from '../../words/now.ts';
import { offset, toNs } from '../../words/times.ts';
import { Chart } from './chart.tsx';
import { FilterBar } from './filter-bar.tsx';
import { everything, type Filters, filtersOf, isFiltered, searchOf, spanWords } from './filters.ts';
import css from './page.module.css';
import { RequestIdField } from './request-id-field.tsx';
import { Rows } from './rows.tsx';
import { useActivity } from './use-activity.ts';
import { Why } from './why.tsx';

const pathOf = (filters: Filters, requestId?: string): string => {
  const search = searchOf(filters);
  const path = requestId === undefined ? '/activity' : `/activity/${encodeURIComponent(requestId)}`;
  return search === '' ? path : `${path}?${search}`;
};

export default function ActivityPage() {
  const [, navigate] = useLocation();
  const { request } = useParams<{ request?: string }>();
  const filters = filtersOf(useSearch());
  const narrow = useNarrow();
  const ask = (id: string) => navigate(pathOf(filters, id));
  const change = (next: Filters) => navigate(pathOf(next), { replace: true });
  return (
    <Page
      title={request === undefined ? 'Activity' : 'Why this was refused'}
      heading="Activity"
      lead={`What your keys did and what was refused. Times are yours (${offset(toNs(nowMs()))}).`}
      at="/activity"
    >
      <div className={css.parts}>
        <div className={css.top}>
          <FilterBar filters={filters} onChange={change} />
          {!narrow && <RequestIdField onAsk={ask} />}
        </div>
        <Chart filters={filters} />
        <List filters={filters} onChange={change} below={narrow && <RequestIdField onAsk={ask} />} />
      </div>
      {request !== undefined && <Why key={request} requestId={request} onClose={() => navigate(pathOf(filters))} />}
    </Page>
  );
}

interface ListProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
  /** It comes with the rows, so that it does not move. */
  readonly below: ReactNode;
}

function List({ filters, onChange, below }: ListProps) {
  const activity = useActivity(filters);
  const { entries, error, waiting, isOld, hasOlder } = activity;
  const list = useRef<HTMLDivElement>(null);
  const hadOlder = useRef(hasOlder);
  useEffect(() => {
    // "Show older" is gone, and focus with it.
    if (hadOlder.current && !hasOlder && document.activeElement === document.body)
      list.current?.focus({ preventScroll: true });
    hadOlder.current = hasOlder;
  }, [hasOlder]);
  const count = entries?.length ?? 0;
  const isCounted = isFiltered(filters) && entries !== undefined && !isOld;
  const counted = isCounted ? `${count === 1 ? '1 row' : `${count} rows`}${hasOlder ? ' and more' : ''} found` : '';
  return (
    <>
      <div ref={list} className={css.list} tabIndex={-1}>
        <VisuallyHidden>
          <Live>{waiting > 0 ? `${waiting} new` : counted}</Live>
        </VisuallyHidden>
        {waiting > 0 && (
          <div className={css.new}>
            <Button
              small
              onPress={() => {
                // The button goes.
                list.current?.focus({ preventScroll: true });
                activity.showWaiting();
              }}
            >
              {`${waiting} new: show`}
            </Button>
          </div>
        )}
        {error !== null && (
          <div className={css.failed}>
            <ReadFailed error={error} onAgain={activity.readAgain} />
          </div>
        )}
        <Card flush isOld={isOld || error !== null}>
          <div aria-busy={isOld}>
            {entries === undefined && error === null && <Skeleton rows={4} head />}
            {entries !== undefined && entries.length > 0 && (
              <Rows entries={entries} whyHref={(requestId) => pathOf(filters, requestId)} />
            )}
            {entries?.length === 0 && !hasOlder && <Nothing filters={filters} onChange={onChange} />}
          </div>
        </Card>
        {hasOlder && (
          <div className={css.older}>
            <Button busy={activity.isReadingOlder} onPress={activity.readOlder}>
              Show older
            </Button>
          </div>
        )}
        {entries !== undefined && (filters.what === 'everything' || filters.what === 'refused') && (
          <p className={css.late}>Refused requests appear here within a minute. By its id, one is explained at once.</p>
        )}
      </div>
      {(entries !== undefined || error !== null) && below}
    </>
  );
}

function Nothing({ filters, onChange }: Omit<ListProps, 'below'>) {
  if (!isFiltered(filters)) return <Empty title="Nothing yet." />;
  return (
    <Empty
      title={`Nothing like that ${spanWords(filters.when)}.`}
      action={<Button onPress={() => onChange(everything)}>Show everything</Button>}
    />
  );
}
