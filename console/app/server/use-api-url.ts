import { useAbout } from './use-about.ts';

/** Where a program reaches the API: with a host of its own for the console, that is not where this page is from. */
export const useApiUrl = (): string => useAbout()?.api_url ?? location.origin;
