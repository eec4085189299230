// What the server is and allows: it does not change while a page is open.
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { About } from '../../../src/client/main.ts';
import { publicClient } from '../session/session.tsx';

/** For whoever says why it could not be read. */
export const useReadAbout = (): UseQueryResult<About> =>
  useQuery({
    queryKey: ['about'],
    queryFn: ({ signal }) => publicClient.account.about({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Undefined until it is known. */
export const useAbout = (): About | undefined => useReadAbout().data;
