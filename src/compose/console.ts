// The console: what was built of it, and what the server says of it before anybody is signed in.
import { join } from 'node:path';
import type { Logger } from 'pino';
import { listsConsole } from '../access/console-routes.ts';
import type { RouteTable } from '../access/route-table.ts';
import { derivesFromWallets } from '../config/derived.ts';
import { type ConsoleFiles, readConsole } from '../http/console-files.ts';
import type { AboutConsole } from '../http/routes/about.ts';
import type { ConsolePlace } from '../http/routes/documents.ts';
import type { Slice } from './slice.ts';

/** Beside src and beside dist/compose alike. */
const BUILT = join(import.meta.dirname, '../../dist/console');

export interface ConsoleParts {
  readonly log: Logger;
  readonly table: RouteTable;
  /** Where it was built; stands in for the folder of the release. */
  readonly folder?: string | undefined;
}

export interface Console {
  /** Undefined where it is not. */
  readonly served: { readonly files: ConsoleFiles; readonly place: ConsolePlace } | undefined;
  readonly about: AboutConsole;
}

export async function composeConsole(
  config: Slice<'console' | 'subkeys' | 'wire'>,
  { log, table, folder = BUILT }: ConsoleParts,
): Promise<Console> {
  const found = await filesOrWhyNot();
  const [files, whyNot] = typeof found === 'string' ? [undefined, found] : [found, noHandOff()];
  const url = config['console.url'];
  return {
    served: files && { files, place: placeOf(config) },
    about: {
      console: files !== undefined,
      console_url: files === undefined || url === '' ? null : url,
      api_url: config['console.api_url'] === '' ? null : config['console.api_url'],
      hand_off: { on: whyNot === null, why_not: whyNot },
      wallet_derivation: derivesFromWallets(config),
    },
  };

  async function filesOrWhyNot(): Promise<ConsoleFiles | string> {
    if (!config['console.enabled']) return 'console.enabled is off';
    if (!listsConsole(table)) return 'the route table has no rows for the console';
    const files = await readConsole(folder);
    if (files !== undefined) return files;
    log.warn({
      event: 'console_not_built',
      reason: 'dist/console has no page, or goes on changing: /console answers 404',
    });
    return 'the console was not built';
  }

  /** It needs a subkey that waits. */
  function noHandOff(): string | null {
    if (config['subkeys.max_live'] === 0) return 'subkeys.max_live is 0';
    if (config['subkeys.max_pending'] === 0) return 'subkeys.max_pending is 0';
    return null;
  }
}

const placeOf = ({ 'console.own_host': own, 'console.url': url }: Slice<'console'>): ConsolePlace =>
  own ? { address: `${url}/console`, ownOrigin: url } : { address: '/console', ownOrigin: undefined };
