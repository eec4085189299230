// What the server sees of this page: its address above all.
import { useQuery } from '@tanstack/react-query';
import { useSignedIn } from '../session/session.tsx';

/** The reader's address as the server sees it; undefined until it is known, and where it cannot be told. */
export function useCurrentAddress(): string | undefined {
  const { client } = useSignedIn();
  const { data } = useQuery({ queryKey: ['self'], queryFn: ({ signal }) => client.account.self({ signal }) });
  return data === undefined || data.client_ip === '' ? undefined : data.client_ip;
}
