// The chart of the chosen key, or of all of them.
import { useQuery } from '@tanstack/react-query';
import type { UsageDay } from '../../../src/client/main.ts';
import { useAbout } from '../../app/server/use-about.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { DayChart } from '../../parts/day-chart.tsx';
import { nowMs } from '../../words/now.ts';
import { dayCounts } from '../../words/usage-days.ts';
import css from './chart.module.css';
import { credentialOf, type Filters } from './filters.ts';
import { keyLabel, useKeyNames } from './key-names.ts';

export function Chart({ filters: { key } }: { readonly filters: Filters }) {
  const { client, kind } = useSignedIn();
  const about = useAbout();
  const names = useKeyNames();
  const credential = credentialOf(key, kind);
  const { data } = useQuery({
    queryKey: ['usage', 'days', key],
    queryFn: async ({ signal }) => {
      const rows: UsageDay[] = [];
      const options = { ...(credential === undefined ? {} : { credential }), limit: 500, signal };
      for await (const row of client.usage.list(options)) rows.push(row);
      return key === 'devices' ? rows.filter((row) => row.credential.kind === 'device') : rows;
    },
    enabled: about?.usage === true,
    refetchInterval: 60_000,
  });
  if (about?.usage === false) return <div className={css.none}>Usage is not recorded at this venue.</div>;
  if (data === undefined) return <div className={css.room} />;
  const label = keyLabel(key, kind, names);
  const title = `Requests per day, ${label.startsWith('\u2068') ? label : label.toLowerCase()}`;
  return <DayChart title={title} label={title.replaceAll(/[\u2068\u2069]/g, '')} days={dayCounts(data, nowMs())} />;
}
