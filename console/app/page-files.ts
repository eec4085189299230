// The files of the pages, each loaded once, by whoever needs it first. What React finds to be there already it shows at once; for what it has to
// wait for it waits a third of a second more, so that nothing flickers.
import type { ComponentType } from 'react';
import type { Client } from '../../src/client/create-client.ts';
import { type LoadedOnce, loadedOnce } from './loaded-once.ts';

export interface PageFile<Props extends object = object> {
  readonly default: ComponentType<Props>;
  /** Begins what the page reads first. */
  readonly readAhead?: (client: Client) => void;
}

export const shell = loadedOnce(async () => ({
  default: (await import('./shell/signed-in-only.tsx')).SignedInOnly,
}));
export const signInAgain = loadedOnce(async () => ({
  default: (await import('../pages/sign-in/sign-in-again.tsx')).SignInAgain,
}));
export const signIn = loadedOnce<PageFile>(() => import('../pages/sign-in/page.tsx'));
export const keys = loadedOnce<PageFile>(() => import('../pages/keys/page.tsx'));
export const oneKey = loadedOnce<PageFile>(() => import('../pages/one-key/page.tsx'));
export const activity = loadedOnce<PageFile>(() => import('../pages/activity/page.tsx'));
export const devices = loadedOnce<PageFile>(() => import('../pages/devices/page.tsx'));
export const wallet = loadedOnce<PageFile>(() => import('../pages/wallet/page.tsx'));
export const handOff = loadedOnce<PageFile>(() => import('../pages/hand-off/page.tsx'));
export const notFound = loadedOnce<PageFile>(() => import('../pages/not-found/page.tsx'));

const places: readonly (readonly [RegExp, LoadedOnce<PageFile>])[] = [
  [/^\/console\/keys\/[^/]+\/[^/]/, oneKey],
  [/^\/console(?:\/(?:keys\/.*|sign-in\/?)?)?$/, keys],
  [/^\/console\/activity/, activity],
  [/^\/console\/devices/, devices],
  [/^\/console\/wallet/, wallet],
];

/** A phone is there for one key: nothing is read, kept or loaded but that. */
export const isHandOff = (path: string): boolean => /^\/console\/hand-off\/?$/.test(path);

/** All that the page at this path needs, at the same time. Resolves with the page itself. */
export async function loadPage(path: string, isSignedIn: boolean): Promise<PageFile> {
  if (!isSignedIn) return signIn.load();
  const [, page = notFound] = places.find(([form]) => form.test(path)) ?? [];
  const [file] = await Promise.all([page.load(), shell.load()]);
  return file;
}

/** Where a person may go from here, so that going there does not flicker. */
export async function loadRest(path: string): Promise<void> {
  if (isHandOff(path)) return;
  const rest = path.startsWith('/console/sign-in') ? [keys, shell] : [keys, oneKey, activity, devices, wallet];
  await Promise.all(rest.map(({ load }) => load()));
}
