// How much there is to end: what lives, and what of it was used today.
import { useQuery } from '@tanstack/react-query';
import { useAbout } from '../../app/keys/use-about.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import { toNs } from '../../words/times.ts';
import type { Live } from './ended.ts';

/** Undefined until it is known. */
export function useLive(): Live | undefined {
  const { client } = useSignedIn();
  const usage = useAbout()?.usage;
  const { data } = useQuery({
    queryKey: ['tokens', 'live of everything'],
    queryFn: async ({ signal }) => {
      const used: bigint[] = [];
      let devices = 0;
      for await (const { last_used_at } of client.tokens.list({ limit: 500, signal })) used.push(last_used_at);
      for await (const { last_used_at } of client.subkeys.list({ limit: 500, signal })) used.push(last_used_at);
      for await (const _ of client.devices.list({ limit: 500, signal })) devices += 1;
      return { used, devices };
    },
    staleTime: 0,
  });
  if (data === undefined || usage === undefined) return undefined;
  const midnight = toNs(new Date().setHours(0, 0, 0, 0));
  const inUse = data.used.filter((at) => at >= midnight).length;
  return { keys: data.used.length, devices: data.devices, inUse: usage ? inUse : undefined };
}
