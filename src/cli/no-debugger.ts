// No debugger in this process: whoever has an account on the machine reaches its port, and would have every key in memory. main.ts
// imports it before anything else. It must not rely on --disable-sigusr1, which a start by hand leaves out.

// Node opens the debugger at this signal unless somebody listens for it.
process.on('SIGUSR1', () => undefined);

/** Whether one is open all the same: by a flag, by NODE_OPTIONS, or by a signal that came before this module. */
export async function isDebuggerOpen(): Promise<boolean> {
  if (!process.features.inspector) return false;
  const { url } = await import('node:inspector');
  return url() !== undefined;
}
