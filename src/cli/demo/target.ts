// What the demo's arguments ask for. Only an origin is accepted: whatever else a URL can carry would be dropped in silence.
import { shown } from './shown.ts';

export type Target =
  | { readonly kind: 'own server' }
  | { readonly kind: 'running server'; readonly origin: string }
  | { readonly kind: 'misused'; readonly problem: string };

const misused = (problem: string): Target => ({ kind: 'misused', problem });
const unexpected = (argument: string): Target => misused(`"${shown(argument)}" is not expected`);

/** No argument: a server of the demo's own. `--url URL` or `--url=URL`: one that runs. The problem never repeats a URL. */
export function targetOf(argv: readonly string[]): Target {
  const [flag, ...rest] = argv.flatMap((argument) =>
    argument.startsWith('--url=') ? ['--url', argument.slice('--url='.length)] : [argument],
  );
  if (flag === undefined) return { kind: 'own server' };
  if (flag !== '--url') return /:\/\//.test(flag) ? misused('a URL needs --url before it') : unexpected(flag);
  const [text = '', extra] = rest;
  if (extra !== undefined) return misused('nothing is expected behind the URL');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    return misused('--url must be http://host:port or https://host:port, and nothing behind it');
  }
  return { kind: 'running server', origin: url.origin };
}
