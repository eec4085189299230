// What the server is and allows: it does not change while a page is open.
import { useQuery } from '@tanstack/react-query';
import type { About } from '../../../src/client/main.ts';
import { publicClient } from '../session/session.tsx';

/** Undefined until it is known. */
export const useAbout = (): About | undefined =>
  useQuery({
    queryKey: ['about'],
    queryFn: ({ signal }) => publicClient.account.about({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
