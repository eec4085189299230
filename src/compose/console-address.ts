// Where people open the console, for whoever starts the server.
import type { Slice } from './slice.ts';

/** Every interface: listened on, but opened by no browser. */
const UNSPECIFIED = ['0.0.0.0', '[::]'];

/** `bound`: the URL at which the server listens. */
export function consoleAddress(config: Slice<'console'>, bound: string): string {
  if (config['console.url'] !== '') return `${config['console.url']}/console`;
  const url = new URL('/console', bound);
  // By this name wallets may sign in, and to browsers it is as good as https.
  if (UNSPECIFIED.includes(url.hostname)) url.hostname = 'localhost';
  return url.href;
}
