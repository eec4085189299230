// No debugger in this process: its port is open to every user of the machine, and shows every key in memory. Each main.ts imports this
// before anything else. It does not rely on --disable-sigusr1, which a start by hand may leave out.

// Without a listener, Node opens the debugger at this signal.
process.on('SIGUSR1', () => undefined);

/** Whether one is open all the same: by a flag, by NODE_OPTIONS, or by a signal that came before this module. */
export async function isDebuggerOpen(): Promise<boolean> {
  if (!process.features.inspector) return false;
  const { url } = await import('node:inspector');
  return url() !== undefined;
}
