// How much there is to end: what lives, and what of it was used today.
import { useQuery } from '@tanstack/react-query';
import { useAbout } from '../../app/server/use-about.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { nowMs } from '../../words/now.ts';
import { toNs } from '../../words/times.ts';
import type { Live } from './ended.ts';

type Token = Live['list']['tokens'][number];
type Sub = Live['list']['subkeys'][number];
type Device = Live['list']['devices'][number];

/** Undefined until it is known. */
export function useLive(): Live | undefined {
  const { client } = useSignedIn();
  const usage = useAbout()?.usage;
  const { data } = useQuery({
    queryKey: ['tokens', 'live of everything'],
    queryFn: async ({ signal }) => {
      const used: bigint[] = [];
      const all = { signal, limit: 500 };
      const [tokens, subkeys, devices] = [[], [], []] as [Token[], Sub[], Device[]];
      for await (const { lookup_id, name, last_used_at } of client.tokens.list(all)) {
        used.push(last_used_at);
        tokens.push({ lookup_id, name });
      }
      for await (const { public_key, name, last_used_at } of client.subkeys.list(all)) {
        used.push(last_used_at);
        subkeys.push({ public_key, name });
      }
      for await (const { id, name } of client.devices.list(all)) devices.push({ id, name });
      return { used, list: { tokens, subkeys, devices } };
    },
    staleTime: 0,
  });
  if (data === undefined || usage === undefined) return undefined;
  const midnight = toNs(new Date(nowMs()).setHours(0, 0, 0, 0));
  const inUse = data.used.filter((at) => at >= midnight).length;
  const { used, list } = data;
  return { keys: used.length, devices: list.devices.length, inUse: usage ? inUse : undefined, list };
}
