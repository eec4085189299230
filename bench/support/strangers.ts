// A process: strangers who keep to themselves what others need, until they are told to stop. Each connection that is closed is opened
// again. On loopback only, and bounded in number.
import { connect, type Socket } from 'node:net';

/** What the process is asked for, by message; 'stop' ends it. Answered by 'begun' and 'stopped'. */
export interface Attack {
  readonly port: number;
  readonly connections: number;
  /** Sent as soon as a connection is open. */
  readonly first: string;
  /** Sent again and again on each. */
  readonly again?: { readonly text: string; readonly everyMs: number } | undefined;
  /** Whether answers are read. */
  readonly reads: boolean;
}

/** Who is refused at once comes back at the rate of who sends 130 times 68 KB at 1.7 MB a second. */
const AGAIN_MS = 5_000;

let stop: () => void = () => undefined;

function begin({ port, connections, first, again, reads }: Attack): void {
  let stopped = false;
  const open: (Socket | undefined)[] = new Array<Socket | undefined>(connections).fill(undefined);
  const start = (place: number): void => {
    if (stopped) return;
    const socket = connect({ port, host: '127.0.0.1' });
    open[place] = socket;
    socket
      .on('error', () => undefined)
      .on('close', () => {
        open[place] = undefined;
        setTimeout(() => start(place), AGAIN_MS);
      });
    if (reads) socket.resume();
    else socket.pause();
    socket.write(first, 'latin1');
  };
  for (let place = 0; place < connections; place += 1) start(place);
  const dripping =
    again &&
    setInterval(() => {
      for (const socket of open) socket?.write(again.text, 'latin1');
    }, again.everyMs);
  stop = () => {
    stopped = true;
    clearInterval(dripping);
    for (const socket of open) socket?.destroy();
  };
}

process.on('message', (message: Attack | 'stop') => {
  if (message === 'stop') stop();
  else begin(message);
  process.send?.(message === 'stop' ? 'stopped' : 'begun');
});
process.once('disconnect', () => process.exit(0));
