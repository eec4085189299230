// What became of a key that a phone is to take, as the server tells.
import { useQuery } from '@tanstack/react-query';
import { isCode } from '../../../src/client/errors.ts';
import type { ActivityRow, Subkey } from '../../../src/client/shapes.ts';
import { useSignedIn } from '../../app/session/session.tsx';

const EVERY_MS = 1500;

export type Offer =
  | { readonly is: 'waiting' }
  | { readonly is: 'over' }
  /** `row` of the activity, once it is written there: from where, and when. */
  | { readonly is: 'taken'; readonly row: ActivityRow | undefined };

export function useOffer(subkey: Subkey): Offer {
  const { client } = useSignedIn();
  const { public_key, id } = subkey;
  // Asked in the background too: the phone in the other hand is where the person looks.
  const state = useQuery({
    queryKey: ['subkeys', 'offered', public_key],
    queryFn: async ({ signal }) => {
      try {
        return (await client.subkeys.get(public_key, { signal })).state;
      } catch (error) {
        if (isCode(error, 'NOT_FOUND')) return 'expired';
        throw error;
      }
    },
    refetchInterval: ({ state: { data } }) => (data === undefined || data === 'pending' ? EVERY_MS : false),
    refetchIntervalInBackground: true,
    gcTime: 0,
  }).data;
  const isTaken = state === 'active';
  const row = useQuery({
    queryKey: ['activity', 'taken', public_key],
    queryFn: async ({ signal }) => {
      const filter = { credential: `subkey:${id}`, action: 'subkey.activated', limit: 1, signal };
      return (await client.activity.list(filter).page()).results[0] ?? null;
    },
    enabled: isTaken,
    refetchInterval: ({ state: { data } }) => (data === undefined || data === null ? 500 : false),
    refetchIntervalInBackground: true,
    gcTime: 0,
  }).data;
  if (isTaken) return { is: 'taken', row: row ?? undefined };
  return { is: state === undefined || state === 'pending' ? 'waiting' : 'over' };
}
