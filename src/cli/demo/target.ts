// Which server the demo is shown on. Only an origin is accepted: whatever else a URL can carry would be dropped in silence.

export type Target =
  | { readonly kind: 'own server' }
  | { readonly kind: 'running server'; readonly origin: string }
  | { readonly kind: 'misused'; readonly problem: string };

/** Without a URL: a server of the demo's own. The problem never repeats it: it may hold a password. */
export function targetOf(text: string | undefined): Target {
  if (text === undefined) return { kind: 'own server' };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    return { kind: 'misused', problem: '--url must be http://host:port or https://host:port, and nothing behind it' };
  }
  return { kind: 'running server', origin: url.origin };
}
