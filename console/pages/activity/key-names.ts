// The keys to choose from, by the names that they have now.
import { useQuery } from '@tanstack/react-query';
import { useSignedIn } from '../../app/session/session.tsx';

export interface NamedKey {
  /** `subkey:42`. */
  readonly row: string;
  readonly name: string;
}

/** Ended ones are still in the activity, and are left out where there are many. */
const MOST = 200;

export function useKeyNames(): readonly NamedKey[] {
  const { client } = useSignedIn();
  const subkeys = useQuery({
    queryKey: ['subkeys', 'names'],
    queryFn: async ({ signal }) => {
      const { results } = await client.subkeys.list({ limit: MOST, signal }).page();
      return results.map(({ id, name }): NamedKey => ({ row: `subkey:${id}`, name }));
    },
  });
  const tokens = useQuery({
    queryKey: ['tokens', 'names'],
    queryFn: async ({ signal }) => {
      const { results } = await client.tokens.list({ limit: MOST, signal }).page();
      return results.map(({ token_id, name }): NamedKey => ({ row: `token:${token_id}`, name }));
    },
  });
  return [...(subkeys.data ?? []), ...(tokens.data ?? [])];
}

const isolated = (name: string): string => `\u2068${name}\u2069`;

/** For a list of choices, which holds text alone: a name in marks that keep its direction to itself. */
export function keyLabel(key: string, kind: 'starknet' | 'wallet', names: readonly NamedKey[]): string {
  if (key === 'all') return 'All keys';
  if (key === 'main') return kind === 'wallet' ? 'Wallet' : 'Main key';
  if (key === 'devices') return 'Devices';
  const named = names.find(({ row }) => row === key)?.name ?? '';
  return named === '' ? key.replace(':', ' ') : isolated(named);
}
