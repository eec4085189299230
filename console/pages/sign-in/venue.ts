// What the server is, as far as signing in to it needs it.
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { About } from '../../../src/client/shapes.ts';
import { publicClient } from '../../app/session/session.tsx';

export const useAbout = (): UseQueryResult<About> =>
  useQuery({ queryKey: ['about'], queryFn: ({ signal }) => publicClient.account.about({ signal }) });
