// How far this machine's clock is from the server's. The page works with any; bots on this machine may not.

/** Milliseconds that this machine is ahead; undefined within what nobody need know. `ask` gives the server's time. */
export async function clockAhead(
  ask: () => Promise<Date>,
  { now, monotonic }: { readonly now: () => number; readonly monotonic: () => number },
): Promise<number | undefined> {
  const began = monotonic();
  const server = await ask();
  const ahead = now() - (monotonic() - began) / 2 - server.getTime();
  return Math.abs(ahead) > WORTH_SAYING_MS ? ahead : undefined;
}

const WORTH_SAYING_MS = 60_000;
